"""litellm's acompletion, with telemetry off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import litellm

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT_IS_RAW = False


class Client:
    def __init__(self, upstream: str, case: str, _connections: int, messages: list[dict[str, str]]) -> None:
        litellm.telemetry = False
        self.options = {
            "model": "openai/m",
            "messages": messages,
            "api_base": f"{upstream}/{case}/v1",
            "api_key": "x",
            "max_retries": 0,
        }

    async def complete(self) -> str:
        answer = await litellm.acompletion(**self.options)
        return answer.choices[0].message.content

    async def stream(self, deliver: Callable[[str], object]) -> None:
        stream = await litellm.acompletion(**self.options, stream=True, stream_options={"include_usage": True})
        async for chunk in stream:
            if chunk.choices:
                text = chunk.choices[0].delta.content
                if text:
                    deliver(text)

    async def close(self) -> None:
        """litellm keeps its connections in caches of its own."""
