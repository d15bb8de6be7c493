"""Requests: options and schemas of calls, read from what was typed."""

import json
from pathlib import Path
from typing import Any

from ferrule.cli import failures
from ferrule.configuration.suggestions import suggestion
from ferrule.options import CompletionOptions

_OWN = {"tools", "tool_choice", "response_format", "system", "n"}
"""Options that the command has a way of its own for, or cannot show."""
_TYPES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}


def pairs(given: list[str], flag: str) -> dict[str, str]:
    """`name=value` pairs by name.

    Raises:
        UsageError: One is not a pair.
    """
    found: dict[str, str] = {}
    for one in given:
        name, mark, value = one.partition("=")
        if not mark or not name.strip():
            raise failures.UsageError(f"{flag} {one}: expected NAME=VALUE")
        found[name.strip()] = value
    return found


def options(given: list[str]) -> dict[str, Any]:
    """The options of a call in `key=value` pairs; values are read as JSON where they are JSON.

    Raises:
        UsageError: There is no such option.
    """
    found: dict[str, Any] = {}
    for name, text in pairs(given, "--option").items():
        if name in _OWN:
            raise failures.UsageError(f"--option {name}: `ferrule chat --help` has another way for it")
        if name not in CompletionOptions.__annotations__:
            hint = suggestion(name, CompletionOptions.__annotations__)
            raise failures.UsageError(
                f"--option {name}: there is no such option{hint}; a field that only this provider has goes into "
                f"extra_body: -o 'extra_body={{\"{name}\": ...}}'"
            )
        found[name] = _value(text)
    return found


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def schema(given: str) -> dict[str, Any]:
    """The JSON schema in a file, in JSON, or in short: fields with their types, such as `name, age int`.

    Raises:
        UsageError: It is none of these.
    """
    text = given.strip()
    if not text.startswith("{"):
        path = Path(text)
        if path.suffix == ".json" or path.is_file():
            text = _read(path)
        else:
            return _in_short(text)
    try:
        read = json.loads(text)
    except ValueError as error:
        raise failures.UsageError(f"--schema: not valid JSON: {error}") from None
    if not isinstance(read, dict):
        raise failures.UsageError("--schema: expected a JSON object that is a schema")
    return read


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise failures.UsageError(f"--schema {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise failures.UsageError(f"--schema {path}: not UTF-8 text") from None


def _in_short(text: str) -> dict[str, Any]:
    """`name, age int, bio: in one sentence` as a schema: names, types, and descriptions after a colon."""
    properties: dict[str, Any] = {}
    for field in text.replace("\n", ",").split(","):
        head, _, about = field.partition(":")
        words = head.split()
        if not words:
            continue
        kind = words[1] if len(words) > 1 else "str"
        if len(words) > 2 or kind not in _TYPES or not words[0].isidentifier():
            raise failures.UsageError(
                f"--schema: {field.strip()!r} is neither a file, nor JSON, nor a field such as `age int` "
                f"(types: {', '.join(_TYPES)})"
            )
        properties[words[0]] = {"type": _TYPES[kind]} | ({"description": about.strip()} if about.strip() else {})
    if not properties:
        raise failures.UsageError("--schema: it is empty")
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def code_block(text: str) -> str:
    """The content of the first fenced block of `text`; all of `text` where it has none."""
    found: list[str] | None = None
    fence = ""
    for line in text.splitlines():
        stripped = line.strip()
        if found is None:
            if stripped.startswith(("```", "~~~")):
                fence = stripped[: len(stripped) - len(stripped.lstrip(stripped[0]))]
                found = []
        elif stripped.startswith(fence) and not stripped.strip(fence[0]):
            return "\n".join(found)
        else:
            found.append(line)
    return text if found is None else "\n".join(found)
