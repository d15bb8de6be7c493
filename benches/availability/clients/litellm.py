"""litellm's Router: three deployments of one model, as its documentation shows."""

from __future__ import annotations

import litellm

PROMPT = [{"role": "user", "content": "Why is the sky blue?"}]
litellm.telemetry = False
litellm.suppress_debug_info = True


class Caller:
    def __init__(self, urls: list[str], strategy: str) -> None:
        deployments = [
            {"model_name": "all", "litellm_params": {"model": "openai/m", "api_base": url, "api_key": "x"}}
            for url in urls
        ]
        self.router = litellm.Router(model_list=deployments, routing_strategy=strategy, num_retries=2, timeout=30)

    async def call(self, streamed: bool) -> str:
        if not streamed:
            answer = await self.router.acompletion(model="all", messages=PROMPT)
            return answer.choices[0].message.content
        stream = await self.router.acompletion(model="all", messages=PROMPT, stream=True)
        texts = [chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]
        return "".join(texts)

    async def close(self) -> None:
        """It keeps its connections in caches of its own."""
