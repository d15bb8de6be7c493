"""Replay: what came of a first attempt, given to the SDK's own code as the answer to the request that it sends.

The SDK's HTTP client has one of these transports before its own. A request that a replay waits for never leaves; every
other is sent over the Rust core's connections, too, unless somebody looks for it at the transport that was there.
"""

from __future__ import annotations

import functools
import os
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from ferrule._native import HttpTransport
from ferrule.bridge import running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from ferrule.dropin.native.pristine import HttpLibrary

SWITCH = "FERRULE_DROPIN"
"""The environment variable that switches the native path and its transport off: `sdk`."""

_EXTENSION = "ferrule_replay"
_KNOWN_TO_CONNECTIONS = frozenset(("trace", "sni_hostname", "target"))
"""What of a request's extensions only the HTTP library's own connections make use of."""
_prepared: ContextVar[list[Any] | None] = ContextVar("ferrule_prepared", default=None)
_pending: ContextVar[list[Any] | None] = ContextVar("ferrule_replay", default=None)


def _is_asyncio() -> bool:
    """Whether the running loop is asyncio's: on trio the SDK's own transport is."""
    try:
        running()
    except RuntimeError:
        return False
    return True


def _exchanging() -> Any:
    # Calls on the native path do without it.
    from ferrule.httpx import exchanging

    return exchanging


class Waiting:
    """Has the next request of this context answered by a replay: a context manager.

    Args:
        outcome: What came: the tuple of a whole response, the exception that stands for a transport's error, or a
            function that makes the response of the SDK's HTTP library.
        prepared: The options that the SDK prepared for it, where keys or tokens are asked for with each attempt.
    """

    def __init__(self, outcome: Any, prepared: Any = None) -> None:
        self._outcome = [outcome]
        self._prepared_options = [] if prepared is None else [prepared]

    def __enter__(self) -> None:
        self._tokens = _pending.set(self._outcome), _prepared.set(self._prepared_options)

    def __exit__(self, *error: object) -> None:
        pending, prepared = self._tokens
        _pending.reset(pending)
        _prepared.reset(prepared)


def prepared_options() -> Any:
    """The options that were prepared for the attempt that is replayed, once; `None` where they were not.

    Preparing them asks for a key or a token, which an attempt does once.
    """
    waiting = _prepared.get()
    return waiting.pop() if waiting else None


def claim(request: Any) -> None:
    """Marks a request that the SDK is about to send, where a replay waits for one."""
    waiting = _pending.get()
    outcome = waiting.pop() if waiting else None
    if outcome is not None:
        request.extensions[_EXTENSION] = outcome


def response_of(httpx: Any, head: tuple[Any, ...], stream: Any) -> Any:
    """The HTTP library's response."""
    status, version, reason, headers = head
    extensions = {"http_version": version, "reason_phrase": reason}
    return httpx.Response(status, headers=headers, stream=stream, extensions=extensions)


@functools.cache
def replaying(library: HttpLibrary) -> tuple[type, type]:
    """The synchronous and the asynchronous transport, for `httpx` or `httpx2`."""
    httpx = library.httpx
    # Programs look for the usual transport and its pool.
    base: Any = httpx.HTTPTransport
    async_base: Any = httpx.AsyncHTTPTransport

    class Body(httpx.SyncByteStream, httpx.AsyncByteStream):  # type: ignore[misc, name-defined]
        """A body that is there."""

        def __init__(self, data: bytes) -> None:
            self._data = data

        def __iter__(self) -> Iterator[bytes]:
            yield self._data

        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield self._data

    class Holder:
        """What both have."""

        def __init__(self, inner: Any, limits: Any) -> None:
            self.inner = inner
            self._limits = limits
            self._native: HttpTransport | None = None

        @property
        def native(self) -> HttpTransport:
            """The connections of the native path, made when they are first needed."""
            native = self._native
            if native is None:
                limits = self._limits
                native = self._native = HttpTransport(
                    max_connections=limits.max_connections,
                    max_keepalive_connections=limits.max_keepalive_connections,
                    keepalive_expiry=limits.keepalive_expiry,
                    proxy_from_environment=False,
                )
            return native

        def replayed(self, request: Any) -> Any:
            outcome = request.extensions.pop(_EXTENSION, None)
            if outcome is None:
                return None
            if isinstance(outcome, tuple):
                return response_of(httpx, outcome[:4], Body(outcome[4]))
            if isinstance(outcome, BaseException):
                raise error_of(httpx, outcome, request)
            return outcome()

        def is_ours(self, request: Any, *, asynchronous: bool) -> bool:
            """Whether a request is sent over the Rust core's connections: where nobody would miss it here."""
            return (
                library.is_usual(self.inner, asynchronous=asynchronous)
                and _KNOWN_TO_CONNECTIONS.isdisjoint(request.extensions)
                and os.environ.get(SWITCH) != "sdk"
            )

        def release(self) -> None:
            if self._native is not None:
                self._native.close()

        def __getattr__(self, name: str) -> Any:
            return getattr(self.inner, name)

    class Replaying(Holder, base):  # type: ignore[misc]
        """Before the transport of a synchronous client."""

        def __enter__(self) -> Any:
            self.inner.__enter__()
            return self

        def __exit__(self, *error: object) -> None:
            self.release()
            self.inner.__exit__(*error)

        def handle_request(self, request: Any) -> Any:
            response = self.replayed(request)
            if response is not None:
                return response
            if not self.is_ours(request, asynchronous=False):
                return self.inner.handle_request(request)
            return _exchanging().handle(self.native, request)

        def close(self) -> None:
            self.release()
            self.inner.close()

    class AsyncReplaying(Holder, async_base):  # type: ignore[misc]
        """Before the transport of an asynchronous client."""

        async def __aenter__(self) -> Any:
            await self.inner.__aenter__()
            return self

        async def __aexit__(self, *error: object) -> None:
            self.release()
            await self.inner.__aexit__(*error)

        async def handle_async_request(self, request: Any) -> Any:
            response = self.replayed(request)
            if response is not None:
                return response
            if not (self.is_ours(request, asynchronous=True) and _is_asyncio()):
                return await self.inner.handle_async_request(request)
            return await _exchanging().handle_async(self.native, request)

        async def aclose(self) -> None:
            self.release()
            await self.inner.aclose()

    return Replaying, AsyncReplaying


def error_of(httpx: Any, error: BaseException, request: Any) -> BaseException:
    """The HTTP library's exception for one of the native transport's."""
    name, message = (*error.args, "", "")[:2]
    kind: Any = getattr(httpx, str(name), httpx.RemoteProtocolError)
    made: BaseException = kind(message, request=request)
    made.__cause__ = error
    return made
