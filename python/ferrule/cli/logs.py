"""Logs command, `ferrule logs`: the conversations that `ferrule chat` kept."""

import sys
from typing import Annotated, Any

import typer
from rich.markdown import Markdown
from rich.text import Text

from ferrule.cli import failures, screen
from ferrule.cli.conversation_log import ConversationLog, log_path

_JSON = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]
_LIMIT = Annotated[int, typer.Option("--limit", "-n", min=1, help="How many conversations at most.")]

app = typer.Typer(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})


@app.callback()
def logs(context: typer.Context, limit: _LIMIT = 20, as_json: _JSON = False) -> None:
    """Lists, shows and searches conversations. `ferrule chat` keeps them, unless FERRULE_LOG=off or --no-log."""
    if context.invoked_subcommand is None:
        _list("", limit, as_json)


@app.command("list")
def list_(limit: _LIMIT = 20, as_json: _JSON = False) -> None:
    """Lists conversations, the newest first."""
    _list("", limit, as_json)


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(help="Text of a prompt or a reply.")],
    limit: _LIMIT = 20,
    as_json: _JSON = False,
) -> None:
    """Lists the conversations with a text in them."""
    _list(" ".join(words), limit, as_json)


@app.command()
def show(
    number: Annotated[int | None, typer.Argument(help="The conversation; without it, the last one.")] = None,
    as_json: _JSON = False,
) -> None:
    """Shows a conversation."""
    log = ConversationLog.existing()
    head, turns = log.turns(log.load(number).number)
    if as_json:
        screen.print_json(head | {"turns": turns})
        return
    console = screen.stdout()
    for turn in turns:
        cost = f", ${turn['cost']}" if turn["cost"] else ""
        console.print(Text(f"{turn['at']}  {screen.printable(turn['model'])}{cost}", "dim"))
        console.print(Text(f"> {screen.printable(turn['prompt'])}", "bold"), soft_wrap=True)
        console.print()
        reply = screen.printable(turn["reply"])
        if console.is_terminal:
            console.print(Markdown(reply))
        else:
            console.file.write(reply + "\n")
        console.print()


@app.command()
def delete(
    number: Annotated[int | None, typer.Argument(help="The conversation.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All conversations.")] = False,
) -> None:
    """Deletes a conversation, or all."""
    if (number is None) == (not everything):
        raise failures.UsageError("name the number of a conversation, or --all")
    deleted = ConversationLog.existing().delete(number)
    if number is not None and not deleted:
        raise failures.UsageError(f"there is no conversation {number}; `ferrule logs` lists them")
    sys.stdout.write(f"deleted: {deleted} conversation{'' if deleted == 1 else 's'}\n")


@app.command()
def path() -> None:
    """Shows where conversations are kept."""
    sys.stdout.write(f"{log_path() or 'nowhere: there is no home directory'}\n")


def _list(words: str, limit: int, as_json: bool) -> None:
    where = log_path()
    found: list[dict[str, Any]] = []
    if where is not None and where.exists():
        found = ConversationLog.existing().list(limit, words)
    if as_json:
        screen.print_json(found)
        return
    if not found:
        screen.note(f"no conversation has {words!r} in it" if words else "no conversation was kept yet")
        return
    table = screen.new_table()
    table.add_column("number", justify="right", no_wrap=True)
    for column in ("last", "model"):
        table.add_column(column, no_wrap=True, style="dim")
    table.add_column("turns", justify="right", no_wrap=True)
    table.add_column("prompt", no_wrap=True, overflow="ellipsis")
    for one in found:
        prompt = Text(screen.printable(" ".join(one["prompt"].split())))
        last = one["last"].replace("T", " ")[:16]
        table.add_row(str(one["number"]), last, screen.printable(one["model"]), str(one["turns"]), prompt)
    screen.print_table(table)
