"""The sixteen fault scenarios, each for plain calls and streams, with both clients.

Each is a group of three targets, of which the first fails. Times are a tenth of those that the scenarios are named
after; `FERRULE_FULL_TIMES=1 pytest tests/routing/test_sixteen.py` runs them in full, which takes ten minutes.
"""

from __future__ import annotations

import itertools
import os
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from callers import KINDS, Caller, Ended, Kind

import ferrule
from ferrule import Timeouts
from ferrule.testing import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from group_targets import Targets

IN_FULL = os.environ.get("FERRULE_FULL_TIMES") == "1"
SCALE = 1.0 if IN_FULL else 0.1
SIXTY = {"text": " ".join(f"word{number}" for number in range(60))}
FORTY = " ".join(f"word{number}" for number in range(40))

pytestmark = [
    pytest.mark.parametrize("kind", KINDS, ids=str),
    pytest.mark.timeout(300 if IN_FULL else 60),
]


def seconds(full: float) -> float:
    return round(full * SCALE, 6)


def milliseconds(full: float) -> int:
    return round(full * SCALE * 1000)


@pytest.fixture
def caller(targets: Targets, kind: Kind) -> Iterator[Caller]:
    with Caller(kind, targets.settings()) as caller:
        yield caller


def answered_by_the_next(ended: Ended, reason: str) -> None:
    """The call moved on at once, and its caller has the whole answer of the second target, and only that."""
    assert ended.error is None
    assert ended.reply is not None
    assert (ended.reply.text, ended.reply.provider) == ("From two.", "two")
    assert not ended.events or ended.text == "From two."
    first, second = ended.attempts
    assert (first.target, first.reason, first.next) == ("one/m", reason, "asked two/m")
    assert (second.target, second.outcome, second.waited) == ("two/m", "success", 0.0)


def interrupted(ended: Ended, received: str) -> None:
    """The stream ended in an error that has what was delivered: it was not repeated, and is no success."""
    assert isinstance(ended.error, ferrule.StreamInterruptedError)
    assert ended.error.partial_reply is not None
    assert ended.error.partial_reply.text == ended.text == received
    assert ended.asked == ["one/m"]


def continued(ended: Ended, how: str, received: str) -> None:
    """Another target went on with the stream: its caller has the whole answer once, and is told how it came about."""
    assert ended.error is None
    assert ended.reply is not None
    assert ended.text == ended.reply.text == SIXTY["text"]
    [place] = [place for place, event in enumerate(ended.events) if isinstance(event, ferrule.Continued)]
    assert ended.events[place].how == how
    before = [event.text for event in ended.events[:place] if isinstance(event, ferrule.TextDelta)]
    assert "".join(before) == received
    assert [attempt.outcome for attempt in ended.attempts][1:] == ["success"]


# Who continues the text that was delivered, and who refuses prefill and answers anew.
SPARES = {"claude-haiku-4-5": "prefix", "claude-opus-4-6": "restart"}


def continues(caller: Caller, targets: Targets, received: str, **options: Any) -> None:
    """The same call with `continue_streams`, where both kinds of target go on with it."""
    if not caller.kind.streamed:
        return
    for model, how in SPARES.items():
        targets.simulators["two"].set_script([rule(SIXTY)])  # type: ignore[arg-type]
        routing = ferrule.Routing(continue_streams=True)
        caller.client.breaker("one/m").reset()
        continued(caller.call(["one/m", f"two/{model}"], routing=routing, **options), how, received)


def test_1_rate_limited_with_retry_after(caller: Caller, targets: Targets) -> None:
    limited = {"rate_limit": {"retry": "milliseconds", "delay_ms": milliseconds(3)}}
    targets.script("one", rule(fault=limited))
    answered_by_the_next(caller.call("all"), "rate_limited")
    # Alone it is asked again, and not before the time that it named.
    targets.script("one", rule(fault=limited, times=1))
    alone = caller.call("one/m")
    assert alone.reply is not None
    assert alone.asked == ["one/m", "one/m"]
    assert alone.attempts[1].waited >= seconds(3)


def test_2_rate_limited_without_retry_after(caller: Caller, targets: Targets) -> None:
    targets.script("one", rule(fault={"status": {"status": 429}}))
    answered_by_the_next(caller.call("all"), "rate_limited")
    targets.script("one", rule(fault={"status": {"status": 429}}, times=1))
    alone = caller.call("one/m", retry={"backoff": seconds(0.5)})
    assert alone.reply is not None
    assert alone.attempts[1].waited >= seconds(0.5) * 0.75, "the backoff, less a quarter of jitter at most"


def test_3_one_server_error(caller: Caller, targets: Targets) -> None:
    targets.script("one", rule(fault={"status": {"status": 500}}, times=1))
    answered_by_the_next(caller.call("all"), "server_error")
    after = caller.call("all")
    assert after.asked == ["one/m"], "one error does not keep calls away"
    targets.script("one", rule(fault={"status": {"status": 500}}, times=1))
    alone = caller.call("one/m", retry={"backoff": seconds(0.5)})
    assert alone.asked == ["one/m", "one/m"]
    assert alone.reply is not None


def test_4_always_unavailable(caller: Caller, targets: Targets) -> None:
    targets.script("one", rule(fault={"status": {"status": 503}}))
    for _ in range(5):
        answered_by_the_next(caller.call("all"), "overloaded")
    passed_over = caller.call("all")
    assert passed_over.asked == ["two/m"], "its breaker is open"
    assert passed_over.attempts[0].skipped
    alone = caller.call("one/m", retry={"max_retries": 1, "backoff": seconds(0.5)})
    assert isinstance(alone.error, ferrule.OverloadedError)
    assert alone.asked == ["one/m", "one/m"]


def test_5_reset_before_the_headers(caller: Caller, targets: Targets) -> None:
    targets.script("one", rule(fault={"reset": {"at": "before_headers"}}))
    answered_by_the_next(caller.call("all"), "connect")


def test_6_no_response_at_all(caller: Caller, targets: Targets) -> None:
    targets.script("one", rule(fault={"stall": {"at": "before_headers"}}))
    options: dict[str, Any] = {"timeout": Timeouts(first_byte=seconds(5), total=60)}
    answered_by_the_next(caller.call("all", **options), "timeout")
    assert targets.asked("one") == 1, "a silent target is not asked again"
    alone = caller.call("one/m", retry="none", **options)
    assert isinstance(alone.error, ferrule.FirstByteTimeoutError)


def test_7_the_first_token_after_twenty_seconds(caller: Caller, targets: Targets, kind: Kind) -> None:
    targets.script("one", rule({"text": "From one.", "first_token_ms": milliseconds(20)}))
    routing = ferrule.Routing(first_token=seconds(15))
    answered_by_the_next(caller.call("all", timeout=60, routing=routing), "timeout")
    if IN_FULL and kind.streamed:
        # 15 seconds are also what a stream waits by itself while it knows of no calls.
        answered_by_the_next(caller.call("all", timeout=60), "timeout")
    # Whoever has the time waits for it.
    alone = caller.call("one/m", timeout=60)
    assert alone.reply is not None
    assert alone.reply.text == "From one."
    assert alone.asked == ["one/m"]


def test_8_cut_after_forty_of_sixty_tokens(caller: Caller, targets: Targets, kind: Kind) -> None:
    targets.script("one", rule(SIXTY, fault={"reset": {"at": "mid_event", "after_chunks": 40}}))
    ended = caller.call("all")
    if kind.streamed:
        interrupted(ended, FORTY)
        continues(caller, targets, FORTY)
    else:
        answered_by_the_next(ended, "interrupted")


def test_9_a_stall(caller: Caller, targets: Targets, kind: Kind) -> None:
    targets.script("one", rule(SIXTY, fault={"stall": {"at": "mid_event", "after_chunks": 40}}))
    limits = Timeouts(idle=seconds(5), total=60)
    ended = caller.call("all", timeout=limits)
    if kind.streamed:
        interrupted(ended, FORTY)
        assert isinstance(ended.error, ferrule.StreamStalledError)
        continues(caller, targets, FORTY, timeout=limits)
    else:
        answered_by_the_next(ended, "timeout")


def test_10_a_malformed_tenth_event(caller: Caller, targets: Targets, kind: Kind) -> None:
    targets.script("one", rule(SIXTY, fault={"malformed_json": {"after_chunks": 9}}))
    ended = caller.call("all")
    if kind.streamed:
        nine = " ".join(f"word{number}" for number in range(9))
        interrupted(ended, nine)
        continues(caller, targets, nine)
    else:
        answered_by_the_next(ended, "unreadable")


def test_11_no_done(caller: Caller, targets: Targets) -> None:
    # What has a marker at its end are streams.
    targets.script("one", rule(SIXTY, fault={"no_terminal": {"keep_finish": True}}, stream=True), rule(SIXTY))
    ended = caller.call("all")
    assert ended.reply is not None
    assert (ended.reply.text, ended.reply.finish_reason) == (SIXTY["text"], "stop")
    assert ended.asked == ["one/m"]


def test_12_context_length(targets: Targets, kind: Kind) -> None:
    too_long = rule(fault={"status": {"status": 400, "error": {"kind": "context_length"}}})
    targets.script("one", too_long)
    targets.script("two", too_long)
    settings = targets.settings(targets=["one/m", "two/m"], context_fallback=["three/large"])
    with Caller(kind, settings) as caller:
        ended = caller.call("all")
        assert ended.reply is not None
        assert ended.reply.text == "From three."
        assert ended.asked == ["one/m", "two/m", "three/large"]
        assert [attempt.reason for attempt in ended.attempts] == ["context_length", "context_length", None]
        targets.script("three", too_long)
        ended = caller.call("all")
        assert isinstance(ended.error, ferrule.ContextLengthError)
        status = caller.status().target("one/m")
        assert status is not None
        assert status.failures == 0, "a long prompt says nothing about a target's health"


def test_13_content_filter(targets: Targets, kind: Kind) -> None:
    refused = rule(fault={"status": {"status": 400, "error": {"kind": "content_filtered"}}})
    cut_off = rule({"text": "Up to here", "finish_reason": "content_filter"})
    with Caller(kind, targets.settings()) as caller:
        targets.script("one", refused)
        ended = caller.call("all")
        assert isinstance(ended.error, ferrule.ContentFilteredError)
        assert ended.asked == ["one/m"]
        targets.script("one", cut_off)
        ended = caller.call("all")
        assert ended.reply is not None
        assert (ended.reply.text, ended.reply.finish_reason) == ("Up to here", "content_filter")
        assert ended.asked == ["one/m"], "it is not routed around, as an error or as a finish reason"
    targets.script("one", refused)
    with Caller(kind, targets.settings(targets=["one/m", "two/m"], content_filter_fallback=["three/m"])) as caller:
        ended = caller.call("all")
        assert ended.reply is not None
        assert ended.asked == ["one/m", "three/m"], "unless the group says so"


def test_14_cut_with_a_fallback_that_refuses_prefill(caller: Caller, targets: Targets, kind: Kind) -> None:
    targets.script("one", rule(SIXTY, fault={"close": {"at": "mid_event", "after_chunks": 40}}))
    ended = caller.call(["one/m", "two/claude-opus-4-6"])
    if kind.streamed:
        interrupted(ended, FORTY)
        assert targets.asked("two") == 0
        continues(caller, targets, FORTY)
        # Whoever refuses prefill was not asked to continue.
        assert targets.simulators["two"].requests[-1].body["messages"][-1]["role"] == "user"
        assert {request.status for request in targets.simulators["two"].requests} == {200}
    else:
        answered_by_the_next_model(ended)
        assert targets.simulators["two"].requests[0].body["messages"][-1]["role"] == "user"


def answered_by_the_next_model(ended: Ended) -> None:
    assert ended.reply is not None
    assert (ended.reply.text, ended.asked) == ("From two.", ["one/m", "two/claude-opus-4-6"])


def test_15_a_primary_that_is_down_for_a_minute_and_comes_back(targets: Targets, kind: Kind) -> None:
    """Served from the fallback meanwhile; back within the longest time that a breaker is open; one probe at a time."""
    opened, longest = seconds(10), seconds(25)
    targets.script("one", rule(fault={"status": {"status": 503}}))
    settings = targets.settings(breaker={"open": opened, "open_max": longest})
    with Caller(kind, settings) as caller:
        until = time.monotonic() + seconds(60)
        while time.monotonic() < until:
            ended = caller.call("all")
            assert ended.reply is not None, ended.error
            assert ended.reply.provider == "two"
            time.sleep(seconds(0.5))
        status = caller.status().target("one/m")
        assert status is not None
        assert status.breaker != "closed"
        assert status.reopens_in is None or status.reopens_in <= longest, "so long it takes after the recovery, or less"
        times = [request.time for request in targets.simulators["one"].requests]
        gaps = [later - earlier for earlier, later in itertools.pairwise(times[4:])]
        assert gaps, "it was tried again"
        assert min(gaps) >= opened * 0.7, "after the five that opened the breaker there are only probes"
        assert max(gaps, default=0) > opened, "ever less often"

        targets.script("one")
        targets.simulators["one"].clear()
        while targets.asked("one") == 0:
            assert caller.call("all").reply is not None
            time.sleep(seconds(0.5))
        # The first call that got there was the probe, and its answer closed the breaker.
        assert targets.asked("one") == 1
        assert caller.call("all").asked == ["one/m"]
        status = caller.status().target("one/m")
        assert status is not None
        assert (status.breaker, status.reopens_in) == ("closed", None)


def test_15_one_probe_at_a_time(targets: Targets, kind: Kind) -> None:
    """Of calls that start together when the primary may be tried again one tries it; the fallback serves the others."""
    targets.script("one", rule(fault={"status": {"status": 503}}))
    settings = targets.settings(breaker={"open": 0.1, "open_max": 0.1, "failures": 1})
    with Caller(kind, settings) as caller:
        answered_by_the_next(caller.call("all"), "overloaded")
        targets.script("one", rule("From one.", fault={"stall": {"at": "before_headers", "for_ms": 5000}}))
        targets.simulators["one"].clear()
        while any(target.reopens_in for target in caller.status().targets):
            time.sleep(0.01)
        together = caller.call_together(8, "all")
        assert sorted(ended.asked[0] for ended in together) == ["one/m"] + ["two/m"] * 7
        assert targets.asked("one") == 1


def test_16_accounting_after_failover(targets: Targets, kind: Kind) -> None:
    """Usage and cost are those of the target that answered; what failed costs what its provider counted: nothing."""
    group = [
        {"model": "one/m", "prices": {"input_mtok": 1000, "output_mtok": 1000}},
        {"model": "two/m", "prices": {"input_mtok": 2, "output_mtok": 8}},
    ]
    targets.script("one", rule(fault={"status": {"status": 500}}))
    counted = {"input_tokens": 1000, "output_tokens": 500}
    targets.simulators["two"].set_script([rule({"text": "From two.", "usage": counted})])
    with Caller(kind, targets.settings(targets=group)) as caller:
        reply = caller.call("all").reply
        assert reply is not None
        assert (reply.provider, reply.model) == ("two", "m")
        assert (reply.usage.input_tokens, reply.usage.output_tokens) == (1000, 500)
        assert reply.cost is not None
        assert reply.cost.total == Decimal("0.006")
        [(provider, totals)] = caller.client.usage().by_provider().items()
        assert (provider, totals.calls, totals.failed, totals.cost) == ("two", 1, 0, Decimal("0.006"))
        assert (totals.input_tokens, totals.output_tokens, totals.unknown_cost) == (1000, 500, 0)
