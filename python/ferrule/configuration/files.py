r"""Configuration files: where they are looked for, and what they say, with the place of every key.

The user's file is `config.toml` in `~/.config/ferrule` (`$XDG_CONFIG_HOME/ferrule`; on Windows `%APPDATA%\ferrule`),
the project's is `ferrule.toml` in the working directory or above it. `FERRULE_CONFIG` names one instead of both.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from ferrule._native import parse_configuration
from ferrule.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

Path = tuple["str | int", ...]

ENDINGS = ("toml", "json", "yaml", "yml")
LARGEST = 1 << 20


class File(NamedTuple):
    """A file that is there, and which layer it is: `user` or `project`."""

    layer: str
    path: str


class Parsed(NamedTuple):
    """What a file says, and the line and column of every key and list item."""

    tree: dict[str, Any]
    places: dict[Path, tuple[int, int]]


def user_directory(environment: Mapping[str, str]) -> str:
    """Where the user's file is looked for."""
    if sys.platform == "win32":
        base = environment.get("APPDATA") or os.path.join(os.path.expanduser("~"), "AppData", "Roaming")
    else:
        # A relative path is to be ignored, says the XDG base directory specification.
        base = environment.get("XDG_CONFIG_HOME") or ""
        if not os.path.isabs(base):
            base = os.path.join(os.path.expanduser("~"), ".config")
    return os.path.join(base, "ferrule")


def find(environment: Mapping[str, str]) -> list[File]:
    """The files that are there, lowest layer first.

    Raises:
        ConfigError: `FERRULE_CONFIG` names none, or a directory has two.
    """
    named = environment.get("FERRULE_CONFIG")
    if named:
        if not os.path.isfile(named):
            raise ConfigError(f"FERRULE_CONFIG: there is no file {named}")
        return [File("project", named)]
    found = [File("user", path) for path in _only(user_directory(environment), "config")]
    return found + [File("project", path) for path in _project()]


def _project() -> list[str]:
    try:
        directory = here = os.getcwd()
    except OSError:  # The working directory was removed.
        return []
    while True:
        for path in _only(directory, "ferrule"):
            # Commands in it are run, and keys are sent where it says: who writes to a shared directory above ours must
            # not decide that.
            if directory == here or _is_trusted(path):
                return [path]
            _warn_of(path)
        above = os.path.dirname(directory)
        if above == directory:
            return []
        directory = above


def _only(directory: str, name: str) -> list[str]:
    paths = [os.path.join(directory, f"{name}.{ending}") for ending in ENDINGS]
    found = [path for path in paths if os.path.isfile(path)]
    if len(found) > 1:
        raise ConfigError(f"{directory} has {' and '.join(map(os.path.basename, found))}; keep one of them")
    return found


def _is_trusted(path: str) -> bool:
    if sys.platform == "win32":
        return True
    return os.stat(path).st_uid in (0, os.geteuid())


def _warn_of(path: str) -> None:
    import logging

    logging.getLogger("ferrule").warning(
        "%s is not read: it is in a directory above and belongs to another user; name it in FERRULE_CONFIG to use it",
        path,
    )


def read(path: str) -> Parsed:
    """What the file at `path` says.

    Raises:
        ConfigError: It cannot be read; the text names file, line and column.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST + 1)
        text = content.decode()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: not UTF-8") from None
    if len(content) > LARGEST:
        raise ConfigError(f"{path}: larger than {LARGEST} bytes")
    try:
        tree, places = parse_configuration(text, path.rpartition(".")[2])
    except ValueError as error:
        message, line, column = error.args
        raise ConfigError(f"{path}:{line}:{column}: {message}") from None
    return Parsed(tree, places)


def fingerprint(files: list[File], before: dict[str, tuple[Any, int]]) -> dict[str, tuple[Any, int]]:
    """What tells whether files changed: for each its state, and a hash of its content, read where the state is new."""
    now: dict[str, tuple[Any, int]] = {}
    for _, path in files:
        try:
            status = os.stat(path)
            state = (status.st_mtime_ns, status.st_size, status.st_ino)
            known = before.get(path)
            if known and known[0] == state:
                now[path] = known
                continue
            with open(path, "rb") as file:
                now[path] = (state, hash(file.read(LARGEST + 1)))
        except OSError:
            now[path] = (None, 0)
    return now
