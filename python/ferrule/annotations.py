"""Annotations of functions and classes: names resolved, type variables filled in, and the notes of `Annotated`."""

from __future__ import annotations

import functools
import inspect
import re
from typing import TYPE_CHECKING, Any, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Of a note that bounds a value (annotated_types, pydantic's `Field`, msgspec's `Meta`), and the keyword of each.
_BOUNDS = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "multiple_of": "multipleOf",
    "pattern": "pattern",
    "title": "title",
    "examples": "examples",
}
_LENGTHS = {
    "array": ("minItems", "maxItems"),
    "object": ("minProperties", "maxProperties"),
}


def type_hints(owner: Any) -> dict[str, Any]:
    """The resolved annotations of a class or function, `Annotated` kept.

    Names that are neither the module's nor built in are looked up where the function was defined, and then in the
    functions that are running: with `from __future__ import annotations` nothing else says what they are.

    Raises:
        TypeError: An annotation has a name that is defined nowhere.
    """
    found: dict[str, Any] = {}
    while isinstance(hints := _resolved(owner, found), NameError):
        name = hints.name
        values = [] if name is None or name in found else _definitions(owner, name)
        if name is None or not values:
            text = f"its annotations name `{name}`, which is not defined where it can be seen; define it in the module"
            raise TypeError(f"{getattr(owner, '__qualname__', owner)}: {text}")
        found[name] = values[0]
    return hints


def _resolved(owner: Any, names: dict[str, Any]) -> dict[str, Any] | NameError:
    try:
        return get_type_hints(owner, localns=names or None, include_extras=True)
    except NameError as error:
        return error


def _definitions(owner: Any, name: str) -> list[Any]:
    function = getattr(owner, "__func__", owner)
    code, closure = getattr(function, "__code__", None), getattr(function, "__closure__", None)
    if code is not None and closure and name in code.co_freevars:
        return [closure[code.co_freevars.index(name)].cell_contents]
    for parameter in getattr(owner, "__type_params__", ()):
        if parameter.__name__ == name:
            return [parameter]
    frame = inspect.currentframe()
    while frame is not None:
        if name in frame.f_locals and not frame.f_globals.get("__name__", "").startswith("ferrule."):
            return [frame.f_locals[name]]
        frame = frame.f_back
    return []


def filled(annotation: Any, variables: Mapping[Any, Any]) -> Any:
    """The annotation with types in place of type variables."""
    if not variables:
        return annotation
    try:
        if annotation in variables:
            return variables[annotation]
    except TypeError:  # Not hashable.
        return annotation
    parameters = getattr(annotation, "__parameters__", ())
    if parameters and not isinstance(annotation, type):
        return annotation[tuple(variables.get(parameter, parameter) for parameter in parameters)]
    return annotation


def unwrapped(function: Any) -> Any:
    """The function whose annotations and docstring are those of a callable: of a partial one, or of an object."""
    while isinstance(function, functools.partial):
        function = function.func
    if not hasattr(function, "__name__") and not isinstance(function, type):
        return type(function).__call__
    return function


def annotate(schema: dict[str, Any], notes: Any) -> dict[str, Any]:
    """The schema with what the notes of an `Annotated` say: a description, bounds, examples."""
    said: dict[str, Any] = {}
    for note in _flat(notes):
        if isinstance(note, str):
            said.setdefault("description", note)
            continue
        for attribute in ("description", "documentation"):
            if isinstance(text := getattr(note, attribute, None), str):
                said.setdefault("description", text)
        for attribute, keyword in _BOUNDS.items():
            value = getattr(note, attribute, None)
            if value is not None and not callable(value):
                said[keyword] = value.pattern if isinstance(value, re.Pattern) else value
        for place, attribute in enumerate(("min_length", "max_length")):
            if isinstance(length := getattr(note, attribute, None), int) and (place or length):
                lengths = _LENGTHS.get(schema.get("type", ""), ("minLength", "maxLength"))
                said[lengths[place]] = length
        if isinstance(extra := getattr(note, "json_schema_extra", None), dict):
            said |= extra
    return schema | said


def _flat(notes: Any) -> Iterator[Any]:
    for note in notes:
        yield note
        # pydantic's `Field` keeps its bounds as notes of their own.
        if isinstance(inner := getattr(note, "metadata", None), (list, tuple)):
            yield from _flat(inner)
