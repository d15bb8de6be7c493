"""Call layers: interceptors and tracers between a client's methods and the engine.

A client that has neither calls the engine itself, so that they cost nothing then. One that has calls a `LayeredNative`
in its place, which starts the same calls: through the interceptors, and watched by each tracer.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import gc
from typing import TYPE_CHECKING, Any, Protocol, cast

from ferrule.interceptors import Interceptor, in_order, interceptors_of
from ferrule.settling import DELIVERED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, MutableMapping

    from ferrule._native import Flight, LoopBridge, NativeClient, Reply

__all__ = ["Call", "LayeredNative", "Tracer", "Watch", "native_with"]


_left: collections.deque[Watch] = collections.deque()
"""Watches of calls that the garbage collector found abandoned, which are notified with the next call."""
_is_collecting = False


def _note_collection(phase: str, _: object) -> None:
    global _is_collecting
    _is_collecting = phase == "start"


gc.callbacks.append(_note_collection)


def _tell_left() -> None:
    while _left:
        _left.popleft().closed()


@dataclasses.dataclass
class Call:
    """A call that is about to start.

    Attributes:
        operation: What is called: `complete`, `stream`, `embed`, `rerank`, `images`, `speech`, `transcribe` or
            `count_tokens`.
        model: The model as the caller named it.
        input: The arguments between the model and the options.
        options: The options, a copy of the caller's.
        parse: What makes `Reply.parsed` of the reply.
    """

    operation: str
    model: Any
    input: list[Any]
    options: dict[str, Any]
    parse: Any = None


class Watch(Protocol):
    """What a tracer does with one call. Each method is called on the thread or loop that reads the call."""

    def delivered(self, value: Any) -> None:
        """The call delivered a reply, a dict, or a batch of a stream; `None` is a stream's end."""

    def failed(self, error: BaseException) -> None:
        """The call raised `error`."""

    def closed(self) -> None:
        """Its reader left it. Also called after an end, once or more."""

    def received_from(self, received: Callable[[], Reply[Any]]) -> None:
        """Takes the function that gives what was received so far."""


class Tracer(Protocol):
    """Watches the calls of clients."""

    def begin(self, call: Call, client: Any) -> Watch:
        """What watches a call of `client` that is about to start. It may add to the call's options."""
        ...


class LayeredNative:
    """The engine of a client, with layers.

    Args:
        native: The engine itself.
        is_async: Whether its client is an asynchronous one.
        interceptors: The interceptors of calls, in the order of their registration.
        tracers: The tracers, from the outside in.
        client: A weak reference to the client, for the tracers.
    """

    def __init__(
        self,
        native: NativeClient,
        *,
        is_async: bool,
        interceptors: tuple[Interceptor, ...] = (),
        tracers: tuple[Tracer, ...] = (),
        client: Callable[[], Any] = lambda: None,
    ) -> None:
        self.engine = native
        self._client = client
        self._is_async = is_async
        self._interceptors = in_order(interceptors)
        self._tracers = tracers

    def __getattr__(self, name: str) -> Any:
        if name == "engine":  # A copy that is being made has none yet.
            raise AttributeError(name)
        return getattr(self.engine, name)

    def with_interceptors(self, more: Iterable[Interceptor]) -> LayeredNative:
        """The same, with `more` interceptors."""
        every = (*self._interceptors, *more)
        return LayeredNative(
            self.engine, is_async=self._is_async, interceptors=every, tracers=self._tracers, client=self._client
        )

    def _call(
        self, operation: str, model: Any, *given: Any, bridge: LoopBridge | None = None, parse: Any = None
    ) -> Flight:
        _tell_left()
        *asked, options = given
        call = Call(operation, model, asked, dict(options), parse)
        watches: list[Watch] = []
        try:
            # A tracer's watch sees what those further in make of the call.
            client = self._client()
            watches.extend(tracer.begin(call, client) for tracer in self._tracers)
            flight = self._start(call, bridge)
        except BaseException as error:
            for watch in watches:
                watch.failed(error)
            raise
        for watch in reversed(watches):
            flight = cast("Flight", WatchedFlight(flight, watch))
        return flight

    def _start(self, call: Call, bridge: LoopBridge | None) -> Flight:
        def start() -> Flight:
            if call.operation in ("complete", "stream"):
                method: Any = getattr(self.engine, call.operation)
                started = method(call.model, *call.input, call.options, bridge=bridge, parse=call.parse)
                return cast("Flight", started)
            return self.engine.operate(call.operation, call.model, tuple(call.input), call.options, bridge=bridge)

        if not self._interceptors:
            return start()
        from ferrule.intercepted_calls import InterceptedFlight  # asyncio

        return cast("Flight", InterceptedFlight(call, self._interceptors, start, is_async=self._is_async))

    complete = functools.partialmethod(_call, "complete")
    stream = functools.partialmethod(_call, "stream")

    def operate(
        self,
        operation: str,
        model: Any,
        arguments: tuple[Any, ...],
        options: dict[str, Any],
        *,
        bridge: LoopBridge | None = None,
    ) -> Flight:
        """Starts an operation other than chat. See `NativeClient.operate`."""
        return self._call(operation, model, *arguments, options, bridge=bridge)


class WatchedFlight:
    """A `Flight` that reports to a watch what it delivers."""

    def __init__(self, flight: Flight, watch: Watch) -> None:
        self._flight = flight
        self._watch = watch
        watch.received_from(flight.received)

    def wait(self) -> Any:
        """Blocks until something is ready, and returns it."""
        try:
            ready = self._flight.wait()
        except BaseException as error:
            self._watch.failed(error)
            raise
        self._watch.delivered(ready)
        return ready

    def next(self, loop: Any) -> Any:
        """What is ready, or something to wait for."""
        try:
            ready = self._flight.next(loop)
        except BaseException as error:
            self._watch.failed(error)
            raise
        if isinstance(ready, DELIVERED):
            self._watch.delivered(ready)
        return ready

    def received(self) -> Reply[Any]:
        """What was received so far."""
        return self._flight.received()

    def cancel(self) -> None:
        """Ends the call."""
        self._flight.cancel()
        self._watch.closed()

    def __del__(self) -> None:
        if _is_collecting:
            # A collection begins anywhere, also where somebody holds a lock that the watch would take.
            _left.append(self._watch)
        else:
            self._watch.closed()


def native_with(
    native: NativeClient,
    *,
    is_async: bool,
    interceptors: tuple[Interceptor, ...] = (),
    tracers: tuple[Tracer, ...] = (),
    client: Callable[[], Any] = lambda: None,
) -> NativeClient:
    """The engine of a client with these layers in place of others; itself where there are none."""
    engine = native.engine if isinstance(native, LayeredNative) else native
    if not interceptors and not tracers:
        return engine
    made = LayeredNative(engine, is_async=is_async, interceptors=interceptors, tracers=tracers, client=client)
    return cast("NativeClient", made)


def native_for(native: NativeClient, options: MutableMapping[str, Any], *, is_async: bool) -> NativeClient:
    """The engine for a call with `hooks` among its options, which are taken out of them."""
    interceptors = interceptors_of(options.pop("hooks", None) or ())
    if not interceptors:
        return native
    if isinstance(native, LayeredNative):
        return cast("NativeClient", native.with_interceptors(interceptors))
    return cast("NativeClient", LayeredNative(native, is_async=is_async, interceptors=interceptors))
