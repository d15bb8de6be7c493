"""Rate limits: what reaches the server, by its own count, and what the caller is told."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from limited_world import MODEL, most_within, settings, wait_until

import ferrule
from ferrule.testing import Simulator, rule

if TYPE_CHECKING:
    from collections.abc import Callable


def under_way(client: ferrule.Client) -> int:
    found = client.status().limits
    return found[0].in_flight + found[0].waiting if found else 0


def limited(simulator: Simulator, **limit: Any) -> ferrule.Client:
    return ferrule.Client(**settings(simulator, limits={"few": limit}))


KINDS: dict[str, Callable[[ferrule.Client], Any]] = {
    "complete": lambda client: client.complete(MODEL, "Hello."),
    "stream": lambda client: list(client.stream(MODEL, "Hello.")),
    "embed": lambda client: client.embed("mine/embedder", ["one", "two"]),
    "rerank": lambda client: client.rerank("mine/reranker", "one", ["one", "two"]),
    "images": lambda client: client.images.generate("mine/painter", "a cat"),
    "run": lambda client: client.run(MODEL, "Hello.", tools=[]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_operation_is_counted_and_refused_before_it_is_sent(simulator: Simulator, kind: str) -> None:
    with limited(simulator, requests_per_minute=2, when_full="refuse") as client:
        for _ in range(2):
            KINDS[kind](client)
        for _ in range(2):
            with pytest.raises(ferrule.RateLimitedError):
                KINDS[kind](client)
        with pytest.raises(ferrule.RateLimitedError, match=r"`limits\.few`.*2 requests per minute") as caught:
            KINDS[kind](client)
        error = caught.value
        assert (error.limit, error.scope, error.scope_value, error.status) == ("few", "all", "all", None)
        assert error.retry_after is not None
        assert 50 < error.retry_after < 61
        assert len(simulator.requests) == 2
        (status,) = client.status().limits
        assert (status.name, status.requests_per_minute, status.requests_this_minute) == ("few", 2, 2)
        assert (status.in_flight, status.waiting) == (0, 0)


def test_each_request_of_a_call_is_counted(simulator: Simulator) -> None:
    with limited(simulator, requests_per_minute=5, when_full="refuse") as client:
        # Three requests of at most two texts.
        client.embed("mine/embedder", [f"text {place}" for place in range(6)], batch_size=2)
        client.complete("mine/fail-once-503", "Hello.", max_retries=1)
        with pytest.raises(ferrule.RateLimitedError):
            client.complete(MODEL, "Hello.")
    assert len(simulator.requests) == 5


def test_no_rolling_second_has_more_than_the_limit(simulator: Simulator) -> None:
    with limited(simulator, requests_per_second=8, max_wait=60) as client:
        replies = list(client.map(MODEL, [f"Hello {place}." for place in range(30)], concurrency=30))
    assert len(replies) == 30
    assert most_within(simulator.requests, 1.0) <= 8
    # It is the limit that it waits for, and nothing else.
    assert simulator.requests[-1].time - simulator.requests[0].time < 6


def test_threads_share_a_client_s_limit(simulator: Simulator) -> None:
    with limited(simulator, concurrency=3, max_wait=60) as client, ThreadPoolExecutor(8) as threads:
        simulator.set_script([rule({"text": "Hello.", "first_token_ms": 100})])

        def ask(_: int) -> str:
            return client.complete(MODEL, "Hello.").text

        assert len(list(threads.map(ask, range(24)))) == 24
        assert client.status().limits[0].in_flight == 0
    assert len(simulator.requests) == 24
    # Each is at work there for a tenth of a second.
    times = sorted(request.time for request in simulator.requests)
    assert max(sum(1 for other in times[place:] if other < time + 0.095) for place, time in enumerate(times)) <= 3


async def _two_at_once(client: ferrule.AsyncClient) -> None:
    await asyncio.gather(*(client.complete(MODEL, "Hello.") for _ in range(4)))


def test_two_loops_share_an_asynchronous_client_s_limit(simulator: Simulator) -> None:
    client = ferrule.AsyncClient(
        **settings(simulator, limits={"few": {"requests_per_minute": 8, "when_full": "refuse"}})
    )
    threads = [threading.Thread(target=asyncio.run, args=(_two_at_once(client),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with pytest.raises(ferrule.RateLimitedError):
        asyncio.run(_two_at_once(client))
    assert len(simulator.requests) == 8


def test_an_open_stream_keeps_its_place_until_it_ends_however_it_does(simulator: Simulator) -> None:
    with limited(simulator, concurrency=1, when_full="refuse") as client:
        stream = client.stream("mine/slow-20", "Hello.")
        next(iter(stream))
        with pytest.raises(ferrule.RateLimitedError, match="1 calls at once"):
            client.complete(MODEL, "Hello.")
        stream.close()
        wait_until(lambda: client.status().limits[0].in_flight == 0)
        client.complete(MODEL, "Hello.")
        # One that is whole, one that breaks off, one that nobody reads.
        list(client.stream(MODEL, "Hello."))
        with pytest.raises(ferrule.FerruleError):
            list(client.stream("mine/reset-mid-event", "Hello.", max_retries=0))
        wait_until(lambda: client.status().limits[0].in_flight == 0)
        del stream
        client.stream(MODEL, "Hello.")
        wait_until(lambda: client.status().limits[0].in_flight == 0)
        client.complete(MODEL, "Hello.", timeout=5)


def test_who_waits_is_served_in_turn(simulator: Simulator) -> None:
    simulator.set_script([rule({"text": "Hello.", "first_token_ms": 1_500}, times=1), rule("Hello.")])
    with limited(simulator, concurrency=1) as client:
        waits: list[ferrule.LimitEvent] = []
        client.on("limit", waits.append)
        threads = []
        for place in range(4):
            threads.append(threading.Thread(target=client.complete, args=(MODEL, f"Hello {place}.")))
            threads[-1].start()
            wait_until(lambda count=place + 1: under_way(client) == count)
        assert client.status().limits[0].waiting >= 1
        for thread in threads:
            thread.join()
        asked = [request.body["messages"][-1]["content"] for request in simulator.requests]
        assert asked == [f"Hello {place}." for place in range(4)]
        positions = sorted(event.position for event in waits if event.position is not None)
        assert positions == [1, 2, 3]
        admitted = [event for event in waits if event.what == "admitted"]
        assert len(admitted) == 3
        assert all(event.limit == "few" and event.waited > 0 for event in admitted)


def test_waiting_ends_with_its_time_and_with_the_call_s(simulator: Simulator) -> None:
    with limited(simulator, concurrency=1, max_wait=0.2) as client:
        stream = client.stream("mine/slow-20", "Hello " * 60)
        next(iter(stream))
        began = time.monotonic()
        with pytest.raises(ferrule.RateLimitedError, match=r"waited 0\.2"):
            client.complete(MODEL, "Hello.")
        assert 0.15 < time.monotonic() - began < 2
        with pytest.raises(ferrule.TotalTimeoutError):
            client.complete(MODEL, "Hello.", timeout=0.05)
        assert client.status().limits[0].waiting == 0
        stream.close()
    assert len(simulator.requests) == 1


async def test_a_call_that_is_cancelled_while_it_waits_takes_nothing(simulator: Simulator) -> None:
    async with ferrule.AsyncClient(**settings(simulator, limits={"few": {"concurrency": 1}})) as client:
        stream = client.stream("mine/slow-20", "Hello " * 60)
        await stream.__anext__()
        waiting = [asyncio.ensure_future(client.complete(MODEL, f"Hello {place}.")) for place in range(2)]
        await asyncio.sleep(0.1)
        waiting[0].cancel()
        await asyncio.sleep(0.1)
        assert (await client.status()).limits[0].waiting == 1
        await stream.aclose()
        await asyncio.wait_for(waiting[1], 10)
        assert (await client.status()).limits[0].in_flight == 0
    assert [request.body["messages"][-1]["content"] for request in simulator.requests][1:] == ["Hello 1."]


def test_a_call_that_cannot_get_through_in_time_does_not_wait(simulator: Simulator) -> None:
    with limited(simulator, requests_per_minute=1, max_wait=5) as client:
        client.complete(MODEL, "Hello.")
        began = time.monotonic()
        with pytest.raises(ferrule.RateLimitedError) as caught:
            client.complete(MODEL, "Hello.")
        assert time.monotonic() - began < 1
        assert caught.value.retry_after is not None
        assert caught.value.retry_after > 50


def test_each_value_of_a_scope_has_its_own(simulator: Simulator) -> None:
    limit = {"scope": "metadata.team", "match": ["search", "ads"], "requests_per_minute": 1, "when_full": "refuse"}
    with limited(simulator, **limit) as client:
        for team in ("search", "ads", "other", "other"):
            client.complete(MODEL, "Hello.", metadata={"team": team})
        # Those without a label share one.
        client.complete(MODEL, "Hello.")
        for metadata in ({"team": "search"}, {"team": "ads"}, {"job": "x"}, None):
            with pytest.raises(ferrule.RateLimitedError) as caught:
                client.complete(MODEL, "Hello.", metadata=metadata)
            assert caught.value.scope_value == (metadata or {}).get("team", "(none)")
        assert {status.value for status in client.status().limits} == {"search", "ads", "(none)"}
    for missing, error in (("refuse", ferrule.ConfigError), ("ignore", None)):
        with limited(simulator, **{**limit, "missing": missing}) as client:
            if error is None:
                for _ in range(3):
                    client.complete(MODEL, "Hello.")
            else:
                with pytest.raises(error, match=r"no `team`, which `limits\.few`"):
                    client.complete(MODEL, "Hello.")


def two_targets(simulator: Simulator, **more: Any) -> dict[str, Any]:
    given = settings(simulator, **more)
    provider = given["providers"]["mine"]
    given["providers"] = {"one": provider, "two": {**provider, "base_url": f"{simulator.url}/two/v1"}}
    given["groups"] = {"both": {"targets": ["one/priced", "two/priced"]}}
    return given


def test_in_a_group_another_target_is_asked_in_place_of_one_that_is_full(simulator: Simulator) -> None:
    limits = {"each": {"scope": "target", "requests_per_minute": 2, "when_full": "wait", "max_wait": 1}}
    with ferrule.Client(**two_targets(simulator, limits=limits)) as client:
        providers = [client.complete("both", "Hello.").provider for _ in range(4)]
        assert providers == ["one", "one", "two", "two"]
        skipped = client.status()
        assert {status.value for status in skipped.limits} == {"one/priced", "two/priced"}
        with pytest.raises(ferrule.RateLimitedError):
            client.complete("both", "Hello.")
    assert len(simulator.requests) == 4


def test_what_fails_over_is_counted_at_each(simulator: Simulator) -> None:
    simulator.set_script([rule(path="/v1/*", fault={"status": {"status": 503}}), rule("Hello.")])
    limits = {"group": {"scope": "group", "requests_per_minute": 2, "when_full": "refuse"}}
    with ferrule.Client(**two_targets(simulator, limits=limits, max_retries=0)) as client:
        assert client.complete("both", "Hello.").provider == "two"
        with pytest.raises(ferrule.RateLimitedError):
            client.complete("both", "Hello.")
        # Calls that are of no group are not counted by groups.
        client.complete("two/priced", "Hello.")
    assert len(simulator.requests) == 3


def test_a_hedge_is_counted_and_not_made_where_there_is_no_room(simulator: Simulator) -> None:
    simulator.set_script([rule({"text": "Hello.", "first_token_ms": 300}, path="/v1/*"), rule("Hello.")])
    for most, provider, count in ((2, "two", 2), (1, "one", 1)):
        simulator.clear()
        given = two_targets(simulator, limits={"all": {"requests_per_minute": most, "when_full": "refuse"}})
        given["groups"]["both"]["hedge"] = 0.05
        with ferrule.Client(**given) as client:
            assert client.complete("both", "Hello.").provider == provider
            assert client.status().limits[0].requests_this_minute == count
        assert len(simulator.requests) == count


def test_tokens_are_reserved_by_estimate_and_settled_by_usage(simulator: Simulator) -> None:
    simulator.set_script([rule({"text": "Hello.", "usage": {"input_tokens": 5, "output_tokens": 7}})])
    with limited(simulator, tokens_per_minute=130, when_full="refuse") as client:
        client.complete(MODEL, "Hello.", max_tokens=100)
        assert client.status().limits[0].tokens_this_minute == 12
        client.complete(MODEL, "Hello.", max_tokens=100)
        with pytest.raises(ferrule.RateLimitedError, match="130 tokens per minute") as caught:
            client.complete(MODEL, "Hello.", max_tokens=100)
        assert caught.value.retry_after is not None
        # It can never fit in, and says so.
        with pytest.raises(ferrule.RateLimitedError) as caught:
            client.complete(MODEL, "Hello.", max_tokens=1000)
        assert caught.value.retry_after is None
        client.complete(MODEL, "Hello.", max_tokens=50)


def test_an_output_that_nobody_limits_is_limited_as_it_is_reserved(simulator: Simulator) -> None:
    with limited(simulator, tokens_per_minute=1000, reserve_output=64, when_full="refuse") as client:
        client.complete(MODEL, "Hello.")
        client.complete(MODEL, "Hello.", max_tokens=9)
        list(client.stream(MODEL, "Hello."))
    limits = [
        request.body.get("max_tokens", request.body.get("max_completion_tokens")) for request in simulator.requests
    ]
    assert limits == [64, 9, 64]


def test_a_provider_that_takes_no_more_is_asked_when_it_does(simulator: Simulator) -> None:
    headers = {
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-limit-requests": "10",
        "x-ratelimit-reset-requests": "700ms",
    }
    simulator.set_script([rule({"text": "Hello.", "headers": headers}, times=1), rule("Hello.")])
    with limited(simulator, scope="target", requests_per_minute=100) as client:
        client.complete(MODEL, "Hello.")
        client.complete(MODEL, "Hello.")
    first, second = simulator.requests
    assert second.time - first.time > 0.65
    # And one that refuses teaches as much.
    simulator.clear()
    limit = {"rate_limit": {"retry": "milliseconds", "delay_ms": 600}}
    simulator.set_script([rule(fault=limit, times=1), rule("Hello.")])
    with limited(simulator, scope="provider", requests_per_minute=100, when_full="refuse") as client:
        with pytest.raises(ferrule.RateLimitedError) as caught:
            client.complete(MODEL, "Hello.", max_retries=0)
        assert caught.value.status == 429
        with pytest.raises(ferrule.RateLimitedError, match="takes no more requests for now") as caught:
            client.complete(MODEL, "Hello.", max_retries=0)
        assert (caught.value.status, caught.value.limit) == (None, None)
        time.sleep(0.7)
        client.complete(MODEL, "Hello.")
    assert len(simulator.requests) == 2


def test_limits_change_while_the_client_runs_and_what_was_counted_stays(simulator: Simulator) -> None:
    with limited(simulator, requests_per_minute=1, when_full="refuse") as client:
        client.complete(MODEL, "Hello.")
        client.registry.limits.replace("few", {"requests_per_minute": 3, "when_full": "refuse"})
        for _ in range(2):
            client.complete(MODEL, "Hello.")
        with pytest.raises(ferrule.RateLimitedError):
            client.complete(MODEL, "Hello.")
        client.registry.limits.remove("few")
        client.complete(MODEL, "Hello.")
        assert client.status().limits == ()
        client.registry.limits.register("new", {"concurrency": 1})
        assert client.registry.limits.list() == ["new"]
        client.complete(MODEL, "Hello.")
