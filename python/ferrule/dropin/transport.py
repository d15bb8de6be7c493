"""Transports that answer an SDK's HTTP requests by routed calls, in the place of a server.

The SDK writes the request and reads the answer as ever, so its types, errors and helpers are its own.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, cast

from ferrule import greenlets
from ferrule.bridge import running
from ferrule.dropin import failures
from ferrule.dropin.facts import RoutedCall, Source
from ferrule.errors import ConfigError, FerruleError
from ferrule.options import Timeouts
from ferrule.settling import settle
from ferrule.waiting import bridge_of, wait_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from types import ModuleType

    from ferrule._native import Flight
    from ferrule.dropin.route import Route
    from ferrule.dropin.sdk import Sdk

# What an SDK sends of its own: who it is, and the key of a server that is not asked.
_OWN_HEADERS = frozenset((
    "accept", "accept-encoding", "anthropic-version", "api-key", "authorization", "connection", "content-length",
    "content-type", "cookie", "host", "idempotency-key", "openai-organization", "openai-project", "transfer-encoding",
    "user-agent", "x-api-key",
))  # fmt: skip
_USUAL = 600.0
"""The SDKs' default of seconds to wait for the next byte, and the engine's for a whole call."""
_UNLIMITED = 7 * 24 * 3600.0


def call_options(sdk: Sdk, request: Any, max_retries: int | None) -> dict[str, Any]:
    """The options of a routed call that the SDK's request says: the caller's headers, parameters and time limits."""
    options: dict[str, Any] = {}
    headers = {
        name: value
        for name, value in request.headers.items()
        if name not in _OWN_HEADERS and not name.startswith("x-stainless-")
    }
    if headers:
        options["extra_headers"] = headers
    query = {name: value for name, value in request.url.params.items() if name not in sdk.own_query}
    if query:
        options["extra_query"] = query
    if max_retries is not None:
        options["max_retries"] = max_retries
    limits = time_limits(request.extensions.get("timeout") or {})
    if limits is not None:
        options["timeout"] = limits
    return options


def time_limits(timeout: dict[str, float | None]) -> Timeouts | None:
    """The limits that httpx's timeout says; `None` where it is the SDKs' default."""
    read, connect = timeout.get("read", _USUAL), timeout.get("connect")
    if read == _USUAL and (connect is None or connect in (5.0, _USUAL)):
        return None
    if read is None:
        return Timeouts(connect=connect, first_byte=_UNLIMITED, idle=_UNLIMITED, total=_UNLIMITED)
    # The SDKs have no limit for a whole call; the engine's must not be what ends it first.
    total = None if read * 3 <= _USUAL else read * 3
    return Timeouts(connect=connect, first_byte=read, idle=read, total=total)


def wire_format(sdk: Sdk, request: Any) -> tuple[str, str]:
    """The wire format and path of a request."""
    path = str(request.url.path)
    return sdk.formats[path.removeprefix(sdk.base_path)], path


def plain_response(sdk: Sdk, body: bytes, source: Source) -> Any:
    """The response to a plain call."""
    facts = RoutedCall(source)
    headers = {"content-type": "application/json", **_request_id(sdk, facts)}
    return sdk.httpx.Response(200, headers=headers, content=body, extensions={"ferrule": facts})


def streamed_response(sdk: Sdk, flight: Flight, body: Any) -> Any:
    """The response to a streamed call."""
    facts = RoutedCall(None, flight)
    headers = {"content-type": "text/event-stream; charset=utf-8", **_request_id(sdk, facts)}
    extensions = {"ferrule": facts, "ferrule_stream": True}
    return sdk.httpx.Response(200, headers=headers, stream=body, extensions=extensions)


def _request_id(sdk: Sdk, facts: RoutedCall) -> dict[str, str]:
    return {} if facts.request_id is None else {sdk.request_id_header: facts.request_id}


@functools.cache
def transports(httpx: ModuleType) -> tuple[type, type]:
    """The synchronous and the asynchronous transport, for `httpx` or `httpx2`."""
    base: Any = httpx.BaseTransport
    async_base: Any = httpx.AsyncBaseTransport
    byte_stream: Any = httpx.SyncByteStream
    async_byte_stream: Any = httpx.AsyncByteStream

    class Body(byte_stream):  # type: ignore[misc]
        """The body of a streamed answer."""

        def __init__(self, flight: Flight, hub: Any, first: list[bytes] | None, fail: Any) -> None:
            self._flight, self._hub, self._first, self._fail = flight, hub, first, fail

        def __iter__(self) -> Iterator[bytes]:
            pieces, self._first = self._first, None
            try:
                while pieces is not None:
                    yield b"".join(pieces)
                    pieces = wait_for(self._flight, self._hub)
            except FerruleError as error:
                yield self._fail(error)

        def close(self) -> None:
            self._flight.cancel()

    class AsyncBody(async_byte_stream):  # type: ignore[misc]
        """The body of a streamed answer."""

        def __init__(self, flight: Flight, loop: Any, first: list[bytes] | None, fail: Any) -> None:
            self._flight, self._loop, self._first, self._fail = flight, loop, first, fail

        async def __aiter__(self) -> AsyncIterator[bytes]:
            pieces, self._first = self._first, None
            try:
                while pieces is not None:
                    yield b"".join(pieces)
                    pieces = await settle(self._flight, self._loop)
            except FerruleError as error:
                yield self._fail(error)

        async def aclose(self) -> None:
            self._flight.cancel()

    class Shared:
        """What both transports are made with."""

        def __init__(self, sdk: Sdk, route: Route, max_retries: int | None) -> None:
            self._sdk, self._route, self._max_retries = sdk, route, max_retries

        def _start(self, request: Any, body: bytes, bridge: Any) -> Flight:
            name, path = wire_format(self._sdk, request)
            options = call_options(self._sdk, request, self._max_retries)
            return self._route.start(name, path, body, options, bridge)

        def _fail(self, request: Any) -> Any:
            return functools.partial(failures.event, sdk=self._sdk, request=request)

    class Transport(Shared, base):  # type: ignore[misc]
        """Answers the requests of a synchronous client."""

        def handle_request(self, request: Any) -> Any:
            body = request.read()
            try:
                return self._call(request, body)
            except FerruleError as error:
                return failures.answer(error, self._sdk, request)

        def _call(self, request: Any, body: bytes) -> Any:
            hub = greenlets.current()
            try:
                return self._answer(request, self._start(request, body, bridge_of(hub)), hub)
            except ConfigError:
                if not self._route.reload():
                    raise
            return self._answer(request, self._start(request, body, bridge_of(hub)), hub)

        def _answer(self, request: Any, flight: Flight, hub: Any) -> Any:
            first = wait_for(flight, hub)
            if isinstance(first, tuple):
                return plain_response(self._sdk, *cast("tuple[bytes, Source]", first))
            return streamed_response(self._sdk, flight, Body(flight, hub, first, self._fail(request)))

    class AsyncTransport(Shared, async_base):  # type: ignore[misc]
        """Answers the requests of an asynchronous client."""

        async def handle_async_request(self, request: Any) -> Any:
            body = await request.aread()
            try:
                return await self._call(request, body)
            except FerruleError as error:
                return failures.answer(error, self._sdk, request)

        async def _call(self, request: Any, body: bytes) -> Any:
            loop, bridge = running()
            try:
                return await self._answer(request, self._start(request, body, bridge), loop)
            except ConfigError:
                if not self._route.reload():
                    raise
            return await self._answer(request, self._start(request, body, bridge), loop)

        async def _answer(self, request: Any, flight: Flight, loop: Any) -> Any:
            first = await settle(flight, loop)
            if isinstance(first, tuple):
                return plain_response(self._sdk, *cast("tuple[bytes, Source]", first))
            return streamed_response(self._sdk, flight, AsyncBody(flight, loop, first, self._fail(request)))

    return Transport, AsyncTransport
