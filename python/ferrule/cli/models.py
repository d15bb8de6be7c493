"""Models command, `ferrule models`: the models that providers offer, with context windows and prices."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

import ferrule
from ferrule.cli import failures, prices, screen
from ferrule.configuration import Configuration
from ferrule.configuration.providers import spelled
from ferrule.configuration.suggestions import suggestion

if TYPE_CHECKING:
    from ferrule import CatalogModel


def models(
    provider: Annotated[str | None, typer.Argument(help="One provider; without it, all that have a key.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All models of the catalog. No request is made, and no key is needed.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list, for programs.")] = False,
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds to wait for each provider.")] = 15.0,
) -> None:
    """Lists the models that providers offer; prices are dollars per million tokens."""
    if everything:
        _print(_from_catalog(provider), as_json)
        return
    lists = asyncio.run(_from_providers([provider] if provider else callable_providers(), timeout))
    _print([model for listed in lists if not isinstance(listed, BaseException) for model in listed], as_json)
    failed = [listed for listed in lists if isinstance(listed, BaseException)]
    for error in failed[:-1]:
        failures.report(error)
    if failed:
        raise failed[-1]


def callable_providers() -> list[str]:
    """The ids of the providers that can be called.

    Raises:
        UsageError: There are none.
    """
    known = Configuration.read().usable()
    if not known:
        raise failures.UsageError("no provider has a key; `ferrule providers` shows which variables to set")
    return known


async def _from_providers(providers: list[str], timeout: float) -> list[list[dict[str, Any]] | BaseException]:
    async with ferrule.AsyncClient(max_retries=1) as client:
        catalog = prices.catalog(client.registry)

        async def entries(provider: str) -> list[dict[str, Any]]:
            listed = await client.models(provider, timeout=timeout)
            return [
                {
                    "model": f"{model.provider}/{model.id}",
                    "provider": model.provider,
                    "id": model.id,
                    "created": model.created,
                    "owned_by": model.owned_by,
                    **prices.facts(catalog.find(model.provider, model.id)),
                }
                for model in sorted(listed, key=lambda model: model.id)
            ]

        return await asyncio.gather(*map(entries, providers), return_exceptions=True)


def _from_catalog(provider: str | None) -> list[dict[str, Any]]:
    with ferrule.Client() as client:
        catalog = prices.catalog(client.registry)
    found = catalog.models()
    if provider is not None:
        provider = spelled(provider)
        # A provider may offer models of other price lists.
        found = [model for model in found if _is(model, catalog.find(provider, model.id))]
        if not found:
            hint = suggestion(provider, sorted({model.provider for model in catalog.models()}))
            raise failures.UsageError(f"the catalog has no models of {provider!r}{hint}")
    return [
        {
            "model": f"{provider or model.provider}/{model.id}",
            "provider": provider or model.provider,
            "id": model.id,
            "created": None,
            "owned_by": None,
            **prices.facts(model),
        }
        for model in sorted(found, key=lambda model: (model.provider, model.id))
    ]


def _is(model: "CatalogModel", other: "CatalogModel | None") -> bool:
    return other is not None and (model.provider, model.id) == (other.provider, other.id)


def _print(found: list[dict[str, Any]], as_json: bool) -> None:
    console = screen.stdout()
    if as_json:
        screen.print_json(found)
    elif found and not console.is_terminal:  # One name per line, for `grep` and `fzf`.
        for model in found:
            console.print(screen.printable(model["model"]), markup=False, soft_wrap=True)
    elif found:
        console.print(_table(found))
        console.print(Text(f"{len(found)} models; dollars per million tokens of input and output", style="dim"))


def _table(found: list[dict[str, Any]]) -> Table:
    table = screen.new_table()
    table.add_column("model", overflow="fold")
    for column in ("context", "input", "output"):
        table.add_column(column, justify="right", no_wrap=True)
    for model in found:
        known = model["prices"]
        table.add_row(
            Text(screen.printable(model["model"]), "dim" if model["deprecated"] else ""),
            prices.size(model["context_window"]),
            prices.price(known, "input_mtok"),
            prices.price(known, "output_mtok"),
        )
    return table
