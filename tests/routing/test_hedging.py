"""Hedging: a second target is tried while the first is silent, and the first of the two that answers counts."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from group_targets import Targets, whole, whole_async

import ferrule
from ferrule.testing import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

SILENT = rule("From one.", fault={"stall": {"at": "before_headers"}})
SLOW = rule({"text": "From one.", "first_token_ms": 250})
LOST = "cancelled: another target was faster"


@pytest.fixture
def hedged(targets: Targets) -> Iterator[ferrule.Client]:
    with ExitStack() as stack:
        yield stack.enter_context(ferrule.Client(**targets.settings(hedge=0.05)))


def check(reply: ferrule.Reply, targets: Targets) -> None:
    """The second answered, the first was given up at its socket and is not blamed."""
    assert (reply.text, reply.provider) == ("From two.", "two")
    first, second = reply.attempts
    assert (first.target, first.outcome, first.reason, first.next) == ("one/m", LOST, None, "asked two/m as well")
    assert (second.target, second.outcome, second.waited) == ("two/m", "success", 0.0)
    assert second.started >= first.started
    assert targets.simulators["one"].wait_for_connections(0), "it is cancelled at the socket"
    assert [request.outcome for request in targets.simulators["one"].requests] == ["closed_by_client"]
    assert (targets.asked("two"), targets.asked("three")) == (1, 0)


@pytest.mark.parametrize("streamed", [False, True])
def test_the_faster_one_counts(hedged: ferrule.Client, targets: Targets, streamed: bool) -> None:
    targets.simulators["one"].set_script([SILENT])
    check(whole(hedged, "all", streamed=streamed), targets)
    status = hedged.status()
    assert [target.in_flight for target in status.targets] == [0, 0, 0]
    one = status.target("one/m")
    assert one is not None
    assert (one.breaker, one.last_failure) == ("closed", None)


@pytest.mark.parametrize("streamed", [False, True])
async def test_the_faster_one_counts_asynchronously(targets: Targets, streamed: bool) -> None:
    targets.simulators["one"].set_script([SILENT])
    async with ferrule.AsyncClient(**targets.settings(hedge=0.05)) as client:
        check(await whole_async(client, "all", streamed=streamed), targets)


@pytest.mark.parametrize("streamed", [False, True])
def test_the_first_may_still_win(targets: Targets, streamed: bool) -> None:
    targets.simulators["one"].set_script([SLOW])
    targets.simulators["two"].set_script([rule("From two.", fault={"stall": {"at": "before_headers"}})])
    with ferrule.Client(**targets.settings(hedge=0.05)) as client:
        reply = whole(client, "all", streamed=streamed)
        assert (reply.text, reply.provider) == ("From one.", "one")
        assert [(one.target, one.outcome, one.next) for one in reply.attempts] == [
            ("two/m", LOST, None),
            ("one/m", "success", None),
        ]
        assert [target.in_flight for target in client.status().targets] == [0, 0, 0]
    assert targets.simulators["two"].wait_for_connections(0)


@pytest.mark.parametrize("streamed", [False, True])
def test_one_that_fails_leaves_the_call_to_the_other(targets: Targets, streamed: bool) -> None:
    targets.simulators["two"].set_script([rule(fault={"status": {"status": 503}})])
    targets.simulators["one"].set_script([SLOW])
    with ferrule.Client(**targets.settings(hedge=0.05)) as client:
        reply = whole(client, "all", streamed=streamed)
        assert (reply.text, [one.reason for one in reply.attempts]) == ("From one.", ["overloaded", None])
        # The first fails while the second is under way.
        late = {"stall": {"at": "before_headers", "for_ms": 100}}
        targets.simulators["one"].set_script([rule(fault={"close": {"at": "after_headers"}}, times=1), SILENT])
        targets.simulators["one"].set_script([rule(fault=late, times=1)])
        targets.simulators["two"].set_script([rule({"text": "From two.", "first_token_ms": 300})])
        assert whole(client, "all", streamed=streamed).text


@pytest.mark.parametrize("streamed", [False, True])
def test_where_both_fail_the_call_goes_on(targets: Targets, streamed: bool) -> None:
    late = {"stall": {"at": "before_headers"}}
    targets.simulators["one"].set_script([rule(fault=late)])
    targets.simulators["two"].set_script([rule(fault={"status": {"status": 503}})])
    timeout = ferrule.Timeouts(first_byte=0.2)
    with ferrule.Client(**targets.settings(hedge=0.05)) as client:
        reply = whole(client, "all", streamed=streamed, timeout=timeout)
        assert (reply.text, reply.provider) == ("From three.", "three")
        assert [(one.target, one.reason) for one in reply.attempts] == [
            ("two/m", "overloaded"),
            ("one/m", "timeout"),
            ("three/m", None),
        ]


@pytest.mark.parametrize("streamed", [False, True])
def test_a_fast_answer_asks_nobody_else(targets: Targets, streamed: bool) -> None:
    with ferrule.Client(**targets.settings(hedge=5)) as client:
        for _ in range(5):
            assert whole(client, "all", streamed=streamed).provider == "one"
    assert (targets.asked("two"), targets.asked("three")) == (0, 0)


def test_without_it_the_slow_one_is_waited_for(client: ferrule.Client, targets: Targets) -> None:
    targets.simulators["one"].set_script([SLOW])
    assert whole(client, "all", streamed=True).provider == "one"
    assert targets.asked("two") == 0
    reply = client.complete("all", "Hello?", routing=ferrule.Routing(hedge=0.01))
    assert reply.provider == "two"


@pytest.mark.parametrize("streamed", [False, True])
def test_after_the_groups_own_times(targets: Targets, streamed: bool) -> None:
    with ferrule.Client(**targets.settings(hedge=True)) as client:
        targets.simulators["one"].set_script([rule("From one.", times=19), SLOW])
        for _ in range(20):
            assert whole(client, "all", streamed=streamed).provider == "one", "its times are not known yet"
        assert targets.asked("two") == 0
        targets.simulators["one"].set_script([SILENT])
        began = time.monotonic()
        reply = whole(client, "all", streamed=streamed)
        assert reply.provider == "two"
        assert time.monotonic() - began < 10


@pytest.mark.parametrize("streamed", [False, True])
def test_a_target_that_became_slow_does_not_make_slow_the_usual(targets: Targets, streamed: bool) -> None:
    late = rule({"text": "From one.", "first_token_ms": 500})
    with ferrule.Client(**targets.settings(hedge=True, hedge_share=0.5)) as client:
        for _ in range(20):
            assert whole(client, "all", streamed=streamed).provider == "one"
        targets.simulators["one"].set_script([late])
        # Every second one is waited for. After so many, most of the answers that are known of the first were slow.
        providers = [whole(client, "all", streamed=streamed).provider for _ in range(30)]
        assert providers[-6:].count("two") >= 2, providers


def test_the_times_of_whom_others_ask_count(targets: Targets) -> None:
    targets.simulators["one"].set_script([rule({"text": "From one.", "first_token_ms": 500})])
    with ferrule.Client(**targets.settings(hedge=True)) as client:
        assert whole(client, "all", streamed=True).provider == "one"
        for _ in range(20):
            whole(client, "three/m", streamed=True)
        # Where its breaker is open a target says nothing of what is usual now.
        client.breaker("three/m").open()
        assert whole(client, "all", streamed=True).provider == "one"
        client.breaker("three/m").reset()
        assert whole(client, "all", streamed=True).provider == "two"
        assert whole(client, "all", streamed=False).provider == "one", "plain calls are measured in another way"


@pytest.mark.parametrize(("share", "least", "most"), [(0, 0, 0), (0.5, 20, 26), (1, 30, 30)])
@pytest.mark.parametrize("place", ["group", "call"])
def test_the_share_is_the_groups_or_the_calls_to_say(
    targets: Targets, share: float, least: int, most: int, place: str
) -> None:
    targets.simulators["one"].set_script([rule({"text": "From one.", "first_token_ms": 40})])
    group = {"hedge_share": share} if place == "group" else {"hedge_share": 0.9}
    routing = None if place == "group" else ferrule.Routing(hedge_share=share)
    with ferrule.Client(**targets.settings(hedge=0.005, targets=["one/m", "two/m"], **group)) as client:
        for _ in range(30):
            whole(client, "all", streamed=True, routing=routing)
    assert least <= targets.asked("two") <= most


@pytest.mark.parametrize("wrong", [-0.1, 1.5, "half", float("nan")])
def test_a_wrong_share_is_refused(targets: Targets, wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"routing\.hedge_share: expected a number from 0 to 1"):
        ferrule.Routing(hedge_share=wrong)
    with pytest.raises(ferrule.ConfigError, match=r"groups\.all\.hedge_share: expected a number from 0 to 1"):
        ferrule.Client(**targets.settings(hedge_share=wrong))


def test_it_is_a_share_of_the_calls(targets: Targets) -> None:
    targets.simulators["one"].set_script([rule({"text": "From one.", "first_token_ms": 40})])
    with ferrule.Client(**targets.settings(hedge=0.005, targets=["one/m", "two/m"])) as client:
        for _ in range(40):
            whole(client, "all", streamed=False)
    # Ten at once, and then one in ten.
    assert 10 <= targets.asked("two") <= 15


def test_operations_are_hedged_as_well(targets: Targets) -> None:
    targets.simulators["one"].set_script([SILENT])
    settings = targets.settings(targets=["one/small", {"model": "three/small", "same_as": "one/small"}], hedge=0.05)
    with ferrule.Client(**settings) as client:
        embedded: Any = client.embed("all", ["a"])
        assert (embedded.provider, [one.outcome for one in embedded.attempts]) == ("three", [LOST, "success"])


def test_what_the_slower_one_reported_is_counted(targets: Targets) -> None:
    # Anthropic reports the prompt before the first token.
    opened: Any = {"text": "From two.", "usage": {"input_tokens": 1000, "output_tokens": 1}}
    stall = {"stall": {"at": "mid_event", "after_chunks": 0}}
    targets.simulators["two"].set_script([rule(opened, fault=stall)])
    with ferrule.Client(**targets.settings(targets=["two/m", "one/m"], hedge=0.1)) as client:
        reply = whole(client, "all", streamed=True)
        assert reply.provider == "one"
        totals = client.usage().by_provider()
        assert (totals["two"].calls, totals["two"].input_tokens) == (0, 1000)
        assert totals["one"].calls == 1
        assert reply.usage.input_tokens != 1000


@pytest.mark.parametrize("streamed", [False, True])
def test_observers_are_told_of_the_target_that_was_faster(
    hedged: ferrule.Client, targets: Targets, streamed: bool
) -> None:
    events: list[ferrule.FailoverEvent] = []
    hedged.on("failover", events.append)
    targets.simulators["one"].set_script([SILENT])
    whole(hedged, "all", streamed=streamed)
    [event] = events
    assert (event.target, event.next_target, event.error, event.skipped) == ("one/m", "two/m", None, None)


def test_a_hedged_stream_can_be_continued(targets: Targets) -> None:
    targets.simulators["one"].set_script([SILENT])
    cut = {"close": {"at": "mid_event", "after_chunks": 3}}
    targets.simulators["two"].set_script([rule("One two three four five six.", fault=cut)])
    with ferrule.Client(**targets.settings(hedge=0.05, continue_streams=True)) as client:
        reply = whole(client, "all", streamed=True)
        assert (reply.text, reply.provider) == ("From three.", "three")
        assert [one.outcome for one in reply.attempts if one.reason is None] == [LOST, "success"]
