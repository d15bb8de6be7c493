"""Ferrule's native API, event by event."""

from __future__ import annotations

from collections.abc import Callable

import ferrule
from ferrule import TextDelta

TEXT_IS_RAW = False


class Client:
    def __init__(self, upstream: str, case: str, connections: int, messages: list[dict[str, str]]) -> None:
        self.messages = messages
        provider = {"base_url": f"{upstream}/{case}/v1", "api_key": "x"}
        self.client = ferrule.AsyncClient(providers={"openai": provider}, max_retries=0)

    async def complete(self) -> None:
        reply = await self.client.complete("openai/m", self.messages)
        reply.text

    async def stream(self, deliver: Callable[[str], object]) -> None:
        async with self.client.stream("openai/m", self.messages) as stream:
            async for event in stream:
                if isinstance(event, TextDelta):
                    deliver(event.text)

    async def close(self) -> None:
        await self.client.close()
