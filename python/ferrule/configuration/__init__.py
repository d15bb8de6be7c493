"""The configuration of a client: files, environment and arguments, and what is changed while it runs.

Python declares, the engine executes: here it is read, checked and put together (`layers.py`, after the schema in
`schema.py`), and becomes the engine's settings (`settings.py`). Loaded when a client is made.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from ferrule._native import check_names, dialects
from ferrule.configuration import files, layers, providers, settings
from ferrule.configuration.secrets import Vault
from ferrule.configuration.words import nearest
from ferrule.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrule.configuration.layers import Layer, Merged
    from ferrule.configuration.providers import Row
    from ferrule.configuration.settings import ProviderSettings

SECTIONS = ("providers", "aliases", "models")

changing = threading.RLock()
"""Held while a client's configuration is changed. One for all: changes are rare."""


def _new_lock() -> None:
    # The parent's thread that held it does not exist in a child.
    global changing
    changing = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_lock)


class State(NamedTuple):
    """What a configuration says at a time. Never changed: another one takes its place."""

    read: tuple[files.File, ...]
    """The files it was read from."""
    layers: tuple[Layer, ...]
    merged: Merged
    rows: dict[str, Row]
    removed: set[str]
    vault: Vault


class Configuration:
    """Where a client's configuration comes from, and what it says now."""

    def __init__(
        self,
        config: Any = None,
        arguments: Mapping[str, Any] | None = None,
        *,
        _changes: dict[str, dict[str, Any]] | None = None,
        _fetched: frozenset[str] | set[str] = frozenset(),
        _before: State | None = None,
    ) -> None:
        """Reads the configuration.

        Args:
            config: The file to read instead of the user's and the project's; a dict in its place; `False` for none.
            arguments: What the caller says, over all else.

        Raises:
            ConfigError: Something is wrong; the text names all of it, each with file, line and key.
        """
        self._config = os.fspath(config) if isinstance(config, os.PathLike) else config
        if self._config is not None and self._config is not False and not isinstance(self._config, (str, dict)):
            raise ConfigError(f"config: expected a path, a dict, False or None, not {type(config).__name__}")
        self._arguments = dict(arguments or {})
        self._changes: dict[str, dict[str, Any]] = _changes or {section: {} for section in SECTIONS}
        self._fetched: set[str] = set(_fetched)
        if _before is None:
            self.state = self._read()
        else:
            self.state = self._state(_before.read, list(_before.layers), self._changes, _before.vault)

    def found(self) -> list[files.File]:
        """The files that are read now, lowest first."""
        if isinstance(self._config, str):
            return [files.File("project", self._config)]
        return files.find(os.environ) if self._config is None else []

    def _read(self) -> State:
        found = self.found()
        read: list[Layer] = []
        texts: list[str] = []

        def take(make: Any) -> None:
            try:
                read.append(make())
            except ConfigError as error:
                texts.append(error.message)

        for file in found:
            take(lambda file=file: layers.prepared(layers.of_file(file)))
        if isinstance(self._config, dict):
            given = self._config
            take(lambda: layers.prepared(layers.Layer("config", given)))
        arguments = layers.Layer("arguments", self._arguments)
        take(lambda: layers.prepared(layers.of_variables(os.environ)))
        take(lambda: layers.prepared(arguments))
        layers.refuse(texts)
        return self._state(tuple(found), read, self._changes, Vault(os.environ))

    def _state(
        self, found: tuple[files.File, ...], read: list[Layer], changes: dict[str, dict[str, Any]], vault: Vault
    ) -> State:
        """What the layers say, with the providers' own variables and the changes made at run time."""
        rows = providers.rows()
        ids = list(rows)
        for layer in read:
            ids += [name for name in layer.tree.get("providers") or {} if name not in rows]
        ids += [name for name in changes["providers"] if name not in rows]
        changed = layers.Layer("registry", {name: _present(changes[name]) for name in SECTIONS if changes[name]})
        variables = layers.of_provider_variables(rows, ids, os.environ)
        merged = layers.merge([*read[:-1], variables, read[-1]])
        for section in SECTIONS:
            _forget(merged, section, set(changes[section]))
        replaced = layers.merge([changed])
        for section, values in replaced.tree.items():
            merged.tree.setdefault(section, {}).update(values)
        merged.sources.update(replaced.sources)
        removed = {name for name, value in changes["providers"].items() if value is None}
        state = State(found, tuple(read), merged, rows, removed, vault)
        layers.refuse(list(dict.fromkeys(_contradictions(state))))
        names = self._settings(state, set())
        layers.refuse(
            [
                merged.said(("aliases", alias) if alias is not None else ("model",), _without_prefix(message))
                for alias, message in check_names(names)
            ]
        )
        return state

    def _settings(self, state: State, fetched: set[str]) -> dict[str, Any]:
        return settings.of_client(state.merged, state.rows, state.removed, state.vault, fetched)

    def settings(self) -> dict[str, Any]:
        """The engine's settings. Secrets in files and commands are in it for the providers that were used."""
        return self._settings(self.state, self._fetched)

    def providers(self) -> dict[str, dict[str, Any]]:
        """What is said of providers beyond their rows, by id."""
        return dict(self.state.merged.tree.get("providers") or {})

    def usable(self) -> list[str]:
        """The ids of the providers that can be called, as far as is known without asking them."""
        return sorted(one["id"] for one in self.settings()["providers"] if one["configured"] and not one["missing"])

    def fetch(self, provider: str) -> ProviderSettings:
        """The settings of one provider with its secrets, which it is used for now.

        Raises:
            ConfigError: A secret cannot be had; the text says from where.
        """
        state = self.state
        found = settings.of_provider(state.merged, provider, state.rows.get(provider), state.vault, fetch=True)
        if found["missing"]:
            raise ConfigError(found["missing"])
        self._fetched.add(provider)
        return found

    def reload(self) -> Configuration:
        """The same configuration, read again. This one stays as it is."""
        return Configuration(self._config, self._arguments, _changes=self._changes, _fetched=self._fetched)

    def changed(self, section: str, name: str, value: Any) -> Configuration:
        """The same configuration with one entry replaced, or with `None` removed. This one stays as it is."""
        changes = {known: dict(entries) for known, entries in self._changes.items()}
        changes[section][name] = value
        layers.prepared(layers.Layer("registry", {section: {name: value}}))
        fetched = self._fetched - {name} if section == "providers" else self._fetched
        return Configuration(self._config, self._arguments, _changes=changes, _fetched=fetched, _before=self.state)


def _present(entries: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entries.items() if value is not None}


def _forget(merged: Merged, section: str, names: set[str]) -> None:
    """Takes `names` out of what the layers below say."""
    if not names:
        return
    entries = merged.tree.get(section) or {}
    for name in names:
        entries.pop(name, None)
    for path in [path for path in merged.sources if path[0] == section and path[1:2] and path[1] in names]:
        del merged.sources[path]


def _without_prefix(message: str) -> str:
    return message.removeprefix("model: ")


def _contradictions(state: State) -> list[str]:
    """What is wrong with providers beyond the types of their keys."""
    texts: list[str] = []
    merged = state.merged
    known = dialects()
    for identifier, fields in (merged.tree.get("providers") or {}).items():
        path = ("providers", identifier)
        if not identifier or any(mark in identifier for mark in "/:* "):
            texts.append(f"providers: {identifier[:80]!r} is not an id; use letters, digits, `-` and `_`")
            continue
        dialect = fields.get("dialect")
        if dialect and dialect not in known:
            hint = nearest(dialect, known) or f"; there are {', '.join(known)}"
            texts.append(merged.said((*path, "dialect"), f"there is no dialect {dialect[:80]!r}{hint}"))
        fallback = fields.get("fallback")
        if fallback and (fallback == identifier or fallback not in {**state.rows, **merged.tree["providers"]}):
            hint = nearest(fallback, {**state.rows, **merged.tree["providers"]})
            texts.append(merged.said((*path, "fallback"), f"there is no other provider {fallback[:80]!r}{hint}"))
        if not fields.get("base_url") and identifier not in state.rows:
            hint = nearest(identifier, state.rows) if not fields.keys() & {"base_url", "dialect"} else ""
            message = f"`base_url` is missing, for instance http://localhost:8000/v1{hint}"
            texts.append(merged.said(path, message))
    return texts
