"""Streams that break off after their first event, and go on with another target (`continue_streams`)."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

import ferrule
from ferrule import Continued, TextDelta, Timeouts
from ferrule.testing import Simulator, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = "One two three four five six seven eight nine ten."

FAULTS: dict[str, tuple[Any, str]] = {
    "cut": ({"close": {"at": "mid_event", "after_chunks": 4}}, "interrupted"),
    "reset": ({"reset": {"at": "mid_event", "after_chunks": 4}}, "interrupted"),
    "stall": ({"stall": {"at": "mid_event", "after_chunks": 4}}, "timeout"),
    "malformed": ({"malformed_json": {"after_chunks": 4}}, "unreadable"),
    "error": ({"error_event": {"after_chunks": 4}}, "overloaded"),
    "no end": ("no_terminal", "interrupted"),
}

# Who goes on, and how: those that continue, those that refuse to, and those that would answer anew.
SPARES = {
    "openai/gpt-5-mini": "restart",
    "responses/gpt-5-mini": "restart",
    "gemini/gemini-2.5-pro": "restart",
    "anthropic/claude-haiku-4-5": "prefix",
    "anthropic/claude-opus-4-6": "restart",
    "bedrock/eu.anthropic.claude-sonnet-4-5-20250929-v1:0": "prefix",
    "mistral/mistral-large-latest": "prefix",
}

# What the broken stream is written in.
MAINS = ("main-openai", "main-anthropic", "main-responses", "main-gemini", "main-bedrock")


class Pair:
    """A provider whose streams break off, in every dialect, and one that goes on with them."""

    def __init__(self, main: Simulator, spare: Simulator) -> None:
        self.main, self.spare = main, spare
        spare.set_script([rule(TEXT)])

    def settings(self, *targets: str, **group: Any) -> dict[str, Any]:
        key = {"api_key": "sk-simulated"}
        own = self.spare.providers(["openai", "anthropic", "gemini", "bedrock", "mistral"])
        broken = self.main.providers(["gemini", "bedrock"])
        providers: dict[str, Any] = dict(own) | {
            "responses": {"base_url": self.spare.openai_base_url, "dialect": "openai-responses", **key},
            "main-openai": {"base_url": self.main.openai_base_url, "dialect": "openai-chat", **key},
            "main-anthropic": {"base_url": self.main.anthropic_base_url, "dialect": "anthropic", **key},
            "main-responses": {"base_url": self.main.openai_base_url, "dialect": "openai-responses", **key},
            "main-gemini": {**broken["gemini"], "dialect": "gemini"},
            "main-bedrock": {**broken["bedrock"], "dialect": "bedrock"},
        }
        group = {"targets": list(targets), "continue_streams": True, **group}
        return {"config": False, "providers": providers, "groups": {"all": group}, "timeout": Timeouts(idle=0.3)}


@pytest.fixture
def pair() -> Iterator[Pair]:
    with ExitStack() as stack:
        yield Pair(stack.enter_context(Simulator()), stack.enter_context(Simulator()))


def split(events: list[Any]) -> tuple[str, Continued, str]:
    """The text before the event that says who goes on, that event, and the text behind it."""
    [place] = [place for place, event in enumerate(events) if isinstance(event, Continued)]
    text = ["".join(e.text for e in part if isinstance(e, TextDelta)) for part in (events[:place], events[place + 1 :])]
    return text[0], events[place], text[1]


def whole(reply: ferrule.Reply, events: list[Any], target: str, how: str, reason: str) -> None:
    """Nothing is lost, said twice or mixed, and the list of attempts tells the story."""
    before, continued, after = split(events)
    assert (continued.target, continued.how) == (target, how)
    assert before
    assert TEXT.startswith(before)
    assert (before + after if how == "prefix" else after) == TEXT
    assert (reply.text, reply.finish_reason) == (TEXT, "stop")
    assert reply.message.content == TEXT or len(reply.message.content) == 1, "one part"
    assert f"{reply.provider}/" == target[: len(reply.provider) + 1]
    first, second = reply.attempts
    assert (first.reason, first.next, second.outcome) == (reason, f"asked {target}", "success")
    assert reply.stats.time_to_first_token is not None


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("spare", ["openai/gpt-5-mini", "anthropic/claude-haiku-4-5"])
def test_whatever_breaks_it(pair: Pair, fault: str, spare: str) -> None:
    pair.main.set_script([rule(TEXT, fault=FAULTS[fault][0])])
    with ferrule.Client(**pair.settings("main-openai/m", spare)) as client:
        with client.stream("all", "Count.", max_tokens=100) as stream:
            events = list(stream)
        whole(stream.reply(), events, spare, SPARES[spare], FAULTS[fault][1])
        assert [target.in_flight for target in client.status().targets] == [0, 0]
    assert pair.main.wait_for_connections(0)
    assert pair.spare.wait_for_connections(0)


@pytest.mark.parametrize("main", MAINS)
@pytest.mark.parametrize("spare", SPARES)
async def test_between_all_formats(pair: Pair, main: str, spare: str) -> None:
    pair.main.set_script([rule(TEXT, fault=FAULTS["cut"][0])])
    async with ferrule.AsyncClient(**pair.settings(f"{main}/m", spare)) as client:
        async with client.stream("all", "Count.", max_tokens=100) as stream:
            events = [event async for event in stream]
        whole(stream.reply(), events, spare, SPARES[spare], "interrupted")
    [request] = pair.spare.requests
    assert request.status == 200, "who refuses to continue is not asked to"


def test_a_continuation_is_asked_for_with_what_was_delivered(pair: Pair) -> None:
    pair.main.set_script([rule(TEXT, fault=FAULTS["cut"][0])])
    with (
        ferrule.Client(**pair.settings("main-openai/m", "mistral/mistral-large-latest")) as client,
        client.stream("all", "Count.", max_tokens=100) as stream,
    ):
        before, _, after = split(list(stream))
    message = pair.spare.requests[0].body["messages"][-1]
    assert message == {"role": "assistant", "content": before.rstrip(), "prefix": True}
    assert before + after == TEXT
    assert pair.spare.requests[0].body["max_tokens"] < 100, "what was said counts"


@pytest.mark.parametrize("streamed_tail", [" three four five six seven eight nine ten.", TEXT])
def test_white_space_and_a_repeated_prefix_are_said_once(pair: Pair, streamed_tail: str) -> None:
    """Some continue with the space that was delivered already, some repeat the prefix."""
    fault = {"close": {"at": "mid_event", "after_chunks": 5}}
    pair.main.set_script([rule({"text": TEXT, "chunk_chars": 7}, fault=fault)])
    pair.spare.set_script([rule({"text": f" {streamed_tail}".removeprefix(" "), "chunk_chars": 5})])
    with (
        ferrule.Client(**pair.settings("main-openai/m", "anthropic/claude-haiku-4-5")) as client,
        client.stream("all", "Count.", max_tokens=100) as stream,
    ):
        before, _, after = split(list(stream))
    if streamed_tail == TEXT:
        assert before + after == TEXT
    else:
        assert after.strip() == streamed_tail.strip()
        assert not (before[-1].isspace() and after[0].isspace())


def test_who_refuses_the_prefix_all_the_same_answers_anew(pair: Pair) -> None:
    pair.main.set_script([rule(TEXT, fault=FAULTS["cut"][0])])
    refusal = {"status": {"status": 400, "error": {"kind": "invalid_request", "message": "no prefill here"}}}
    pair.spare.set_script([rule(fault=refusal, times=1), rule(TEXT)])
    with ferrule.Client(**pair.settings("main-openai/m", "anthropic/claude-haiku-4-5")) as client:
        with client.stream("all", "Count.", max_tokens=100) as stream:
            _, continued, after = split(list(stream))
        assert (continued.how, after, stream.reply().text) == ("restart", TEXT, TEXT)
        attempts = stream.reply().attempts
        assert [attempt.target.split("/")[0] for attempt in attempts] == ["main-openai", "anthropic", "anthropic"]
        assert attempts[1].next == "asked the same target for a whole answer"
    assert pair.spare.requests[1].body["messages"][-1]["role"] == "user"


@pytest.mark.parametrize("fault", FAULTS)
def test_without_it_a_broken_stream_is_an_error(pair: Pair, fault: str) -> None:
    pair.main.set_script([rule(TEXT, fault=FAULTS[fault][0])])
    settings = pair.settings("main-openai/m", "openai/gpt-5-mini", continue_streams=False)
    with ferrule.Client(**settings) as client, pytest.raises(ferrule.FerruleError) as caught:
        list(client.stream("all", "Count."))
    assert caught.value.partial_reply is not None
    assert caught.value.partial_reply.text
    assert TEXT.startswith(caught.value.partial_reply.text)
    assert caught.value.partial_reply.finish_reason is None
    assert not pair.spare.requests


def test_a_call_says_it_for_itself(pair: Pair) -> None:
    pair.main.set_script([rule(TEXT, fault=FAULTS["cut"][0])])
    settings = pair.settings("main-openai/m", "openai/gpt-5-mini", continue_streams=False)
    with ferrule.Client(**settings) as client:
        with client.stream("all", "Count.", routing=ferrule.Routing(continue_streams=True)) as stream:
            events = list(stream)
        whole(stream.reply(), events, "openai/gpt-5-mini", "restart", "interrupted")


def test_it_may_break_more_than_once(pair: Pair) -> None:
    pair.main.set_script([rule(TEXT, fault=FAULTS["cut"][0])])
    later = {"close": {"at": "mid_event", "after_chunks": 3}}
    pair.spare.set_script([rule(TEXT, fault=later, model="claude*"), rule(TEXT)])
    targets = ("main-openai/m", "anthropic/claude-haiku-4-5", "mistral/mistral-large-latest")
    with ferrule.Client(**pair.settings(*targets)) as client:
        with client.stream("all", "Count.", max_tokens=100) as stream:
            events = list(stream)
        assert [event.how for event in events if isinstance(event, Continued)] == ["prefix", "prefix"]
        assert "".join(event.text for event in events if isinstance(event, TextDelta)) == TEXT
        assert stream.reply().text == TEXT
        assert [attempt.reason for attempt in stream.reply().attempts] == ["interrupted", "interrupted", None]


def test_where_nobody_goes_on_it_is_the_break_that_is_reported(pair: Pair) -> None:
    pair.main.set_script([rule(TEXT, fault=FAULTS["cut"][0])])
    pair.spare.set_script([rule(fault={"status": {"status": 500}})])
    settings = pair.settings("main-openai/m", "openai/gpt-5-mini", retry={"preset": "none"})
    with ferrule.Client(**settings) as client:
        with pytest.raises(ferrule.StreamInterruptedError) as caught:
            list(client.stream("all", "Count."))
        assert caught.value.partial_reply is not None
        assert caught.value.partial_reply.text
        assert [attempt.reason for attempt in caught.value.attempts] == ["interrupted", "server_error"]
        assert [target.in_flight for target in client.status().targets] == [0, 0]


def test_one_target_goes_on_with_its_own(pair: Pair) -> None:
    pair.main.set_script([rule(TEXT, fault=FAULTS["cut"][0], times=1), rule(TEXT)])
    with ferrule.Client(**pair.settings("main-openai/m"), retry={"backoff": 0.01}) as client:
        options: dict[str, Any] = {"routing": ferrule.Routing(continue_streams=True)}
        with client.stream("main-openai/m", "Count.", **options) as stream:
            _, continued, after = split(list(stream))
    assert (continued.target, continued.how, after) == ("main-openai/m", "restart", TEXT)


CALL = {"tool_calls": [{"name": "look", "arguments": {"city": "Lisbon", "days": "Monday, Tuesday, Wednesday"}}]}


def look(city: str, days: str) -> str:
    """Looks at the weather."""
    return f"{city} {days}"


@pytest.mark.parametrize("spare", ["openai/gpt-5-mini", "anthropic/claude-haiku-4-5"])
def test_a_tool_call_that_was_begun_is_not_gone_on_with(pair: Pair, spare: str) -> None:
    pair.main.set_script([rule({**CALL, "chunk_chars": 4}, fault=FAULTS["cut"][0])])  # type: ignore[typeddict-item]
    with ferrule.Client(**pair.settings("main-openai/m", spare)) as client:
        with pytest.raises(ferrule.StreamInterruptedError) as caught:
            list(client.stream("all", "How is it?", tools=[look], max_tokens=100))
        assert len(caught.value.attempts) == 1
    assert not pair.spare.requests


def test_text_before_a_call_is_answered_anew(pair: Pair) -> None:
    pair.main.set_script([rule("Let me look at the weather there.", fault=FAULTS["cut"][0])])
    pair.spare.set_script([rule({"text": "I look.", **CALL})])  # type: ignore[typeddict-item]
    with ferrule.Client(**pair.settings("main-openai/m", "anthropic/claude-haiku-4-5")) as client:
        with client.stream("all", "How is it?", tools=[look], max_tokens=100) as stream:
            _, continued, after = split(list(stream))
        reply = stream.reply()
    assert (continued.how, after, reply.text) == ("restart", "I look.", "I look.")
    assert [call.name for call in reply.tool_calls] == ["look"]


SCHEMA = {"type": "object", "properties": {"n": {"type": "string"}}, "required": ["n"], "additionalProperties": False}


def test_a_value_that_was_begun_is_not_gone_on_with(pair: Pair) -> None:
    pair.main.set_script([rule('{"n": "one two three four five six"}', fault=FAULTS["cut"][0])])
    with (
        ferrule.Client(**pair.settings("main-openai/m", "openai/gpt-5-mini")) as client,
        pytest.raises(ferrule.StreamInterruptedError),
    ):
        list(client.stream("all", "Count.", response_format=SCHEMA))
    assert not pair.spare.requests


def test_a_value_of_which_nothing_came_is_asked_for_anew(pair: Pair) -> None:
    thinking: Any = {"reasoning": "Let me think about this for a while first.", "text": '{"n": "one"}'}
    pair.main.set_script([rule(thinking, fault=FAULTS["cut"][0])])
    pair.spare.set_script([rule('{"n": "two"}')])
    with ferrule.Client(**pair.settings("main-anthropic/m", "openai/gpt-5-mini")) as client:
        with client.stream("all", "Count.", response_format=SCHEMA, max_tokens=2000) as stream:
            _, continued, _ = split(list(stream))
        assert continued.how == "restart"
        assert stream.reply().parsed == {"n": "two"}
        assert stream.reply().reasoning is None, "the reply is the new answer alone"


def test_usage_and_cost_are_of_both_as_far_as_they_reported(pair: Pair) -> None:
    # Anthropic reports the prompt at the start, OpenAI everything at the end.
    begun: Any = {"text": TEXT, "usage": {"input_tokens": 1000, "output_tokens": 500}}
    pair.main.set_script([rule(begun, fault=FAULTS["cut"][0])])
    pair.spare.set_script([rule({"text": TEXT, "usage": {"input_tokens": 7, "output_tokens": 5}})])
    settings = pair.settings("main-anthropic/m", "openai/gpt-5-mini")
    prices = {"input_mtok": 1000, "output_mtok": 1000}
    group = [{"model": "main-anthropic/m", "prices": prices}, {"model": "openai/gpt-5-mini", "prices": prices}]
    settings["groups"]["all"]["targets"] = group
    with ferrule.Client(**settings) as client:
        with client.stream("all", "Count.", max_tokens=100) as stream:
            list(stream)
        reply, totals = stream.reply(), client.usage().by_provider()
        assert reply.usage.input_tokens == 1007
        assert reply.usage.output_tokens is not None
        assert 5 <= reply.usage.output_tokens < 505, "no more than was reported before the break"
        assert reply.cost is not None
        spent = (reply.usage.input_tokens + reply.usage.output_tokens) / 1000
        assert float(reply.cost.total) == pytest.approx(spent)
        assert (totals["main-anthropic"].calls, totals["main-anthropic"].input_tokens) == (0, 1000)
        assert (totals["openai"].calls, totals["openai"].input_tokens, totals["openai"].output_tokens) == (1, 7, 5)
        assert float(client.usage().total().cost) == pytest.approx(spent)


async def test_a_wait_that_is_cancelled_while_somebody_else_is_asked_loses_nothing(pair: Pair) -> None:
    pair.main.set_script([rule(TEXT, fault=FAULTS["cut"][0])])
    pair.spare.set_script([rule(TEXT, fault={"stall": {"at": "before_headers", "for_ms": 200}})])
    async with ferrule.AsyncClient(**pair.settings("main-openai/m", "anthropic/claude-haiku-4-5")) as client:
        async with client.stream("all", "Count.", max_tokens=100) as stream:
            events: list[Any] = []
            while True:
                with contextlib.suppress(asyncio.TimeoutError):
                    events.append(await asyncio.wait_for(anext(stream, None), 0.05))
                if events and events[-1] is None:
                    break
        whole(stream.reply(), events[:-1], "anthropic/claude-haiku-4-5", "prefix", "interrupted")


async def test_leaving_while_somebody_else_is_asked_closes_everything(pair: Pair) -> None:
    pair.main.set_script([rule(TEXT, fault=FAULTS["cut"][0])])
    pair.spare.set_script([rule(TEXT, fault={"stall": {"at": "before_headers"}})])
    async with ferrule.AsyncClient(**pair.settings("main-openai/m", "openai/gpt-5-mini")) as client:
        async with client.stream("all", "Count.") as stream:
            with contextlib.suppress(asyncio.TimeoutError):
                while await asyncio.wait_for(anext(stream), 0.5):
                    pass
            assert pair.spare.wait_for_requests(1)
        assert pair.spare.wait_for_connections(0)
        status = await client.status()
        assert [target.in_flight for target in status.targets] == [0, 0]


def test_the_event_is_an_object_like_others() -> None:
    import pickle

    with (
        Simulator([rule(TEXT, fault=FAULTS["cut"][0], times=1), rule(TEXT)]) as simulator,
        simulator.client(retry={"backoff": 0.01}) as client,
    ):
        routing = ferrule.Routing(continue_streams=True)
        events = list(client.stream("openai/gpt-5-mini", "Count.", routing=routing))
    [event] = [event for event in events if isinstance(event, Continued)]
    match event:
        case Continued(target, how):
            assert (target, how) == ("openai/gpt-5-mini", "restart")
    assert pickle.loads(pickle.dumps(event)) == event
    assert repr(event) == "Continued(target='openai/gpt-5-mini', how='restart')"
