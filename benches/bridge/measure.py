"""One measurement in a process of its own: `run.py` says which, as JSON in the first argument; prints JSON."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.machinery
import importlib.util
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from types import ModuleType

LIBRARY = Path(__file__).parent / "target" / "release" / "libbridge_bench.so"
READY_ITEMS = 200_000
BATCH = 64


def load() -> ModuleType:
    loader = importlib.machinery.ExtensionFileLoader("bridge_bench", str(LIBRARY))
    spec = importlib.util.spec_from_loader("bridge_bench", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


bench = load()


class Stream:
    """What `python/ferrule/streams.py` does, on text."""

    def __init__(self, flight: Any) -> None:
        self._flight = flight
        self._loop = asyncio.get_running_loop()
        self._ready: Iterator[str] = iter(())

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        for text in self._ready:
            return text
        await self._refill()
        for text in self._ready:
            return text
        raise StopAsyncIteration

    async def _refill(self) -> None:
        flight = self._flight
        while not flight.ended:
            batch = flight.take()
            if batch:
                self._ready = iter(batch)
                return
            if not flight.ended and (waiter := flight.arm(self._loop)) is not None:
                await waiter


class OneByOne:
    """Asks Rust for each item that is ready."""

    def __init__(self, ready: Any) -> None:
        self._one = ready.one

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        text = self._one()
        if text is None:
            raise StopAsyncIteration
        return text


class InLists:
    """Asks Rust for a list of those that are ready, as Ferrule does."""

    def __init__(self, ready: Any) -> None:
        self._take = ready.take
        self._ready: Iterator[str] = iter(())

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        for text in self._ready:
            return text
        batch = self._take(BATCH)
        if batch is None:
            raise StopAsyncIteration
        self._ready = iter(batch)
        for text in self._ready:
            return text
        raise AssertionError("an empty batch")


def opener(way: str) -> Callable[[Any], Any]:
    """Makes streams; call it in the loop that reads them."""
    if way == "future":
        return bench.Futures
    bridge = bench.Bridge(way == "eventfd")
    bridge.attach(asyncio.get_running_loop())
    return lambda pace: Stream(bench.Flight(bridge, pace))


def paces(case: dict[str, int], bursts: int) -> list[Any]:
    start = time.monotonic_ns() + 30_000_000
    interval = case["interval_us"] * 1000
    streams = case["streams"]
    return [
        bench.Pace(start + interval * number // streams, interval, case["burst"], bursts) for number in range(streams)
    ]


async def count(stream: Any) -> int:
    items = 0
    async for _ in stream:
        items += 1
    return items


async def delays(stream: Any) -> list[int]:
    return [time.monotonic_ns() - int(text) async for text in stream]


async def cpu(way: str, case: dict[str, int]) -> dict[str, Any]:
    open_stream = opener(way)
    await asyncio.gather(*(count(open_stream(pace)) for pace in paces(case, 5)))
    bench.blocked()
    before = time.process_time_ns()
    counts = await asyncio.gather(*(count(open_stream(pace)) for pace in paces(case, case["bursts"])))
    spent = time.process_time_ns() - before
    check(sum(counts), case)
    return {"cpu_us": spent / 1000 / sum(counts), "wake_ups_per_item": len(bench.blocked()) / sum(counts)}


def producers_alone(case: dict[str, int]) -> dict[str, Any]:
    bench.produce_for_nobody(paces(case, 5))
    before = time.process_time_ns()
    bench.produce_for_nobody(paces(case, case["bursts"]))
    spent = time.process_time_ns() - before
    return {"cpu_us": spent / 1000 / (case["streams"] * case["burst"] * case["bursts"])}


async def delay(way: str, case: dict[str, int]) -> dict[str, Any]:
    open_stream = opener(way)
    await asyncio.gather(*(count(open_stream(pace)) for pace in paces(case, 5)))
    with busy_thread() if case["busy"] else contextlib.nullcontext():
        bench.blocked()
        of_streams = await asyncio.gather(*(delays(open_stream(pace)) for pace in paces(case, case["bursts"])))
        blocked = bench.blocked()
    waited = [one for stream in of_streams for one in stream]
    check(len(waited), case)
    return {
        "delay_p50_us": percentile(waited, 50) / 1000,
        "delay_p99_us": percentile(waited, 99) / 1000,
        "blocked_p50_us": percentile(blocked, 50),
        "blocked_p99_us": percentile(blocked, 99),
        "blocked_share": sum(blocked) / 1e6 / (case["bursts"] * case["interval_us"] / 1e6),
    }


@contextlib.contextmanager
def busy_thread() -> Iterator[None]:
    """A thread that computes in pure Python all the while."""
    stopped = False

    def compute() -> None:
        number = 0
        while not stopped:
            number = (number * 31 + 7) % 1_000_003

    thread = threading.Thread(target=compute)
    thread.start()
    try:
        yield
    finally:
        stopped = True
        thread.join()


async def ready() -> dict[str, Any]:
    """What an item costs that is ready, with its string made in Rust; the three take turns."""
    ways = {"lists": InLists, "one_by_one": OneByOne, "done_awaitable": lambda items: items}
    for make in ways.values():
        await count(make(bench.Ready(1000)))
    result = {}
    for name, make in ways.items():
        before = time.process_time_ns()
        assert await count(make(bench.Ready(READY_ITEMS))) == READY_ITEMS
        result[f"{name}_us"] = (time.process_time_ns() - before) / 1000 / READY_ITEMS
    return result


def check(items: int, case: dict[str, int]) -> None:
    expected = case["streams"] * case["burst"] * case["bursts"]
    if items != expected:
        raise SystemExit(f"{items} items came of {expected}")


def percentile(values: list[Any], percent: int) -> float:
    return float(sorted(values)[min(len(values) - 1, len(values) * percent // 100)])


def main() -> None:
    wanted = json.loads(sys.argv[1])
    bench.start_runtime(wanted["workers"])
    case, way = wanted.get("case"), wanted["way"]
    if way == "ready":
        result = asyncio.run(ready())
    elif way == "nobody":
        result = producers_alone(case)
    elif "busy" in case:
        result = asyncio.run(delay(way, case))
    else:
        result = asyncio.run(cpu(way, case))
    print(json.dumps(result), flush=True)
    # Before CPython 3.14, a thread of ours that asks for the interpreter while it goes down aborts the process. Two of
    # the three ways have such threads.
    os._exit(0)


if __name__ == "__main__":
    main()
