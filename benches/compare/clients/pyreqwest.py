"""pyreqwest, a Rust HTTP client, read chunk by chunk, with orjson: the nearest relative of Ferrule's transport."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from pyreqwest.client import ClientBuilder

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT_IS_RAW = False


class Client:
    def __init__(self, upstream: str, case: str, connections: int, messages: list[dict[str, str]]) -> None:
        self.url = f"{upstream}/{case}/v1/chat/completions"
        self.messages = messages
        self.client = (
            ClientBuilder()
            .default_headers({"authorization": "Bearer x", "content-type": "application/json"})
            .pool_max_idle_per_host(connections)
            .build()
        )

    def body(self, stream: bool) -> bytes:
        return orjson.dumps({"model": "m", "messages": self.messages, "stream": stream})

    async def complete(self) -> str:
        response = await self.client.post(self.url).body_bytes(self.body(False)).build().send()
        return orjson.loads(bytes(await response.bytes()))["choices"][0]["message"]["content"]

    async def stream(self, deliver: Callable[[str], object]) -> None:
        # Without a read buffer: with one, chunks are held back until it is full.
        request = self.client.post(self.url).body_bytes(self.body(True)).streamed_read_buffer_limit(0).build_streamed()
        unread = b""
        async with request as response:
            while (data := await response.body_reader.read_chunk()) is not None:
                *events, unread = (unread + bytes(data)).split(b"\n\n")
                for event in events:
                    if event.startswith(b"data: {"):
                        choices = orjson.loads(event[6:])["choices"]
                        text = choices and choices[0]["delta"].get("content")
                        if text:
                            deliver(text)

    async def close(self) -> None:
        await self.client.close()
