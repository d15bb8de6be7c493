"""Configuration of a client: files, environment and arguments, read, checked and merged.

Merged by priority (`layers.py`, by the schema in `schema.py`), it becomes the engine's settings (`settings.py`).
Loaded when a client is made. A `Configuration` never changes: another one replaces it (`live.py`).
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ferrule._native import dialects
from ferrule.configuration import addresses, files, groups, layers, limits, names, providers, settings, trust, untrusted
from ferrule.configuration.secrets import Vault
from ferrule.configuration.state import State
from ferrule.configuration.suggestions import suggestion
from ferrule.errors import ConfigError
from ferrule.greenlets import in_hub

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ferrule.configuration.layers import Layer, Merged, Path, Source
    from ferrule.configuration.providers import Row
    from ferrule.configuration.settings import FetchedKey, ProviderSettings

    Changes = dict[str, dict[str, Any]]

SECTIONS = ("providers", "aliases", "groups", "models", "limits", "budgets")
"""What can be changed while a client runs."""


class _Origin(NamedTuple):
    """Where a configuration comes from: the caller's arguments, and what was changed since."""

    config: Any
    arguments: Mapping[str, Any]
    changes: Changes
    as_trusted: bool
    """Whether files count in full although they may not be trusted."""


class Configuration:
    """What a client is configured with, and the sources that it was read from. `Configuration.read` makes one."""

    def __init__(self, origin: _Origin, state: State) -> None:
        self._origin = origin
        self.state = state

    @classmethod
    def read(
        cls, config: Any = None, arguments: Mapping[str, Any] | None = None, *, as_trusted: bool = False
    ) -> Configuration:
        """Reads the configuration.

        Args:
            config: The file to read instead of the user's and the project's; a dict instead of a file; `False` for no
                file.
            arguments: The caller's own values; they have priority over everything else.
            as_trusted: Whether a file counts in full although it is not trusted. For checks only, never for calls.

        Raises:
            ConfigError: Something is wrong; the message lists every problem with file, line and key.
        """
        config = os.fspath(config) if isinstance(config, os.PathLike) else config
        if config is not None and config is not False and not isinstance(config, (str, dict)):
            raise ConfigError(f"config: expected a path, a dict, False or None, not {type(config).__name__}")
        origin = _Origin(config, dict(arguments or {}), {section: {} for section in SECTIONS}, as_trusted)
        return cls(origin, _read(origin))

    def reload(self) -> Configuration:
        """The same configuration, read again. This one stays as it is.

        Raises:
            ConfigError: Something is wrong; the message lists every problem with file, line and key.
        """
        return Configuration(self._origin, _read(self._origin))

    def changed(self, section: str, name: str, value: Any) -> Configuration:
        """The same configuration with one entry replaced, or removed where `value` is `None`. This one stays as it is.

        Args:
            section: One of `SECTIONS`.
            name: The entry's name.
            value: The entry.

        Raises:
            ConfigError: The entry is not usable.
        """
        changes = {known: dict(entries) for known, entries in self._origin.changes.items()}
        name = self.spelled(section, name, value)
        changes[section][name] = value
        layers.prepared(layers.Layer("registry", {section: {name: value}}))
        state = _merged_state(self.state.read, list(self.state.layers), changes, self.state.vault)
        return Configuration(self._origin._replace(changes=changes), state)

    def found(self) -> list[files.File]:
        """The configuration files that exist now, lowest priority first."""
        return _found(self._origin.config)

    def watched(self) -> list[str]:
        """The paths of the files that it depends on: those that exist now, and the records of trust in them."""
        found = self.found()
        records = [trust.record(file.path) for file in found if file.is_found]
        return [file.path for file in found] + [record for record in records if record]

    def section(self, name: str) -> dict[str, Any]:
        """The configured entries of one of `SECTIONS`, by name."""
        return dict(self.state.merged.tree.get(name) or {})

    def providers(self) -> dict[str, dict[str, Any]]:
        """What is configured for providers, by id; built-in ones that nothing is configured for are left out."""
        return self.section("providers")

    def models(self) -> dict[str, Mapping[str, Any]]:
        """The configured facts and prices of models, by `provider/model`."""
        return self.section("models")

    def default_model(self) -> str | None:
        """The model that is called where a call names none."""
        return self.state.merged.tree.get("model")

    def provider_ids(self) -> list[str]:
        """The ids of all providers, the built-in ones first."""
        configured = [identifier for identifier in self.providers() if identifier not in self.state.rows]
        return [identifier for identifier in self.state.rows if identifier not in self.state.removed] + configured

    def spelled(self, section: str, name: str, entry: Any = None) -> str:
        """The name of an entry of one of `SECTIONS` as it is kept: with the id of the provider that it means.

        Args:
            section: One of `SECTIONS`.
            name: The name.
            entry: What is put there. A provider with an address may take the alias of a built-in one.
        """
        if section in ("aliases", "groups", "limits", "budgets"):
            return name
        own = [identifier for identifier in self.provider_ids() if identifier not in self.state.rows]
        if section == "models":
            return providers.spelled_model(name, own)
        is_new = isinstance(entry, dict) and entry.get("base_url") and not providers.is_id(name, own)
        return name if is_new else providers.spelled(name, own)

    def row(self, provider: str) -> Row | None:
        """The built-in row of a provider; `None` for one of the user's own."""
        return self.state.rows.get(provider)

    def source(self, path: Path) -> Source:
        """Where the value at `path` comes from."""
        return self.state.merged.source(path)

    def is_declared(self, provider: str) -> bool:
        """Whether a provider is mentioned by anything but the environment."""
        return settings.is_declared(self.state.merged, provider)

    def usable(self) -> list[str]:
        """The ids of the providers that can be called, as far as is known without a request."""
        return sorted(one["id"] for one in self.settings()["providers"] if one["configured"] and not one["missing"])

    def settings(self) -> dict[str, Any]:
        """The engine's settings, without secrets from files and commands: the engine asks `fetch` for those."""
        return self.state.settings()

    def fetch(self, provider: str, refused: bool = False, key: int | None = None) -> ProviderSettings | FetchedKey:
        """The settings of one provider with its secrets, when they are first needed.

        Args:
            provider: Its id, or the name of a variant (`groups.py`).
            refused: Whether the provider refused what was fetched before: files and commands are read again.
            key: Which of several keys is needed, and nothing else; counted from 0.

        Raises:
            ConfigError: A secret cannot be read; the message says from where.
        """
        state = self.state
        if refused:
            state.vault.forget()
        variant = groups.read(state.merged).variants.get(provider) if "@" in provider else None
        if key is not None:
            merged, identifier = (variant.merged, variant.provider) if variant else (state.merged, provider)
            return in_hub(settings.fetched_key, merged, identifier, state.rows.get(identifier), state.vault, key)
        if variant:
            found = in_hub(settings.variant_settings, variant, state.rows, state.vault, fetch=True)
        else:
            row = state.rows.get(provider)
            found = in_hub(settings.provider_settings, state.merged, provider, row, state.vault, fetch=True)
        if found["missing"]:
            raise ConfigError(found["missing"])
        return found


def _found(config: Any) -> list[files.File]:
    if isinstance(config, str):
        return [files.File("project", config)]
    return files.find(os.environ) if config is None else []


def _read(origin: _Origin) -> State:
    """Reads every source."""
    found = _found(origin.config)
    sources: list[Callable[[], Layer]] = [
        partial(layers.file_layer, file, as_trusted=origin.as_trusted) for file in found
    ]
    if isinstance(origin.config, dict):
        sources.append(lambda: layers.Layer("config", origin.config))
    sources.append(lambda: layers.variable_layer(os.environ))
    sources.append(lambda: layers.Layer("arguments", dict(origin.arguments)))
    read: list[Layer] = []
    problems: list[str] = []
    for source in sources:
        try:
            read.append(layers.prepared(source()))
        except ConfigError as error:  # noqa: PERF203 - all problems are reported, not only the first
            problems.append(error.message)
    layers.refuse(problems)
    vault = Vault(os.environ)
    read = names.leading_somewhere(read, lambda kept: _merged(tuple(found), kept, origin.changes, vault))
    for layer in read:
        if layer.ignored:
            untrusted.warn(layer.path, layer.digest, list(layer.ignored))
    return _merged_state(tuple(found), read, origin.changes, vault)


def _merged_state(found: tuple[files.File, ...], read: list[Layer], changes: Changes, vault: Vault) -> State:
    """Merges all sources, and checks the result."""
    state = _merged(found, read, changes, vault)
    layers.refuse(list(dict.fromkeys(_contradictions(state))))
    layers.refuse([state.merged.described(path, message) for path, message in groups.problems(state.merged)])
    layers.refuse([state.merged.described(path, message) for path, message in limits.problems(state.merged)])
    layers.refuse([state.merged.described(path, message) for path, message in names.problems(state)])
    return state


def _merged(found: tuple[files.File, ...], read: list[Layer], changes: Changes, vault: Vault) -> State:
    """Merges what was read with the providers' own variables and the changes at run time."""
    rows = providers.rows()
    changed = layers.Layer("registry", {name: _present(changes[name]) for name in SECTIONS if changes[name]})
    own = layers.own_providers([*read, changed])
    own += [name for name in changes["providers"] if name not in rows and name not in own]
    variables = layers.provider_variable_layer(rows, [*rows, *own], os.environ)
    merged = layers.merge([*read[:-1], variables, read[-1]], own)
    for section in SECTIONS:
        _forget(merged, section, set(changes[section]))
    replaced = layers.merge([changed], own)
    for section, values in replaced.tree.items():
        merged.tree.setdefault(section, {}).update(values)
    merged.sources.update(replaced.sources)
    removed = {name for name, value in changes["providers"].items() if value is None}
    return State(found, tuple(read), merged, rows, removed, vault)


def _present(entries: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entries.items() if value is not None}


def _forget(merged: Merged, section: str, names: set[str]) -> None:
    """Removes `names` from what the lower layers say."""
    if not names:
        return
    entries = merged.tree.get(section) or {}
    for name in names:
        entries.pop(name, None)
    for path in [path for path in merged.sources if path[0] == section and path[1:2] and path[1] in names]:
        del merged.sources[path]


def _contradictions(state: State) -> list[str]:
    """What is wrong with providers beyond the types of their keys."""
    problems: list[str] = []
    merged = state.merged
    known = dialects()
    for identifier, fields in (merged.tree.get("providers") or {}).items():
        path = ("providers", identifier)
        if not identifier or any(mark in identifier for mark in "/:* "):
            problems.append(f"providers: {identifier[:80]!r} is not a valid id; use letters, digits, `-` and `_`")
            continue
        dialect = fields.get("dialect")
        if dialect and dialect not in known:
            hint = suggestion(dialect, known) or f"; there are {', '.join(known)}"
            problems.append(merged.described((*path, "dialect"), f"there is no dialect {dialect[:80]!r}{hint}"))
        address = fields.get("base_url")
        if address and "${" not in address and not addresses.has_scheme(address):
            problems.append(merged.described((*path, "base_url"), addresses.NO_SCHEME))
        fallback = fields.get("fallback")
        if fallback == "none":
            fallback = None
        if fallback:
            fallback = providers.spelled(fallback, merged.tree["providers"])
        if fallback and (fallback == identifier or fallback not in {**state.rows, **merged.tree["providers"]}):
            hint = suggestion(fallback, {**state.rows, **merged.tree["providers"]})
            problems.append(
                merged.described((*path, "fallback"), f"there is no other provider {fallback[:80]!r}{hint}")
            )
        if not fields.get("base_url") and identifier not in state.rows:
            hint = suggestion(identifier, state.rows) if not fields.keys() & {"base_url", "dialect"} else ""
            message = f"`base_url` is missing, for instance http://localhost:8000/v1{hint}"
            problems.append(merged.described(path, message))
    return problems
