"""OpenAI's official clients on Ferrule: the `openai` package with one import line changed.

`OpenAI`, `AsyncOpenAI`, `AzureOpenAI` and `AsyncAzureOpenAI` are subclasses of the official ones, whose types, errors,
helpers and rare endpoints are theirs. With `ferrule=` their calls go to any provider, alias or group. Every other name
of the `openai` package is here as well.

Needs the package `openai`, 2.x or 3.x: `pip install ferrule[openai]`.
"""
# pyright: reportMissingImports=false

from __future__ import annotations

from typing import Any

try:
    import openai as _openai
except ModuleNotFoundError as error:
    if error.name != "openai":
        raise
    raise ModuleNotFoundError(
        "ferrule.openai needs the package openai, which is not installed here: pip install 'ferrule[openai]'",
        name="openai",
    ) from error

from ferrule.openai.clients import (
    AsyncAzureOpenAI as AsyncAzureOpenAI,
    AsyncOpenAI as AsyncOpenAI,
    AzureOpenAI as AzureOpenAI,
    OpenAI as OpenAI,
)

__all__ = ["AsyncAzureOpenAI", "AsyncOpenAI", "AzureOpenAI", "OpenAI"]

Client = OpenAI
AsyncClient = AsyncOpenAI


def __getattr__(name: str) -> Any:
    return getattr(_openai, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *dir(_openai)})
