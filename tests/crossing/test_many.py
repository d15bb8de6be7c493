"""Many streams at once, and a reader that does not read."""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import TYPE_CHECKING

import pytest

from ferrule.testing import rule

if TYPE_CHECKING:
    from ferrule.testing import Simulator


@pytest.mark.parametrize("model", ["openai/echo", "anthropic/echo"])
async def test_four_hundred_streams_at_once_each_say_their_own(simulator: Simulator, model: str) -> None:
    simulator.set_script([rule({"echo": True, "first_token_ms": 300, "tokens_per_second": 200})])

    async def talk(number: int) -> tuple[str, str]:
        said = " ".join(f"{number}-{word}" for word in range(20))
        async with client.stream(model, said) as stream:
            return said, "".join([text async for text in stream.text])

    async with simulator.async_client() as client:
        pairs = await asyncio.gather(*(talk(number) for number in range(400)))
        assert all(said == heard for said, heard in pairs)
    assert await asyncio.to_thread(simulator.wait_for_connections)
    assert [request.outcome for request in simulator.requests] == ["answered"] * 400


# Some 40 MB: more than the sockets of both sides hold, which Linux lets grow to 32 and 4 MiB.
LONG = {"tokens": 1_000_000, "chunk_tokens": 4}
MAX_HELD = 38 * 2**20


def sent(simulator: Simulator) -> int:
    return simulator.requests[0].bytes_sent


def settled(simulator: Simulator) -> int:
    """How much was sent when no more is: it stays the same for a while, within a time."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        before = sent(simulator)
        time.sleep(0.3)  # Not to wait for something, but to see that nothing happens.
        if before and sent(simulator) == before:
            return before
    raise AssertionError("the sender is not held up")


def test_a_reader_that_does_not_read_holds_up_the_sender(simulator: Simulator) -> None:
    simulator.set_script([rule(LONG)])
    with simulator.client() as client, client.stream("openai/gpt", "Go.") as stream:
        assert simulator.wait_for_requests(1)
        held_at = settled(simulator)
        # Our queue holds 1 MiB; the rest of it is what the sockets hold.
        assert held_at < MAX_HELD
        count = sum(1 for _ in itertools.islice(stream.text, 2000))
        assert count == 2000
        everything = sum(len(text.split()) for text in stream.text)
        assert everything + 2000 * 4 == 1_000_000
        assert sent(simulator) > held_at


async def test_a_reader_in_a_loop_that_does_not_read_holds_up_the_sender(simulator: Simulator) -> None:
    simulator.set_script([rule(LONG)])
    async with simulator.async_client() as client:
        async with client.stream("anthropic/claude", "Go.", max_tokens=1_000_000) as stream:
            await anext(stream)
            assert await asyncio.to_thread(settled, simulator) < MAX_HELD
        assert await asyncio.to_thread(simulator.wait_for_connections)
        assert simulator.requests[0].outcome == "closed_by_client"
