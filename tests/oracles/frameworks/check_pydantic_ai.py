"""pydantic-ai on Ferrule."""

from __future__ import annotations

import asyncio
import importlib
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, get_origin

import anthropic
import openai
import pytest
from anthropic.types.beta import BetaMessageParam
from comparing import alike, came_of, fast
from pydantic_ai import Agent
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider

import ferrule
import ferrule.anthropic
import ferrule.openai
from ferrule.openai.sdk import SDK

if TYPE_CHECKING:
    from ferrule.testing import Simulator


def conversed(model: Any) -> Any:
    """Plain, with a tool, and streamed."""

    async def run() -> Any:
        agent = Agent(model)
        called: list[str] = []

        @agent.tool_plain
        def get_weather(city: str) -> str:
            called.append(city)
            return "Sunny."

        plain = await agent.run("Hello, world!")
        with_tool = await agent.run("Please use the tool get_weather.")
        async with agent.run_stream("Tell me more.") as stream:
            parts = [part async for part in stream.stream_text(delta=True, debounce_by=None)]
        usage = [result.usage for result in (plain, with_tool)]
        return [plain.output, with_tool.output, called, parts, [(one.input_tokens, one.output_tokens) for one in usage]]

    return asyncio.run(run())


def openai_model(kind: Any, client: Any) -> Any:
    return conversed(kind("gpt-4o", provider=OpenAIProvider(openai_client=client)))


def test_openai_chat_with_our_client(simulator: Simulator) -> None:
    with fast(ferrule.openai.statistics, 4):
        found = alike(
            lambda: openai_model(OpenAIChatModel, openai.AsyncOpenAI()),
            simulator,
            nullcontext,
            lambda: openai_model(OpenAIChatModel, ferrule.openai.AsyncOpenAI()),
        )
    assert found.result[2]


def test_openai_responses_with_our_client(simulator: Simulator) -> None:
    with fast(ferrule.openai.statistics, 4):
        alike(
            lambda: openai_model(OpenAIResponsesModel, openai.AsyncOpenAI()),
            simulator,
            nullcontext,
            lambda: openai_model(OpenAIResponsesModel, ferrule.openai.AsyncOpenAI()),
        )


@pytest.mark.skipif(
    get_origin(BetaMessageParam) is not None, reason="pydantic-ai does not work with this version of anthropic"
)
def test_anthropic_with_our_client(simulator: Simulator) -> None:
    def run(client: Any) -> Any:
        return conversed(AnthropicModel("claude-sonnet-4-5", provider=AnthropicProvider(anthropic_client=client)))

    with fast(ferrule.anthropic.statistics, 4):
        alike(
            lambda: run(anthropic.AsyncAnthropic()),
            simulator,
            nullcontext,
            lambda: run(ferrule.anthropic.AsyncAnthropic()),
        )


def test_an_http_client_of_ours(simulator: Simulator) -> None:
    """pydantic-ai's own clients have an HTTP client of its own, so that the patch alone leaves them as they are."""
    ours = importlib.import_module(f"ferrule.{SDK.httpx.__name__}")

    def run(http_client: Any = None) -> Any:
        return conversed(OpenAIChatModel("gpt-4o", provider=OpenAIProvider(http_client=http_client)))

    alike(
        lambda: run(SDK.httpx.AsyncClient(timeout=600)),
        simulator,
        nullcontext,
        lambda: run(ours.AsyncClient(timeout=600)),
    )


def test_routed_with_the_patch(simulator: Simulator, client: ferrule.Client) -> None:
    with ferrule.patch("openai", client=client):
        found = came_of(lambda: conversed(OpenAIChatModel("fast", provider=OpenAIProvider())), simulator)
    assert found.python_connections == 0
    assert found.result[2]
    assert {one["path"] for one in found.requests} == {"/v1/messages"}
    assert len(found.requests) == 4
