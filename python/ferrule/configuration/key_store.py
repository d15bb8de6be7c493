"""Key store: API keys that `ferrule keys set` keeps, for values such as `{ keyring = "openai" }`.

They are in the operating system's keyring where the package `keyring` is installed and finds one; otherwise in the file
`keys.json` next to the user's configuration, which nobody else may read.
"""

from __future__ import annotations

import os
import stat
import sys
from typing import Any

from ferrule.configuration.files import user_directory
from ferrule.configuration.opening import open_regular

SERVICE = "ferrule"
"""The name under which the keyring has our keys."""
MAX_BYTES = 1 << 20


class KeyStoreError(Exception):
    """The store cannot be used; the message says why, and shows no key."""


def read(name: str) -> str | None:
    """The key called `name`; `None` where there is none.

    Raises:
        KeyStoreError: The keyring or the file cannot be read.
    """
    found = None
    if (ring := keyring()) is not None:
        try:
            found = ring.get_password(SERVICE, name)
        except Exception as error:
            raise KeyStoreError(f"the keyring cannot be read: {type(error).__name__}: {error}") from None
    return found or read_file().get(name)


def write(name: str, key: str) -> str:
    """Keeps a key, in place of one of the same name, and gives where it is kept, in words.

    Raises:
        KeyStoreError: The keyring or the file cannot be written.
    """
    if (ring := keyring()) is not None:
        try:
            ring.set_password(SERVICE, name, key)
        except Exception as error:
            raise KeyStoreError(f"the keyring cannot be written: {type(error).__name__}: {error}") from None
        _remove_from_file(name)
        return f"the keyring ({_shown(ring)})"
    write_file(read_file() | {name: key})
    return f"the file {file_path()}, which only you can read, as there is no keyring"


def remove(name: str) -> bool:
    """Removes a key. Returns whether there was one.

    Raises:
        KeyStoreError: The keyring or the file cannot be written.
    """
    was_there = False
    if (ring := keyring()) is not None:
        try:
            if ring.get_password(SERVICE, name) is not None:
                ring.delete_password(SERVICE, name)
                was_there = True
        except Exception as error:
            raise KeyStoreError(f"the keyring cannot be written: {type(error).__name__}: {error}") from None
    return _remove_from_file(name) or was_there


def keyring() -> Any:
    """The operating system's keyring; `None` where there is none that can be used."""
    try:
        import keyring  # optional
    except ImportError:
        return None
    try:
        found = keyring.get_keyring()
        # The backends for "none" have a priority of 0 or less.
        return found if found.priority > 0 else None
    except Exception:  # whatever the machine's backends do
        return None


def file_path() -> str | None:
    """The path of the file; `None` where the user has no directory for it."""
    directory = user_directory(os.environ)
    return os.path.join(directory, "keys.json") if directory else None


def read_file() -> dict[str, str]:
    """The keys in the file, by name.

    Raises:
        KeyStoreError: It cannot be read, or others can read it.
    """
    import json

    path = file_path()
    if path is None:
        return {}
    try:
        with open(open_regular(path), "rb") as file:
            status = os.fstat(file.fileno())
            if sys.platform != "win32" and stat.S_IMODE(status.st_mode) & 0o077:
                raise KeyStoreError(f"{path}: others can read it; run: chmod 600 {path}")
            found: object = json.loads(file.read(MAX_BYTES))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise KeyStoreError(f"{path}: {error.strerror or error}") from None
    except ValueError:
        raise KeyStoreError(f"{path}: not valid JSON") from None
    if not isinstance(found, dict):
        raise KeyStoreError(f"{path}: expected an object of keys by name")
    return {name: key for name, key in found.items() if isinstance(name, str) and isinstance(key, str)}


def write_file(keys: dict[str, str]) -> None:
    """Writes the file, readable by the user only.

    Raises:
        KeyStoreError: It cannot be written.
    """
    import json

    path = file_path()
    if path is None:
        raise KeyStoreError("there is no home directory to keep keys in; set XDG_CONFIG_HOME")
    new = f"{path}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(keys, file)
        os.replace(new, path)
    except OSError as error:
        raise KeyStoreError(f"{error.filename or path}: {error.strerror or error}") from None


def _remove_from_file(name: str) -> bool:
    keys = read_file()
    if name not in keys:
        return False
    del keys[name]
    write_file(keys)
    return True


def _shown(ring: Any) -> str:
    return str(getattr(ring, "name", type(ring).__name__))
