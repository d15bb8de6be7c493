"""Puts a result into README.md: `python benches/compare/readme.py benches/results/<file>.json`."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path

from chart import chart
from report import number
from summary import Summary

ROOT = Path(__file__).parents[2]
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
CLIENTS = ["floor", "floor+json", "ferrule", "aiohttp", "pyreqwest", "httpx", "anthropic", "openai", "litellm"]
CASES = {
    "plain-1": "plain call, one at a time",
    "plain-64": "plain call, 64 at once",
    "burst": "chunk, in a burst",
    "streams-64": "chunk, 64 streams at 5 ms",
    "prompt-1mb": "call with a 1 MB prompt",
}


def table(summary: Summary) -> str:
    """Per client: each case's cost, as a multiple of Ferrule's, and memory."""
    own = [number(summary.middle(case, "ferrule")) for case in CASES]
    head = ["multiples of Ferrule's cost", *CASES.values(), "MB after the first call", "KB per open stream"]
    rows = [head, ["---"] * len(head)]
    for client in CLIENTS:
        name = {"ferrule": "**ferrule**", "floor": "floor: a raw socket, nothing parsed"}.get(client, client)
        ratios = [summary.ratio(case, client, "ferrule") for case in CASES]
        costs = [f"**{mine} us**" for mine in own] if client == "ferrule" else [number(ratio) for ratio in ratios]
        memory = summary.megabytes_above_floor(client)
        rows.append([name, *costs, number(memory), number(summary.open_streams(client, "kb_per_stream"))])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main(result_file: str) -> None:
    path = Path(result_file)
    result = json.loads(path.read_text())
    summary = Summary(result)
    machine, versions = result["machine"], result["versions"]
    peers = ", ".join(
        f"{name} {versions[name][name]}" for name in ("openai", "anthropic", "litellm", "aiohttp") if name in versions
    )
    caption = (
        f"{result['date'][:10]}, {machine['cpu']}, {machine['cores']} cores, CPython {machine['python']}, {peers}; "
        f"medians of {len(result['rounds'])} rounds. The file with everything: `benches/results/{path.name}`. "
        "Memory is above that of the floor, which is Python with asyncio."
    )
    (ROOT / "docs" / "measured.svg").write_text(chart(summary))
    caption = textwrap.fill(caption, 120, break_on_hyphens=False)
    section = f"{table(summary)}\n\n{caption}\n\n![The same as bars](docs/measured.svg)"
    readme = ROOT / "README.md"
    before, rest = readme.read_text().split(BEGIN)
    after = rest.split(END)[1]
    readme.write_text(f"{before}{BEGIN}\n{section}\n{END}{after}")


if __name__ == "__main__":
    main(sys.argv[1])
