"""Usage command, `ferrule usage`: what the calls in the ledger of a shared state used and cost."""

import csv
import datetime
import importlib
import re
import sys
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from ferrule._native import check_state, ledger_calls, ledger_totals
from ferrule.cli import failures, screen

_FIGURES = ("calls", "failed", "interrupted", "input_tokens", "output_tokens", "cost", "unknown_cost")
_BY = ("provider", "model", "group", "day")
_BAR = 40
"""Characters of the longest bar of a chart."""


def usage(
    by: Annotated[
        list[str] | None,
        typer.Option(help="What to tell calls apart by: `provider`, `model`, `group`, `day`, `metadata.<label>`."),
    ] = None,
    since: Annotated[str | None, typer.Option(help="Calls that ended on this day or later (UTC), or `7d`.")] = None,
    until: Annotated[str | None, typer.Option(help="Calls that ended before this day (UTC).")] = None,
    state: Annotated[
        str | None, typer.Option(help="The ledger: `sqlite:///path`. Default: `state` of the configuration.")
    ] = None,
    chart: Annotated[bool, typer.Option("--chart", help="Bars of the cost beside the table.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON document, for programs.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Lines of comma-separated values.")] = False,
    parquet: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Writes each call into a Parquet file (needs pyarrow).")
    ] = None,
) -> None:
    """Shows what calls used and cost, by the ledger that processes with the same `state` share."""
    place = _place(state)
    begin, end = _time(since, "--since"), _time(until, "--until")
    told_apart = by or ["model"]
    for one in told_apart:
        if one not in _BY and not re.fullmatch(r"metadata\..+", one):
            raise failures.UsageError(f"--by {one}: there are {', '.join(_BY)} and metadata.<label>")
    try:
        if parquet is not None:
            _write_parquet(parquet, ledger_calls(place, begin, end))
            return
        rows = ledger_totals(place, told_apart, begin, end)
    except OSError as error:
        raise failures.UsageError(str(error)) from None
    if as_json:
        screen.print_json([_plain(row, told_apart) for row in rows])
    elif as_csv:
        writer = csv.DictWriter(sys.stdout, [*told_apart, *_FIGURES], extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows({**row, "cost": f"{row['cost']:f}"} for row in rows)
    else:
        _show(rows, told_apart, chart=chart)


def _place(state: str | None) -> str:
    if state is None:
        from ferrule.configuration import Configuration

        state = str(Configuration.read().state.merged.tree.get("state", "memory"))
    if state == "memory":
        raise failures.UsageError(
            'no ledger is kept: set state = "sqlite:///path" in the configuration, FERRULE_STATE, or --state'
        )
    if wrong := check_state(state):
        raise failures.UsageError(f"--state {state!r} {wrong}")
    return state


def _time(text: str | None, option: str) -> float | None:
    """Seconds since 1970 at the beginning of a day, or so many days ago."""
    if text is None:
        return None
    now = datetime.datetime.now(datetime.timezone.utc)
    if days := re.fullmatch(r"(\d{1,6})d", text):
        return (now - datetime.timedelta(days=int(days[1]))).timestamp()
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise failures.UsageError(f"{option} {text}: expected a day such as 2026-11-30, or 7d") from None
    return (found if found.tzinfo else found.replace(tzinfo=datetime.timezone.utc)).timestamp()


def _plain(row: dict[str, Any], told_apart: list[str]) -> dict[str, Any]:
    """A row for JSON; money is a text, so that it stays exact."""
    return {**{name: row[name] for name in told_apart}, **{k: v for k, v in row.items() if k not in told_apart}} | {
        "cost": f"{row['cost']:f}"
    }


def _dollars(cost: Decimal) -> str:
    """Dollars with as many decimals as say something."""
    if cost >= 1 or cost == 0:
        return f"${cost:.2f}"
    return f"${cost:.6f}".rstrip("0")


def _show(rows: list[dict[str, Any]], told_apart: list[str], *, chart: bool) -> None:
    if not rows:
        screen.note("no calls in that time")
        return
    if told_apart[0] != "day":
        rows = sorted(rows, key=lambda row: row["cost"], reverse=True)
    most = max(row["cost"] for row in rows)
    table = screen.new_table()
    for name in told_apart:
        table.add_column(name)
    for name in ("calls", "failed", "input", "output", "cost"):
        table.add_column(name, justify="right")
    if chart:
        table.add_column("")
    total: dict[str, Any] = {name: sum(row[name] for row in rows) for name in _FIGURES if name != "cost"}
    with localcontext() as context:
        context.prec = 60  # so that sums of money are exact
        total["cost"] = sum((row["cost"] for row in rows), Decimal(0))
    shown: list[dict[str, Any]] = [*rows]
    if len(rows) > 1:
        shown.append({**total, "is_total": True})
    for row in shown:
        is_total = "is_total" in row
        names = ["all", *[""] * (len(told_apart) - 1)] if is_total else [row[name] or "-" for name in told_apart]
        cost = _dollars(row["cost"]) + ("+" if row["unknown_cost"] else "")
        figures = [f"{row[name]:,}" for name in ("calls", "failed", "input_tokens", "output_tokens")]
        cells = [Text(str(cell)) for cell in [*names, *figures, cost]]
        if chart:
            length = 0 if is_total or not most else int(row["cost"] / most * _BAR)
            cells.append(Text("█" * length, style="cyan"))
        table.add_row(*cells, style="bold" if is_total else "")
    screen.print_table(table)
    if total["unknown_cost"]:
        screen.note(f"+: {total['unknown_cost']} calls have an answer whose cost is not known")


def _write_parquet(file: Path, calls: list[dict[str, Any]]) -> None:
    """Writes calls, one row each; costs are decimals, and metadata a map."""
    try:
        arrow: Any = importlib.import_module("pyarrow")
        writer: Any = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise failures.UsageError("--parquet needs pyarrow: pip install pyarrow") from None
    number = arrow.int64()
    schema = arrow.schema(
        [
            ("id", arrow.string()),
            ("at", arrow.timestamp("ms", tz="UTC")),
            *((name, arrow.string()) for name in ("provider", "model", "group", "end")),
            ("metadata", arrow.map_(arrow.string(), arrow.string())),
            *(
                (name, number)
                for name in (
                    "input_tokens",
                    "output_tokens",
                    "cache_read_tokens",
                    "cache_write_tokens",
                    "reasoning_tokens",
                )
            ),
            ("cost", arrow.decimal128(38, 24)),
        ]
    )
    rows = [
        {
            **call,
            "at": datetime.datetime.fromtimestamp(call["at"], datetime.timezone.utc),
            "metadata": list(call["metadata"].items()),
        }
        for call in calls
    ]
    writer.write_table(arrow.Table.from_pylist(rows, schema=schema), file)
    screen.note(f"{len(rows)} calls written to {file}")
