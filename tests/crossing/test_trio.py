"""trio: an asynchronous client says at once that it needs asyncio, and a blocking one works in a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    import ferrule
    from ferrule.testing import Simulator

trio = pytest.importorskip("trio")


async def stream_of(client: ferrule.AsyncClient) -> None:
    async with client.stream("openai/echo", "hi") as stream:
        async for _ in stream:
            pass


CALLS: dict[str, Callable[[Any], Any]] = {
    "complete": lambda client: client.complete("openai/echo", "hi"),
    "stream": stream_of,
    "embed": lambda client: client.embed("openai/text-embedding-3-small", ["a"]),
    "rerank": lambda client: client.rerank("cohere/rerank", "q", ["a"]),
    "generate": lambda client: client.images.generate("openai/gpt-image-1", "a"),
    "speech": lambda client: client.audio.speech("openai/tts-1", "a", voice="alloy"),
    "transcribe": lambda client: client.audio.transcribe("openai/whisper-1", b"RIFF"),
    "count_tokens": lambda client: client.count_tokens("anthropic/claude", "hi"),
    "health": lambda client: client.health(["openai"]),
    "models": lambda client: client.models("openai"),
    "all models": lambda client: client.models(),
    "is_model_available": lambda client: client.is_model_available("openai/gpt"),
    "ollama": lambda client: client.ollama.ps(),
}


@pytest.mark.parametrize("name", CALLS)
def test_an_asynchronous_client_says_what_to_do(simulator: Simulator, name: str) -> None:
    async def main() -> None:
        async with simulator.async_client() as client:
            with pytest.raises(RuntimeError, match=r"run on asyncio; trio is running: use trio\.to_thread\.run_sync"):
                await CALLS[name](client)

    trio.run(main)
    assert not simulator.requests


def test_a_blocking_client_works_in_threads(simulator: Simulator) -> None:
    async def main() -> None:
        with simulator.client() as client:
            for model in ("openai/echo", "anthropic/echo"):
                reply = await trio.to_thread.run_sync(client.complete, model, "hi")
                assert reply.text == "hi"
            async with trio.open_nursery() as nursery:
                for _ in range(10):
                    nursery.start_soon(trio.to_thread.run_sync, client.complete, "openai/slow-20", "one two")

    trio.run(main)
    assert len(simulator.requests) == 12
