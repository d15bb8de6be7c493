"""simonw's llm on Ferrule."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import llm
import pytest
from comparing import alike, fast

import ferrule
import ferrule.openai

if TYPE_CHECKING:
    from ferrule.testing import Simulator


def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"Sunny in {city}."


def conversed(name: str) -> Any:
    """Plain, streamed, with tools, structured, and asynchronously."""
    model = llm.get_model(name)
    plain = model.prompt("Hello, world!", stream=False)
    found: list[Any] = [plain.text(), list(model.prompt("Tell me more."))]
    chain = model.chain("Please use the tool.", tools=[get_weather])
    found += [chain.text(), [one.usage().output for one in chain.responses()]]
    found.append(model.prompt("Who is it?", schema=llm.schema_dsl("name, age int")).text())

    async def run() -> Any:
        asynchronous = llm.get_async_model(name)
        return [
            await asynchronous.prompt("Hello!", stream=False).text(),
            [part async for part in asynchronous.prompt("More!")],
        ]

    return [*found, asyncio.run(run())]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["gpt-4o", "gpt-5.5"])
def test_with_the_patch(simulator: Simulator, name: str) -> None:
    found = alike(lambda: conversed(name), simulator, lambda: ferrule.patch("openai"))
    with ferrule.patch("openai"), fast(ferrule.openai.statistics, len(found.requests)):
        conversed(name)
