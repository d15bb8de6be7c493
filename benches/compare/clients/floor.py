"""The floor: an asyncio protocol on a raw socket that finds the ends and parses nothing."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT_IS_RAW = True


class Connection(asyncio.Protocol):
    """One keep-alive connection, with one exchange at a time."""

    def __init__(self) -> None:
        self.unread = b""
        self.on_event: Callable[[bytes], object] | None = None
        self.finished: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        if self.finished is not None and not self.finished.done():
            self.finished.set_exception(error or ConnectionResetError("the upstream closed the connection"))

    def data_received(self, data: bytes) -> None:
        if self.unread:
            data = self.unread + data
        if self.on_event is None:
            self.whole_answer(data)
        else:
            self.events(data, self.on_event)

    def whole_answer(self, data: bytes) -> None:
        head_end = data.find(b"\r\n\r\n") + 4
        length_at = data.find(b"content-length: ") + 16
        if head_end >= 4 and len(data) >= head_end + int(data[length_at : data.find(b"\r", length_at)]):
            self.unread = b""
            self.finished.set_result(data[head_end:])
        else:
            self.unread = data

    def events(self, data: bytes, on_event: Callable[[bytes], object]) -> None:
        position = 0
        while True:
            start = data.find(b"data: ", position)
            end = data.find(b"\n\n", start)
            if start < 0 or end < 0:
                break
            on_event(data[start + 6 : end])
            position = end + 2
        if data.endswith(b"0\r\n\r\n"):
            self.unread = b""
            self.finished.set_result(b"")
        else:
            self.unread = data[position:]


class Client:
    def __init__(self, upstream: str, case: str, _connections: int, messages: list[dict[str, str]]) -> None:
        address = urlsplit(upstream)
        self.host, self.port = address.hostname, address.port
        self.path = f"/{case}/v1/chat/completions"
        self.messages = messages
        self.idle: list[Connection] = []
        self.requests = {stream: self.request(self.encode(stream)) for stream in (False, True)}

    def encode(self, stream: bool) -> bytes:
        return json.dumps({"model": "m", "messages": self.messages, "stream": stream}).encode()

    def request(self, body: bytes) -> bytes:
        return (
            f"POST {self.path} HTTP/1.1\r\nhost: {self.host}:{self.port}\r\nauthorization: Bearer x\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        ).encode() + body

    async def exchange(self, request: bytes, on_event: Callable[[bytes], object] | None) -> bytes:
        loop = asyncio.get_running_loop()
        if self.idle:
            connection = self.idle.pop()
        else:
            _, connection = await loop.create_connection(Connection, self.host, self.port)
        connection.on_event = on_event
        connection.finished = loop.create_future()
        connection.transport.write(request)
        answer = await connection.finished
        self.idle.append(connection)
        return answer

    async def complete(self) -> bytes:
        return await self.exchange(self.requests[False], None)

    async def stream(self, deliver: Callable[[bytes], object]) -> None:
        await self.exchange(self.requests[True], deliver)

    async def close(self) -> None:
        for connection in self.idle:
            connection.transport.close()
