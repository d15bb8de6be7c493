"""acompletion, as litellm and `ferrule.litellm` have it: the client of both benchmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Client:
    library: Any

    def __init__(self, upstream: str, case: str, _connections: int, messages: list[dict[str, str]]) -> None:
        self.options = {
            "model": "openai/m",
            "messages": messages,
            "api_base": f"{upstream}/{case}/v1",
            "api_key": "x",
            "max_retries": 0,
        }

    async def complete(self) -> str:
        answer = await self.library.acompletion(**self.options)
        return answer.choices[0].message.content

    async def stream(self, deliver: Callable[[str], object]) -> None:
        stream = await self.library.acompletion(**self.options, stream=True, stream_options={"include_usage": True})
        async for chunk in stream:
            if chunk.choices:
                text = chunk.choices[0].delta.content
                if text:
                    deliver(text)

    async def close(self) -> None:
        """Connections are in caches of the library's own."""
