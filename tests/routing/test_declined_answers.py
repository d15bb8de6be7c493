"""Answers that are no failures, and move on all the same where that is wanted: filtered, empty, ended by an error."""

from __future__ import annotations

from typing import Any

import pytest
from group_targets import Targets, whole, whole_async

import ferrule
from ferrule.testing import rule

FILTERED: Any = {"text": "", "finish_reason": "content_filter", "usage": {"input_tokens": 70, "output_tokens": 0}}


@pytest.mark.parametrize("first", ["one", "two"])
@pytest.mark.parametrize("streamed", [False, True])
def test_a_filter_that_ended_an_answer_is_routed_around_where_the_group_says_so(
    targets: Targets, streamed: bool, first: str
) -> None:
    targets.simulators[first].set_script([rule(FILTERED)])
    other = "two" if first == "one" else "one"
    settings = targets.settings(targets=[f"{first}/m", f"{other}/m"], content_filter_fallback=["three/m"])
    with ferrule.Client(**settings) as client:
        reply = whole(client, "all", streamed=streamed)
        assert (reply.text, reply.provider) == ("From three.", "three")
        assert [attempt.reason for attempt in reply.attempts] == ["content_filter", None]
        assert client.usage().by_provider()[first].input_tokens == 70, "it was reported"
        assert reply.usage.input_tokens != 70
    assert targets.asked(other) == 0


@pytest.mark.parametrize("streamed", [False, True])
async def test_or_the_call(targets: Targets, streamed: bool) -> None:
    targets.simulators["one"].set_script([rule(FILTERED)])
    async with ferrule.AsyncClient(**targets.settings()) as client:
        reply = await whole_async(client, "all", streamed=streamed)
        assert (reply.provider, reply.finish_reason, len(reply.attempts)) == ("one", "content_filter", 1)
        routing = ferrule.Routing(failover_on=["content_filter"])
        reply = await whole_async(client, "all", streamed=streamed, routing=routing)
        assert (reply.provider, reply.finish_reason) == ("two", "stop")


def test_a_filter_behind_text_that_was_delivered_ends_the_stream(targets: Targets) -> None:
    targets.simulators["one"].set_script([rule({"text": "So far.", "finish_reason": "content_filter"})])
    settings = targets.settings(targets=["one/m"], content_filter_fallback=["three/m"])
    with ferrule.Client(**settings) as client:
        reply = whole(client, "all", streamed=True)
        assert (reply.text, reply.finish_reason) == ("So far.", "content_filter")
        # Nothing of a plain answer is delivered before its end.
        assert whole(client, "all", streamed=False).provider == "three"


@pytest.mark.parametrize("streamed", [False, True])
def test_where_nobody_is_left_it_is_the_answer(targets: Targets, streamed: bool) -> None:
    for name in ("one", "two", "three"):
        targets.simulators[name].set_script([rule(FILTERED)])
    with ferrule.Client(**targets.settings(failover_on=["content_filter"])) as client:
        reply = whole(client, "all", streamed=streamed)
        assert (reply.provider, reply.finish_reason) == ("three", "content_filter")
        assert [attempt.target for attempt in reply.attempts] == ["one/m", "two/m", "three/m"]


@pytest.mark.parametrize("streamed", [False, True])
def test_an_answer_with_nothing_in_it_moves_on(targets: Targets, streamed: bool) -> None:
    targets.simulators["one"].set_script([rule({"text": ""})])
    with ferrule.Client(**targets.settings()) as client:
        reply = whole(client, "all", streamed=streamed)
        assert (reply.text, reply.provider, reply.attempts[0].reason) == ("From two.", "two", "unreadable")
        # One that was asked alone is what it is.
        assert whole(client, "one/m", streamed=streamed).text == ""
