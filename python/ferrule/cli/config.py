"""Config command, `ferrule config`: the configuration's values with their sources, and whether it is valid."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from ferrule.cli import failures, screen
from ferrule.configuration import Configuration, files
from ferrule.configuration.documents import json_schema
from ferrule.configuration.providers import dialects
from ferrule.configuration.registry import masked
from ferrule.errors import ConfigError

app = typer.Typer(no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})


@app.callback()
def config() -> None:
    """Shows and checks the configuration. docs/configuration.md lists all keys; `schema` is for editors."""


@app.command()
def check(
    file: Annotated[Path | None, typer.Argument(help="The file to check; without it, those that are found.")] = None,
) -> None:
    """Checks the configuration: every problem with its file, line and key. Fetches no secrets, makes no requests.

    Something that is valid but missing on this machine, such as a variable that is not set, is a note, not a problem.
    """
    try:
        configuration = Configuration.read(file)
        providers = configuration.settings()["providers"]
    except ConfigError as error:
        problems = error.message.splitlines()
        for problem in problems:
            sys.stderr.write(f"error: {screen.printable(problem)}\n")
        raise typer.Exit(failures.USAGE) from None
    read = configuration.found()
    if not read:
        sys.stdout.write("there is no configuration file; `ferrule config path` shows where one is looked for\n")
    for _, path in read:
        sys.stdout.write(f"{screen.printable(path)}: no problems\n")
    for provider in providers:
        if provider["missing"] and configuration.is_declared(provider["id"]):
            sys.stderr.write(f"note: {screen.printable(provider['missing'])}\n")


@app.command()
def show(
    file: Annotated[Path | None, typer.Argument(help="The file to show; without it, those that are found.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Shows the effective configuration, and where each value comes from. Secrets are masked."""
    entries = _entries(file)
    if as_json:
        screen.print_json(entries)
        return
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("key", "value", "from"):
        table.add_column(column, overflow="fold", style="dim" if column == "from" else "")
    for entry in entries:
        value = entry["value"]
        shown = value if isinstance(value, str) else _written(value)
        source = entry["file"] or entry["variable"] or entry["layer"]
        place = f"{source}:{entry['line']}" if entry["line"] else source
        table.add_row(*(Text(screen.printable(text)) for text in (entry["key"], shown, place)))
    screen.print_table(table)


@app.command()
def path() -> None:
    """Shows the files that are read, and where the user's file is looked for."""
    found = files.find(os.environ)
    for layer, name in found:
        sys.stdout.write(f"{layer}: {screen.printable(name)}\n")
    layers = {layer for layer, _ in found}
    if "user" not in layers and not os.environ.get("FERRULE_CONFIG"):
        user = os.path.join(files.user_directory(os.environ), "config.toml")
        sys.stdout.write(f"user: {screen.printable(user)} (does not exist)\n")
    if "project" not in layers:
        sys.stdout.write("project: no ferrule.toml here or above\n")


@app.command()
def schema() -> None:
    """Prints the JSON Schema of the configuration, for editors."""
    screen.print_json(json_schema(dialects()))


def _entries(file: Path | None) -> list[dict[str, Any]]:
    """Every value, with its source; secrets masked."""
    state = Configuration.read(file).state
    tree: dict[str, Any] = {
        "max_retries": 2,
        "drop_params": False,
        **state.merged.tree,
        "timeouts": {"connect": 5, "idle": 120, "total": 600, **(state.merged.tree.get("timeouts") or {})},
    }
    providers = {name: masked(fields) for name, fields in (tree.get("providers") or {}).items()}
    entries: list[dict[str, Any]] = []

    def add(path: tuple[str, ...], value: Any) -> None:
        if isinstance(value, dict) and path not in state.merged.sources:
            for name, item in value.items():
                add((*path, name), item)
            return
        source = state.merged.source(path)
        is_variable = source.layer == "environment"
        entries.append(
            {
                "key": _key(path),
                "value": value,
                "layer": source.layer,
                "file": None if is_variable else source.where or None,
                "line": source.line,
                "variable": source.where if is_variable else None,
            }
        )

    add((), {**tree, "providers": providers})
    return sorted(entries, key=lambda entry: entry["key"])


def _key(path: tuple[str, ...]) -> str:
    """A path as TOML writes it."""
    plain = [
        step if step.replace("-", "").replace("_", "").isalnum() and step.isascii() else f'"{step}"' for step in path
    ]
    return ".".join(plain)


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
