"""Anthropic's SDK, as it is installed: what the drop-in needs to know of it."""
# pyright: reportMissingImports=false

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anthropic
from anthropic import _base_client

from ferrule.dropin.sdk import ErrorFacts, Sdk

if TYPE_CHECKING:
    from collections.abc import Mapping

_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
# Of other providers' words only those that Anthropic has, too, mean something to its SDK.
_KNOWN = frozenset(_KINDS.values())


def error_body(facts: ErrorFacts) -> Mapping[str, Any]:
    """The body of an error, as Anthropic writes it."""
    kind = facts.kind if facts.kind in _KNOWN else None
    if kind is None and facts.overloaded:
        kind = "overloaded_error"
    kind = kind or _KINDS.get(facts.status, "api_error" if facts.status >= 500 else "invalid_request_error")
    body: dict[str, Any] = {"type": "error", "error": {"type": kind, "message": facts.message}}
    return body if facts.request_id is None else {**body, "request_id": facts.request_id}


def error_event(body: str) -> bytes:
    """An error inside a stream."""
    return f"event: error\ndata: {body}\n\n".encode()


def _unrelated(*names: str) -> tuple[type, ...]:
    """The classes of these names, where this version has them."""
    found = (getattr(anthropic, name, None) for name in names)
    return tuple(kind for kind in found if isinstance(kind, type))


SDK = Sdk(
    name="anthropic",
    # Up to 0.125 it has httpx, then httpx2.
    httpx=getattr(_base_client, "httpx2", None) or _base_client.httpx,
    clients=(anthropic.Anthropic, *_unrelated("AnthropicBedrock", "AnthropicBedrockMantle", "AnthropicVertex")),
    async_clients=(
        anthropic.AsyncAnthropic,
        *_unrelated("AsyncAnthropicBedrock", "AsyncAnthropicBedrockMantle", "AsyncAnthropicVertex"),
    ),
    formats={"/v1/messages": "anthropic", "/v1/messages/count_tokens": "anthropic"},
    base_path="",
    request_id_header="request-id",
    own_query=frozenset({"beta"}),
    error_body=error_body,
    error_event=error_event,
)
