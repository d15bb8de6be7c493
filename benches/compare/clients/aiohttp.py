"""aiohttp read as the bytes come, with orjson: what a careful program writes by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import orjson

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT_IS_RAW = False


class Client:
    def __init__(self, upstream: str, case: str, _connections: int, messages: list[dict[str, str]]) -> None:
        self.url = f"{upstream}/{case}/v1/chat/completions"
        self.messages = messages
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=None),
            headers={"authorization": "Bearer x", "content-type": "application/json"},
        )

    def body(self, stream: bool) -> bytes:
        return orjson.dumps({"model": "m", "messages": self.messages, "stream": stream})

    async def complete(self) -> str:
        async with self.session.post(self.url, data=self.body(False)) as response:
            response.raise_for_status()
            return orjson.loads(await response.read())["choices"][0]["message"]["content"]

    async def stream(self, deliver: Callable[[str], object]) -> None:
        async with self.session.post(self.url, data=self.body(True)) as response:
            response.raise_for_status()
            unread = b""
            async for data in response.content.iter_any():
                *events, unread = (unread + data).split(b"\n\n")
                for event in events:
                    if event.startswith(b"data: {"):
                        choices = orjson.loads(event[6:])["choices"]
                        text = choices and choices[0]["delta"].get("content")
                        if text:
                            deliver(text)

    async def close(self) -> None:
        await self.session.close()
