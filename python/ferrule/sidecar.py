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
import signal
import socket
import subprocess
import threading
import time
import weakref
from collections import deque
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ferrule._native import find_program, guard_group, mask_secrets, release_group
from ferrule.configuration.notices import one_line
from ferrule.errors import ConfigError, ConnectError
from ferrule.numeric import as_integer, as_number
from ferrule.spawning import listeners, litellm, variables
from ferrule.typing_compat import Self

if TYPE_CHECKING:
    from ferrule.configuration import Configuration

_log = logging.getLogger("ferrule.sidecar")

LITELLM = ("litellm", "--host", "{host}", "--port", "{port}")
"""The default command; `--config` is added where there is a configuration file."""

_SPAWN_KEYS = frozenset(("spawn", "spawn_config", "spawn_environment", "spawn_timeout", "command"))
_STARTUP_TIMEOUT = 120.0
_HOST = "127.0.0.1"
_MAX_LINES = 50
_FIRST_PAUSE = 1.0
_MAX_PAUSE = 30.0
_STEADY_AFTER = 60.0
_TIME_TO_STOP = 5.0
_PROBE_SECONDS = 2.0


class Sidecar:
    """A proxy process. Use it in a `with` statement, or `stop` it; it also stops when the program ends.

    Except on Windows that includes a program that is killed. A proxy that exits by itself is restarted after a pause,
    which doubles up to half a minute.

    Args:
        command: The program and its arguments; `{host}`, `{port}` and `{config}` are filled in. By default LiteLLM's
            `litellm`, which has to be on the `PATH`; for litellm-rs, for instance `["litellm-rs", "--port", "{port}"]`.
            `{fd}` is the number of a socket that listens on that port already, for programs that take one:
            `["uvicorn", "proxy:app", "--fd", "{fd}"]`. LiteLLM gets it by itself, except on Windows.
        config: The proxy's configuration file.
        api_key: The key that its clients need; a random one by default. The proxy gets it as `LITELLM_MASTER_KEY`.
        port: The port it listens on; any free port by default.
        environment: Environment variables for it, in addition to those of this process that it needs: what any program
            needs, what its configuration and command name, and those of the providers in them. It gets no others.
        inherit: Names of further variables of this process that it needs; a `*` at the end stands for any text.
        readiness_path: The path that answers with status 200 as soon as it is ready.
        startup_timeout: Seconds within which it has to be ready. Default 120.

    Raises:
        ConfigError: The program cannot be found.
        ConnectError: The port is taken.
    """

    def __init__(
        self,
        command: Sequence[str] | None = None,
        *,
        config: str | os.PathLike[str] | None = None,
        api_key: str | None = None,
        port: int | None = None,
        environment: Mapping[str, str] | None = None,
        inherit: Sequence[str] = (),
        readiness_path: str = "/health/liveliness",
        startup_timeout: float = _STARTUP_TIMEOUT,
    ) -> None:
        port, startup = as_integer(port), as_number(startup_timeout)
        words = list(LITELLM if command is None else command)
        if command is None and config is not None:
            words += ["--config", "{config}"]
        program = find_program(words[0]) if words else None
        if program is None:
            name = words[0] if words else ""
            raise ConfigError(f"sidecar: there is no program {name!r}; `pip install 'litellm[proxy]'` brings LiteLLM's")
        words = litellm.inheriting(program, words[1:]) or [program, *words[1:]]
        self._listener: socket.socket | None = None
        if any("{fd}" in word for word in words):
            self._listener = _listener(port or 0)
            port = self._listener.getsockname()[1]
        self.port: int = port or _free_port()
        config = os.fspath(config) if config is not None else None
        values = {"host": _HOST, "port": str(self.port), "config": config or "", "fd": str(self._descriptor())}
        self._command = [_filled(word, values) for word in words]
        self.api_key = api_key or f"sk-{secrets.token_urlsafe(24)}"
        own = variables.for_proxy(os.environ, self._command, config, inherit)
        self._environment = {**own, **(environment or {}), "LITELLM_MASTER_KEY": self.api_key}
        self._secrets = [self.api_key, *variables.secrets(self._environment)]
        self._readiness_path = readiness_path
        self._startup_timeout = _STARTUP_TIMEOUT if startup is None else startup
        self._lines: deque[str] = deque(maxlen=_MAX_LINES)
        self._nonces: dict[str, bool] = {}
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
        if self._listener is not None:
            self._listener.close()
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
            pass_fds=() if self._listener is None else (self._descriptor(),),
        )
        guard_group(process.pid)
        self._process = process
        self._nonces.clear()
        arguments = (process, self._lines, self._secrets, self._nonces)
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
                stranger = "" if self._is_alone() else f"; another program listens on port {self.port}"
                raise ConnectError(f"the sidecar was not ready after {seconds:g} s{stranger}: {self._last_output()}")
            pause.wait(0.05)

    def _is_ready(self) -> bool:
        return self._answers(self._readiness_path) and self._is_proven()

    def _is_proven(self) -> bool:
        """Whether it is our program that answers: nothing that matters is sent to any other."""
        process = self._process
        if process is None or self._listener is not None:
            # Nobody else can accept what comes to a socket of ours.
            return process is not None
        ours = listeners.is_ours(self.port, process.pid)
        if ours is None:
            # Only our program writes to our pipe; most write what they are asked for.
            nonce = secrets.token_hex(16)
            self._nonces[nonce] = False
            self._answers(f"/ferrule-{nonce}")
            return any(self._nonces.values())
        return ours

    def _is_alone(self) -> bool:
        """Whether nobody else is known to listen on its port."""
        if self._listener is not None or self._process is None or not self._answers(self._readiness_path):
            return True
        return listeners.is_ours(self.port, self._process.pid) is not False

    def _answers(self, path: str) -> bool:
        # Directly to loopback, whatever proxy the environment names.
        connection = http.client.HTTPConnection(_HOST, self.port, timeout=_PROBE_SECONDS)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _descriptor(self) -> int:
        return -1 if self._listener is None else self._listener.fileno()

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
            _log.warning("%s", one_line(str(error)))
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


def _keep_lines(process: subprocess.Popen[str], lines: deque[str], secret: list[str], nonces: dict[str, bool]) -> None:
    if process.stdout is None:
        return
    with process.stdout as output:
        for line in output:
            for nonce in list(nonces):
                if nonce in line:
                    nonces[nonce] = True
            # Masked before it is cut: half a secret would not be found.
            words = one_line(mask_secrets(line.rstrip(), secret))
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


def _listener(port: int) -> socket.socket:
    """A socket that listens, for a program to inherit."""
    if os.name != "posix":
        raise ConfigError("sidecar: `{fd}` needs a system on which programs inherit sockets")
    try:
        return socket.create_server((_HOST, port), backlog=128)
    except OSError as error:
        raise ConnectError(f"the sidecar cannot listen on port {port}: {error.strerror or error}") from None


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
                inherit=fields.get("spawn_environment", ()),
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
