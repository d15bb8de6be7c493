"""ModelResponse and its parts: choices, messages, tool calls and usage of a chat completion."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

from ferrule.litellm.objects import MissingFieldError, OpenAIObject

if TYPE_CHECKING:
    from collections.abc import Callable

FINISH_REASONS = {
    **dict.fromkeys(("stop", "length", "tool_calls", "function_call", "content_filter")),
    **dict.fromkeys(
        [
            "stop_sequence",
            "end_turn",
            "COMPLETE",
            "STOP_SEQUENCE",
            "ERROR",
            "eos_token",
            "eos",
            "STOP",
            "FINISH_REASON_UNSPECIFIED",
            "MALFORMED_FUNCTION_CALL",
            "TOO_MANY_TOOL_CALLS",
            "MALFORMED_RESPONSE",
            "UNEXPECTED_TOOL_CALL",
            "MISSING_THOUGHT_SIGNATURE",
            "network_error",
            "error",
        ],
        "stop",
    ),
    **dict.fromkeys(
        ["max_tokens", "compaction", "pause_turn", "model_context_window_exceeded", "MAX_TOKENS", "CONTINUATION"],
        "length",
    ),
    **dict.fromkeys(("tool_use", "TOOL_CALL"), "tool_calls"),
    **dict.fromkeys(
        [
            "refusal",
            "ERROR_TOXIC",
            "SAFETY",
            "RECITATION",
            "LANGUAGE",
            "OTHER",
            "BLOCKLIST",
            "PROHIBITED_CONTENT",
            "SPII",
            "IMAGE_SAFETY",
            "IMAGE_PROHIBITED_CONTENT",
            "NO_IMAGE",
            "IMAGE_RECITATION",
            "IMAGE_OTHER",
            "ESCALATION",
            "sensitive",
            "guardrail_intervened",
            "content_filtered",
        ],
        "content_filter",
    ),
}
"""OpenAI's word for each reason to end that is known; `None` where the reason is one of OpenAI's already."""


def finish_reason(reason: str) -> str:
    """OpenAI's word for a reason to end; `stop` for one that is not known."""
    return FINISH_REASONS.get(reason, "stop") or reason


def new_id(prefix: str = "chatcmpl") -> str:
    """An id for an answer that came without one."""
    return f"{prefix}-{uuid.uuid4()}"


class Function(OpenAIObject):
    """The function that a tool call names, and its arguments as the model wrote them."""

    name: str | None
    arguments: str

    def __init__(self, arguments: Any = "", name: str | None = None, **fields: Any) -> None:
        if arguments is not None and not isinstance(arguments, str):
            import json

            arguments = json.dumps(arguments)
        super().__init__(arguments=arguments or "", name=name, **fields)


class FunctionCall(Function):
    """The call of a function in the older form, `function_call`."""


class ChatCompletionMessageToolCall(OpenAIObject):
    """A tool call of a model."""

    id: str
    type: str
    function: Function

    def __init__(self, function: Any = None, id: str | None = None, type: str | None = None, **fields: Any) -> None:
        if function is None and isinstance(fields.get("custom"), dict):
            super().__init__(id=id or f"call_{uuid.uuid4()}", type=type or "custom", **fields)
            return
        called = Function(**function) if isinstance(function, dict) else function
        super().__init__(function=called, id=id or f"call_{uuid.uuid4()}", type=type or "function", **fields)


class Message(OpenAIObject):
    """A message: `content`, `role`, `tool_calls`, `function_call`, and what else there is."""

    content: str | None
    role: str
    tool_calls: list[ChatCompletionMessageToolCall] | None
    function_call: FunctionCall | None
    provider_specific_fields: dict[str, Any] | None = None

    def __init__(
        self,
        content: str | None = None,
        role: str | None = "assistant",
        function_call: Any = None,
        tool_calls: Any = None,
        **fields: Any,
    ) -> None:
        super().__init__(
            content=content,
            role=role or "assistant",
            tool_calls=[
                ChatCompletionMessageToolCall(**call) if isinstance(call, dict) else call for call in tool_calls
            ]
            if tool_calls
            else None,
            function_call=FunctionCall(**function_call) if isinstance(function_call, dict) else function_call,
        )
        for name, value in fields.items():
            if value is not None or name == "refusal":
                self.__dict__[name] = value


_OF_MESSAGES = frozenset(
    [
        "content",
        "role",
        "function_call",
        "tool_calls",
        "audio",
        "images",
        "thinking_blocks",
        "reasoning_items",
        "annotations",
        "reasoning_content",
        "refusal",
        "provider_specific_fields",
    ]
)
_OF_CHOICES = frozenset(["index", "message", "finish_reason", "logprobs", "provider_specific_fields"])


class Choices(OpenAIObject):
    """One of the answers of a call."""

    finish_reason: str
    index: int
    message: Message
    logprobs: Any = None
    provider_specific_fields: dict[str, Any] | None = None

    def __init__(
        self,
        finish_reason: str | None = None,
        index: int | None = 0,
        message: Any = None,
        provider_specific_fields: dict[str, Any] | None = None,
        **fields: Any,
    ) -> None:
        reason = "stop" if finish_reason is None else FINISH_REASONS.get(finish_reason, "stop") or finish_reason
        if reason != finish_reason and finish_reason is not None:
            provider_specific_fields = {**(provider_specific_fields or {}), "native_finish_reason": finish_reason}
        if not isinstance(message, OpenAIObject):
            message = Message(**message) if message else Message()
        super().__init__(finish_reason=reason, index=index or 0, message=message, **fields)
        if provider_specific_fields is not None:
            self.__dict__["provider_specific_fields"] = provider_specific_fields


class PromptTokensDetails(OpenAIObject):
    """What the tokens of a prompt are. What the provider does not say is `None`."""

    audio_tokens: int | None = None
    cached_tokens: int | None = None
    text_tokens: int | None = None
    image_tokens: int | None = None
    video_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_creation_tokens: int | None = None


class CompletionTokensDetails(OpenAIObject):
    """What the tokens of an answer are. What the provider does not say is `None`."""

    accepted_prediction_tokens: int | None = None
    audio_tokens: int | None = None
    reasoning_tokens: int | None = None
    rejected_prediction_tokens: int | None = None
    text_tokens: int | None = None
    image_tokens: int | None = None
    video_tokens: int | None = None


class Usage(OpenAIObject):
    """The tokens of a call. The prompt's include those that were read from a cache."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptTokensDetails | None
    completion_tokens_details: CompletionTokensDetails | None

    def __init__(
        self,
        prompt_tokens: int | None = None,
        completion_tokens: int | None = None,
        total_tokens: int | None = None,
        prompt_tokens_details: Any = None,
        completion_tokens_details: Any = None,
        **fields: Any,
    ) -> None:
        prompt = _details(PromptTokensDetails, prompt_tokens_details)
        for name in ("prompt_cache_hit_tokens", "cache_read_input_tokens"):
            if isinstance(fields.get(name), int):
                prompt = prompt or PromptTokensDetails()
                prompt.__dict__["cached_tokens"] = fields[name]
        super().__init__(
            completion_tokens=completion_tokens or 0,
            prompt_tokens=prompt_tokens or 0,
            total_tokens=total_tokens or 0,
            completion_tokens_details=_details(CompletionTokensDetails, completion_tokens_details),
            prompt_tokens_details=prompt,
            **fields,
        )


def _details(kind: Any, given: Any) -> Any:
    if not given:
        return None
    return kind(**given) if isinstance(given, dict) else given


class ModelResponse(OpenAIObject):
    """The answer of a chat completion, in OpenAI's form whoever answered.

    What came from a provider is read when something of it is first asked for.

    Attributes:
        id: The provider's id of the answer.
        created: When it was made, in seconds since 1970.
        model: The model that answered, as the provider names it.
        object: `chat.completion`.
        choices: The answers.
        usage: The tokens used.
        _hidden_params: Metadata of the answer: `response_cost` in dollars, `api_base`, `model_id` (of a
            `Router`'s deployment), `litellm_call_id`, `cache_hit`, `additional_headers`, `custom_llm_provider`.
    """

    id: str
    created: int
    model: str
    object: str
    choices: list[Choices]
    usage: Usage
    _hidden_params: dict[str, Any]

    def __init__(
        self,
        id: str | None = None,
        choices: Any = None,
        created: int | None = None,
        model: str | None = None,
        object: str | None = None,
        usage: Any = None,
        hidden_params: dict[str, Any] | None = None,
        stream: bool | None = None,
        **fields: Any,
    ) -> None:
        del object, stream
        super().__init__(
            id=new_id() if id is None else id,
            created=int(time.time()) if created is None else created,
            model=model,
            object="chat.completion",
        )
        if "system_fingerprint" in fields:
            self.__dict__["system_fingerprint"] = fields.pop("system_fingerprint")
        made = [Choices(**choice) if isinstance(choice, dict) else choice for choice in choices or ()]
        self.__dict__["choices"] = [Choices()] if choices is None else made
        if usage is not None:
            self.__dict__["usage"] = Usage(**usage) if isinstance(usage, dict) else usage
        self.__dict__.update(fields)
        self.__dict__["_hidden_params"] = {} if hidden_params is None else hidden_params

    @classmethod
    def lazy(cls, body: Callable[[], dict[str, Any]], hidden: Callable[[], dict[str, Any]]) -> ModelResponse:
        """An answer of what `body` returns, a chat completion in OpenAI's form, with hidden parameters likewise.

        Args:
            body: Called when a field is first asked for.
            hidden: Called when `_hidden_params` is first asked for.
        """
        made = cls.__new__(cls)
        made.__dict__["_body"] = body
        made.__dict__["_hidden"] = hidden
        return made

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            state = self.__dict__
            if name == "_hidden_params":
                hidden = state.pop("_hidden", None)
                state[name] = made = hidden() if hidden is not None else {}
                return made
            if "_body" in state and not name.startswith("__"):
                self._load()
                if name in state:
                    return state[name]
            raise MissingFieldError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _load(self) -> None:
        body = self.__dict__.pop("_body", None)
        if body is None:
            return
        kept = {name: value for name, value in self.__dict__.items() if name[0] != "_"}
        self.__dict__.update(read(body()))
        self.__dict__.update(kept)

    def fields(self) -> dict[str, Any]:
        """The fields by name, in their order."""
        self._load()
        return super().fields()

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        self._load()
        self._hidden_params  # noqa: B018 - made, as what makes it does not pickle
        return super().__reduce__()

    def __copy__(self) -> ModelResponse:
        self._load()
        self._hidden_params  # noqa: B018 - as above
        made = type(self).__new__(type(self))
        made.__dict__.update(self.__dict__)
        return made


def read(body: dict[str, Any]) -> dict[str, Any]:
    """The fields of an answer, by a chat completion in OpenAI's form."""
    fields: dict[str, Any] = {
        "id": body.get("id") or new_id(),
        "created": body.get("created") or int(time.time()),
        "model": body.get("model"),
        "object": "chat.completion",
    }
    if "system_fingerprint" in body:
        fields["system_fingerprint"] = body["system_fingerprint"]
    fields["choices"] = [_choice(choice, place) for place, choice in enumerate(body.get("choices") or ())]
    fields["usage"] = _usage(body.get("usage") or {})
    for name, value in body.items():
        if name not in fields:
            fields[name] = value
    return fields


# Without constructors, as every answer goes through here; what is not plain goes through them.


def _usage(given: dict[str, Any]) -> Usage:
    if given.keys() != _PLAIN_USAGE:
        return Usage(**given)
    made = Usage.__new__(Usage)
    made.__dict__.update(
        completion_tokens=given["completion_tokens"] or 0,
        prompt_tokens=given["prompt_tokens"] or 0,
        total_tokens=given["total_tokens"] or 0,
        completion_tokens_details=None,
        prompt_tokens_details=None,
    )
    return made


_PLAIN_USAGE = {"prompt_tokens", "completion_tokens", "total_tokens"}


def _message(given: dict[str, Any]) -> Message:
    calls = given.get("tool_calls")
    called = given.get("function_call")
    fields: dict[str, Any] = {
        "content": given.get("content"),
        "role": given.get("role") or "assistant",
        "tool_calls": [ChatCompletionMessageToolCall(**call) for call in calls] if calls else None,
        "function_call": None if called is None else FunctionCall(**called),
    }
    unknown: dict[str, Any] | None = None
    for name, value in given.items():
        if name in fields:
            continue
        if name not in _OF_MESSAGES:
            unknown = unknown or {}
            unknown[name] = value
        elif value is not None or name == "refusal":
            fields[name] = value
    if unknown is not None:
        reasoning = unknown.get("reasoning")
        if isinstance(reasoning, str) and not fields.get("reasoning_content"):
            fields["reasoning_content"] = reasoning
        fields["provider_specific_fields"] = {**(fields.get("provider_specific_fields") or {}), **unknown}
    made = Message.__new__(Message)
    made.__dict__.update(fields)
    return made


def _choice(choice: dict[str, Any], place: int) -> Choices:
    message = _message(choice.get("message") or {})
    given = choice.get("finish_reason")
    reason = "stop" if given is None else FINISH_REASONS.get(given, "stop") or given
    specific = choice.get("provider_specific_fields") or {}
    if given is not None and reason != given:
        specific = {**specific, "native_finish_reason": given}
    if message.tool_calls and given in (None, "stop"):
        reason = "tool_calls"  # Some servers end every answer with `stop`.
    fields: dict[str, Any] = {"finish_reason": reason, "index": choice.get("index", place) or 0, "message": message}
    for name, value in choice.items():
        if name not in _OF_CHOICES:
            fields[name] = value
            specific = {**specific, name: value}
    if "logprobs" in choice:
        fields["logprobs"] = choice["logprobs"]
    fields["provider_specific_fields"] = specific
    made = Choices.__new__(Choices)
    made.__dict__.update(fields)
    return made
