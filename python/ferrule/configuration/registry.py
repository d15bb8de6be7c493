"""Providers, aliases and models of a client, changed while it runs.

Each change is atomic: a call sees what was before or what is after, and one in flight keeps what it began with. What
is changed here wins over files, environment and arguments, also when those are read again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrule import configuration as _configuration
from ferrule.configuration import secrets
from ferrule.configuration.schema import at
from ferrule.configuration.words import nearest
from ferrule.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ferrule._native import NativeClient
    from ferrule.configuration import Configuration
    from ferrule.functions import Function, TokenProvider
    from ferrule.options import ProviderOptions

    Entry = ProviderOptions | Mapping[str, Any] | str


class Registry:
    """What a client knows by name: `providers`, `aliases` and `models`."""

    def __init__(self, configuration: Configuration, native: NativeClient, forget: Callable[[], None]) -> None:
        self._configuration = configuration
        self._native = native
        # What is remembered of providers may not be true any more.
        self._forget = forget
        self._functions: dict[str, Function] = {}
        self._tokens: dict[str, TokenProvider] = {}

    def __repr__(self) -> str:
        return f"Registry(providers={len(self.providers)}, aliases={len(self.aliases)}, models={len(self.models)})"

    @property
    def providers(self) -> Section:
        """Providers by id, the built-in ones among them."""
        return Section(self, "providers", self._change)

    @property
    def aliases(self) -> Section:
        """What names of models stand for."""
        return Section(self, "aliases", self._change)

    @property
    def models(self) -> Section:
        """Facts and prices of models by `provider/model`, as far as they were configured."""
        return Section(self, "models", self._change)

    def resolve(self, model: str | None = None) -> str:
        """The `provider/model` that is asked for a name, or for the default one.

        Raises:
            ConfigError: The name leads nowhere, or to several.
        """
        return "/".join(self._native.resolve(model))

    def reload(self) -> None:
        """Reads files and environment again. Providers that stay the same keep their connections.

        Raises:
            ConfigError: Something is wrong; all stays as it was.
        """
        with _configuration.changing:
            self._adopt(self._configuration.reload())

    @property
    def configuration(self) -> Configuration:
        """What the client's configuration says now."""
        return self._configuration

    def register_function(self, name: str, function: Function) -> None:
        """Adds a provider that is a function, or replaces the one of this name.

        Raises:
            ConfigError: There is a provider of this name that is no function.
        """
        with _configuration.changing:
            if name in self.providers and name not in self._functions:
                raise ConfigError(f"there is a provider {name!r} already; a function cannot replace it")
            self._functions[name] = function
            try:
                self._change("providers", name, {"base_url": "http://function.invalid", "dialect": "openai-chat"})
            except BaseException:
                del self._functions[name]
                raise

    def register_tokens(self, name: str, function: TokenProvider) -> None:
        """Has a function give the tokens for a provider.

        Raises:
            ConfigError: There is no such provider.
        """
        with _configuration.changing:
            identifier = self._native.provider(name)
            self._tokens[identifier] = function
            self._adopt(self._configuration)

    def _settings(self, configuration: Configuration) -> dict[str, Any]:
        settings = configuration.settings()
        if self._functions or self._tokens:
            from ferrule.functions import own_loop, starter, token_reader

            for provider in settings["providers"]:
                identifier = provider["id"]
                if function := self._functions.get(identifier):
                    provider["function"] = starter(identifier, function)
                    provider["own_loop"] = own_loop.bridge()
                if tokens := self._tokens.get(identifier):
                    provider["token_provider"] = token_reader(tokens)
        return settings

    def _change(self, section: str, name: str, value: Any) -> None:
        self._adopt(self._configuration.changed(section, name, value))

    def _adopt(self, other: Configuration) -> None:
        # The engine takes it or refuses it; only then do we.
        self._native.apply(self._settings(other), other.fetch)
        self._configuration = other
        self._forget()


class Section:
    """Entries by name. Reading gives copies, without secrets."""

    def __init__(self, registry: Registry, name: str, change: Callable[[str, str, Any], None]) -> None:
        self._registry = registry
        self._change = change
        self._name = name
        self._one = {"providers": "provider", "aliases": "alias", "models": "model"}[name]

    def __repr__(self) -> str:
        return f"Section({self._name}: {', '.join(self.list())})"

    def list(self) -> list[str]:
        """The names, in order."""
        return sorted(self._entries())

    def __iter__(self) -> Iterator[str]:
        return iter(self.list())

    def __len__(self) -> int:
        return len(self._entries())

    def __contains__(self, name: object) -> bool:
        return name in self._entries()

    def get(self, name: str) -> Any:
        """What `name` is: a copy, with `***` or where it comes from in place of each secret.

        Raises:
            ConfigError: There is no such entry.
        """
        return self._known(name)

    def register(self, name: str, entry: Entry) -> None:
        """Adds an entry.

        Raises:
            ConfigError: There is one of this name, or `entry` is not usable.
        """
        with _configuration.changing:
            if name in self:
                raise ConfigError(f"there is {self._article()} {name!r} already; `replace` replaces it")
            self._change(self._name, name, entry)

    def replace(self, name: str, entry: Entry) -> None:
        """Puts `entry` in the place of all that was said of `name` before. Of a built-in provider its row stays.

        Raises:
            ConfigError: There is none of this name, or `entry` is not usable.
        """
        with _configuration.changing:
            self._known(name)
            self._change(self._name, name, entry)

    def remove(self, name: str) -> None:
        """Takes an entry out. Calls in flight go on.

        Raises:
            ConfigError: There is none of this name, or an alias or the default model needs it.
        """
        with _configuration.changing:
            self._known(name)
            self._change(self._name, name, None)

    def _article(self) -> str:
        return f"{'an' if self._one == 'alias' else 'a'} {self._one}"

    def _entries(self) -> dict[str, Any]:
        state = self._registry.configuration.state
        entries = dict(state.merged.tree.get(self._name) or {})
        if self._name == "providers":
            entries = {identifier: {} for identifier in state.rows if identifier not in state.removed} | entries
        return entries

    def _known(self, name: str) -> Any:
        entries = self._entries()
        if name not in entries:
            raise ConfigError(f"there is no {self._one} {name!r}{nearest(name, entries)}")
        value = entries[name]
        if self._name != "providers":
            return dict(value) if isinstance(value, dict) else value
        row = self._registry.configuration.state.rows.get(name)
        described = {"name": row["name"], "dialect": row["dialect"], "base_url": row["base_url"]} if row else {}
        return described | masked(value)


def masked(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A provider's fields without what may be secret in them."""
    known = at(("providers", "")).fields
    shown: dict[str, Any] = {}
    for name, value in fields.items():
        kind = known[name].kind
        if kind == "secret":
            shown[name] = secrets.shown(value)
        elif kind == "secrets":
            shown[name] = {header: secrets.shown(item) for header, item in value.items()}
        elif name == "base_url":
            shown[name] = without_secrets(value)
        else:
            shown[name] = value
    return shown


def without_secrets(address: str) -> str:
    """An address without user, password and the values of its query."""
    if secrets.is_reference(address):
        return address
    address, mark, query = address.partition("?")
    scheme, slashes, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    address = f"{scheme}{slashes}{host.rpartition('@')[2]}{slash}{path}"
    names = [pair.partition("=")[0] for pair in query.split("&")] if mark else []
    return address + ("?" + "&".join(f"{name}=***" for name in names) if names else "")
