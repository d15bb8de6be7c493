"""Observation of calls: `on`, which both clients have. Its implementation is loaded with the first observer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast, overload

if TYPE_CHECKING:
    from ferrule._native import NativeClient
    from ferrule.observers import (
        BreakerEvent,
        BudgetEvent,
        ErrorEvent,
        FailoverEvent,
        LimitEvent,
        Observers,
        RequestEvent,
        ResponseEvent,
        RetryEvent,
        StreamEndEvent,
        Subscription,
    )

    _Request = TypeVar("_Request", bound=Callable[[RequestEvent], Any])
    _Response = TypeVar("_Response", bound=Callable[[ResponseEvent], Any])
    _Error = TypeVar("_Error", bound=Callable[[ErrorEvent], Any])
    _Retry = TypeVar("_Retry", bound=Callable[[RetryEvent], Any])
    _Failover = TypeVar("_Failover", bound=Callable[[FailoverEvent], Any])
    _Breaker = TypeVar("_Breaker", bound=Callable[[BreakerEvent], Any])
    _Budget = TypeVar("_Budget", bound=Callable[[BudgetEvent], Any])
    _Limit = TypeVar("_Limit", bound=Callable[[LimitEvent], Any])
    _StreamEnd = TypeVar("_StreamEnd", bound=Callable[[StreamEndEvent], Any])


class Observable:
    """What can be observed: a client."""

    _native: NativeClient
    _observers: Observers | None = None
    _observers_may_be_async = False

    @overload
    def on(
        self, event: Literal["request"], function: Callable[[RequestEvent], Any], *, name: str | None = None
    ) -> Subscription: ...

    @overload
    def on(self, event: Literal["request"], *, name: str | None = None) -> Callable[[_Request], _Request]: ...

    @overload
    def on(
        self, event: Literal["response"], function: Callable[[ResponseEvent], Any], *, name: str | None = None
    ) -> Subscription: ...

    @overload
    def on(self, event: Literal["response"], *, name: str | None = None) -> Callable[[_Response], _Response]: ...

    @overload
    def on(
        self, event: Literal["error"], function: Callable[[ErrorEvent], Any], *, name: str | None = None
    ) -> Subscription: ...

    @overload
    def on(self, event: Literal["error"], *, name: str | None = None) -> Callable[[_Error], _Error]: ...

    @overload
    def on(
        self, event: Literal["retry"], function: Callable[[RetryEvent], Any], *, name: str | None = None
    ) -> Subscription: ...

    @overload
    def on(self, event: Literal["retry"], *, name: str | None = None) -> Callable[[_Retry], _Retry]: ...

    @overload
    def on(
        self, event: Literal["failover"], function: Callable[[FailoverEvent], Any], *, name: str | None = None
    ) -> Subscription: ...

    @overload
    def on(self, event: Literal["failover"], *, name: str | None = None) -> Callable[[_Failover], _Failover]: ...

    @overload
    def on(
        self, event: Literal["breaker"], function: Callable[[BreakerEvent], Any], *, name: str | None = None
    ) -> Subscription: ...

    @overload
    def on(self, event: Literal["breaker"], *, name: str | None = None) -> Callable[[_Breaker], _Breaker]: ...

    @overload
    def on(
        self, event: Literal["stream_end"], function: Callable[[StreamEndEvent], Any], *, name: str | None = None
    ) -> Subscription: ...

    @overload
    def on(self, event: Literal["stream_end"], *, name: str | None = None) -> Callable[[_StreamEnd], _StreamEnd]: ...

    @overload
    def on(
        self, event: Literal["budget"], function: Callable[[BudgetEvent], Any], *, name: str | None = None
    ) -> Subscription: ...

    @overload
    def on(self, event: Literal["budget"], *, name: str | None = None) -> Callable[[_Budget], _Budget]: ...

    @overload
    def on(
        self, event: Literal["limit"], function: Callable[[LimitEvent], Any], *, name: str | None = None
    ) -> Subscription: ...

    @overload
    def on(self, event: Literal["limit"], *, name: str | None = None) -> Callable[[_Limit], _Limit]: ...

    def on(self, event: str, function: Callable[[Any], Any] | None = None, *, name: str | None = None) -> Any:
        """Has a function called with each event of a kind; without one, a decorator that does so.

        The function of a `Client` is called on the thread that makes the call, while it waits and at the latest before
        it has its reply or error; that of an `AsyncClient` on the caller's event loop, as soon as that comes round.
        What it raises is logged under `ferrule` and does not harm the call. It observes calls that begin from now on,
        until its subscription is cancelled or the client is closed. docs/observers.md has more.

        Args:
            event: `request` and `response` (an attempt begins, is answered), `error` (an attempt, or the call, fails),
                `retry` (the same target is asked again), `failover` (another one is), `breaker` (a circuit breaker
                changes its state), `stream_end`, `budget` (a threshold is reached, a call is refused or led to a
                cheaper group), `limit` (a call waits, goes on or is refused).
            function: Takes the event: a `RequestEvent`, `ResponseEvent`, `ErrorEvent`, `RetryEvent`, `FailoverEvent`,
                `BreakerEvent`, `StreamEndEvent`, `BudgetEvent` or `LimitEvent`. With an `AsyncClient` it may be
                `async def`.
            name: What it is called in the log; its own name by default.

        Returns:
            The subscription, to `cancel`; as a decorator, the function.

        Raises:
            ValueError: There is no such kind of event.
            TypeError: `function` cannot be called, or is an `async def` of a synchronous client.
            RuntimeError: The client is closed.
        """
        if self._observers is None:
            from ferrule.observers import Observers  # asyncio, dataclasses, inspect, logging

            made = Observers(self._native, may_be_async=self._observers_may_be_async)
            # Of two threads that make them at once, one is first.
            self.__dict__.setdefault("_observers", made)
        observers = cast("Observers", self._observers)
        if function is not None:
            return observers.add(event, function, name)

        def register(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
            observers.add(event, function, name)
            return function

        return register
