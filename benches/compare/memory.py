"""Memory, inside the client's process: what a first call and an open stream cost, and whether calls leak."""

from __future__ import annotations

import asyncio
import gc
import importlib
import os
import resource
import time
from typing import Any

from cases import PROMPT, Figures, stamping

PAGE = os.sysconf("SC_PAGE_SIZE")
OPENING_AT_ONCE = 200


def resident_kilobytes() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * PAGE // 1024


def first_call(module: str, upstream: str) -> Figures:
    """Resident memory after the first call. The process must be fresh."""
    client_type = importlib.import_module(module).Client

    async def call() -> None:
        client = client_type(upstream, "plain", 1, PROMPT)
        await client.complete()
        await client.close()

    asyncio.run(call())
    return {"resident_kb": resident_kilobytes()}


async def open_streams(module: Any, upstream: str, streams: int) -> Figures:
    """Opens so many streams, each silent after its first text; then lets all go on to their end."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    # What a first stream loads for good is not counted to one stream.
    first = module.Client(upstream, "burst-3", 1, PROMPT)
    await first.stream(str)
    await first.close()
    client = module.Client(upstream, "held", streams, PROMPT)
    arrivals: list[list[int]] = [[] for _ in range(streams)]
    gc.collect()
    resident = resident_kilobytes()
    tasks: list[asyncio.Task[None]] = []
    for opened in range(0, streams, OPENING_AT_ONCE):
        opening = arrivals[opened : opened + OPENING_AT_ONCE]
        tasks += [asyncio.create_task(client.stream(stamping(mine, module.TEXT_IS_RAW))) for mine in opening]
        while not all(opening):
            for task in tasks[opened:]:
                if task.done():
                    raise RuntimeError(f"a held stream ended early: {task.exception()!r}")
            await asyncio.sleep(0.005)
    gc.collect()
    held_kb = resident_kilobytes() - resident
    idle_cpu, idle_since = time.process_time_ns(), time.monotonic()
    await asyncio.sleep(0.5)
    idle_cpu, idle_wall = time.process_time_ns() - idle_cpu, time.monotonic() - idle_since
    start = time.monotonic()
    await release(upstream)
    await asyncio.gather(*tasks)
    finished = time.monotonic() - start
    starved = sum(len(mine) != 2 for mine in arrivals)
    await client.close()
    return {
        "streams": streams,
        "kb_per_stream": held_kb / streams,
        "idle_cpu_percent": idle_cpu / 1e7 / idle_wall,
        "released_seconds": finished,
        "starved": starved,
    }


async def release(upstream: str) -> None:
    host, port = upstream.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST /release HTTP/1.1\r\nhost: upstream\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    writer.close()


async def soak(module: Any, upstream: str, calls: int, at_once: int) -> Figures:
    """So many plain calls, with resident memory noted a hundred times on the way."""
    client = module.Client(upstream, "plain", at_once, PROMPT)
    curve: list[tuple[int, int]] = []
    started = 0
    every = max(1, calls // 100)

    async def worker() -> None:
        nonlocal started
        while started < calls:
            started += 1
            if started % every == 0:
                curve.append((started, resident_kilobytes()))
            await client.complete()

    start, cpu = time.monotonic(), time.process_time_ns()
    await asyncio.gather(*(worker() for _ in range(at_once)))
    cpu, wall = time.process_time_ns() - cpu, time.monotonic() - start
    await client.close()
    return {"calls": calls, "cpu_us": cpu / 1000 / calls, "per_second": calls / wall, "resident_kb": curve}
