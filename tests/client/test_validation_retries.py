"""Validation retries (`retries_on_invalid`): a reply that does not fit, and the next attempt; usage and cost of all."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

import ferrule
from ferrule.testing import Simulator, rule

pydantic = pytest.importorskip("pydantic")


@dataclasses.dataclass
class City:
    name: str
    inhabitants: int


class CityModel(pydantic.BaseModel):
    name: str
    inhabitants: int


WRONG = {"text": json.dumps({"name": "Oslo", "inhabitants": "many"}), "usage": {"input_tokens": 10, "output_tokens": 5}}
RIGHT = {"text": json.dumps({"name": "Oslo", "inhabitants": 7}), "usage": {"input_tokens": 30, "output_tokens": 6}}


@pytest.mark.parametrize("kind", [City, CityModel, list[City]])
@pytest.mark.parametrize("model", ["openai/gpt-4o", "anthropic/claude-sonnet-4-5", "gemini/gemini-2.5-flash"])
def test_the_model_is_told_what_is_wrong(model: str, kind: Any) -> None:
    right = RIGHT if kind != list[City] else RIGHT | {"text": json.dumps({"value": [json.loads(RIGHT["text"])]})}
    wrong = WRONG if kind != list[City] else WRONG | {"text": json.dumps({"value": [json.loads(WRONG["text"])]})}
    with Simulator([rule(wrong, times=1), rule(right)]) as simulator, simulator.client() as client:
        reply = client.complete(model, "Which city?", response_format=kind, retries_on_invalid=2)
        first, second = simulator.requests
    expected = City("Oslo", 7) if kind != CityModel else CityModel(name="Oslo", inhabitants=7)
    assert reply.parsed == ([expected] if kind == list[City] else expected)
    assert len(reply.attempts) == 2
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (40, 11)
    assert reply.cost is not None
    assert reply.cost.quantities["input_mtok" if "input_mtok" in reply.cost.quantities else "input_tokens"] == 40
    said = json.dumps(second.body)
    assert "inhabitants" in said.replace(json.dumps(first.body), "")
    assert "does not fit the required format" in said
    assert "many" in said
    assert "does not fit the required format" not in json.dumps(first.body)


def test_the_cost_is_that_of_all_of_them() -> None:
    with Simulator([rule(WRONG, times=1), rule(RIGHT)]) as simulator, simulator.client() as client:
        reply = client.complete("openai/gpt-4o", "?", response_format=City, retries_on_invalid=1)
        total = client.usage().total()
    assert reply.cost is not None
    assert total.cost == reply.cost.total


def test_none_by_default_and_no_more_than_asked_for() -> None:
    with Simulator([rule(WRONG)]) as simulator, simulator.client() as client:
        for retries, requests in ((None, 1), (0, 1), (2, 3)):
            simulator.clear()
            reply = client.complete("openai/gpt-4o", "?", response_format=City, retries_on_invalid=retries)
            assert len(simulator.requests) == requests
            assert len(reply.attempts) == requests
            with pytest.raises(ValueError, match="`inhabitants` does not fit"):
                _ = reply.parsed


@pytest.mark.parametrize(
    "script",
    [
        RIGHT,
        {"text": '{"name": "Os', "finish_reason": "length"},
        {"refusal": "No."},
        {"tool_calls": [{"name": "look", "arguments": {}}]},
    ],
)
def test_what_better_words_would_not_help_is_not_asked_again(script: Any) -> None:
    def look() -> str:
        return ""

    with Simulator([rule(script)]) as simulator, simulator.client() as client:
        client.complete("openai/gpt-4o", "?", response_format=City, retries_on_invalid=2, tools=[look])
        assert len(simulator.requests) == 1


async def test_asynchronously() -> None:
    with Simulator([rule(WRONG, times=2), rule(RIGHT)]) as simulator:
        async with simulator.async_client() as client:
            messages = iter([{"role": "user", "content": "Which city?"}])
            reply = await client.complete("openai/gpt-4o", messages, response_format=City, retries_on_invalid=2)  # type: ignore[call-overload]
        assert reply.parsed == City("Oslo", 7)
        assert len(reply.attempts) == 3
        assert len(simulator.requests[2].body["messages"]) == 5


def test_an_error_has_the_attempts_before_it() -> None:
    with (
        Simulator([rule(WRONG, times=1), rule(fault={"status": {"status": 401}})]) as simulator,
        simulator.client() as client,
    ):
        with pytest.raises(ferrule.AuthenticationError) as caught:
            client.complete("openai/gpt-4o", "?", response_format=City, retries_on_invalid=2)
        assert len(caught.value.attempts) == 2


def test_the_time_limit_is_that_of_the_whole_call() -> None:
    script = [rule(WRONG | {"first_token_ms": 150})]
    with Simulator(script) as simulator, simulator.client() as client, pytest.raises(ferrule.TotalTimeoutError):
        client.complete("openai/gpt-4o", "?", response_format=City, retries_on_invalid=50, timeout=0.6)


def test_what_is_wrong_with_the_option_is_said() -> None:
    with Simulator() as simulator, simulator.client() as client:
        with pytest.raises(TypeError, match="retries_on_invalid: there is no `response_format`"):
            client.complete("openai/gpt", "?", retries_on_invalid=2)
        with pytest.raises(TypeError, match="retries_on_invalid: expected a whole number"):
            client.complete("openai/gpt", "?", response_format=City, retries_on_invalid="two")  # type: ignore[call-overload]
        with pytest.raises(TypeError, match="retries_on_invalid: a stream"):
            client.stream("openai/gpt", "?", response_format=City, retries_on_invalid=2)  # type: ignore[call-overload]
        assert simulator.requests == []


MANY = [
    rule(fault="overloaded", text="*fails*"),
    rule(RIGHT, text="*does not fit the required format*"),
    rule(WRONG),
]
PROMPTS = ["one", "fails", *(f"prompt {number}" for number in range(8))]


def shown(outcome: Any) -> tuple[Any, int]:
    """What a reply is, and how many attempts it took."""
    if isinstance(outcome, ferrule.FerruleError):
        return type(outcome), len(outcome.attempts)
    try:
        return outcome.parsed, len(outcome.attempts)
    except (ValueError, TypeError):
        return ValueError, len(outcome.attempts)


OUTCOMES = [
    (City("Oslo", 7), 2),
    (ferrule.OverloadedError, 1),
    *[(City("Oslo", 7), 2)] * 8,
]


@pytest.mark.parametrize("ordered", [True, False])
def test_map_asks_for_each_prompt_again(ordered: bool) -> None:
    with Simulator(MANY) as simulator, simulator.client(max_retries=0) as client:
        replies = client.map(
            "openai/gpt-4o", PROMPTS, response_format=City, retries_on_invalid=1, concurrency=3, ordered=ordered
        )
        found = [shown(outcome) for outcome in replies]
        said = [json.dumps(request.body) for request in simulator.requests]
    assert found == OUTCOMES if ordered else sorted(map(repr, found)) == sorted(map(repr, OUTCOMES))
    # Each goes on with its own conversation.
    again = [text for text in said if "does not fit" in text]
    assert len(again) == 9
    assert all(sum(json.dumps(prompt) in text for prompt in PROMPTS) == 1 for text in again)


async def test_asynchronous_map_asks_for_each_prompt_again() -> None:
    with Simulator(MANY) as simulator:
        async with simulator.async_client(max_retries=0) as client:
            replies = client.map("openai/gpt-4o", PROMPTS, response_format=City, retries_on_invalid=1, concurrency=3)
            found = [shown(outcome) async for outcome in replies]
    assert [kind for kind, _ in found] == [kind for kind, _ in OUTCOMES]


def test_map_says_what_is_wrong_before_it_takes_a_prompt() -> None:
    taken: list[str] = []
    with Simulator() as simulator, simulator.client() as client:
        with pytest.raises(TypeError, match="retries_on_invalid: there is no `response_format`"):
            client.map("openai/gpt", (taken.append(text) or text for text in ["a"]), retries_on_invalid=2)
        with pytest.raises(TypeError, match="retries_on_invalid: expected a whole number"):
            client.map("openai/gpt", ["a"], response_format=City, retries_on_invalid=-1)
    assert not taken


def test_map_asks_no_more_often_than_it_may() -> None:
    with Simulator([rule(WRONG)]) as simulator, simulator.client() as client:
        outcomes = list(client.map("openai/gpt-4o", ["a", "b"], response_format=City, retries_on_invalid=2))
        assert [shown(outcome) for outcome in outcomes] == [(ValueError, 3)] * 2
        assert len(simulator.requests) == 6
