"""Interception of calls: `intercept`, which both clients have, and the layers of a client, loaded when used."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from ferrule.observing import Observable

if TYPE_CHECKING:
    from ferrule.call_layers import Tracer
    from ferrule.interceptors import InterceptedAnswer, InterceptedRequest, InterceptedText, Interceptor

    _Request = TypeVar("_Request", bound=Callable[[InterceptedRequest], Any])
    _Text = TypeVar("_Text", bound=Callable[[InterceptedText], Any])
    _Answer = TypeVar("_Answer", bound=Callable[[InterceptedAnswer], Any])

_changing = threading.Lock()
_clients: weakref.WeakSet[Interceptable] = weakref.WeakSet()
_shared_tracers: tuple[Tracer, ...] = ()
"""Those of all clients."""


class Interceptable(Observable):
    """What can be intercepted and traced: a client."""

    _interceptors: tuple[Interceptor, ...] = ()
    _tracers: tuple[Tracer, ...] = ()

    @overload
    def intercept(
        self,
        stage: Literal["request"],
        function: Callable[[InterceptedRequest], Any],
        *,
        order: int = 0,
        name: str | None = None,
        on_error: Literal["refuse", "ignore"] = "refuse",
    ) -> Interceptor: ...

    @overload
    def intercept(
        self,
        stage: Literal["request"],
        *,
        order: int = 0,
        name: str | None = None,
        on_error: Literal["refuse", "ignore"] = "refuse",
    ) -> Callable[[_Request], _Request]: ...

    @overload
    def intercept(
        self,
        stage: Literal["text"],
        function: Callable[[InterceptedText], Any],
        *,
        order: int = 0,
        name: str | None = None,
        on_error: Literal["refuse", "ignore"] = "refuse",
        buffer: int = 0,
    ) -> Interceptor: ...

    @overload
    def intercept(
        self,
        stage: Literal["text"],
        *,
        order: int = 0,
        name: str | None = None,
        on_error: Literal["refuse", "ignore"] = "refuse",
        buffer: int = 0,
    ) -> Callable[[_Text], _Text]: ...

    @overload
    def intercept(
        self,
        stage: Literal["answer"],
        function: Callable[[InterceptedAnswer], Any],
        *,
        order: int = 0,
        name: str | None = None,
        on_error: Literal["refuse", "ignore"] = "refuse",
    ) -> Interceptor: ...

    @overload
    def intercept(
        self,
        stage: Literal["answer"],
        *,
        order: int = 0,
        name: str | None = None,
        on_error: Literal["refuse", "ignore"] = "refuse",
    ) -> Callable[[_Answer], _Answer]: ...

    def intercept(
        self,
        stage: Any,
        function: Callable[[Any], Any] | None = None,
        *,
        order: int = 0,
        name: str | None = None,
        on_error: Literal["refuse", "ignore"] = "refuse",
        buffer: int = 0,
    ) -> Any:
        """Has a function see each request, text or answer, to change or refuse it; without one, a decorator that does.

        It holds for calls that begin from now on: completions, streams, runs, `map`, embeddings and the other
        operations with a model. An error that the function raises refuses the call with a `CallRefusedError`, unless
        `on_error` says otherwise. docs/hooks.md has more.

        Args:
            stage: `request` (before it is sent), `text` (each piece of an answer's text) or `answer` (the whole one).
            function: Takes an `InterceptedRequest`, `InterceptedText` or `InterceptedAnswer`, and changes it; one of
                texts or answers may return the text instead. It may be `async def`: with a `Client` that runs on an
                event loop of Ferrule's own, while the call waits.
            order: Those of a stage are called in ascending order. Default 0.
            name: What errors and logs call it; its own name by default.
            on_error: What an error of the function does: `"refuse"` or `"ignore"`. Default `"refuse"`.
            buffer: For `text`: how many characters of a stream are held back, so that a text of up to that length is
                seen whole wherever the provider cuts it. Default 0.

        Returns:
            The interceptor, to `cancel`; as a decorator, the function.

        Raises:
            ValueError: There is no such stage, or `on_error` is another word.
            TypeError: `function` cannot be called, or a number is not one.
        """
        from ferrule.interceptors import Interceptor  # dataclasses, inspect, logging

        def register(function: Callable[[Any], Any]) -> Interceptor:
            made = Interceptor(stage, function, order=order, name=name, on_error=on_error, buffer=buffer)
            with _changing:
                self._interceptors = (*self._interceptors, made.registered(self._remove_interceptor))
                self._renew_layers()
            return made

        if function is not None:
            return register(function)

        def decorate(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
            register(function)
            return function

        return decorate

    def _remove_interceptor(self, interceptor: Interceptor) -> None:
        with _changing:
            self._interceptors = tuple(one for one in self._interceptors if one is not interceptor)
            self._renew_layers()

    def _renew_layers(self) -> None:
        from ferrule.call_layers import native_with

        self._native = native_with(
            self._native,
            is_async=self._observers_may_be_async,
            interceptors=self._interceptors,
            tracers=(*_shared_tracers, *self._tracers),
            client=weakref.ref(self),
        )

    def _join_others(self) -> None:
        """Takes part in what is done to all clients, from the first call on."""
        with _changing:
            _clients.add(self)
            if _shared_tracers:
                self._renew_layers()


def every_client() -> list[Interceptable]:
    """The clients of the process."""
    with _changing:
        return list(_clients)


def add_tracer(tracer: Tracer, client: Interceptable | None) -> None:
    """Has `tracer` watch the calls of `client`, or of all clients, those to come included."""
    _change(client, lambda tracers: (*tracers, tracer))


def remove_tracer(tracer: Tracer, client: Interceptable | None) -> None:
    """Undoes `add_tracer`; calls under way are watched to their end."""
    _change(client, lambda tracers: tuple(one for one in tracers if one is not tracer))


def _change(client: Interceptable | None, change: Callable[[tuple[Tracer, ...]], tuple[Tracer, ...]]) -> None:
    global _shared_tracers
    with _changing:
        if client is not None:
            client._tracers = change(client._tracers)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - ours
            client._renew_layers()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - as above
            return
        _shared_tracers = change(_shared_tracers)
        for one in list(_clients):
            one._renew_layers()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - as above
