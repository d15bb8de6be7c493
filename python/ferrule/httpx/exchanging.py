"""Requests of httpx or httpx2 sent over the Rust core's connections, and their responses: what every transport does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrule._native import HttpTransportError
from ferrule.httpx import libraries, waiting
from ferrule.httpx.bodies import AsyncBody, Body, body_class

if TYPE_CHECKING:
    from ferrule._native import HttpExchange, HttpTransport, LoopBridge
    from ferrule.httpx.libraries import Library


def handle(native: HttpTransport, request: Any) -> Any:
    """Sends one request, and returns its response, whose body is still to be read.

    Args:
        native: The connections.
        request: An `httpx.Request` or `httpx2.Request`. `extensions["timeout"]` holds the limits.

    Returns:
        The `Response` of the same library; `extensions` has `http_version` and `reason_phrase`.

    Raises:
        Exception: The exceptions of the request's library: `ConnectError`, `ConnectTimeout`, `ReadTimeout`, ...
    """
    library = libraries.library_for(request)
    waiter = waiting.Blocking()
    try:
        exchange = _start(native, request, library, waiter.bridge)
        if not isinstance(request.stream, library.byte_stream):
            _send_body(exchange, request.stream, waiter)
        first = waiter.next(exchange)
    except HttpTransportError as error:
        raise library.error(error) from error
    return _response(first, body_class(Body, library)(exchange, first[1:], waiter, library), library)


async def handle_async(native: HttpTransport, request: Any) -> Any:
    """Sends one request, as `handle` does. A task that is cancelled closes its connection."""
    library = libraries.library_for(request)
    waiter = waiting.here()
    try:
        exchange = _start(native, request, library, waiter.bridge)
        try:
            if not isinstance(request.stream, library.byte_stream):
                await _send_body_async(exchange, request.stream, waiter)
            first = await waiter.next(exchange)
        except BaseException:
            exchange.cancel()
            raise
    except HttpTransportError as error:
        raise library.error(error) from error
    return _response(first, body_class(AsyncBody, library)(exchange, first[1:], waiter, library), library)


def _start(native: HttpTransport, request: Any, library: Library, bridge: LoopBridge | None) -> HttpExchange:
    """Starts `request`; its body follows where it is not whole."""
    url, stream = request.url, request.stream
    limits = request.extensions.get("timeout") or {}
    if "sni_hostname" in request.extensions:
        raise HttpTransportError("LocalProtocolError", "the extension sni_hostname is not supported")
    return native.send(
        request.method,
        f"{url.scheme}://{url.netloc.decode('ascii')}{url.raw_path.decode('ascii')}",
        request.headers.raw,
        b"".join(stream) if isinstance(stream, library.byte_stream) else None,
        timeout=(limits.get("connect"), limits.get("read"), limits.get("write"), limits.get("pool")),
        bridge=bridge,
    )


def _send_body(exchange: HttpExchange, stream: Any, waiter: waiting.Blocking) -> None:
    try:
        for chunk in stream:
            exchange.write(chunk)
            if not waiter.has_room(exchange):
                return
        exchange.end_body()
    except BaseException:
        exchange.cancel()
        raise


async def _send_body_async(exchange: HttpExchange, stream: Any, waiter: waiting.Waiter) -> None:
    async for chunk in stream:
        exchange.write(chunk)
        if not await waiter.has_room(exchange):
            return
    exchange.end_body()


def _response(first: list[Any], body: Any, library: Library) -> Any:
    status, version, reason, headers = first[0]
    extensions = {"http_version": version, "reason_phrase": reason}
    return library.response(status, headers=headers, stream=body, extensions=extensions)
