"""Fixtures of the command line's tests: it runs as another process, with its output and exit code."""

from __future__ import annotations

import codecs
import os
import select
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ferrule.testing import Simulator

LIMIT = 40
"""Seconds that nothing here takes, also on a busy machine."""


def environment(simulator: Simulator | None, **more: str) -> dict[str, str]:
    """The environment of a command that calls `simulator`."""
    steering = ("FERRULE_", "SSL_CERT_", "REQUESTS_CA_", "CURL_CA_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(steering)}
    settings = {"PYTHONWARNINGS": "error", "FERRULE_LOG": "off"}
    return inherited | settings | (simulator.environment() if simulator else {}) | more


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home directory of the test's own: no command here reads or writes what belongs to whoever runs the tests."""
    directory = tmp_path_factory.mktemp("home")
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(directory / name.lower()))
    # A keyring, where the machine has one, is not for tests.
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    return directory


@pytest.fixture
def ferrule(ferrule_simulator: Simulator) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `ferrule` to its end. By default its providers are the simulator, and nothing is piped in."""

    def run(
        *arguments: str, typed: str = "", simulator: Simulator | None = ferrule_simulator, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "ferrule", *arguments],
            input=typed,
            env=environment(simulator, **variables),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=LIMIT,
        )
        assert "Traceback" not in done.stderr
        return done

    return run


@pytest.fixture
def started() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts `ferrule` and does not wait for it; ends it after the test."""
    processes: list[subprocess.Popen[str]] = []

    def start(
        *arguments: str, simulator: Simulator | None = None, stdin: int = subprocess.DEVNULL
    ) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "ferrule", *arguments],
            env=environment(simulator),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate(timeout=LIMIT)


LEADER = """
import os, signal, subprocess, sys

terminal = os.open(os.ttyname(1), os.O_RDWR)
signal.signal(signal.SIGINT, lambda *_: None)
code = subprocess.Popen(sys.argv[1:], stdin=terminal).wait()
os.write(terminal, f"[ended with {code}]".encode())
sys.stdin.read()
"""
"""Leads the terminal's session: what opens a terminal first gets its Ctrl-C as a signal, and all that is unread is lost
when it ends, so it stays until we have read."""


class Terminal:
    """A person at a terminal who runs `ferrule`."""

    def __init__(self, arguments: tuple[str, ...], variables: dict[str, str], columns: int) -> None:
        import fcntl
        import pty
        import struct
        import termios

        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self._leader = subprocess.Popen(
            [sys.executable, "-c", LEADER, sys.executable, "-m", "ferrule", *arguments],
            stdin=subprocess.PIPE,
            stdout=theirs,
            stderr=theirs,
            env=variables | {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"},
            start_new_session=True,
        )
        os.close(theirs)
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self.seen = ""
        self._read_to = 0

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def wait_for(self, text: str) -> str:
        """Reads until `text` is on the screen, after what was waited for before; gives what is new."""
        deadline = time.monotonic() + LIMIT
        while (position := self.seen.find(text, self._read_to)) < 0:
            ready, _, _ = select.select([self._ours], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise AssertionError(f"{text!r} did not come after:\n{self.seen[self._read_to :]}")
            self.seen += self._decoder.decode(os.read(self._ours, 65536))
        position += len(text)
        new, self._read_to = self.seen[self._read_to : position], position
        return new

    def wait_for_prompt(self) -> str:
        """Reads until a conversation waits for input: pasted text is announced only then."""
        return self.wait_for("\x1b[?2004h")

    def interrupt_until(self, text: str) -> None:
        """Presses Ctrl-C, again each second until `text` comes.

        One that comes just before `input` begins to wait is noticed only at the next key, as CPython has it.
        """
        deadline = time.monotonic() + LIMIT
        while self.seen.find(text, self._read_to) < 0:
            if time.monotonic() > deadline:
                raise AssertionError(f"{text!r} did not come after:\n{self.seen[self._read_to :]}")
            self.type("\x03")
            while select.select([self._ours], [], [], 1.0)[0]:
                self.seen += self._decoder.decode(os.read(self._ours, 65536))
        self.wait_for(text)

    def wait_for_end(self) -> int:
        """Reads to the end; gives the exit code."""
        self.wait_for("[ended with ")
        return int(self.wait_for("]")[:-1])

    def close(self) -> None:
        # Its end hangs up, which ends whatever is still running there.
        self._leader.kill()
        self._leader.communicate(timeout=LIMIT)
        os.close(self._ours)


@pytest.fixture
def terminal(ferrule_simulator: Simulator) -> Iterator[Callable[..., Terminal]]:
    """Runs `ferrule` on a terminal of its own."""
    pytest.importorskip("pty", reason="no pseudo-terminals here")
    terminals: list[Terminal] = []

    def open_terminal(*arguments: str, columns: int = 100, **variables: str) -> Terminal:
        terminals.append(Terminal(arguments, environment(ferrule_simulator, **variables), columns))
        return terminals[-1]

    yield open_terminal
    for one in terminals:
        one.close()
