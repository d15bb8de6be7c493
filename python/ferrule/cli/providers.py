"""Providers command, `ferrule providers`: lists providers, and where their keys come from."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from ferrule.cli import failures, health, screen
from ferrule.cli.key_sources import key_source
from ferrule.configuration import Configuration
from ferrule.configuration.layers import own_variable

if TYPE_CHECKING:
    from ferrule import Health

_WIDE = 120
"""From this width on there is a column for everything; on narrower terminals aliases are below the id."""

_OTHER_CREDENTIALS = {
    "none": "needs none",
    "aws": "AWS credentials",
    "google": "Google credentials",
}
"""What is shown instead of a key, by the provider's authentication."""


def providers(
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list, for programs.")] = False,
    configured: Annotated[bool, typer.Option("--configured", help="Only those that can be called.")] = False,
    status: Annotated[
        bool,
        typer.Option("--status", help="Ask those with a key, or in your configuration, how they are now."),
    ] = False,
    timeout: Annotated[float, typer.Option(min=0.001, help="With --status: seconds to wait for each provider.")] = 10.0,
) -> None:
    """Lists the built-in providers and your own: wire format, and where the key comes from.

    With --status it exits with 1 if one is not reachable, refuses the key, or lacks what its configuration needs.
    """
    rows = [row for row in _rows() if row["configured"] or not configured]
    if status:
        shown = [row for row in rows if row["configured"] or row["declared"]]
        _print_status(sorted(shown, key=lambda row: str(row["id"])), timeout, as_json)
        return
    if as_json:
        screen.print_json(rows)
        return
    console = screen.stdout()
    wide = not console.is_terminal or console.width >= _WIDE
    table = screen.new_table()
    if wide:
        for column in ("id", "name", "dialect", "key", "aliases"):
            table.add_column(column, overflow="fold")
    else:
        table.add_column("id", overflow="fold")
        table.add_column("dialect", no_wrap=True)
        table.add_column("key", no_wrap=True)
    for row in rows:
        identifier, dialect = Text(screen.printable(row["id"])), Text(row["dialect"], "dim")
        aliases = Text(screen.printable(", ".join(row["aliases"])), "dim")
        if wide:
            table.add_row(identifier, Text(screen.printable(row["name"])), dialect, _key(row), aliases)
        else:
            table.add_row(Text("\n").join([identifier, aliases] if aliases else [identifier]), dialect, _key(row))
    screen.print_table(table)


def _print_status(rows: list[dict[str, Any]], timeout: float, as_json: bool) -> None:
    if not rows:
        raise failures.UsageError("no provider has a key; `ferrule providers` shows which variables to set")
    callable_ones = [row["id"] for row in rows if row["configured"]]
    found = {one.provider: one for one in health.check(callable_ones, timeout)} if callable_ones else {}
    if as_json:
        screen.print_json([row | {"health": _health_fields(found.get(row["id"]))} for row in rows])
    else:
        table = screen.new_table()
        for column in ("provider", "status"):
            table.add_column(column, no_wrap=True)
        table.add_column("latency", justify="right", no_wrap=True)
        table.add_column("key", overflow="fold")
        table.add_column("problem", style="dim", overflow="fold")
        for row in rows:
            name, one = Text(screen.printable(row["id"])), found.get(row["id"])
            if one is None:
                missing = row["missing"] or "its key is missing"
                table.add_row(name, Text("cannot be called", "red"), "", _key(row), Text(screen.printable(missing)))
            else:
                table.add_row(name, health.state(one), screen.seconds(one.latency), _key(row), health.problem(one))
        screen.print_table(table)
    if not all(row["id"] in found and found[row["id"]].ok for row in rows):
        raise typer.Exit(failures.FAILED)


def _health_fields(found: "Health | None") -> dict[str, Any] | None:
    return None if found is None else health.fields(found)


def _key(row: dict[str, Any]) -> Text:
    if row["missing"] and row["key"]:
        return Text(f"{row['key']}; {screen.printable(row['missing'])}", "yellow")
    if row["key"]:
        return Text(screen.printable(row["key"]), "green")
    if row["configured"]:
        return Text("needs none", "green")
    if credentials := _OTHER_CREDENTIALS.get(row["authentication"]):
        return Text(credentials, "dim")
    if not row["key_variables"]:
        return Text("none", "dim")
    if row["authentication"] == "optional":
        return Text(f"{row['key_variables'][0]} or none", "dim")
    return Text(f"set {row['key_variables'][0]}", "yellow")


def _rows() -> list[dict[str, Any]]:
    configuration = Configuration.read()
    declared = configuration.providers()
    found: list[dict[str, Any]] = []
    for settings in configuration.settings()["providers"]:
        identifier = settings["id"]
        row = configuration.row(identifier)
        fields = declared.get(identifier) or {}
        found.append(
            {
                "id": identifier,
                "name": row["name"] if row else identifier,
                "dialect": settings["dialect"],
                "key": key_source(configuration, identifier, fields),
                "key_variables": row["key_variables"] if row else [own_variable(identifier)],
                "authentication": row["authentication"] if row else "key",
                "aliases": settings["aliases"],
                "operations": row["operations"] if row else None,
                "configured": settings["configured"] and not settings["missing"],
                "declared": configuration.is_declared(identifier),
                "missing": settings["missing"],
            }
        )
    return found
