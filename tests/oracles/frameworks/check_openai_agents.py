"""openai-agents on Ferrule."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import agents
import openai
import pytest
from agents import Agent, Runner, function_tool
from agents.models import openai_provider
from agents.models.openai_chatcompletions import OpenAIChatCompletionsModel
from agents.models.openai_responses import OpenAIResponsesModel
from comparing import alike, came_of
from pydantic import BaseModel

import ferrule
import ferrule.openai

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrule.testing import Simulator


class Person(BaseModel):
    name: str
    age: int


@pytest.fixture(autouse=True)
def own_settings() -> Iterator[None]:
    agents.set_tracing_disabled(True)
    yield
    openai_provider._http_client = None


def conversed(model: Any) -> Any:
    """Plain, with a tool, structured, handed over to another agent, and streamed."""

    async def run() -> Any:
        called: list[str] = []

        @function_tool
        def get_weather(city: str) -> str:
            """The weather in a city."""
            called.append(city)
            return "Sunny."

        speaker = Agent(name="Speaker", model=model)
        helper = Agent(name="Helper", instructions="Help.", model=model, tools=[get_weather])
        knows = Agent(name="Knows", model=model, output_type=Person)
        plain = await Runner.run(speaker, "Hello, world!")
        with_tool = await Runner.run(helper, "Please use the tool.")
        person = await Runner.run(knows, "Who is it?")
        streamed = Runner.run_streamed(helper, "Please use the tool.")
        kinds = [event.type async for event in streamed.stream_events()]
        usage = streamed.context_wrapper.usage
        outputs = [plain.final_output, with_tool.final_output, person.final_output, streamed.final_output]
        return [outputs, called, kinds, usage.requests, usage.input_tokens, usage.output_tokens]

    return asyncio.run(run())


@pytest.mark.parametrize("kind", [OpenAIChatCompletionsModel, OpenAIResponsesModel])
def test_with_our_client(simulator: Simulator, kind: Any) -> None:
    before = ferrule.openai.statistics()
    found = alike(
        lambda: conversed(kind("gpt-4o", openai.AsyncOpenAI())),
        simulator,
        nullcontext,
        lambda: conversed(kind("gpt-4o", ferrule.openai.AsyncOpenAI())),
    )
    assert len(found.result[1]) == 2
    # It asks for streams of Responses as raw responses, which the SDK reads.
    raw = 2 if kind is OpenAIResponsesModel else 0
    after = ferrule.openai.statistics()
    assert after["fast"] - before["fast"] == len(found.requests) - raw
    assert after["guarded"] - before["guarded"] == raw


def test_with_our_default_client(simulator: Simulator) -> None:
    """What a program sets once; its models are then names."""

    def run(client: Any) -> Any:
        agents.set_default_openai_client(client, use_for_tracing=False)
        return conversed("gpt-4o")

    alike(lambda: run(openai.AsyncOpenAI()), simulator, nullcontext, lambda: run(ferrule.openai.AsyncOpenAI()))


def test_routed(simulator: Simulator, client: ferrule.Client) -> None:
    model = OpenAIChatCompletionsModel("fast", ferrule.openai.AsyncOpenAI(ferrule=client))
    found = came_of(lambda: conversed(model), simulator)
    assert found.python_connections == 0
    assert len(found.result[1]) == 2
    assert {one["path"] for one in found.requests} == {"/v1/messages"}
