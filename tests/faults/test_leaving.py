"""Leaving a call closes its connection at once: by closing, dropping, cancelling or running out of time."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any

import pytest
from cells import no_new_threads

from ferrule import AsyncClient, Timeouts
from ferrule.errors import FerruleError, TotalTimeoutError
from ferrule.testing import rule

if TYPE_CHECKING:
    from ferrule import Client
    from ferrule.testing import Simulator

DIALECTS = ("openai", "anthropic")
PLACES = ("before_headers", "after_headers", "mid_event", "before_terminal")


@pytest.fixture
def client_options() -> dict[str, Any]:
    return {"timeout": 20}


def stalls(place: str) -> list[Any]:
    return [rule("One two three four five.", fault={"stall": {"at": place}})]


def left(simulator: Simulator) -> None:
    """Asserts that the only request was left by its client, and its connection with it."""
    assert simulator.wait_for_answers(), "the answer is still being sent"
    assert [request.outcome for request in simulator.requests] == ["closed_by_client"]
    # The client is still open: a connection that was left in the middle is of no more use to it.
    assert simulator.wait_for_connections(0), "the connection is still open"


def ask(client: Client, model: str, streamed: bool, **options: Any) -> None:
    if streamed:
        list(client.stream(model, "Hello!", max_tokens=50, **options))
    else:
        client.complete(model, "Hello!", max_tokens=50, **options)


@pytest.mark.parametrize("way", ["close", "with", "drop", "break"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_leaving_a_stream_half_way(simulator: Simulator, client: Client, dialect: str, way: str) -> None:
    simulator.set_script(stalls("mid_event"))
    stream = client.stream(f"{dialect}/simulated", "Hello!", max_tokens=50)
    if way == "with":
        with stream:
            assert next(stream.text) == "One"
    elif way == "break":
        with stream:
            for text in stream.text:
                assert text == "One"
                break
    else:
        assert next(iter(stream.text)) == "One"
    if way == "close":
        stream.close()
    elif way == "drop":
        del stream
        gc.collect()
    left(simulator)


@pytest.mark.parametrize("way", ["aclose", "with", "drop"])
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_leaving_an_asynchronous_stream_half_way(simulator: Simulator, dialect: str, way: str) -> None:
    simulator.set_script(stalls("mid_event"))
    async with simulator.async_client() as client:
        stream = client.stream(f"{dialect}/simulated", "Hello!", max_tokens=50)
        if way == "with":
            async with stream:
                assert (await anext(aiter(stream.text))) == "One"
        else:
            assert (await anext(aiter(stream.text))) == "One"
        if way == "aclose":
            await stream.aclose()
        elif way == "drop":
            del stream
            gc.collect()
        left(simulator)


async def consume(client: AsyncClient, dialect: str, streamed: bool, **options: Any) -> None:
    if not streamed:
        await client.complete(f"{dialect}/simulated", "Hello!", max_tokens=50, **options)
        return
    async with client.stream(f"{dialect}/simulated", "Hello!", max_tokens=50, **options) as stream:
        async for _ in stream:
            pass


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("place", PLACES)
async def test_cancelling_the_task(simulator: Simulator, dialect: str, streamed: bool, place: str) -> None:
    simulator.set_script(stalls(place))
    with no_new_threads():
        async with simulator.async_client() as client:
            task = asyncio.create_task(consume(client, dialect, streamed))
            await asyncio.sleep(0)  # It runs up to where it waits.
            assert simulator.wait_for_requests(1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            left(simulator)
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_the_callers_own_time_limit(simulator: Simulator, dialect: str, streamed: bool) -> None:
    simulator.set_script(stalls("mid_event"))
    async with simulator.async_client() as client:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(consume(client, dialect, streamed), 0.2)
        left(simulator)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("place", PLACES)
def test_a_limit_that_passed(simulator: Simulator, client: Client, dialect: str, streamed: bool, place: str) -> None:
    simulator.set_script(stalls(place))
    with pytest.raises(TotalTimeoutError):
        ask(client, f"{dialect}/simulated", streamed, timeout=Timeouts(total=0.2))
    left(simulator)


async def test_cancelling_while_it_waits_for_its_next_attempt(simulator: Simulator) -> None:
    simulator.set_script([rule(fault={"rate_limit": {"delay_ms": 10_000}})])
    async with simulator.async_client(timeout=60) as client:
        task = asyncio.create_task(consume(client, "openai", streamed=False))
        await asyncio.sleep(0)
        assert simulator.wait_for_requests(1)
        assert simulator.wait_for_answers()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert simulator.wait_for_connections(0)
    assert [request.outcome for request in simulator.requests] == ["answered"]


def test_a_broken_call_does_not_spoil_the_next(simulator: Simulator, client: Client) -> None:
    """Whatever became of a connection, the next call gets its own answer."""
    faults = ["reset", "close", "truncated_chunk", "malformed_json", "no_terminal", "error_event", "html", "empty"]
    simulator.set_script([*(rule("no", fault=fault, model=fault) for fault in faults), rule("Hello!")])
    for fault in faults:
        for streamed in (False, True):
            with pytest.raises(FerruleError):
                ask(client, f"openai/{fault}", streamed, max_retries=0)
            reply = client.complete("openai/simulated", "Hello!", max_retries=0)
            assert (reply.text, len(reply.attempts)) == ("Hello!", 1)
    # None is kept for each broken call. Two, and not one, because a connection goes back to the pool a moment after its
    # answer is read: on a busy machine the next call may be sooner, and opens another, which is then kept as well.
    assert simulator.open_connections <= 2
    client.close()
    assert simulator.wait_for_connections(0)
