"""One engine for every large-language-model provider: a Rust core, driven from Python.

Everything public is here: `Client` and `AsyncClient`, the shortcuts `complete` and `stream`, what they give back and
the errors they raise. Parts load when they are first used, so `import ferrule` stays light.
"""

from __future__ import annotations

# Not from `typing`: loading that would be most of what `import ferrule` costs.
TYPE_CHECKING = False

try:
    from ferrule._native import __version__
except ImportError as error:  # There is no pure-Python fallback: a client that is silently slow is worse than none.
    raise ImportError(
        "ferrule's compiled part (ferrule._native) cannot be loaded. Install a wheel for this platform "
        "(`pip install --force-reinstall ferrule`), or build it from source with a Rust toolchain (`make demo`). "
        f"The reason: {error}"
    ) from error

if TYPE_CHECKING:
    from typing import Any

    from ferrule._native import (
        Attempt,
        CatalogModel,
        Choice,
        Cost,
        Finish,
        Message,
        ModelInfo,
        ReasoningDelta,
        RefusalDelta,
        Reply,
        Stats,
        TextDelta,
        ToolCall,
        ToolCallDelta,
        ToolCallEnd,
        ToolCallStart,
        Unknown,
        Usage,
        UsageUpdate,
    )
    from ferrule.client import AsyncClient, Client, complete, stream
    from ferrule.errors import (
        AuthenticationError,
        ConfigError,
        ConnectError,
        ConnectTimeoutError,
        ContentFilteredError,
        ContextLengthError,
        FerruleError,
        FirstByteTimeoutError,
        IdleTimeoutError,
        InvalidRequestError,
        NotFoundError,
        OverloadedError,
        PermissionDeniedError,
        ProviderError,
        QuotaExceededError,
        RateLimitedError,
        ServerError,
        StreamInterruptedError,
        TimeoutError,  # noqa: A004 - ours is the built-in's subclass
        TotalTimeoutError,
        UnsupportedError,
    )
    from ferrule.options import CompletionOptions, ProviderOptions, Timeouts
    from ferrule.streams import AsyncStream, Event, Stream
    from ferrule.usage import UsageTotals, UsageTracker

_HOMES = {
    "ferrule._native": (
        "Attempt",
        "CatalogModel",
        "Choice",
        "Cost",
        "Finish",
        "Message",
        "ModelInfo",
        "ReasoningDelta",
        "RefusalDelta",
        "Reply",
        "Stats",
        "TextDelta",
        "ToolCall",
        "ToolCallDelta",
        "ToolCallEnd",
        "ToolCallStart",
        "Unknown",
        "Usage",
        "UsageUpdate",
    ),
    "ferrule.client": ("AsyncClient", "Client", "complete", "stream"),
    "ferrule.errors": (
        "AuthenticationError",
        "ConfigError",
        "ConnectError",
        "ConnectTimeoutError",
        "ContentFilteredError",
        "ContextLengthError",
        "FerruleError",
        "FirstByteTimeoutError",
        "IdleTimeoutError",
        "InvalidRequestError",
        "NotFoundError",
        "OverloadedError",
        "PermissionDeniedError",
        "ProviderError",
        "QuotaExceededError",
        "RateLimitedError",
        "ServerError",
        "StreamInterruptedError",
        "TimeoutError",
        "TotalTimeoutError",
        "UnsupportedError",
    ),
    "ferrule.options": ("CompletionOptions", "ProviderOptions", "Timeouts"),
    "ferrule.streams": ("AsyncStream", "Event", "Stream"),
    "ferrule.usage": ("UsageTotals", "UsageTracker"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'ferrule' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


__all__ = [
    "AsyncClient",
    "AsyncStream",
    "Attempt",
    "AuthenticationError",
    "CatalogModel",
    "Choice",
    "Client",
    "CompletionOptions",
    "ConfigError",
    "ConnectError",
    "ConnectTimeoutError",
    "ContentFilteredError",
    "ContextLengthError",
    "Cost",
    "Event",
    "FerruleError",
    "Finish",
    "FirstByteTimeoutError",
    "IdleTimeoutError",
    "InvalidRequestError",
    "Message",
    "ModelInfo",
    "NotFoundError",
    "OverloadedError",
    "PermissionDeniedError",
    "ProviderError",
    "ProviderOptions",
    "QuotaExceededError",
    "RateLimitedError",
    "ReasoningDelta",
    "RefusalDelta",
    "Reply",
    "ServerError",
    "Stats",
    "Stream",
    "StreamInterruptedError",
    "TextDelta",
    "TimeoutError",
    "Timeouts",
    "ToolCall",
    "ToolCallDelta",
    "ToolCallEnd",
    "ToolCallStart",
    "TotalTimeoutError",
    "Unknown",
    "UnsupportedError",
    "Usage",
    "UsageTotals",
    "UsageTracker",
    "UsageUpdate",
    "__version__",
    "complete",
    "stream",
]
