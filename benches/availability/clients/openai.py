"""The openai SDK with retries. It knows one address, which is the first provider's."""

from __future__ import annotations

import openai

PROMPT = [{"role": "user", "content": "Why is the sky blue?"}]


class Caller:
    def __init__(self, urls: list[str], _strategy: str) -> None:
        self.client = openai.AsyncOpenAI(base_url=urls[0], api_key="x", max_retries=2, timeout=30)

    async def call(self, streamed: bool) -> str:
        if not streamed:
            answer = await self.client.chat.completions.create(model="m", messages=PROMPT)
            return answer.choices[0].message.content
        stream = await self.client.chat.completions.create(model="m", messages=PROMPT, stream=True)
        texts = [chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]
        return "".join(texts)

    async def close(self) -> None:
        await self.client.close()
