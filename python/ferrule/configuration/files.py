r"""Configuration files: where they are looked for, and how they are read, with the place of every key.

The user's file is `config.toml` in `~/.config/ferrule` (`$XDG_CONFIG_HOME/ferrule`; on Windows `%APPDATA%\ferrule`),
the project's is `ferrule.toml` in the working directory or above it. `FERRULE_CONFIG` names one instead of both.
Whoever wrote the working directory wrote the project's file: `untrusted.py` says what it may set.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from ferrule._native import parse_configuration
from ferrule.configuration.notices import warn_once
from ferrule.configuration.opening import open_regular
from ferrule.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

Path = tuple["str | int", ...]

ENDINGS = ("toml", "json", "yaml", "yml")
PROJECT_NAMES = tuple(f"ferrule.{ending}" for ending in ENDINGS)
MAX_BYTES = 1 << 20


NAMED = "named"
"""The user, or the program, named the file."""
USER = "user"
"""It is in the user's own directory."""
HERE = "here"
"""It was found in the working directory."""
ABOVE = "above"
"""It was found in a directory above that."""


class File(NamedTuple):
    """A file that exists, its layer (`user` or `project`), and how it came to be read."""

    layer: str
    path: str
    origin: str = NAMED

    @property
    def is_found(self) -> bool:
        """Whether nobody chose it but whoever wrote the directory."""
        return self.origin in (HERE, ABOVE)


class Parsed(NamedTuple):
    """The values of a file, and the line and column of every key and list item."""

    tree: dict[str, Any]
    places: dict[Path, tuple[int, int]]
    content: bytes


class RefusedError(Exception):
    """A file that was found is not read; the message says why."""


def user_directory(environment: Mapping[str, str]) -> str | None:
    """The directory of the user's file; `None` where there is none."""
    if sys.platform == "win32":
        base = environment.get("APPDATA") or os.path.join(os.path.expanduser("~"), "AppData", "Roaming")
    else:
        # The XDG base directory specification has relative paths ignored.
        base = environment.get("XDG_CONFIG_HOME") or ""
        if not os.path.isabs(base):
            base = os.path.join(os.path.expanduser("~"), ".config")
    # A user without a home directory has none: what is in the working directory is not the user's.
    return os.path.join(base, "ferrule") if os.path.isabs(base) else None


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
    directory = user_directory(environment)
    found = _only(directory, _files(directory, "config", "user", USER)) if directory else []
    project = find_project()
    return [*found, project] if project else found


def find_project() -> File | None:
    """The project's file: the one in the working directory, or in the closest directory above that has one.

    Raises:
        ConfigError: The directory has two.
    """
    try:
        directory = here = os.getcwd()
    except OSError:  # The working directory was removed.
        return None
    while True:
        origin = HERE if directory == here else ABOVE
        candidates = _files(directory, "ferrule", "project", origin)
        if found := _only(directory, [file for file in candidates if _may_be_read(file)]):
            return found[0]
        above = os.path.dirname(directory)
        if above == directory:
            return None
        directory = above


def _files(directory: str, name: str, layer: str, origin: str) -> list[File]:
    paths = [os.path.join(directory, f"{name}.{ending}") for ending in ENDINGS]
    return [File(layer, path, origin) for path in paths if os.path.isfile(path)]


def _only(directory: str, found: list[File]) -> list[File]:
    if len(found) > 1:
        names = " and ".join(os.path.basename(file.path) for file in found)
        raise ConfigError(f"{directory} has {names}; keep one of them")
    return found


def _may_be_read(file: File) -> bool:
    """Whether a file that was found is read at all. Those above are looked into: they may be other users'."""
    if file.origin == ABOVE:
        try:
            os.close(_open(file))
        except RefusedError as refused:
            warn_once(
                (file.path, str(refused)),
                "%s is not read: it is in a directory above and %s; name it in FERRULE_CONFIG to use it",
                file.path,
                refused,
            )
            return False
    return True


def _open(file: File) -> int:
    """A descriptor of a file that was found.

    Raises:
        RefusedError: It is in a directory above, and cannot be opened or is not the user's.
        OSError: It is in the working directory, and cannot be opened.
    """
    if file.origin != ABOVE:
        return open_regular(file.path)
    try:
        # Another user's link to a file of ours would pass for ours.
        descriptor = open_regular(file.path, follow=False)
    except OSError as error:
        is_link = os.path.islink(file.path)
        raise RefusedError("is a symbolic link" if is_link else f"cannot be opened ({error.strerror})") from None
    # Whoever can write to a shared parent directory must not decide anything.
    if sys.platform != "win32" and os.fstat(descriptor).st_uid not in (0, os.geteuid()):
        os.close(descriptor)
        raise RefusedError("belongs to another user")
    return descriptor


def read(file: File) -> Parsed:
    """Reads a file.

    Raises:
        ConfigError: It cannot be read; the message names file, line and column.
    """
    path = file.path
    try:
        # What is named may be a pipe.
        with open(_open(file) if file.is_found else path, "rb") as opened:
            content = opened.read(MAX_BYTES + 1)
        text = content.decode()
    except RefusedError as refused:
        raise ConfigError(f"{path}: not read, as it {refused}") from None
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
    return Parsed(tree, places, content)


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
            # A pipe that was named can be read once only.
            with open(open_regular(path), "rb") as file:
                now[path] = (state, hash(file.read(MAX_BYTES + 1)))
        except OSError:
            now[path] = (None, 0)
    return now
