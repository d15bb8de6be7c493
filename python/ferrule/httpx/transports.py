"""httpx transports whose connections are the Rust core's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrule._native import HttpTransport
from ferrule.httpx import exchanging, libraries, settings

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

    from ferrule.options import BreakerOptions
    from ferrule.typing_compat import Self

    # Of the libraries that are installed: a type checker takes it for a transport of either.
    _SyncBase: Any = object
    _AsyncBase: Any = object
else:
    _SyncBase = type("_SyncBase", tuple(module.BaseTransport for module in libraries.installed()), {})
    _AsyncBase = type("_AsyncBase", tuple(module.AsyncBaseTransport for module in libraries.installed()), {})


class _Transport:
    """What both transports have: connections."""

    def __init__(
        self,
        verify: ssl.SSLContext | str | bool = True,
        cert: settings.CertTypes | None = None,
        trust_env: bool = True,
        http1: bool = True,
        http2: bool = False,
        limits: Any = None,
        proxy: Any = None,
        uds: str | None = None,
        local_address: str | None = None,
        retries: int = 0,
        socket_options: Any = None,
        *,
        breaker: BreakerOptions | None = None,
    ) -> None:
        if socket_options is not None:
            raise ValueError("socket_options are not supported: connections have TCP keep-alive and no delay already")
        self._native = HttpTransport(
            **settings.read(
                verify=verify,
                cert=cert,
                trust_env=trust_env,
                http1=http1,
                http2=http2,
                limits=limits,
                proxy=proxy,
                uds=uds,
                local_address=local_address,
                connect_retries=retries,
                breaker=breaker,
            )
        )


class FerruleTransport(_Transport, _SyncBase):  # type: ignore[misc]
    """A transport for `httpx.Client(transport=...)` and `httpx2.Client(transport=...)`.

    It follows no redirects, keeps no cookies and unpacks nothing: the client does. Under gevent other greenlets run
    while one waits. After `close` it connects anew when it is used again, as httpx's own does.

    Args:
        verify: Whether servers' certificates are verified (`True`); the path of a file or directory of certificates
            to trust instead of the operating system's; or an `ssl.SSLContext`, of which the trusted certificates,
            `verify_mode` and `check_hostname` count. A certificate of the client's that was loaded into it cannot be
            read: give `cert`.
        cert: The client's certificate: a PEM file with its key, or the paths of both.
        trust_env: Whether `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, `SSL_CERT_FILE` and `SSL_CERT_DIR`
            count. They are read here, and the proxies only where no `proxy` is given.
        http1: Whether HTTP/1.1 is spoken.
        http2: Whether HTTP/2 is spoken with servers that have it; with `http1=False`, with all. Needs no further
            package.
        limits: `httpx.Limits`; by default 100 connections, of which 20 of each host are kept for 5 s.
        proxy: A URL or an `httpx.Proxy`, of `http://`, `https://`, `socks4://`, `socks5://` or `socks5h://`.
        uds: The path of a Unix socket to connect to instead of the host.
        local_address: The IP address to connect from.
        retries: How often connecting is tried again where it fails. What was sent is never sent again.
        socket_options: Not supported: only `None`.
        breaker: A circuit breaker for each server, by the options of `[breaker]`; none by default.

    Raises:
        OSError: A file of certificates cannot be read.
        ValueError: A setting cannot be used; the text names it.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.close()

    def handle_request(self, request: Any) -> Any:
        """Sends one request, and returns its response, whose body is still to be read.

        Args:
            request: An `httpx.Request` or `httpx2.Request`. `extensions["timeout"]` holds the limits.

        Returns:
            The `Response` of the same library; `extensions` has `http_version` and `reason_phrase`.

        Raises:
            Exception: The exceptions of the request's library: `ConnectError`, `ConnectTimeout`, `ReadTimeout`, ...
        """
        return exchanging.handle(self._native, request)

    def close(self) -> None:
        """Closes idle connections."""
        self._native.close()


class AsyncFerruleTransport(_Transport, _AsyncBase):  # type: ignore[misc]
    """A transport for `httpx.AsyncClient(transport=...)` and `httpx2.AsyncClient(transport=...)`.

    It runs on asyncio, on any number of event loops, and under trio, where its waiting takes a thread. The arguments
    are those of `FerruleTransport`. A task that is cancelled closes its connection.
    """

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.aclose()

    async def handle_async_request(self, request: Any) -> Any:
        """Sends one request, as `FerruleTransport.handle_request` does."""
        return await exchanging.handle_async(self._native, request)

    async def aclose(self) -> None:
        """Closes idle connections."""
        self._native.close()
