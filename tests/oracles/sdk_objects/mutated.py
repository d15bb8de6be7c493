"""JSON that is not what it should be: wrong types, missing, unknown and repeated keys, odd numbers, broken text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from generated import WORDS, anything

if TYPE_CHECKING:
    import random

UNKNOWN_KEYS = [
    "x_new",
    "_fields_set",
    "_BaseModel__cls",
    "self",
    "cls",
    "async_",
    "schema_",
    "from_",
    "model_fields",
    "é",
    "",
]

# As they stand in the text.
ODD_NUMBERS = [
    *("-0", "-0.0", "1.0", "1E400", "-1e400", "1e-400", "9223372036854775807", "9223372036854775808"),
    *("-9223372036854775809", "9007199254740993", "1" + "0" * 30, "0.1e1", "1e5", "3.0", "2.5"),
]


class Raw(str):
    """Written as it is."""

    __slots__ = ()


def mutated(value: Any, random: random.Random) -> Any:
    """The value with one to three changes somewhere in it."""
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        value = changed(value, random)
    return value


def changed(value: Any, random: random.Random) -> Any:
    if isinstance(value, dict) and value and random.random() < 0.75:
        key = random.choice(list(value))
        return {each: changed(old, random) if each == key else old for each, old in value.items()}
    if isinstance(value, list) and value and random.random() < 0.75:
        at = random.randrange(len(value))
        return [changed(old, random) if number == at else old for number, old in enumerate(value)]
    if isinstance(value, dict):
        return changed_object(value, random)
    return replacement(value, random)


def changed_object(value: dict[str, Any], random: random.Random) -> Any:
    kind = random.randrange(6)
    if kind == 0:
        left_out = random.choice([*value, None])
        return {key: old for key, old in value.items() if key != left_out}
    if kind == 1:
        return {**value, random.choice(UNKNOWN_KEYS): anything(random)}
    if kind == 2:
        return dict(random.sample(list(value.items()), len(value)))
    if kind == 3:
        return {key: None if random.random() < 0.3 else old for key, old in value.items()}
    if kind == 4 and isinstance(value.get("type"), str):
        return {
            **value,
            "type": random.choice(["unknown", "", None, 7, "text", "message", "function", "response.created"]),
        }
    return replacement(value, random)


def replacement(value: Any, random: random.Random) -> Any:
    kind = random.randrange(8)
    if kind == 0:
        return None
    if kind == 1:
        return [value]
    if kind == 2:
        return Raw(random.choice(ODD_NUMBERS))
    if kind == 3:
        return str(value)
    if kind == 4 and isinstance(value, (int, float)):
        return float(value) if isinstance(value, int) and abs(value) < 2**60 else str(value)
    if kind == 5:
        return {"type": value}
    if kind == 6:
        return random.choice(WORDS)
    return anything(random)


def written(value: Any, random: random.Random) -> str:
    """JSON text, now and then with blanks, escapes, and keys that come twice."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=random.random() < 0.3)
    blank = random.choice(["", "", "", " ", "\n\t"])
    if isinstance(value, list):
        return f"[{blank}{f',{blank}'.join(written(item, random) for item in value)}{blank}]"
    if isinstance(value, dict):
        members = [f"{written(key, random)}{blank}:{blank}{written(item, random)}" for key, item in value.items()]
        if members and random.random() < 0.02:
            again = f"{json.dumps(random.choice(list(value)))}:{written(anything(random), random)}"
            members.insert(random.randrange(len(members) + 1), again)
        return "{" + blank + f",{blank}".join(members) + blank + "}"
    return json.dumps(value)


def broken(text: str, random: random.Random) -> bytes:
    """Text that few would call JSON."""
    data = text.encode()
    at = random.randrange(len(data) + 1)
    kind = random.randrange(9)
    if kind == 0:
        return data[:at]
    if kind == 1:
        return data + b" ,"
    if kind == 2:
        return b"\xef\xbb\xbf" + data
    if kind == 3:
        return data[:at] + bytes([random.randrange(256)]) + data[at:]
    if kind == 4:
        lone = random.choice([r"\ud800", r"\udc00x", r"\ud83d\ude00", r"\ud83dA", r"\u00e9", r"\u0000", r"\x41"])
        return text.replace("a", lone, 1).encode()
    if kind == 5:
        return data.replace(b"1", random.choice([b"NaN", b"-Infinity", b"01", b"1.", b".5", b"+1", b"--1", b"1e"]), 1)
    if kind == 6:
        return b"[" * 150 + data + b"]" * 150
    if kind == 7:
        return data.replace(b"a", random.choice([b"\xed\xa0\x80", b"\xff", b"\xc3", b"\x01"]), 1)
    return b" \r\n\t" + data + b"\n"
