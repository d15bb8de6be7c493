"""Measures the ways across: `python benches/bridge/run.py --out benches/results/<name>.json`.

In each round the ways take turns, case by case, each in a process of its own; the table shows medians over the rounds.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import re
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
WORKERS = 2

CPU_CASES = {
    "1 stream, single items": {"streams": 1, "interval_us": 2000, "burst": 1, "bursts": 800},
    "1 stream, bursts of 8": {"streams": 1, "interval_us": 4000, "burst": 8, "bursts": 400},
    "1 stream, no pause": {"streams": 1, "interval_us": 0, "burst": 1, "bursts": 50_000},
    "100 streams": {"streams": 100, "interval_us": 5000, "burst": 1, "bursts": 200},
    "400 streams": {"streams": 400, "interval_us": 10_000, "burst": 1, "bursts": 100},
}
DELAY_CASES: dict[str, dict[str, Any]] = {
    "8 streams": {"streams": 8, "interval_us": 5000, "burst": 1, "bursts": 200, "busy": False},
    "8 streams, busy": {"streams": 8, "interval_us": 5000, "burst": 1, "bursts": 200, "busy": True},
}
# Name: the way, and the runtime's workers (0: current_thread).
WAYS = {
    "future per item": ("future", WORKERS),
    "call_soon_threadsafe": ("call_soon", WORKERS),
    "eventfd": ("eventfd", WORKERS),
    "eventfd, current_thread": ("eventfd", 0),
}
# What is taken off: the same producers on the same runtime, with nobody to read.
ALONE = {WORKERS: "producers alone", 0: "producers alone, current_thread"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="write the figures of every round here")
    parser.add_argument("--report", type=Path, help="show the table of this file again, and measure nothing")
    arguments = parser.parse_args()
    if arguments.report:
        print(report(json.loads(arguments.report.read_text())))
        return
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
    build = ["cargo", "build", "--quiet", "--release", "--locked", "--manifest-path", str(HERE / "Cargo.toml")]
    subprocess.run(build, check=True, env=os.environ | {"PYO3_PYTHON": sys.executable})
    load = os.getloadavg()[0]
    rounds = [one_round(number, arguments.rounds) for number in range(1, arguments.rounds + 1)]
    result = {
        "what": "bridge",
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": machine() | {"load_before": load, "load_after": os.getloadavg()[0]},
        "versions": versions(),
        "cases": CPU_CASES | DELAY_CASES,
        "rounds": rounds,
    }
    if arguments.out:
        arguments.out.write_text(json.dumps(result, indent=1) + "\n")
    print(report(result))


def one_round(number: int, rounds: int) -> dict[str, dict[str, Any]]:
    print(f"round {number} of {rounds}", file=sys.stderr)
    figures: dict[str, dict[str, Any]] = {}
    for name, case in CPU_CASES.items():
        figures[name] = {alone: measure("nobody", workers, case) for workers, alone in ALONE.items()}
        figures[name] |= {row: measure(way, workers, case) for row, (way, workers) in WAYS.items()}
    for name, case in DELAY_CASES.items():
        figures[name] = {row: measure(way, workers, case) for row, (way, workers) in WAYS.items()}
    figures["ready"] = measure("ready", WORKERS)
    return figures


def measure(way: str, workers: int, case: dict[str, Any] | None = None) -> dict[str, Any]:
    wanted = json.dumps({"way": way, "workers": workers, "case": case})
    command = [sys.executable, str(HERE / "measure.py"), wanted]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{wanted}: {done.stderr or done.returncode}")
    return json.loads(done.stdout)


def machine() -> dict[str, Any]:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def versions() -> dict[str, str]:
    packages = re.findall(r'name = "(.+)"\nversion = "(.+)"', (HERE / "Cargo.lock").read_text())
    shown = ("pyo3", "pyo3-async-runtimes", "tokio")
    rust = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    return {"rust": rust} | {name: version for name, version in packages if name in shown}


def report(result: dict[str, Any]) -> str:
    rounds = result["rounds"]

    def middle(case: str, row: str, figure: str) -> float:
        return statistics.median(one[case][row][figure] for one in rounds)

    def crossing(case: str, row: str) -> str:
        alone = ALONE[WAYS[row][1]]
        return number(statistics.median(one[case][row]["cpu_us"] - one[case][alone]["cpu_us"] for one in rounds))

    machine, versions = result["machine"], result["versions"]
    heading = (
        f"{result['date']}  {machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}, "
        f"CPython {machine['python']}, load {machine['load_before']:.1f} to {machine['load_after']:.1f}, "
        f"{len(rounds)} rounds\n" + ", ".join(f"{name} {version}" for name, version in versions.items())
    )
    cpu = [["", *CPU_CASES]]
    cpu += [[row, *(crossing(case, row) for case in CPU_CASES)] for row in WAYS]
    cpu += [[row, *(number(middle(case, row, "cpu_us")) for case in CPU_CASES)] for row in ALONE.values()]
    wakes = [["", *CPU_CASES]]
    wakes += [[row, *(number(middle(case, row, "wake_ups_per_item")) for case in CPU_CASES)] for row in WAYS]
    figures = {
        "delay p50": "delay_p50_us",
        "p99": "delay_p99_us",
        "blocked p50": "blocked_p50_us",
        "blocked p99": "blocked_p99_us",
    }
    delays = [["", *(f"{words}{', busy' * case['busy']}" for case in DELAY_CASES.values() for words in figures)]]
    delays += [
        [row, *(number(middle(case, row, figure)) for case in DELAY_CASES for figure in figures.values())]
        for row in WAYS
    ]
    ready = [
        [words, number(statistics.median(one["ready"][figure] for one in rounds))] for words, figure in READY.items()
    ]
    return "\n\n".join(
        [
            heading,
            "CPU us per item: the process's, less that of the producers alone\n" + aligned(cpu),
            "Wake-ups per item\n" + aligned(wakes),
            "8 streams, us: from when an item was due until it is in Python, and the producer held up per wake-up;\n"
            "idle, and while a thread computes in pure Python\n" + aligned(delays),
            "CPU us per item that is ready, made in Rust\n" + aligned(ready),
        ]
    )


READY = {
    "coroutine over a list": "lists_us",
    "coroutine, asks Rust each time": "one_by_one_us",
    "done awaitable in Rust": "done_awaitable_us",
}


def number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def aligned(rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


if __name__ == "__main__":
    main()
