"""Progress bar of `client.map`: how many prompts are answered, how many of them failed, and what they cost."""

from __future__ import annotations

from collections.abc import Sized
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ferrule._native import Reply
from ferrule.errors import ConfigError
from ferrule.notebook_progress import NotebookBar, find_display

if TYPE_CHECKING:
    from ferrule.errors import FerruleError


class Progress:
    """The bar: in a notebook below its cell, elsewhere on standard error. It appears with the first answer."""

    def __init__(self, prompts: Any) -> None:
        """Makes a bar; `prompts` say how many they are, if they know."""
        total = len(prompts) if isinstance(prompts, Sized) else None
        display = find_display()
        self._bar = TerminalBar(total) if display is None else NotebookBar(display, total)
        self._failed = 0
        self._cost = Decimal(0)

    def advance(self, outcome: Reply | FerruleError) -> None:
        """Counts an answer."""
        if not isinstance(outcome, Reply):
            self._failed += 1
        elif (cost := outcome.cost) is not None:
            self._cost += cost.total
        said = [f"{self._failed} failed"] if self._failed else []
        if self._cost:
            said.append(f"${self._cost:.4f}")
        self._bar.advance(", ".join(said))

    def close(self) -> None:
        """Leaves the bar as it is."""
        self._bar.stop()


class TerminalBar:
    """The bar of a terminal."""

    def __init__(self, total: int | None) -> None:
        """Makes a bar of `total` answers, or of a number that is not known."""
        try:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress as Bar, TextColumn, TimeRemainingColumn
        except ImportError:
            raise ConfigError("progress: the progress bar needs the package `rich`: pip install rich") from None
        self._bar = Bar(
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._task = self._bar.add_task("", total=total)
        self._is_started = False

    def advance(self, said: str) -> None:
        """Counts an answer, and updates the text next to the bar."""
        if not self._is_started:
            self._is_started = True
            self._bar.start()
        self._bar.update(self._task, advance=1, description=said)

    def stop(self) -> None:
        """Leaves the bar as it is."""
        if self._is_started:
            self._is_started = False
            self._bar.stop()
