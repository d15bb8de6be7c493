"""Config command, `ferrule config`: the configuration's values with their sources, and whether it is valid."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from ferrule.cli import failures, screen, user_file
from ferrule.configuration import Configuration, files, layers, trust as records, untrusted
from ferrule.configuration.documents import json_schema
from ferrule.configuration.providers import dialects
from ferrule.configuration.registry import masked, masked_group
from ferrule.errors import ConfigError

_STARTER = """# Configuration of Ferrule. docs/configuration.md has every key; `ferrule config check` checks this file.

# The model of calls that name none.
# model = "fast"

# Seconds for a whole call, and how many times a failed attempt is retried.
# timeout = 300
# max_retries = 2

# Names of your own for models; `ferrule aliases set` adds one.
# [aliases]
# fast = "openai/gpt-5-mini"

# Keys are usually in the environment. `ferrule keys set openai` keeps one, and refers to it here.
# [providers.openai]
# api_key = { keyring = "openai" }

# Any provider that speaks a format that Ferrule knows.
# [providers.mine]
# base_url = "https://models.example.com/v1"
# api_key = "${MINE_KEY}"
"""

app = typer.Typer(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})


@app.callback()
def config(context: typer.Context) -> None:
    """Shows, checks and begins a configuration. docs/configuration.md lists all keys; `schema` is for editors."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def check(
    file: Annotated[Path | None, typer.Argument(help="The file to check; without it, those that are found.")] = None,
) -> None:
    """Checks the configuration: every problem with its file, line and key. Fetches no secrets, makes no requests.

    Something that is valid but missing on this machine, such as a variable that is not set, is a note, not a problem.
    A file that is not trusted is checked as a whole all the same.
    """
    try:
        configuration = Configuration.read(file, as_trusted=True)
        providers = configuration.settings()["providers"]
    except ConfigError as error:
        problems = error.message.splitlines()
        for problem in problems:
            sys.stderr.write(f"error: {screen.printable(problem)}\n")
        raise typer.Exit(failures.USAGE) from None
    read = configuration.found()
    if not read:
        sys.stdout.write("there is no configuration file; `ferrule config path` shows where one is looked for\n")
    for one in read:
        sys.stdout.write(f"{screen.printable(one.path)}: no problems\n")
    for layer in configuration.state.layers:
        if layer.digest and not records.is_trusted(layer.path, layer.digest):
            screen.note(
                f"{layer.path} is not trusted, so that all but the harmless keys are ignored; see `config trust`"
            )
    for provider in providers:
        if provider["missing"] and configuration.is_declared(provider["id"]):
            screen.note(provider["missing"])


@app.command()
def show(
    file: Annotated[Path | None, typer.Argument(help="The file to show; without it, those that are found.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Shows the effective configuration, where each value comes from, and which files are trusted. Masks secrets."""
    configuration = Configuration.read(file)
    entries = _entries(configuration)
    read = _files(configuration)
    if as_json:
        screen.print_json({"files": read, "values": entries})
        return
    table = screen.new_table()
    for column in ("key", "value", "from"):
        table.add_column(column, overflow="fold", style="dim" if column == "from" else "")
    for entry in entries:
        value = entry["value"]
        shown = value if isinstance(value, str) else _written(value)
        source = entry["file"] or entry["variable"] or entry["layer"]
        place = f"{source}:{entry['line']}" if entry["line"] else source
        table.add_row(*(Text(screen.printable(text)) for text in (entry["key"], shown, place)))
    screen.print_table(table)
    if not read:
        return
    table = screen.new_table()
    for column in ("file", "trusted", "ignored"):
        table.add_column(column, overflow="fold")
    for one in read:
        ignored = ", ".join(one["ignored"])
        trusted = "yes" if one["trusted"] else "no"
        table.add_row(*(Text(screen.printable(text)) for text in (one["path"], trusted, ignored)))
    sys.stdout.write("\n")
    screen.print_table(table)


@app.command()
def trust(
    file: Annotated[Path | None, typer.Argument(help="The file; without it, the project's that is found.")] = None,
) -> None:
    """Trusts the project's file, so that all of its keys have an effect, until its content changes. Read it before.

    A `ferrule.toml` that is found in the working directory or above belongs to whoever wrote that directory. Before it
    is trusted it may set the default model, aliases, time limits and retries only.
    """
    found = _project(file)
    parsed = files.read(found)
    layers.prepared(layers.Layer(found.layer, parsed.tree, found.path, parsed.places))
    records.trust(found.path, records.digest(parsed.content))
    sys.stdout.write(f"{screen.printable(found.path)}: trusted, until its content changes\n")
    if ignored := untrusted.restricted(parsed.tree)[1]:
        keys = ", ".join(untrusted.shown(path) for path in ignored)
        sys.stdout.write(f"these keys have an effect from now on: {screen.printable(keys)}\n")


@app.command()
def untrust(
    file: Annotated[Path | None, typer.Argument(help="The file; without it, the project's that is found.")] = None,
) -> None:
    """Ends the trust in the project's file."""
    found = _project(file, may_be_gone=True)
    was_trusted = records.untrust(found.path)
    sys.stdout.write(f"{screen.printable(found.path)}: {'no longer' if was_trusted else 'was not'} trusted\n")


@app.command()
def init(
    file: Annotated[Path | None, typer.Argument(help="The file; without it, your own.")] = None,
    project: Annotated[bool, typer.Option("--project", help="A ferrule.toml in the working directory.")] = False,
) -> None:
    """Begins a configuration: a file with the usual keys, commented out. An existing one is left as it is."""
    if file and project:
        raise failures.UsageError("name a file or --project, not both")
    new = Path("ferrule.toml") if project else file or user_file.path()
    if new.exists():
        raise failures.UsageError(f"{new} exists; `ferrule config show` shows what it says")
    user_file.write(new, _STARTER, 0o644 if project else 0o600)
    sys.stdout.write(f"{new}: edit it, then run `ferrule config check`\n")


def _project(file: Path | None, *, may_be_gone: bool = False) -> files.File:
    """The project's file that a command is about, as it will be found."""
    if file is None:
        if found := files.find_project():
            return found
        raise failures.UsageError("there is no ferrule.toml here or above; name the file")
    if file.name not in files.PROJECT_NAMES:
        raise failures.UsageError(
            f"{file} needs no trust: only {' or '.join(files.PROJECT_NAMES)} is read without being named"
        )
    if not may_be_gone and not file.is_file():
        raise failures.UsageError(f"there is no file {file}")
    return files.File("project", records.canonical(os.fspath(file)), files.HERE)


@app.command()
def path() -> None:
    """Shows the files that are read, and where the user's file is looked for."""
    found = files.find(os.environ)
    for one in found:
        sys.stdout.write(f"{one.layer}: {screen.printable(one.path)}\n")
    there = {one.layer for one in found}
    user = files.user_directory(os.environ)
    if user and "user" not in there and not os.environ.get("FERRULE_CONFIG"):
        sys.stdout.write(f"user: {screen.printable(os.path.join(user, 'config.toml'))} (does not exist)\n")
    if "project" not in there:
        sys.stdout.write("project: no ferrule.toml here or above\n")


@app.command()
def schema() -> None:
    """Prints the JSON Schema of the configuration, for editors."""
    # Indented also in a pipe: it is a file that people read.
    sys.stdout.write(json.dumps(json_schema(dialects()), indent=2, ensure_ascii=False) + "\n")


def _files(configuration: Configuration) -> list[dict[str, Any]]:
    """Every file, with whether all of its keys have an effect, and those that have none."""
    return [
        {
            "path": layer.path,
            "layer": layer.name,
            "trusted": layer.trusted,
            "ignored": [untrusted.shown(path) for path in layer.ignored],
        }
        for layer in configuration.state.layers
        if layer.path
    ]


def _entries(configuration: Configuration) -> list[dict[str, Any]]:
    """Every value, with its source; secrets masked."""
    state = configuration.state
    tree: dict[str, Any] = {
        "max_retries": 2,
        "drop_params": False,
        **state.merged.tree,
        "timeouts": {"connect": 5, "idle": 120, "total": 600, **(state.merged.tree.get("timeouts") or {})},
    }
    providers = {name: masked(fields) for name, fields in (tree.get("providers") or {}).items()}
    groups = {name: masked_group(fields) for name, fields in (tree.get("groups") or {}).items()}
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

    add((), {**tree, "providers": providers} | ({"groups": groups} if groups else {}))
    return sorted(entries, key=lambda entry: entry["key"])


def _key(path: tuple[str, ...]) -> str:
    """A path as TOML writes it."""
    plain = [
        step if step.replace("-", "").replace("_", "").isalnum() and step.isascii() else f'"{step}"' for step in path
    ]
    return ".".join(plain)


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
