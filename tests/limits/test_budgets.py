"""Budgets: never more than the amount by the simulator's own count, and the exact sum of what was reported."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from limited_world import INPUT, MODEL, OUTPUT, settings, wait_until

import ferrule
from ferrule.testing import Simulator, rule

if TYPE_CHECKING:
    import io
    from collections.abc import Callable

USED = {"input_tokens": 10, "output_tokens": 4}
COST = 10 * INPUT + 4 * OUTPUT


def budgeted(simulator: Simulator, **budget: Any) -> ferrule.Client:
    return ferrule.Client(**settings(simulator, budgets={"all": {"window": "total", **budget}}))


def only_left(client: ferrule.Client) -> Decimal:
    found = client.status().budgets
    return found[0].left if found else Decimal(1)


def only(client: ferrule.Client | ferrule.AsyncClient) -> ferrule.BudgetStatus:
    found = client.status() if isinstance(client, ferrule.Client) else asyncio.run(client.status())
    (budget,) = found.budgets
    return budget


async def of_async(client: ferrule.AsyncClient) -> ferrule.BudgetStatus:
    (budget,) = (await client.status()).budgets
    return budget


@pytest.fixture
def counted(simulator: Simulator) -> Simulator:
    """A simulator whose answers all report the same."""
    simulator.set_script([rule({"text": "Hello.", "usage": USED})])
    return simulator


def call(client: ferrule.Client, **options: Any) -> Any:
    given: Any = {"max_tokens": 10, **options}
    return client.complete(MODEL, "Hello.", **given)


def test_what_is_reported_is_booked_to_the_last_decimal(counted: Simulator) -> None:
    with budgeted(counted, amount=1.0) as client:
        for _ in range(3):
            call(client)
        list(client.stream(MODEL, "Hello.", max_tokens=10))
        found = only(client)
        assert (found.reported, found.estimated, found.reserved) == (4 * COST, 0, 0)
        assert found.reported == client.usage().total().cost
        assert found.left == Decimal("1") - 4 * COST


def test_a_call_that_does_not_fit_in_is_not_sent(counted: Simulator) -> None:
    with budgeted(counted, amount=0.02) as client:
        sent = 0
        # As long as the most that it may cost is left.
        while only_left(client) >= 10 * OUTPUT + 20 * INPUT:
            call(client)
            sent += 1
        assert sent == 3
        with pytest.raises(ferrule.BudgetExceededError, match=r"`budgets\.all` has not enough left") as caught:
            call(client)
        error = caught.value
        assert len(counted.requests) == sent
        assert error.budget == "all"
        assert error.amount == Decimal("0.02")
        assert error.reserved == 0
        assert error.spent == sent * COST == only(client).spent
        assert error.estimate is not None
        assert error.spent is not None
        assert error.estimate >= 10 * OUTPUT
        # Refused only where its own estimate does not fit into what is left.
        assert error.spent + error.estimate > Decimal("0.02")
        # The estimate is the input as it is counted, and the output that the call allows.
        estimated = client.estimate_cost(MODEL, "Hello.", max_tokens=10)
        assert estimated is not None
        assert estimated.total <= error.estimate <= estimated.total * Decimal("1.01")


def test_many_threads_spend_no_more_than_there_is(counted: Simulator) -> None:
    with budgeted(counted, amount=0.1, max_wait=30) as client, ThreadPoolExecutor(8) as threads:

        def try_it(_: int) -> bool:
            try:
                call(client)
            except ferrule.BudgetExceededError:
                return False
            return True

        sent = sum(threads.map(try_it, range(60)))
        found = only(client)
    assert sent == len(counted.requests)
    assert found.spent == sent * COST <= Decimal("0.1")
    assert found.reserved == 0
    # Those who did not fit in beside others waited for them: as many were sent as can be.
    assert Decimal("0.1") - found.spent < 10 * OUTPUT + 20 * INPUT


def test_two_loops_spend_no_more_than_there_is(counted: Simulator) -> None:
    client = ferrule.AsyncClient(
        **settings(counted, budgets={"all": {"window": "total", "amount": 0.05, "max_wait": 30}})
    )

    async def several() -> None:
        calls = [client.complete(MODEL, "Hello.", max_tokens=10) for _ in range(20)]
        for outcome in await asyncio.gather(*calls, return_exceptions=True):
            assert isinstance(outcome, (ferrule.Reply, ferrule.BudgetExceededError)), outcome

    threads = [threading.Thread(target=asyncio.run, args=(several(),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = only(client)
    assert found.spent == len(counted.requests) * COST <= Decimal("0.05")
    assert len(counted.requests) >= 9


def mapped(client: ferrule.Client) -> None:
    for reply in client.map(MODEL, ["Hello."], max_tokens=10):
        if isinstance(reply, Exception):
            raise reply


OPERATIONS: dict[str, Callable[[ferrule.Client], Any]] = {
    "stream": lambda client: list(client.stream(MODEL, "Hello.", max_tokens=10)),
    "run": lambda client: client.run(MODEL, "Hello.", tools=[], max_tokens=10),
    "map": mapped,
    "embed": lambda client: client.embed(MODEL, ["Hello " * 2000] * 3),
}


def attempted(operation: Callable[[ferrule.Client], Any], client: ferrule.Client) -> type[Exception] | None:
    try:
        operation(client)
    except ferrule.FerruleError as error:
        return type(error)
    return None


@pytest.mark.parametrize("kind", OPERATIONS)
def test_every_operation_is_kept_to_it(counted: Simulator, kind: str) -> None:
    with budgeted(counted, amount=0.005) as client:
        outcomes = [attempted(OPERATIONS[kind], client) for _ in range(10)]
        assert ferrule.BudgetExceededError in outcomes
        assert only(client).spent <= Decimal("0.005")
        assert only(client).reserved == 0


def test_what_was_sent_and_never_reported_is_booked_as_an_estimate(simulator: Simulator) -> None:
    with budgeted(simulator, amount=1.0) as client:
        # Timed out: nothing was told, so all that was reserved.
        simulator.set_script([rule(fault={"stall": {"at": "before_headers"}})])
        with pytest.raises(ferrule.TimeoutError):
            call(client, timeout=0.3, max_retries=0)
        found = only(client)
        assert found.reported == 0
        assert found.reserved == 0
        assert 10 * OUTPUT < found.estimated < 10 * OUTPUT + 20 * INPUT
        whole = found.estimated
        # Cut: what was delivered, and no more than was reserved.
        simulator.set_script([rule({"tokens": 50, "tokens_per_second": 40})])
        stream = client.stream(MODEL, "Hello.", max_tokens=500)
        for event in stream:
            if isinstance(event, ferrule.TextDelta):
                break
        stream.close()
        wait_until(lambda: only(client).reserved == 0)
        found = only(client)
        assert found.reported == 0
        assert OUTPUT <= found.estimated - whole < 50 * OUTPUT
        # Refused by the provider: it cost nothing. Never sent: neither.
        before = found.estimated
        simulator.set_script([rule(fault={"status": {"status": 400}})])
        with pytest.raises(ferrule.InvalidRequestError):
            call(client)
        assert only(client).spent == before
    refused = settings(simulator, budgets={"all": {"amount": 1.0}})
    refused["providers"]["mine"]["base_url"] = simulator.refused_url
    with ferrule.Client(**refused) as client:
        with pytest.raises(ferrule.ConnectError):
            call(client, max_retries=0)
        assert (only(client).spent, only(client).reserved) == (0, 0)


async def test_a_cancelled_call_is_booked(simulator: Simulator) -> None:
    simulator.set_script([rule({"text": "Hello.", "first_token_ms": 5_000})])
    given = settings(simulator, budgets={"all": {"amount": 1.0}})
    async with ferrule.AsyncClient(**given) as client:
        task = asyncio.ensure_future(client.complete(MODEL, "Hello.", max_tokens=10))
        await asyncio.to_thread(wait_until, lambda: bool(simulator.requests))
        assert (await of_async(client)).reserved > 0
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.to_thread(wait_until, lambda: only(client).reserved == 0)
        assert (await of_async(client)).estimated > 10 * OUTPUT


def test_retries_and_failover_are_booked_each(simulator: Simulator) -> None:
    simulator.set_script([rule(fault={"status": {"status": 503}}, times=1), rule({"text": "Hello.", "usage": USED})])
    with budgeted(simulator, amount=1.0) as client:
        call(client, max_retries=1)
        assert len(simulator.requests) == 2
        assert (only(client).reported, only(client).estimated) == (COST, 0)


def test_a_cost_without_a_bound_is_refused_unless_it_is_allowed(counted: Simulator) -> None:
    with budgeted(counted, amount=1.0) as client:
        for model, most, why in (("mine/unknown", 10, "no price"), (MODEL, None, "max_tokens")):
            with pytest.raises(ferrule.BudgetExceededError, match=why) as caught:
                client.complete(model, "Hello.", max_tokens=most)
            assert caught.value.estimate is None
    assert not counted.requests
    for more in ({"unknown_cost": "allow"}, {"mode": "soft"}):
        with budgeted(counted, amount=1.0, **more) as client:
            client.complete("mine/unknown", "Hello.")
    with budgeted(counted, amount=1.0, reserve_output=50) as client:
        client.complete(MODEL, "Hello.")
    assert counted.requests[-1].body.get("max_tokens", counted.requests[-1].body.get("max_completion_tokens")) == 50


def test_thresholds_are_told_once_and_soft_budgets_refuse_nothing(counted: Simulator) -> None:
    with budgeted(counted, amount=float(4 * COST), mode="soft") as client:
        events: list[ferrule.BudgetEvent] = []
        client.on("budget", events.append)
        for _ in range(6):
            call(client)
        assert [event.percent for event in events] == [50, 100]
        assert all((event.budget, event.what, event.scope) == ("all", "threshold", "all") for event in events)
        assert only(client).left < 0
    with budgeted(counted, amount=0.001) as client:
        events = []
        client.on("budget", events.append)
        with pytest.raises(ferrule.BudgetExceededError):
            call(client)
        assert [event.what for event in events] == ["refused"]


def test_a_cheaper_group_is_asked_from_a_threshold_on(counted: Simulator) -> None:
    budget = {"window": "total", "amount": float(10 * COST), "mode": "degrade", "degrade_to": "cheap", "at": 0.5}
    given = settings(counted, budgets={"all": budget}, groups={"cheap": {"targets": ["mine/free"]}})
    given["models"] = {**given["models"], "mine/free": {"prices": {"input_mtok": 0, "output_mtok": 0}}}
    with ferrule.Client(**given) as client:
        events: list[ferrule.BudgetEvent] = []
        client.on("budget", events.append)
        asked = [client.complete(MODEL, "Hello.", max_tokens=5).model for _ in range(8)]
        assert [attempt.model for attempt in client.complete(MODEL, "Hello.", max_tokens=5).attempts] == ["free"]
        list(client.stream(MODEL, "Hello.", max_tokens=5))
        assert only(client).spent == 5 * COST, asked
        assert "degraded" in {event.what for event in events}
    models = [request.model for request in counted.requests]
    assert models == ["priced"] * 5 + ["free"] * 5
    # One that does not fit in below the threshold goes there as well.
    counted.clear()
    with ferrule.Client(**given) as client:
        client.complete(MODEL, "Hello.", max_tokens=500)
    assert [request.model for request in counted.requests] == ["free"]


def test_each_value_has_its_own_and_some_have_other_amounts(counted: Simulator) -> None:
    budget = {"scope": "metadata.team", "amount": 0.011, "values": {"search": 1.0}, "window": "rolling 24h"}
    with budgeted(counted, **budget) as client:
        for team in ("ads", "search", "search", "search"):
            call(client, metadata={"team": team})
        with pytest.raises(ferrule.BudgetExceededError) as caught:
            call(client, metadata={"team": "ads"})
        assert (caught.value.scope, caught.value.scope_value) == ("metadata.team", "ads")
        found = {status.value: status for status in client.status().budgets}
        assert found["search"].amount == 1
        assert found["search"].reported == 3 * COST
        assert found["ads"].window == "rolling 1d"
        assert found["ads"].reported == COST


def test_an_operator_tops_up_and_resets_and_that_is_logged(counted: Simulator, log: io.StringIO) -> None:
    logging.getLogger("ferrule").setLevel(logging.INFO)
    try:
        with budgeted(counted, amount=0.011, scope="metadata.team") as client:
            call(client, metadata={"team": "ads"})
            with pytest.raises(ferrule.BudgetExceededError):
                call(client, metadata={"team": "ads"})
            found = client.budget("all", "ads").top_up(Decimal("0.5"))
            assert (found.amount, found.topped_up) == (Decimal("0.011"), Decimal("0.5"))
            call(client, metadata={"team": "ads"})
            assert client.budget("all", "ads").reset().spent == 0
            for wrong in (client.budget("none"), client.budget("all")):
                with pytest.raises(ferrule.ConfigError):
                    wrong.reset()
            with pytest.raises(TypeError, match="dollars"):
                client.budget("all", "ads").top_up(-1)
            call(client, metadata={"team": "ads"})
        text = log.getvalue()
        assert "topped up by $0.5" in text
        assert "reset, with $" in text
    finally:
        logging.getLogger("ferrule").setLevel(logging.NOTSET)
