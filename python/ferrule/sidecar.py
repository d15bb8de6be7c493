"""Sidecar: a LiteLLM proxy that the program starts, supervises and stops.

For providers that only LiteLLM supports. The proxy is a provider like any other (`litellm`, with the wire format
`openai-chat`); this module makes sure that it runs. `Client(providers={"litellm": {"spawn": True}})` uses it; programs
may use `Sidecar` directly.
"""

from __future__ import annotations

import atexit
import contextlib
import http.client
import logging
import os
import secrets
import shutil
import signal
import socket
import subprocess
import threading
import time
import weakref
from collections import deque
from typing import TYPE_CHECKING

from ferrule._native import guard_group, release_group
from ferrule.errors import ConfigError, ConnectError

if TYPE_CHECKING:
    import sys
    from collections.abc import Mapping, Sequence
    from types import TracebackType
    from typing import Any

    from ferrule.configuration import Configuration

    if sys.version_info >= (3, 11):
        from typing import Self
    else:
        from typing_extensions import Self

_log = logging.getLogger("ferrule.sidecar")

LITELLM = ("litellm", "--host", "{host}", "--port", "{port}")
"""The default command; `--config` is added where there is a configuration file."""

_SPAWN_KEYS = frozenset(("spawn", "spawn_config", "spawn_timeout", "command"))
_STARTUP_TIMEOUT = 120.0
_HOST = "127.0.0.1"
_MAX_LINES = 50
_FIRST_PAUSE = 1.0
_MAX_PAUSE = 30.0
_STEADY_AFTER = 60.0
_TIME_TO_STOP = 5.0


class Sidecar:
    """A proxy process. Use it in a `with` statement, or `stop` it; it also stops when the program ends.

    Except on Windows that includes a program that is killed. A proxy that exits by itself is restarted after a pause,
    which doubles up to half a minute.

    Args:
        command: The program and its arguments; `{host}`, `{port}` and `{config}` are filled in. By default LiteLLM's
            `litellm`, which has to be on the `PATH`; for litellm-rs, for instance `["litellm-rs", "--port", "{port}"]`.
        config: The proxy's configuration file.
        api_key: The key that its clients need; a random one by default. The proxy gets it as `LITELLM_MASTER_KEY`.
        port: The port it listens on; any free port by default.
        environment: Environment variables in addition to those of this process.
        readiness_path: The path that answers with status 200 as soon as it is ready.
        startup_timeout: Seconds within which it has to be ready. Default 120.

    Raises:
        ConfigError: The program cannot be found.
    """

    def __init__(
        self,
        command: Sequence[str] | None = None,
        *,
        config: str | os.PathLike[str] | None = None,
        api_key: str | None = None,
        port: int | None = None,
        environment: Mapping[str, str] | None = None,
        readiness_path: str = "/health/liveliness",
        startup_timeout: float = _STARTUP_TIMEOUT,
    ) -> None:
        words = list(LITELLM if command is None else command)
        if command is None and config is not None:
            words += ["--config", "{config}"]
        if not words or shutil.which(words[0]) is None:
            name = words[0] if words else ""
            raise ConfigError(f"sidecar: there is no program {name!r}; `pip install 'litellm[proxy]'` brings LiteLLM's")
        self.port = port or _free_port()
        values = {"host": _HOST, "port": str(self.port), "config": os.fspath(config) if config is not None else ""}
        self._command = [_filled(word, values) for word in words]
        self.api_key = api_key or f"sk-{secrets.token_urlsafe(24)}"
        self._environment = {**os.environ, **(environment or {}), "LITELLM_MASTER_KEY": self.api_key}
        self._readiness_path = readiness_path
        self._startup_timeout = startup_timeout
        self._lines: deque[str] = deque(maxlen=_MAX_LINES)
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self.restarts = 0
        """How many times it was restarted."""

    def __repr__(self) -> str:
        return f"Sidecar(base_url={self.base_url!r}, running={self.running})"

    @property
    def base_url(self) -> str:
        """Its base URL, for instance `http://127.0.0.1:4000`."""
        return f"http://{_HOST}:{self.port}"

    @property
    def running(self) -> bool:
        """Whether its process is running."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The id of its process, which is also that of its process group; `None` before it is started."""
        return None if self._process is None else self._process.pid

    def start(self) -> Self:
        """Starts it, and waits until it is ready.

        Raises:
            ConnectError: It exited, or was not ready in time; its last output is in the message.
        """
        with self._lock:
            if self._process is not None:
                return self
            self._launch()
        _running.add(self)
        try:
            self._await_readiness()
        except BaseException:
            self.stop()
            raise
        threading.Thread(target=self._supervise, args=(weakref.ref(self),), name="ferrule-sidecar", daemon=True).start()
        return self

    def stop(self) -> None:
        """Stops it and all processes it started. Does nothing the second time, nor in a forked child."""
        if self._owner != os.getpid():
            return
        self._stopping.set()
        with self._lock:
            process = self._process
        if process is not None:
            _end(process)
        _running.discard(self)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _launch(self) -> None:
        """Starts the process in a group of its own, so that all its children can be ended with it."""
        process = subprocess.Popen(  # noqa: S603 - the command is the user's own
            self._command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=os.name == "posix",
        )
        guard_group(process.pid)
        self._process = process
        arguments = (process, self._lines, self.api_key)
        self._reader = threading.Thread(target=_keep_lines, args=arguments, name="ferrule-sidecar-output", daemon=True)
        self._reader.start()

    def _await_readiness(self) -> None:
        deadline = time.monotonic() + self._startup_timeout
        pause = threading.Event()
        while not self._is_ready():
            process = self._process
            if process is None or process.poll() is not None:
                code = None if process is None else process.returncode
                raise ConnectError(f"the sidecar exited with code {code} before it was ready: {self._last_output()}")
            if time.monotonic() > deadline:
                seconds = self._startup_timeout
                raise ConnectError(f"the sidecar was not ready after {seconds:g} s: {self._last_output()}")
            pause.wait(0.05)

    def _is_ready(self) -> bool:
        # Directly to loopback, whatever proxy the environment names.
        connection = http.client.HTTPConnection(_HOST, self.port, timeout=5)
        try:
            connection.request("GET", self._readiness_path)
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _last_output(self) -> str:
        if self._reader is not None and not self.running:
            self._reader.join(1)
        return " | ".join(list(self._lines)[-5:]) or "it printed nothing"

    def _restart(self) -> None:
        with self._lock:
            if self._stopping.is_set():
                return
            self.restarts += 1
            self._launch()
        try:
            self._await_readiness()
        except ConnectError as error:
            _log.warning("%s", error)
            with self._lock:
                process = self._process
            if process is not None:
                _end(process)

    @staticmethod
    def _supervise(reference: weakref.ref[Sidecar]) -> None:
        """Restarts the process whenever it exits by itself, until it is stopped or garbage collected."""
        pause = _FIRST_PAUSE
        while True:
            sidecar = reference()
            if sidecar is None:
                return
            process, stopping = sidecar._process, sidecar._stopping  # noqa: SLF001 - held weakly, so no `self`
            del sidecar
            if process is None:
                return
            began = time.monotonic()
            code = process.wait()
            release_group(process.pid)
            if stopping.is_set():
                return
            pause = _FIRST_PAUSE if time.monotonic() - began > _STEADY_AFTER else min(pause * 2, _MAX_PAUSE)
            _log.warning("the sidecar exited with code %s; restarting it in %g s", code, pause)
            if stopping.wait(pause):
                return
            sidecar = reference()
            if sidecar is None:
                return
            sidecar._restart()  # noqa: SLF001 - as above
            del sidecar


def _keep_lines(process: subprocess.Popen[str], lines: deque[str], secret: str) -> None:
    if process.stdout is None:
        return
    with process.stdout as output:
        for line in output:
            words = line.rstrip().replace(secret, "***")
            if words:
                lines.append(words[:500])
                _log.debug("%s", words)


def _end(process: subprocess.Popen[Any]) -> None:
    for how in ("SIGTERM", "SIGKILL"):
        with contextlib.suppress(OSError):
            if os.name == "posix":
                # The group outlives its leader if the leader's children do.
                os.killpg(process.pid, getattr(signal, how))
            elif process.poll() is None:
                process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_TIME_TO_STOP)
    release_group(process.pid)


def _filled(word: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        word = word.replace(f"{{{name}}}", value)
    return word


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((_HOST, 0))
        port: int = listener.getsockname()[1]
        return port


def start_sidecars(configuration: Configuration) -> tuple[Configuration, list[Sidecar]]:
    """Starts the proxies that a configuration declares with `spawn`, and waits until they are ready.

    Returns:
        The configuration with their base URLs and keys, and the proxies.

    Raises:
        ConfigError: A program cannot be found.
        ConnectError: A proxy did not become ready. Those that did are stopped.
    """
    sidecars: list[Sidecar] = []
    try:
        for identifier, fields in configuration.providers().items():
            if not fields.get("spawn"):
                continue
            sidecar = Sidecar(
                fields.get("command"),
                config=fields.get("spawn_config"),
                startup_timeout=fields.get("spawn_timeout", _STARTUP_TIMEOUT),
            )
            sidecars.append(sidecar.start())
            rest = {name: value for name, value in fields.items() if name not in _SPAWN_KEYS}
            entry = {**rest, "base_url": sidecar.base_url, "api_key": sidecar.api_key}
            configuration = configuration.changed("providers", identifier, entry)
    except BaseException:
        for sidecar in sidecars:
            sidecar.stop()
        raise
    return configuration, sidecars


_running: weakref.WeakSet[Sidecar] = weakref.WeakSet()


@atexit.register
def _stop_all() -> None:
    for sidecar in list(_running):
        sidecar.stop()
