"""JSON schemas of Python types, and values of those types from JSON.

Used for tools (`tools.py`) and structured output (`structured.py`). pydantic and msgspec types have schemas and parsers
of their own; dataclasses, typed dictionaries and plain types are handled here, so that neither package is needed.
"""

from __future__ import annotations

import dataclasses
import enum
import sys
import types
import typing
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    list: {"type": "array"},
    dict: {"type": "object"},
    Any: {},
    object: {},
}


def schema_of(annotation: Any) -> dict[str, Any]:
    """The JSON schema of a type.

    Args:
        annotation: A plain type, `list[...]`, `dict[str, ...]`, `tuple[...]`, a union, `Literal`, `Enum`, `Annotated`
            with a description, a dataclass, a `TypedDict`, or a pydantic or msgspec type.

    Raises:
        TypeError: The type has no JSON schema; the message names it.
    """
    try:
        if annotation in _PLAIN:
            return dict(_PLAIN[annotation])
    except TypeError:  # Not hashable, so not plain.
        pass
    if is_pydantic(annotation):
        return typing.cast("dict[str, Any]", annotation.model_json_schema())
    if is_msgspec(annotation):
        import msgspec  # optional

        return _inlined(msgspec.json.schema(annotation))
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is not None and not arguments:  # `typing.List` without a type in it.
        return schema_of(origin)
    if origin is not None:
        return _generic_schema(annotation, origin, arguments)
    if isinstance(annotation, type):
        if issubclass(annotation, enum.Enum):
            return {"enum": [member.value for member in annotation]}
        if dataclasses.is_dataclass(annotation):
            fields = {field.name: field for field in dataclasses.fields(annotation) if field.init}
            required = [name for name, field in fields.items() if _has_no_default(field)]
            return _fields_schema(annotation, list(fields), required)
        if is_typeddict(annotation):
            dictionary: Any = annotation
            required = [name for name in dictionary.__annotations__ if name in dictionary.__required_keys__]
            return _fields_schema(dictionary, list(dictionary.__annotations__), required)
    raise TypeError(f"{annotation!r} has no JSON schema; give a JSON schema as a dict instead")


def is_pydantic(annotation: Any) -> bool:
    """Whether it is a pydantic model class."""
    return isinstance(annotation, type) and hasattr(annotation, "model_json_schema")


def is_msgspec(annotation: Any) -> bool:
    """Whether it is a msgspec struct class."""
    return isinstance(annotation, type) and hasattr(annotation, "__struct_fields__")


def type_hints(owner: Any) -> dict[str, Any]:
    """The resolved annotations of a class or function, `Annotated` kept."""
    return get_type_hints(owner, include_extras=True)


def _has_no_default(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _fields_schema(owner: Any, names: list[str], required: list[str]) -> dict[str, Any]:
    annotations = type_hints(owner)
    try:
        properties = {name: schema_of(annotations[name]) for name in names}
    except RecursionError:
        raise TypeError(f"{owner!r} contains itself; use pydantic or msgspec for such types") from None
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _generic_schema(annotation: Any, origin: Any, arguments: tuple[Any, ...]) -> dict[str, Any]:
    if origin is Annotated:
        described = schema_of(arguments[0])
        text = next((note for note in arguments[1:] if isinstance(note, str)), None)
        return described | ({"description": text} if text else {})
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is Union or origin is types.UnionType:
        return {"anyOf": [schema_of(member) for member in arguments]}
    if getattr(origin, "__name__", "") in ("Required", "NotRequired"):
        return schema_of(arguments[0])
    if origin in (list, set, frozenset) or getattr(origin, "__name__", "") in ("Sequence", "Iterable"):
        return {"type": "array", "items": schema_of(arguments[0])}
    if origin is dict or getattr(origin, "__name__", "") == "Mapping":
        if arguments[0] is not str:
            raise TypeError(f"{annotation!r} has no JSON schema: keys must be strings")
        return {"type": "object", "additionalProperties": schema_of(arguments[1])}
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return {"type": "array", "items": schema_of(arguments[0])}
        places = [schema_of(member) for member in arguments]
        return {"type": "array", "prefixItems": places, "minItems": len(places), "maxItems": len(places)}
    raise TypeError(f"{annotation!r} has no JSON schema; give a JSON schema as a dict instead")


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema that msgspec makes, with its root definition at the root, where providers require an object."""
    definitions = schema.get("$defs", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    if name not in definitions:
        return schema
    root = dict(definitions[name])
    others = {other: definition for other, definition in definitions.items() if other != name}
    return root | ({"$defs": others} if others else {})


def build(annotation: Any, value: Any) -> Any:
    """A value of the type from decoded JSON: dataclasses and enums are built, anything else stays as it is.

    Raises:
        TypeError: A dataclass cannot be built from `value`.
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return build(arguments[0], value)
    if origin is Union or origin is types.UnionType:
        return _build_member(arguments, value)
    if origin in (list, set, frozenset, tuple) and isinstance(value, list) and arguments:
        if origin is tuple and arguments[-1] is not Ellipsis:
            return tuple(build(member, item) for member, item in zip(arguments, value, strict=False))
        return origin(build(arguments[0], item) for item in value)
    if origin is dict and isinstance(value, dict):
        return {key: build(arguments[1], item) for key, item in value.items()}
    if is_pydantic(annotation):
        return annotation.model_validate(value)
    if is_msgspec(annotation):
        import msgspec  # optional

        return msgspec.convert(value, annotation)
    if isinstance(annotation, type):
        if issubclass(annotation, enum.Enum):
            return annotation(value)
        if dataclasses.is_dataclass(annotation):
            if not isinstance(value, dict):
                raise TypeError(f"{annotation.__name__}: expected a JSON object, not {value!r}")
            annotations = type_hints(annotation)
            return annotation(**{name: build(annotations.get(name, Any), item) for name, item in value.items()})
    return value


def _build_member(members: tuple[Any, ...], value: Any) -> Any:
    for member in members:
        if member is type(None):
            if value is None:
                return None
            continue
        try:
            return build(member, value)
        except (TypeError, ValueError):
            continue
    return value


if sys.version_info >= (3, 11):
    _PLAIN[typing.LiteralString] = {"type": "string"}
