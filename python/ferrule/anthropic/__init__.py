"""Anthropic's official clients on Ferrule: the `anthropic` package with one import line changed.

`Anthropic`, `AsyncAnthropic` and the classes for Bedrock, Vertex and the other platforms are subclasses of the official
ones, whose types, errors, helpers and rare endpoints are theirs. With `ferrule=` their messages go to any provider,
alias or group. Every other name of the `anthropic` package is here as well.

Needs the package `anthropic`: `pip install ferrule[anthropic]`.
"""
# pyright: reportMissingImports=false

from __future__ import annotations

from typing import Any

try:
    import anthropic as _anthropic
except ModuleNotFoundError as error:
    if error.name != "anthropic":
        raise
    raise ModuleNotFoundError(
        "ferrule.anthropic needs the package anthropic, which is not installed here: pip install 'ferrule[anthropic]'",
        name="anthropic",
    ) from error

from ferrule.anthropic import clients as _clients
from ferrule.anthropic.clients import (
    Anthropic as Anthropic,
    AnthropicBedrock as AnthropicBedrock,
    AnthropicVertex as AnthropicVertex,
    AsyncAnthropic as AsyncAnthropic,
    AsyncAnthropicBedrock as AsyncAnthropicBedrock,
    AsyncAnthropicVertex as AsyncAnthropicVertex,
)

__all__ = [
    "Anthropic",
    "AnthropicBedrock",
    "AnthropicVertex",
    "AsyncAnthropic",
    "AsyncAnthropicBedrock",
    "AsyncAnthropicVertex",
]

Client = Anthropic
AsyncClient = AsyncAnthropic

# The platforms that only newer versions have.
globals().update(_clients.further)


def __getattr__(name: str) -> Any:
    return getattr(_anthropic, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *dir(_anthropic)})
