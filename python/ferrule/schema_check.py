"""JSON Schema check: whether a JSON value is what a schema says, and where it is not.

Providers enforce a part of JSON Schema each; an answer is checked against all of it, whoever gave it. Known are the
keywords of drafts 2019-09 and 2020-12, references inside the schema, and the formats in `_FORMATS`; anything else is
not looked at.
"""

from __future__ import annotations

import json
import math
import numbers
import re
from typing import TYPE_CHECKING, Any, TypeGuard

from ferrule.definitions import unescaped

if TYPE_CHECKING:
    from collections.abc import Callable

_HEX = "[0-9a-fA-F]"
_TIME = r"([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|z|[+-]([01]\d|2[0-3]):?[0-5]\d)"
_DATE = r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
_FORMATS = {
    "date-time": re.compile(f"{_DATE}[Tt ]{_TIME}?"),
    "date": re.compile(_DATE),
    "time": re.compile(f"{_TIME}?"),
    "duration": re.compile(r"-?P(?=.)(\d+W|(\d+Y)?(\d+M)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?)"),
    "email": re.compile(r"[^@\s]+@[^@\s]+"),
    "uuid": re.compile(f"{_HEX}{{8}}-({_HEX}{{4}}-){{3}}{_HEX}{{12}}"),
    "ipv4": re.compile(r"((25[0-5]|2[0-4]\d|1?\d?\d)(\.(?!$)|$)){4}"),
    "uri": re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:\S*"),
}
_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: _is_number(value) and float(value).is_integer(),
    "number": lambda value: _is_number(value),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}
_MAX_SHOWN = 80


class SchemaMismatchError(ValueError, TypeError):
    """An answer is not what the schema or type says that was asked for; the message names the place.

    Attributes:
        place: The path to what is wrong, such as `days[0].high`; empty for the answer itself.
    """

    place = ""

    @property
    def depth(self) -> int:
        """How many steps into the answer its place is."""
        return self.place.count(".") + self.place.count("[") + bool(self.place)


def check(schema: Any, value: Any) -> None:
    """Checks a value.

    Raises:
        SchemaMismatchError: It is not what the schema says.
    """
    _Checker(schema).check(schema, value, "")


def fits(schema: Any, value: Any) -> bool:
    """Whether a value is what the schema says."""
    try:
        check(schema, value)
    except SchemaMismatchError:
        return False
    return True


class _Checker:
    def __init__(self, root: Any) -> None:
        self._root = root
        self._following: set[tuple[str, int]] = set()

    def check(self, schema: Any, value: Any, place: str) -> None:
        if schema is False:
            raise _mismatch(place, value, "nothing is allowed here")
        if not isinstance(schema, dict):
            return
        self._reference(schema, value, place)
        self._type(schema, value, place)
        self._values(schema, value, place)
        if isinstance(value, str):
            _check_text(schema, value, place)
        elif _is_number(value):
            _check_number(schema, value, place)
        elif isinstance(value, list):
            self._list(schema, value, place)
        elif isinstance(value, dict):
            self._object(schema, value, place)
        self._combinations(schema, value, place)

    def _fits(self, schema: Any, value: Any) -> bool:
        try:
            self.check(schema, value, "")
        except SchemaMismatchError:
            return False
        return True

    def _reference(self, schema: dict[str, Any], value: Any, place: str) -> None:
        reference = schema.get("$ref")
        if not isinstance(reference, str) or (reference, id(value)) in self._following:
            return
        self._following.add((reference, id(value)))
        try:
            self.check(_resolved(self._root, reference), value, place)
        finally:
            self._following.discard((reference, id(value)))

    def _type(self, schema: dict[str, Any], value: Any, place: str) -> None:
        named = schema.get("type")
        names = [named] if isinstance(named, str) else named
        if isinstance(names, list) and names and not any(_TYPES.get(name, lambda _: True)(value) for name in names):
            raise _mismatch(place, value, f"expected {' or '.join(map(str, names))}")

    def _values(self, schema: dict[str, Any], value: Any, place: str) -> None:
        values = schema.get("enum")
        if isinstance(values, list) and not any(_equal(value, known) for known in values):
            raise _mismatch(place, value, f"expected one of {_shown(values)}")
        if "const" in schema and not _equal(value, schema["const"]):
            raise _mismatch(place, value, f"expected {_shown(schema['const'])}")

    def _list(self, schema: dict[str, Any], value: list[Any], place: str) -> None:
        _check_count(schema, "Items", len(value), value, place)
        if schema.get("uniqueItems") is True:
            seen: set[str] = set()
            for item in value:
                text = json.dumps(item, sort_keys=True)
                if text in seen:
                    raise _mismatch(place, value, f"{_shown(item)} is there twice")
                seen.add(text)
        places = schema.get("prefixItems")
        places = places if isinstance(places, list) else []
        for position, (inner, item) in enumerate(zip(places, value, strict=False)):
            self.check(inner, item, f"{place}[{position}]")
        if "items" in schema:
            for position, item in enumerate(value[len(places) :], len(places)):
                self.check(schema["items"], item, f"{place}[{position}]")
        if "contains" in schema:
            found = sum(self._fits(schema["contains"], item) for item in value)
            least, most = schema.get("minContains", 1), schema.get("maxContains", math.inf)
            if not least <= found <= most:
                raise _mismatch(place, value, f"{found} of its items are as `contains` wants them")

    def _object(self, schema: dict[str, Any], value: dict[str, Any], place: str) -> None:
        _check_count(schema, "Properties", len(value), value, place)
        required = schema.get("required")
        for name in required if isinstance(required, list) else []:
            if name not in value:
                raise _mismatch(place, value, f"`{name}` is missing")
        properties, patterns = _map(schema, "properties"), _map(schema, "patternProperties")
        for name, item in value.items():
            inner = f"{place}.{name}" if place else name
            self.check(schema.get("propertyNames"), name, inner)
            matching = [patterns[pattern] for pattern in patterns if _matches(pattern, name)]
            known = ([properties[name]] if name in properties else []) + matching
            for each in known:
                self.check(each, item, inner)
            if not known and "additionalProperties" in schema:
                if schema["additionalProperties"] is False:
                    raise _mismatch(place, value, f"`{name}` is not one of its properties")
                self.check(schema["additionalProperties"], item, inner)
        for name, names in _map(schema, "dependentRequired").items():
            missing = [other for other in names if name in value and other not in value]
            if missing:
                raise _mismatch(place, value, f"`{missing[0]}` is required with `{name}`")
        for name, inner_schema in _map(schema, "dependentSchemas").items():
            if name in value:
                self.check(inner_schema, value, place)

    def _combinations(self, schema: dict[str, Any], value: Any, place: str) -> None:
        for inner in _schemas(schema, "allOf"):
            self.check(inner, value, place)
        any_of = _schemas(schema, "anyOf")
        if any_of and not any(self._fits(inner, value) for inner in any_of):
            self._nearest(any_of, value, place)
            raise _mismatch(place, value, "none of the alternatives fits")
        one_of = _schemas(schema, "oneOf")
        if one_of and (count := sum(self._fits(inner, value) for inner in one_of)) != 1:
            raise _mismatch(place, value, f"{count} of the alternatives fit, not one")
        if "not" in schema and self._fits(schema["not"], value):
            raise _mismatch(place, value, "it is what `not` excludes")
        if "if" in schema:
            branch = "then" if self._fits(schema["if"], value) else "else"
            self.check(schema.get(branch), value, place)

    def _nearest(self, alternatives: list[Any], value: Any, place: str) -> None:
        """Raises the error of the alternative that is meant, where that is clear."""
        alternatives = [self._followed(inner) for inner in alternatives]
        of_its_type = [inner for inner in alternatives if _has_type(inner, value)]
        meant = [inner for inner in of_its_type if _has_constants(inner, value)]
        if not meant and len(of_its_type) == 1:
            meant = of_its_type
        errors: list[SchemaMismatchError] = []
        for inner in meant:
            try:
                self.check(inner, value, place)
            except SchemaMismatchError as error:  # noqa: PERF203 - all of them are compared
                errors.append(error)
        # Of several, the one that fits furthest into the value.
        deepest = max(errors, key=lambda error: error.depth, default=None)
        if deepest is not None and (len(errors) == 1 or len(deepest.place) > len(place)):
            raise deepest

    def _followed(self, schema: Any) -> Any:
        """What a reference refers to; any other schema as it is."""
        reference = schema.get("$ref") if isinstance(schema, dict) else None
        return _resolved(self._root, reference) if isinstance(reference, str) else schema


def _has_type(schema: Any, value: Any) -> bool:
    named = schema.get("type") if isinstance(schema, dict) else None
    names = [named] if isinstance(named, str) else named
    return not isinstance(names, list) or any(_TYPES.get(name, lambda _: True)(value) for name in names)


def _has_constants(schema: Any, value: Any) -> bool:
    """Whether an object has the constants that distinguish an alternative from the others."""
    if not isinstance(schema, dict) or not isinstance(value, dict):
        return True
    for name, inner in _map(schema, "properties").items():
        constants = inner.get("enum", [inner["const"]] if "const" in inner else []) if isinstance(inner, dict) else []
        if len(constants) == 1 and name in value and not _equal(value[name], constants[0]):
            return False
    return True


def _check_text(schema: dict[str, Any], value: str, place: str) -> None:
    _check_count(schema, "Length", len(value), value, place)
    pattern = schema.get("pattern")
    if isinstance(pattern, str) and not _matches(pattern, value):
        raise _mismatch(place, value, f"it does not match {pattern!r}")
    known = _FORMATS.get(str(schema.get("format")))
    if known is not None and not known.fullmatch(value):
        raise _mismatch(place, value, f"it does not have the format {schema['format']}")


def _check_number(schema: dict[str, Any], value: float, place: str) -> None:
    bounds: tuple[tuple[str, Callable[[float], bool], str], ...] = (
        ("minimum", lambda bound: value >= bound, "it is less than"),
        ("maximum", lambda bound: value <= bound, "it is more than"),
        ("exclusiveMinimum", lambda bound: value > bound, "it is not more than"),
        ("exclusiveMaximum", lambda bound: value < bound, "it is not less than"),
        ("multipleOf", lambda bound: _is_multiple(value, bound), "it is not a multiple of"),
    )
    for keyword, holds, text in bounds:
        bound = schema.get(keyword)
        if _is_number(bound) and not holds(bound):
            raise _mismatch(place, value, f"{text} {bound}")


def _check_count(schema: dict[str, Any], what: str, count: int, value: Any, place: str) -> None:
    least, most = schema.get(f"min{what}"), schema.get(f"max{what}")
    if _is_number(least) and count < least:
        raise _mismatch(place, value, f"min{what} is {least}")
    if _is_number(most) and count > most:
        raise _mismatch(place, value, f"max{what} is {most}")


def _resolved(root: Any, reference: str) -> Any:
    """What a reference inside the schema refers to; what is elsewhere cannot be looked up, and allows anything."""
    if reference != "#" and not reference.startswith("#/"):
        return True
    node = root
    for step in reference.split("/")[1:]:
        name = unescaped(step)
        if isinstance(node, dict) and name in node:
            node = node[name]
        elif isinstance(node, list) and name.isdigit() and int(name) < len(node):
            node = node[int(name)]
        else:
            return True
    return node


def _schemas(schema: dict[str, Any], keyword: str) -> list[Any]:
    found = schema.get(keyword)
    return found if isinstance(found, list) else []


def _map(schema: dict[str, Any], keyword: str) -> dict[str, Any]:
    found = schema.get(keyword)
    return found if isinstance(found, dict) else {}


def _is_number(value: Any) -> TypeGuard[float]:
    # Numbers in a schema may be numpy's.
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _is_multiple(value: float, of: float) -> bool:
    if of <= 0:
        return True
    quotient = value / of
    return math.isfinite(quotient) and abs(quotient - round(quotient)) < 1e-9 * max(1.0, abs(quotient))


def _equal(value: Any, other: Any) -> bool:
    """Whether two JSON values are the same: 1 and 1.0 are, 1 and true are not."""
    if isinstance(value, bool) or isinstance(other, bool):
        return value is other
    if isinstance(value, list) and isinstance(other, list):
        return len(value) == len(other) and all(map(_equal, value, other))
    if isinstance(value, dict) and isinstance(other, dict):
        return value.keys() == other.keys() and all(_equal(value[key], other[key]) for key in value)
    return bool(value == other)


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:  # A regular expression that Python does not know.
        return True


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"


def _mismatch(place: str, value: Any, text: str) -> SchemaMismatchError:
    where = f"`{place}`" if place else "the answer"
    error = SchemaMismatchError(f"{where} does not fit: {text}; it is {_shown(value)}")
    error.place = place
    return error
