"""Ferrule: one engine for every LLM provider, with a Rust core, driven from Python.

Everything public is importable from here: `Client` and `AsyncClient`, the functions `complete` and `stream`, the types
they take and return, and the errors they raise. Modules are loaded when a name is first used, so `import ferrule` stays
light. `ferrule.catalog`, `ferrule.testing` and `ferrule.errors` are modules to import themselves.
"""

from __future__ import annotations

# Not from `typing`, whose import would be most of the cost of `import ferrule`.
TYPE_CHECKING = False

try:
    from ferrule import _native
except ImportError as error:  # There is no pure-Python fallback: a client that is silently slow is worse than none.
    raise ImportError(
        "ferrule's compiled part (ferrule._native) cannot be loaded. Install a wheel for this platform, which `make "
        "wheel` builds in a clone, or build it in the clone with a Rust toolchain (`make demo`). "
        f"The reason: {error}"
    ) from error

if TYPE_CHECKING:
    # Modules that are used without an import of their own.
    from ferrule import (
        logs as logs,
        mcp as mcp,
        metrics as metrics,
        otel as otel,
        sse as sse,
        testing as testing,
        tools as tools,
    )

    # The public names for type checkers and documentation; tests/test_package.py compares them with those below.
    from ferrule._native import (
        Attempt as Attempt,
        CatalogModel as CatalogModel,
        Choice as Choice,
        Citation as Citation,
        CitationDelta as CitationDelta,
        Continued as Continued,
        Cost as Cost,
        Finish as Finish,
        Message as Message,
        ModelInfo as ModelInfo,
        ReasoningDelta as ReasoningDelta,
        RefusalDelta as RefusalDelta,
        Reply as Reply,
        Stats as Stats,
        TextDelta as TextDelta,
        ToolCall as ToolCall,
        ToolCallDelta as ToolCallDelta,
        ToolCallEnd as ToolCallEnd,
        ToolCallStart as ToolCallStart,
        Unknown as Unknown,
        Usage as Usage,
        UsageUpdate as UsageUpdate,
    )
    from ferrule.accumulating import (
        StreamStats as StreamStats,
        TextAccumulator as TextAccumulator,
    )
    from ferrule.async_client import (
        AsyncClient as AsyncClient,
    )
    from ferrule.async_client_operations import (
        AsyncAudioOperations as AsyncAudioOperations,
        AsyncImageOperations as AsyncImageOperations,
    )
    from ferrule.client import (
        Client as Client,
    )
    from ferrule.client_operations import (
        AudioOperations as AudioOperations,
        ImageOperations as ImageOperations,
    )
    from ferrule.configuration.registry import (
        Registry as Registry,
        RegistrySection as RegistrySection,
    )
    from ferrule.content import (
        attachment as attachment,
        audio as audio,
        document as document,
        image as image,
    )
    from ferrule.dropin.patching import (
        Patch as Patch,
        patch as patch,
        unpatch as unpatch,
    )
    from ferrule.errors import (
        AuthenticationError as AuthenticationError,
        BudgetExceededError as BudgetExceededError,
        CallRefusedError as CallRefusedError,
        ConfigError as ConfigError,
        ConnectError as ConnectError,
        ConnectTimeoutError as ConnectTimeoutError,
        ContentFilteredError as ContentFilteredError,
        ContextLengthError as ContextLengthError,
        FerruleError as FerruleError,
        FirstByteTimeoutError as FirstByteTimeoutError,
        IdleTimeoutError as IdleTimeoutError,
        InvalidRequestError as InvalidRequestError,
        NotFoundError as NotFoundError,
        OverloadedError as OverloadedError,
        ParseError as ParseError,
        PermissionDeniedError as PermissionDeniedError,
        ProviderError as ProviderError,
        QuotaExceededError as QuotaExceededError,
        RateLimitedError as RateLimitedError,
        ResponseDecodeError as ResponseDecodeError,
        ServerError as ServerError,
        StreamInterruptedError as StreamInterruptedError,
        StreamStalledError as StreamStalledError,
        TimeoutError as TimeoutError,  # noqa: A004 - a subclass of the built-in one
        TotalTimeoutError as TotalTimeoutError,
        UnsupportedError as UnsupportedError,
    )
    from ferrule.functions import (
        ProviderRequest as ProviderRequest,
    )
    from ferrule.interceptors import (
        Hook as Hook,
        InterceptedAnswer as InterceptedAnswer,
        InterceptedRequest as InterceptedRequest,
        InterceptedText as InterceptedText,
        Interceptor as Interceptor,
    )
    from ferrule.limit_options import (
        BudgetOptions as BudgetOptions,
        LimitOptions as LimitOptions,
    )
    from ferrule.mapping import (
        AsyncReplies as AsyncReplies,
        Replies as Replies,
    )
    from ferrule.observers import (
        BreakerEvent as BreakerEvent,
        BudgetEvent as BudgetEvent,
        ErrorEvent as ErrorEvent,
        FailoverEvent as FailoverEvent,
        LimitEvent as LimitEvent,
        ObserverEvent as ObserverEvent,
        RequestEvent as RequestEvent,
        ResponseEvent as ResponseEvent,
        RetryEvent as RetryEvent,
        StreamEndEvent as StreamEndEvent,
        Subscription as Subscription,
    )
    from ferrule.operations.admission_status import (
        Budget as Budget,
        BudgetStatus as BudgetStatus,
        LimitStatus as LimitStatus,
    )
    from ferrule.operations.audio import (
        AudioFile as AudioFile,
        Transcript as Transcript,
    )
    from ferrule.operations.body import (
        AsyncBody as AsyncBody,
        Body as Body,
    )
    from ferrule.operations.capabilities import (
        Capabilities as Capabilities,
    )
    from ferrule.operations.embeddings import (
        Embeddings as Embeddings,
    )
    from ferrule.operations.health import (
        Health as Health,
    )
    from ferrule.operations.images import (
        Image as Image,
        Images as Images,
    )
    from ferrule.operations.reply import (
        OperationReply as OperationReply,
    )
    from ferrule.operations.reranking import (
        RankedDocument as RankedDocument,
        Ranking as Ranking,
    )
    from ferrule.operations.servers import (
        Ollama as Ollama,
        RuvLLM as RuvLLM,
    )
    from ferrule.operations.status import (
        Breaker as Breaker,
        GroupStatus as GroupStatus,
        KeyStatus as KeyStatus,
        Status as Status,
        TargetStatus as TargetStatus,
    )
    from ferrule.operations.token_count import (
        TokenCount as TokenCount,
    )
    from ferrule.options import (
        Approval as Approval,
        BreakerOptions as BreakerOptions,
        CallOptions as CallOptions,
        CommonOptions as CommonOptions,
        CompletionOptions as CompletionOptions,
        EmbeddingOptions as EmbeddingOptions,
        GroupOptions as GroupOptions,
        ImageOptions as ImageOptions,
        KeyOptions as KeyOptions,
        Messages as Messages,
        Model as Model,
        OperationOptions as OperationOptions,
        ProviderOptions as ProviderOptions,
        ReasoningEffort as ReasoningEffort,
        RerankOptions as RerankOptions,
        ResponseType as ResponseType,
        RetryOptions as RetryOptions,
        Role as Role,
        RunOptions as RunOptions,
        Secret as Secret,
        SecretCommand as SecretCommand,
        SecretFile as SecretFile,
        SecretVariable as SecretVariable,
        SpeechOptions as SpeechOptions,
        TargetOptions as TargetOptions,
        Timeouts as Timeouts,
        ToolChoice as ToolChoice,
        Tools as Tools,
        TranscriptionOptions as TranscriptionOptions,
    )
    from ferrule.routing import (
        PassedOver as PassedOver,
        PlannedTarget as PlannedTarget,
        Routing as Routing,
        RoutingPlan as RoutingPlan,
        RoutingTarget as RoutingTarget,
    )
    from ferrule.run import (
        Run as Run,
    )
    from ferrule.run_async import (
        AsyncRunStream as AsyncRunStream,
    )
    from ferrule.run_events import (
        RunEvent as RunEvent,
        StepEnd as StepEnd,
        StepStart as StepStart,
        ToolResult as ToolResult,
    )
    from ferrule.run_sync import (
        RunStream as RunStream,
    )
    from ferrule.shared_client import (
        complete as complete,
        intercept as intercept,
        on as on,
        reset as reset,
        stream as stream,
    )
    from ferrule.sidecar import (
        Sidecar as Sidecar,
    )
    from ferrule.streams import (
        AsyncStream as AsyncStream,
        Event as Event,
        Stream as Stream,
    )
    from ferrule.toolbox import (
        Tool as Tool,
    )
    from ferrule.usage import (
        UsageTotals as UsageTotals,
        UsageTracker as UsageTracker,
    )

__version__ = _native.__version__

_NAMES = {
    "ferrule._native": (
        "Attempt",
        "CatalogModel",
        "Choice",
        "Citation",
        "CitationDelta",
        "Continued",
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
    "ferrule.accumulating": ("StreamStats", "TextAccumulator"),
    "ferrule.async_client": ("AsyncClient",),
    "ferrule.async_client_operations": ("AsyncAudioOperations", "AsyncImageOperations"),
    "ferrule.client": ("Client",),
    "ferrule.client_operations": ("AudioOperations", "ImageOperations"),
    "ferrule.configuration.registry": ("Registry", "RegistrySection"),
    "ferrule.content": ("attachment", "audio", "document", "image"),
    "ferrule.dropin.patching": ("Patch", "patch", "unpatch"),
    "ferrule.functions": ("ProviderRequest",),
    "ferrule.interceptors": ("Hook", "InterceptedAnswer", "InterceptedRequest", "InterceptedText", "Interceptor"),
    "ferrule.limit_options": ("BudgetOptions", "LimitOptions"),
    "ferrule.mapping": ("AsyncReplies", "Replies"),
    "ferrule.observers": (
        "BreakerEvent",
        "BudgetEvent",
        "ErrorEvent",
        "FailoverEvent",
        "LimitEvent",
        "ObserverEvent",
        "RequestEvent",
        "ResponseEvent",
        "RetryEvent",
        "StreamEndEvent",
        "Subscription",
    ),
    "ferrule.operations.admission_status": ("Budget", "BudgetStatus", "LimitStatus"),
    "ferrule.operations.audio": ("AudioFile", "Transcript"),
    "ferrule.operations.body": ("AsyncBody", "Body"),
    "ferrule.operations.capabilities": ("Capabilities",),
    "ferrule.operations.embeddings": ("Embeddings",),
    "ferrule.operations.health": ("Health",),
    "ferrule.operations.images": ("Image", "Images"),
    "ferrule.operations.reply": ("OperationReply",),
    "ferrule.operations.reranking": ("RankedDocument", "Ranking"),
    "ferrule.operations.servers": ("Ollama", "RuvLLM"),
    "ferrule.operations.status": ("Breaker", "GroupStatus", "KeyStatus", "Status", "TargetStatus"),
    "ferrule.operations.token_count": ("TokenCount",),
    "ferrule.options": (
        "Approval",
        "BreakerOptions",
        "CallOptions",
        "CommonOptions",
        "CompletionOptions",
        "EmbeddingOptions",
        "GroupOptions",
        "ImageOptions",
        "KeyOptions",
        "Messages",
        "Model",
        "OperationOptions",
        "ProviderOptions",
        "ReasoningEffort",
        "RerankOptions",
        "ResponseType",
        "RetryOptions",
        "Role",
        "RunOptions",
        "Secret",
        "SecretCommand",
        "SecretFile",
        "SecretVariable",
        "SpeechOptions",
        "TargetOptions",
        "Timeouts",
        "ToolChoice",
        "Tools",
        "TranscriptionOptions",
    ),
    "ferrule.routing": ("PassedOver", "PlannedTarget", "Routing", "RoutingPlan", "RoutingTarget"),
    "ferrule.run": ("Run",),
    "ferrule.run_async": ("AsyncRunStream",),
    "ferrule.run_events": ("RunEvent", "StepEnd", "StepStart", "ToolResult"),
    "ferrule.run_sync": ("RunStream",),
    "ferrule.shared_client": ("complete", "intercept", "on", "reset", "stream"),
    "ferrule.sidecar": ("Sidecar",),
    "ferrule.streams": ("AsyncStream", "Event", "Stream"),
    "ferrule.toolbox": ("Tool",),
    "ferrule.usage": ("UsageTotals", "UsageTracker"),
}
"""The public names by their modules, except errors: those are all that `ferrule.errors` has."""
_HOMES = {name: home for home, names in _NAMES.items() for name in names}
_MODULES = ("logs", "mcp", "metrics", "otel", "sse", "testing", "tools")

if not TYPE_CHECKING:  # With it, type checkers would accept any name.

    def __getattr__(name):  # noqa: ANN001, ANN202 - type checkers do not see it
        from importlib import import_module  # itself only needed for names that are not loaded yet

        if name == "__all__":
            errors = import_module("ferrule.errors")
            found = [error for error, value in vars(errors).items() if _is_error(value)]
            value = sorted([*found, *_HOMES, "__version__"])
        elif name in _MODULES:
            value = import_module(f"ferrule.{name}")
        else:
            home = _HOMES.get(name) or ("ferrule.errors" if name.endswith("Error") else None)
            value = getattr(import_module(home), name, None) if home else None
            if value is None:
                if name.startswith("_"):  # Python itself looks for some.
                    raise AttributeError(f"module 'ferrule' has no attribute {name!r}")
                if import_module("importlib.machinery").PathFinder.find_spec(f"ferrule.{name}", __path__):
                    # A module that is imported now, for which this must stay cheap.
                    raise AttributeError(f"module 'ferrule' has no attribute {name!r}")
                answer = import_module("ferrule.peer_attributes").module_answer
                raise AttributeError(answer(name, [*__getattr__("__all__"), *_MODULES]))
        globals()[name] = value
        return value

    def _is_error(value):  # noqa: ANN001, ANN202 - as above
        return isinstance(value, type) and value.__module__ == "ferrule.errors"

    def __dir__():  # noqa: ANN202 - as above
        return __getattr__("__all__")
