"""Values of Python types from JSON that fits their schema."""

from __future__ import annotations

import datetime
import decimal
import enum
import pathlib
import types
import typing
import uuid
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin

from ferrule.annotations import filled
from ferrule.schema import fields_of, is_adapter, is_msgspec, is_pydantic, is_pydantic_type, schema_of
from ferrule.schema_check import fits

if typing.TYPE_CHECKING:
    from collections.abc import Callable

_COLLECTIONS: dict[Any, Callable[[Any], Any]] = {set: set, frozenset: frozenset, tuple: tuple}
_MAKERS: dict[Any, Callable[[Any], Any]] = {
    # `fromisoformat` knows Z since Python 3.11 only.
    datetime.datetime: lambda text: datetime.datetime.fromisoformat(text.replace("Z", "+00:00").replace("z", "+00:00")),
    datetime.date: datetime.date.fromisoformat,
    datetime.time: lambda text: datetime.time.fromisoformat(text.replace("Z", "+00:00")),
    uuid.UUID: uuid.UUID,
    decimal.Decimal: lambda number: decimal.Decimal(str(number)),
    datetime.timedelta: lambda seconds: datetime.timedelta(seconds=seconds),
    pathlib.Path: pathlib.Path,
    float: lambda number: float(number) if isinstance(number, int) and not isinstance(number, bool) else number,
    int: lambda number: int(number) if isinstance(number, float) and number.is_integer() else number,
    **_COLLECTIONS,
}


def build(annotation: Any, value: Any) -> Any:
    """A value of the type from decoded JSON.

    Raises:
        TypeError, ValueError: It cannot be built from `value`.
    """
    if is_pydantic(annotation):
        return annotation.model_validate(value)
    if is_adapter(annotation):
        return annotation.validate_python(value)
    if is_msgspec(annotation):
        import msgspec  # optional

        return msgspec.convert(value, annotation)
    if is_pydantic_type(annotation):
        import pydantic  # optional

        return pydantic.TypeAdapter(annotation).validate_python(value)
    if (fields := fields_of(annotation)) is not None:
        return _built_object(annotation, {name: field.annotation for name, field in fields.items()}, value)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is not None and arguments:
        return _built_generic(origin, arguments, value)
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return _enumerated(annotation, value)
    if isinstance(annotation, NewType):
        return build(annotation.__supertype__, value)
    if hasattr(annotation, "__value__"):
        return build(annotation.__value__, value)
    try:
        maker = _MAKERS.get(annotation)
    except TypeError:  # Not hashable.
        maker = None
    return value if maker is None else maker(value)


def _built_object(annotation: Any, hints: dict[str, Any], value: Any) -> Any:
    kind = get_origin(annotation) or annotation
    if isinstance(value, list) and issubclass(kind, tuple):
        value = dict(zip(hints, value, strict=False))
    if not isinstance(value, dict):
        raise TypeError(f"{kind.__name__}: expected a JSON object, not {value!r}")
    return kind(**{name: build(hints.get(name, Any), item) for name, item in value.items()})


def _built_generic(origin: Any, arguments: tuple[Any, ...], value: Any) -> Any:
    name = getattr(origin, "__name__", None) or getattr(origin, "_name", "")
    if origin is Annotated or name in ("Required", "NotRequired", "ReadOnly", "Final"):
        return build(arguments[0], value)
    if origin is Union or origin is types.UnionType:
        return _built_member(arguments, value)
    if origin is Literal:
        # A member of an enumeration is listed by its value.
        members = [known for known in arguments if isinstance(known, enum.Enum) and known.value == value]
        return members[0] if members else value
    if isinstance(value, list):
        if origin is tuple and arguments[-1] is not Ellipsis:
            return tuple(build(member, item) for member, item in zip(arguments, value, strict=False))
        items = [build(arguments[0], item) for item in value]
        return _COLLECTIONS.get(origin, list)(items)
    if isinstance(value, dict) and len(arguments) == 2:
        return {build(arguments[0], key): build(arguments[1], item) for key, item in value.items()}
    if hasattr(origin, "__value__"):
        return build(filled(origin.__value__, dict(zip(origin.__type_params__, arguments, strict=False))), value)
    return value


def _built_member(members: tuple[Any, ...], value: Any) -> Any:
    """The value as the first member of a union whose schema it fits."""
    for member in members:
        if fits(schema_of(member), value):
            try:
                return build(member, value)
            except (TypeError, ValueError):
                continue
    return value


def _enumerated(kind: type[enum.Enum], value: Any) -> Any:
    for member in kind:
        if member.value == value and isinstance(member.value, bool) == isinstance(value, bool):
            return member
    return kind(value)
