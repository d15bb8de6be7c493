"""Event loops of every kind, and many: threads, uvloop, `asyncio.run` in a row, loops that watch no descriptors."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ferrule.testing import rule

if TYPE_CHECKING:
    from collections.abc import Callable

    import ferrule
    from ferrule.testing import Simulator

DESCRIPTORS = Path("/proc/self/fd")


async def converse(client: ferrule.AsyncClient, text: str) -> None:
    """A plain call and a stream, on whichever loop runs."""
    assert (await client.complete("openai/echo", text)).text == text
    async with client.stream("anthropic/echo", text) as stream:
        assert "".join([piece async for piece in stream.text]) == text


def test_two_loops_in_two_threads_share_a_client(simulator: Simulator) -> None:
    client = simulator.async_client()
    both = threading.Barrier(2)

    async def main(name: int) -> None:
        both.wait(10)
        await asyncio.gather(*(converse(client, f"Thread {name}, call {call}.") for call in range(20)))

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(asyncio.run, main(name)) for name in range(2)]:
            done.result(30)


def test_sixteen_threads_share_a_blocking_client(simulator: Simulator) -> None:
    client = simulator.client()
    all_together = threading.Barrier(16)

    def work(name: int) -> None:
        all_together.wait(10)
        for call in range(5):
            text = f"Thread {name}, call {call}."
            assert client.complete("openai/echo", text).text == text
            with client.stream("anthropic/echo", text) as stream:
                assert "".join(stream.text) == text

    with ThreadPoolExecutor(16) as threads:
        for done in [threads.submit(work, name) for name in range(16)]:
            done.result(30)
    assert len(simulator.requests) == 160


def test_uvloop(simulator: Simulator) -> None:
    uvloop = pytest.importorskip("uvloop")
    client = simulator.async_client()
    simulator.set_script([rule({"echo": True, "tokens_per_second": 2000})])

    async def main() -> None:
        assert isinstance(asyncio.get_running_loop(), uvloop.Loop)
        await asyncio.gather(*(converse(client, f"one two three four {call}") for call in range(20)))
        call = asyncio.ensure_future(client.complete("openai/echo", "Hi."))
        await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    for _ in range(3):
        loop = uvloop.new_event_loop()
        try:
            loop.run_until_complete(main())
        finally:
            loop.close()


@pytest.mark.skipif(not DESCRIPTORS.exists(), reason="counts what /proc shows")
def test_two_hundred_runs_in_a_row_leave_no_descriptors(simulator: Simulator) -> None:
    client = simulator.async_client()
    asyncio.run(converse(client, "The first."))
    gc.collect()
    before = len(os.listdir(DESCRIPTORS))
    for turn in range(200):
        asyncio.run(converse(client, f"Run {turn}."))
    gc.collect()
    # The connections in the pool may be fewer or one more.
    assert len(os.listdir(DESCRIPTORS)) <= before + 2


class Unwatching(asyncio.SelectorEventLoop):
    """A loop that cannot watch descriptors, as Windows' Proactor."""

    def add_reader(self, *_: object) -> None:
        raise NotImplementedError


def run_unwatching(main: Callable[[], object]) -> None:
    loop = Unwatching()
    try:
        loop.run_until_complete(main())
    finally:
        loop.close()


def test_a_loop_that_watches_no_descriptors_is_woken_by_a_thread_that_ends_with_it(simulator: Simulator) -> None:
    client = simulator.async_client()
    simulator.set_script([rule({"echo": True, "tokens_per_second": 2000})])

    async def main() -> None:
        await asyncio.gather(*(converse(client, f"one two three four {call}") for call in range(20)))
        wakers.extend(thread for thread in threading.enumerate() if thread.name == "ferrule-bridge")

    wakers: list[threading.Thread] = []
    run_unwatching(main)
    assert len(wakers) == 1
    # This thread remembers the loop of its last call only weakly.
    gc.collect()
    wakers[0].join(5)
    assert not wakers[0].is_alive()


def test_without_a_running_loop_the_call_says_so(simulator: Simulator) -> None:
    client = simulator.async_client()
    with pytest.raises(RuntimeError, match="no running event loop"):
        client.stream("openai/echo", "Hi.")
    assert simulator.requests == []


def test_a_stream_of_another_loop_is_an_error_not_a_hang(simulator: Simulator) -> None:
    simulator.set_script([rule(fault={"stall": {"at": "after_headers"}})])
    client = simulator.async_client()

    async def begin() -> ferrule.AsyncStream:
        return client.stream("openai/gpt", "Go.")

    async def read(stream: ferrule.AsyncStream) -> None:
        await asyncio.wait_for(anext(stream), 10)

    stream = asyncio.run(begin())
    with pytest.raises(RuntimeError, match="loop"):
        asyncio.run(read(stream))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows' default loop watches no descriptors")
def test_a_program_that_only_blocks_loads_no_asyncio(run: Callable[..., object]) -> None:
    done = run("import sys, ferrule; ferrule.complete('openai/echo', 'Hi.'); sys.exit('asyncio' in sys.modules)")
    assert (done.returncode, done.stderr) == (0, "")
