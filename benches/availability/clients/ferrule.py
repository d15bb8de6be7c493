"""Ferrule: a group of the three."""

from __future__ import annotations

from typing import Any

import ferrule

PROMPT = "Why is the sky blue?"


class Caller:
    def __init__(self, urls: list[str], strategy: str) -> None:
        strategy, _, extra = strategy.partition("+")
        names = ("one", "two", "three")
        providers: dict[str, Any] = {
            name: {"base_url": url, "api_key": "x", "dialect": "openai-chat"}
            for name, url in zip(names, urls, strict=True)
        }
        groups: dict[str, Any] = {"all": {"targets": [f"{name}/m" for name in names], "strategy": strategy}}
        self.client = ferrule.AsyncClient(config=False, providers=providers, groups=groups, timeout=30)
        self.options: dict[str, Any] = {}
        routing = {
            "hedge": {"hedge": True},
            "continue": {"continue_streams": True},
            "first_token": {"first_token": 1.0},
        }.get(extra)
        if routing is not None:
            self.options["routing"] = ferrule.Routing(**routing)

    async def call(self, streamed: bool) -> str:
        if not streamed:
            return (await self.client.complete("all", PROMPT, **self.options)).text
        async with self.client.stream("all", PROMPT, **self.options) as stream:
            async for _ in stream:
                pass
        return stream.reply().text

    async def close(self) -> None:
        await self.client.aclose()
