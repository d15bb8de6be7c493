"""Application: all commands, and what they have in common: help, `--version`, and how errors end them."""

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import ferrule
from ferrule.cli import (
    chat,
    config,
    cost,
    demo,
    doctor,
    embed,
    failures,
    health,
    models,
    providers,
    sim,
    tokens,
)


class _Commands(TyperGroup):
    """Ends every command the same way: with an exit code and, after an error, one line that says what to do."""

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        del standalone_mode  # Typer's own way ends errors in boxes and tracebacks.
        run = super().main
        extra["standalone_mode"] = False
        sys.exit(failures.exit_code_of(lambda: run(*args, **extra)))


app = typer.Typer(
    cls=_Commands,
    add_completion=False,
    invoke_without_command=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ferrule {ferrule.__version__}")
        raise typer.Exit


@app.callback(
    epilog="Exit codes: 0 success, 1 a call failed, 2 wrong usage or settings, 130 interrupted.",
)
def root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """One engine for every LLM provider. New here? Run `ferrule demo`."""
    del version
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), nl=False)


app.command("demo")(demo.demo)
app.command("chat")(chat.chat)
app.command("models")(models.models)
app.command("embed")(embed.embed)
app.command("tokens")(tokens.tokens)
app.command("cost")(cost.cost)
app.command("providers")(providers.providers)
app.add_typer(config.app, name="config")
app.command("sim")(sim.sim)
app.command("health")(health.health)
app.command("doctor")(doctor.doctor)
