"""Configuration layers: one for each source, merged by priority.

Layers with a higher priority win key by key; every value of the result knows the layer it came from.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from ferrule.configuration import api_keys, files, trust, untrusted, validation
from ferrule.configuration.providers import is_id, spelled, spelled_model
from ferrule.configuration.schema import GROUP_VARIABLE, SCHEMA, VARIABLES, Field, at
from ferrule.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrule.configuration.providers import Row

Path = tuple["str | int", ...]


class Source(NamedTuple):
    """The source of a value.

    Attributes:
        layer: `built-in`, `user`, `project`, `environment`, `arguments` or `registry`.
        where: The file, or the environment variable; empty for the other layers.
        line: The line in the file, from 1.
    """

    layer: str
    where: str = ""
    line: int | None = None

    def __str__(self) -> str:
        if self.line is not None:
            return f"{self.where}:{self.line}"
        return self.where or self.layer


class Layer(NamedTuple):
    """The values of one source."""

    name: str
    tree: dict[str, Any]
    path: str = ""
    """The file."""
    places: Mapping[Any, tuple[int, int]] = MappingProxyType({})
    variables: Mapping[Any, str] = MappingProxyType({})
    """The environment variables, by the paths of their values."""
    digest: str = ""
    """The digest of the file's content, for a file that was found."""
    trusted: bool = True
    """Whether all of its values may have an effect."""
    ignored: tuple[Path, ...] = ()
    """The paths of the values that have none, as the file is not trusted."""

    def source(self, path: Path) -> Source:
        """The source of the value at `path`."""
        if self.path:
            place = self.place(path)
            return Source(self.name, self.path, place[0] if place else None)
        return Source(self.name, self.variables.get(path, ""))

    def place(self, path: Path) -> tuple[int, int] | None:
        """Line and column of the key at `path`, or of the closest key around it."""
        while path:
            if path in self.places:
                return self.places[path]
            path = path[:-1]
        return None

    def described(self, problem: validation.Problem) -> str:
        """`problem` in words, with its place in front."""
        text = validation.described(problem)
        if self.path:
            place = self.place(problem.place)
            return ":".join([self.path, *map(str, place or ())]) + f": {text}"
        path = problem.path
        while path and path not in self.variables:
            path = path[:-1]
        if variable := self.variables.get(path):
            return f"{variable}: {problem.message}"
        return text


def refuse(problems: list[str]) -> None:
    """Raises one error for all of `problems`, where there are any."""
    if problems:
        raise ConfigError("\n".join(problems))


def file_layer(file: files.File, *, as_trusted: bool = False) -> Layer:
    """The layer of a file.

    Args:
        file: The file.
        as_trusted: Whether all of it counts although it may not be trusted: for checks only.

    Raises:
        ConfigError: It cannot be read.
    """
    parsed = files.read(file)
    layer = Layer(file.layer, parsed.tree, file.path, parsed.places)
    if not file.is_found:
        return layer
    digest = trust.digest(parsed.content)
    return layer._replace(digest=digest, trusted=as_trusted or trust.is_trusted(file.path, digest))


def variable_layer(environment: Mapping[str, str]) -> Layer:
    """The layer of the environment variables that begin with `FERRULE_`."""
    tree: dict[str, Any] = {}
    variables: dict[Path, str] = {}
    for variable, path in VARIABLES.items():
        text = environment.get(variable)
        if text:
            _put(tree, path, _read(text, at(path).kind))
            variables[path] = variable
    for variable, text in environment.items():
        if variable.startswith(GROUP_VARIABLE) and text and (name := variable.removeprefix(GROUP_VARIABLE).lower()):
            _put(tree, ("groups", name, "targets"), [model.strip() for model in text.split(",") if model.strip()])
            variables["groups", name, "targets"] = variable
    return Layer("environment", tree, variables=variables)


def provider_variable_layer(rows: Mapping[str, Row], ids: list[str], environment: Mapping[str, str]) -> Layer:
    """The layer of the providers' own environment variables. Keys are not read, only the names of their variables."""
    tree: dict[str, Any] = {}
    variables: dict[Path, str] = {}

    def put(path: tuple[str, ...], value: Any, variable: str) -> None:
        _put(tree, path, value)
        variables[path] = variable

    for identifier in ids:
        row = rows.get(identifier)
        here = ("providers", identifier)
        keys = row["key_variables"] if row else [own_variable(identifier)]
        if variable := _first([api_keys.variable(key) for key in keys], environment):
            put((*here, "api_keys"), api_keys.references(variable, environment[variable]), variable)
        elif variable := _first(keys, environment):
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
    """A variable's text as a value of `kind`; text that cannot be read is kept, and fails validation."""
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
    """`layer`, checked, without what an untrusted file may not set, and with `timeout` written out as `timeouts.total`.

    Raises:
        ConfigError: Something in it is wrong; the message lists every problem with its place.
    """
    in_file = bool(layer.path)
    if not layer.trusted and isinstance(layer.tree, dict):
        kept, ignored = untrusted.restricted(layer.tree)
        layer = layer._replace(tree=kept, ignored=tuple(ignored))
    refuse([layer.described(problem) for problem in validation.problems(layer.tree, in_file=in_file)])
    if layer.tree.get("timeout") is None:
        return layer
    tree = {name: value for name, value in layer.tree.items() if name != "timeout"}
    tree["timeouts"] = {"total": layer.tree["timeout"], **(tree.get("timeouts") or {})}
    places = dict(layer.places)
    if ("timeout",) in places:
        places.setdefault(("timeouts", "total"), places["timeout",])
    return layer._replace(tree=tree, places=places)


class Merged(NamedTuple):
    """The result of merging layers, and where each value came from."""

    tree: dict[str, Any]
    sources: dict[Path, tuple[Layer, Path]]

    def source(self, path: Path) -> Source:
        """Where the value at `path` came from."""
        found = self.sources.get(path)
        return found[0].source(found[1]) if found else Source("built-in")

    def described(self, path: Path, message: str) -> str:
        """`message` about the value at `path`, with its place in front."""
        near = path
        while near and near not in self.sources:
            near = near[:-1]
        problem = validation.Problem(path, message)
        if near:
            return self.sources[near][0].described(problem)
        for layer, known in self.sources.values():
            if known[: len(path)] == path:
                return layer.described(problem)
        return validation.described(problem)


def merge(layers: list[Layer], own: list[str]) -> Merged:
    """Merges `layers`, lowest priority first. Providers go by their ids, however they are spelled.

    Args:
        layers: The layers.
        own: The ids of the user's own providers.

    Raises:
        ConfigError: A layer names one provider twice.
    """
    merged = Merged({}, {})
    for layer in layers:
        _refuse_twins(layer, own)
        _merge(merged, merged.tree, layer, layer.tree, SCHEMA, (), (), own)
    return merged


def own_providers(layers: list[Layer]) -> list[str]:
    """The ids of the user's own providers in `layers`. One that has the alias of a built-in one has an address, too."""
    own: list[str] = []
    for layer in layers:
        for name, fields in (layer.tree.get("providers") or {}).items():
            has_address = isinstance(fields, dict) and bool(fields.get("base_url"))
            if not is_id(name, own) and (has_address or spelled(name, own) == name):
                own.append(name)
    return own


def _refuse_twins(layer: Layer, own: list[str]) -> None:
    seen: dict[str, str] = {}
    problems: list[str] = []
    for name in layer.tree.get("providers") or {}:
        other = seen.setdefault(spelled(name, own), name)
        if other != name:
            problem = validation.Problem(("providers", name), f"is the same provider as `{other}`; keep one of them")
            problems.append(layer.described(problem))
    refuse(problems)


def _merge(
    merged: Merged,
    into: dict[str, Any],
    layer: Layer,
    tree: Mapping[str, Any],
    field: Field,
    path: Path,
    written: Path,
    own: list[str],
) -> None:
    """Merges `tree`, which is at `path`, and in its own layer at `written`."""
    for key, value in tree.items():
        if value is None:
            continue
        name = spelled(key, own) if path == ("providers",) else spelled_model(key, own) if path == ("models",) else key
        inner = field.fields.get(name) or field.item
        here, there = (*path, name), (*written, key)
        if inner and inner.kind in ("section", "named", "texts", "secrets", "table") and isinstance(value, dict):
            # Tables of the schema are merged key by key; a reference to a secret is replaced as a whole.
            below = into.setdefault(name, {})
            if not value:
                merged.sources.setdefault(here, (layer, there))
            _merge(merged, below, layer, value, inner, here, there, own)
        else:
            if path[:1] == ("providers",) and len(path) == 2 and (other := api_keys.ONE_OR_SEVERAL.get(name)):
                if layer.name == "environment" and name == "api_key" and other in into:
                    # The provider's usual variable: it may well be one of the keys that are listed.
                    continue
                into.pop(other, None)
                merged.sources.pop((*path, other), None)
            into[name] = value
            merged.sources[here] = (layer, there)
