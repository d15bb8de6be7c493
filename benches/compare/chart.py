"""Draws a result file as bars: `python benches/compare/chart.py benches/results/<file>.json chart.svg`."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from report import number
from summary import Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

PANELS = [
    ("plain-1", "A plain call, one at a time"),
    ("plain-64", "A plain call, 64 at once"),
    ("burst", "A chunk of a stream, in a burst"),
    ("streams-64", "A chunk of 64 streams, every 5 ms"),
]
BAR, GAP, LABEL, LENGTH, VALUE, TITLE = 16, 4, 110, 230, 90, 34
WIDTH = LABEL + LENGTH + VALUE
OURS, OTHERS, FLOORS = "#c2410c", "#64748b", "#cbd5e1"


def chart(summary: Summary) -> str:
    """Two panels next to two; within a panel the bars' lengths are logarithms, as the clients span three decades."""
    clients = list(next(iter(summary.result["rounds"][0].values())))
    height = TITLE + len(clients) * (BAR + GAP) + 16
    body = "".join(
        f'<g transform="translate({column * WIDTH},{row * height})">{"".join(panel(summary, case, title, clients))}</g>'
        for (case, title), (row, column) in zip(PANELS, [(0, 0), (0, 1), (1, 0), (1, 1)], strict=True)
    )
    caption = "Client CPU per item in microseconds, on a logarithmic scale; shorter is better"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH} {2 * height + 24}" '
        f'font-family="system-ui, sans-serif" font-size="12" fill="#475569">{body}'
        f'<text x="8" y="{2 * height + 14}" font-size="11">{caption}</text></svg>\n'
    )


def panel(summary: Summary, case: str, title: str, clients: list[str]) -> Iterator[str]:
    yield f'<text x="8" y="20" font-size="13" font-weight="600">{escape(title)}</text>'
    costs = {client: cost for client in clients if (cost := summary.middle(case, client))}
    if not costs:
        return
    # A bar's root is half the smallest cost, so that the cheapest is still seen.
    root = min(costs.values()) / 2
    decades = math.log10(max(costs.values()) / root)
    for place, (client, cost) in enumerate(sorted(costs.items(), key=lambda item: item[1])):
        y = TITLE + place * (BAR + GAP)
        length = LENGTH * math.log10(cost / root) / decades
        colour = OURS if client.startswith("ferrule") else FLOORS if client.startswith("floor") else OTHERS
        yield f'<text x="{LABEL - 6}" y="{y + 12}" text-anchor="end">{escape(client)}</text>'
        yield f'<rect x="{LABEL}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2" fill="{colour}"/>'
        yield f'<text x="{LABEL + length + 5:.1f}" y="{y + 12}">{number(cost)}</text>'


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(chart(Summary(json.loads(Path(sys.argv[1]).read_text()))))
