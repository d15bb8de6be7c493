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
from ferrule.anthropic.native import NATIVE as _NATIVE
from ferrule.sdk_objects import statistics as _objects

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


def statistics() -> dict[str, Any]:
    """How the calls of this process's drop-in clients were made.

    Returns:
        `fast`: calls that the Rust core made; `guarded`: calls that the SDK's own code made, with the reasons and their
        counts in `guards`; `fallback`: calls whose first answer was given to the SDK's own code, since it was not the
        usual one. `objects` has how many objects were built (`built`), and what of them the SDK built.
    """
    return {**_NATIVE.counts.statistics(), "objects": _objects(_NATIVE.facts.construct_type)}


def __getattr__(name: str) -> Any:
    return getattr(_anthropic, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *dir(_anthropic)})
