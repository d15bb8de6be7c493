"""Health command, `ferrule health`: checks providers."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

import ferrule
from ferrule.cli import failures, screen
from ferrule.cli.models import callable_providers

if TYPE_CHECKING:
    from ferrule import Health


def health(
    providers: Annotated[
        list[str] | None, typer.Argument(help="Providers to check; without any, all that have a key.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list, for programs.")] = False,
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds to wait for each provider.")] = 10.0,
) -> None:
    """Checks providers, all at once: reachable, key accepted, latency. Free of charge.

    Exits with 1 if one is not reachable or refuses the key.
    """
    chosen = providers or callable_providers()
    with ferrule.Client() as client:
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
    table = screen.new_table()
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
    return Text("ok", "green") if health.ok else Text("reachable", "yellow")
