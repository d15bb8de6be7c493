"""Structured output: the JSON schema of a `response_format`, and the value that a reply's text becomes.

A type is asked for as strict; what that means is each provider's own, and `crates/wire/src/schema` knows it. Whatever a
provider does not hold the model to is checked here, when the value is made. Providers generate objects only: a type of
another kind is wrapped in an object with the property `value`.
"""

from __future__ import annotations

import functools
import json
import re
from typing import TYPE_CHECKING, Any, get_origin

from ferrule.errors import ParseError
from ferrule.schema import is_adapter, is_msgspec, is_pydantic, is_pydantic_type, schema_of
from ferrule.schema_check import check, fits
from ferrule.values import build

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrule._native import Reply

_KEYWORDS = ("type", "properties", "anyOf", "$ref", "$defs", "enum", "items", "allOf", "oneOf", "const")
_TYPES = ("object", "array", "string", "number", "integer", "boolean", "null")
_FORMS = ("text", "json_object", "json_schema")
_MAX_SHOWN = 60
"""How much of an answer an error shows, in characters."""

WRAPPER = "value"
"""The property that holds a value which is not an object."""

_FENCED = re.compile(r"```[\w+.-]*[ \t]*\r?\n(.*?)\r?\n?[ \t]*```", re.DOTALL)


class Format:
    """What makes the value of a reply, which is called with it: `Reply.parsed`. Pickles with the reply.

    Attributes:
        annotation: The type; `None` where values are those of JSON.
        is_wrapped: Whether the value is wrapped in an object.
    """

    def __init__(
        self, annotation: Any, read: Callable[[str], Any], *, schema: Any = None, is_wrapped: bool = False
    ) -> None:
        self.annotation = annotation
        self.is_wrapped = is_wrapped
        self._read = read
        self._schema = schema

    def __call__(self, reply: Reply[Any]) -> Any:
        """The value.

        Raises:
            ParseError: The model refused, its answer was cut off, or it called tools instead.
            ValueError, TypeError: The answer does not fit; the message says where.
        """
        text = unfenced(reply.text)
        try:
            return self._unwrapped(text) if self.is_wrapped else self._read(text)
        except (ValueError, TypeError) as error:
            reason = unfit_reason(reply)
            if reason is None:
                raise
            raise _parse_error(reply, reason) from error

    def _unwrapped(self, text: str) -> Any:
        value = _loaded(text)
        if isinstance(value, dict) and value.keys() == {WRAPPER}:
            value = value[WRAPPER]
        elif not fits(self._schema, value):  # A model that is not held to the schema may leave the wrapper out.
            check(self._schema, value)
        return self._read(json.dumps(value))


def declare_format(response_format: Any) -> tuple[dict[str, Any], Format | None]:
    """The declaration of a response format in OpenAI's form, and what makes `Reply.parsed` of a reply.

    Args:
        response_format: `"text"`, `"json"`, a JSON schema, a dict in OpenAI's form, or a type.

    Raises:
        TypeError: It is none of these, or the type has no JSON schema.
    """
    if isinstance(response_format, str) and response_format == "text":
        return {"type": "text"}, None
    if isinstance(response_format, str) and response_format in ("json", "json_object"):
        return {"type": "json_object"}, Format(None, _loaded)
    if isinstance(response_format, dict):
        return _declare_dict(response_format)
    if _is_type(response_format):
        return _declare_type(response_format)
    raise TypeError(
        'response_format: expected "json", "text", a JSON schema or a type '
        f"(pydantic, dataclass, msgspec, TypedDict, enum, list[...], a union, ...), not {response_format!r}"
    )


def _is_type(annotation: Any) -> bool:
    # An alias of `type Name = ...`, or `NewType`, is not a class.
    return (
        isinstance(annotation, type)
        or get_origin(annotation) is not None
        or is_adapter(annotation)
        or hasattr(annotation, "__value__")
        or hasattr(annotation, "__supertype__")
    )


def _declare_dict(response_format: dict[str, Any]) -> tuple[dict[str, Any], Format | None]:
    if response_format.get("type") in _FORMS:
        if response_format["type"] == "text":
            return response_format, None
        inner = response_format.get("json_schema", response_format)
        schema = inner.get("schema") if isinstance(inner, dict) else None
        if response_format["type"] == "json_schema" and schema is None:
            raise TypeError(
                'response_format: a format of the type "json_schema" has its schema in `json_schema`: '
                '{"type": "json_schema", "json_schema": {"name": ..., "schema": {...}}}'
            )
        _check_types(schema)
        read = _loaded if schema is None else functools.partial(_checked, schema)
        return response_format, Format(None, read)
    if any(keyword in response_format for keyword in _KEYWORDS):
        _check_types(response_format)
        name = _name(response_format.get("title"))
        declared = {"type": "json_schema", "json_schema": {"name": name, "schema": response_format}}
        return declared, Format(None, functools.partial(_checked, response_format))
    raise TypeError(f"response_format: {response_format!r} is neither a JSON schema nor a format in OpenAI's form")


def _check_types(schema: Any) -> None:
    """Refuses a schema with a `type` that JSON Schema does not have: nothing could be checked against it."""
    types = schema.get("type") if isinstance(schema, dict) else None
    for name in types if isinstance(types, list) else [types]:
        if name is not None and name not in _TYPES:
            raise TypeError(
                f"response_format: {name!r} is not a type of JSON Schema; there are {', '.join(_TYPES)}; "
                "a class is given as it is, and a schema's properties stand in `properties`"
            )
    inner = schema.get("properties") if isinstance(schema, dict) else None
    for each in inner.values() if isinstance(inner, dict) else ():
        _check_types(each)


def _declare_type(kind: Any) -> tuple[dict[str, Any], Format]:
    try:
        schema = schema_of(kind)
    except TypeError as error:
        raise TypeError(f"response_format: {error}") from None
    is_wrapped = schema.get("type") != "object"
    declared = _wrapped(schema) if is_wrapped else schema
    json_schema = {"name": _name(getattr(kind, "__name__", None)), "schema": declared, "strict": True}
    read: Callable[[str], Any]
    if is_pydantic(kind):
        read = kind.model_validate_json
    elif is_adapter(kind):
        read = kind.validate_json
    elif is_msgspec(kind):
        read = functools.partial(_decode_msgspec, kind)
    elif is_pydantic_type(kind):
        read = functools.partial(_decode_pydantic, kind)
    else:
        read = functools.partial(_build, kind)
    format_ = Format(kind, read, schema=schema if is_wrapped else None, is_wrapped=is_wrapped)
    return {"type": "json_schema", "json_schema": json_schema}, format_


def _wrapped(schema: dict[str, Any]) -> dict[str, Any]:
    """An object with the value as its only property; definitions stay at the root."""
    definitions: dict[str, Any] = {key: schema[key] for key in ("$defs", "definitions") if key in schema}
    inner = {key: value for key, value in schema.items() if key not in definitions}
    return {
        "type": "object",
        "properties": {WRAPPER: inner},
        "required": [WRAPPER],
        "additionalProperties": False,
        **definitions,
    }


def unfenced(text: str) -> str:
    """The JSON of an answer that has it in a Markdown fence; any other text as it is."""
    if "```" not in text or text.lstrip()[:1] in ("{", "[", '"'):
        return text
    fenced = _FENCED.search(text)
    return text if fenced is None else fenced.group(1)


def unfit_reason(reply: Reply[Any]) -> str | None:
    """Why a reply has no value that could be asked for again with better words; `None` where it could."""
    if reply.refusal is not None:
        return "refusal"
    if reply.finish_reason in ("length", "content_filter"):
        return reply.finish_reason
    if reply.finish_reason == "refusal":  # Anthropic's word.
        return "refusal"
    return "tool_calls" if reply.tool_calls else None


def _parse_error(reply: Reply[Any], reason: str) -> ParseError:
    if reason == "refusal":
        said = reply.refusal or reply.text
        text = f"the model refused to answer: {said}" if said else "the model refused to answer"
    elif reason == "length":
        tokens = reply.usage.output_tokens
        after = "" if tokens is None else f" after {tokens} tokens"
        text = f"the answer was cut off{after}: give it a larger `max_tokens`; `reply.text` has what came"
    elif reason == "content_filter":
        text = "the provider's content filter cut the answer off; `reply.text` has what came"
    else:
        names = ", ".join(f"`{call.name}`" for call in reply.tool_calls)
        text = f"the model called {names} instead of answering: send the results, and read the next reply"
    return ParseError(text, reason=reason, provider=reply.provider, model=reply.model, partial_reply=reply)


# Functions of the module, so that a reply pickles together with its format.
def _decode_msgspec(kind: Any, text: str) -> Any:
    import msgspec  # optional

    return msgspec.json.decode(text, type=kind)


def _decode_pydantic(kind: Any, text: str) -> Any:
    import pydantic  # optional

    return pydantic.TypeAdapter(kind).validate_json(text)


def _build(kind: Any, text: str) -> Any:
    return build(kind, _checked(schema_of(kind), text))


def _loaded(text: str) -> Any:
    """The JSON value of an answer; the error of one that is not JSON shows how it begins."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        shown = text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"
        what = f"the answer is not JSON: {error.msg}, in {shown!r}" if text.strip() else "the answer is empty"
        raise json.JSONDecodeError(what, error.doc, error.pos) from None


def _checked(schema: Any, text: str) -> Any:
    value = _loaded(text)
    check(schema, value)
    return value


def _name(title: Any) -> str:
    """A name of the characters that providers accept (`[a-zA-Z0-9_-]{1,64}`)."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", title)[:64] if isinstance(title, str) and title else "response"
