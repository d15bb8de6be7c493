"""Cells of the fault matrix: runs one, and looks at what is left of it."""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matrix import TEXT, End, Row

from ferrule.errors import FerruleError, ProviderError
from ferrule.testing import Simulator, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrule import Reply

MEGABYTE = 1 << 20


@dataclass
class Outcome:
    """How a call ended."""

    seen: str
    """The text that the caller was given before the end."""
    reply: Reply | None = None
    error: FerruleError | None = None
    seconds: float = 0.0

    @property
    def attempts(self) -> list[Any]:
        return list((self.reply or self.error).attempts)


@dataclass(frozen=True)
class Cell:
    """A row, called in one way."""

    row: Row
    dialect: str
    streamed: bool
    asynchronous: bool

    def __str__(self) -> str:
        streamed = "streamed" if self.streamed else "plain"
        return f"{self.row.name}-{self.dialect}-{streamed}-{'async' if self.asynchronous else 'sync'}"

    @property
    def end(self) -> End:
        return self.row.end(self.dialect, self.streamed)

    def run(self, *, times: int | None = None, max_retries: int = 0) -> Outcome:
        """Calls a simulator with the row's fault (`times` times, or always), and asserts that nothing is left of it."""
        with place(self.row, self.dialect, times) as (simulator, base_url):
            options = {
                "timeout": self.row.timeouts,
                "max_retries": max_retries,
                "providers": {self.dialect: {"base_url": base_url, "api_key": "sk-simulated"}},
            }
            call = self._asynchronously if self.asynchronous else self._synchronously
            began = time.perf_counter()
            outcome = call(options)
            outcome.seconds = time.perf_counter() - began
            assert simulator.wait_for_connections(0), f"{simulator.open_connections} connections are left"
            assert simulator.wait_for_answers(), "an answer is still being sent"
            return outcome

    @property
    def _arguments(self) -> tuple[str, str]:
        return f"{self.dialect}/simulated", "Count to five."

    def _synchronously(self, options: dict[str, Any]) -> Outcome:
        from ferrule import Client

        seen: list[str] = []
        with Client(**options) as client:
            try:
                if not self.streamed:
                    return Outcome("", client.complete(*self._arguments, max_tokens=100))
                with client.stream(*self._arguments, max_tokens=100) as stream:
                    seen.extend(stream.text)
                return Outcome("".join(seen), stream.reply())
            except FerruleError as error:
                return Outcome("".join(seen), error=error)

    def _asynchronously(self, options: dict[str, Any]) -> Outcome:
        from ferrule import AsyncClient

        async def call() -> Outcome:
            seen: list[str] = []
            async with AsyncClient(**options) as client:
                try:
                    if not self.streamed:
                        return Outcome("", await client.complete(*self._arguments, max_tokens=100))
                    async with client.stream(*self._arguments, max_tokens=100) as stream:
                        async for text in stream.text:
                            seen.append(text)  # noqa: PERF401 - what came before an error counts
                    return Outcome("".join(seen), stream.reply())
                except FerruleError as error:
                    return Outcome("".join(seen), error=error)

        async def main() -> Outcome:
            outcome = await call()
            assert asyncio.all_tasks() == {asyncio.current_task()}, "a task is left"
            return outcome

        return asyncio.run(main())


@contextlib.contextmanager
def place(row: Row, dialect: str, times: int | None) -> Iterator[tuple[Simulator, str]]:
    """A simulator with the row's fault, and the address to call."""
    script: dict[str, Any] = {"rules": [rule(TEXT)]}
    if row.fault is not None:
        script["rules"].insert(0, rule(TEXT, fault=row.fault, times=times))
    if row.where == "reset":
        script["reset_connections"] = times or 1000
    with Simulator(script) as simulator, contextlib.ExitStack() as stack:
        if row.where == "refused":
            yield simulator, simulator.refused_url
        elif row.where == "silent":
            # The system accepts for it, and it never says anything: the TLS handshake waits.
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            yield simulator, f"https://127.0.0.1:{listener.getsockname()[1]}"
        elif dialect == "openai":
            yield simulator, simulator.openai_base_url
        else:
            yield simulator, simulator.anthropic_base_url


def check_end(cell: Cell, outcome: Outcome, end: End, attempts: int) -> None:
    """Asserts that the call ended as it should."""
    error = outcome.error
    assert type(error) is (end.error or type(None)), f"{error!r}"
    assert len(outcome.attempts) == attempts, outcome.attempts
    if error is None:
        assert outcome.reply.text == TEXT
        assert outcome.reply.finish_reason == "stop"
        assert outcome.attempts[-1].outcome == "success"
        assert outcome.seen == (TEXT if cell.streamed else "")
        return
    # The whole text of what the caller was given, and nothing that it was not.
    assert (error.partial_reply and error.partial_reply.text) == end.text, error.partial_reply
    assert outcome.seen == (end.text or "")
    assert (error.provider, error.model) == (cell.dialect, "simulated")
    assert outcome.attempts[-1].outcome != "success"
    assert str(error)
    assert "sk-simulated" not in repr(error) + str(error)
    if isinstance(error, ProviderError) and end.status is not None:
        assert error.status == end.status
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (type(error), str(error))
    assert (again.partial_reply and again.partial_reply.text) == end.text


def native_threads() -> int:
    """How many of the engine's threads there are."""
    tasks = Path("/proc/self/task")
    if not tasks.exists():
        return 0
    names = [name for task in tasks.iterdir() if (name := _name(task))]
    return sum(name.startswith("ferrule") and not name.startswith("ferrule-sim") for name in names)


def _name(task: Path) -> str:
    with contextlib.suppress(OSError):  # It has ended since it was listed.
        return (task / "comm").read_text().strip()
    return ""


@contextlib.contextmanager
def no_new_threads() -> Iterator[None]:
    """Asserts that no thread is left, neither of Python's nor of the engine's."""
    python, native = set(threading.enumerate()), native_threads()
    yield
    assert set(threading.enumerate()) <= python
    assert native_threads() <= native


@contextlib.contextmanager
def bounded_memory(growth: int) -> Iterator[None]:
    """Asserts that the process never held `growth` bytes more than at first (where the system tells)."""
    reset = Path("/proc/self/clear_refs")
    if not reset.exists():
        yield
        return
    reset.write_text("5")  # The peak is counted from now on.
    before = _memory("VmRSS")
    yield
    peak = _memory("VmHWM")
    assert peak - before < growth, f"{(peak - before) / MEGABYTE:.0f} MB more at the peak"


def _memory(field: str) -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024
