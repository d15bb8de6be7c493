"""OpenAI's SDK, as it is installed: what the drop-in needs to know of it."""
# pyright: reportMissingImports=false

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openai
from openai import _base_client

from ferrule.dropin.sdk import ErrorFacts, Sdk

if TYPE_CHECKING:
    from collections.abc import Mapping

_KINDS = {
    401: "invalid_request_error",
    429: "rate_limit_error",
}


def error_body(facts: ErrorFacts) -> Mapping[str, Any]:
    """The body of an error, as OpenAI writes it."""
    usual = "server_error" if facts.status >= 500 else "invalid_request_error"
    kind = facts.kind or _KINDS.get(facts.status, usual)
    return {"error": {"message": facts.message, "type": kind, "param": facts.param, "code": facts.code}}


def error_event(body: str) -> bytes:
    """An error inside a stream."""
    return f"data: {body}\n\n".encode()


SDK = Sdk(
    name="openai",
    # 2.x has httpx, 3.x httpx2.
    httpx=getattr(_base_client, "httpx2", None) or _base_client.httpx,
    clients=(openai.OpenAI,),
    async_clients=(openai.AsyncOpenAI,),
    formats={
        "/chat/completions": "openai-chat",
        "/responses": "openai-responses",
        "/completions": "openai-completions",
        "/embeddings": "openai-chat",
    },
    base_path="/v1",
    request_id_header="x-request-id",
    own_query=frozenset(),
    error_body=error_body,
    error_event=error_event,
)
