"""Replies: what they say, that unknown is not zero, and that they survive JSON and pickle."""

from __future__ import annotations

import dataclasses
import json
import pickle
from typing import Any

import pytest

import ferrule
from ferrule.testing import Simulator, rule
from weather import ANTHROPIC_TOOL

RICH = {
    "content": [
        {"reasoning": {"text": "Let me see.", "signature": "c2ln"}},
        {"text": "It is sunny."},
        {"tool_call": {"id": "call_1", "name": "get_weather", "arguments": {"city": "Zürich"}}},
    ],
    "usage": {"input_tokens": 10, "output_tokens": 0, "cache_read_tokens": 0, "reasoning_tokens": 3},
}
MODELS = ["openai/gpt", "anthropic/claude"]


@dataclasses.dataclass
class Place:
    city: str


@pytest.fixture
def script() -> list[Any]:
    return [rule(RICH)]


def replies(simulator: Simulator, model: str) -> list[ferrule.Reply]:
    """A plain one and the same streamed."""
    client = simulator.client()
    stream = client.stream(model, "Hi.", tools=[ANTHROPIC_TOOL])
    list(stream)
    return [client.complete(model, "Hi.", tools=[ANTHROPIC_TOOL]), stream.reply()]


@pytest.mark.parametrize("model", MODELS)
def test_what_a_reply_says(simulator: Simulator, model: str) -> None:
    for reply in replies(simulator, model):
        assert (reply.text, reply.reasoning, reply.refusal) == ("It is sunny.", "Let me see.", None)
        (call,) = reply.tool_calls
        assert (call.id, call.name, call.arguments) == ("call_1", "get_weather", {"city": "Zürich"})
        assert json.loads(call.arguments_json) == call.arguments
        assert reply.finish_reason == "tool_calls"
        assert reply.provider == model.split("/")[0]
        assert reply.model == model.split("/")[1]
        assert reply.id
        assert len(reply.choices) == len(reply.attempts) == 1
        assert reply.message.role == "assistant"
        assert reply.stats.duration >= reply.stats.time_to_first_token >= 0
        assert reply.parsed is None


@pytest.mark.parametrize("model", MODELS)
def test_raw_is_the_body_of_a_plain_answer_only(simulator: Simulator, model: str) -> None:
    plain, streamed = replies(simulator, model)
    assert plain.raw["id"] == plain.id
    assert streamed.raw is None


@pytest.mark.parametrize("model", MODELS)
def test_unknown_is_not_zero(simulator: Simulator, model: str) -> None:
    for reply in replies(simulator, model):
        usage = reply.usage
        assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (10, 0, 10)
        assert usage.cache_read_tokens == 0
        assert usage.input_audio_tokens is None
        assert usage.cache_write_1h_tokens is None
    simulator.set_script([rule(fault={"stall": {"at": "before_headers"}})])
    unread = simulator.client().stream(model, "Hi.").reply().usage
    assert (unread.input_tokens, unread.output_tokens, unread.total_tokens) == (None, None, None)


def test_figures_too_large_to_add_have_no_sum(simulator: Simulator) -> None:
    simulator.set_script([rule({"text": "Hi.", "usage": {"input_tokens": 2**64 - 1, "output_tokens": 2**64 - 1}})])
    assert simulator.client().complete("anthropic/claude", "Hi.").usage.total_tokens is None


@pytest.mark.parametrize("model", MODELS)
def test_a_reply_is_json_and_pickles(simulator: Simulator, model: str) -> None:
    for reply in replies(simulator, model):
        told = reply.to_dict()
        assert json.loads(json.dumps(told)) == told
        again = pickle.loads(pickle.dumps(reply))
        assert again.to_dict() == told
        assert (again.text, again.tool_calls, again.message) == (reply.text, reply.tool_calls, reply.message)
        assert (again.usage, again.finish_reason) == (reply.usage, reply.finish_reason)
        assert pickle.loads(pickle.dumps(reply.message)) == reply.message
        assert pickle.loads(pickle.dumps(reply.tool_calls)) == reply.tool_calls
        assert pickle.loads(pickle.dumps(reply.usage)) == reply.usage
        assert repr(pickle.loads(pickle.dumps(reply.attempts))) == repr(reply.attempts)
        assert ferrule.Message.from_dict(told["choices"][0]["message"]) == reply.message


def test_a_pickled_reply_still_parses() -> None:
    with Simulator([rule('{"city": "Zürich"}')]) as simulator:
        reply = simulator.client().complete("openai/gpt", "Where?", response_format=Place)
    assert pickle.loads(pickle.dumps(reply)).parsed == reply.parsed == Place("Zürich")


def test_a_pickle_of_nonsense_is_an_error_or_empty_but_no_panic() -> None:
    reply = ferrule.Reply.from_dict(
        {
            "stats": {"duration": -1.0, "time_to_first_token": 1e300},
            "attempts": [{"duration": -5.0, "waited": 1e300}],
            "choices": [7],
            "usage": [],
        }
    )
    assert (reply.text, reply.stats.duration, reply.attempts[0].duration) == ("", None, 0.0)


def test_arguments_that_are_no_json_are_told_as_they_are(simulator: Simulator) -> None:
    simulator.set_script([rule({"tool_calls": [{"name": "get_weather", "arguments": '{"city": '}]})])
    (call,) = simulator.client().complete("openai/gpt", "Hi.", tools=[ANTHROPIC_TOOL]).tool_calls
    assert call.arguments_json == '{"city": '
    with pytest.raises(ValueError, match=r"weather.*not JSON"):
        _ = call.arguments


def test_equality_of_messages() -> None:
    text, block = ferrule.Message("user", "Hi."), ferrule.Message("user", [{"type": "text", "text": "Hi."}])
    assert text == block
    assert text != ferrule.Message("assistant", "Hi.")
    assert text != ferrule.Message("user", "Hi!")
    assert text != {"role": "user", "content": "Hi."}
    assert ferrule.Message("user", name="Ada", content="Hi.") != text


def test_several_answers() -> None:
    with Simulator() as simulator:
        client = simulator.client()
        plain = client.complete("openai/gpt", "Hi.", n=3)
        stream = client.stream("openai/gpt", "Hi.", n=3)
        assert "".join(stream.text) == plain.text
    for reply in (plain, stream.reply()):
        assert [choice.index for choice in reply.choices] == [0, 1, 2]
        assert all(choice.message.text and choice.finish_reason == "stop" for choice in reply.choices)
