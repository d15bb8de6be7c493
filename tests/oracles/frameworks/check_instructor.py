"""instructor on Ferrule."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import anthropic
import instructor
import openai
from comparing import alike, fast
from pydantic import BaseModel

import ferrule
import ferrule.anthropic
import ferrule.openai

if TYPE_CHECKING:
    from ferrule.testing import Simulator

ASKED: Any = [{"role": "user", "content": "Who is it?"}]


class Person(BaseModel):
    name: str
    age: int


def dumped(value: Any) -> Any:
    """Objects as dicts: instructor makes a class for each call."""
    return [dumped(item) for item in value] if isinstance(value, list) else value.model_dump()


def patched() -> Any:
    return ferrule.patch("openai")


def extracted(client: Any) -> Any:
    made = instructor.from_openai(client)
    plain, raw = made.chat.completions.create_with_completion(model="gpt-4o", messages=ASKED, response_model=Person)
    parts = list(made.chat.completions.create_partial(model="gpt-4o", messages=ASKED, response_model=Person))
    all_of_them: Any = [{"role": "user", "content": "Who are they?"}]
    several = list(made.chat.completions.create_iterable(model="gpt-4o", messages=all_of_them, response_model=Person))
    by_schema = instructor.from_openai(client, mode=instructor.Mode.JSON_SCHEMA)
    json = by_schema.chat.completions.create(model="gpt-4o", messages=ASKED, response_model=Person)
    return dumped([plain, raw, parts, several, json])


def extracted_async(client: Any) -> Any:
    async def run() -> Any:
        made = instructor.from_openai(client)
        plain = await made.chat.completions.create(model="gpt-4o", messages=ASKED, response_model=Person)
        parts = made.chat.completions.create_partial(model="gpt-4o", messages=ASKED, response_model=Person)
        return dumped([plain, [part async for part in parts]])

    return asyncio.run(run())


def test_openai_with_the_patch(simulator: Simulator) -> None:
    with fast(ferrule.openai.statistics, 4):
        alike(lambda: extracted(openai.OpenAI()), simulator, patched)
    with fast(ferrule.openai.statistics, 2):
        alike(lambda: extracted_async(openai.AsyncOpenAI()), simulator, patched)


def test_openai_with_our_client(simulator: Simulator) -> None:
    with fast(ferrule.openai.statistics, 4):
        alike(lambda: extracted(openai.OpenAI()), simulator, nullcontext, lambda: extracted(ferrule.openai.OpenAI()))


def test_anthropic(simulator: Simulator) -> None:
    def run() -> Any:
        made = instructor.from_anthropic(anthropic.Anthropic())
        plain, raw = made.messages.create_with_completion(
            model="claude-sonnet-4-5", max_tokens=500, messages=ASKED, response_model=Person
        )
        parts = made.messages.create_partial(
            model="claude-sonnet-4-5", max_tokens=500, messages=ASKED, response_model=Person
        )
        return dumped([plain, raw, list(parts)])

    with fast(ferrule.anthropic.statistics, 2):
        alike(run, simulator, lambda: ferrule.patch("anthropic"))


def test_routed(simulator: Simulator, client: ferrule.Client) -> None:
    made = instructor.from_openai(ferrule.openai.OpenAI(ferrule=client))
    person = made.chat.completions.create(model="fast", messages=ASKED, response_model=Person)
    assert isinstance(person, Person)
    assert [one.path for one in simulator.requests] == ["/v1/messages"]
