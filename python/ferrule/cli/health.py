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

    Exits with 1 if one is not reachable, refuses the key, or has none.
    """
    found = check(providers or callable_providers(), timeout)
    if as_json:
        screen.print_json([fields(one) for one in found])
    else:
        _show(found)
    if not all(one.ok for one in found):
        raise typer.Exit(failures.FAILED)


def check(providers: list[str], timeout: float) -> "list[Health]":
    """Asks providers how they are, all at once, for `timeout` seconds each at most."""
    with ferrule.Client() as client:
        return client.health(providers, timeout=timeout)


def fields(health: "Health") -> dict[str, Any]:
    """What is printed as JSON."""
    return health._asdict() | {"ok": health.ok}


def _show(found: "list[Health]") -> None:
    table = screen.new_table()
    table.add_column("provider", no_wrap=True)
    table.add_column("health", no_wrap=True)
    table.add_column("latency", justify="right", no_wrap=True)
    table.add_column("problem", style="dim", overflow="fold")
    for one in found:
        table.add_row(Text(screen.printable(one.provider)), state(one), screen.seconds(one.latency), problem(one))
    screen.print_table(table)


def problem(health: "Health") -> Text:
    """What is wrong, without the provider's name."""
    return Text(screen.printable((health.problem or "").removeprefix(health.provider).lstrip("/: ")))


def state(health: "Health") -> Text:
    """How it is, in a word or two."""
    if health.reachable is None:
        return Text("no key" if "no key for" in (health.problem or "") else "not set up", "yellow")
    if not health.reachable:
        return Text("not reachable", "red")
    if health.authorised is False:
        return Text("refuses the key", "red")
    return Text("ok", "green") if health.ok else Text("reachable", "yellow")
