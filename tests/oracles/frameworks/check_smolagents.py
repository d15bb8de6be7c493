"""smolagents on Ferrule."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest
from comparing import alike, came_of, fast
from smolagents import CodeAgent, OpenAIModel, ToolCallingAgent, tool

import ferrule
import ferrule.openai

if TYPE_CHECKING:
    from ferrule.testing import Simulator


@tool
def get_weather(city: str) -> str:
    """The weather in a city.

    Args:
        city: The city.
    """
    return f"Sunny in {city}."


class OurModel(OpenAIModel):
    """What users write for a client of their own."""

    def create_client(self) -> Any:
        return ferrule.openai.OpenAI(**self.client_kwargs)


def conversed(kind: Any, address: str, model: str = "gpt-4o") -> Any:
    """Plain, streamed, with a tool, and an agent's steps."""
    made = kind(model_id=model, api_base=address, api_key="sk-1")
    asked = [{"role": "user", "content": [{"type": "text", "text": "Hello, world!"}]}]
    uses: Any = [{"role": "user", "content": [{"type": "text", "text": "Please use the tool."}]}]
    plain = made.generate(asked)
    parts = [part.content for part in made.generate_stream(asked)]
    called = made.generate(uses, tools_to_call_from=[get_weather])
    streamed = [str(part.tool_calls) for part in made.generate_stream(uses, tools_to_call_from=[get_weather])]
    agent = ToolCallingAgent(tools=[get_weather], model=made, max_steps=1, verbosity_level=0)
    steps = [type(step).__name__ for step in agent.run("Please use the tool get_weather.", stream=True)]
    coder = CodeAgent(tools=[], model=made, max_steps=1, verbosity_level=0)
    outcome = str(coder.run("Add two numbers."))
    return [plain.content, str(plain.token_usage), parts, str(called.tool_calls), streamed, steps, outcome]


@pytest.mark.filterwarnings("ignore")
def test_with_the_patch(simulator: Simulator) -> None:
    found = alike(lambda: conversed(OpenAIModel, simulator.openai_base_url), simulator, lambda: ferrule.patch("openai"))
    assert "get_weather" in found.result[3]
    with ferrule.patch("openai"), fast(ferrule.openai.statistics, len(found.requests)):
        conversed(OpenAIModel, simulator.openai_base_url)


@pytest.mark.filterwarnings("ignore")
def test_with_our_client(simulator: Simulator) -> None:
    address = simulator.openai_base_url
    alike(lambda: conversed(OpenAIModel, address), simulator, nullcontext, lambda: conversed(OurModel, address))


@pytest.mark.filterwarnings("ignore")
def test_routed_with_the_patch(simulator: Simulator, client: ferrule.Client) -> None:
    with ferrule.patch("openai", client=client):
        found = came_of(lambda: conversed(OpenAIModel, simulator.openai_base_url, "fast"), simulator)
    assert found.python_connections == 0
    assert {one["path"] for one in found.requests} == {"/v1/messages"}
