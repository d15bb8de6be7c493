"""Live configuration: what a client is configured with now, and how it is replaced while the client runs.

Each change is atomic: a call sees what was before or what is after, and one in flight keeps what it began with.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from ferrule.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ferrule._native import NativeClient
    from ferrule.configuration import Configuration
    from ferrule.functions import ProviderFunction, TokenFunction

_lock = threading.RLock()


def _renew_lock() -> None:
    # In a forked child the parent's thread that held it does not exist.
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


def lock() -> threading.RLock:
    """Held while a client's configuration is changed. There is one for all clients, as changes are rare."""
    return _lock


class LiveConfiguration:
    """A client's configuration, its functions, and the engine that executes them.

    Args:
        configuration: What the client is configured with at first.
        native: The client's engine.
        on_change: Called after each change.
    """

    def __init__(self, configuration: Configuration, native: NativeClient, on_change: Callable[[], None]) -> None:
        self._configuration = configuration
        self._native = native
        self._on_change = on_change
        self._functions: dict[str, ProviderFunction] = {}
        self._tokens: dict[str, TokenFunction] = {}
        self._of_keys: dict[str, TokenFunction] = {}

    @property
    def configuration(self) -> Configuration:
        """What the client is configured with now."""
        return self._configuration

    def resolve(self, model: str | None) -> tuple[str, str]:
        """The provider that is called for `model` (the default model where `None`), and its own name of the model.

        Raises:
            ConfigError: The name matches no provider's model, or several providers'.
        """
        return self._native.resolve(model)

    def reload(self) -> None:
        """Reads files and environment again.

        Raises:
            ConfigError: Something is wrong; nothing changes.
        """
        with _lock:
            self._adopt(self._configuration.reload())

    def change(self, section: str, name: str, value: Any) -> None:
        """Replaces one entry of `section`; removes it where `value` is `None`.

        Raises:
            ConfigError: The result is not usable; nothing changes.
        """
        with _lock:
            self._adopt(self._configuration.changed(section, name, value))

    def register_function(self, name: str, function: ProviderFunction) -> None:
        """Adds a provider that is a function, or replaces the function of this name.

        Raises:
            ConfigError: There is a provider of this name that is not a function.
        """
        with _lock:
            entry = {"base_url": "http://function.invalid", "dialect": "openai-chat"}
            name = self._configuration.spelled("providers", name, entry)
            if name in self._configuration.provider_ids() and name not in self._functions:
                raise ConfigError(f"there is already a provider {name!r}; a function cannot replace it")
            self._functions[name] = function
            try:
                self.change("providers", name, entry)
            except BaseException:
                del self._functions[name]
                raise

    def register_tokens(self, name: str, function: TokenFunction) -> None:
        """Makes `function` the source of the tokens for the provider `name`.

        Raises:
            ConfigError: There is no such provider.
        """
        with _lock:
            self._tokens[self._native.provider(name)] = function
            self._adopt(self._configuration)

    def register_tokens_of_keys(self, functions: Mapping[str, TokenFunction]) -> None:
        """Makes functions the sources of tokens for the providers, those of groups' targets included, by their key.

        Such a key stands for the function, and is not sent.
        """
        with _lock:
            self._of_keys.update(functions)
            self._adopt(self._configuration)

    def _adopt(self, other: Configuration) -> None:
        # The engine may refuse it; only what it accepted is kept.
        self._native.apply(self._settings(other), other.fetch)
        self._configuration = other
        self._on_change()

    def _settings(self, configuration: Configuration) -> dict[str, Any]:
        settings = configuration.settings()
        if self._functions or self._tokens or self._of_keys:
            from ferrule.functions import starter, token_reader  # asyncio, json
            from ferrule.own_loop import functions_loop

            for provider in settings["providers"]:
                identifier = provider["id"]
                if function := self._functions.get(identifier):
                    provider["function"] = starter(identifier, function)
                    provider["own_loop"] = functions_loop.bridge()
                if tokens := self._tokens.get(identifier) or self._of_keys.get(provider["api_key"] or ""):
                    provider["token_provider"] = token_reader(tokens)
        return settings
