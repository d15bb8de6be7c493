"""Benchmark of Ferrule and its peers against one scripted upstream; `../README.md` says how to read the outcome.

python benches/compare/run.py [--quick] [--clients floor,openai] [--cases burst] [--python /usr/bin/python3]
python benches/compare/run.py soak [--clients ferrule] [--calls 200000]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import report
from cases import CASES
from catalogue import BEFORE, CATALOGUE, Entry
from environments import ROOT, UnavailableError, newest_wheel, python_of, versions
from processes import CLIENT_CORE, ENVIRONMENT, Measured, Upstream, pinned

MEMORY_CASES = ("footprint", "open-streams")
# A peer that needs a hundred kilobytes for a stream shows that with a thousand of them.
# litellm did not get beyond some hundreds at once.
OPEN_STREAMS = {"floor": 10_000, "ferrule": 10_000, BEFORE: 10_000, "litellm": 300}
OPEN_STREAMS_OF_OTHERS = 1_000
STREAMS_AT_HAND = ("floor", "ferrule", BEFORE, "aiohttp", "anthropic", "openai", "litellm")


def main() -> None:
    options = arguments()
    pythons, skipped = installed(options)
    if not pythons:
        raise SystemExit("no client is left to measure")
    result: dict[str, Any] = {
        "what": options.what,
        "date": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "machine": machine(next(iter(pythons.values()))),
        "versions": {name: versions(python) for name, python in pythons.items()},
        "skipped": skipped,
        "wheel": wheel_size(options.wheel or newest_wheel()),
    }
    entries = [CATALOGUE[name] for name in pythons]
    with Upstream() as upstream:
        if options.what == "soak":
            result["soak"] = soak(entries, pythons, upstream.url, options)
        else:
            result |= measure(entries, pythons, upstream.url, options)
    result["machine"]["load_after"] = os.getloadavg()[0]
    options.output.mkdir(parents=True, exist_ok=True)
    kind = "soak-" if options.what == "soak" else ""
    file = options.output / f"{kind}{time.strftime('%Y-%m-%d')}-{result['machine']['name']}{options.tag}.json"
    file.write_text(json.dumps(result, indent=1) + "\n")
    print(report.text(result))
    print(f"\nwritten to {file}")


def installed(options: argparse.Namespace) -> tuple[dict[str, Path], dict[str, str]]:
    """The interpreter of each client that can be measured, and why the others cannot."""
    wheel = options.wheel or newest_wheel()
    wheels = {entry.environment: wheel for entry in CATALOGUE.values() if entry.has_wheel}
    wheels[BEFORE] = options.before
    pythons: dict[str, Path] = {}
    skipped: dict[str, str] = {}
    for name in options.clients:
        try:
            pythons[name] = python_of(CATALOGUE[name].environment, options.python, wheels)
        except UnavailableError as reason:  # noqa: PERF203 - installing takes longer than trying
            skipped[name] = str(reason)
            say(f"{name}: skipped: {reason}")
    return pythons, skipped


def measure(entries: list[Entry], pythons: dict[str, Path], upstream: str, options: argparse.Namespace) -> Any:
    """All rounds. Within a round the clients take turns case by case, so that what drifts, drifts for all."""
    seconds = 0.3 if options.quick else 1.5
    # A stream's opening is to weigh little compared with its chunks.
    paced_seconds = 1.0 if options.quick else 2.0
    rounds: list[dict[str, dict[str, Any]]] = []
    timed = [case for case in CASES if case in options.cases]
    for number in range(options.rounds if timed else 0):
        with ExitStack() as stack:
            processes = {entry.name: stack.enter_context(Measured(pythons[entry.name])) for entry in entries}
            figures: dict[str, dict[str, Any]] = {}
            for case in timed:
                say(f"round {number + 1} of {options.rounds}: {case}")
                figures[case] = {}
                for entry in entries:
                    order = {
                        "do": case,
                        "module": entry.module,
                        "upstream": upstream,
                        "seconds": paced_seconds if case.startswith("streams") else seconds,
                    }
                    figures[case][entry.name] = processes[entry.name].order(order)
            rounds.append(figures)
    result: dict[str, Any] = {
        "settings": {"rounds": options.rounds, "seconds": seconds, "paced_seconds": paced_seconds},
        "rounds": rounds,
    }
    if "footprint" in options.cases:
        say("import and resident memory")
        result["footprint"] = {entry.name: footprint(entry, pythons[entry.name], upstream) for entry in entries}
    if "open-streams" in options.cases:
        say("open streams")
        result["open_streams"] = {
            entry.name: open_streams(entry, pythons[entry.name], upstream)
            for entry in entries
            if entry.name in STREAMS_AT_HAND
        }
    return result


def footprint(entry: Entry, python: Path, upstream: str, repeats: int = 2) -> dict[str, Any]:
    """Memory after the first call, and CPU time of the import in a bare interpreter (the best, compiled and cached)."""
    with Measured(python) as process:
        answer = process.order({"do": "first-call", "module": entry.module, "upstream": upstream})
    if entry.library:
        program = (
            f"import time; start = time.process_time(); import {entry.library}; print(time.process_time() - start)"
        )
        command = pinned(CLIENT_CORE, [str(python), "-c", program])
        seconds = [
            float(subprocess.check_output(command, text=True, env=ENVIRONMENT).split()[-1]) for _ in range(repeats)
        ]
        answer["import_ms"] = min(seconds) * 1000
    return answer


def open_streams(entry: Entry, python: Path, upstream: str) -> dict[str, Any]:
    streams = OPEN_STREAMS.get(entry.name, OPEN_STREAMS_OF_OTHERS)
    order = {"do": "open-streams", "module": entry.module, "upstream": upstream, "streams": streams}
    with Measured(python) as process:
        return process.order(order)


def soak(entries: list[Entry], pythons: dict[str, Path], upstream: str, options: argparse.Namespace) -> Any:
    answers = {}
    for entry in entries:
        say(f"soak: {options.calls} calls with {entry.name}")
        order = {"do": "soak", "module": entry.module, "upstream": upstream, "calls": options.calls, "at_once": 64}
        with Measured(pythons[entry.name]) as process:
            answers[entry.name] = process.order(order, patience=3600)
    return answers


def machine(python: Path) -> dict[str, Any]:
    model = re.search(r"^model name\s*:\s*(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    version = subprocess.check_output(
        [python, "-c", "import platform; print(platform.python_version())"], text=True
    ).strip()
    return {
        "name": platform.node() or "unnamed",
        "cpu": model.group(1) if model else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "python": version,
        "interpreter": str(python.resolve()),
        "load_before": os.getloadavg()[0],
    }


def wheel_size(wheel: Path | None) -> dict[str, Any] | None:
    return {"file": wheel.name, "bytes": wheel.stat().st_size} if wheel else None


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    def listed(known: list[str]) -> Any:
        def parse(text: str) -> list[str]:
            names = text.split(",")
            if unknown := [name for name in names if name not in known]:
                raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not among {', '.join(known)}")
            return names

        return parse

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=["measure", "soak"], default="measure")
    parser.add_argument("--quick", action="store_true", help="short windows: about five minutes for everything")
    parser.add_argument("--rounds", type=int, default=3, help="how often each case is measured (default 3)")
    parser.add_argument(
        "--clients", type=listed(list(CATALOGUE)), help="comma-separated; default all, for soak ferrule"
    )
    parser.add_argument("--cases", type=listed([*CASES, *MEMORY_CASES]), default=[*CASES, *MEMORY_CASES])
    parser.add_argument("--python", default=sys.executable, help="the interpreter the clients run on")
    parser.add_argument("--wheel", type=Path, help="the wheel to measure (default: the newest in dist/)")
    parser.add_argument("--before", type=Path, help=f"an older wheel to measure as well, as the client {BEFORE}")
    parser.add_argument("--calls", type=int, default=200_000, help="how many calls a soak makes")
    parser.add_argument("--output", type=Path, default=ROOT / "benches" / "results")
    options = parser.parse_args()
    everybody = [name for name in CATALOGUE if name != BEFORE]
    options.clients = options.clients or (["ferrule"] if options.what == "soak" else everybody)
    if options.before and BEFORE not in options.clients:
        options.clients.append(BEFORE)
    options.tag = "" if options.python == sys.executable else "-" + Path(options.python).name
    return options


if __name__ == "__main__":
    main()
