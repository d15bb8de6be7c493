r"""Configuration files: where they are looked for, and how they are read, with the place of every key.

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
MAX_BYTES = 1 << 20


class File(NamedTuple):
    """A file that exists, and its layer: `user` or `project`."""

    layer: str
    path: str


class Parsed(NamedTuple):
    """The values of a file, and the line and column of every key and list item."""

    tree: dict[str, Any]
    places: dict[Path, tuple[int, int]]


def user_directory(environment: Mapping[str, str]) -> str:
    """The directory of the user's file."""
    if sys.platform == "win32":
        base = environment.get("APPDATA") or os.path.join(os.path.expanduser("~"), "AppData", "Roaming")
    else:
        # The XDG base directory specification has relative paths ignored.
        base = environment.get("XDG_CONFIG_HOME") or ""
        if not os.path.isabs(base):
            base = os.path.join(os.path.expanduser("~"), ".config")
    return os.path.join(base, "ferrule")


def find(environment: Mapping[str, str]) -> list[File]:
    """The files that exist, lowest priority first.

    Raises:
        ConfigError: `FERRULE_CONFIG` names a file that does not exist, or a directory has two.
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
            # Its commands are run, and keys are sent to its addresses: whoever can write to a shared parent directory
            # must not decide that.
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
    import logging  # large, and only needed for this warning

    logging.getLogger("ferrule").warning(
        "%s is not read: it is in a directory above and belongs to another user; name it in FERRULE_CONFIG to use it",
        path,
    )


def read(path: str) -> Parsed:
    """Reads the file at `path`.

    Raises:
        ConfigError: It cannot be read; the message names file, line and column.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
        text = content.decode()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: not UTF-8") from None
    if len(content) > MAX_BYTES:
        raise ConfigError(f"{path}: larger than {MAX_BYTES} bytes")
    try:
        tree, places = parse_configuration(text, path.rpartition(".")[2])
    except ValueError as error:
        message, line, column = error.args
        raise ConfigError(f"{path}:{line}:{column}: {message}") from None
    return Parsed(tree, places)


def fingerprint(paths: list[str], before: dict[str, tuple[Any, int]]) -> dict[str, tuple[Any, int]]:
    """Detects changes: the status of each file, and a hash of its content, which is read only if the status is new."""
    now: dict[str, tuple[Any, int]] = {}
    for path in paths:
        try:
            status = os.stat(path)
            state = (status.st_mtime_ns, status.st_size, status.st_ino)
            known = before.get(path)
            if known and known[0] == state:
                now[path] = known
                continue
            with open(path, "rb") as file:
                now[path] = (state, hash(file.read(MAX_BYTES + 1)))
        except OSError:
            now[path] = (None, 0)
    return now
