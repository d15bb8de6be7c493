"""Chunks of streams: `ModelResponseStream`, and `CustomStreamWrapper`, which makes them of Ferrule's events."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ferrule import _native
from ferrule._native import TextDelta
from ferrule.errors import FerruleError
from ferrule.litellm.objects import MissingFieldError, OpenAIObject
from ferrule.litellm.response import FINISH_REASONS, Function, Usage, new_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from types import TracebackType

    from ferrule.litellm.requests import Request
    from ferrule.typing_compat import Self


class ChatCompletionDeltaToolCall(OpenAIObject):
    """A part of a tool call: its id and name come once, its arguments piece by piece."""

    id: str | None
    function: Function
    type: str | None
    index: int

    def __init__(
        self,
        id: str | None = None,
        function: Any = None,
        type: str | None = "function",
        index: int = 0,
        **fields: Any,
    ) -> None:
        called = Function(**function) if isinstance(function, dict) else function
        super().__init__(id=id, function=called, type=type or "function", index=index, **fields)


def _tool_call(call: dict[str, Any], place: int) -> ChatCompletionDeltaToolCall:
    fields: dict[str, Any] = {"index": place, **call}
    return ChatCompletionDeltaToolCall(**fields)


class Delta(OpenAIObject):
    """What a chunk adds to a message."""

    content: str | None
    role: str | None
    function_call: Any
    tool_calls: list[ChatCompletionDeltaToolCall] | None
    provider_specific_fields: dict[str, Any] | None = None

    def __init__(
        self,
        content: str | None = None,
        role: str | None = None,
        function_call: Any = None,
        tool_calls: Any = None,
        audio: Any = None,
        **fields: Any,
    ) -> None:
        calls = [
            _tool_call(call, place) if isinstance(call, dict) else call for place, call in enumerate(tool_calls or ())
        ]
        super().__init__(
            content=content, role=role, function_call=function_call, tool_calls=calls or None, audio=audio, **fields
        )


class StreamingChoices(OpenAIObject):
    """The part of a chunk that belongs to one of the answers."""

    finish_reason: str | None
    index: int
    delta: Delta
    logprobs: Any

    def __init__(
        self,
        finish_reason: str | None = None,
        index: int = 0,
        delta: Any = None,
        logprobs: Any = None,
        **fields: Any,
    ) -> None:
        reason = None if finish_reason is None else FINISH_REASONS.get(finish_reason, "stop") or finish_reason
        made = delta if isinstance(delta, OpenAIObject) else Delta(**(delta or {}))
        super().__init__(finish_reason=reason, index=index, delta=made, logprobs=logprobs, **fields)


class ModelResponseStream(OpenAIObject):
    """A chunk of a streamed chat completion, in OpenAI's form."""

    id: str
    created: int
    model: str
    object: str
    choices: list[StreamingChoices]
    usage: Usage
    _hidden_params: dict[str, Any]
    system_fingerprint: str | None = None
    provider_specific_fields: dict[str, Any] | None = None

    def __init__(
        self,
        choices: Any = None,
        id: str | None = None,
        created: int | None = None,
        model: str | None = None,
        usage: Any = None,
        **fields: Any,
    ) -> None:
        fields.pop("object", None)
        super().__init__(
            id=id or new_id(),
            created=created or int(time.time()),
            model=model,
            object="chat.completion.chunk",
            choices=[StreamingChoices(**one) if isinstance(one, dict) else one for one in choices]
            if choices is not None
            else [StreamingChoices()],
            **fields,
        )
        if usage is not None:
            self.__dict__["usage"] = Usage(**usage) if isinstance(usage, dict) else usage
        self.__dict__["_hidden_params"] = {}

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            raise MissingFieldError(f"{type(self).__name__!r} object has no attribute {name!r}")


_new = object.__new__


class ChunkMaker:
    """Makes chunks of the events of one stream."""

    def __init__(self, model: str, answer_id: str | None, hidden: dict[str, Any], include_usage: bool) -> None:
        self._fields = {
            "id": answer_id or new_id(),
            "created": int(time.time()),
            "model": model,
            "object": "chat.completion.chunk",
            "_hidden_params": hidden,
        }
        self._include_usage = include_usage
        # Of each answer: whether its role was said, and the numbers of its tool calls by the index of their part.
        self._begun: set[int] = set()
        self._calls: dict[tuple[int, int], int] = {}
        self._usage: Any = None

    def chunk(self, event: Any) -> ModelResponseStream | None:
        """The chunk of an event; `None` for what no chunk carries."""
        kind = type(event)
        if kind is TextDelta:
            return self._text(event.text, event.choice)
        if kind is _native.ReasoningDelta:
            return self._with({"content": None, "reasoning_content": event.text}, event.choice, None)
        if kind is _native.ToolCallDelta:
            place = self._calls.get((event.choice, event.index), 0)
            call = ChatCompletionDeltaToolCall(None, Function(event.arguments), "function", place)
            return self._with({"content": None, "tool_calls": [call]}, event.choice, None)
        if kind is _native.ToolCallStart:
            place = sum(1 for choice, _ in self._calls if choice == event.choice)
            self._calls[event.choice, event.index] = place
            call = ChatCompletionDeltaToolCall(event.id, Function("", event.name), "function", place)
            return self._with({"content": None, "tool_calls": [call]}, event.choice, None)
        if kind is _native.RefusalDelta:
            return self._with({"content": None, "refusal": event.text}, event.choice, None)
        if kind is _native.CitationDelta:
            return self._with({"content": None, "annotations": [event.citation.raw]}, event.choice, None)
        if kind is _native.Finish:
            reason = event.reason
            return self._with({"content": None}, event.choice, FINISH_REASONS.get(reason, "stop") or reason)
        return None

    def usage_chunk(self, usage: dict[str, Any]) -> ModelResponseStream | None:
        """The last chunk, with the tokens used; `None` where the caller did not ask for it."""
        if not self._include_usage:
            return None
        made = self._chunk([])
        made.__dict__["usage"] = Usage(**usage)
        return made

    def _with(self, fields: dict[str, Any], choice: int, reason: str | None) -> ModelResponseStream:
        # Without constructors: this runs for every token.
        role = None
        if choice not in self._begun:
            self._begun.add(choice)
            role = "assistant" if reason is None else None
        delta = _new(Delta)
        delta.__dict__ = {"role": role, "function_call": None, "tool_calls": None, "audio": None, **fields}
        part = _new(StreamingChoices)
        part.__dict__ = {"finish_reason": reason, "index": choice, "delta": delta, "logprobs": None}
        return self._chunk([part])

    def _text(self, text: str, choice: int) -> ModelResponseStream:
        """The chunk of a text: `_with`, written out."""
        if choice in self._begun:
            role = None
        else:
            self._begun.add(choice)
            role = "assistant"
        delta = _new(Delta)
        delta.__dict__ = {"role": role, "function_call": None, "tool_calls": None, "audio": None, "content": text}
        part = _new(StreamingChoices)
        part.__dict__ = {"finish_reason": None, "index": choice, "delta": delta, "logprobs": None}
        made = _new(ModelResponseStream)
        made.__dict__ = {**self._fields, "choices": [part]}
        return made

    def _chunk(self, choices: list[StreamingChoices]) -> ModelResponseStream:
        made = _new(ModelResponseStream)
        made.__dict__ = {**self._fields, "choices": choices}
        return made


class CustomStreamWrapper:
    """A streamed answer: iterate over its chunks, with `for` or, of an asynchronous call, with `async for`.

    Attributes:
        model: The model that was called.
        custom_llm_provider: The provider, by litellm's name.
        response_uptil_now: The text so far.
    """

    def __init__(
        self,
        request: Request,
        stream: Any,
        first: Any,
        on_end: Callable[[Any, BaseException | None], None] | None = None,
    ) -> None:
        self.model = request.model
        self.custom_llm_provider = request.provider.name
        self.completion_stream = stream
        self._request = request
        self._first = first
        self._on_end = on_end
        self._ended = False
        self._parts: list[str] = []
        self._hidden_params = request.hidden_stream()
        reply = stream.reply()
        self._maker = ChunkMaker(request.shown_model, reply.id or None, self._hidden_params, request.include_usage)

    @property
    def response_uptil_now(self) -> str:
        """The text so far."""
        return "".join(self._parts)

    def __iter__(self) -> Iterator[ModelResponseStream]:
        return self

    def __next__(self) -> ModelResponseStream:
        try:
            while True:
                if self._first is None:
                    event = next(self.completion_stream)
                else:
                    event, self._first = self._first, None
                made = self._maker.chunk(event)
                if made is not None:
                    return made
        except StopIteration:
            return self._last(StopIteration())
        except FerruleError as error:
            raise self._failed(error) from error

    def __aiter__(self) -> AsyncIterator[ModelResponseStream]:
        return self

    async def __anext__(self) -> ModelResponseStream:
        try:
            while True:
                if self._first is None:
                    event = await self.completion_stream.__anext__()
                else:
                    event, self._first = self._first, None
                made = self._maker.chunk(event)
                if made is not None:
                    return made
        except StopAsyncIteration:
            return self._last(StopAsyncIteration())
        except FerruleError as error:
            raise self._failed(error) from error

    def _last(self, end: Exception) -> ModelResponseStream:
        if self._ended:
            raise end
        self._ended = True
        reply = self.completion_stream.reply()
        body = self._request.body_of(reply)
        self._hidden_params.update(self._request.hidden(reply))
        if self._on_end is not None:
            self._on_end(reply, None)
        usage = {**(body.get("usage") or {})}
        if (cost := self._hidden_params.get("response_cost")) is not None:
            usage["cost"] = cost
        made = self._maker.usage_chunk(usage)
        if made is None:
            raise end
        return made

    def _failed(self, error: FerruleError) -> Exception:
        self._ended = True
        raised = self._request.broken_off(error, self.completion_stream.reply().text)
        if self._on_end is not None:
            self._on_end(None, raised)
        return raised

    def close(self) -> None:
        """Ends the call and closes its connection at once."""
        self.completion_stream.close()

    async def aclose(self) -> None:
        """Ends the call and closes its connection at once."""
        await self.completion_stream.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()
