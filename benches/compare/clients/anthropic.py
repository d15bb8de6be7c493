"""The official anthropic SDK: raw events, the cheaper of its two ways to stream. It speaks Anthropic's wire format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anthropic

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT_IS_RAW = False


class Client:
    library: Any = anthropic

    def __init__(self, upstream: str, case: str, _connections: int, messages: list[dict[str, str]]) -> None:
        self.messages = messages
        self.client = self.library.AsyncAnthropic(
            base_url=f"{upstream}/{case}", api_key="x", max_retries=0, timeout=None
        )

    async def complete(self) -> str:
        answer = await self.client.messages.create(model="m", max_tokens=1024, messages=self.messages)
        return answer.content[0].text

    async def stream(self, deliver: Callable[[str], object]) -> None:
        stream = await self.client.messages.create(model="m", max_tokens=1024, messages=self.messages, stream=True)
        async for event in stream:
            if event.type == "content_block_delta":
                deliver(event.delta.text)

    async def stream_with_helper(self) -> str:
        async with self.client.messages.stream(model="m", max_tokens=1024, messages=self.messages) as stream:
            return await stream.get_final_text()

    async def close(self) -> None:
        await self.client.close()
