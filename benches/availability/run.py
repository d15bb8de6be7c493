"""Availability under outages: success, added latency and upstream requests, for Ferrule, litellm's Router and openai.

    make availability                                       everything, and docs/availability.md anew
    python benches/availability/run.py --calls 500          shorter, printed only

Three simulated providers answer alike; the first one fails in each of four ways. litellm and openai are installed into
environments of their own, as by `benches/compare`; Ferrule is the one that runs this program.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import page
from measured import Measured, Outcome

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "compare"))
from environments import UnavailableError, python_of, versions

import ferrule
from ferrule.testing import Simulator, rule

if TYPE_CHECKING:
    from types import TracebackType

    from ferrule.typing_compat import Self

HERE = Path(__file__).resolve().parent
TEXT = " ".join(f"word{number}" for number in range(60))
HEALTHY: dict[str, Any] = {"text": TEXT, "first_token_ms": 20, "tokens_per_second": 3000, "chunk_tokens": 5}
AT_ONCE = 16

# What the first provider does.
SCENARIOS: dict[str, list[Any]] = {
    "healthy": [],
    "down": [rule(fault={"status": {"status": 503}})],
    "30 % fail": [rule(fault={"status": {"status": 500}}, rate=0.3)],
    "slow": [rule({**HEALTHY, "first_token_ms": 3000})],  # type: ignore[typeddict-item]
    "cut": [rule(HEALTHY, fault={"reset": {"at": "mid_event", "after_chunks": 8}})],  # type: ignore[arg-type]
}


@dataclass(frozen=True)
class Subject:
    """A client with a strategy."""

    client: str
    strategy: str

    @property
    def name(self) -> str:
        return {"ferrule": "Ferrule", "litellm": "litellm Router", "openai": "openai"}[self.client]


SUBJECTS = [
    Subject("ferrule", "sequential"),
    Subject("ferrule", "round_robin"),
    Subject("ferrule", "least_busy"),
    Subject("ferrule", "lowest_latency"),
    Subject("litellm", "simple-shuffle"),
    Subject("litellm", "least-busy"),
    Subject("litellm", "latency-based-routing"),
    Subject("openai", "two retries"),
]
# With options of the call, where this version has them.
ROUTED = [
    Subject("ferrule", "sequential+first_token"),
    Subject("ferrule", "sequential+hedge"),
    Subject("ferrule", "sequential+continue"),
]


class Child:
    """A client's process."""

    def __init__(self, python: Path) -> None:
        environment = os.environ | {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "NO_PROXY": "127.0.0.1"}
        self._process = subprocess.Popen(
            [python, HERE / "child.py"],
            cwd=HERE,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def open(self, subject: Subject, simulators: list[Simulator]) -> None:
        """Makes a client of the three, in place of the one before."""
        urls = [simulator.openai_base_url for simulator in simulators]
        self.order(do="open", client=subject.client, strategy=subject.strategy, urls=urls)

    def order(self, **order: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise UnavailableError(f"the client's process ended with {self._process.wait()}")
        return json.loads(answer)

    def measure(self, calls: int, *, streams_only: bool) -> Outcome:
        order = {"calls": calls, "at_once": AT_ONCE, "streams_only": streams_only, "expected": TEXT}
        return Outcome([(seconds, end) for seconds, end in self.order(do="measure", **order)["calls"]])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()


def measured(child: Child, subject: Subject, scenario: str, calls: int) -> Measured:
    """One client with one strategy in one scenario."""
    with ExitStack() as stack:
        simulators = [stack.enter_context(Simulator(seed=1, record_limit=100_000)) for _ in range(3)]
        first = simulators[0]
        for simulator in simulators:
            simulator.set_script([rule(HEALTHY)])  # type: ignore[arg-type]
        child.open(subject, simulators)
        streams_only = scenario == "cut"
        # Connections and lazy imports.
        child.measure(AT_ONCE * 2, streams_only=streams_only)
        first.set_script([*SCENARIOS[scenario], rule(HEALTHY)])  # type: ignore[arg-type]
        _forget(simulators)
        opening = child.measure(max(calls // 10, 50), streams_only=streams_only)
        opening_requests = _requests(simulators)
        _forget(simulators)
        # By now whatever leaves a failing provider alone has learnt of it.
        outcome = child.measure(calls, streams_only=streams_only)
        requests = _requests(simulators)
        herd = back = None
        if scenario == "down":
            herd, back = _recover(child, first)
        child.order(do="close")
        return Measured(
            subject.name,
            subject.strategy,
            scenario,
            opening=opening,
            opening_requests=opening_requests,
            outcome=outcome,
            requests=requests,
            herd=herd,
            back=back,
        )


def _forget(simulators: list[Simulator]) -> None:
    for simulator in simulators:
        simulator.wait_for_answers(60)
        simulator.clear()


def _requests(simulators: list[Simulator]) -> int:
    return sum(len(simulator.requests) for simulator in simulators)


def _recover(child: Child, first: Simulator) -> tuple[int | None, float | None]:
    """Lets the first provider recover: how many requests it then gets before its first answer, and after how long."""
    first.set_script([rule(HEALTHY)])  # type: ignore[arg-type]
    first.clear()
    began = time.monotonic()
    while time.monotonic() - began < 60:
        child.measure(AT_ONCE * 4, streams_only=True)
        times = [request.time for request in first.requests]
        if times:
            # A healthy first token takes 20 ms: what comes before it did not know of it.
            herd = sum(at < times[0] + 0.02 for at in times)
            return herd, time.monotonic() - began
    return None, None


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--calls", type=int, default=2000, help="calls of each measurement; default 2000")
    parser.add_argument("--only", help="only clients and strategies with this in their names")
    parser.add_argument("--scenarios", help="comma-separated; default all")
    parser.add_argument("--write", action="store_true", help="write docs/availability.md and its chart")
    parser.add_argument("--output", type=Path, help="where to put the figures as JSON")
    parser.add_argument("--from", dest="source", type=Path, help="make the page of an earlier result again")
    options = parser.parse_args()
    result = json.loads(options.source.read_text()) if options.source else run(options)
    if options.output:
        options.output.write_text(json.dumps(result, indent=1) + "\n")
    if options.write:
        page.write(result)
    print(page.table(result))


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measures everything that is asked for."""
    scenarios = options.scenarios.split(",") if options.scenarios else list(SCENARIOS)
    subjects = [*SUBJECTS, *(ROUTED if hasattr(ferrule, "Routing") else [])]
    chosen = [one for one in subjects if not options.only or options.only in f"{one.client} {one.strategy}"]
    rows: list[dict[str, Any]] = []
    packages = {"ferrule": ferrule.__version__}
    for client in dict.fromkeys(subject.client for subject in chosen):
        try:
            python = Path(sys.executable)
            if client != "ferrule":
                python = python_of(client, sys.executable, {})
                packages[client] = versions(python)[client]
        except UnavailableError as error:
            print(f"{client} is left out: {error}", file=sys.stderr)
            continue
        with Child(python) as child:
            for subject in (one for one in chosen if one.client == client):
                for scenario in ["healthy", *(name for name in scenarios if name != "healthy")]:
                    row = measured(child, subject, scenario, options.calls)
                    print(f"{row.name:15} {row.strategy:24} {scenario:10} {row.summary()}", file=sys.stderr)
                    rows.append({**row.to_dict(), "load": os.getloadavg()[0]})
    return {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "machine": (
            f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
        ),
        "packages": packages,
        "calls": options.calls,
        "rows": rows,
    }


if __name__ == "__main__":
    main()
