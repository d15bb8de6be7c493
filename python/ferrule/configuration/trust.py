r"""Trust in configuration files that are found, not named: a record per file, of its path and its content's digest.

The records are in `$XDG_STATE_HOME/ferrule/trusted` (`~/.local/state/ferrule/trusted`; on Windows
`%LOCALAPPDATA%\ferrule\trusted`), readable by the user only. A record that anybody else can write to counts for
nothing. `untrusted.py` says what a file may set without one.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from ferrule.configuration.opening import open_regular
from ferrule.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_BYTES = 64 << 10


def state_directory(environment: Mapping[str, str]) -> str | None:
    """The user's directory for state; `None` where there is none."""
    if sys.platform == "win32":
        base = environment.get("LOCALAPPDATA") or os.path.join(os.path.expanduser("~"), "AppData", "Local")
    else:
        # The XDG base directory specification has relative paths ignored.
        base = environment.get("XDG_STATE_HOME") or ""
        if not os.path.isabs(base):
            base = os.path.join(os.path.expanduser("~"), ".local", "state")
    # A user without a home directory has none: a relative path would lead into the directory that is to be trusted.
    return os.path.join(base, "ferrule") if os.path.isabs(base) else None


def record(path: str) -> str | None:
    """The path of the record about the file at `path`, whether there is one or not."""
    from hashlib import sha256  # large, and needed only where a file is found

    directory = state_directory(os.environ)
    if directory is None:
        return None
    return os.path.join(directory, "trusted", sha256(os.fsencode(canonical(path))).hexdigest() + ".json")


def canonical(path: str) -> str:
    """The one path of a file, whichever way it was reached. The file itself may be a link."""
    directory, name = os.path.split(os.path.abspath(path))
    return os.path.normcase(os.path.join(os.path.realpath(directory), name))


def digest(content: bytes) -> str:
    """The digest of a file's content, for a record."""
    from hashlib import sha256

    return sha256(content).hexdigest()


def is_trusted(path: str, content_digest: str) -> bool:
    """Whether the user trusts the file at `path` with this content."""
    import json  # needed only where a file is found

    where = record(path)
    if where is None:
        return False
    try:
        written: object = json.loads(_read(where))
    except (OSError, ValueError):
        return False
    return written == {"path": canonical(path), "sha256": content_digest}


def trust(path: str, content_digest: str) -> None:
    """Records that the user trusts the file at `path` with this content.

    Raises:
        ConfigError: There is no directory for the record, or it cannot be written.
    """
    import json

    where = record(path)
    if where is None:
        raise ConfigError("the user has no home directory to keep trust in; set XDG_STATE_HOME")
    new = f"{where}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(where), mode=0o700, exist_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:
            json.dump({"path": canonical(path), "sha256": content_digest}, file)
        os.replace(new, where)
    except OSError as error:
        raise ConfigError(f"{error.filename or where}: {error.strerror or error}") from None


def untrust(path: str) -> bool:
    """Removes the record about the file at `path`. Returns whether there was one.

    Raises:
        ConfigError: It cannot be removed.
    """
    where = record(path)
    try:
        if where is not None:
            os.remove(where)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise ConfigError(f"{where}: {error.strerror or error}") from None
    return where is not None


def _read(path: str) -> bytes:
    """The record at `path`.

    Raises:
        OSError: There is none, or others can write to it.
    """
    with open(open_regular(path, follow=False), "rb") as file:
        status = os.fstat(file.fileno())
        if sys.platform != "win32" and (status.st_uid != os.geteuid() or status.st_mode & 0o022):
            raise OSError("others can write to it")
        return file.read(_MAX_BYTES)
