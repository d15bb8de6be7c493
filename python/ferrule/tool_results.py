"""Results of tool calls as messages for the model: text as it is, anything else as JSON, errors marked as such."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import json
import math
import os
import uuid
from collections.abc import ItemsView, Iterable, KeysView, Mapping, Sequence, Set as AbstractSet, ValuesView
from typing import TYPE_CHECKING, Any

from ferrule._native import Message
from ferrule.numeric import plain

if TYPE_CHECKING:
    from ferrule._native import ToolCall

# The content parts that a result may be a list of, with the field that each has besides its type.
_PARTS = {
    "text": "text",
    "image": "source",
    "image_url": "image_url",
    "document": "source",
    "file": "file",
    "input_audio": "input_audio",
}
_LISTS: tuple[type[Iterable[Any]], ...] = (AbstractSet, Sequence, collections.deque, KeysView, ValuesView, ItemsView)
_BYTES = (bytes, bytearray, memoryview)


class ModelVisibleError(Exception):
    """An error whose text is sent to the model as it is, without the name of a class."""


def result_message(call: ToolCall, value: Any, max_length: int | None = None) -> Message:
    """The message for the model with a result.

    Args:
        call: The call that it answers.
        value: Text, a value that JSON can hold, an image or another content part, or a list of such.
        max_length: The length in characters from which on it is cut, with a note for the model.

    Raises:
        TypeError: JSON cannot hold the value.
    """
    content = content_of(value)
    return _message(call, content if max_length is None else _cut(content, max_length))


def error_message(call: ToolCall, error: BaseException | str, max_length: int | None = None) -> Message:
    """The message for the model that says that the call failed.

    Args:
        call: The call that it answers.
        error: What was raised, or text.
        max_length: As for `result_message`.
    """
    text = f"Error: {error}" if isinstance(error, (str, ModelVisibleError)) else described(error)
    return _message(call, text if max_length is None else _cut(text, max_length), is_error=True)


def described(error: BaseException) -> str:
    """An exception in one text: its class, and its message where it has one."""
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def content_of(value: Any) -> str | list[Any]:
    """The content of a result: text, or a list of content parts.

    Raises:
        TypeError: JSON cannot hold the value; the message names the part.
    """
    if isinstance(value, str) and not isinstance(value, enum.Enum):
        return str(value)
    if isinstance(value, list) and value and all(_is_part(part) for part in value):
        return value
    if isinstance(value, dict) and _is_part(value) and value["type"] != "text":
        return [value]
    try:
        return json.dumps(as_json(value), ensure_ascii=False)
    except RecursionError:
        raise TypeError(f"a tool's result is nested too deeply, or contains itself: {type(value).__name__}") from None


def as_json(value: Any, place: str = "") -> Any:
    """A value as JSON.

    Args:
        value: The value.
        place: Its place in the result, for errors.

    Raises:
        TypeError: JSON cannot hold it; the message names the part.
    """
    if value is None or type(value) in (bool, int, str):
        return value
    if isinstance(value, enum.Enum):
        return as_json(value.value, place)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(value)
    if isinstance(value, (str, int)):
        return str(value) if isinstance(value, str) else int(value)
    if isinstance(value, _BYTES):
        raise _refused(place, "bytes", "decode them, or describe them in text")
    if (text := _scalar(value)) is not None:
        return text
    if (fields := _fields(value, place)) is not None:
        return fields
    if isinstance(value, Mapping):
        return {_key(key, place): as_json(item, f"{place}[{key!r}]") for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return _sorted([as_json(item, f"{place}[...]") for item in value])
    if isinstance(value, _LISTS):
        return [as_json(item, f"{place}[{position}]") for position, item in enumerate(value)]
    number = plain(value)
    if isinstance(number, (bool, int, float)):
        return as_json(number, place)
    for method in ("to_dict", "tolist"):  # Of Ferrule's types and pandas', of NumPy's arrays.
        if callable(made := getattr(value, method, None)) and not isinstance(value, type):
            return as_json(made(), place)
    raise _refused(place, f"of type {type(value).__name__}", "return text, or something that JSON can hold")


def _scalar(value: Any) -> str | None:
    """A value that has a usual text."""
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return f"PT{value.total_seconds():g}S"
    if isinstance(value, (uuid.UUID, decimal.Decimal)):
        return str(value)
    if isinstance(value, os.PathLike):
        path = os.fspath(value)
        return path if isinstance(path, str) else os.fsdecode(path)
    return None


def _fields(value: Any, place: str) -> Any:
    """An object of a class with declared fields, as JSON; `None` for anything else."""
    if isinstance(value, type):
        return None
    if callable(getattr(value, "model_dump", None)):
        try:
            return value.model_dump(mode="json", by_alias=True)
        except ValueError as error:  # pydantic's own is one; bytes that are not text raise another.
            raise _refused(place, f"of type {type(value).__name__}", f"{error}") from None
    if dataclasses.is_dataclass(value):
        names = {field.name: field.name for field in dataclasses.fields(value)}
    elif hasattr(value, "__struct_fields__"):
        names = dict(zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True))
    elif hasattr(value, "__attrs_attrs__"):
        names = {field.name: field.name for field in value.__attrs_attrs__}
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        given: Any = value
        names = {str(name): str(name) for name in given._fields}
    else:
        return None
    return {written: as_json(getattr(value, name), f"{place}.{name}") for name, written in names.items()}


def _key(key: Any, place: str) -> str:
    made = as_json(key, f"{place}[a key]")
    if isinstance(made, str):
        return made
    if made is None or isinstance(made, (bool, int, float)):
        return json.dumps(made)
    raise _refused(f"{place}[{key!r}]", "not text in a key", "make the keys text")


def _sorted(items: list[Any]) -> list[Any]:
    """The items of a set in an order that is the same each time."""
    return sorted(items, key=lambda item: json.dumps(item, sort_keys=True, ensure_ascii=False))


def _refused(place: str, what: str, advice: str) -> TypeError:
    where = f"a tool's result cannot be sent to a model: `result{place}` is" if place else "a tool's result is"
    return TypeError(f"{where} {what}, which JSON cannot hold; {advice}")


def _is_part(part: Any) -> bool:
    if not isinstance(part, dict):
        return False
    field = _PARTS.get(part.get("type", ""))
    return field is not None and part.get(field) is not None


def _message(call: ToolCall, content: str | list[Any], *, is_error: bool = False) -> Message:
    block: dict[str, Any] = {"type": "tool_result", "tool_use_id": call.id, "name": call.name, "content": content}
    if is_error:
        block["is_error"] = True
    return Message.from_dict({"role": "user", "content": [block]})


def _cut(content: str | list[Any], length: int) -> str | list[Any]:
    """The content with its texts cut to `length` characters altogether."""
    if isinstance(content, str):
        if len(content) <= length:
            return content
        note = f"[The result is cut: these are its first {length:,} of {len(content):,} characters.]"
        return f"{content[:length]}\n{note}"
    left, cut = length, []
    for part in content:
        if part.get("type") != "text":
            cut.append(part)
            continue
        text = str(part["text"])
        if left > 0 or len(text) <= left:
            cut.append(part | {"text": _cut(text, left)})
        left = max(0, left - len(text))
    return cut
