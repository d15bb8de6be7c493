"""Aliases command, `ferrule aliases`: names of one's own for models, kept in the user's configuration."""

import sys
from typing import Annotated, Any

import typer
from rich.text import Text

import ferrule
from ferrule.cli import failures, screen, user_file
from ferrule.configuration import Configuration
from ferrule.configuration.suggestions import suggestion

app = typer.Typer(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})


@app.callback()
def aliases(context: typer.Context) -> None:
    """Lists, sets and removes aliases of models."""
    if context.invoked_subcommand is None:
        list_()


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="A JSON object, for programs.")] = False) -> None:
    """Lists the aliases in effect, and where each comes from."""
    configuration = Configuration.read()
    found = configuration.section("aliases")
    if as_json:
        screen.print_json(found)
        return
    if not found:
        screen.note("there is no alias yet; `ferrule aliases set fast openai/gpt-5-mini` makes one")
        return
    table = screen.new_table()
    table.add_column("alias", no_wrap=True)
    table.add_column("model", overflow="fold")
    table.add_column("from", overflow="fold", style="dim")
    for name, model in sorted(found.items()):
        source = str(configuration.source(("aliases", name)))
        table.add_row(*(Text(screen.printable(text)) for text in (name, model, source)))
    screen.print_table(table)


@app.command("set")
def set_(
    name: Annotated[str, typer.Argument(help="The alias.")],
    model: Annotated[str, typer.Argument(help="`provider/model`, or another alias.")],
) -> None:
    """Sets an alias in the user's configuration."""
    with ferrule.Client() as client:
        if "*" not in model:
            client.registry.resolve(model)  # A model that is not there is reported before anything is written.

    def edit(document: Any) -> None:
        user_file.table(document, "aliases")[name] = model

    file = user_file.change(edit)
    sys.stdout.write(f"{name} = {model}, in {file}\n")
    source = Configuration.read().source(("aliases", name))
    if source.where != str(file):
        screen.note(f"{source} has another {name!r}, which wins")


@app.command()
def remove(name: Annotated[str, typer.Argument(help="The alias.")]) -> None:
    """Removes an alias from the user's configuration."""
    known = user_file.read().get("aliases") or {}
    if name not in known:
        hint = suggestion(name, list(known))
        raise failures.UsageError(f"{user_file.path()} has no alias {name!r}{hint}")

    def edit(document: Any) -> None:
        del document["aliases"][name]

    sys.stdout.write(f"removed: {name}, from {user_file.change(edit)}\n")
