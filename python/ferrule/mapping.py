"""Many prompts at once: a bounded number of calls in flight, started from the caller's own thread or event loop.

Calls are flights of the engine, so that no prompt needs a thread or a task: one that waits for many is woken once for
all that are ready (`bridge.py`). Prompts are taken one by one, as there is room for them.
"""

from __future__ import annotations

import asyncio
import collections
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, Generic, NoReturn

from ferrule import greenlets
from ferrule._native import LoopBridge, Reply
from ferrule.errors import FerruleError
from ferrule.numeric import as_integer
from ferrule.typing_compat import Self, T

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
    from types import TracebackType

    from ferrule._native import Flight
    from ferrule.map_progress import Progress
    from ferrule.options import Messages
    from ferrule.validation_retries import ValidationRetries

    Calls = tuple[
        Callable[[Messages], "ValidationRetries | None"],
        Callable[[Any, "ValidationRetries | None", LoopBridge], Flight],
    ]
    """What keeps the conversation of a prompt that may be asked again, and what starts a call."""

__all__ = ["AsyncReplies", "Replies"]

# How many answers wait for a slower one before them, for each call in flight, until no more prompts are taken.
_AHEAD = 8


class _Call:
    """A call in flight; once it is over, its outcome."""

    __slots__ = ("again", "flight", "notify", "outcome")

    def __init__(self, notify: Callable[[_Call], None]) -> None:
        self.flight: Flight | None = None
        self.again: ValidationRetries | None = None
        """The conversation, where a reply that does not fit is asked for again."""
        self.outcome: Reply | FerruleError | None = None
        self.notify = notify

    def create_future(self) -> _Waiter:
        """What the flight completes when it has something to deliver: it takes the call for an event loop."""
        return _Waiter(self)


class _Waiter:
    """What a flight completes when it has something: of a future it has what the extension module uses."""

    __slots__ = ("_call",)

    def __init__(self, call: _Call) -> None:
        self._call = call

    def done(self) -> bool:
        """Whether it was completed. The extension module forgets one that it has completed."""
        return False

    def set_result(self, _: None) -> None:
        """Says that the call has something to deliver."""
        self._call.notify(self._call)


class _Window:
    """The calls in flight, and the outcomes that wait to be taken."""

    def __init__(self, calls: Calls, bridge: LoopBridge, concurrency: Any, *, ordered: bool) -> None:
        limit = as_integer(concurrency)
        if limit is None or limit < 1:
            raise TypeError(f"concurrency: expected a whole number, 1 or more, not {concurrency!r}")
        self._converse, self._start = calls
        self._bridge = bridge
        self._limit = limit
        self._ordered = ordered
        self._in_flight: set[_Call] = set()
        # In the order of the prompts, or of the answers.
        self._queue: collections.deque[_Call] = collections.deque()
        self.ready: collections.deque[_Call] = collections.deque()
        """Calls that have something to deliver, or have just been started."""
        self.wake: Callable[[], None] | None = None
        """Called when one of them is ready."""
        self.error: Exception | None = None
        """What ended the prompts early; it is raised when everything before it was taken."""
        self.exhausted = False

    def has_room(self) -> bool:
        """Whether another call may be started."""
        return (
            not self.exhausted and len(self._in_flight) < self._limit and len(self._queue) < self._limit * (1 + _AHEAD)
        )

    def end(self, error: Exception | None = None) -> None:
        """There are no more prompts."""
        self.exhausted, self.error = True, error

    def add(self, prompt: Messages) -> None:
        """Starts a call. An error of Ferrule's is its outcome; any other error ends the prompts."""
        if isinstance(prompt, dict):
            self.end(TypeError("prompts: each is a text or a list of messages, not one message; write [message]"))
            return
        call = _Call(self._notify)
        try:
            call.again = self._converse(prompt)
            call.flight = self._start(prompt, call.again, self._bridge)
        except FerruleError as error:
            call.outcome = error
        except Exception as error:
            self.end(error)
            return
        if self._ordered or call.flight is None:
            self._queue.append(call)
        if call.flight is not None:
            self._in_flight.add(call)
            self.ready.append(call)

    def _notify(self, call: _Call) -> None:
        self.ready.append(call)
        if self.wake is not None:
            self.wake()

    def collect(self) -> None:
        """Takes what the calls that are ready deliver, and waits for those that have nothing yet."""
        while self.ready:
            call = self.ready.popleft()
            if call.flight is None:  # It was cancelled.
                continue
            as_loop: Any = call
            try:
                delivered = call.flight.next(as_loop)
                if isinstance(delivered, _Waiter):
                    continue
                if call.again is not None and delivered is not None:
                    if not call.again.is_over(delivered):
                        call.flight = self._start(call.again.messages, call.again, self._bridge)
                        self.ready.append(call)
                        continue
                    delivered = call.again.finished(delivered)
            except FerruleError as error:
                if call.again is not None:
                    call.again.failed(error)
                self._settle(call, error)
                continue
            self._settle(call, FerruleError("the call ended without a reply") if delivered is None else delivered)

    def _settle(self, call: _Call, outcome: Reply | FerruleError) -> None:
        call.flight, call.outcome = None, outcome
        self._in_flight.discard(call)
        if not self._ordered:
            self._queue.append(call)

    def take(self) -> Reply | FerruleError | None:
        """The next outcome; `None` where none is there yet."""
        if not self._queue or self._queue[0].outcome is None:
            return None
        return self._queue.popleft().outcome

    def is_over(self) -> bool:
        """Whether everything was taken."""
        return self.exhausted and not self._queue and not self._in_flight

    def cancel(self) -> None:
        """Ends the calls in flight."""
        self.end()
        for call in self._in_flight:
            if call.flight is not None:
                call.flight.cancel()
                call.flight = None
        self._in_flight.clear()
        self._queue.clear()
        self.ready.clear()


class Replies(Iterator["Reply[T] | FerruleError"], Generic[T]):
    """The replies to many prompts, as `Client.map` iterates over them.

    Leaving it early ends the calls in flight: by `close`, a `with` statement, or dropping it.
    """

    def __init__(
        self, calls: Calls, prompts: Iterable[Messages], concurrency: int, *, ordered: bool, progress: Progress | None
    ) -> None:
        if isinstance(prompts, (str, bytes, dict)) or not hasattr(prompts, "__iter__"):
            raise TypeError(f"prompts: expected a list or another iterable of prompts, not {type(prompts).__name__}")
        self._hub = greenlets.current()
        self._bridge = LoopBridge(thread=True, has_loop=False) if self._hub is None else self._hub.bridge
        self._window = _Window(calls, self._bridge, concurrency, ordered=ordered)
        self._prompts = iter(prompts)
        self._progress = progress

    def __reduce__(self) -> NoReturn:
        raise TypeError("cannot pickle calls that are running: pickle their replies")

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Reply[T] | FerruleError:
        try:
            outcome = self._next()
        except BaseException:
            self.close()
            raise
        if self._progress is not None:
            self._progress.advance(outcome)
        return outcome

    def _next(self) -> Reply | FerruleError:
        window = self._window
        while True:
            window.collect()
            if window.has_room():
                self._pull()
                window.collect()
            if (outcome := window.take()) is not None:
                return outcome
            if window.is_over():
                raise window.error or StopIteration
            if not window.has_room() and not window.ready:
                self._wait()

    def _wait(self) -> None:
        if self._hub is None:
            self._bridge.wait()
            self._bridge.drain()
            return
        waiter = self._hub.create_future()
        self._window.wake = lambda: waiter.done() or waiter.set_result(None)
        self._hub.suspend(waiter)

    def _pull(self) -> None:
        try:
            prompt = next(self._prompts)
        except StopIteration:
            self._window.end()
        except Exception as error:
            self._window.end(error)
        else:
            self._window.add(prompt)

    def close(self) -> None:
        """Ends the calls in flight, and the progress bar."""
        self._window.cancel()
        if self._progress is not None:
            self._progress.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        # Where the arguments were wrong there is nothing to close.
        if hasattr(self, "_progress"):
            self.close()


class AsyncReplies(AsyncIterator["Reply[T] | FerruleError"], Generic[T]):
    """The replies to many prompts, as `AsyncClient.map` iterates over them.

    Leaving it early ends the calls in flight: by `aclose`, an `async with` statement, or dropping it. Cancelling a task
    that waits for the next reply loses nothing.
    """

    def __init__(
        self,
        calls: Calls,
        prompts: Iterable[Messages] | AsyncIterable[Messages],
        concurrency: int,
        *,
        ordered: bool,
        progress: Progress | None,
        loop: asyncio.AbstractEventLoop,
        bridge: LoopBridge,
    ) -> None:
        is_async = hasattr(prompts, "__aiter__")
        if isinstance(prompts, (str, bytes, dict)) or not (is_async or hasattr(prompts, "__iter__")):
            raise TypeError(f"prompts: expected a list or another iterable of prompts, not {type(prompts).__name__}")
        self._window = _Window(calls, bridge, concurrency, ordered=ordered)
        # Nothing refers back to this object, so that dropping it ends it at once.
        self._alarm = _Alarm(loop)
        self._window.wake = self._alarm.ring
        given: Any = prompts
        self._prompts: Iterator[Messages] = iter(()) if is_async else iter(given)
        self._async_prompts: AsyncIterator[Messages] | None = given.__aiter__() if is_async else None
        # The next prompt of an asynchronous iterable, which may take long.
        self._coming: asyncio.Task[Messages] | None = None
        self._loop = loop
        self._progress = progress

    def __reduce__(self) -> NoReturn:
        raise TypeError("cannot pickle calls that are running: pickle their replies")

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Reply[T] | FerruleError:
        try:
            outcome = await self._next()
        except asyncio.CancelledError:
            raise
        except BaseException:
            self._close()
            raise
        if self._progress is not None:
            self._progress.advance(outcome)
        return outcome

    async def _next(self) -> Reply | FerruleError:
        window = self._window
        while True:
            window.collect()
            pulled = window.has_room() and self._pull()
            window.collect()
            if (outcome := window.take()) is not None:
                return outcome
            if window.is_over():
                raise window.error or StopAsyncIteration
            if not pulled and not window.ready:
                await self._alarm.wait()

    def _pull(self) -> bool:
        """Takes the next prompt; false where it has not come yet."""
        try:
            if self._async_prompts is None:
                prompt = next(self._prompts)
            else:
                if self._coming is None:
                    self._coming = self._loop.create_task(_awaited(self._async_prompts.__anext__()))
                    self._coming.add_done_callback(self._alarm.ring)
                if not self._coming.done():
                    return False
                coming, self._coming = self._coming, None
                prompt = coming.result()
        except (StopIteration, StopAsyncIteration):
            self._window.end()
        except Exception as error:
            self._window.end(error)
        else:
            self._window.add(prompt)
        return True

    def _close(self) -> None:
        self._window.cancel()
        if self._coming is not None:
            self._coming.cancel()
            self._coming = None
        if self._progress is not None:
            self._progress.close()

    async def aclose(self) -> None:
        """Ends the calls in flight, and the progress bar."""
        self._close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()

    def __del__(self) -> None:
        # Where the arguments were wrong there is nothing to close.
        if hasattr(self, "_progress"):
            self._close()


class _Alarm:
    """Wakes the one task that waits for it, on its event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._woken: asyncio.Future[None] | None = None

    async def wait(self) -> None:
        """Waits until it rings."""
        self._woken = self._loop.create_future()
        await self._woken

    def ring(self, *_: Any) -> None:
        """Wakes whoever waits."""
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)


async def _awaited(awaitable: Awaitable[Messages]) -> Messages:
    return await awaitable
