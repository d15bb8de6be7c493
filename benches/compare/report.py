"""Writes a result file as plain-text tables: `python benches/compare/report.py benches/results/<file>.json`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import targets
from summary import Summary

if TYPE_CHECKING:
    from collections.abc import Callable

LATENCIES = [
    ("streams-8 p50", "streams-8", "jitter_p50_us"),
    ("p99", "streams-8", "jitter_p99_us"),
    ("streams-64 p50", "streams-64", "jitter_p50_us"),
    ("p99", "streams-64", "jitter_p99_us"),
    ("busy p50", "streams-8-busy", "jitter_p50_us"),
    ("p99", "streams-8-busy", "jitter_p99_us"),
    ("stamped p99", "streams-8-busy", "stamped_p99_us"),
    ("on 2 cores p99", "streams-8-busy-2-cores", "jitter_p99_us"),
    ("stamped p99", "streams-8-busy-2-cores", "stamped_p99_us"),
    ("first token p50", "first-token", "first_token_p50_us"),
    ("p99", "first-token", "first_token_p99_us"),
]


def text(result: dict[str, Any]) -> str:
    summary = Summary(result)
    sections = [heading(result)]
    if result["what"] == "soak":
        sections.append(soak(summary))
    elif result["rounds"]:
        sections += timed(summary)
    if result.get("footprint"):
        sections.append(memory(summary))
    if result.get("open_streams"):
        sections.append(open_streams(summary))
    sections.append("Targets\n" + aligned(targets.table(result)))
    left_out = [f"{client}: {reason}" for client, reason in result["skipped"].items()] + summary.failures()
    if left_out:
        sections.append("Not measured\n" + "\n".join(left_out))
    return "\n\n".join(sections)


def heading(result: dict[str, Any]) -> str:
    machine = result["machine"]
    packages = {client.partition("-")[0].partition("+")[0]: result["versions"][client] for client in result["versions"]}
    shown = [f"{name} {installed[name]}" for name, installed in packages.items() if name in installed]
    versions = "\n" + ", ".join(shown) if shown else ""
    # The measured pair itself keeps both its cores busy at most.
    crowded = max(machine["load_before"], machine["load_after"] - 2) > 0.7
    warning = (
        "\nOther programs were running: latencies and the paced cases are theirs as much as the clients'." * crowded
    )
    return (
        f"{result['date']}  {machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}, "
        f"CPython {machine['python']} ({machine['interpreter']}), "
        f"load {machine['load_before']:.1f} to {machine['load_after']:.1f}{versions}{warning}"
    )


def timed(summary: Summary) -> list[str]:
    rounds = summary.result["rounds"]
    clients = list(next(iter(rounds[0].values())))
    cases = [case for case in rounds[0] if any(summary.middle(case, client) is not None for client in clients)]
    words = f"Client CPU per call or chunk, microseconds: median of {len(rounds)} rounds, +- half the range in percent"
    sections = [f"{words}\n{matrix(clients, cases, lambda client, case: with_spread(summary, case, client))}"]
    comparisons: list[tuple[str, str, Callable[[str, str], float | None]]] = [
        ("floor", "So many times the floor", lambda client, case: summary.ratio(case, client, "floor")),
        ("ferrule", "So many times Ferrule", lambda client, case: summary.ratio(case, client, "ferrule")),
        ("openai", "So many times below openai", lambda client, case: summary.ratio(case, "openai", client)),
        ("litellm", "So many times below litellm", lambda client, case: summary.ratio(case, "litellm", client)),
    ]
    for base, words, ratio in comparisons:
        if cases and base in clients and len(clients) > 1:
            rows = matrix(clients, cases, lambda client, case, ratio=ratio: number(ratio(client, case)))
            sections.append(f"{words}\n{rows}")
    latencies = [row for row in LATENCIES if row[1] in rounds[0]]
    if latencies:
        rows = [["client", *(title for title, _, _ in latencies)]]
        rows += [
            [client, *(number(summary.middle(case, client, figure)) for _, case, figure in latencies)]
            for client in clients
        ]
        sections.append(
            "Delay from the upstream's write to the program, and time to first token, microseconds\n" + aligned(rows)
        )
    return sections if cases else sections[1:]


def memory(summary: Summary) -> str:
    rows = [["client", "import, ms of CPU", "resident after the first call, MB", "above the floor, MB"]]
    for client in summary.result["footprint"]:
        resident = summary.footprint(client, "resident_kb")
        rows.append(
            [
                client,
                number(summary.footprint(client, "import_ms")),
                number(resident / 1024 if resident else None),
                number(summary.megabytes_above_floor(client)),
            ]
        )
    return "Import and memory\n" + aligned(rows)


def open_streams(summary: Summary) -> str:
    figures = ("streams", "kb_per_stream", "idle_cpu_percent", "released_seconds", "starved")
    rows = [["client", "streams", "KB each", "idle CPU %", "all ended after, s", "starved"]]
    rows += [
        [client, *(number(summary.open_streams(client, figure)) for figure in figures)]
        for client in summary.result["open_streams"]
    ]
    return "Open, silent streams\n" + aligned(rows)


def soak(summary: Summary) -> str:
    rows = [["client", "calls", "CPU us", "calls/s", "MB at 0 %", "25 %", "50 %", "75 %", "100 %", "growth after 25 %"]]
    for client, figures in summary.result["soak"].items():
        curve = [kilobytes / 1024 for _, kilobytes in figures.get("resident_kb", [])]
        points = [curve[round(part * (len(curve) - 1))] for part in (0, 0.25, 0.5, 0.75, 1)] if curve else [None] * 5
        growth = summary.growth(client)
        rows.append(
            [
                client,
                *(number(figures.get(figure)) for figure in ("calls", "cpu_us", "per_second")),
                *(number(point) for point in points),
                "-" if growth is None else f"{growth:.1f} %",
            ]
        )
    return "Resident memory over many calls, 64 at once\n" + aligned(rows)


def with_spread(summary: Summary, case: str, client: str) -> str:
    spread = summary.spread_percent(case, client)
    return number(summary.middle(case, client)) + ("" if spread is None else f" +-{spread:.0f}%")


def matrix(clients: list[str], cases: list[str], cell: Callable[[str, str], str]) -> str:
    return aligned([["client", *cases], *([client, *(cell(client, case) for case in cases)] for client in clients)])


def number(value: float | None) -> str:
    """Three significant digits, without an exponent."""
    if value is None:
        return "-"
    if value == 0 or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def aligned(rows: list[list[str]]) -> str:
    """The first column to the left, the others to the right; a table of words keeps its words to the left."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if column == 0 or rows[0][column] == "wanted" else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=False))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


if __name__ == "__main__":
    print(text(json.loads(Path(sys.argv[1]).read_text())))
