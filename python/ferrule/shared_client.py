"""Shared client: `complete` and `stream` on one client of the whole program, with the default configuration."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, cast, overload

from ferrule import greenlets
from ferrule._native import Flight, Reply
from ferrule.client import Client
from ferrule.errors import ConfigError
from ferrule.options import CallOptions, CompletionOptions, Messages, Model, ResponseType
from ferrule.signatures import with_options
from ferrule.streams import Stream
from ferrule.typing_compat import T, Unpack

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrule.greenlets import HubBridge
    from ferrule.structured import Format


class _SharedClient(Client):
    """A client that reads its configuration again before something missing is an error: it may have come since."""

    def complete_again(self, model: Model, messages: Messages | None, options: CompletionOptions) -> Reply[Any]:
        call: Callable[..., Reply[Any]] = self.complete
        try:
            return call(model, messages, **options)
        except ConfigError:
            self.reload()
            return call(model, messages, **options)

    def stream_again(self, model: Model, messages: Messages | None, options: CompletionOptions) -> Stream[Any]:
        def start() -> tuple[Flight, HubBridge | None, Format | None]:
            given: CompletionOptions = {**options}
            hub = greenlets.current()
            bridge = None if hub is None else hub.bridge
            flight, format_ = self._start("stream", self._native.stream, model, messages, given, bridge)
            return flight, hub, format_

        def again() -> Flight:
            self.reload()
            return start()[0]

        try:
            return Stream(*start(), again)
        except ConfigError:
            self.reload()
            return Stream(*start())


_shared: _SharedClient | None = None
_sharing = threading.Lock()


def _shared_client() -> _SharedClient:
    global _shared
    with _sharing:
        if _shared is None:
            _shared = _SharedClient()
        return _shared


def shared() -> Client:
    """The client that the whole program shares."""
    return _shared_client()


def reset() -> None:
    """Forgets the client that `complete` and `stream` share; the next call makes one.

    That one has the configuration as it is then: for tests, and for programs that have changed the environment or a
    configuration file. Calls in flight continue until they end.
    """
    global _shared
    with _sharing:
        shared, _shared = _shared, None
    if shared is not None:
        shared.close()


if TYPE_CHECKING:
    on = cast("Client", None).on
else:

    def on(event, function=None, *, name=None):  # noqa: ANN001, ANN201 - type checkers see the method
        """`Client.on` of the client that the whole program shares. `reset` ends what observes it."""
        return _shared_client().on(event, function, name=name)


if TYPE_CHECKING:
    intercept = cast("Client", None).intercept
else:

    def intercept(stage, function=None, **options):  # noqa: ANN001, ANN003, ANN201 - type checkers see the method
        """`Client.intercept` of the client that the whole program shares. `reset` ends it."""
        return _shared_client().intercept(stage, function, **options)


@overload
def complete(
    model: Model,
    messages: Messages,
    *,
    response_format: ResponseType[T],
    retries_on_invalid: int | None = None,
    **options: Unpack[CallOptions],
) -> Reply[T]: ...


@overload
def complete(
    model: Model,
    messages: Messages,
    *,
    response_format: Any = None,
    retries_on_invalid: int | None = None,
    **options: Unpack[CallOptions],
) -> Reply[Any]: ...


@overload
def complete(
    *,
    messages: Messages,
    model: Model = None,
    response_format: ResponseType[T],
    retries_on_invalid: int | None = None,
    **options: Unpack[CallOptions],
) -> Reply[T]: ...


@overload
def complete(
    *,
    messages: Messages,
    model: Model = None,
    response_format: Any = None,
    retries_on_invalid: int | None = None,
    **options: Unpack[CallOptions],
) -> Reply[Any]: ...


@with_options(CompletionOptions)
def complete(model: Model = None, messages: Messages | None = None, **options: Unpack[CompletionOptions]) -> Reply[Any]:
    """`Client.complete` on a client that the whole program shares, with the default configuration.

    Where a key is missing, the environment and the configuration files are read again before that is an error.
    """
    return _shared_client().complete_again(model, messages, options)


@overload
def stream(
    model: Model,
    messages: Messages,
    *,
    response_format: ResponseType[T],
    **options: Unpack[CallOptions],
) -> Stream[T]: ...


@overload
def stream(
    model: Model,
    messages: Messages,
    *,
    response_format: Any = None,
    **options: Unpack[CallOptions],
) -> Stream[Any]: ...


@overload
def stream(
    *,
    messages: Messages,
    model: Model = None,
    response_format: ResponseType[T],
    **options: Unpack[CallOptions],
) -> Stream[T]: ...


@overload
def stream(
    *,
    messages: Messages,
    model: Model = None,
    response_format: Any = None,
    **options: Unpack[CallOptions],
) -> Stream[Any]: ...


@with_options(CompletionOptions)
def stream(model: Model = None, messages: Messages | None = None, **options: Unpack[CompletionOptions]) -> Stream[Any]:
    """`Client.stream` on a client that the whole program shares, with the default configuration. See `complete`."""
    return _shared_client().stream_again(model, messages, options)
