"""Cases that are measured, inside the client's process. Each case is a coroutine that returns plain figures for JSON.

CPU is the whole process's, user and system, all threads (`time.process_time_ns` reads the clock that `getrusage` sums),
so work that a client moves to a thread of its own is counted. Latency is the upstream's stamp in a chunk's text against
`time.monotonic_ns` at delivery: one clock, one machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import ModuleType

PROMPT = [{"role": "user", "content": "Why is the sky blue?"}]
PERIOD_MICROSECONDS = 5000
BURST_CHUNKS = 1000

Figures = dict[str, Any]


def prompt_of_a_megabyte() -> list[dict[str, str]]:
    """500 messages of 2 KB each: a long agent conversation."""
    sentence = 'Blue light has the shorter wavelength, said "Rayleigh",\nand is scattered more. '
    text = (sentence * 30)[:2000]
    return [{"role": ("user", "assistant")[number % 2], "content": text} for number in range(499)] + PROMPT


def quantile(values: list[int], part: float) -> float:
    """The nearest-rank quantile, in microseconds for values in nanoseconds."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] / 1000


def stamping(arrivals: list[int], raw: bool) -> Callable[[Any], None]:
    """A `deliver` that notes how long ago the upstream wrote the text it gets."""
    note, now = arrivals.append, time.monotonic_ns

    def from_text(text: str) -> None:
        note(now() - int(text[1:]))

    def from_bytes(payload: bytes) -> None:
        at = payload.find(b"@") + 1
        if at:
            note(now() - int(payload[at : at + 19]))

    return from_bytes if raw else from_text


async def for_a_while(seconds: float, step: Callable[[], Awaitable[None]], at_once: int = 1) -> Figures:
    """So many steps at once, each starting anew until the time is over."""
    done = 0

    async def worker(until: float) -> None:
        nonlocal done
        while time.monotonic() < until:
            await step()
            done += 1

    # Connections, caches and lazy imports are paid here, not in the figure.
    await asyncio.gather(*(worker(time.monotonic() + seconds / 5) for _ in range(at_once)))
    gc.collect()
    done = 0
    start, cpu = time.monotonic(), time.process_time_ns()
    await asyncio.gather(*(worker(start + seconds) for _ in range(at_once)))
    cpu, wall = time.process_time_ns() - cpu, time.monotonic() - start
    return {"cpu_us": cpu / 1000 / done, "items": done, "per_second": done / wall}


class Run:
    """One client against one upstream for one case."""

    def __init__(self, module: ModuleType, upstream: str, seconds: float) -> None:
        self.module, self.upstream, self.seconds = module, upstream, seconds

    def client(self, case: str, connections: int, messages: list[dict[str, str]] = PROMPT) -> Any:
        return self.module.Client(self.upstream, case, connections, messages)

    async def plain(self, at_once: int, messages: list[dict[str, str]] = PROMPT) -> Figures:
        client = self.client("plain", at_once, messages)
        figures = await for_a_while(self.seconds, client.complete, at_once)
        await client.close()
        return figures

    async def prompt(self) -> Figures:
        return await self.plain(1, prompt_of_a_megabyte())

    async def burst(self) -> Figures:
        client = self.client(f"burst-{BURST_CHUNKS}", 1)
        texts: list[Any] = []

        async def step() -> None:
            texts.clear()
            await client.stream(texts.append)
            if len(texts) < BURST_CHUNKS:
                raise RuntimeError(f"{len(texts)} of {BURST_CHUNKS} texts arrived")

        figures = await for_a_while(self.seconds, step)
        await client.close()
        figures["cpu_us"] /= BURST_CHUNKS
        figures["items"] *= BURST_CHUNKS
        figures["per_second"] *= BURST_CHUNKS
        return figures

    async def helpers(self) -> Figures:
        """A burst through the helper that collects the answer (`.stream()` of the SDKs), where the client has one."""
        client = self.client(f"burst-{BURST_CHUNKS}", 1)
        if not hasattr(client, "stream_with_helper"):
            return {}

        async def step() -> None:
            whole = await client.stream_with_helper()
            if not whole:
                raise RuntimeError("the helper collected nothing")

        figures = await for_a_while(self.seconds, step)
        await client.close()
        figures["cpu_us"] /= BURST_CHUNKS
        return figures

    async def first_token(self) -> Figures:
        """Short streams one after the other: what starting and ending one costs, and when its first text is there."""
        client = self.client("burst-3", 1)
        delays: list[int] = []

        async def step() -> None:
            arrived: list[int] = []
            start = time.monotonic_ns()
            await client.stream(lambda _text: arrived.append(time.monotonic_ns()))
            delays.append(arrived[0] - start)

        figures = await for_a_while(self.seconds, step)
        await client.close()
        delays = delays[-figures["items"] :]
        return figures | {"first_token_p50_us": quantile(delays, 0.5), "first_token_p99_us": quantile(delays, 0.99)}

    async def busy_on_two_cores(self) -> Figures:
        """As `streams-8-busy`, with both cores for the client's threads.

        On one core the kernel lets the computing thread finish its slice before any other thread of the process runs,
        however that is written: then it is the kernel's slice that is measured.
        """
        pinned = os.sched_getaffinity(0)
        confine(set(range(os.cpu_count() or 1)))
        try:
            return await self.paced(8, busy=True)
        finally:
            confine(pinned)

    async def paced(self, streams: int, busy: bool = False) -> Figures:
        """So many streams with a chunk every 5 ms. Opening and ending them is part of the cost of their chunks."""
        chunks = round(self.seconds * 1_000_000 / PERIOD_MICROSECONDS)
        client = self.client(f"paced-{chunks}-{PERIOD_MICROSECONDS}", streams)
        arrivals: list[list[int]] = [[] for _ in range(streams)]
        stamped: list[int] = []

        def note(text: str, received_at: float) -> None:
            stamped.append(round(received_at * 1e9) - int(text[1:]))

        def stream(mine: list[int]) -> Awaitable[None]:
            deliver = stamping(mine, self.module.TEXT_IS_RAW)
            if busy and hasattr(client, "stream_stamped"):
                return client.stream_stamped(deliver, note)
            return client.stream(deliver)

        gc.collect()
        stop = threading.Event()
        neighbour = threading.Thread(target=spin, args=(stop,), daemon=True)
        if busy:
            neighbour.start()
        start, cpu = time.monotonic(), time.process_time_ns()
        try:
            await asyncio.gather(*(stream(mine) for mine in arrivals))
            cpu, wall = time.process_time_ns() - cpu, time.monotonic() - start
        finally:
            stop.set()
        if any(len(mine) != chunks for mine in arrivals):
            raise RuntimeError(f"a stream delivered another number of texts than {chunks}")
        # The first quarter is the rush of so many requests at once.
        delays = [delay for mine in arrivals for delay in mine[chunks // 4 :]]
        figures: Figures = {
            "items": streams * chunks,
            "per_second": streams * chunks / wall,
            "jitter_p50_us": quantile(delays, 0.5),
            "jitter_p99_us": quantile(delays, 0.99),
        }
        if stamped:
            figures["stamped_p99_us"] = quantile(stamped, 0.99)
        if not busy:
            figures["cpu_us"] = (cpu - await idle_nanoseconds(wall)) / 1000 / (streams * chunks)
        await client.close()
        return figures


def confine(cores: set[int]) -> None:
    """Ties every thread of this process to these cores, those that exist and those they start."""
    for thread in os.listdir("/proc/self/task"):
        # One may end between the list and its turn.
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(int(thread), cores)


def spin(stop: threading.Event) -> None:
    """A neighbour that computes in pure Python: tokenising, templating, anything."""
    count = 0
    while not stop.is_set():
        for _ in range(1000):
            count += 1


async def idle_nanoseconds(wall: float) -> int:
    """The CPU that the same process and loop use in that time with nothing to do."""
    sample = 0.1
    cpu = time.process_time_ns()
    await asyncio.sleep(sample)
    return round((time.process_time_ns() - cpu) * wall / sample)


CASES: dict[str, Callable[[Run], Awaitable[Figures]]] = {
    "plain-1": lambda run: run.plain(1),
    "plain-64": lambda run: run.plain(64),
    "burst": lambda run: run.burst(),
    "helpers": lambda run: run.helpers(),
    "streams-64": lambda run: run.paced(64),
    "streams-8": lambda run: run.paced(8),
    "streams-8-busy": lambda run: run.paced(8, busy=True),
    "streams-8-busy-2-cores": lambda run: run.busy_on_two_cores(),
    "first-token": lambda run: run.first_token(),
    "prompt-1mb": lambda run: run.prompt(),
}
"""By name, in the order they are run."""
