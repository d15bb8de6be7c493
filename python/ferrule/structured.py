"""Structured output: the JSON schema of a `response_format`, and the value that a reply's text becomes.

A type is asked for as strict; what that means is each provider's own, and `crates/wire/src/schema` knows it. Whatever a
provider does not hold the model to is checked here, when the value is made.
"""

from __future__ import annotations

import functools
import json
import re
from typing import TYPE_CHECKING, Any, get_origin

from ferrule.schema import is_msgspec, is_pydantic, is_pydantic_type, schema_of
from ferrule.schema_check import check
from ferrule.values import build

if TYPE_CHECKING:
    from collections.abc import Callable

_KEYWORDS = ("type", "properties", "anyOf", "$ref", "$defs", "enum", "items", "allOf", "oneOf", "const")
_FORMS = ("text", "json_object", "json_schema")


def declare_format(response_format: Any) -> tuple[dict[str, Any], Callable[[str], Any] | None]:
    """The declaration of a response format in OpenAI's form, and what parses a reply's text into `Reply.parsed`.

    Args:
        response_format: `"text"`, `"json"`, a JSON schema, a dict in OpenAI's form, or a type.

    Raises:
        TypeError: It is none of these, or the type has no JSON schema.
    """
    if isinstance(response_format, str) and response_format == "text":
        return {"type": "text"}, None
    if isinstance(response_format, str) and response_format in ("json", "json_object"):
        return {"type": "json_object"}, json.loads
    if isinstance(response_format, dict):
        return _declare_dict(response_format)
    if isinstance(response_format, type) or get_origin(response_format) is not None:
        return _declare_type(response_format)
    raise TypeError(
        'response_format: expected "json", "text", a JSON schema or a type '
        f"(pydantic, dataclass, msgspec, TypedDict), not {response_format!r}"
    )


def _declare_dict(response_format: dict[str, Any]) -> tuple[dict[str, Any], Callable[[str], Any] | None]:
    if response_format.get("type") in _FORMS:
        if response_format["type"] == "text":
            return response_format, None
        inner = response_format.get("json_schema", response_format)
        schema = inner.get("schema") if isinstance(inner, dict) else None
        return response_format, json.loads if schema is None else functools.partial(_checked, schema)
    if any(keyword in response_format for keyword in _KEYWORDS):
        name = _name(response_format.get("title"))
        declared = {"type": "json_schema", "json_schema": {"name": name, "schema": response_format}}
        return declared, functools.partial(_checked, response_format)
    raise TypeError(f"response_format: {response_format!r} is neither a JSON schema nor a format in OpenAI's form")


def _declare_type(kind: Any) -> tuple[dict[str, Any], Callable[[str], Any]]:
    declared = schema_of(kind)
    if declared.get("type") != "object":
        raise TypeError(f"response_format: {kind!r} is not an object; providers generate objects only: wrap it in one")
    json_schema = {"name": _name(getattr(kind, "__name__", None)), "schema": declared, "strict": True}
    parse: Callable[[str], Any]
    if is_pydantic(kind):
        parse = kind.model_validate_json
    elif is_msgspec(kind):
        parse = functools.partial(_decode_msgspec, kind)
    elif is_pydantic_type(kind):
        parse = functools.partial(_decode_pydantic, kind)
    else:
        parse = functools.partial(_build, kind)
    return {"type": "json_schema", "json_schema": json_schema}, parse


# Functions of the module, so that a reply pickles together with its parser.
def _decode_msgspec(kind: Any, text: str) -> Any:
    import msgspec  # optional

    return msgspec.json.decode(text, type=kind)


def _decode_pydantic(kind: Any, text: str) -> Any:
    import pydantic  # optional

    return pydantic.TypeAdapter(kind).validate_json(text)


def _build(kind: Any, text: str) -> Any:
    return build(kind, _checked(schema_of(kind), text))


def _checked(schema: Any, text: str) -> Any:
    value = json.loads(text)
    check(schema, value)
    return value


def _name(title: Any) -> str:
    """A name of the characters that providers accept (`[a-zA-Z0-9_-]{1,64}`)."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", title)[:64] if isinstance(title, str) and title else "response"
