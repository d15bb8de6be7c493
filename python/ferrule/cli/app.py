"""Application: all commands, and what they have in common: help, `--version`, and how errors end them."""

import difflib
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import ferrule
from ferrule.cli import (
    aliases,
    chat,
    config,
    cost,
    demo,
    doctor,
    embed,
    failures,
    health,
    keys,
    logs,
    models,
    program,
    providers,
    sim,
    templates,
    tokens,
    usage,
)

_OWN_OPTIONS = ("--version", "-V", "--help", "-h", "--install-completion", "--show-completion")
"""The options of `ferrule` itself; all others are those of `chat`."""
_SIMILAR = 0.7
"""How similar a single word has to be to a command to be a misspelt one, and not a question."""


class _Commands(TyperGroup):
    """Ends every command the same way: with an exit code and, after an error, one line that says what to do."""

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        del standalone_mode  # Typer's own way ends errors in boxes and tracebacks.
        run = super().main
        extra["standalone_mode"] = False
        sys.exit(failures.exit_code_of(lambda: run(*args, **extra)))

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # Typer would exit with 1.
            raise failures.ClosedPipe from None

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Reads `ferrule "question"` as `ferrule chat "question"`, and so words without quotes."""
        if args and not ctx.resilient_parsing and self._is_question(ctx, args):
            args = ["chat", *args]
        return super().parse_args(ctx, args)

    def _is_question(self, ctx: Any, args: list[str]) -> bool:
        first = args[0]
        if first.startswith("-") and first != "-":
            return first.partition("=")[0] not in _OWN_OPTIONS
        names = self.list_commands(ctx)
        if first in names:
            return False
        words = [word for word in args if not word.startswith("-")]
        # A single word without a blank may be a misspelt command, which is not sent to a model.
        is_misspelt = len(words) == 1 and difflib.get_close_matches(first, names, 1, _SIMILAR)
        return not is_misspelt


app = typer.Typer(
    cls=_Commands,
    add_completion=True,
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
        bool, typer.Option("--version", "-V", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """One engine for every LLM provider. New here? Run `ferrule demo`.

    What is not a command is a question: `ferrule "Why is the sky blue?"` is `ferrule chat "Why is the sky blue?"`.
    """
    del version
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), nl=False)


def help_(
    context: typer.Context,
    command: Annotated[list[str] | None, typer.Argument(help="The command, such as `config check`.")] = None,
) -> None:
    """Shows the help of a command."""
    shown: Any = context.find_root()
    for name in command or ():
        found = shown.command.get_command(shown, name) if hasattr(shown.command, "get_command") else None
        if found is None:
            raise failures.UsageError(f"there is no command `{' '.join(command or ())}`; see `ferrule help`")
        shown = type(shown)(found, info_name=name, parent=shown)
    typer.echo(shown.get_help())


app.command("demo")(demo.demo)
app.command("chat")(chat.chat)
app.add_typer(logs.app, name="logs")
app.add_typer(templates.app, name="templates")
app.command("models")(models.models)
app.add_typer(aliases.app, name="aliases")
app.add_typer(keys.app, name="keys")
app.command("embed")(embed.embed)
app.command("tokens")(tokens.tokens)
app.command("cost")(cost.cost)
app.command("usage")(usage.usage)
app.command("providers")(providers.providers)
app.add_typer(config.app, name="config")
app.command("sim")(sim.sim)
app.command("health")(health.health)
app.command("doctor")(doctor.doctor)
app.command("run", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})(program.run)
app.command("help")(help_)
