"""Cancellation: a cancelled wait loses nothing and repeats nothing; a cancelled call ends upstream."""

from __future__ import annotations

import asyncio
import random
import sys
from typing import TYPE_CHECKING

import pytest

import ferrule
from ferrule.testing import rule

if TYPE_CHECKING:
    from ferrule.testing import Simulator

MODELS = ["openai/paced", "anthropic/paced"]
STALL = [rule(fault={"stall": {"at": "before_headers"}})]


@pytest.fixture
def paced(simulator: Simulator) -> Simulator:
    """Answers of 300 tokens, some milliseconds apart in bunches, so that waits end at every point of them."""
    simulator.set_script([rule({"tokens": 300, "tokens_per_second": 1500})])
    return simulator


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("seed", range(3))
async def test_reads_that_time_out_lose_and_repeat_nothing(paced: Simulator, model: str, seed: int) -> None:
    draw = random.Random(seed)
    received, timed_out = [], 0
    async with paced.async_client() as client, client.stream(model, "Go.") as stream:
        while True:
            try:
                received.append(await asyncio.wait_for(anext(stream), draw.choice([0, 1e-5, 1e-4, 1e-3, 2e-3])))
            except asyncio.TimeoutError:  # noqa: PERF203 - each wait may fail
                timed_out += 1
            except StopAsyncIteration:
                break
    assert timed_out > 20
    assert_whole(received, stream.reply())


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("seed", range(3))
async def test_tasks_cancelled_between_any_two_turns_of_the_loop_lose_nothing(
    paced: Simulator, model: str, seed: int
) -> None:
    draw = random.Random(seed)
    received, cancelled = [], 0
    async with paced.async_client() as client, client.stream(model, "Go.") as stream:
        while True:
            reading = asyncio.ensure_future(anext(stream))
            for _ in range(draw.randrange(6)):
                await asyncio.sleep(0)
            if draw.random() < 0.8:
                reading.cancel()
            try:
                received.append(await reading)
            except asyncio.CancelledError:
                cancelled += 1
            except StopAsyncIteration:
                break
    assert cancelled > 20
    assert_whole(received, stream.reply())


def assert_whole(received: list[ferrule.Event], reply: ferrule.Reply) -> None:
    """Each event exactly once, in order: what was read says the same as what the engine itself put together."""
    texts = [event.text for event in received if isinstance(event, ferrule.TextDelta)]
    assert len(texts) == 300
    assert "".join(texts) == reply.text
    assert [type(event) for event in received].count(ferrule.Finish) == 1
    assert reply.finish_reason == "stop"


async def test_a_cancelled_call_ends_upstream(simulator: Simulator) -> None:
    simulator.set_script(STALL)
    async with simulator.async_client() as client:
        call = asyncio.create_task(client.complete("openai/gpt", "Hi."))
        assert await asyncio.to_thread(simulator.wait_for_requests, 1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await asyncio.to_thread(simulator.wait_for_connections)
    assert [request.outcome for request in simulator.requests] == ["closed_by_client"]


async def test_a_call_that_times_out_in_the_program_ends_upstream(simulator: Simulator) -> None:
    simulator.set_script(STALL)
    async with simulator.async_client() as client:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.complete("anthropic/claude", "Hi."), 0.2)
        assert await asyncio.to_thread(simulator.wait_for_connections)
    assert [request.outcome for request in simulator.requests] == ["closed_by_client"]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="task groups came with 3.11")
async def test_a_failed_task_ends_the_calls_of_its_group(simulator: Simulator) -> None:
    simulator.set_script([rule(fault={"stall": {"at": "mid_event"}}, stream=True), *STALL])

    async def read(client: ferrule.AsyncClient) -> None:
        async for _ in client.stream("openai/gpt", "Hi."):
            pass

    async def fail() -> None:
        await asyncio.to_thread(simulator.wait_for_requests, 4)
        raise LookupError

    async def talk(client: ferrule.AsyncClient) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(2):
                group.create_task(client.complete("openai/gpt", "Hi."))
                group.create_task(read(client))
            group.create_task(fail())

    async with simulator.async_client() as client:
        with pytest.raises(BaseException, match="unhandled errors") as failed:
            await talk(client)
        assert [type(error) for error in failed.value.exceptions] == [LookupError]
        assert await asyncio.to_thread(simulator.wait_for_connections)
    assert {request.outcome for request in simulator.requests} == {"closed_by_client"}


async def test_a_client_goes_on_after_hundreds_of_cancelled_calls(simulator: Simulator) -> None:
    async with simulator.async_client() as client:
        for turns in range(200):
            call = asyncio.ensure_future(client.complete("openai/echo", "Hi."))
            for _ in range(turns % 20):
                await asyncio.sleep(0)
            call.cancel()
            await asyncio.wait([call])
        assert (await client.complete("openai/echo", "Still there?")).text == "Still there?"
