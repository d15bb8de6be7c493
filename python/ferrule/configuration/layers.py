"""The layers of a configuration, and what they say together.

A layer is what one source says. Higher ones win key by key; a value that is there keeps the layer it came from.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from ferrule.configuration import files, validation
from ferrule.configuration.schema import SCHEMA, VARIABLES, Field, at
from ferrule.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrule.configuration.providers import Row

Path = tuple["str | int", ...]


class Source(NamedTuple):
    """Where a value came from.

    Attributes:
        layer: `built-in`, `user`, `project`, `environment`, `arguments` or `registry`.
        where: The file, or the environment variable.
        line: The line in the file.
    """

    layer: str
    where: str = ""
    line: int | None = None

    def __str__(self) -> str:
        if self.line is not None:
            return f"{self.where}:{self.line}"
        return self.where or self.layer


class Layer(NamedTuple):
    """What one source says."""

    name: str
    tree: dict[str, Any]
    path: str = ""
    """The file."""
    places: Mapping[Any, tuple[int, int]] = MappingProxyType({})
    variables: Mapping[Any, str] = MappingProxyType({})
    """The environment variables, by the paths of what they say."""

    def source(self, path: Path) -> Source:
        """Where the value at `path` comes from."""
        if self.path:
            place = self.place(path)
            return Source(self.name, self.path, place[0] if place else None)
        return Source(self.name, self.variables.get(path, ""))

    def place(self, path: Path) -> tuple[int, int] | None:
        """Line and column of the key at `path`, or of the nearest one around it."""
        while path:
            if path in self.places:
                return self.places[path]
            path = path[:-1]
        return None

    def said(self, problem: validation.Problem) -> str:
        """`problem` with its place in front."""
        text = validation.described(problem)
        if self.path:
            place = self.place(problem.place)
            return ":".join([self.path, *map(str, place or ())]) + f": {text}"
        if variable := self.variables.get(problem.path):
            return f"{variable}: {problem.message}"
        return text


def refuse(texts: list[str]) -> None:
    """Raises one error for all of `texts`, where there are any."""
    if texts:
        raise ConfigError("\n".join(texts))


def of_file(file: files.File) -> Layer:
    """The layer that a file is."""
    parsed = files.read(file.path)
    return Layer(file.layer, parsed.tree, file.path, parsed.places)


def of_variables(environment: Mapping[str, str]) -> Layer:
    """What the variables that begin with `FERRULE_` say."""
    tree: dict[str, Any] = {}
    variables: dict[Path, str] = {}
    for variable, path in VARIABLES.items():
        text = environment.get(variable)
        if text:
            _put(tree, path, _read(text, at(path).kind))
            variables[path] = variable
    return Layer("environment", tree, variables=variables)


def of_provider_variables(rows: Mapping[str, Row], ids: list[str], environment: Mapping[str, str]) -> Layer:
    """What the providers' own variables say; keys stay where they are, and are named only."""
    tree: dict[str, Any] = {}
    variables: dict[Path, str] = {}

    def put(path: tuple[str, ...], value: Any, variable: str) -> None:
        _put(tree, path, value)
        variables[path] = variable

    for identifier in ids:
        row = rows.get(identifier)
        here = ("providers", identifier)
        keys = row["key_variables"] if row else [own_variable(identifier)]
        if variable := _first(keys, environment):
            put((*here, "api_key"), {"env": variable}, variable)
        if not row:
            continue
        if variable := _first(row["base_url_variables"], environment):
            put((*here, "base_url"), _reference(variable), variable)
        for placeholder in row["placeholders"]:
            if variable := _first(placeholder["variables"], environment):
                put((*here, placeholder["name"]), _reference(variable), variable)
        for header in row["headers"]:
            if variable := _first(header["variables"], environment):
                put((*here, "headers", header["name"]), {"env": variable}, variable)
    return Layer("environment", tree, variables=variables)


def own_variable(identifier: str) -> str:
    """The variable of the key of a provider that is not built in."""
    return f"{identifier.upper().replace('-', '_')}_API_KEY"


def _reference(variable: str) -> str:
    return "${" + variable + "}"


def _first(variables: list[str], environment: Mapping[str, str]) -> str | None:
    return next((variable for variable in variables if environment.get(variable)), None)


def _read(text: str, kind: str) -> Any:
    """A variable's text as what it stands for; text that stands for nothing fails validation."""
    if kind == "flag":
        return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}.get(text.lower(), text)
    try:
        return {"number": float, "count": int}.get(kind, str)(text)
    except ValueError:
        return text


def _put(tree: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for step in path[:-1]:
        tree = tree.setdefault(step, {})
    tree[path[-1]] = value


def prepared(layer: Layer) -> Layer:
    """`layer` with `timeout` as what it is short for.

    Raises:
        ConfigError: Something in it is wrong; the text names all of it, each with its place.
    """
    in_file = bool(layer.path)
    refuse([layer.said(problem) for problem in validation.problems(layer.tree, in_file=in_file)])
    if layer.tree.get("timeout") is None:
        return layer
    tree = {name: value for name, value in layer.tree.items() if name != "timeout"}
    tree["timeouts"] = {"total": layer.tree["timeout"], **(tree.get("timeouts") or {})}
    places = dict(layer.places)
    if ("timeout",) in places:
        places.setdefault(("timeouts", "total"), places["timeout",])
    return layer._replace(tree=tree, places=places)


class Merged(NamedTuple):
    """What all layers say together, and where each value came from."""

    tree: dict[str, Any]
    sources: dict[Path, tuple[Layer, Path]]

    def source(self, path: Path) -> Source:
        """Where the value at `path` came from."""
        found = self.sources.get(path)
        return found[0].source(found[1]) if found else Source("built-in")

    def said(self, path: Path, message: str) -> str:
        """`message` about the value at `path`, with its place in front."""
        near = path
        while near and near not in self.sources:
            near = near[:-1]
        problem = validation.Problem(path, message)
        if near:
            return self.sources[near][0].said(problem)
        for layer, known in self.sources.values():
            if known[: len(path)] == path:
                return layer.said(problem)
        return validation.described(problem)


def merge(layers: list[Layer]) -> Merged:
    """What `layers` say together, lowest first."""
    merged = Merged({}, {})
    for layer in layers:
        _merge(merged, merged.tree, layer, layer.tree, SCHEMA, ())
    return merged


def _merge(
    merged: Merged, into: dict[str, Any], layer: Layer, tree: Mapping[str, Any], field: Field, path: Path
) -> None:
    for name, value in tree.items():
        if value is None:
            continue
        inner = field.fields.get(name) or field.item
        here = (*path, name)
        if inner and inner.kind in ("section", "named", "texts", "secrets", "table") and isinstance(value, dict):
            # What is a table of ours is joined key by key; where a secret comes from is replaced as a whole.
            below = into.setdefault(name, {})
            if not value:
                merged.sources.setdefault(here, (layer, here))
            _merge(merged, below, layer, value, inner, here)
        else:
            into[name] = value
            merged.sources[here] = (layer, here)
