"""Declined answers: not failures, but failed over where that is configured: filtered, empty, ended by an error."""

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


@pytest.mark.parametrize("streamed", [False, True])
def test_what_attempts_of_a_failed_call_reported_is_counted(targets: Targets, streamed: bool) -> None:
    targets.simulators["one"].set_script([rule(FILTERED)])
    for name in ("two", "three"):
        targets.simulators[name].set_script([rule(fault={"status": {"status": 503}})])
    settings = targets.settings(failover_on=["content_filter", "overloaded"])
    with ferrule.Client(**settings, max_retries=0) as client:
        with pytest.raises(ferrule.FerruleError) as caught:
            whole(client, "all", streamed=streamed)
        assert [attempt.reason for attempt in caught.value.attempts] == ["content_filter", "overloaded", "overloaded"]
        assert client.usage().by_provider()["one"].input_tokens == 70, "it was reported"
        assert (client.usage().total().calls, client.usage().total().failed) == (1, 1)


@pytest.mark.parametrize("fails", [False, True])
def test_embeddings_that_are_made_again_elsewhere_are_counted(targets: Targets, fails: bool) -> None:
    targets.simulators["one"].set_script([rule("Once.", times=1), rule(fault={"status": {"status": 503}})])
    if fails:
        targets.simulators["three"].set_script([rule(fault={"status": {"status": 400}})])
    settings = targets.settings(targets=["one/small", {"model": "three/small", "same_as": "one/small"}])
    with ferrule.Client(**settings, max_retries=0) as client:
        if fails:
            with pytest.raises(ferrule.FerruleError):
                client.embed("all", ["first", "second"], batch_size=1)
        else:
            assert client.embed("all", ["first", "second"], batch_size=1).provider == "three"
        assert client.usage().by_provider()["one"].input_tokens > 0, "it was reported"
        assert client.usage().total().calls == 1
