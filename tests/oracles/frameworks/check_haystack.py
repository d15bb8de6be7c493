"""Haystack on Ferrule."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from comparing import alike, came_of, fast
from haystack import Pipeline
from haystack.components.agents import Agent
from haystack.components.embedders import OpenAITextEmbedder
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.dataclasses import ChatMessage
from haystack.tools import create_tool_from_function

import ferrule
import ferrule.openai

if TYPE_CHECKING:
    from ferrule.testing import Simulator


def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"Sunny in {city}."


def dumped(replies: list[Any]) -> Any:
    found = [reply.to_dict() for reply in replies]
    for one in found:
        # When the first token of a stream came.
        one["meta"].pop("completion_start_time", None)
    return found


def conversed(model: str) -> Any:
    """Plain, streamed, with a tool, in a pipeline, and asynchronously."""
    tools = [create_tool_from_function(get_weather)]
    generator = OpenAIChatGenerator(model=model)
    asked = [ChatMessage.from_user("Hello, world!")]
    parts: list[str] = []
    found = [
        dumped(generator.run(asked)["replies"]),
        dumped(generator.run(asked, streaming_callback=lambda chunk: parts.append(chunk.content))["replies"]),
        dumped(generator.run([ChatMessage.from_user("Please use the tool.")], tools=tools)["replies"]),
    ]
    agent = Agent(chat_generator=OpenAIChatGenerator(model=model), tools=tools)
    found.append(dumped(agent.run(messages=[ChatMessage.from_user("Please use the tool.")])["messages"]))
    pipeline = Pipeline()
    pipeline.add_component("generator", OpenAIChatGenerator(model=model))
    found.append(dumped(pipeline.run({"generator": {"messages": asked}})["generator"]["replies"]))

    async def run() -> Any:
        return dumped((await OpenAIChatGenerator(model=model).run_async(asked))["replies"])

    return [*found, parts, asyncio.run(run())]


@pytest.mark.filterwarnings("ignore")
def test_with_the_patch(simulator: Simulator) -> None:
    with fast(ferrule.openai.statistics, 7):
        alike(lambda: conversed("gpt-4o"), simulator, lambda: ferrule.patch("openai"))


def test_embedders_with_the_patch(simulator: Simulator) -> None:
    with fast(ferrule.openai.statistics, 1):
        alike(lambda: OpenAITextEmbedder().run("Hello, world!"), simulator, lambda: ferrule.patch("openai"))


@pytest.mark.filterwarnings("ignore")
def test_routed_with_the_patch(simulator: Simulator, client: ferrule.Client) -> None:
    with ferrule.patch("openai", client=client):
        found = came_of(lambda: conversed("fast"), simulator)
    assert found.python_connections == 0
    assert {one["path"] for one in found.requests} == {"/v1/messages"}
