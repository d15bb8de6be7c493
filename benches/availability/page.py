"""Page and chart of an availability run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

DOCS = Path(__file__).resolve().parents[2] / "docs"
SCENARIOS = ("down", "30 % fail", "slow", "cut")
QUIET = 4.0
"""The load average above which latencies are not shown."""
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"

BAR, GAP, LABEL, LENGTH, VALUE, TITLE = 14, 4, 290, 150, 80, 34
WIDTH = LABEL + LENGTH + VALUE
OURS, OTHERS = "#c2410c", "#64748b"


def found(result: dict[str, Any], subject: tuple[str, str], scenario: str) -> dict[str, Any] | None:
    """The row of a client and strategy in a scenario."""
    rows = (row for row in result["rows"] if (row["client"], row["strategy"]) == subject)
    return next((row for row in rows if row["scenario"] == scenario), None)


def subjects(result: dict[str, Any]) -> list[tuple[str, str]]:
    """Clients with their strategies, in order."""
    return list(dict.fromkeys((row["client"], row["strategy"]) for row in result["rows"]))


def named(subject: tuple[str, str]) -> str:
    """A client with its strategy, for reading."""
    strategy, _, option = subject[1].partition("+")
    options = {"first_token": "`first_token=1`", "hedge": "`hedge=True`", "continue": "`continue_streams=True`"}
    return f"{subject[0]}, {strategy}" + (f", {options[option]}" if option else "")


def percent(share: float) -> str:
    """Four digits, and never more than there is: 99.996 % is not 100."""
    text = f"{share * 100:.2f}"
    return "100" if share == 1 else "99.99" if text == "100.00" else text


def is_quiet(row: dict[str, Any]) -> bool:
    """Whether little else ran on the machine: else latencies say how long calls waited for a processor."""
    return row["load"] < QUIET


def _added(row: dict[str, Any], healthy: dict[str, Any]) -> tuple[str, str]:
    if not (is_quiet(row) and is_quiet(healthy)):
        return "-", "-"
    p50, p99 = (str(round(row[figure] - healthy[figure])) for figure in ("p50_ms", "p99_ms"))
    return p50, p99


def table(result: dict[str, Any]) -> str:
    """A table for each scenario."""
    parts = []
    titles = {
        "down": "The first provider answers 503",
        "30 % fail": "The first provider answers 500 to 30 % of requests",
        "slow": "The first provider's first token takes 3 s",
        "cut": "The first provider's streams are cut after 40 of 60 tokens (streams only)",
    }
    for scenario in SCENARIOS:
        rows = [(subject, found(result, subject, scenario)) for subject in subjects(result)]
        if not any(row for _, row in rows):
            continue
        more = " | herd | back" if scenario == "down" else ""
        heads = (
            "client, strategy | success % | cut, shown as success % | added p50 ms | added p99 ms | requests per call"
        )
        lines = [
            f"### {titles[scenario]}",
            "",
            f"| {heads}{more} |",
            "|---|---|---|---|---|---|" + ("---|---|" if more else ""),
        ]
        for subject, row in rows:
            healthy = found(result, subject, "healthy")
            if row is None or healthy is None:
                continue
            cells = [
                named(subject),
                percent(row["success"]),
                percent(row["partial"]) if row["partial"] else "0",
                *_added(row, healthy),
                f"{row['requests_per_call']:.2f}",
            ]
            if more:
                cells += ["-", "not in 60 s"] if row["herd"] is None else [str(row["herd"]), f"{row['back_s']:.0f} s"]
            lines.append("| " + " | ".join(cells) + " |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def chart(result: dict[str, Any]) -> str:
    """The share of calls that failed, a panel a scenario."""
    names = subjects(result)
    height = TITLE + len(names) * (BAR + GAP) + 16
    panels = []
    for place, scenario in enumerate(SCENARIOS):
        row, column = divmod(place, 2)
        body = "".join(_panel(result, scenario))
        panels.append(f'<g transform="translate({column * WIDTH},{row * height})">{body}</g>')
    caption = "Calls whose caller did not get the whole answer, in percent: errors and cut answers; shorter is better"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH} {2 * height + 24}" '
        f'font-family="system-ui, sans-serif" font-size="12" fill="#475569">{"".join(panels)}'
        f'<text x="8" y="{2 * height + 14}" font-size="11">{caption}</text></svg>\n'
    )


def _panel(result: dict[str, Any], scenario: str) -> list[str]:
    titles = {"down": "One of three is down", "30 % fail": "30 % of its answers are errors", "slow": "It is slow"}
    title = titles.get(scenario, "Its streams are cut")
    parts = [f'<text x="8" y="20" font-size="13" font-weight="600">{escape(title)}</text>']
    for place, subject in enumerate(subjects(result)):
        row = found(result, subject, scenario)
        if row is None:
            continue
        y = TITLE + place * (BAR + GAP)
        failed = 1 - row["success"]
        colour = OURS if subject[0] == "Ferrule" else OTHERS
        label = escape(named(subject).replace("`", ""))
        value = "0" if failed == 0 else f"{failed * 100:.2f} %"
        length = max(LENGTH * failed, 1)
        parts.append(f'<text x="{LABEL - 6}" y="{y + 11}" text-anchor="end" font-size="11">{label}</text>')
        parts.append(f'<rect x="{LABEL}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2" fill="{colour}"/>')
        parts.append(f'<text x="{LABEL + length + 5:.1f}" y="{y + 11}">{value}</text>')
    return parts


def write(result: dict[str, Any]) -> None:
    """Writes the figures into the page, and the chart and the result next to it."""
    page = (DOCS / "availability").with_suffix(".md")
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    packages = ", ".join(f"{name} {version}" for name, version in result["packages"].items())
    said = f"{result['date']}, {result['machine']}; {packages}; {result['calls']} calls for each figure."
    if not all(is_quiet(row) for row in result["rows"]):
        said += (
            " While some were measured other programs kept the processors busy, so that times say nothing:"
            " they are left out."
        )
    said += "".join(f" {note}" for note in result.get("notes", []))
    page.write_text(f"{before}{BEGIN}\n{said}\n\n{table(result)}\n{END}{after}")
    (DOCS / "availability.svg").write_text(chart(result))
    results = Path(__file__).resolve().parents[1] / "results" / f"availability-{result['date']}.json"
    results.write_text(json.dumps(result, indent=1) + "\n")
