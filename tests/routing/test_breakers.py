"""Circuit breakers at work: an outage is noticed, routed around, and over when it is over."""

from __future__ import annotations

import time
from typing import Any

import pytest
from group_targets import Targets, whole

import ferrule
from ferrule.testing import rule

DOWN = rule(fault={"status": {"status": 503}})


def settings_of(targets: Targets, **breaker: float | str) -> dict[str, object]:
    return targets.settings(breaker={"failures": 3, "open": 0.3, "open_max": 0.5, **breaker})


@pytest.mark.parametrize("streamed", [False, True])
def test_a_primary_that_is_down_is_left_alone_until_it_is_back(targets: Targets, streamed: bool) -> None:
    targets.script("one", DOWN)
    with ferrule.Client(**settings_of(targets)) as client:  # type: ignore[arg-type]
        for _ in range(12):
            assert whole(client, "all", streamed=streamed).provider == "two"
        asked = targets.asked("one")
        assert 3 <= asked <= 5, "three open the breaker; a probe or two may follow"
        status = client.status().target("one/m")
        assert status is not None
        assert status.breaker in ("open", "half_open")
        assert status.last_failure
        reply = whole(client, "all", streamed=streamed)
        if targets.asked("one") == asked:
            assert reply.attempts[0].skipped
            assert reply.attempts[0].outcome == "skipped: its circuit breaker is open"
        targets.script("one")
        deadline = time.monotonic() + 5
        while whole(client, "all", streamed=streamed).provider != "one":
            assert time.monotonic() < deadline, "it does not come back"
            time.sleep(0.02)
        status = client.status().target("one/m")
        assert status is not None
        assert (status.breaker, status.times_opened >= 1) == ("closed", True)


def test_where_all_are_open_calls_fail_at_once_with_the_last_error(targets: Targets) -> None:
    for name in ("one", "two", "three"):
        targets.script(name, DOWN)
    settings = settings_of(targets, open=30, open_max=30)
    settings["groups"]["all"]["retry"] = {"preset": "none"}  # type: ignore[index]
    with ferrule.Client(**settings) as client:  # type: ignore[arg-type]
        for _ in range(3):
            with pytest.raises(ferrule.OverloadedError):
                client.complete("all", "Hello?")
        before = sum(map(targets.asked, ("one", "two", "three")))
        with pytest.raises(ferrule.OverloadedError) as caught:
            client.complete("all", "Hello?")
        assert [attempt.skipped for attempt in caught.value.attempts] == [True, True, True]
        assert sum(map(targets.asked, ("one", "two", "three"))) == before


def test_the_operator_opens_and_resets(client: ferrule.Client, targets: Targets) -> None:
    client.breaker("one/m").open()
    assert whole(client, "all", streamed=False).provider == "two"
    assert targets.asked("one") == 0
    status = client.status()
    assert [(target.name, target.breaker) for target in status.targets][:1] == [("one/m", "forced_open")]
    client.breaker("all").open()
    with pytest.raises(ferrule.ConfigError, match="switched off"):
        client.complete("all", "Hello?")
    client.breaker("all").reset()
    assert whole(client, "all", streamed=False).provider == "one"
    with pytest.raises(ferrule.ConfigError):
        client.breaker("nobody/x").open()


def test_a_single_model_has_a_breaker_and_is_asked_all_the_same(client: ferrule.Client, targets: Targets) -> None:
    targets.script("one", DOWN)
    for _ in range(7):
        with pytest.raises(ferrule.OverloadedError) as caught:
            client.complete("one/m", "Hello?", retry="none")
        assert [attempt.skipped for attempt in caught.value.attempts] == [False]
    assert targets.asked("one") == 7


def test_breakers_outlast_a_reload(client: ferrule.Client, targets: Targets) -> None:
    client.breaker("one/m").open()
    client.registry.aliases.register("fast", "all")
    assert client.complete("fast", "Hello?").provider == "two"
    client.registry.groups.replace("all", {"targets": ["one/m", "three/m"]})
    assert client.complete("fast", "Hello?").provider == "three"
    client.breaker("one/m").reset()
    assert client.complete("fast", "Hello?").provider == "one"


async def test_status_of_an_asynchronous_client(targets: Targets) -> None:
    async with ferrule.AsyncClient(**targets.settings()) as client:
        await client.complete("all", "Hello?")
        status = await client.status()
    assert status.groups[0].targets == ("one/m", "two/m", "three/m")
    target = status.target("one/m")
    assert target is not None
    assert (target.requests, target.in_flight, target.breaker) == (1.0, 0, "closed")


def test_health_asks_whoever_is_named(client: ferrule.Client, targets: Targets) -> None:
    client.breaker("one/m").open()
    [health] = client.health(["one"])
    assert health.reachable


@pytest.mark.parametrize("check", [0.1, None])
def test_a_health_check_brings_a_target_back_early_and_charges_nothing(targets: Targets, check: float | None) -> None:
    targets.script("one", DOWN)
    settings: dict[str, Any] = settings_of(targets, open=60, open_max=60, **({"check": check} if check else {}))
    with ferrule.Client(**settings) as client:
        for _ in range(4):
            assert whole(client, "all", streamed=False).provider == "two"
        completions = targets.asked("one")
        simulator = targets.simulators["one"]
        if check is None:
            time.sleep(0.4)
            assert targets.asked("one") == completions, "off by default: nobody is asked"
            return
        assert simulator.wait_for_requests(completions + 1, timeout=10)
        asked = [request for request in simulator.requests if request.method == "GET"]
        assert asked
        assert all(request.path.endswith("/models") for request in asked), "never a completion"
        targets.script("one")
        deadline = time.monotonic() + 10
        while whole(client, "all", streamed=False).provider != "one":
            assert time.monotonic() < deadline, "it does not come back"
            time.sleep(0.02)
        status = client.status().target("one/m")
        assert status is not None
        assert status.breaker == "closed"


def test_health_checks_end_with_the_client(targets: Targets) -> None:
    simulator = targets.simulators["one"]
    simulator.set_script({"refuse": True})
    settings: dict[str, Any] = settings_of(targets, open=60, open_max=60, check=0.1)
    with ferrule.Client(**settings) as client:
        for _ in range(4):
            assert whole(client, "all", streamed=False).provider == "two"
        time.sleep(0.3)
        status = client.status().target("one/m")
        assert status is not None
        assert status.breaker == "open", "who does not answer stays out"
    targets.script("one")
    time.sleep(0.5)
    assert not simulator.requests
