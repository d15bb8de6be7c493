"""OpenAI's official clients on Ferrule: the `openai` package with one import line changed.

`OpenAI`, `AsyncOpenAI`, `AzureOpenAI` and `AsyncAzureOpenAI` are subclasses of the official ones, whose types, errors,
helpers and rare endpoints are theirs. With `ferrule=` their calls go to any provider, alias or group. Every other name
of the `openai` package is here as well.

Needs the package `openai`, 2.x or 3.x: `pip install ferrule[openai]`.
"""
# pyright: reportMissingImports=false

from __future__ import annotations

from typing import TYPE_CHECKING as _TYPE_CHECKING, Any

try:
    import openai as _openai  # noqa: F401 - so that the error below says what is missing
except ModuleNotFoundError as error:
    if error.name != "openai":
        raise
    raise ModuleNotFoundError(
        "ferrule.openai needs the package openai, which is not installed here: pip install 'ferrule[openai]'",
        name="openai",
    ) from error

from ferrule.openai import module_client as _module_client
from ferrule.openai.clients import (
    AsyncAzureOpenAI as AsyncAzureOpenAI,
    AsyncOpenAI as AsyncOpenAI,
    AzureOpenAI as AzureOpenAI,
    OpenAI as OpenAI,
)
from ferrule.openai.native import NATIVE as _NATIVE
from ferrule.sdk_objects import statistics as _objects

__all__ = ["AsyncAzureOpenAI", "AsyncOpenAI", "AzureOpenAI", "OpenAI"]

Client = OpenAI
AsyncClient = AsyncOpenAI


def statistics() -> dict[str, Any]:
    """How the calls of this process's drop-in clients were made.

    Returns:
        `fast`: calls that the Rust core made; `guarded`: calls that the SDK's own code made, with the reasons and their
        counts in `guards`; `fallback`: calls whose first answer was given to the SDK's own code, since it was not the
        usual one. `objects` has how many objects were built (`built`), and what of them the SDK built.
    """
    return {**_NATIVE.counts.statistics(), "objects": _objects(_NATIVE.facts.construct_type)}


_reset_client = _module_client.reset_client
_load_client = _module_client.load_client
_module_client.install(__name__)

if _TYPE_CHECKING:

    def __getattr__(name: str) -> Any: ...
