"""Structured output: the JSON schema of a `response_format`, and the value that a reply's text becomes."""

from __future__ import annotations

import copy
import dataclasses
import functools
import json
import re
from typing import TYPE_CHECKING, Any, get_origin, is_typeddict

from ferrule.schema import build, is_msgspec, is_pydantic, schema_of

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
    if response_format == "text":
        return {"type": "text"}, None
    if response_format in ("json", "json_object"):
        return {"type": "json_object"}, json.loads
    if isinstance(response_format, dict):
        if response_format.get("type") in _FORMS:
            return response_format, None if response_format["type"] == "text" else json.loads
        if any(keyword in response_format for keyword in _KEYWORDS):
            name = _name(response_format.get("title"))
            return {"type": "json_schema", "json_schema": {"name": name, "schema": response_format}}, json.loads
        raise TypeError(f"response_format: {response_format!r} is neither a JSON schema nor a format in OpenAI's form")
    if isinstance(response_format, type) or get_origin(response_format) is not None:
        return _declare_type(response_format)
    raise TypeError(
        'response_format: expected "json", "text", a JSON schema or a type '
        f"(pydantic, dataclass, msgspec, TypedDict), not {response_format!r}"
    )


def _declare_type(kind: Any) -> tuple[dict[str, Any], Callable[[str], Any]]:
    declared = schema_of(kind)
    if declared.get("type") != "object":
        raise TypeError(f"response_format: {kind!r} is not an object; providers generate objects only: wrap it in one")
    json_schema = {"name": _name(getattr(kind, "__name__", None)), "schema": strict(declared), "strict": True}
    parse: Callable[[str], Any]
    if is_pydantic(kind):
        parse = kind.model_validate_json
    elif is_msgspec(kind):
        parse = functools.partial(_decode_msgspec, kind)
    elif dataclasses.is_dataclass(kind) or is_typeddict(kind):
        parse = functools.partial(_build, kind)
    else:
        parse = json.loads
    return {"type": "json_schema", "json_schema": json_schema}, parse


# Functions of the module, so that a reply pickles together with its parser.
def _decode_msgspec(kind: Any, text: str) -> Any:
    import msgspec  # optional

    return msgspec.json.decode(text, type=kind)


def _build(kind: Any, text: str) -> Any:
    return build(kind, json.loads(text))


def _name(title: Any) -> str:
    """A name of the characters that providers accept (`[a-zA-Z0-9_-]{1,64}`)."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", title)[:64] if isinstance(title, str) and title else "response"


def strict(declared: dict[str, Any]) -> dict[str, Any]:
    """The schema as strict providers require it: no additional properties, all properties required, no defaults.

    Source: OpenAI's structured outputs; Anthropic's `output_config.format` requires the first as well.
    """
    declared = copy.deepcopy(declared)
    _make_strict(declared)
    return declared


def _make_strict(node: Any) -> None:
    if isinstance(node, list):
        for item in node:
            _make_strict(item)
    elif isinstance(node, dict):
        properties = node.get("properties")
        if isinstance(properties, dict) and node.get("type") == "object":
            node["additionalProperties"] = False
            node["required"] = list(properties)
            for declared in properties.values():
                if isinstance(declared, dict):
                    declared.pop("default", None)
        for value in node.values():
            _make_strict(value)
