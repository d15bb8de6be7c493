"""httpx read line by line, with the standard library's json."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT_IS_RAW = False


class Client:
    def __init__(self, upstream: str, case: str, connections: int, messages: list[dict[str, str]]) -> None:
        self.url = f"{upstream}/{case}/v1/chat/completions"
        self.messages = messages
        self.client = httpx.AsyncClient(
            headers={"authorization": "Bearer x"},
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            timeout=None,
        )

    def body(self, stream: bool) -> dict[str, object]:
        return {"model": "m", "messages": self.messages, "stream": stream}

    async def complete(self) -> str:
        response = await self.client.post(self.url, json=self.body(False))
        return response.raise_for_status().json()["choices"][0]["message"]["content"]

    async def stream(self, deliver: Callable[[str], object]) -> None:
        async with self.client.stream("POST", self.url, json=self.body(True)) as response:
            response.raise_for_status()
            async for line in response.aiter_lines():
                if line.startswith("data: {"):
                    choices = json.loads(line[6:])["choices"]
                    text = choices and choices[0]["delta"].get("content")
                    if text:
                        deliver(text)

    async def close(self) -> None:
        await self.client.aclose()
