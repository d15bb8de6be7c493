"""LangChain's chat models and LangGraph's agents on Ferrule."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest
from comparing import alike, came_of
from langchain_anthropic import ChatAnthropic
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.prebuilt import create_react_agent
from pydantic import BaseModel

import ferrule
import ferrule.anthropic
import ferrule.httpx2
import ferrule.openai

if TYPE_CHECKING:
    from ferrule.testing import Simulator


class Person(BaseModel):
    """A person."""

    name: str
    age: int


@tool
def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"Sunny in {city}."


def dumped(message: Any) -> Any:
    found = message.model_dump()
    found.pop("id")  # made at random for streams
    return found


def conversed(model: Any) -> Any:
    """Plain, streamed, with tools, structured, and asynchronously."""
    with_tools = model.bind_tools([get_weather])
    found: list[Any] = [
        dumped(model.invoke("Hello, world!")),
        [dumped(chunk) for chunk in model.stream("Tell me more.")],
        dumped(with_tools.invoke("Please use the tool.")),
        [dumped(chunk) for chunk in with_tools.stream("Please use the tool.")],
        model.with_structured_output(Person).invoke("Who is it?"),
    ]

    async def run() -> Any:
        return [
            dumped(await model.ainvoke("Hello, world!")),
            [dumped(chunk) async for chunk in model.astream("Tell me more.")],
        ]

    return [*found, *asyncio.run(run())]


def agent(model: Any) -> Any:
    made = create_react_agent(model, [get_weather])
    asked: Any = {"messages": [("user", "Please use the tool.")]}
    whole = made.invoke(asked)["messages"]
    streamed = list(made.stream(asked, stream_mode="messages"))
    return [[dumped(one) for one in whole[1:]], [dumped(one) for one, _ in streamed]]


def own_transports() -> dict[str, Any]:
    return {
        "http_client": ferrule.httpx2.Client(timeout=600, follow_redirects=True),
        "http_async_client": ferrule.httpx2.AsyncClient(timeout=600, follow_redirects=True),
    }


@pytest.mark.parametrize("responses", [False, True])
@pytest.mark.parametrize("task", [conversed, agent])
@pytest.mark.filterwarnings("ignore")
def test_openai_with_our_transport(simulator: Simulator, task: Any, responses: bool) -> None:
    given: Any = {"model": "gpt-4o", "use_responses_api": responses}
    alike(
        lambda: task(ChatOpenAI(**given)), simulator, nullcontext, lambda: task(ChatOpenAI(**given, **own_transports()))
    )


@pytest.mark.parametrize("task", [conversed, agent])
@pytest.mark.filterwarnings("ignore")
def test_openai_routed_with_the_patch(simulator: Simulator, client: ferrule.Client, task: Any) -> None:
    with ferrule.patch("openai", client=client):
        found = came_of(lambda: task(ChatOpenAI(model="fast")), simulator)
    assert found.python_connections == 0
    assert {one["path"] for one in found.requests} == {"/v1/messages"}


class OurChatAnthropic(ChatAnthropic):
    """ChatAnthropic with our clients."""

    @cached_property
    def _client(self) -> Any:
        return ferrule.anthropic.Anthropic(**self._client_params)

    @cached_property
    def _async_client(self) -> Any:
        return ferrule.anthropic.AsyncAnthropic(**self._client_params)


@pytest.mark.parametrize("task", [conversed, agent])
@pytest.mark.filterwarnings("ignore")
def test_anthropic_with_our_client(simulator: Simulator, task: Any) -> None:
    given: Any = {"model": "claude-sonnet-4-5"}
    alike(lambda: task(ChatAnthropic(**given)), simulator, nullcontext, lambda: task(OurChatAnthropic(**given)))


@pytest.mark.parametrize("task", [conversed, agent])
@pytest.mark.filterwarnings("ignore")
def test_anthropic_routed_with_the_patch(simulator: Simulator, client: ferrule.Client, task: Any) -> None:
    with ferrule.patch("anthropic", client=client):
        found = came_of(lambda: task(ChatAnthropic(model="openai/gpt-4o")), simulator)
    assert found.python_connections == 0
    assert {one["path"] for one in found.requests} == {"/v1/chat/completions"}
