"""`ferrule health`: how providers are."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from ferrule.cli import failures, screen
from ferrule.cli.models import with_keys

if TYPE_CHECKING:
    from ferrule.operations.health import Health


def health(
    providers: Annotated[
        list[str] | None, typer.Argument(help="Providers to ask; without one, all that have a key.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list, for programs.")] = False,
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds to wait for each provider.")] = 10.0,
) -> None:
    """Asks providers, all at once, how they are: there, willing to take our key, how fast. Free of charge.

    Ends with 1 where one is not.
    """
    from ferrule import Client

    chosen = providers or with_keys()
    with Client() as client:
        found = client.health(chosen, timeout=timeout)
    if as_json:
        screen.print_json([_fields(one) for one in found])
    else:
        _show(found)
    if not all(one.ok for one in found):
        raise typer.Exit(failures.FAILED)


def _fields(health: "Health") -> dict[str, Any]:
    return health._asdict() | {"ok": health.ok}


def _show(found: "list[Health]") -> None:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("provider", no_wrap=True)
    table.add_column("health", no_wrap=True)
    table.add_column("latency", justify="right", no_wrap=True)
    table.add_column("problem", style="dim", overflow="fold")
    for one in found:
        problem = (one.problem or "").removeprefix(one.provider).lstrip("/: ")
        latency = screen.seconds(one.latency)
        table.add_row(Text(screen.printable(one.provider)), _state(one), latency, Text(screen.printable(problem)))
    screen.print_table(table)


def _state(health: "Health") -> Text:
    if not health.reachable:
        return Text("not reachable", "red")
    if health.authorised is False:
        return Text("refuses the key", "red")
    return Text("well", "green") if health.ok else Text("reachable", "yellow")
