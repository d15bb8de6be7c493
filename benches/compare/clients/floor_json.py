"""The floor with orjson on each request, answer and event: what any client must do that hands over text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from . import floor

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT_IS_RAW = False


class Client(floor.Client):
    def encode(self, stream: bool) -> bytes:
        return orjson.dumps({"model": "m", "messages": self.messages, "stream": stream})

    async def complete(self) -> str:
        answer = await self.exchange(self.request(self.encode(False)), None)
        return orjson.loads(answer)["choices"][0]["message"]["content"]

    async def stream(self, deliver: Callable[[str], object]) -> None:
        def on_event(payload: bytes) -> None:
            if payload != b"[DONE]":
                choices = orjson.loads(payload)["choices"]
                text = choices and choices[0]["delta"].get("content")
                if text:
                    deliver(text)

        await self.exchange(self.request(self.encode(True)), on_event)
