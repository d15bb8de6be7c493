"""Partial values: the object of a structured answer as it grows, made of what has come of its JSON.

An object has its own class from the beginning; what has not come yet is its default, or `None`. Lists grow item by
item: one is there when it is whole. A text grows, a number or a member of an enumeration is there when it is whole.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

from ferrule.growing_json import Growing, GrowingJson
from ferrule.schema import fields_of, is_adapter, is_msgspec, is_pydantic, schema_of
from ferrule.schema_check import fits
from ferrule.structured import WRAPPER
from ferrule.values import build

if TYPE_CHECKING:
    from ferrule.structured import Format

_NOTHING = object()


class PartialValue:
    """What has come of the value of a reply.

    Args:
        format_: The format that was asked for.
    """

    def __init__(self, format_: Format) -> None:
        self._format = format_
        self._json = GrowingJson()

    def feed(self, text: str) -> None:
        """Reads the next piece of the answer."""
        self._json.feed(text)

    def value(self) -> Any:
        """The value so far; `None` where nothing of it has come."""
        value, annotation = self._json.value, self._format.annotation
        if self._format.is_wrapped and isinstance(value, dict) and value.keys() <= {WRAPPER}:
            value = value.get(WRAPPER)
        if value is None:
            return None
        made = self._plain(value) if annotation is None else self._made(annotation, value)
        return None if made is _NOTHING else made

    def _plain(self, value: Any) -> Any:
        """A copy of what has come, which does not change when more comes."""
        if isinstance(value, Growing):
            return str(value)
        if isinstance(value, dict):
            return {key: self._plain(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._plain(item) for item in self._whole(value)]
        return value

    def _whole(self, items: list[Any]) -> list[Any]:
        """The items that have come in full."""
        if items and (isinstance(items[-1], Growing) or self._json.is_open(items[-1])):
            return items[:-1]
        return items

    def _is_whole(self, value: Any) -> bool:
        return not isinstance(value, Growing) and not self._json.is_open(value)

    def _made(self, annotation: Any, value: Any) -> Any:
        """The value of a type, or nothing where it cannot be made yet."""
        if self._is_whole(value):
            return _built(annotation, value)
        if isinstance(value, Growing):
            return str(value) if annotation in (str, Any, object) or str in _members(annotation) else _NOTHING
        if isinstance(value, list):
            return self._list(annotation, value)
        return self._object(annotation, value)

    def _list(self, annotation: Any, value: list[Any]) -> Any:
        for member in _members(annotation):
            arguments, origin = get_args(member), get_origin(member)
            inner = arguments[0] if arguments else Any
            if is_pydantic(member) and getattr(member, "__pydantic_root_model__", False):
                return _built(member, self._plain(value))
            if (origin or member) in (list, set, frozenset, tuple) and (origin is not tuple or ... in arguments):
                items = [_built(inner, self._plain(item)) for item in self._whole(value)]
                return (origin or member)(item for item in items if item is not _NOTHING)
            if hasattr(origin, "__iter__"):  # Sequence, deque, ...
                return [
                    made for item in self._whole(value) if (made := _built(inner, self._plain(item))) is not _NOTHING
                ]
        return self._plain(value) if annotation in (Any, object) else _NOTHING

    def _object(self, annotation: Any, value: dict[str, Any]) -> Any:
        for member in _members(annotation):
            kind = get_origin(member) or member
            if kind is dict:
                inner = get_args(member)[1] if get_args(member) else Any
                made = {key: self._made(inner, item) for key, item in value.items()}
                return {key: item for key, item in made.items() if item is not _NOTHING}
            hints = _hints(member)
            if hints is None or not value.keys() <= hints.keys():
                continue
            made = {name: self._made(hints[name], item) for name, item in value.items()}
            return _instance(kind, {name: item for name, item in made.items() if item is not _NOTHING})
        return self._plain(value) if annotation in (Any, object) else _NOTHING


def _built(annotation: Any, value: Any) -> Any:
    """A whole value of the type; nothing where it does not fit, which the whole answer's error says."""
    try:
        if not is_pydantic(annotation) and not is_msgspec(annotation) and not fits(schema_of(annotation), value):
            return _NOTHING
        return build(annotation, value)
    except (TypeError, ValueError):
        return _NOTHING


def _members(annotation: Any) -> tuple[Any, ...]:
    """The types that a union has, those of an alias and of notes included; of any other type itself."""
    if hasattr(annotation, "__value__") and not isinstance(annotation, type):
        return _members(annotation.__value__)
    if hasattr(annotation, "__metadata__"):
        return _members(annotation.__origin__)
    if is_adapter(annotation) and (adapted := getattr(annotation, "_type", None)) is not None:
        return _members(adapted)
    if get_origin(annotation) is Union or type(annotation).__name__ == "UnionType":
        return tuple(member for one in get_args(annotation) for member in _members(one))
    return (annotation,)


def _hints(annotation: Any) -> dict[str, Any] | None:
    """The types of a class's fields by their names in JSON; `None` where it is not known to have fields."""
    if is_pydantic(annotation):
        fields = annotation.model_fields
        return {_alias(name, field): field.annotation for name, field in fields.items()}
    if is_msgspec(annotation):
        import msgspec  # optional

        return {field.encode_name: field.type for field in msgspec.structs.fields(annotation)}
    fields_ = fields_of(annotation)
    return None if fields_ is None else {name: field.annotation for name, field in fields_.items()}


def _alias(name: str, field: Any) -> str:
    """The name of a pydantic model's field in JSON."""
    return next((one for one in (field.validation_alias, field.alias) if isinstance(one, str)), name)


def _instance(kind: Any, values: dict[str, Any]) -> Any:
    """An object of the class with these values; its other fields have their defaults, or are `None`."""
    if is_pydantic(kind):
        names = {_alias(name, field): name for name, field in kind.model_fields.items()}
        given = {names[key]: value for key, value in values.items()}
        empty = {name: None for name, field in kind.model_fields.items() if field.is_required()}
        return kind.model_construct(**{**empty, **given})
    if is_msgspec(kind):
        import msgspec  # optional

        given = {
            field.name: values[field.encode_name]
            for field in msgspec.structs.fields(kind)
            if field.encode_name in values
        }
        empty = {field.name: None for field in msgspec.structs.fields(kind) if field.required}
        return kind(**{**empty, **given})
    if issubclass(kind, dict):
        return values
    if issubclass(kind, tuple):
        defaults = getattr(kind, "_field_defaults", {})
        return tuple.__new__(kind, (values.get(name, defaults.get(name)) for name in getattr(kind, "_fields", ())))
    # Without `__init__` and `__post_init__`, which count on all that is required.
    made = object.__new__(kind)
    for field in dataclasses.fields(kind):
        object.__setattr__(made, field.name, values.get(field.name, _default(field)))
    return made


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    return None if field.default_factory is dataclasses.MISSING else field.default_factory()
