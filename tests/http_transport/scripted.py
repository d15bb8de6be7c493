"""A server whose every byte is scripted, for comparing HTTP clients: what they send, and what they make of answers."""

from __future__ import annotations

import contextlib
import gzip
import socket
import struct
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    from ferrule.typing_compat import Self

TIMEOUT = 20


@dataclass
class Received:
    """A request as it came."""

    line: str
    headers: list[tuple[str, str]]
    """Names as they were written, in their order."""
    body: bytes
    connection: int
    """The number of the connection, from 1."""

    def header(self, name: str) -> str | None:
        return next((value for known, value in self.headers if known.lower() == name.lower()), None)


class Peer:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket, number: int) -> None:
        self.socket = sock
        self.number = number
        self._buffer = b""

    def read_request(self, *, with_body: bool = True) -> Received | None:
        while b"\r\n\r\n" not in self._buffer:
            if not self._more():
                return None
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").split("\r\n")
        headers = [(name, value.strip()) for name, _, value in (field.partition(":") for field in fields)]
        received = Received(line, headers, b"", self.number)
        if with_body:
            received.body = self.read_body(received)
        return received

    def read_body(self, received: Received) -> bytes:
        if (received.header("transfer-encoding") or "").lower() == "chunked":
            body = b""
            while True:
                size = int(self._until(b"\r\n"), 16)
                body += self._exactly(size)
                assert self._until(b"\r\n") == b""
                if size == 0:
                    return body
        return self._exactly(int(received.header("content-length") or 0))

    def send(self, *parts: bytes) -> None:
        self.socket.sendall(b"".join(parts))

    def reset(self) -> None:
        """Closes the connection with a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def wait_for_close(self) -> bool:
        """Whether the client closes the connection in time."""
        with contextlib.suppress(OSError):
            while self._more():
                pass
            return True
        return True

    def _more(self) -> bool:
        received = self.socket.recv(65536)
        self._buffer += received
        return bool(received)

    def _until(self, end: bytes) -> bytes:
        while end not in self._buffer:
            assert self._more()
        before, _, self._buffer = self._buffer.partition(end)
        return before

    def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            assert self._more()
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken


@dataclass
class Scripted:
    """The server."""

    scripts: dict[str, Callable[[Peer, Received], bool | None]]
    context: ssl.SSLContext | None = None
    received: list[Received] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._open: set[socket.socket] = set()
        self._acceptor = threading.Thread(target=self._accept)

    @property
    def url(self) -> str:
        scheme = "http" if self.context is None else "https"
        return f"{scheme}://127.0.0.1:{self.port}"

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.settimeout(TIMEOUT)
            self.connections += 1
            self._open.add(sock)
            thread = threading.Thread(target=self._serve, args=(sock, self.connections))
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        try:
            with contextlib.suppress(OSError, AssertionError):
                if self.context is not None:
                    sock = self.context.wrap_socket(sock, server_side=True)
                    self._open.add(sock)
                peer = Peer(sock, number)
                while (received := peer.read_request(with_body=False)) is not None:
                    script = self.scripts[received.line.split(" ")[1].partition("?")[0]]
                    if not getattr(script, "reads_itself", False):
                        received.body = peer.read_body(received)
                    self.received.append(received)
                    if script(peer, received) is False:
                        return
        finally:
            sock.close()

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def __exit__(self, *_: object) -> None:
        # Closing alone does not wake the thread that accepts.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in list(self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        self._acceptor.join(TIMEOUT)
        for thread in self._threads:
            thread.join(TIMEOUT)
            assert not thread.is_alive()


def answer(*parts: bytes, close: bool = False) -> Callable[[Peer, Received], bool]:
    """Answers with these bytes."""

    def script(peer: Peer, _: Received) -> bool:
        peer.send(*parts)
        return not close

    return script


def sized(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def chunked(*chunks: bytes, trailers: bytes = b"") -> bytes:
    pieces = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + pieces + b"0\r\n" + trailers + b"\r\n"


def echo(peer: Peer, received: Received) -> None:
    peer.send(sized(received.body, b"X-Method: " + received.line.split(" ")[0].encode()))


def reset_before(peer: Peer, _: Received) -> bool:
    peer.reset()
    return False


def cut_by_reset(peer: Peer, _: Received) -> bool:
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin")
    peer.reset()
    return False


def silent(peer: Peer, _: Received) -> bool:
    peer.wait_for_close()
    return False


def stalls(peer: Peer, _: Received) -> bool:
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin")
    peer.wait_for_close()
    return False


def early(peer: Peer, received: Received) -> bool:
    """Answers before it has read the body, and closes."""
    peer.send(sized(b"too large", b"Connection: close", status=b"413 Payload Too Large"))
    peer.socket.shutdown(socket.SHUT_WR)
    peer.wait_for_close()
    return False


early.reads_itself = True  # type: ignore[attr-defined]


def deaf(peer: Peer, received: Received) -> bool:
    """Reads nothing of the body."""
    deaf_done.wait(TIMEOUT)
    return False


deaf.reads_itself = True  # type: ignore[attr-defined]
deaf_done = threading.Event()

COOKIES = sized(b"", b"Set-Cookie: a=1; Path=/", b"X-Between: yes", b"Set-Cookie: b=2; Path=/")
SCRIPTS: dict[str, Callable[[Peer, Received], bool | None]] = {
    "/plain": answer(sized(b"hello", b"Content-Type: text/plain", b"X-MiXed-Case: Yes", b"x-empty:")),
    "/echo": echo,
    "/empty": answer(sized(b"")),
    "/chunked": answer(chunked(b"one", b"two", b"three")),
    "/trailers": answer(chunked(b"one", trailers=b"X-Checksum: abc\r\n")),
    "/gzip": answer(sized(gzip.compress(b"packed" * 100, mtime=0), b"Content-Encoding: gzip")),
    "/bad-gzip": answer(sized(b"this is not packed", b"Content-Encoding: gzip")),
    "/cookies": answer(COOKIES),
    "/redirect": answer(sized(b"", b"Location: /plain", status=b"302 Found")),
    "/redirect-post": answer(sized(b"", b"Location: /echo", status=b"307 Temporary Redirect")),
    "/no-content": answer(b"HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n"),
    "/not-modified": answer(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n"),
    "/head": answer(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
    "/interim": answer(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", sized(b"last", b"X-Last: Yes")
    ),
    "/reason": answer(sized(b"", status=b"200 Fine By Me")),
    "/no-reason": answer(sized(b"", status=b"404 ")),
    "/odd-status": answer(sized(b"odd", status=b"299 Odd")),
    "/error": answer(sized(b'{"error": "no"}', b"Content-Type: application/json", status=b"500 Internal Server Error")),
    "/until-close": answer(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it", close=True),
    "/http-1.0": answer(b"HTTP/1.0 200 OK\r\n\r\nold", close=True),
    "/closes": answer(sized(b"bye", b"Connection: close"), close=True),
    "/huge": answer(sized(b"0123456789abcdef" * 300_000)),
    "/many-headers": answer(sized(b"", *(b"X-%d: %d" % (n, n) for n in range(150)))),
    "/latin": answer(sized(b"", b"X-Name: caf\xe9")),
    "/cut-sized": answer(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin", close=True),
    "/cut-chunked": answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n", close=True),
    "/bad-chunk": answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nbegin\r\n", close=True),
    "/cut-by-reset": cut_by_reset,
    "/reset": reset_before,
    "/nothing": answer(close=True),
    "/cut-head": answer(b"HTTP/1.1 200 OK\r\nContent-Len", close=True),
    "/not-http": answer(b"SSH-2.0-OpenSSH_9.6\r\n", close=True),
    "/silent": silent,
    "/stalls": stalls,
    "/early": early,
    "/deaf": deaf,
}


@contextlib.contextmanager
def proxy(*, user: str | None = None) -> Iterator[tuple[str, list[str]]]:
    """A proxy that passes on plain requests and opens tunnels. Yields its URL and what it was asked for."""
    asked: list[str] = []
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []
    sockets: list[socket.socket] = []

    def relay(one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def serve(sock: socket.socket) -> None:
        with contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                data = sock.recv(65536)
                if not data:
                    return
                head += data
            line = head.split(b"\r\n")[0].decode()
            fields = dict(field.lower().split(b": ", 1) for field in head.split(b"\r\n\r\n")[0].split(b"\r\n")[1:])
            asked.append(line)
            if user is not None and b"proxy-authorization" not in fields:
                sock.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                sock.close()
                return
            if user is not None:
                asked.append(fields[b"proxy-authorization"].decode())
            method, target, _ = line.split(" ")
            if method == "CONNECT":
                host, _, port = target.rpartition(":")
            else:
                host, _, port = target.split("/")[2].rpartition(":")
            upstream = socket.create_connection((host, int(port)), TIMEOUT)
            sockets.append(upstream)
            if method == "CONNECT":
                sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                upstream.sendall(head.replace(target.encode(), b"/" + target.split("/", 3)[3].encode(), 1))
            back = threading.Thread(target=relay, args=(upstream, sock))
            threads.append(back)
            back.start()
            relay(sock, upstream)

    def accept() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            sockets.append(sock)
            thread = threading.Thread(target=serve, args=(sock,))
            threads.append(thread)
            thread.start()

    acceptor = threading.Thread(target=accept)
    acceptor.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", asked
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join(TIMEOUT)
        for sock in sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in threads:
            thread.join(TIMEOUT)
