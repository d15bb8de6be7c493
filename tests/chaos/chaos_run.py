"""Chaos run: hundreds of calls at a time, of every kind, while their providers break in every way; then what must hold.

`make chaos` runs it by hand: `make chaos CHAOS_SECONDS=600 CHAOS_SEED=7`. The seed says which calls are made, what each
provider does to each of them, and what is done to the providers meanwhile; how these interleave is the machine's.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import chaos_clock
from chaos_calls import TOTAL, Planned, make, make_async, planned
from chaos_faults import GONE, OUTAGE, REVOKED
from chaos_invariants import (
    INVARIANTS,
    LONG_ENOUGH,
    Outage,
    Resources,
    Seen,
    Violation,
    breakers_do_their_part,
    memory_is_flat,
    nothing_leaks,
    violations,
)
from chaos_memory import Memory, memory
from chaos_world import MODEL, PROVIDERS, Provider, World

import ferrule

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaos_faults import Errors

THREADS = 24
"""Synchronous calls at a time; the asynchronous ones of a wave are all under way at once."""


PROBE_MILLISECONDS = 300
"""How long a provider takes to answer after an outage."""


@dataclass
class Report:
    """What a run came to."""

    seed: int
    waves: int = 0
    calls: int = 0
    succeeded: int = 0
    failed: int = 0
    left: int = 0
    requests: int = 0
    seconds: float = 0.0
    lag: float = 0.0
    faults: int = 0
    by_error: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    outages: list[Outage] = field(default_factory=list)
    memory: list[Memory] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)

    def table(self) -> str:
        """The run, for reading."""
        found = Counter(violation.invariant for violation in self.violations)
        judged = {"memory": len(self.memory) >= LONG_ENOUGH, "breaker": bool(self.outages)}
        some = self.memory[:: len(self.memory) // 8 + 1]
        lines = [
            f"seed {self.seed}: {self.waves} waves in {self.seconds:.0f} s",
            f"{self.calls} calls made {self.requests} requests",
            f"{self.succeeded} succeeded, {self.failed} failed, {self.left} were left by their callers",
            f"errors: {_listed(self.by_error)}",
            f"done to providers: {_listed(self.events)}",
            f"memory by waves, in use and resident: {', '.join(map(_megabytes, some))} MB",
            f"this machine was late by {self.lag:.2f} s at most",
            "",
            f"{'invariant':<22}violations",
        ]
        for name in INVARIANTS:
            said = str(found[name]) if judged.get(name, True) else "not judged: too short a run"
            lines.append(f"{name:<22}{said}")
        for name in found:
            some = [violation for violation in self.violations if violation.invariant == name]
            lines += [f"  {violation}"[:600] for violation in some[:8]]
        if self.violations:
            lines.append(f"again: make chaos CHAOS_SEED={self.seed} CHAOS_FLAGS='--waves {self.waves}'")
        return "\n".join(lines)

    def to_json(self) -> str:
        """The run as JSON."""
        counts = {"by_error": dict(self.by_error), "events": dict(self.events)}
        fields = asdict(replace(self, **counts)) | {"is_right": not self.violations}
        return json.dumps(fields, indent=2)


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common()) or "none"


def _megabytes(one: Memory) -> str:
    return f"{'?' if one.heap is None else f'{one.heap:.1f}'}/{one.resident:.0f}"


class Heartbeat:
    """How late this machine is: a thread that wants to run every 10 ms."""

    def __init__(self) -> None:
        self.worst = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self._thread.start()

    def _beat(self) -> None:
        last = time.monotonic()
        while not self._stop.wait(0.01):
            now = time.monotonic()
            self.worst = max(self.worst, now - last - 0.01)
            last = now

    def take(self) -> float:
        """The worst since the last time."""
        worst, self.worst = self.worst, 0.0
        return worst

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()


class Storm:
    """What is done to the providers during a wave: `steps` in the order of the calls that have ended."""

    def __init__(self, world: World, clients: Clients, draw: random.Random, calls: int) -> None:
        self.world, self.clients, self.draw = world, clients, draw
        self.names: list[str] = []
        self.disturbed: dict[str, Errors] = {}
        self.steps: list[tuple[int, Callable[[], None]]] = []
        victims = draw.sample(PROVIDERS, 3)
        for victim in victims[: draw.randrange(1, 4)]:
            begins, ends = sorted(draw.sample(range(calls), 2))
            self._plan(world.providers[victim], begins, ends)
        if draw.random() < 0.5:
            self.steps.append((draw.randrange(calls), self._reload))
        if chaos_clock.can_jump():
            self.steps += [(draw.randrange(calls), self._jump) for _ in range(3)]
        self.steps.sort(key=lambda step: step[0])

    def _plan(self, victim: Provider, begins: int, ends: int) -> None:
        def down() -> None:
            victim.is_down = True
            victim.write()

        def revoke() -> None:
            victim.revoked = True
            victim.write()

        def operator() -> None:
            self.clients.breaker(f"{victim.name}/{MODEL}", opens=True)

        what, does, errors = self.draw.choice(
            [
                ("outage", down, OUTAGE),
                ("stopped and restarted", victim.stop, GONE),
                ("connections refused", victim.refuse, GONE),
                ("connections reset", lambda: victim.reset_connections(10), GONE),
                ("key revoked", revoke, REVOKED),
                ("switched off by the operator", operator, (ferrule.ConfigError,)),
            ]
        )

        def recover() -> None:
            victim.recover()
            self.clients.breaker(f"{victim.name}/{MODEL}", opens=False)

        self.disturbed[victim.name] = (*self.disturbed.get(victim.name, ()), *errors)
        self.steps += [(begins, does), (ends, recover)]
        self.names.append(what)

    def _jump(self) -> None:
        self.names.append("the clock jumped")
        chaos_clock.jump(wall=self.draw.choice((86_400, 3600, 61, 0, -61, -3600, -86_400)))

    def _reload(self) -> None:
        self.names.append("configuration changed")
        self.clients.reconfigure(self.draw)

    def run(self, ended: Callable[[], int], is_over: threading.Event) -> None:
        """Takes each step when so many calls have ended, and the rest at the end."""
        for due, step in self.steps:
            while ended() < due and not is_over.wait(0.002):
                pass
            step()


class Clients:
    """A synchronous client, and an asynchronous one on a loop in a thread of its own."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sync = ferrule.Client(**world.settings())
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.asynchronous = self.on_loop(self._made(world.settings()))

    @staticmethod
    async def _made(settings: dict[str, Any]) -> ferrule.AsyncClient:
        return ferrule.AsyncClient(**settings)

    def on_loop(self, made: Any, timeout: float = 120) -> Any:
        return asyncio.run_coroutine_threadsafe(made, self.loop).result(timeout)

    def breaker(self, target: str, *, opens: bool) -> None:
        for client in (self.sync, self.asynchronous):
            breaker = client.breaker(target)
            breaker.open() if opens else breaker.reset()

    def reconfigure(self, draw: random.Random) -> None:
        """Changes the configuration under way: the order and the strategy of the group, or one provider's settings."""
        settings = self.world.settings()
        group, name = settings["groups"]["all"], draw.choice(PROVIDERS)
        strategy = draw.choice(("round_robin", "sequential", "least_busy", "lowest_latency", "weighted_random"))
        targets = draw.sample(group["targets"], len(group["targets"]))
        for client in (self.sync, self.asynchronous):
            client.registry.groups.replace("all", {"targets": targets, "strategy": strategy})
            client.registry.providers.replace(name, settings["providers"][name] | {"headers": {"x-changed": "yes"}})
        self.sync.reload()
        self.on_loop(self.asynchronous.reload())

    def in_flight(self) -> dict[str, int]:
        statuses = [self.sync.status(), self.on_loop(self.asynchronous.status())]
        return {
            f"{target.name} ({number})": target.in_flight
            for number, status in enumerate(statuses)
            for target in status.targets
        }

    def tasks(self) -> int:
        async def count() -> int:
            return len(asyncio.all_tasks()) - 1

        return int(self.on_loop(count()))

    def take_ledger(self) -> dict[str, ferrule.UsageTotals]:
        ledger = {}
        for client in (self.sync, self.asynchronous):
            ledger.update({str(nonce): row for nonce, row in client.usage().by_metadata("nonce").items()})
            client.usage().reset()
        return ledger

    def close(self) -> None:
        self.sync.close()
        self.on_loop(self.asynchronous.aclose())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


class Run:
    """A chaos run."""

    def __init__(self, seed: int, calls: int) -> None:
        self.report = Report(seed)
        self.calls = calls
        self.world = World(seed)
        self.clients = Clients(self.world)
        self.pool = ThreadPoolExecutor(THREADS)
        self.heartbeat = Heartbeat()

    def wave(self) -> Seen:
        """Makes the calls of a wave while its storm rages, and waits until all have ended."""
        number = self.report.waves
        draw = random.Random(f"{self.report.seed}-{number}")
        calls = planned(self.report.seed, number, self.calls, draw)
        storm = Storm(self.world, self.clients, draw, len(calls))
        seen, is_over = Seen([], len(calls), {}, {}, storm.disturbed), threading.Event()
        raging = threading.Thread(target=storm.run, args=(lambda: len(seen.calls), is_over))
        self.heartbeat.take()
        raging.start()
        try:
            ends = [self.pool.submit(make, self.clients.sync, call) for call in calls if not call.asynchronous]
            ends.append(self.pool.submit(self._all_async, calls, seen))  # type: ignore[arg-type]
            for end in ends:
                end.add_done_callback(lambda end: seen.calls.append(end.result()) if end.result() else None)
            for end in ends:
                end.result(timeout=TOTAL * len(calls))
        finally:
            is_over.set()
            raging.join()
            self.world.recover()
        self._settle(seen)
        self._note(seen, storm)
        return seen

    def _all_async(self, calls: list[Planned], seen: Seen) -> None:
        """The asynchronous calls of a wave, all at once."""

        async def one(call: Planned) -> None:
            seen.calls.append(await make_async(self.clients.asynchronous, call))

        async def together() -> None:
            await asyncio.gather(*(one(call) for call in calls if call.asynchronous))

        self.clients.on_loop(together(), timeout=TOTAL * len(calls))

    def _settle(self, seen: Seen) -> None:
        seen.requests = self.world.take_requests()
        # A call that was left is ended by the runtime's thread, a moment later.
        until = time.monotonic() + 10
        while any((seen_flight := self.clients.in_flight()).values()) and time.monotonic() < until:
            time.sleep(0.01)
        seen.in_flight = seen_flight
        seen.tasks = self.clients.tasks()
        seen.ledger = self.clients.take_ledger()
        seen.lag = self.heartbeat.take()

    def _note(self, seen: Seen, storm: Storm) -> None:
        report = self.report
        report.waves += 1
        report.calls += len(seen.calls)
        report.succeeded += sum(one.reply is not None for one in seen.calls)
        report.left += sum(one.left for one in seen.calls)
        report.failed += sum(one.error is not None for one in seen.calls)
        report.requests += sum(map(len, seen.requests.values()))
        report.by_error.update(type(one.error).__name__ for one in seen.calls if one.error is not None)
        report.events.update(storm.names)
        report.lag = max(report.lag, seen.lag)
        report.memory.append(memory())
        report.violations += violations(seen)

    def outage(self) -> Outage:
        """Takes the first target of a group down, until its breaker has opened and probed; then lets it recover."""
        victim, concurrency = self.world.providers[PROVIDERS[0]], 8
        client, target = self.clients.sync, f"{PROVIDERS[0]}/{MODEL}"
        client.breaker("outage").reset()
        victim.is_down = True
        victim.write()
        served = calls = 0
        opened, began = False, time.monotonic()
        # Long enough for several probes.
        while time.monotonic() - began < 1.5:
            replies = [self.pool.submit(self._fine, client) for _ in range(concurrency)]
            providers = [reply.result().provider for reply in replies]
            served += sum(provider not in (None, victim.name) for provider in providers)
            calls += concurrency
            status = client.status().target(target)
            opened |= status is not None and status.breaker in ("open", "half_open")
        lasted = time.monotonic() - began
        asked = len(victim.take_requests())
        # Slow to answer, so that what is asked beside the probe shows.
        victim.is_down = False
        victim.answer_after(PROBE_MILLISECONDS)
        is_back, until = False, time.monotonic() + 60
        while not is_back and time.monotonic() < until:
            replies = [self.pool.submit(self._fine, client) for _ in range(concurrency)]
            is_back = victim.name in [reply.result().provider for reply in replies]
            time.sleep(0.01)
        times = [request.time for request in victim.take_requests()]
        probes = sum(at < min(times, default=0) + PROBE_MILLISECONDS / 1000 for at in times)
        victim.recover()
        status = client.status().target(target)
        closed = status is not None and status.breaker == "closed"
        self.world.take_requests()
        self.clients.take_ledger()
        outage = Outage(lasted, concurrency, 5, 0.2 * 0.8, asked, served, calls, opened, probes, is_back, closed)
        self.report.outages.append(outage)
        self.report.violations += breakers_do_their_part(outage)
        return outage

    @staticmethod
    def _fine(client: ferrule.Client) -> ferrule.Reply:
        call = Planned("n0", "text", "outage", dict.fromkeys(PROVIDERS, "fine"), 0, False, False)
        return client.complete("outage", call.messages(), max_tokens=500)

    def close(self) -> int:
        """Ends everything, and says how many connections the simulators then still have."""
        self.heartbeat.stop()
        self.pool.shutdown()
        self.clients.close()
        until = time.monotonic() + 10
        while (left := self.world.open_connections()) and time.monotonic() < until:
            time.sleep(0.01)
        self.world.__exit__(None, None, None)
        return left


def resources(connections: int = 0) -> Resources:
    """What this process has open, when that has settled."""
    gc.collect()
    return Resources(descriptors(), len(os.listdir("/proc/self/task")), connections)


def descriptors() -> tuple[str, ...]:
    """What the open descriptors lead to."""
    found = []
    for number in os.listdir("/proc/self/fd"):
        # The listing's own is closed again.
        with contextlib.suppress(OSError):
            found.append(os.readlink(f"/proc/self/fd/{number}"))
    return tuple(sorted(found))


def warm_up(seed: int) -> None:
    """Starts what stays for the life of a process: the runtime, lazy modules."""
    run = Run(seed, 10)
    run.wave()
    run.close()


def chaos(seed: int, seconds: float, waves: int | None = None, calls: int = 150) -> tuple[Report, list[Seen]]:
    """Runs waves of calls, with an outage now and then, until the time is over or so many were run.

    Returns:
        What it came to, and the last wave as it was seen.
    """
    warm_up(seed)
    before, began = resources(), time.monotonic()
    run = Run(seed, calls)
    last: list[Seen] = []
    while run.report.waves < waves if waves is not None else time.monotonic() - began < seconds:
        last = [run.wave()]
        if run.report.waves % 5 == 1:
            run.outage()
    left, report = run.close(), run.report
    # What watches a loop for the asynchronous client lives as long as the loop does.
    del run
    until = time.monotonic() + 20
    # Threads and descriptors of what was stopped are gone a moment later.
    while list(nothing_leaks(before, after := resources(left))) and time.monotonic() < until:
        time.sleep(0.05)
    report.violations += [*nothing_leaks(before, after), *memory_is_flat(report.memory)]
    report.seconds = time.monotonic() - began
    return report, last


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1, help="which calls and faults; default 1")
    parser.add_argument("--seconds", type=float, default=60, help="how long waves are begun; default 60")
    parser.add_argument("--waves", type=int, help="this number of waves instead")
    parser.add_argument("--calls", type=int, default=150, help="calls of a wave; default 150")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    arguments = parser.parse_args()
    if chaos_clock.IS_POSSIBLE and not chaos_clock.can_jump():
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, *sys.argv]
            return subprocess.run(command, env=chaos_clock.environment(Path(folder)), check=False).returncode
    report, _ = chaos(arguments.seed, arguments.seconds, arguments.waves, arguments.calls)
    print(report.to_json() if arguments.json else report.table())
    return 1 if report.violations else 0


if __name__ == "__main__":
    sys.exit(main())
