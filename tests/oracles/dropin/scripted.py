"""A server on loopback that keeps every byte of the requests, and answers with the bytes that a test gives."""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from typing import Any


def response(body: bytes | str, status: int = 200, content_type: str = "application/json", **headers: str) -> bytes:
    """A whole response."""
    data = body.encode() if isinstance(body, str) else body
    fields = {"content-type": content_type, "content-length": str(len(data)), "x-request-id": "req_1"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status} Reason", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode() + data


def streamed(*frames: str, end: bool = True, **headers: str) -> list[bytes]:
    """A streamed response, one piece of the body for each frame."""
    fields = {"content-type": "text/event-stream", "transfer-encoding": "chunked", "x-request-id": "req_1"} | headers
    head = "\r\n".join(["HTTP/1.1 200 OK", *(f"{name}: {value}" for name, value in fields.items()), "", ""]).encode()
    chunks = [b"%x\r\n%s\r\n" % (len(data), data) for data in (frame.encode() for frame in frames)]
    return [head, *chunks, *([b"0\r\n\r\n"] if end else [])]


class Scripted:
    """The server. What is in `answers` is used up one by one; the last one stays."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.answers: deque[bytes | list[bytes]] = deque()
        self.pause = 0.0
        self.connections = 0
        self.open = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def close(self) -> None:
        """Ends it, and waits for its threads where nothing holds them."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join(0.5)

    def taken(self) -> list[bytes]:
        """The requests since the last time."""
        taken, self.requests = self.requests, []
        return taken

    def wait_until_closed(self, timeout: float = 5.0) -> bool:
        until = time.monotonic() + timeout
        while self.open and time.monotonic() < until:
            time.sleep(0.01)
        return not self.open

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            self.open += 1
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                while (request := self._read(connection)) is not None:
                    self.requests.append(request)
                    answer = self.answers.popleft() if len(self.answers) > 1 else self.answers[0]
                    pieces = answer if isinstance(answer, list) else [answer]
                    for piece in pieces:
                        connection.sendall(piece)
                        if self.pause:
                            time.sleep(self.pause)
                    if pieces == [b""]:
                        return
                    if isinstance(answer, list) and not answer[-1].startswith(b"0\r\n"):
                        return
        except OSError:
            pass
        finally:
            self.open -= 1

    @staticmethod
    def _read(connection: socket.socket) -> bytes | None:
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return None
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (
                int(line.partition(b":")[2])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length:")
            ),
            0,
        )
        while len(body) < length:
            body += connection.recv(1 << 20)
        return head + b"\r\n\r\n" + body


def shape(value: Any) -> Any:
    """All that tells two objects of an SDK apart: types, order, what was set, further fields, private ones."""
    if isinstance(value, type):
        return value  # Of a shape: the type that it names.
    fields = getattr(value, "__dict__", None)
    if hasattr(value, "model_fields_set"):
        return (
            type(value),
            [(name, shape(item)) for name, item in list(fields.items()) if name != "_ferrule"],
            sorted(value.model_fields_set),
            [(name, shape(item)) for name, item in (value.__pydantic_extra__ or {}).items()],
            value.__pydantic_private__,
        )
    if isinstance(value, dict):
        return [(name, shape(item)) for name, item in value.items()]
    if isinstance(value, (list, tuple)):
        return [shape(item) for item in value]
    return (type(value), repr(value))


def error_shape(error: BaseException) -> Any:
    """All that tells two errors of an SDK apart."""
    cause = error.__cause__
    fields = {name: value for name, value in vars(error).items() if name not in ("response", "request", "_ferrule")}
    answer = getattr(error, "response", None)
    is_read = answer is not None and hasattr(answer, "_content")
    return (
        type(error),
        str(error),
        sorted((name, repr(value)) for name, value in fields.items()),
        None
        if answer is None
        else (answer.status_code, sorted(answer.headers.items()), answer.text if is_read else None),
        None if cause is None else type(cause),
    )
