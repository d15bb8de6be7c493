"""Definitions of a JSON schema: all at its root, those that share a name renamed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Keywords whose values map names to schemas, and keywords whose values are data: neither names are keywords.
_MAPS = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_DATA = frozenset({"enum", "const", "default", "examples", "example", "required"})
_PLACE = "#/$defs/"


class Definitions:
    """The definitions that the parts of one schema refer to."""

    def __init__(self) -> None:
        self.schemas: dict[str, Any] = {}
        """As they are written, by the names they have now."""
        self._original: dict[str, Any] = {}
        self._types: dict[Any, str] = {}

    def reference(self, kind: Any) -> dict[str, Any]:
        """A reference to the type, which is defined later."""
        if kind not in self._types:
            name = self._free(getattr(kind, "__name__", "Type"))
            self._types[kind] = name
            # The name is taken from now on.
            self.schemas[name] = self._original[name] = {}
        return {"$ref": _PLACE + _escaped(self._types[kind])}

    def define(self, kind: Any, schema: dict[str, Any]) -> None:
        """Defines the type, where anything refers to it."""
        if kind in self._types:
            name = self._types[kind]
            self.schemas[name] = self._original[name] = schema

    def adopt(self, schema: dict[str, Any]) -> dict[str, Any]:
        """A whole schema as a part of this one: its definitions become definitions here.

        What it is at its root stands in place of a reference, so that the part says itself what it is.
        """
        given = {**schema.get("definitions", {}), **schema.get("$defs", {})}
        root = {key: value for key, value in schema.items() if key not in ("$defs", "definitions")}
        while (name := _name(root.get("$ref"))) in given:
            root = given[name] | {key: value for key, value in root.items() if key != "$ref"}
            if root.get("$ref") == schema.get("$ref"):
                break
        needed = _reachable(root, given)
        names = self._names_for({name: given[name] for name in given if name in needed})
        for name, new in names.items():
            self._original[new] = given[name]
            self.schemas[new] = _renamed(given[name], names)
        renamed: dict[str, Any] = _renamed(root, names)
        return renamed

    def at_root(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The schema with the definitions."""
        return schema | ({"$defs": self.schemas} if self.schemas else {})

    def _names_for(self, given: Mapping[str, Any]) -> dict[str, str]:
        """What each definition is called here: one that is here already keeps its name."""
        others = {name for name in given if name in self._original and self._original[name] != given[name]}
        while True:
            # One that is the same but refers to another one is another one.
            more = {name for name in given if name in self._original and others & set(_references(given[name]))}
            if more <= others:
                break
            others |= more
        names: dict[str, str] = {}
        for name in given:
            names[name] = self._free(name, given[name]) if name in others else name
        return names

    def _free(self, name: str, original: Any = None) -> str:
        candidate, number = name, 1
        while candidate in self.schemas and (original is None or self._original[candidate] != original):
            number += 1
            candidate = f"{name}_{number}"
        return candidate


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def unescaped(step: str) -> str:
    """The name that a step of a JSON pointer stands for (RFC 6901)."""
    return step.replace("~1", "/").replace("~0", "~")


def _name(reference: Any) -> str | None:
    """The name of the definition that a reference refers to."""
    for place in (_PLACE, "#/definitions/"):
        if isinstance(reference, str) and reference.startswith(place):
            return unescaped(reference.removeprefix(place))
    return None


def _references(schema: Any) -> Iterator[str]:
    """The names of the definitions that a schema refers to."""
    if isinstance(schema, list):
        for item in schema:
            yield from _references(item)
    elif isinstance(schema, dict):
        name = _name(schema.get("$ref"))
        if name is not None:
            yield name
        for inner in _schemas_in(schema):
            yield from _references(inner)


def _schemas_in(schema: Mapping[str, Any]) -> Iterator[Any]:
    for key, value in schema.items():
        if key in _MAPS and isinstance(value, dict):
            yield from value.values()
        elif key not in _DATA:
            yield value


def _reachable(root: Any, given: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    ahead = list(_references(root))
    while ahead:
        name = ahead.pop()
        if name in given and name not in found:
            found.add(name)
            ahead += _references(given[name])
    return found


def _renamed(schema: Any, names: Mapping[str, str]) -> Any:
    if isinstance(schema, list):
        return [_renamed(item, names) for item in schema]
    if not isinstance(schema, dict):
        return schema
    renamed: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "$ref":
            renamed[key] = _moved(value, names)
        elif key == "discriminator" and isinstance(value, dict) and isinstance(value.get("mapping"), dict):
            mapping = {tag: _moved(reference, names) for tag, reference in value["mapping"].items()}
            renamed[key] = value | {"mapping": mapping}
        elif key in _MAPS and isinstance(value, dict):
            renamed[key] = {name: _renamed(inner, names) for name, inner in value.items()}
        else:
            renamed[key] = value if key in _DATA else _renamed(value, names)
    return renamed


def _moved(reference: Any, names: Mapping[str, str]) -> Any:
    """A reference to a definition, at its place here and under the name that it has here; anything else as it is."""
    name = _name(reference)
    return reference if name is None else _PLACE + _escaped(names.get(name, name))
