"""Validation of a layer against the schema: every problem, with its place."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from ferrule.configuration.schema import REFERENCES, SCHEMA, Field
from ferrule.configuration.suggestions import MAX_NAME, suggestion
from ferrule.numeric import as_dollars, as_integer, as_number

_IN_FILES = {
    dict: "a table",
    list: "a list",
    tuple: "a list",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}
_EXPECTED = {
    "text": ("a string", "str"),
    "secret": ("a string, or a table with `env`, `file`, `keyring` or `command`", "str"),
    "number": ("a number of seconds above 0", "a number of seconds above 0"),
    "count": ("a whole number, 0 or more", "a whole number, 0 or more"),
    "weight": ("a number, 0 or more", "a number, 0 or more"),
    "money": ("a number of dollars, 0 or more", "a number of dollars, 0 or more"),
    "flag": ("true or false", "bool"),
    "words": ("a list of strings", "a list of strings"),
    "models": ("a list of strings", "a list of strings"),
    "hedge": ("true, false or a number of seconds above 0", "True, False or a number of seconds above 0"),
    "strategy": ("a string", "str or a function"),
    "share": ("a number from 0 to 1", "a number from 0 to 1"),
}

_NUMBERS = ("number", "count", "weight", "money", "hedge", "share")
"""Kinds of which a number that is out of range is shown: it is no secret."""

_KEY_FIELDS = ("key", "weight")
"""The fields of one of several keys."""


_EXAMPLES = {"base_url": " with `base_url`, `api_key`, ...", "targets": " with `targets`, a list of models"}
"""What a section has, by one of its fields, for those that are easily taken for something else."""
_PEERS_FIELDS = {
    **dict.fromkeys(("url", "endpoint", "api_base", "baseURL", "base", "host", "server", "address"), "base_url"),
    **dict.fromkeys(("key", "token", "apiKey", "secret", "auth_token", "password"), "api_key"),
    **dict.fromkeys(("type", "format", "protocol", "api_type", "kind", "wire_format"), "dialect"),
    **dict.fromkeys(("default_headers", "extra_headers"), "headers"),
    **dict.fromkeys(("models", "members", "providers", "fallbacks"), "targets"),
    **dict.fromkeys(("routing_strategy", "policy"), "strategy"),
    **dict.fromkeys(("rpm", "requests"), "requests_per_minute"),
    **dict.fromkeys(("tpm", "tokens"), "tokens_per_minute"),
    **dict.fromkeys(("max_parallel_requests", "max_concurrency", "parallel"), "concurrency"),
    **dict.fromkeys(("limit", "max_budget", "budget", "dollars"), "amount"),
    **dict.fromkeys(("period", "budget_duration", "per", "interval"), "window"),
}
"""Other libraries' names of fields, and ours."""


class Problem(NamedTuple):
    """One problem: its path in the configuration, and what is wrong."""

    path: tuple[Any, ...]
    message: str
    key: Any = None
    """The key inside `path` that is at fault, where it is not a field of the schema."""

    @property
    def place(self) -> tuple[Any, ...]:
        """The path to show in the file."""
        return self.path if self.key is None else (*self.path, self.key)


def problems(tree: Any, *, in_file: bool) -> list[Problem]:
    """Every problem of `tree`.

    Args:
        tree: The values of a layer.
        in_file: Whether messages name TOML's types (strings, tables) instead of Python's.
    """
    found: list[Problem] = []
    _check(tree, SCHEMA, (), in_file, found)
    return found


def _check(value: Any, field: Field, path: tuple[Any, ...], in_file: bool, found: list[Problem]) -> None:
    if field.kind in _EXPECTED:
        if not _fits(value, field.kind, path, in_file, found):
            expected = _EXPECTED[field.kind][0 if in_file else 1]
            of_kind = field.kind in _NUMBERS and isinstance(value, (int, float)) and not isinstance(value, bool)
            given = str(value)[:40] if of_kind else _name(value, in_file)
            found.append(Problem(path, f"expected {expected}, not {given}"))
        elif field.choices and value not in field.choices:
            hint = suggestion(value, field.choices) or f"; there are {', '.join(field.choices)}"
            found.append(Problem(path, f"{value[:80]!r} is not known{hint}"))
        return
    if field.kind == "targets":
        _check_targets(value, field, path, in_file, found)
        return
    if field.kind == "keys":
        _check_keys(value, path, in_file, found)
        return
    if not isinstance(value, dict):
        examples = next((text for name, text in _EXAMPLES.items() if name in field.fields), "")
        expected = "a table" if in_file else "a dict" if field.fields else "dict"
        found.append(Problem(path, f"expected {expected}{examples}, not {_name(value, in_file)}"))
        return
    for name, item in value.items():
        if not isinstance(name, str):
            found.append(Problem(path, f"names are strings, not {_name(name, in_file)}"))
        elif field.kind == "section" and name not in field.fields:
            found.append(Problem(path, f"unknown field `{name[:80]}`{_hint(name, field)}", name))
        elif item is not None and (inner := _inner(field, name)):
            _check(item, inner, (*path, name), in_file, found)
    if "api_keys" in field.fields and value.get("api_keys") is not None and value.get("api_key") is not None:
        found.append(Problem((*path, "api_keys"), "cannot be given together with `api_key`; add that to the list"))


def _hint(name: str, field: Field) -> str:
    ours = _PEERS_FIELDS.get(name)
    return f"; did you mean `{ours}`?" if ours in field.fields else suggestion(name, field.fields)


def _check_keys(value: Any, path: tuple[Any, ...], in_file: bool, found: list[Problem]) -> None:
    if not isinstance(value, (list, tuple)) or not value:
        what = "an empty one" if isinstance(value, (list, tuple)) else _name(value, in_file)
        found.append(Problem(path, f"expected a list of keys, not {what}"))
        return
    for place, item in enumerate(value):
        here = (*path, place)
        if not isinstance(item, dict) or not item.keys() & set(_KEY_FIELDS):
            _check_key(item, here, in_file, found)
            continue
        found.extend(
            Problem(here, f"unknown field `{str(name)[:80]}`{suggestion(name, _KEY_FIELDS)}", name)
            for name in item
            if name not in _KEY_FIELDS and (name not in REFERENCES or "key" in item)
        )
        if item.get("key") is None:
            found.append(Problem(here, '`key` is missing, for instance { key = { file = "..." }, weight = 2 }'))
        else:
            _check_key(item["key"], (*here, "key"), in_file, found)
        if (weight := item.get("weight")) is not None:
            number = as_number(weight)
            if number is None or not math.isfinite(number) or number <= 0:
                found.append(Problem((*here, "weight"), "expected a number above 0"))


def _check_key(value: Any, path: tuple[Any, ...], in_file: bool, found: list[Problem]) -> None:
    if isinstance(value, str) and not value.strip():
        found.append(Problem(path, "is empty"))
    elif not _fits(value, "secret", path, in_file, found):
        expected = _EXPECTED["secret"][0 if in_file else 1]
        found.append(Problem(path, f"expected {expected}, not {_name(value, in_file)}"))


def _check_targets(value: Any, field: Field, path: tuple[Any, ...], in_file: bool, found: list[Problem]) -> None:
    if not isinstance(value, (list, tuple)) or not value:
        what = "an empty one" if isinstance(value, (list, tuple)) else _name(value, in_file)
        found.append(Problem(path, f"expected a list of models, not {what}"))
        return
    for place, item in enumerate(value):
        here = (*path, place)
        if isinstance(item, str):
            continue
        _check(item, Field("section", field.about, fields=field.fields), here, in_file, found)
        if isinstance(item, dict) and "model" not in item:
            found.append(Problem(here, "`model` is missing"))


def _inner(field: Field, name: str) -> Field | None:
    if field.kind == "section":
        return field.fields[name]
    if field.kind in ("texts", "secrets"):
        return Field(field.kind.removesuffix("s"), field.about)
    return field.item


def _fits(value: Any, kind: str, path: tuple[Any, ...], in_file: bool, found: list[Problem]) -> bool:
    if kind == "flag":
        return isinstance(value, bool)
    if kind == "hedge" and isinstance(value, bool):
        return True
    if kind == "strategy" and not in_file and callable(value):
        return True
    if kind in ("number", "hedge"):
        number = as_number(value)
        return number is not None and math.isfinite(number) and number > 0
    if kind == "weight":
        number = as_number(value)
        return number is not None and math.isfinite(number) and number >= 0
    if kind == "count":
        count = as_integer(value)
        return count is not None and 0 <= count < 2**32
    if kind == "money":
        return as_dollars(value) is not None
    if kind == "share":
        number = as_number(value)
        return number is not None and 0 <= number <= 1
    if kind == "models":
        return isinstance(value, (list, tuple)) and all(isinstance(word, str) for word in value)
    if kind == "words":
        return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(word, str) for word in value)
    if kind == "secret" and isinstance(value, dict):
        _check_reference(value, path, in_file, found)
        return True
    return isinstance(value, str)


def _check_reference(value: dict[Any, Any], path: tuple[Any, ...], in_file: bool, found: list[Problem]) -> None:
    known = [name for name in value if name in REFERENCES]
    found.extend(
        Problem(path, f"unknown field `{str(name)[:80]}`{suggestion(name, REFERENCES)}", name)
        for name in value
        if name not in REFERENCES
    )
    if len(known) != 1:
        found.append(Problem(path, "expected one of `env`, `file`, `keyring` and `command`"))
        return
    source = value[known[0]]
    listed = known[0] == "command" and isinstance(source, (list, tuple))
    words = list(source) if listed else [source]
    if not words or not all(isinstance(word, str) and word for word in words):
        expected = "a string, or a list of strings" if known[0] == "command" else "a string"
        found.append(Problem((*path, known[0]), f"expected {expected}, not {_name(source, in_file)}"))


def _name(value: Any, in_file: bool) -> str:
    """The type of `value` in words. Never the value itself, which may be a secret."""
    if in_file:
        return _IN_FILES.get(type(value), "something else")
    return type(value).__name__


def described(problem: Problem) -> str:
    """The problem in words, with its path in front."""
    return f"{dotted(problem.path)}: {problem.message}" if problem.path else problem.message


def dotted(path: tuple[Any, ...]) -> str:
    """A path as documents write it: `providers.openai.headers['x']`."""
    written = ""
    for step in path:
        plain = isinstance(step, str) and step.replace("-", "").replace("_", "").isalnum() and len(step) <= MAX_NAME
        if isinstance(step, int) or not plain or written.endswith((".headers", ".query")):
            written += f"[{str(step)[:MAX_NAME]!r}]" if not isinstance(step, int) else f"[{step}]"
        else:
            written += f".{step}" if written else str(step)
    return written
