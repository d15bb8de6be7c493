"""Cost command, `ferrule cost`: the cost of calls from numbers of tokens, a prompt, or a file of usages."""

import json
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

import ferrule
from ferrule._native import count_tokens_locally
from ferrule.catalog import price
from ferrule.cli import failures, prices, screen
from ferrule.cli.piped import lines, piped

if TYPE_CHECKING:
    from ferrule import Cost


def cost(
    model: Annotated[str, typer.Argument(help="`provider/model`, or a configured name.")],
    input_tokens: Annotated[
        int | None, typer.Option("--input", min=0, help="Tokens of the prompt, cached ones included.")
    ] = None,
    output_tokens: Annotated[
        int | None, typer.Option("--output", min=0, help="Tokens of the reply, reasoning included.")
    ] = None,
    cached: Annotated[int | None, typer.Option(min=0, help="Of the prompt, read from a cache.")] = None,
    cache_write: Annotated[int | None, typer.Option(min=0, help="Of the prompt, written to a cache.")] = None,
    usages: Annotated[
        str | None,
        typer.Option("--usages", metavar="FILE", help="A file of usages, one JSON object per line; - for stdin."),
    ] = None,
    batch: Annotated[bool, typer.Option("--batch", help="Price calls through the provider's batch interface.")] = False,
    tier: Annotated[
        str | None, typer.Option(help="The provider's name of the service tier: `flex`, `priority`.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON document, for programs.")] = False,
) -> None:
    """Shows what calls cost, by kind of token. No request is made.

    Without `--input` and `--usages`, piped text is the prompt, and its tokens are counted.
    """
    with ferrule.Client() as client:
        provider, _, name = client.registry.resolve(model).partition("/")
        catalog = prices.catalog(client.registry)
    given = {
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "cache_read_tokens": cached,
        "cache_write_tokens": cache_write,
    }
    estimated = False
    if usages is not None:
        if any(number is not None for number in given.values()):
            raise failures.UsageError("--usages has the numbers of tokens; leave out the other options")
        all_given = [_usage(line, number) for number, line in enumerate(_file(usages), 1)]
        if not all_given:
            raise failures.UsageError(f"{usages}: no usage in it")
    else:
        if input_tokens is None:
            given["input_tokens"], estimated = _count(name)
        given["output_tokens"] = output_tokens or 0
        if problem := _contradiction(given):
            raise failures.UsageError(problem)
        all_given = [given]
    found = [price(catalog, provider, name, usage, batch=batch, service_tier=tier) for usage in all_given]
    known = [one for one in found if one is not None]
    if not known:
        raise failures.UsageError(
            f"the price of {provider}/{name} is not known; `models` in a configuration can say it"
        )
    total = _sum(f"{provider}/{name}", known, unknown=len(found) - len(known), estimated=estimated)
    if as_json:
        screen.print_json(_json(total))
    else:
        _show(total)


def _count(model: str) -> tuple[int, bool]:
    """The tokens of the piped prompt, and whether they are an estimate."""
    text = piped()
    if not text:
        raise failures.UsageError("how many tokens? Give --input and --output, or pipe in a prompt")
    tokens, exact = count_tokens_locally(model, text)
    return tokens, not exact


def _file(path: str) -> list[str]:
    if path == "-":
        return lines(sys.stdin.read())
    try:
        return lines(Path(path).read_text("utf-8"))
    except UnicodeDecodeError:
        raise failures.UsageError(f"{path}: not UTF-8 text") from None


def _usage(line: str, number: int) -> dict[str, int | None]:
    """A usage, or the reply that it is part of (`ferrule chat --json`)."""
    try:
        read = json.loads(line)
    except ValueError as error:
        raise failures.UsageError(f"line {number}: not valid JSON: {error}") from None
    usage = read.get("usage", read) if isinstance(read, dict) else None
    if not isinstance(usage, dict):
        raise failures.UsageError(f"line {number}: expected an object with `input_tokens`, `output_tokens`, ...")
    found = {name: value for name, value in usage.items() if name not in ("extra", "total_tokens")}
    for name, value in found.items():
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63):
            raise failures.UsageError(f"line {number}: {name}: expected a whole number, 0 or more")
    if not any(found.get(name) is not None for name in ("input_tokens", "output_tokens")):
        raise failures.UsageError(f"line {number}: has no `input_tokens` and no `output_tokens`")
    if problem := _contradiction(found):
        raise failures.UsageError(f"line {number}: {problem}")
    return found


def _contradiction(usage: dict[str, int | None]) -> str | None:
    """What is wrong with numbers of tokens that are parts of others; `None` where nothing is."""
    read, written = usage.get("cache_read_tokens") or 0, usage.get("cache_write_tokens") or 0
    prompt = usage.get("input_tokens")
    if prompt is not None and read + written > prompt:
        return (
            f"the prompt has {prompt:,} tokens, but {read + written:,} are said to be cached; the number of input "
            "tokens includes those read from and written to a cache"
        )
    reasoning, reply = usage.get("reasoning_tokens") or 0, usage.get("output_tokens")
    if reply is not None and reasoning > reply:
        return (
            f"the reply has {reply:,} tokens, but {reasoning:,} are said to be reasoning; the number of output tokens "
            "includes reasoning"
        )
    return None


def _sum(model: str, costs: "list[Cost]", *, unknown: int, estimated: bool) -> dict[str, Any]:
    quantities: Counter[str] = Counter()
    breakdown: dict[str, Decimal] = {}
    for one in costs:
        quantities.update(one.quantities)
        for name, amount in one.breakdown.items():
            breakdown[name] = breakdown.get(name, Decimal(0)) + amount
    return {
        "model": model,
        "calls": len(costs),
        "unknown": unknown,
        "estimated": estimated,
        "total": sum((one.total for one in costs), Decimal(0)),
        "breakdown": breakdown,
        "quantities": dict(quantities),
        "source": costs[0].source,
        "source_version": costs[0].source_version,
        "source_date": costs[0].source_date,
    }


def _json(total: dict[str, Any]) -> dict[str, Any]:
    breakdown = {name: str(amount) for name, amount in total["breakdown"].items()}
    return total | {"currency": "USD", "total": str(total["total"]), "breakdown": breakdown}


def _show(total: dict[str, Any]) -> None:
    table = screen.new_table()
    table.add_column("what", no_wrap=True)
    table.add_column("quantity", justify="right", no_wrap=True)
    table.add_column("cost", justify="right", no_wrap=True)
    places = max(2, *(prices.decimals(amount) for amount in (total["total"], *total["breakdown"].values())))
    for name, amount in sorted(total["breakdown"].items()):
        quantity = screen.count(total["quantities"].get(name))
        table.add_row(name.replace("_", " "), quantity, prices.dollars(amount, places))
    table.add_row(Text("total", "bold"), "", Text(prices.dollars(total["total"], places), "bold"))
    screen.print_table(table)
    remarks = [f"{total['calls']} calls" if total["calls"] != 1 else ""]
    if total["unknown"]:
        remarks.append(f"{total['unknown']} more whose cost is not known")
    if total["estimated"]:
        remarks.append("the prompt's tokens are an estimate")
    remarks.append(f"prices: {prices.origin(total['source'], total['source_version'], total['source_date'])}")
    screen.stderr().print(Text("; ".join(remark for remark in remarks if remark), "dim"))
