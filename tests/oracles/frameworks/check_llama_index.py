"""LlamaIndex on Ferrule."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import openai
import pytest
from comparing import alike, came_of, fast
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.llms.anthropic import Anthropic
from llama_index.llms.openai import OpenAI, OpenAIResponses
from pydantic import BaseModel

import ferrule
import ferrule.anthropic
import ferrule.openai

if TYPE_CHECKING:
    from ferrule.testing import Simulator

ASKED = [ChatMessage(role="user", content="Hello, world!")]
USES = [ChatMessage(role="user", content="Please use the tool.")]


class Person(BaseModel):
    name: str
    age: int


def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"Sunny in {city}."


def conversed(make: Any) -> Any:
    """Plain, streamed, with tools, structured, an agent, and asynchronously."""
    model = make()
    tools = [FunctionTool.from_defaults(get_weather)]
    chosen = model.get_tool_calls_from_response(
        model.chat_with_tools(tools, chat_history=USES), error_on_no_tool_call=False
    )
    found = [
        str(model.chat(ASKED)),
        [part.delta for part in model.stream_chat(ASKED)],
        [(call.tool_name, call.tool_kwargs) for call in chosen],
        model.complete("Tell me more.").text,
        model.as_structured_llm(Person).chat(ASKED).raw,
    ]

    async def run() -> Any:
        plain = await make().achat(ASKED)
        stream = await make().astream_chat(ASKED)
        parts = [part.delta async for part in stream]
        agent = FunctionAgent(tools=tools, llm=make())
        return [str(plain), parts, str(await agent.run("Please use the tool."))]

    return [*found, asyncio.run(run())]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", [OpenAI, OpenAIResponses])
def test_openai_with_the_patch(simulator: Simulator, kind: Any) -> None:
    def run() -> Any:
        return conversed(lambda: kind(model="gpt-4o", api_base=simulator.openai_base_url))

    found = alike(run, simulator, lambda: ferrule.patch("openai"))
    with ferrule.patch("openai"), fast(ferrule.openai.statistics, len(found.requests)):
        run()


@pytest.mark.filterwarnings("ignore")
def test_openai_with_our_client(simulator: Simulator) -> None:
    def run(clients: Any) -> Any:
        return conversed(
            lambda: OpenAI(model="gpt-4o", openai_client=clients.OpenAI(), async_openai_client=clients.AsyncOpenAI())
        )

    alike(lambda: run(openai), simulator, nullcontext, lambda: run(ferrule.openai))


@pytest.mark.filterwarnings("ignore")
def test_anthropic_with_the_patch(simulator: Simulator) -> None:
    def run() -> Any:
        return conversed(lambda: Anthropic(model="claude-sonnet-4-5", base_url=simulator.anthropic_base_url))

    found = alike(run, simulator, lambda: ferrule.patch("anthropic"))
    with ferrule.patch("anthropic"), fast(ferrule.anthropic.statistics, len(found.requests)):
        run()


@pytest.mark.filterwarnings("ignore")
def test_routed_with_the_patch(simulator: Simulator, client: ferrule.Client) -> None:
    with ferrule.patch("openai", client=client):
        found = came_of(lambda: conversed(lambda: OpenAI(model="gpt-4o")), simulator)
    assert found.python_connections == 0
    assert {one["path"] for one in found.requests} == {"/v1/messages"}
