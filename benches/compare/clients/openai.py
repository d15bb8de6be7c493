"""The official openai SDK, as its documentation shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openai

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT_IS_RAW = False


class Client:
    library: Any = openai

    def __init__(self, upstream: str, case: str, _connections: int, messages: list[dict[str, str]]) -> None:
        self.messages = messages
        self.client = self.library.AsyncOpenAI(
            base_url=f"{upstream}/{case}/v1", api_key="x", max_retries=0, timeout=None
        )

    async def complete(self) -> str:
        answer = await self.client.chat.completions.create(model="m", messages=self.messages)
        return answer.choices[0].message.content

    async def stream(self, deliver: Callable[[str], object]) -> None:
        stream = await self.client.chat.completions.create(
            model="m", messages=self.messages, stream=True, stream_options={"include_usage": True}
        )
        async for chunk in stream:
            if chunk.choices:
                text = chunk.choices[0].delta.content
                if text:
                    deliver(text)

    async def stream_with_helper(self) -> str:
        async with self.client.chat.completions.stream(model="m", messages=self.messages) as stream:
            completion = await stream.get_final_completion()
        return completion.choices[0].message.content

    async def close(self) -> None:
        await self.client.close()
