"""Secrets that are referenced instead of written down.

`${VARIABLE}`, `{env = ...}`, `{file = ...}`, `{keyring = ...}` and `{command = ...}` stand for them. Variables are read
when a client is made. Files, the keyring and commands are read when a provider is first used: a key that is not needed
is not fetched. Their values are kept until a provider refuses them or the configuration is read again, and shown
nowhere.
"""

from __future__ import annotations

import errno
import os
import threading
from typing import TYPE_CHECKING, Any

from ferrule._native import find_program
from ferrule.configuration import api_keys, providers
from ferrule.configuration.opening import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

COMMAND_SECONDS = 10.0
MAX_BYTES = 64 << 10


class UnknownSecretError(Exception):
    """A value cannot be read; the message says why, and shows nothing of the value."""


class Deferred(Exception):  # noqa: N818 - not an error, but "not yet"
    """A value comes from a file or a command that is not read yet."""


class Vault:
    """Reads referenced values, each file and command once."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._fetched: dict[tuple[str, ...], str] = {}

    def __repr__(self) -> str:
        return "Vault(***)"

    def forget(self) -> None:
        """Reads files and runs commands again from now on."""
        self._fetched.clear()

    def value(self, value: Any, *, fetch: bool, declared: list[str] | None = None, own_keys: Iterable[str] = ()) -> str:
        """The text that `value` stands for.

        Args:
            value: Text that may have `${VARIABLE}` in it, or a dict with `env`, `file` or `command`.
            fetch: Whether files are read and commands run.
            declared: Gets the parts of the text that come from a variable, a file or a command.
            own_keys: The variables of keys that a command may use; it gets no others of providers.

        Raises:
            Deferred: `fetch` is false, and a file or a command would be needed.
            UnknownSecretError: It cannot be read.
        """
        declared = [] if declared is None else declared
        if isinstance(value, str):
            return self._filled(value, declared)
        text = self._referenced(value, fetch, own_keys)
        declared.append(text)
        return text

    def _referenced(self, value: Mapping[str, Any], fetch: bool, own_keys: Iterable[str]) -> str:
        if "env" in value:
            text = self._variable(value["env"])
            return api_keys.items(text)[value["item"]] if "item" in value else text
        if "file" in value:
            path = os.path.expanduser(self._filled(value["file"], []))
            return self._once(("file", path), fetch, own_keys)
        if "keyring" in value:
            return self._once(("keyring", value["keyring"]), fetch, own_keys)
        command = value["command"]
        if isinstance(command, str):
            import shlex  # rarely needed

            try:
                command = shlex.split(command)
            except ValueError as error:
                raise UnknownSecretError(f"the command cannot be split into words: {error}") from None
        if not command:
            raise UnknownSecretError("the command is empty")
        return self._once(("command", *command), fetch, own_keys)

    def _once(self, source: tuple[str, ...], fetch: bool, own_keys: Iterable[str]) -> str:
        if source not in self._fetched:
            if not fetch:
                raise Deferred
            text = _fetched(source, own_keys)
            if not text:
                raise UnknownSecretError(
                    f"the {source[0]} is empty" if source[0] == "file" else "the command prints nothing"
                )
            self._fetched[source] = text
        return self._fetched[source]

    def _variable(self, name: str) -> str:
        if not (text := self._environment.get(name)):
            raise UnknownSecretError(f"the environment variable {name} is not set")
        return text

    def _filled(self, text: str, declared: list[str]) -> str:
        """`text` with `${NAME}` and `${NAME:-default}` replaced by their values; `$${` is a plain `${`.

        The values are added to `declared`; a default stands in the file anyway.
        """
        if "${" not in text:
            return text
        filled, rest = "", text
        while True:
            before, mark, after = rest.partition("${")
            if not mark:
                return filled + rest
            if before.endswith("$"):
                filled, rest = f"{filled}{before[:-1]}${{", after
                continue
            inside, mark, rest = after.partition("}")
            name, default_mark, default = inside.partition(":-")
            if not mark or not name.isidentifier():
                raise UnknownSecretError("expected ${NAME} or ${NAME:-default}; write $${ for a plain ${")
            found = self._environment.get(name) if default_mark else self._variable(name)
            if found:
                declared.append(found)
            filled += before + (found or default)


def _fetched(source: tuple[str, ...], own_keys: Iterable[str]) -> str:
    kind, *words = source
    if kind == "file":
        return _read(words[0])
    return _kept(words[0]) if kind == "keyring" else _run(words, own_keys)


def _kept(name: str) -> str:
    """The key called `name` in the store of keys."""
    from ferrule.configuration import key_store  # rarely needed

    try:
        found = key_store.read(name)
    except key_store.KeyStoreError as error:
        raise UnknownSecretError(str(error)) from None
    if not found:
        raise UnknownSecretError(f"no key {name!r} is kept on this machine; run: ferrule keys set {name}")
    return found


def _read(path: str) -> str:
    try:
        with open(open_regular(path), "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UnknownSecretError(f"{path}: {error.strerror or error}") from None
    return _text(content, path)


def _run(command: list[str], own_keys: Iterable[str]) -> str:
    # Large, and few configurations have commands.
    import signal
    import subprocess

    program = find_program(command[0])
    if program is None:
        raise UnknownSecretError(f"the command {command[0]}: {os.strerror(errno.ENOENT)}")
    try:
        process = subprocess.Popen(  # noqa: S603 - the user's own command, without a shell
            command,
            executable=program,
            env=_without_keys(own_keys),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "it cannot be started"
        raise UnknownSecretError(f"the command {command[0]}: {reason}") from None
    late = threading.Event()

    def end() -> None:
        late.set()
        if hasattr(os, "killpg"):
            # Processes that it started hold its output open as well.
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()

    timer = threading.Timer(COMMAND_SECONDS, end)
    timer.daemon = True
    timer.start()
    try:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        with process.stdout as output:
            content = output.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            process.kill()
        status = process.wait()
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        timer.cancel()
    if late.is_set():
        raise UnknownSecretError(f"the command {command[0]} took longer than {COMMAND_SECONDS:g} s")
    if status and len(content) <= MAX_BYTES:
        raise UnknownSecretError(f"the command {command[0]} ended with status {status}")
    return _text(content, f"the output of {command[0]}")


def _without_keys(own: Iterable[str]) -> dict[str, str]:
    """The environment without the keys of providers, which a program that fetches one has no need of."""
    keys = {variable for row in providers.rows().values() for variable in row["key_variables"]} - set(own)
    several = set(map(api_keys.variable, keys))
    return {name: value for name, value in os.environ.items() if name not in keys | several}


def _text(content: bytes, name: str) -> str:
    if len(content) > MAX_BYTES:
        raise UnknownSecretError(f"{name}: larger than {MAX_BYTES} bytes")
    try:
        return content.decode().strip()
    except UnicodeDecodeError:
        raise UnknownSecretError(f"{name}: not UTF-8") from None


def shown(value: Any) -> str:
    """`value` for people: its source, but nothing that may be secret."""
    if isinstance(value, str):
        return value if is_reference(value) else "***"
    if "env" in value:
        return f"${{{value['env']}}}" + (f"[{value['item']}]" if "item" in value else "")
    if "file" in value:
        return f"file {value['file']}"
    if "keyring" in value:
        return f"keyring {value['keyring']}"
    command = value["command"]
    words = command.split() if isinstance(command, str) else command
    # Arguments may be secrets.
    return f"command {words[0]}" + (" ..." if len(words) > 1 else "")


def is_reference(text: str) -> bool:
    """Whether `text` is a reference to one variable and nothing else, so that it may be shown."""
    return text.startswith("${") and text.endswith("}") and text[2:-1].isidentifier()
