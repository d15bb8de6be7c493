"""OpenAI's SDK on the native path: what that needs to know of the version that is installed."""
# pyright: reportMissingImports=false

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import openai
from openai import _base_client, _models, _streaming

from ferrule.dropin.native.call import NativePath
from ferrule.dropin.native.facts import NativeFacts
from ferrule.openai.sdk import SDK

if TYPE_CHECKING:
    from collections.abc import Mapping

_base: Any = _base_client
_KINDS = ("OpenAI", "AsyncOpenAI", "_ModuleClient")
_AZURE = (openai.AzureOpenAI, openai.AsyncAzureOpenAI)


def _is_asked(client: Any) -> bool:
    return (
        getattr(client, "_api_key_provider", None) is not None
        or getattr(client, "_azure_ad_token_provider", None) is not None
    )


def _guards(client: Any) -> str | None:
    if getattr(client, "workload_identity", None) is not None or getattr(client, "_provider", None) is not None:
        return "another kind of credentials"
    # Bedrock's clients and whatever else signs each request.
    if isinstance(client, _AZURE) or type(client).__name__ in _KINDS:
        return None
    return "a client of another kind"


def _state(client: Any, body: Any) -> tuple[Any, ...]:
    common = (client.api_key, client.organization, client.project, getattr(client, "admin_api_key", None))
    if not isinstance(client, _AZURE):
        return common
    # The deployment is part of the address.
    return (*common, client._azure_ad_token, client._api_version, body.get("model"))  # noqa: SLF001 - the SDK's


def _prepare(body: Any, extra: Any) -> tuple[Any, bool]:
    return (body if extra is None else _base._merge_mappings(body, extra)), True  # noqa: SLF001 - the SDK's


def _finish(made: Any, headers: Mapping[bytes, bytes]) -> None:
    found = headers.get(b"x-request-id")
    _models.add_request_id(made, None if found is None else found.decode("ascii", "replace"))


NATIVE = NativePath(
    NativeFacts(
        sdk=SDK,
        base=_base,
        package=os.path.dirname(os.path.abspath(openai.__file__ or "")),
        classes=frozenset({"OpenAI", "AzureOpenAI"}),
        paths=frozenset({"/chat/completions", "/responses", "/completions", "/embeddings"}),
        stream_classes=(openai.Stream, openai.AsyncStream),
        chunk_type=_streaming.extract_stream_chunk_type,
        construct_type=_models.construct_type,
        model=openai.BaseModel,
        prepare=_prepare,
        dumps=_base.openapi_dumps,
        finish=_finish,
        event_names=None,
        own_guards=_guards,
        state=_state,
        is_asked=_is_asked,
        copy_options=lambda _, options: options,
    )
)
