"""Ferrule's native API, event by event."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ferrule
from ferrule import TextDelta

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT_IS_RAW = False


class Client:
    MODEL = "openai/m"

    def __init__(self, upstream: str, case: str, _connections: int, messages: list[dict[str, str]]) -> None:
        self.messages = messages
        self.client = self._made(upstream, case)

    def _made(self, upstream: str, case: str) -> ferrule.AsyncClient:
        provider = {"base_url": f"{upstream}/{case}/v1", "api_key": "x"}
        return ferrule.AsyncClient(providers={"openai": provider}, max_retries=0)

    async def complete(self) -> str:
        reply = await self.client.complete(self.MODEL, self.messages)
        return reply.text

    async def stream(self, deliver: Callable[[str], object]) -> None:
        async with self.client.stream(self.MODEL, self.messages) as stream:
            async for event in stream:
                if isinstance(event, TextDelta):
                    deliver(event.text)

    async def stream_stamped(self, deliver: Callable[[str], object], note: Callable[[str, float], object]) -> None:
        """As `stream`; `note` also gets when the text was read from the socket, on `time.monotonic`'s clock."""
        async with self.client.stream(self.MODEL, self.messages) as stream:
            async for event in stream:
                if isinstance(event, TextDelta):
                    deliver(event.text)
                    note(event.text, event.received_at)

    async def close(self) -> None:
        # A wheel of `--before` may be from when it was called `close`.
        await (getattr(self.client, "aclose", None) or self.client.close)()
