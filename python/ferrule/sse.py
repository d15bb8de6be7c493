"""Server-sent events for one's own servers: the events of a stream as `text/event-stream`, for browsers and SDKs.

`sse.events(stream)` goes into the streaming response of any framework. It owns the stream: when the browser goes away,
the framework closes the iterator, and that ends the call.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any, Literal, overload

from ferrule._native import (
    Continued,
    Finish,
    ReasoningDelta,
    RefusalDelta,
    TextDelta,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    UsageUpdate,
)
from ferrule.errors import FerruleError
from ferrule.streams import AsyncStream, Stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

__all__ = ["HEADERS", "MEDIA_TYPE", "comment", "events", "message"]

MEDIA_TYPE = "text/event-stream"
"""The media type of the response."""

HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
"""Headers of the response, by which proxies neither keep nor collect it."""

DONE = "[DONE]"
"""The last message in OpenAI's form."""


def message(data: Any, *, event: str | None = None, id: str | None = None, retry: float | None = None) -> str:  # noqa: A002 - the standard's word
    """One message of a stream of server-sent events.

    Args:
        data: Text, which is sent as it is, line by line; anything else is sent as JSON.
        event: The event's name, which listeners in the browser ask for; `message` where there is none.
        id: Its id, which a browser sends as `Last-Event-ID` when it connects again.
        retry: After how many seconds a browser connects again.

    Raises:
        ValueError: `event` or `id` has a line break, or `id` a null character.
    """
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    fields: list[str] = []
    for name, value in (("event", event), ("id", id)):
        if value is None:
            continue
        if "\n" in value or "\r" in value or "\0" in value:
            raise ValueError(f"{name}: expected text without line breaks, not {value!r}")
        fields.append(f"{name}: {value}\n")
    if retry is not None:
        fields.append(f"retry: {round(retry * 1000)}\n")
    # Lines end with CR, LF, or both (docs/wire/sse.md): a lone CR in the text would cut it.
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "".join([*fields, *(f"data: {line}\n" for line in lines), "\n"])


def comment(text: str = "") -> str:
    """A comment, which clients ignore: it keeps a connection alive.

    Args:
        text: One line.
    """
    return f": {' '.join(text.splitlines())}\n\n"


@overload
def events(
    stream: Stream[Any],
    *,
    form: Literal["ferrule", "openai", "text"] = "ferrule",
    keep_alive: float | None = 15.0,
    on_error: Callable[[FerruleError], Any] | None = None,
) -> Iterator[str]: ...


@overload
def events(
    stream: AsyncStream[Any],
    *,
    form: Literal["ferrule", "openai", "text"] = "ferrule",
    keep_alive: float | None = 15.0,
    on_error: Callable[[FerruleError], Any] | None = None,
) -> AsyncIterator[str]: ...


def events(
    stream: Stream[Any] | AsyncStream[Any],
    *,
    form: Literal["ferrule", "openai", "text"] = "ferrule",
    keep_alive: float | None = 15.0,
    on_error: Callable[[FerruleError], Any] | None = None,
) -> Iterator[str] | AsyncIterator[str]:
    r"""The events of a stream as server-sent events, to the end. The stream is closed with the iterator.

    In the form `ferrule` messages are named `text`, `reasoning`, `refusal`, `tool_call`, `restart`, `finish`, `usage`
    and `error`, with JSON as data; `openai` is that of Chat Completions, which OpenAI's SDKs read; `text` has the text
    of the first answer as unnamed messages. An error comes as a last message, as the response has begun: its class, and
    never its text, in which a provider may repeat what it was sent.

    Args:
        stream: The stream, of which nothing was read.
        form: `ferrule`, `openai` or `text`. Default `ferrule`.
        keep_alive: After how many seconds of silence a comment is sent, so that proxies keep the connection; `None` for
            never. Only of an `AsyncStream`: a synchronous one is silent while it waits. Default 15.
        on_error: Takes the error, and returns what is sent of it as JSON instead.

    Returns:
        Texts, each one or several messages; asynchronous for an `AsyncStream`.

    Raises:
        ValueError: There is no such form.
    """
    if form not in _FORMS:
        raise ValueError(f"form: expected one of {', '.join(_FORMS)}, not {form!r}")
    writer = _FORMS[form](stream, on_error)
    if isinstance(stream, AsyncStream):
        return _async_events(stream, writer, keep_alive)
    return _events(stream, writer)


def _events(stream: Stream[Any], writer: _Writer) -> Iterator[str]:
    with stream:
        try:
            for batch in stream.batches():
                if written := writer.write(batch):
                    yield written
        except FerruleError as error:
            yield writer.failed(error)
            return
        yield writer.end()


async def _async_events(stream: AsyncStream[Any], writer: _Writer, keep_alive: float | None) -> AsyncIterator[str]:
    async with stream:
        coming: asyncio.Task[list[Any]] | None = None
        batches = stream.batches()
        try:
            while True:
                coming = asyncio.ensure_future(_next(batches))
                while True:
                    done, _ = await asyncio.wait((coming,), timeout=keep_alive)
                    if done:
                        break
                    yield comment("keep-alive")
                batch = coming.result()
                if not batch:
                    break
                if written := writer.write(batch):
                    yield written
        except FerruleError as error:
            yield writer.failed(error)
            return
        finally:
            if coming is not None and not coming.done():
                coming.cancel()
                await asyncio.wait((coming,))
            await batches.aclose()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
        yield writer.end()


async def _next(batches: AsyncIterator[list[Any]]) -> list[Any]:
    return await anext(batches, [])


class _Writer:
    """Writes events in one form."""

    def __init__(self, stream: Stream[Any] | AsyncStream[Any], on_error: Callable[[FerruleError], Any] | None) -> None:
        self._stream = stream
        self._on_error = on_error

    def write(self, batch: Iterable[Any]) -> str:
        """The messages of a batch; empty where it has none."""
        return "".join(made for event in batch if (made := self.one(event)))

    def one(self, event: Any) -> str:
        """The message of an event; empty where it has none in this form."""
        raise NotImplementedError

    def failed(self, error: FerruleError) -> str:
        """The message of an error."""
        return message(self.described(error), event="error")

    def described(self, error: FerruleError) -> Any:
        """What is sent of an error."""
        return {"type": type(error).__name__} if self._on_error is None else self._on_error(error)

    def end(self) -> str:
        """What comes at the end."""
        return message({}, event="done")


class _Ferrule(_Writer):
    """Named messages."""

    def __init__(self, stream: Stream[Any] | AsyncStream[Any], on_error: Callable[[FerruleError], Any] | None) -> None:
        super().__init__(stream, on_error)
        self._tools: dict[tuple[int, int], dict[str, Any]] = {}

    def one(self, event: Any) -> str:
        match event:
            case TextDelta(text, _, choice):
                return message({"text": text, "choice": choice}, event="text")
            case ReasoningDelta(text, _, choice):
                return message({"text": text, "choice": choice}, event="reasoning")
            case RefusalDelta(text, _, choice):
                return message({"text": text, "choice": choice}, event="refusal")
            case ToolCallStart(call, name, index, choice):
                self._tools[(choice, index)] = {"id": call, "name": name, "arguments": "", "choice": choice}
            case ToolCallDelta(arguments, index, choice):
                self._tools[(choice, index)]["arguments"] += arguments
            case ToolCallEnd(index, choice):
                return message(self._tools.pop((choice, index)), event="tool_call")
            case Continued(_, "restart"):
                return message({}, event="restart")
            case Finish(reason, _, choice):
                return message({"reason": reason, "choice": choice}, event="finish")
            case UsageUpdate(usage):
                counts = {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
                return message(counts, event="usage")
            case _:
                pass
        return ""


class _Text(_Writer):
    """The text alone."""

    def one(self, event: Any) -> str:
        return message(event.text) if type(event) is TextDelta and event.choice == 0 and event.text else ""


class _OpenAI(_Writer):
    """Chunks of OpenAI's Chat Completions."""

    def __init__(self, stream: Stream[Any] | AsyncStream[Any], on_error: Callable[[FerruleError], Any] | None) -> None:
        super().__init__(stream, on_error)
        self._created = int(time.time())
        self._head: dict[str, Any] | None = None
        self._begun: set[int] = set()
        self._tools: dict[tuple[int, int], int] = {}

    def one(self, event: Any) -> str:
        if isinstance(event, UsageUpdate):
            return ""
        choice = getattr(event, "choice", None)
        reason: str | None = None
        match event:
            case TextDelta(text):
                delta: dict[str, Any] = {"content": text}
            case ReasoningDelta(text):
                delta = {"reasoning_content": text}
            case RefusalDelta(text):
                delta = {"refusal": text}
            case ToolCallStart(call, name, index, _):
                number = sum(1 for of, _ in self._tools if of == choice)
                self._tools[(event.choice, index)] = number
                function = {"name": name, "arguments": ""}
                delta = {"tool_calls": [{"index": number, "id": call, "type": "function", "function": function}]}
            case ToolCallDelta(arguments, index, _):
                number = self._tools.get((event.choice, index), 0)
                delta = {"tool_calls": [{"index": number, "function": {"arguments": arguments}}]}
            case Finish(said, _, _):
                delta, reason = {}, said
            case _:
                return ""
        if event.choice not in self._begun:
            self._begun.add(event.choice)
            delta = {"role": "assistant", **delta}
        chunk = {"index": event.choice, "delta": delta, "finish_reason": reason}
        return message(self._chunk([chunk]))

    def _chunk(self, choices: list[Any], **more: Any) -> dict[str, Any]:
        if self._head is None:
            reply = self._stream.reply()
            self._head = {"id": reply.id or "chatcmpl-ferrule", "object": "chat.completion.chunk"}
            self._head |= {"created": reply.created or self._created, "model": reply.model}
        return {**self._head, "choices": choices, **more}

    def failed(self, error: FerruleError) -> str:
        described = self.described(error)
        if self._on_error is None:
            described = {"error": {"type": described["type"], "message": "the model's answer broke off", "code": None}}
        return message(described)

    def end(self) -> str:
        usage = self._stream.reply().usage
        if usage.output_tokens is None:
            return message(DONE)
        counts = {"prompt_tokens": usage.input_tokens or 0, "completion_tokens": usage.output_tokens}
        counts["total_tokens"] = sum(counts.values())
        return message(self._chunk([], usage=counts)) + message(DONE)


_FORMS: dict[str, type[_Writer]] = {"ferrule": _Ferrule, "openai": _OpenAI, "text": _Text}
