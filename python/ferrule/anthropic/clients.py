"""Anthropic's client classes on Ferrule."""
# pyright: reportMissingImports=false, reportUntypedBaseClass=false, reportIncompatibleMethodOverride=false

from __future__ import annotations

from functools import cached_property
from typing import Any

import anthropic

from ferrule.anthropic.native import NATIVE
from ferrule.anthropic.sdk import SDK
from ferrule.dropin import hooks
from ferrule.dropin.clients import DerivedDropIn, complete
from ferrule.dropin.native.clients import AsyncNative, AsyncOverRust, SyncNative, SyncOverRust
from ferrule.dropin.native.helpers import with_fast_helper

# What follows in the bases is the SDK's class, of which nothing is known here.
_Base: Any = object


class _Shared(_Base):  # type: ignore[misc]
    """What synchronous and asynchronous clients have in common."""

    _ferrule_sdk = SDK
    _ferrule_native = NATIVE

    @cached_property
    def messages(self) -> Any:
        """The official resource."""
        return with_fast_helper(super().messages)

    @property
    def _supports_message_threads(self) -> bool:
        # The helpers of some versions leave conversations with Anthropic's own servers: routed clients do without.
        return hooks.supports_threads(SDK, self, super())


class Anthropic(_Shared, SyncNative, anthropic.Anthropic):
    """The official `anthropic.Anthropic`, whose calls can be routed.

    Args:
        ferrule: A `ferrule.Client` or `ferrule.AsyncClient` through which messages and token counts go: `model` is then
            any provider's, an alias or a group. `True` for the client that the whole program shares. Default: calls go
            to `base_url` as ever, and the model's name is not read.
        **given: Everything that `anthropic.Anthropic` takes. Routed calls need no key.

    Raises:
        TypeError: `ferrule` is not a client.
    """


class AsyncAnthropic(_Shared, AsyncNative, anthropic.AsyncAnthropic):
    """The official `anthropic.AsyncAnthropic`, whose calls can be routed. See `Anthropic`."""


class AnthropicBedrock(SyncOverRust, anthropic.AnthropicBedrock):
    """The official `anthropic.AnthropicBedrock`, whose calls can be routed. See `Anthropic`."""

    _ferrule_sdk = SDK
    _ferrule_native = NATIVE


class AsyncAnthropicBedrock(AsyncOverRust, anthropic.AsyncAnthropicBedrock):
    """The official `anthropic.AsyncAnthropicBedrock`, whose calls can be routed. See `Anthropic`."""

    _ferrule_sdk = SDK
    _ferrule_native = NATIVE


class AnthropicVertex(SyncOverRust, anthropic.AnthropicVertex):
    """The official `anthropic.AnthropicVertex`, whose calls can be routed. See `Anthropic`."""

    _ferrule_sdk = SDK
    _ferrule_native = NATIVE


class AsyncAnthropicVertex(AsyncOverRust, anthropic.AsyncAnthropicVertex):
    """The official `anthropic.AsyncAnthropicVertex`, whose calls can be routed. See `Anthropic`."""

    _ferrule_sdk = SDK
    _ferrule_native = NATIVE


for _made in (
    Anthropic,
    AsyncAnthropic,
    AnthropicBedrock,
    AsyncAnthropicBedrock,
    AnthropicVertex,
    AsyncAnthropicVertex,
):
    complete(_made, getattr(anthropic, _made.__name__))


def _derive(name: str) -> type | None:
    """The drop-in of a class that not every version has."""
    official: Any = getattr(anthropic, name, None)
    if official is None:
        return None
    is_async = name.startswith("Async")
    ours: Any = AsyncAnthropic if is_async else Anthropic
    mixin = AsyncOverRust if is_async else SyncOverRust
    derived = issubclass(official, anthropic.AsyncAnthropic if is_async else anthropic.Anthropic)
    bases = (DerivedDropIn, official, ours) if derived else (mixin, official)
    text = f"The official `anthropic.{name}`, whose calls can be routed. See `Anthropic`."
    fields = {"_ferrule_sdk": SDK, "_ferrule_native": NATIVE, "__module__": __name__, "__doc__": text}
    made = type(name, bases, fields)
    complete(made, official)
    return made


_FURTHER = ("BedrockMantle", "AWS", "Foundry", "GoogleCloud")
further: dict[str, type] = {
    name: made
    for name in (f"{prefix}Anthropic{platform}" for platform in _FURTHER for prefix in ("", "Async"))
    if (made := _derive(name)) is not None
}
"""The classes of platforms that not every version has, by their names."""

_OFFICIAL = (anthropic.Anthropic, anthropic.AsyncAnthropic)


def _is_base_client(client: object) -> bool:
    """Whether the SDK looks for credentials: for its two classes, which it knows by identity, and for ours."""
    return type(client) in (*_OFFICIAL, Anthropic, AsyncAnthropic)


# A subclass would silently lose profiles, federation and what else the SDK finds by itself.
anthropic._client._is_base_client = _is_base_client  # noqa: SLF001 - the SDK's
