"""User's configuration file, changed by commands: read and written with its comments and order."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from ferrule.cli import failures
from ferrule.configuration import files, layers


def path() -> Path:
    """The file: the one that exists, else where it would be.

    Raises:
        UsageError: The user has no directory for it.
    """
    directory = files.user_directory(os.environ)
    if directory is None:
        raise failures.UsageError("there is no home directory for a configuration; set XDG_CONFIG_HOME")
    for ending in files.ENDINGS:
        if (found := Path(directory, f"config.{ending}")).is_file():
            return found
    return Path(directory, "config.toml")


def read() -> tomlkit.TOMLDocument:
    """Its content; an empty document where there is none.

    Raises:
        UsageError: It is not TOML, or cannot be read.
    """
    file = path()
    if file.suffix != ".toml":
        raise failures.UsageError(f"{file} is not TOML, and only that is changed by commands; change it in an editor")
    try:
        return tomlkit.parse(file.read_text("utf-8"))
    except FileNotFoundError:
        return tomlkit.document()
    except OSError as error:
        raise failures.UsageError(f"{file}: {error.strerror}") from None
    except (TOMLKitError, ValueError) as error:
        raise failures.UsageError(f"{file}: {error}") from None


def change(edit: Callable[[tomlkit.TOMLDocument], Any]) -> Path:
    """Changes the file, or creates it, and gives its path. What would not be valid is not written.

    Raises:
        UsageError: It cannot be changed.
        ConfigError: The result is not valid.
    """
    document = read()
    edit(document)
    file = path()
    layers.prepared(layers.Layer("user", document.unwrap(), str(file)))
    write(file, tomlkit.dumps(document))
    if os.environ.get("FERRULE_CONFIG"):
        from ferrule.cli import screen

        screen.note(f"FERRULE_CONFIG is set, so that {file} is not read")
    return file


def write(file: Path, text: str, mode: int = 0o600) -> None:
    """Writes a file at once, or not at all. A link stays one.

    Raises:
        UsageError: It cannot be written.
    """
    target = Path(os.path.realpath(file))
    new = target.with_name(f"{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if target.exists():
            mode = target.stat().st_mode & 0o777
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as opened:
            opened.write(text)
        os.replace(new, target)
    except OSError as error:
        raise failures.UsageError(f"{error.filename or file}: {error.strerror}") from None


def table(document: Any, *steps: str) -> Any:
    """The table at `steps`, which is made if need be."""
    for step in steps:
        if step not in document:
            document[step] = tomlkit.table(is_super_table=step is not steps[-1])
        document = document[step]
    return document


def inline(fields: dict[str, str]) -> Any:
    """A table on one line."""
    made = tomlkit.inline_table()
    made.update(fields)
    return made
