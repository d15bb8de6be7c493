"""Intercepted calls: the calls of a client that has interceptors, whose requests and answers go through them."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, cast

from ferrule._native import Continued, Finish, Reply, TextDelta, ToolCallStart
from ferrule.errors import CallRefusedError, FerruleError
from ferrule.interceptors import (
    InterceptedAnswer,
    InterceptedRequest,
    Interceptor,
    TextChain,
    Work,
    refusal,
)
from ferrule.settling import DELIVERED

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrule._native import Flight
    from ferrule.call_layers import Call

_NOTHING: dict[str, Any] = {"id": "", "model": "", "provider": "", "choices": [], "usage": {}, "attempts": []}


class InterceptedFlight:
    """A `Flight` whose request and answer go through interceptors.

    Args:
        call: The call.
        interceptors: Those of all stages, in their order.
        start: Starts the call as it is by then.
        is_async: Whether what has to be awaited is awaited on the running event loop.
    """

    def __init__(
        self, call: Call, interceptors: tuple[Interceptor, ...], start: Callable[[], Flight], *, is_async: bool
    ) -> None:
        self._call = call
        self._start = start
        self._is_async = is_async
        self._requests = tuple(one for one in interceptors if one.stage == "request")
        self._texts = tuple(one for one in interceptors if one.stage == "text")
        self._answers = tuple(one for one in interceptors if one.stage == "answer")
        self._is_stream = call.operation == "stream"
        self._flight: Flight | None = None
        self._task: asyncio.Task[Any] | None = None
        self._chains: dict[int, TextChain] = {}
        # What was read of each answer of a stream, by its number: its text, and where more of it would go.
        self._read: dict[int, list[str]] = {}
        self._places: dict[int, TextDelta] = {}
        self._ended_early: set[int] = set()
        self._reply: Reply[Any] | None = None
        """What an interceptor made of the whole answer."""
        self._cut = False
        """An interceptor ended the answer."""
        self._over = False
        begun = self._now(self._begin())
        if begun is not None:
            self._flight = begun

    # What a flight has.

    def wait(self) -> Any:
        """Blocks until something is ready, and returns it."""
        if self._over:
            return None
        if self._cut:
            return self._now(self._deliver(None))
        assert self._flight is not None  # noqa: S101 - a synchronous client waits for it when it is made
        try:
            ready = self._flight.wait()
        except FerruleError as error:
            self._mask(error)
            raise
        return self._now(self._deliver(ready))

    def next(self, loop: Any) -> Any:
        """What is ready, or something to wait for."""
        while True:
            if self._task is not None:
                if not self._task.done():
                    return self._waiter(loop, self._task)
                task, self._task = self._task, None
                try:
                    outcome = task.result()
                except BaseException:
                    self._over = True
                    raise
                if self._flight is not None:
                    return outcome
                self._flight = outcome
            if self._over:
                return None
            assert self._flight is not None  # noqa: S101 - it was started above
            try:
                ready = None if self._cut else self._flight.next(loop)
            except FerruleError as error:
                self._mask(error)
                raise
            if not isinstance(ready, DELIVERED):
                return ready
            delivered = self._now(self._deliver(ready))
            if self._task is None:
                return delivered

    def received(self) -> Reply[Any]:
        """What was received so far, as far as it may be read."""
        if self._reply is not None:
            return self._reply
        if self._flight is None:
            return Reply.from_dict(_NOTHING)
        reply = self._flight.received()
        if not self._texts or not self._is_stream:
            return reply
        texts = {choice: "".join(pieces) for choice, pieces in self._read.items()}
        return self._rebuilt(reply, texts, only=True)

    def cancel(self) -> None:
        """Ends the call."""
        if self._task is not None:
            self._task.cancel()
        if self._flight is not None:
            self._flight.cancel()

    # How steps are made.

    def _now(self, work: Work) -> Any:
        """Makes a step. One that has to be awaited becomes a task."""
        try:
            awaitable = next(work)
        except StopIteration as done:
            return done.value
        if self._is_async:
            self._task = asyncio.get_running_loop().create_task(_finish(work, awaitable))
            return None
        from ferrule.own_loop import tools_loop  # threading

        future = tools_loop.submit(_finish(work, awaitable))
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def _waiter(self, loop: Any, task: asyncio.Task[Any]) -> Any:
        waiter = loop.create_future()
        task.add_done_callback(lambda _: waiter.done() or waiter.set_result(None))
        return waiter

    # The steps.

    def _begin(self) -> Work:
        if self._requests:
            request = InterceptedRequest(self._call)
            for interceptor in self._requests:
                outcome = yield from interceptor.apply(request)
                if isinstance(outcome, InterceptedRequest):
                    request = outcome
                elif outcome is not None:
                    kind = type(outcome).__name__
                    raise refusal(interceptor.name, "request", f"it returned {kind}; it changes its argument instead")
            request.settle()
        return self._start()

    def _deliver(self, ready: Any) -> Work:
        try:
            if self._is_stream:
                if ready is None:
                    return (yield from self._end())
                return (yield from self._batch(ready)) if self._texts else ready
            if isinstance(ready, (Reply, dict)) and (self._texts or self._answers):
                return (yield from self._whole(ready))
        except CallRefusedError as error:
            if self._flight is not None:
                self._flight.cancel()
            self._over = True
            if self._is_stream:
                error.partial_reply = self.received()
            raise
        return ready

    def _whole(self, reply: Any) -> Work:
        """A plain answer, or one of another operation."""
        if self._texts:
            if isinstance(reply, Reply):
                chat = reply
                texts: dict[int, str] = {}
                ended: set[int] = set()
                for choice in chat.choices:
                    if text := choice.message.text:
                        chain = TextChain(self._call, self._texts, choice.index)
                        texts[choice.index] = yield from chain.feed(text, last=True)
                        ended |= {choice.index} if chain.ended else set()
                reply = self._rebuilt(chat, texts, ended)
            elif reply.get("text"):
                reply["text"] = yield from TextChain(self._call, self._texts, 0).feed(reply["text"], last=True)
        return (yield from self._answered(reply))

    def _answered(self, reply: Any) -> Work:
        answer = InterceptedAnswer(self._call, reply)
        for interceptor in self._answers:
            outcome = yield from interceptor.apply(answer)
            if outcome is not None:
                try:
                    answer.replace(outcome)
                except TypeError as error:
                    raise refusal(interceptor.name, "answer", str(error)) from error
            if answer.texts:
                answer.reply, answer.texts = self._rebuilt(answer.reply, answer.texts), {}
        return answer.reply

    def _batch(self, events: list[Any]) -> Work:
        """The events of a stream that may be read."""
        given: list[Any] = []
        for event in events:
            if isinstance(event, TextDelta):
                if event.choice in self._ended_early:
                    continue
                before = self._places.get(event.choice)
                if before is not None and before.index != event.index:
                    yield from self._flush(event.choice, given)
                self._places[event.choice] = event
                text = yield from self._chain(event.choice).feed(event.text)
                self._put(event, text, given)
                if self._chain(event.choice).ended:
                    self._end_choice(event, given)
                continue
            choice = getattr(event, "choice", None)
            if choice in self._ended_early:
                continue
            if isinstance(event, (Finish, ToolCallStart, Continued)):
                for one in list(self._places) if choice is None else [choice]:
                    yield from self._flush(one, given)
                if isinstance(event, Continued) and event.how == "restart":
                    # What was read before is not part of the reply.
                    self._read.clear()
                    self._chains.clear()
            given.append(event)
        return given

    def _end_choice(self, event: TextDelta, given: list[Any]) -> None:
        self._ended_early.add(event.choice)
        given.append(_event(Finish, "content_filter", None, event.choice, event.received_at))
        if self._call.options.get("n") in (None, 1):
            # Nothing else is to come: the connection is given up, as the reader would by closing the stream.
            assert self._flight is not None  # noqa: S101 - it gave the event
            self._reply = self._rebuilt(self.received(), {}, self._ended_early)
            self._flight.cancel()
            self._cut = True

    def _end(self) -> Work:
        """The end of a stream: what is held back comes before it."""
        given: list[Any] = []
        for choice in list(self._places):
            yield from self._flush(choice, given)
        self._over = True
        if self._answers:
            reply = self.received()
            answered = yield from self._answered(reply)
            if answered is not reply:
                self._reply = answered
        return given or None

    def _flush(self, choice: Any, given: list[Any]) -> Work:
        place = self._places.pop(choice, None)
        if place is not None and choice not in self._ended_early:
            text = yield from self._chain(choice).feed("", last=True)
            self._put(place, text, given)

    def _chain(self, choice: int) -> TextChain:
        chain = self._chains.get(choice)
        if chain is None:
            chain = self._chains[choice] = TextChain(self._call, self._texts, choice)
        return chain

    def _put(self, event: Any, text: str, given: list[Any]) -> None:
        if text:
            self._read.setdefault(event.choice, []).append(text)
            if text != event.text:
                event = _event(TextDelta, text, event.index, event.choice, event.received_at)
            given.append(event)

    def _mask(self, error: FerruleError) -> None:
        """Leaves of an error's partial reply what may be read."""
        if error.partial_reply is not None and (self._texts or self._answers):
            error.partial_reply = self.received() if self._is_stream else None

    def _rebuilt(
        self, reply: Reply[Any], texts: dict[int, str], ended: set[int] | None = None, *, only: bool = False
    ) -> Reply[Any]:
        """The reply with other texts: where they are the same, itself. With `only`, answers have no text but those."""
        fields: dict[str, Any] | None = None
        for place, choice in enumerate(reply.choices):
            text = texts.get(choice.index, "" if only else None)
            is_ended = ended is not None and choice.index in ended
            if (text is None or text == choice.message.text) and not is_ended:
                continue
            fields = reply.to_dict() if fields is None else fields
            made = fields["choices"][place]
            if is_ended:
                made["finish_reason"] = "content_filter"
            if text is not None:
                made["message"]["content"] = _with_text(made["message"].get("content"), text)
        if fields is None:
            return reply
        # As it is pickled: with what makes its value, and without the body as it came.
        make: Any = Reply
        return cast("Reply[Any]", make._from_json(json.dumps(fields), self._call.parse))  # noqa: SLF001 - ours


def _event(kind: Any, *fields: Any) -> Any:
    """An event of a stream, made as unpickling makes it."""
    return kind._from_fields(*fields)  # noqa: SLF001 - ours


async def _finish(work: Work, awaitable: Any) -> Any:
    try:
        while True:
            try:
                outcome = await awaitable
            except Exception as error:  # noqa: PERF203 - each has its own
                awaitable = work.throw(error)
            else:
                awaitable = work.send(outcome)
    except StopIteration as done:
        return done.value


def _with_text(content: Any, text: str) -> Any:
    """The content of a message whose text is another one: it is in the place of the first."""
    if not isinstance(content, list):
        return text
    made: list[Any] = []
    is_placed = False
    for block in content:
        is_text = isinstance(block, str) or (isinstance(block, dict) and block.get("type") == "text")
        if not is_text:
            made.append(block)
        elif not is_placed:
            is_placed = True
            made.append({"type": "text", "text": text})
    return made if is_placed else [*made, {"type": "text", "text": text}]
