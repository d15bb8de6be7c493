"""`ferrule models`: what the providers offer to our keys."""

import asyncio
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from ferrule.cli import failures, screen


def models(
    provider: Annotated[str | None, typer.Argument(help="One provider; without it, all that have a key.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list, for programs.")] = False,
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds to wait for each provider.")] = 15.0,
) -> None:
    """Lists the models that providers offer."""
    lists = asyncio.run(_ask([provider] if provider else _with_keys(), timeout))
    found = [model for answer in lists if not isinstance(answer, BaseException) for model in answer]
    if as_json:
        screen.print_json(found)
    elif found:
        _show(found)
    failed = [answer for answer in lists if isinstance(answer, BaseException)]
    for error in failed[:-1]:
        failures.report(error)
    if failed:
        raise failed[-1]


def _with_keys() -> list[str]:
    from ferrule.configuration import Configuration

    known = Configuration().usable()
    if not known:
        raise failures.UsageError("no provider has a key; `ferrule providers` shows which variables to set")
    return known


async def _ask(providers: list[str], timeout: float) -> list[list[dict[str, Any]] | BaseException]:
    from ferrule.client import AsyncClient

    async with AsyncClient(max_retries=1) as client:

        async def entries(provider: str) -> list[dict[str, Any]]:
            listed = await client.models(provider, timeout=timeout)
            return [
                {
                    "model": f"{provider}/{model.id}",
                    "provider": provider,
                    "id": model.id,
                    "created": model.created,
                    "owned_by": model.owned_by,
                }
                for model in sorted(listed, key=lambda model: model.id)
            ]

        return await asyncio.gather(*map(entries, providers), return_exceptions=True)


def _show(found: list[dict[str, Any]]) -> None:
    console = screen.stdout()
    if not console.is_terminal:  # One name on each line, for `grep` and `fzf`.
        for model in found:
            console.print(screen.printable(model["model"]), markup=False, soft_wrap=True)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("Model", overflow="fold")
    table.add_column("Owned by", style="dim")
    for model in found:
        table.add_row(Text(screen.printable(model["model"])), Text(screen.printable(model["owned_by"] or "")))
    console.print(table)
    console.print(Text(f"{len(found)} models", style="dim"))
