"""Registry: what a client is configured with by name, to read and to change while the client runs.

What is changed here wins over files, environment and arguments, also when those are read again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Union

from ferrule.configuration import api_keys, secrets
from ferrule.configuration.live import lock
from ferrule.configuration.schema import at
from ferrule.configuration.suggestions import suggestion
from ferrule.errors import ConfigError
from ferrule.limit_options import BudgetOptions, LimitOptions
from ferrule.options import GroupOptions, ProviderOptions

if TYPE_CHECKING:
    from ferrule.configuration.live import LiveConfiguration

Entry = Union[ProviderOptions, GroupOptions, LimitOptions, BudgetOptions, Mapping[str, Any], str]  # noqa: UP007 - also at run time, on Python 3.10


class Registry:
    """A client's `providers`, `aliases`, `groups` and `models` by name."""

    def __init__(self, live: LiveConfiguration) -> None:
        self._live = live

    def __repr__(self) -> str:
        return f"Registry(providers={len(self.providers)}, aliases={len(self.aliases)}, models={len(self.models)})"

    @property
    def providers(self) -> RegistrySection:
        """Providers by id, the built-in ones included."""
        return RegistrySection(self._live, "providers")

    @property
    def aliases(self) -> RegistrySection:
        """Model names by alias."""
        return RegistrySection(self._live, "aliases")

    @property
    def groups(self) -> RegistrySection:
        """Groups of models by name."""
        return RegistrySection(self._live, "groups")

    @property
    def limits(self) -> RegistrySection:
        """Rate limits by name. What was counted stays when one is replaced."""
        return RegistrySection(self._live, "limits")

    @property
    def budgets(self) -> RegistrySection:
        """Budgets by name. What was spent stays when one is replaced."""
        return RegistrySection(self._live, "budgets")

    @property
    def models(self) -> RegistrySection:
        """Your own facts and prices of models, by `provider/model`."""
        return RegistrySection(self._live, "models")

    @property
    def default_model(self) -> str | None:
        """The model that is called where a call names none; `None` where none is configured."""
        return self._live.configuration.default_model()

    def usable_providers(self) -> list[str]:
        """The ids of the providers that can be called, in order. No request is made.

        Those are the providers that have a key, and those that need none and are configured.
        """
        return self._live.configuration.usable()

    def files(self) -> list[str]:
        """The paths of the configuration files in use, lowest priority first."""
        return [file.path for file in self._live.configuration.found()]

    def watched(self) -> list[str]:
        """The paths of everything that the configuration depends on: those files, and the records of trust in them."""
        return self._live.configuration.watched()

    def resolve(self, model: str | None = None) -> str:
        """The `provider/model` that is called for a name.

        Args:
            model: An alias, a bare name, or `provider/model`; the default model where `None`.

        Raises:
            ConfigError: The name matches no provider's model, or several providers'.
        """
        return "/".join(self._live.resolve(model))

    def reload(self) -> None:
        """Reads files and environment again. Providers that stay the same keep their connections.

        Raises:
            ConfigError: Something is wrong; nothing changes.
        """
        self._live.reload()


class RegistrySection:
    """The entries of one section by name. Reading gives copies, without secrets."""

    def __init__(self, live: LiveConfiguration, name: str) -> None:
        self._live = live
        self._name = name
        self._kind = {"aliases": "alias"}.get(name, name.removesuffix("s"))

    def __repr__(self) -> str:
        return f"RegistrySection({self._name}: {', '.join(self.list())})"

    def list(self) -> list[str]:
        """The names, in order."""
        return sorted(self._entries())

    def __iter__(self) -> Iterator[str]:
        return iter(self.list())

    def __len__(self) -> int:
        return len(self._entries())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._spelled(name) in self._entries()

    def get(self, name: str) -> Any:
        """The entry called `name`: a copy, with `***` or the place it comes from instead of each secret.

        Raises:
            ConfigError: There is no such entry.
        """
        return self._known(name)

    def register(self, name: str, entry: Entry) -> None:
        """Adds an entry.

        Args:
            name: The provider's id, the model as `provider/model`, or the name of an alias, group, limit or budget.
            entry: A provider's options, the model that an alias stands for, the options of a group, limit or budget,
                or a model's facts and prices.

        Raises:
            ConfigError: There is one of this name, or `entry` is not usable.
        """
        with lock():
            if self._live.configuration.spelled(self._name, name, entry) in self._entries():
                article = "an" if self._kind == "alias" else "a"
                raise ConfigError(f"there is already {article} {self._kind} {name!r}; `replace` replaces it")
            self._live.change(self._name, name, entry)

    def replace(self, name: str, entry: Entry) -> None:
        """Replaces everything that was configured for `name` by `entry`. A built-in provider keeps its defaults.

        Raises:
            ConfigError: There is none of this name, or `entry` is not usable.
        """
        with lock():
            self._known(name)
            self._live.change(self._name, self._spelled(name), entry)

    def remove(self, name: str) -> None:
        """Removes an entry. Calls in flight go on.

        Raises:
            ConfigError: There is none of this name, or an alias or the default model needs it.
        """
        with lock():
            self._known(name)
            self._live.change(self._name, self._spelled(name), None)

    def _entries(self) -> dict[str, Any]:
        configuration = self._live.configuration
        entries = configuration.section(self._name)
        if self._name == "providers":
            entries = {identifier: {} for identifier in configuration.provider_ids()} | entries
        return entries

    def _spelled(self, name: str) -> str:
        return self._live.configuration.spelled(self._name, name)

    def _known(self, name: str) -> Any:
        entries = self._entries()
        name = self._spelled(name)
        if name not in entries:
            raise ConfigError(f"there is no {self._kind} {name!r}{suggestion(name, entries)}")
        value = entries[name]
        if self._name == "groups":
            return masked_group(value)
        if self._name != "providers":
            return dict(value) if isinstance(value, dict) else value
        row = self._live.configuration.row(name)
        described = {"name": row["name"], "dialect": row["dialect"], "base_url": row["base_url"]} if row else {}
        return described | masked(value)


def masked_group(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A group's fields, without the secrets of its targets' providers."""
    targets = [
        {**target, "provider": masked(target["provider"])}
        if isinstance(target, dict) and target.get("provider")
        else target
        for target in fields.get("targets") or ()
    ]
    return {**fields, "targets": targets}


def masked(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A provider's fields without their secrets."""
    known = at(("providers", "")).fields
    shown: dict[str, Any] = {}
    for name, value in fields.items():
        kind = known[name].kind
        if kind == "secret":
            shown[name] = secrets.shown(value)
        elif kind == "keys":
            shown[name] = [
                {"key": secrets.shown(key), "weight": weight} for key, weight in api_keys.read({name: value})
            ]
        elif kind == "secrets":
            shown[name] = {header: secrets.shown(item) for header, item in value.items()}
        elif name == "base_url":
            shown[name] = without_secrets(value)
        elif name == "command":
            # Arguments may be secrets.
            shown[name] = [word if place == 0 else "***" for place, word in enumerate(value)]
        else:
            shown[name] = value
    return shown


def without_secrets(address: str) -> str:
    """A URL without user, password and the values of its query."""
    if secrets.is_reference(address):
        return address
    address, mark, query = address.partition("?")
    scheme, slashes, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    address = f"{scheme}{slashes}{host.rpartition('@')[2]}{slash}{path}"
    names = [pair.partition("=")[0] for pair in query.split("&")] if mark else []
    return address + ("?" + "&".join(f"{name}=***" for name in names) if names else "")
