"""Anthropic's SDK on the native path: what that needs to know of the version that is installed."""
# pyright: reportMissingImports=false

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import anthropic
from anthropic import _base_client, _models, _streaming

from ferrule.anthropic.sdk import SDK
from ferrule.dropin.native.call import NativePath
from ferrule.dropin.native.facts import NativeFacts

if TYPE_CHECKING:
    from collections.abc import Mapping

_base: Any = _base_client
_model_functions: Any = _models
_KINDS = ("Anthropic", "AsyncAnthropic")
_EVENTS = frozenset({
    b"completion",
    b"message_start",
    b"message_delta",
    b"message_stop",
    b"content_block_start",
    b"content_block_delta",
    b"content_block_stop",
})  # fmt: skip


def _guards(client: Any) -> str | None:
    if type(client).__name__ not in _KINDS or not isinstance(client, (anthropic.Anthropic, anthropic.AsyncAnthropic)):
        return "a client of another kind"
    if getattr(client, "_middleware", None):
        return "middleware"
    if getattr(client, "_token_cache", None) is not None or getattr(client, "_custom_auth", None) is not None:
        return "another kind of credentials"
    if _is_traced(client):
        return "tracing"
    return None


def _is_traced(client: Any) -> bool:
    """Whether a span of a call would be recorded by anybody."""
    if not hasattr(type(client), "_tracer") or client._tracer is None:  # noqa: SLF001 - the SDK's
        return False
    trace: Any = sys.modules.get("opentelemetry.trace")
    # As long as nobody set a provider, the API's own does nothing.
    return trace is None or getattr(trace, "_TRACER_PROVIDER", None) is not None


def _state(client: Any, body: Any) -> tuple[Any, ...]:
    del body
    return (client.api_key, client.auth_token, client.max_retries)


def _prepare(body: Any, extra: Any) -> tuple[Any, bool]:
    merged = body if extra is None else _base._merge_mappings(body, extra)  # noqa: SLF001 - the SDK's
    copy_tree = getattr(sys.modules.get("anthropic._utils._prepare"), "copy_tree", None)
    if copy_tree is None:
        return merged, True
    # Files are read by the SDK's own code, which does not block an event loop.
    root, files = copy_tree(merged, location="body", keep_top_level_omit=False)
    return root[0], not files


def _finish(made: Any, headers: Mapping[bytes, bytes]) -> None:
    request_id, workspace_id = (
        None if (found := headers.get(name)) is None else found.decode("ascii", "replace")
        for name in (b"request-id", b"anthropic-workspace-id")
    )
    _model_functions.add_response_ids(made, request_id=request_id, workspace_id=workspace_id)


def _copy_options(client: Any, options: Any) -> Any:
    copied = _base.model_copy(options)
    if hasattr(client, "_copy_and_prepare"):
        # What it does to the body was done already.
        copied.extra_json = None
    return copied


NATIVE = NativePath(
    NativeFacts(
        sdk=SDK,
        base=_base,
        package=os.path.dirname(os.path.abspath(anthropic.__file__ or "")),
        classes=frozenset({"Anthropic"}),
        paths=frozenset(
            path + suffix for path in ("/v1/messages", "/v1/messages/count_tokens") for suffix in ("", "?beta=true")
        ),
        stream_classes=(anthropic.Stream, anthropic.AsyncStream),
        chunk_type=_streaming.extract_stream_chunk_type,
        construct_type=_models.construct_type,
        model=anthropic.BaseModel,
        prepare=_prepare,
        dumps=_base.openapi_dumps,
        finish=_finish,
        event_names=_EVENTS,
        own_guards=_guards,
        state=_state,
        is_asked=lambda _: False,
        copy_options=_copy_options,
    )
)
