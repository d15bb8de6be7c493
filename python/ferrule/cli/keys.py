"""Keys command, `ferrule keys`: API keys in the operating system's keyring, or in a file of the user's own."""

import os
import sys
from getpass import getpass
from typing import Annotated, Any

import typer
from rich.text import Text

from ferrule.cli import failures, screen, user_file
from ferrule.cli.piped import piped
from ferrule.configuration import Configuration, characters, key_store
from ferrule.configuration.layers import own_variable
from ferrule.configuration.providers import needs_key
from ferrule.configuration.suggestions import suggestion

app = typer.Typer(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})

_PROVIDER = Annotated[str, typer.Argument(help="The provider's id, such as `openai`.")]


@app.callback()
def keys(context: typer.Context) -> None:
    """Keeps API keys: in the operating system's keyring, else in a file that only you can read."""
    if context.invoked_subcommand is None:
        list_()


@app.command("set")
def set_(provider: _PROVIDER) -> None:
    """Keeps a provider's key, and has your configuration read it. The key is typed unseen, or piped in."""
    configuration = Configuration.read()
    provider = _known(configuration, provider)
    if user_file.path().suffix == ".toml" and _own(provider).get("api_keys"):
        raise failures.UsageError(f"{user_file.path()} has api_keys for {provider}; add the key to that list")
    key = _typed(provider)
    # What the configuration cannot take is found before a key is kept.
    user_file.read()
    place = _or_error(lambda: key_store.write(provider, key))

    def edit(document: Any) -> None:
        reference = user_file.inline({"keyring": provider})
        user_file.table(document, "providers", provider)["api_key"] = reference

    file = user_file.change(edit)
    sys.stdout.write(f"the key of {provider} is kept in {place}; {file} refers to it\n")
    if variable := next((name for name in _variables(configuration, provider) if os.environ.get(name)), None):
        screen.note(f"the environment variable {variable} is set, and wins")


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="A JSON list, for programs.")] = False) -> None:
    """Lists which keys are kept, and where. No key is shown."""
    found = [_row(name) for name in _names()]
    if as_json:
        screen.print_json(found)
        return
    if not found:
        screen.note("no key is kept; `ferrule keys set openai` keeps one, `ferrule providers` shows those of variables")
        return
    table = screen.new_table()
    for column in ("provider", "kept in", ""):
        table.add_column(column, overflow="fold", style="" if column == "provider" else "dim")
    for row in found:
        place = row["place"] or "nowhere: it was removed, or belongs to another machine"
        wins = f"{row['variable']} is set, and wins" if row["variable"] else ""
        table.add_row(*(Text(screen.printable(text)) for text in (row["name"], place, wins)))
    screen.print_table(table)


@app.command()
def remove(provider: _PROVIDER) -> None:
    """Removes a provider's key, and what refers to it in your configuration."""
    removed = _or_error(lambda: key_store.remove(provider))
    referred = False
    if user_file.path().suffix == ".toml":
        referred = _own(provider).get("api_key") == {"keyring": provider}
    if not removed and not referred:
        hint = suggestion(provider, _names())
        raise failures.UsageError(f"no key of {provider!r} is kept{hint}; `ferrule keys list` lists them")
    if referred:

        def edit(document: Any) -> None:
            del document["providers"][provider]["api_key"]
            if not document["providers"][provider]:
                del document["providers"][provider]
            if not document["providers"]:
                del document["providers"]

        user_file.change(edit)
    sys.stdout.write(f"removed: the key of {provider}\n")


@app.command()
def path() -> None:
    """Shows where keys are kept."""
    ring = key_store.keyring()
    if ring is not None:
        sys.stdout.write(f"the keyring ({getattr(ring, 'name', type(ring).__name__)})\n")
    else:
        sys.stdout.write(f"{key_store.file_path() or 'nowhere: there is no home directory'}\n")


def _own(provider: str) -> dict[str, Any]:
    """What the user's own file says of a provider."""
    entry: dict[str, Any] = (user_file.read().get("providers") or {}).get(provider) or {}
    return entry


def _typed(provider: str) -> str:
    text = piped()
    if text is None:
        # Typer shows its question before it hides what is typed.
        text = getpass(f"Key of {provider} (not shown): ")
    try:
        key = characters.key(text.strip())
    except characters.WrongCharacterError as error:
        raise failures.UsageError(f"that cannot be a key: {error}") from None
    if not key:
        raise failures.UsageError("no key was given; type it, or pipe it in")
    return key


def _known(configuration: Configuration, provider: str) -> str:
    name = configuration.spelled("providers", provider)
    if name not in configuration.provider_ids():
        hint = suggestion(name, configuration.provider_ids())
        raise failures.UsageError(f"there is no provider {provider!r}{hint}; `ferrule providers` lists them")
    row = configuration.row(name)
    if row and not row["key_variables"] and not needs_key(row):
        raise failures.UsageError(f"{name} needs no key; see docs/providers for how it is called")
    return name


def _variables(configuration: Configuration, provider: str) -> list[str]:
    row = configuration.row(provider)
    return row["key_variables"] if row else [own_variable(provider)]


def _references() -> dict[str, str]:
    """The providers whose keys the configuration takes from the store, with the names of the keys."""
    fields = {name: entry.get("api_key") for name, entry in Configuration.read().providers().items()}
    return {name: key["keyring"] for name, key in fields.items() if isinstance(key, dict) and "keyring" in key}


def _names() -> list[str]:
    in_file = _or_error(key_store.read_file)
    own: dict[str, Any] = {}
    if user_file.path().suffix == ".toml":
        own = user_file.read().unwrap().get("providers") or {}
    kept = [
        key["keyring"] for entry in own.values() if isinstance(key := entry.get("api_key"), dict) and "keyring" in key
    ]
    return sorted({*in_file, *_references().values(), *kept})


def _row(name: str) -> dict[str, Any]:
    in_file = name in _or_error(key_store.read_file)
    found = _or_error(lambda: key_store.read(name))
    place = "file" if in_file else "keyring" if found else None
    configuration = Configuration.read()
    known = name in configuration.provider_ids()
    variable = next((one for one in _variables(configuration, name) if os.environ.get(one)), None) if known else None
    return {"name": name, "place": place, "path": key_store.file_path() if in_file else None, "variable": variable}


def _or_error(work: Any) -> Any:
    try:
        return work()
    except key_store.KeyStoreError as error:
        raise failures.UsageError(str(error)) from None
