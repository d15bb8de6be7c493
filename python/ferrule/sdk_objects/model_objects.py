"""Objects of the SDKs' model classes, made and changed without their constructors from values that fit."""

from __future__ import annotations

from typing import Any

_set_attribute = object.__setattr__


def new_object(class_: Any, values: dict[str, Any], extra: dict[str, Any], fields_set: set[str]) -> Any:
    """An object with these attributes, further fields, and fields that were set; it keeps all three."""
    it = object.__new__(class_)
    _set_attribute(it, "__dict__", values)
    _set_attribute(it, "__pydantic_private__", None)
    _set_attribute(it, "__pydantic_extra__", extra)
    _set_attribute(it, "__pydantic_fields_set__", fields_set)
    return it


def set_field(it: Any, name: str, value: Any) -> None:
    """What assigning to a field of a model does."""
    it.__dict__[name] = value
    it.__pydantic_fields_set__.add(name)


class EventClass:
    """A class of events.

    Args:
        class_: The class.
        type_: The value of its field `type`.
        names: The fields that are given to `new`; by default all others.
    """

    def __init__(self, class_: Any, type_: str, names: tuple[str, ...] = ()) -> None:
        self._class = class_
        self._template = {
            name: None if field.is_required() else field.default for name, field in class_.model_fields.items()
        }
        self._template["type"] = type_
        self._names = {*names, "type"} if names else set(self._template)

    def new(self, values: dict[str, Any]) -> Any:
        """An event with `values` by the names of their fields."""
        return new_object(self._class, self._template | values, {}, self._names.copy())
