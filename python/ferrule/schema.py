"""JSON schemas of Python types.

Used for tools (`tools.py`) and structured output (`structured.py`). pydantic and msgspec types have schemas of their
own; dataclasses, typed dictionaries, named tuples and plain types are handled here, so that neither package is needed.
"""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import functools
import math
import pathlib
import sys
import types
import typing
import uuid
from typing import Annotated, Any, Literal, NewType, TypeVar, Union, get_args, get_origin

from ferrule.annotations import annotate, filled, type_hints
from ferrule.definitions import Definitions
from ferrule.numeric import plain

if typing.TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    None: {"type": "null"},
    list: {"type": "array"},
    set: {"type": "array"},
    frozenset: {"type": "array"},
    tuple: {"type": "array"},
    dict: {"type": "object"},
    Any: {},
    object: {},
    datetime.datetime: {"type": "string", "format": "date-time"},
    datetime.date: {"type": "string", "format": "date"},
    datetime.time: {"type": "string", "format": "time"},
    uuid.UUID: {"type": "string", "format": "uuid"},
    decimal.Decimal: {"type": "number"},
    datetime.timedelta: {"type": "number", "description": "A duration in seconds."},
    pathlib.Path: {"type": "string"},
}
_EMPTY_FACTORIES: dict[Any, Any] = {list: [], tuple: [], set: [], frozenset: [], dict: {}, str: "", int: 0, bool: False}
_LISTS = ("list", "set", "frozenset", "Sequence", "MutableSequence", "Iterable", "Collection", "Set", "deque")
_DICTS = ("dict", "Mapping", "MutableMapping", "OrderedDict", "defaultdict")
_QUALIFIERS = ("Required", "NotRequired", "ReadOnly", "Final", "ClassVar")


class Missing(enum.Enum):
    """No value."""

    MISSING = enum.auto()


MISSING = Missing.MISSING


@dataclasses.dataclass(frozen=True)
class Field:
    """A field of a class that JSON objects are made of."""

    annotation: Any
    required: bool
    default: Any = MISSING
    """As JSON."""


def schema_of(annotation: Any) -> dict[str, Any]:
    """The JSON schema of a type, its definitions at the root.

    Args:
        annotation: A plain type, `list[...]`, `dict[str, ...]`, `tuple[...]`, a union, `Literal`, `Enum`, `Annotated`
            with a description or bounds, a dataclass, a `TypedDict`, a `NamedTuple`, or a pydantic or msgspec type.

    Raises:
        TypeError: The type has no JSON schema; the message names it.
    """
    schemas = Schemas()
    return schemas.definitions.at_root(schemas.schema_of(annotation))


class Schemas:
    """The schemas of types that become parts of one schema, with common definitions."""

    def __init__(self) -> None:
        self.definitions = Definitions()
        self._open: list[Any] = []

    def schema_of(self, annotation: Any) -> dict[str, Any]:
        """The schema of a type; what it refers to is among the definitions."""
        try:
            if annotation in _PLAIN:
                return dict(_PLAIN[annotation])
        except TypeError:  # Not hashable, so not plain.
            pass
        if is_pydantic(annotation):
            return self.definitions.adopt(annotation.model_json_schema())
        if is_msgspec(annotation):
            import msgspec  # optional

            return self.definitions.adopt(msgspec.json.schema(annotation))
        if is_adapter(annotation):
            return self.definitions.adopt(annotation.json_schema())
        if is_pydantic_type(annotation):
            import pydantic  # optional

            return self.definitions.adopt(pydantic.TypeAdapter(annotation).json_schema())
        if (fields := fields_of(annotation)) is not None:
            return self._named(annotation, functools.partial(self.object, fields))
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is not None and not arguments:  # `typing.List` without a type in it.
            return self.schema_of(origin)
        if origin is not None:
            return self._generic(annotation, origin, arguments)
        if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
            return {"enum": [_literal(annotation, member) for member in annotation]}
        if isinstance(annotation, NewType):
            return self.schema_of(annotation.__supertype__)
        if isinstance(annotation, TypeVar):
            return self.schema_of(Any if annotation.__bound__ is None else annotation.__bound__)
        if hasattr(annotation, "__value__"):  # `type Name = ...`
            return self._named(annotation, lambda: self.schema_of(annotation.__value__))
        raise TypeError(f"{annotation!r} has no JSON schema; give a JSON schema as a dict instead")

    def object(self, fields: Mapping[str, Field]) -> dict[str, Any]:
        """The schema of an object with these fields and no others."""
        properties = {}
        for name, field in fields.items():
            declared = self.schema_of(field.annotation)
            if field.default is not MISSING:
                declared.setdefault("default", field.default)
            properties[name] = declared
        required = [name for name, field in fields.items() if field.required]
        return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}

    def _named(self, annotation: Any, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The schema that `make` gives a type, which may refer to itself."""
        if annotation in self._open:
            return self.definitions.reference(annotation)
        self._open.append(annotation)
        schema = make()
        self._open.pop()
        self.definitions.define(annotation, schema)
        return dict(schema)

    def _generic(self, annotation: Any, origin: Any, arguments: tuple[Any, ...]) -> dict[str, Any]:
        name = getattr(origin, "__name__", None) or getattr(origin, "_name", "")
        if origin is Annotated:
            return annotate(self.schema_of(arguments[0]), arguments[1:])
        if origin is Literal:
            return {"enum": [_literal(annotation, value) for value in arguments]}
        if origin is Union or origin is types.UnionType:
            return {"anyOf": [self.schema_of(member) for member in arguments]}
        if name in _QUALIFIERS:
            return self.schema_of(arguments[0])
        if name in _LISTS:
            return {"type": "array", "items": self.schema_of(arguments[0])}
        if name in _DICTS:
            keys = arguments[0]
            if keys is not str and schema_of(keys).get("type") != "string" and not _are_words(schema_of(keys)):
                raise TypeError(f"{annotation!r} has no JSON schema: keys must be strings")
            return {"type": "object", "additionalProperties": self.schema_of(arguments[1])}
        if origin is tuple:
            if len(arguments) == 2 and arguments[1] is Ellipsis:
                return {"type": "array", "items": self.schema_of(arguments[0])}
            places = [self.schema_of(member) for member in arguments if member != ()]
            return {"type": "array", "prefixItems": places, "minItems": len(places), "maxItems": len(places)}
        if hasattr(origin, "__value__"):  # `type Name[T] = ...`
            return self.schema_of(filled(origin.__value__, dict(zip(origin.__type_params__, arguments, strict=False))))
        raise TypeError(f"{annotation!r} has no JSON schema; give a JSON schema as a dict instead")


def is_pydantic(annotation: Any) -> bool:
    """Whether it is a pydantic model class."""
    return isinstance(annotation, type) and hasattr(annotation, "model_json_schema")


def is_adapter(annotation: Any) -> bool:
    """Whether it is a `pydantic.TypeAdapter`."""
    return (
        not isinstance(annotation, type) and hasattr(annotation, "validate_json") and hasattr(annotation, "json_schema")
    )


def is_pydantic_type(annotation: Any) -> bool:
    """Whether it is another class that only pydantic knows the schema of, such as its dataclasses and `EmailStr`."""
    return isinstance(annotation, type) and (
        "__pydantic_validator__" in vars(annotation) or hasattr(annotation, "__get_pydantic_core_schema__")
    )


def is_msgspec(annotation: Any) -> bool:
    """Whether it is a msgspec struct class."""
    return isinstance(get_origin(annotation) or annotation, type) and hasattr(annotation, "__struct_fields__")


def fields_of(annotation: Any) -> dict[str, Field] | None:
    """The fields of a dataclass, a `TypedDict` or a `NamedTuple`; `None` for anything else."""
    origin = get_origin(annotation)
    kind: Any = annotation if origin is None else origin
    if not isinstance(kind, type):
        return None
    # Of a class that is not generic, it is something else.
    parameters = getattr(kind, "__parameters__", ())
    variables = dict(zip(parameters, get_args(annotation), strict=False)) if isinstance(parameters, tuple) else {}
    if dataclasses.is_dataclass(kind):
        hints = type_hints(kind)
        return {
            field.name: Field(filled(hints[field.name], variables), *_default_of(field))
            for field in dataclasses.fields(kind)
            if field.init
        }
    if issubclass(kind, dict) and hasattr(kind, "__required_keys__"):
        return _keys_of(kind, variables)
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        hints, defaults = type_hints(kind), getattr(kind, "_field_defaults", {})
        return {
            name: Field(
                filled(hints.get(name, Any), variables), name not in defaults, to_json(defaults.get(name, MISSING))
            )
            for name in getattr(kind, "_fields", ())
        }
    return None


def _keys_of(kind: Any, variables: Mapping[Any, Any]) -> dict[str, Field]:
    hints = type_hints(kind)
    required = kind.__required_keys__
    fields = {}
    for name, hint in hints.items():
        # With `from __future__ import annotations` the class itself does not know about these.
        qualifier = _qualifier(hint)
        is_required = qualifier == "Required" or (qualifier != "NotRequired" and name in required)
        fields[name] = Field(filled(hint, variables), is_required)
    return fields


def _qualifier(hint: Any) -> str:
    while (origin := get_origin(hint)) is not None:
        name: str = getattr(origin, "__name__", None) or getattr(origin, "_name", "") or ""
        if name in ("Required", "NotRequired"):
            return name
        if origin is not Annotated and name != "ReadOnly":
            break
        hint = get_args(hint)[0]
    return ""


def _default_of(field: dataclasses.Field[Any]) -> tuple[bool, Any]:
    """Whether a field is required, and its default as JSON."""
    if field.default is not dataclasses.MISSING:
        return False, to_json(field.default)
    if field.default_factory is not dataclasses.MISSING:
        # No other factory is called: it may give another value each time.
        return False, _EMPTY_FACTORIES.get(field.default_factory, MISSING)
    return True, MISSING


def to_json(value: Any) -> Any:
    """The value as JSON; `MISSING` where it has none."""
    if value is None or (isinstance(value, (bool, str)) and not isinstance(value, enum.Enum)):
        return value
    if isinstance(value, enum.Enum):
        return MISSING if value is MISSING else to_json(value.value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else MISSING
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, (uuid.UUID, pathlib.PurePath)):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return to_json({field.name: getattr(value, field.name) for field in dataclasses.fields(value)})
    if hasattr(value, "model_dump") and not isinstance(value, type):
        return value.model_dump(mode="json")
    if hasattr(value, "__struct_fields__") and not isinstance(value, type):
        return to_json({name: getattr(value, name) for name in value.__struct_fields__})
    if isinstance(value, tuple) and (names := getattr(value, "_fields", None)) is not None:
        return to_json(dict(zip(names, value, strict=False)))
    if isinstance(value, (list, tuple, set, frozenset)):
        items = [to_json(item) for item in value]
        return MISSING if MISSING in items else items
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        made = {key: to_json(item) for key, item in value.items()}
        return MISSING if MISSING in made.values() else made
    number = plain(value)
    if isinstance(number, bool) or not isinstance(number, float) or math.isfinite(number):
        return number if isinstance(number, (bool, int, float)) else MISSING
    return MISSING


def _literal(annotation: Any, value: Any) -> Any:
    """A value that a `Literal` or an `Enum` lists, as JSON."""
    made = to_json(value)
    if made is MISSING:
        raise TypeError(f"{annotation!r} has no JSON schema: {value!r} is not a JSON value")
    return made


def _are_words(schema: Mapping[str, Any]) -> bool:
    return bool(schema.get("enum")) and all(isinstance(value, str) for value in schema["enum"])


if sys.version_info >= (3, 11):
    _PLAIN[typing.LiteralString] = {"type": "string"}
