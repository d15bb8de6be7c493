"""OpenAI's client classes on Ferrule."""
# pyright: reportMissingImports=false, reportUntypedBaseClass=false, reportIncompatibleMethodOverride=false

from __future__ import annotations

from functools import cached_property
from typing import Any

import openai

from ferrule.dropin.clients import DerivedDropIn, complete
from ferrule.dropin.native.clients import AsyncAzurePrepared, AsyncNative, AzurePrepared, SyncNative
from ferrule.openai.native import NATIVE
from ferrule.openai.sdk import SDK

# What follows in the bases is the SDK's class, of which nothing is known here.
_Base: Any = object


def _faster(resource: Any) -> Any:
    # With it come modules that openai loads when they are used.
    from ferrule.openai.fast_resources import faster

    return faster(resource)


class _FastResources(_Base):  # type: ignore[misc]
    """What synchronous and asynchronous clients have in common: the resources of the native path."""

    _ferrule_sdk = SDK
    _ferrule_native = NATIVE

    @cached_property
    def chat(self) -> Any:
        """The official resource."""
        chat = super().chat
        chat.__dict__["completions"] = _faster(chat.completions)
        return chat

    @cached_property
    def responses(self) -> Any:
        """The official resource."""
        return _faster(super().responses)

    @cached_property
    def embeddings(self) -> Any:
        """The official resource."""
        return _faster(super().embeddings)

    @cached_property
    def completions(self) -> Any:
        """The official resource."""
        return _faster(super().completions)


class OpenAI(_FastResources, SyncNative, openai.OpenAI):
    """The official `openai.OpenAI`, whose calls can be routed.

    Args:
        ferrule: A `ferrule.Client` or `ferrule.AsyncClient` through which chat completions, responses, completions and
            embeddings go: `model` is then any provider's, an alias or a group. `True` for the client that the whole
            program shares. Default: calls go to `base_url` as ever, and the model's name is not read.
        **given: Everything that `openai.OpenAI` takes. Routed calls need no key.

    Raises:
        TypeError: `ferrule` is not a client.
        openai.OpenAIError: There is no key, and calls are not routed.
    """


class AsyncOpenAI(_FastResources, AsyncNative, openai.AsyncOpenAI):
    """The official `openai.AsyncOpenAI`, whose calls can be routed. See `OpenAI`."""


class AzureOpenAI(AzurePrepared, DerivedDropIn, openai.AzureOpenAI, OpenAI):
    """The official `openai.AzureOpenAI`, whose calls can be routed. See `OpenAI`."""


class AsyncAzureOpenAI(AsyncAzurePrepared, DerivedDropIn, openai.AsyncAzureOpenAI, AsyncOpenAI):
    """The official `openai.AsyncAzureOpenAI`, whose calls can be routed. See `OpenAI`."""


complete(OpenAI, openai.OpenAI)
complete(AsyncOpenAI, openai.AsyncOpenAI)
complete(AzureOpenAI, openai.AzureOpenAI)
complete(AsyncAzureOpenAI, openai.AsyncAzureOpenAI)
