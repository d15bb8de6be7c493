"""Requests of chat completions: a call's arguments become a provider and options; a reply becomes litellm's objects."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

from ferrule.litellm import parameters, providers, refusals, thinking
from ferrule.litellm.failures import broken_off, exception_of
from ferrule.litellm.objects import plain
from ferrule.litellm.response import ModelResponse
from ferrule.litellm.settings import settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrule._native import Reply
    from ferrule.errors import FerruleError

_PROMPT = [{"role": "user", "content": "-"}]
"""Stands for the messages where these are sent as the caller wrote them."""


class Request:
    """A chat completion that is about to be made.

    Attributes:
        model: The model, as the provider names it.
        shown_model: The model as chunks name it.
        provider: Who is called.
        connection: Where and with which key.
        name: The model as Ferrule names it.
        messages: The conversation, as the caller gave it.
        body: The provider's parameters.
        own: The parameters that are ours.
        stream: Whether the answer is streamed.
        include_usage: Whether the last chunk has the tokens used.
        model_id: The id of a `Router`'s deployment; `None` without one.
        call_id: The id of the call, for callbacks.
        started: When it began, in seconds since 1970.
    """

    __slots__ = (
        "body",
        "call_id",
        "connection",
        "include_usage",
        "messages",
        "model",
        "model_id",
        "name",
        "own",
        "provider",
        "shown_model",
        "started",
        "stream",
    )

    def __init__(self, model: str, messages: Any, given: Mapping[str, Any]) -> None:
        if settings.model_alias_map:
            model = settings.model_alias_map.get(model, model)
        body, own = parameters.split(dict(given))
        self.provider = provider = providers.provider_of(
            model, own.get("custom_llm_provider"), own.get("api_base") or own.get("base_url")
        )
        refusals.check(provider, own)
        self.connection = providers.connection(provider, own)
        self.model = self.shown_model = provider.model
        self.name = f"{provider.id}/{provider.model}"
        self.messages = messages
        if "additional_drop_params" in own:
            parameters.drop_additional(body, own["additional_drop_params"])
        self.body = body
        self.own = own
        self.stream = bool(own.get("stream"))
        usage = body.get("stream_options")
        self.include_usage = isinstance(usage, dict) and bool(usage.get("include_usage"))
        self.model_id: str | None = None
        self.call_id: str | None = own.get("litellm_call_id")
        self.started = time.time()

    def arguments(self) -> tuple[Any, dict[str, Any]]:
        """The messages and the options, as Ferrule's client takes them."""
        provider = self.provider
        if provider.as_given:
            options = parameters.as_given(provider, self.body, self.messages, self.own, self.stream)
            if self.stream and "stream_options" in options["extra_body"]:
                # Usage is always asked for, as the cost of the call comes of it.
                given = options["extra_body"]["stream_options"]
                options["extra_body"]["stream_options"] = {**given, "include_usage": True}
            messages: Any = _PROMPT
        else:
            options = parameters.options(provider, self.body, self.own, self.stream)
            given = plain(self.messages)
            messages = [thinking.to_ferrule(one) for one in given] if isinstance(given, list) else given
        labels = labels_of(self.own.get("metadata"))
        if labels:
            options["metadata"] = labels
        return messages, options

    def identify(self) -> str:
        """The id of the call, made when it is first asked for."""
        if self.call_id is None:
            self.call_id = str(uuid.uuid4())
        return self.call_id

    @property
    def api_base(self) -> str | None:
        """Where the call goes; `None` for the provider's own address."""
        return next((value for name, value in self.connection if name == "base_url"), None)

    def response(self, reply: Reply[Any]) -> ModelResponse:
        """The answer of litellm's form."""
        return ModelResponse.lazy(lambda: self.body_of(reply), lambda: self.hidden(reply))

    def body_of(self, reply: Reply[Any]) -> dict[str, Any]:
        """The reply as a chat completion in OpenAI's form."""
        raw = reply.raw if self.provider.as_given else None
        body: dict[str, Any] = raw if isinstance(raw, dict) else reply.to_openai()
        if not self.provider.as_given:
            body = neutral(body, reply)
        return body

    def hidden(self, reply: Reply[Any]) -> dict[str, Any]:
        """Metadata of the answer: `_hidden_params`."""
        from ferrule.litellm.costs import cost_of_reply

        duration = reply.stats.duration
        headers = dict(getattr(reply, "headers", None) or ())
        if reply.request_id is not None:
            headers.setdefault("x-request-id", reply.request_id)
        return {
            "custom_llm_provider": self.provider.name,
            "region_name": None,
            "additional_headers": additional_headers(headers),
            "_response_ms": None if duration is None else duration * 1000,
            "litellm_call_id": self.identify(),
            "api_base": self.api_base,
            "model_id": self.model_id,
            "response_cost": cost_of_reply(reply, self.own, self.provider),
            "litellm_model_name": f"{self.provider.name}/{self.model}",
            "provider_response_model": reply.model,
            "cache_hit": None,
            "attempts": len(reply.attempts),
        }

    def hidden_stream(self) -> dict[str, Any]:
        """Metadata of a stream when it begins: `_hidden_params`."""
        return {
            "custom_llm_provider": self.provider.name,
            "litellm_call_id": self.identify(),
            "api_base": self.api_base,
            "model_id": self.model_id,
            "response_cost": None,
            "additional_headers": {},
            "litellm_model_name": f"{self.provider.name}/{self.model}",
            "cache_hit": None,
        }

    def exception(self, error: FerruleError) -> Exception:
        """The exception of litellm's for an error of the call."""
        return exception_of(error, self.provider.name, self.model, self.api_base)

    def broken_off(self, error: FerruleError, text: str) -> Exception:
        """The exception of litellm's for an error after `text` of a stream was delivered."""
        return broken_off(error, self.provider.name, self.model, self.api_base, text)


def additional_headers(headers: dict[str, str]) -> dict[str, Any]:
    """A response's headers as litellm has them: under `llm_provider-`, those of rate limits by their own names too."""
    found: dict[str, Any] = {
        name: value for name, value in headers.items() if name.startswith(("x-ratelimit-", "llm_provider-"))
    }
    found.update({f"llm_provider-{name}": value for name, value in headers.items()})
    return found


def labels_of(metadata: Any) -> dict[str, str]:
    """The labels of a call, by litellm's `metadata`: its texts."""
    if not isinstance(metadata, dict):
        return {}
    return {name: value for name, value in metadata.items() if isinstance(name, str) and isinstance(value, str)}


def neutral(body: dict[str, Any], reply: Reply[Any]) -> dict[str, Any]:
    """A chat completion by a provider of another format, with what litellm adds of caches to the usage."""
    usage: dict[str, Any] = body.get("usage") or {}
    used = reply.usage
    details = usage.get("prompt_tokens_details") or {}
    if used.cache_write_tokens is not None:
        usage = {**usage, "cache_creation_input_tokens": used.cache_write_tokens}
        details = {**details, "cache_creation_tokens": used.cache_write_tokens}
    if used.cache_read_tokens is not None:
        usage = {**usage, "cache_read_input_tokens": used.cache_read_tokens}
    if details:
        usage = {**usage, "prompt_tokens_details": details}
    choices = [{**choice, "message": thinking.from_ferrule(choice["message"])} for choice in body["choices"]]
    return {**body, "choices": choices, "usage": usage}
