"""Observers: functions that are called with the events of calls and of circuit breakers.

The engine collects the events of each call (`crates/python/src/observers.rs`), and hands them over in batches where the
call's reader is: on its thread, or on its event loop. A new kind of event is a class here, in `EVENTS`, and an overload
of `on` in `observing.py`.
"""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import functools
import inspect
import logging
import threading
import weakref
from typing import TYPE_CHECKING, Any, Literal

from ferrule import errors

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from decimal import Decimal
    from types import TracebackType

    from ferrule._native import Cost, NativeClient, Usage
    from ferrule.errors import FerruleError
    from ferrule.typing_compat import Self

__all__ = [
    "BreakerEvent",
    "BudgetEvent",
    "ErrorEvent",
    "FailoverEvent",
    "LimitEvent",
    "ObserverEvent",
    "RequestEvent",
    "ResponseEvent",
    "RetryEvent",
    "StreamEndEvent",
    "Subscription",
]

_logger = logging.getLogger("ferrule")

_MAX_WAITING = 1_000
"""How many events wait for one asynchronous observer on one loop; beyond that the oldest are dropped."""


@dataclasses.dataclass(frozen=True)
class ObserverEvent:
    """What every event has. None has contents of prompts or answers, messages of errors, or keys.

    Attributes:
        time: When it happened, in seconds since 1970.
        call: The number of the call, the same in all of its events; `None` where a breaker changed outside of a call.
        model: The model as the caller named it: an alias, a group, `provider/model`; `None` where none was named.
        metadata: The labels that the call was given (`metadata=`).
        target: The target: `provider/model`, as in `Attempt.target`; `None` where the call did not get as far as one.
        provider: The provider's id; `None` as for `target`.
    """

    time: float
    call: int | None
    model: str | None
    metadata: Mapping[str, str]
    target: str | None
    provider: str | None


@dataclasses.dataclass(frozen=True)
class RequestEvent(ObserverEvent):
    """An attempt begins.

    Attributes:
        attempt: Its number in the call, from 1.
        waited: How long the call waited before it, in seconds.
    """

    attempt: int
    waited: float


@dataclasses.dataclass(frozen=True)
class ResponseEvent(ObserverEvent):
    """An attempt was answered: whole, or with the first events of a stream.

    Attributes:
        attempt: The number of the attempt, from 1.
        key: The key that was used, all but its end masked; `None` where the provider has but one.
        duration: How long the attempt took, in seconds.
        usage: What was used; `None` for a stream, whose `stream_end` has it, and where the provider does not say.
        cost: What that cost; `None` where it is not known.
    """

    attempt: int
    key: str | None
    duration: float
    usage: Usage | None
    cost: Cost | None


@dataclasses.dataclass(frozen=True)
class ErrorEvent(ObserverEvent):
    """An attempt failed, or the call did without one.

    Attributes:
        attempt: The number of the attempt, from 1; `None` where the call failed without one.
        key: The key that was used, all but its end masked; `None` where the provider has but one.
        duration: How long the attempt took, in seconds; `None` without one.
        error: The class of the error; `None` where the caller ended the call.
        reason: The kind of failure, as `failover_on` names it, or `cancelled`.
        status: The HTTP status; `None` where there was none.
        ends_call: Whether the call ends with it. If not, a `retry` or `failover` event follows.
    """

    attempt: int | None
    key: str | None
    duration: float | None
    error: type[FerruleError] | None
    reason: str
    status: int | None
    ends_call: bool


@dataclasses.dataclass(frozen=True)
class RetryEvent(ObserverEvent):
    """The same target is asked again.

    Attributes:
        attempt: The number of the attempt that failed, from 1.
        key: The key that it used, all but its end masked; `None` where the provider has but one.
        duration: How long it took, in seconds.
        error: The class of its error.
        reason: The kind of failure, as `failover_on` names it.
        status: The HTTP status; `None` where there was none.
        delay: After how many seconds the target is asked again.
        how: `retried`; `repeated` at once, as its connection was dead; with `renewed_credentials`, or the `next_key`.
    """

    attempt: int
    key: str | None
    duration: float
    error: type[FerruleError]
    reason: str
    status: int | None
    delay: float
    how: Literal["retried", "repeated", "renewed_credentials", "next_key"]


@dataclasses.dataclass(frozen=True)
class FailoverEvent(ObserverEvent):
    """Another target is tried. `target` is the one that failed, or that was passed over.

    Attributes:
        next_target: The target that is asked next.
        delay: After how many seconds.
        skipped: Why the target was passed over: its circuit breaker is open, or it is busy; `None` where it failed.
        attempt: The number of the attempt that failed, from 1; `None` where the target was passed over, as the rest is.
        key: The key that it used, all but its end masked; `None` where the provider has but one.
        duration: How long it took, in seconds.
        error: The class of its error.
        reason: The kind of failure, as `failover_on` names it.
        status: The HTTP status; `None` where there was none.
    """

    next_target: str
    delay: float
    skipped: str | None
    attempt: int | None
    key: str | None
    duration: float | None
    error: type[FerruleError] | None
    reason: str | None
    status: int | None


@dataclasses.dataclass(frozen=True)
class BreakerEvent(ObserverEvent):
    """The circuit breaker of a target changed its state.

    Attributes:
        before: The state that it had: `closed`, `open`, `half_open`, `forced_open` or `excluded`, as in `TargetStatus`.
        after: The state that it has.
        reopens_in: Seconds until a call may try the target again; `None` where it is closed or opened by hand.
    """

    before: str
    after: str
    reopens_in: float | None


@dataclasses.dataclass(frozen=True)
class StreamEndEvent(ObserverEvent):
    """A stream ended.

    Attributes:
        ending: `complete`; `interrupted`, when an `error` event came before; or `closed` by its reader.
        duration: How long the call took, in seconds.
        time_to_first_token: Seconds until the first token; `None` where none came.
        usage: What was used, as far as the provider said; `None` where it did not.
        cost: What that cost; `None` where it is not known.
        error: The class of the error; `None` where there was none.
        reason: The kind of failure; `None` where there was none.
        status: The HTTP status of an error; `None` where there was none.
    """

    ending: Literal["complete", "interrupted", "closed"]
    duration: float
    time_to_first_token: float | None
    usage: Usage | None
    cost: Cost | None
    error: type[FerruleError] | None
    reason: str | None
    status: int | None


@dataclasses.dataclass(frozen=True)
class BudgetEvent(ObserverEvent):
    """Something happened to a budget.

    Attributes:
        budget: The budget's name.
        scope: What it is kept of, such as `metadata.team`.
        scope_value: Which of those, such as the team's name.
        what: `threshold` (`percent` of it are spent), `refused` (a call that did not fit in), or `degraded` (a cheaper
            group is used in place of what the call names).
        percent: The threshold: 50, 80 or 100; `None` otherwise.
        amount: Dollars that may be spent in its window.
        spent: Dollars that were spent, estimates included.
        reserved: Dollars that calls under way may spend.
    """

    budget: str
    scope: str
    scope_value: str
    what: Literal["threshold", "refused", "degraded"]
    percent: int | None
    amount: Decimal
    spent: Decimal
    reserved: Decimal


@dataclasses.dataclass(frozen=True)
class LimitEvent(ObserverEvent):
    """A call waits for a limit, goes on, or is refused by it.

    Attributes:
        limit: The limit's name; `budgets.<name>` where it waits for a budget; `None` where the provider itself says
            that it takes no more for now.
        scope: What it is kept of, such as `metadata.team`.
        scope_value: Which of those, such as the team's name.
        what: `waiting`, `admitted` (after it waited) or `refused`.
        position: Its place in the queue when it began to wait, from 1; `None` otherwise.
        waited: How long it waited, in seconds.
        retry_after: Seconds until there may be room, where the call is refused and that is known.
    """

    limit: str | None
    scope: str
    scope_value: str
    what: Literal["waiting", "admitted", "refused"]
    position: int | None
    waited: float
    retry_after: float | None


EVENTS: dict[str, type[ObserverEvent]] = {
    "request": RequestEvent,
    "response": ResponseEvent,
    "error": ErrorEvent,
    "retry": RetryEvent,
    "failover": FailoverEvent,
    "breaker": BreakerEvent,
    "stream_end": StreamEndEvent,
    "budget": BudgetEvent,
    "limit": LimitEvent,
}
"""The classes of events, by kind."""


class Subscription:
    """A function that observes events of one kind. In a `with` statement it does so until the end of the block.

    Attributes:
        event: The kind of event.
        function: The function.
        name: What it is called in the log.
    """

    def __init__(self, observers: Observers, event: str, function: Callable[[Any], Any], name: str | None) -> None:
        self.event = event
        self.function = function
        self.name = name or getattr(function, "__qualname__", None) or type(function).__name__
        self._observers = observers
        # Of asynchronous functions: the events that wait for it, by loop.
        self._lines: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Line] = weakref.WeakKeyDictionary()

    @property
    def active(self) -> bool:
        """Whether the function still observes: neither cancelled, nor its client closed."""
        return self._observers.has(self)

    def cancel(self) -> None:
        """Ends it: the function is not called any more. Does nothing the second time."""
        self._observers.remove(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.cancel()

    def __repr__(self) -> str:
        state = "active" if self.active else "ended"
        return f"<Subscription of {self.name} to {self.event}: {state}>"

    def call(self, event: ObserverEvent) -> None:
        """Calls the function with `event`. What it raises is logged."""
        try:
            outcome = self.function(event)
            if outcome is not None and inspect.isawaitable(outcome):
                if not self._observers.may_be_async:
                    if inspect.iscoroutine(outcome):
                        outcome.close()
                    raise TypeError("the observers of a synchronous client cannot be awaited")
                self._await(outcome)
        except Exception:
            self._log_failure()

    def _await(self, outcome: Awaitable[Any]) -> None:
        loop = asyncio.get_running_loop()
        line = self._lines.get(loop)
        if line is None:
            line = self._lines[loop] = _Line()
        if len(line.waiting) == _MAX_WAITING:
            oldest = line.waiting.popleft()
            if inspect.iscoroutine(oldest):
                oldest.close()
            line.dropped += 1
        line.waiting.append(outcome)
        if line.task is None or line.task.done():
            line.task = loop.create_task(self._work_off(line))
            self._observers.tasks.add(line.task)
            line.task.add_done_callback(self._observers.tasks.discard)

    async def _work_off(self, line: _Line) -> None:
        """Awaits what the function returned, one after the other: the order of the events is kept."""
        while line.waiting:
            outcome = line.waiting.popleft()
            if line.dropped:
                _logger.warning("%d events were dropped: observer %s is too slow", line.dropped, self.name)
                line.dropped = 0
            try:
                await outcome
            except Exception:
                self._log_failure()

    def _log_failure(self) -> None:
        _logger.exception("observer %s of %s failed", self.name, self.event)


class _Line:
    """What an asynchronous observer returned, and has yet to be awaited on one loop."""

    def __init__(self) -> None:
        self.waiting: collections.deque[Awaitable[Any]] = collections.deque()
        self.task: asyncio.Task[None] | None = None
        self.dropped = 0


class Observers:
    """The observers of one client."""

    def __init__(self, native: NativeClient, *, may_be_async: bool) -> None:
        self._native = native
        self.may_be_async = may_be_async
        self.tasks: set[asyncio.Task[None]] = set()
        """The tasks in which asynchronous observers run."""
        self._bits = {name: 1 << place for place, name in enumerate(native.event_kinds())}
        # Replaced as a whole when it changes: who goes through it needs no lock.
        self._subscriptions: dict[str, tuple[Subscription, ...]] = {}
        self._changing = threading.Lock()
        self._closed = False
        # Events that wait for an event loop.
        self._later: list[tuple[str, dict[str, Any]]] = []

    def add(self, event: str, function: Callable[[Any], Any], name: str | None) -> Subscription:
        """Has `function` called with each event of the kind `event`."""
        if event not in self._bits:
            raise ValueError(f"event: {event!r} is not a kind of event; there are {', '.join(self._bits)}")
        if not callable(function):
            raise TypeError(f"function: expected a function that takes an event, not {function!r}")
        if _is_async(function) and not self.may_be_async:
            raise TypeError(
                "function: a synchronous client has no event loop to run an async function on: use a plain function, "
                "or AsyncClient"
            )
        subscription = Subscription(self, event, function, name)
        with self._changing:
            if self._closed:
                raise RuntimeError("the client is closed")
            self._put(event, (*self._subscriptions.get(event, ()), subscription))
        return subscription

    def remove(self, subscription: Subscription) -> None:
        """Ends a subscription."""
        with self._changing:
            rest = tuple(one for one in self._subscriptions.get(subscription.event, ()) if one is not subscription)
            self._put(subscription.event, rest)

    def has(self, subscription: Subscription) -> bool:
        """Whether a subscription is there."""
        return subscription in self._subscriptions.get(subscription.event, ())

    def close(self, *, wait: bool) -> None:
        """Hands over what there is, and ends all subscriptions."""
        self._native.flush_events(wait=wait)
        with self._changing:
            self._closed = True
            self._subscriptions = {}
            self._register()

    async def aclose(self, patience: float) -> None:
        """As `close`, once asynchronous observers have done their work, or have had `patience` seconds for it."""
        loop = asyncio.get_running_loop()
        until = loop.time() + min(patience, 1.0)
        while self._native.flush_events() and loop.time() < until:  # noqa: ASYNC110 - nothing wakes a loop of ours
            await asyncio.sleep(0.001)
        here = asyncio.current_task()
        mine = {task for task in self.tasks if task.get_loop() is loop and task is not here}
        if mine:
            _, late = await asyncio.wait(mine, timeout=patience)
            if late:
                _logger.warning("the client is closed while %d observers are still at work", len(late))
        self.close(wait=False)

    def _put(self, event: str, subscriptions: tuple[Subscription, ...]) -> None:
        self._subscriptions = {**self._subscriptions, event: subscriptions}
        self._register()

    def _register(self) -> None:
        """Registers the wanted events with the engine. It holds the observers weakly, as they lead to the client."""
        wanted = sum(self._bits[event] for event, subscribed in self._subscriptions.items() if subscribed)
        self._native.observe(weakref.ref(self), wanted)

    def deliver(self, events: list[tuple[str, dict[str, Any]]], dropped: int) -> None:
        """Calls the observers of `events`, in their order. Called by the extension module."""
        if self.may_be_async:
            if not _is_loop_running():
                # A breaker that was opened by hand outside of a loop, where nothing can be awaited.
                self._later += events
                return
            if self._later:
                events, self._later = [*self._later, *events], []
        if dropped:
            _logger.warning("%d events were dropped: nobody attended to their calls", dropped)
        for kind, fields in events:
            subscribed = self._subscriptions.get(kind)
            if not subscribed:
                continue
            error = fields.get("error")
            if error is not None:
                fields["error"] = getattr(errors, error)
            event = EVENTS[kind](**fields)
            for subscription in subscribed:
                subscription.call(event)


def _is_loop_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _is_async(function: Callable[..., Any]) -> bool:
    while isinstance(function, functools.partial):
        function = function.func
    call = getattr(function, "__call__", None)  # noqa: B004 - of an object with `async def __call__`
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)
