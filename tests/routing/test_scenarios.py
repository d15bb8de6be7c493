"""The fault scenarios of docs/failover.md: a group in front of a provider that fails in each way.

Times are scaled down: limits that are seconds in production are tenths here.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from group_targets import Targets, whole, whole_async

import ferrule
from ferrule import Timeouts
from ferrule.testing import rule


class Scenario(NamedTuple):
    """A fault of the first target that is answered by the second.

    Attributes:
        fault: What the first target does, always.
        reason: The kind of failure in the list of attempts.
        options: Options of the call.
    """

    fault: Any
    reason: str
    options: dict[str, Any] = {}  # noqa: RUF012 - never changed


SHORT: dict[str, Any] = {"timeout": Timeouts(first_byte=0.2, idle=0.2)}

MOVED = {
    "429 with Retry-After": Scenario({"rate_limit": {"delay_ms": 10_000}}, "rate_limited"),
    "429 without": Scenario({"status": {"status": 429}}, "rate_limited"),
    "500": Scenario({"status": {"status": 500}}, "server_error"),
    "503": Scenario({"status": {"status": 503}}, "overloaded"),
    "overloaded": Scenario("overloaded", "overloaded"),
    "401": Scenario({"status": {"status": 401}}, "authentication"),
    "403": Scenario({"status": {"status": 403}}, "authentication"),
    "404": Scenario({"status": {"status": 404}}, "model_unavailable"),
    "reset before headers": Scenario({"reset": {"at": "before_headers"}}, "connect"),
    "no response": Scenario({"stall": {"at": "before_headers"}}, "timeout", SHORT),
    "no first token": Scenario({"stall": {"at": "after_headers"}}, "timeout", SHORT),
    "a page": Scenario("html", "server_error"),
}


def moved(reply: ferrule.Reply, targets: Targets, scenario: Scenario) -> None:
    assert (reply.text, reply.provider) == ("From two.", "two")
    first, second = reply.attempts[0], reply.attempts[-1]
    assert (first.target, first.reason, first.next) == ("one/m", scenario.reason, "asked two/m"), reply.attempts
    assert (second.target, second.outcome, second.waited, second.next) == ("two/m", "success", 0.0, None)
    assert targets.asked("three") == 0
    assert reply.usage.input_tokens, "of what answered"


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("name", MOVED)
def test_moves_on_at_once(client: ferrule.Client, targets: Targets, name: str, streamed: bool) -> None:
    scenario = MOVED[name]
    targets.script("one", rule(fault=scenario.fault))
    reply = whole(client, "all", streamed=streamed, **scenario.options)
    moved(reply, targets, scenario)
    assert [attempt.waited for attempt in reply.attempts] == [0.0, 0.0]
    assert list(client.usage().by_provider()) == ["two"]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("name", MOVED)
async def test_moves_on_at_once_asynchronously(targets: Targets, name: str, streamed: bool) -> None:
    scenario = MOVED[name]
    targets.script("one", rule(fault=scenario.fault))
    async with ferrule.AsyncClient(**targets.settings()) as client:
        moved(await whole_async(client, "all", streamed=streamed, **scenario.options), targets, scenario)


@pytest.mark.parametrize("streamed", [False, True])
def test_a_wrong_request_and_a_filter_stop(client: ferrule.Client, targets: Targets, streamed: bool) -> None:
    for kind, error in (
        ("invalid_request", ferrule.InvalidRequestError),
        ("content_filtered", ferrule.ContentFilteredError),
    ):
        targets.script("one", rule(fault={"status": {"status": 400, "error": {"kind": kind}}}))
        with pytest.raises(error) as caught:
            whole(client, "all", streamed=streamed)
        assert [attempt.target for attempt in caught.value.attempts] == ["one/m"]
    assert targets.asked("two") == 0


@pytest.mark.parametrize("streamed", [False, True])
def test_when_all_fail_the_round_begins_anew_and_the_last_error_is_the_calls(targets: Targets, streamed: bool) -> None:
    for name in ("one", "two", "three"):
        targets.script(name, rule(fault={"status": {"status": 503}}))
    settings = targets.settings(retry={"max_retries": 2, "backoff": 1})
    with ferrule.Client(**settings) as client, pytest.raises(ferrule.OverloadedError) as caught:
        whole(client, "all", streamed=streamed)
    asked = [attempt.target for attempt in caught.value.attempts]
    assert asked[:3] == ["one/m", "two/m", "three/m"]
    assert len(asked) == 5, "two retries beyond one attempt each"
    # The next ones are ready at almost the same time as the first one again.
    assert [attempt.waited > 0 for attempt in caught.value.attempts[:4]] == [False, False, False, True]


@pytest.mark.parametrize("streamed", [False, True])
def test_a_prompt_that_is_too_long_goes_to_the_models_for_that(targets: Targets, streamed: bool) -> None:
    too_long = rule(fault={"status": {"status": 400, "error": {"kind": "context_length"}}})
    targets.script("one", too_long)
    targets.script("two", too_long)
    settings = targets.settings(targets=["one/m", "two/m"], context_fallback=["three/large"])
    with ferrule.Client(**settings) as client:
        reply = whole(client, "all", streamed=streamed)
        assert (reply.text, reply.provider) == ("From three.", "three")
        targets.script("one", rule(fault={"status": {"status": 503}}))
        targets.script("two", rule(fault={"status": {"status": 503}}))
        with pytest.raises(ferrule.OverloadedError):
            whole(client, "all", streamed=streamed, retry="none")


def test_a_filter_is_routed_around_where_the_group_says_so(targets: Targets) -> None:
    targets.script("one", rule(fault={"status": {"status": 400, "error": {"kind": "content_filtered"}}}))
    settings = targets.settings(targets=["one/m", "two/m"], content_filter_fallback=["three/m"])
    with ferrule.Client(**settings) as client:
        assert client.complete("all", "Hello?").provider == "three"
    assert targets.asked("two") == 0


@pytest.mark.parametrize("fault", [{"reset": {"at": "mid_event"}}, {"close": {"at": "mid_event"}}, "no_terminal"])
def test_a_stream_that_was_cut_is_no_success(client: ferrule.Client, targets: Targets, fault: Any) -> None:
    targets.script("one", rule("One two three four five six.", fault=fault))
    with pytest.raises(ferrule.StreamInterruptedError) as caught, client.stream("all", "Hello?") as stream:
        list(stream)
    received = caught.value.partial_reply
    assert received is not None
    assert "One two three four five six.".startswith(received.text)
    assert targets.asked("two") == 0, "what was delivered is not asked for again"


def test_a_stream_is_complete_with_its_finish_reason(client: ferrule.Client, targets: Targets) -> None:
    targets.script("one", rule("Whole.", fault={"no_terminal": {"keep_finish": True}}))
    reply = whole(client, "all", streamed=True, timeout=10)
    assert reply.text == "Whole."
    assert len(reply.attempts) == 1


def test_an_unreadable_answer_moves_on(client: ferrule.Client, targets: Targets) -> None:
    targets.script("one", rule(fault="malformed_json"))
    reply = whole(client, "all", streamed=False)
    assert (reply.provider, reply.attempts[0].reason) == ("two", "unreadable")


@pytest.mark.parametrize("streamed", [False, True])
def test_an_empty_answer_moves_on(client: ferrule.Client, targets: Targets, streamed: bool) -> None:
    targets.script("one", rule(fault="empty"))
    reply = whole(client, "all", streamed=streamed)
    assert (reply.provider, reply.attempts[0].reason in ("unreadable", "interrupted")) == ("two", True)


def test_a_list_of_models_is_a_group_of_the_moment(client: ferrule.Client, targets: Targets) -> None:
    targets.script("three", rule(fault={"status": {"status": 500}}))
    reply = whole(client, ["three/m", "two/m"], streamed=False)
    assert reply.provider == "two"
    assert [attempt.target for attempt in reply.attempts] == ["three/m", "two/m"]
    with pytest.raises(ferrule.ConfigError, match="empty list"):
        client.complete([], "Hello?")


def test_what_moves_on_is_the_groups_to_say(targets: Targets) -> None:
    settings = targets.settings(failover_on=["timeout"], retry={"preset": "none"})
    with ferrule.Client(**settings) as client:
        targets.script("one", rule(fault={"status": {"status": 500}}))
        with pytest.raises(ferrule.ServerError):
            client.complete("all", "Hello?")
        targets.script("one", rule(fault={"stall": {"at": "before_headers"}}))
        assert client.complete("all", "Hello?", **SHORT).provider == "two"
