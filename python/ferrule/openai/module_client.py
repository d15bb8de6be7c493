"""Module-level client: `ferrule.openai.chat.completions.create(...)`, set up by `ferrule.openai.api_key = ...`.

The settings are those of the `openai` module, for both. The client is one of the SDK's own class for it and of ours.
"""
# pyright: reportMissingImports=false

from __future__ import annotations

import functools
import sys
import threading
from types import ModuleType
from typing import Any

import openai
from openai._utils import LazyProxy

_openai: Any = openai
_lock = threading.RLock()
_CLIENT = "_client"
_KINDS = ("_ModuleClient", "_AzureModuleClient")


@functools.cache
def kinds() -> tuple[type, type]:
    """The SDK's classes of module-level clients, plain and Azure's, with ours behind them."""
    from ferrule.openai.clients import AzureOpenAI, OpenAI

    plain: Any = type(_KINDS[0], (_openai._ModuleClient, OpenAI), {"__module__": __name__})  # noqa: SLF001 - the SDK's
    azure: Any = type(_KINDS[1], (plain, AzureOpenAI), {"__module__": __name__})
    return plain, azure


def load_client() -> Any:
    """The client that module-level calls go through, made of the settings at the first one."""
    made = _kept[0]
    if made is not None:
        return made
    with _lock:
        if _kept[0] is None:
            _kept[0] = _make()
        return _kept[0]


_kept: list[Any] = [None]


def reset_client() -> None:
    """Forgets the client, so that the next call makes one of the settings then; the SDK's own, too."""
    with _lock:
        _kept[0] = None
        _openai._reset_client()  # noqa: SLF001 - the SDK's


def _make() -> Any:
    # Which kind it is, and of which settings, is the SDK's to say.
    before = {name: getattr(_openai, name) for name in (_CLIENT, *_KINDS)}
    try:
        for name, kind in zip((_CLIENT, *_KINDS), (None, *kinds()), strict=True):
            setattr(_openai, name, kind)
        return _openai._load_client()  # noqa: SLF001 - the SDK's
    finally:
        for name, value in before.items():
            setattr(_openai, name, value)


def _proxy(name: str, official: Any) -> Any:
    """The SDK's object that stands for a resource of its module-level client, for one of ours."""
    kind: Any = type(official)

    def load(self: Any) -> Any:
        del self
        return getattr(load_client(), name)

    return type(kind.__name__, (kind,), {"__load__": load})()


class Module(ModuleType):
    """The class of the module `ferrule.openai`: what is not its own is the module `openai`'s, also when it is set."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(_openai, name)
        if issubclass(type(found), LazyProxy) and not name.startswith("__"):
            made = self.__dict__[name] = _proxy(name, found)
            return made
        return found

    def __setattr__(self, name: str, value: Any) -> None:
        # A module of ours that is imported is set here, too, and is not meant.
        if name not in self.__dict__ and name in _openai.__dict__ and not isinstance(value, ModuleType):
            setattr(_openai, name, value)
        else:
            super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        if name not in self.__dict__ and name in _openai.__dict__:
            delattr(_openai, name)
        else:
            super().__delattr__(name)

    def __dir__(self) -> list[str]:
        return sorted({*self.__dict__, *dir(_openai)})


def install(name: str) -> None:
    """Makes the module of that name one of `Module`."""
    sys.modules[name].__class__ = Module
