"""Progress bar of `client.map` in a notebook: a bar of HTML, which the notebook's own page draws.

`rich` needs the package `ipywidgets` there, and shows nothing without it.
"""

from __future__ import annotations

import sys
import time
from typing import Any

_PAUSE = 0.1
"""Seconds from one drawing to the next; each is a message to the page."""


def find_display() -> Any:
    """IPython's `display` where a notebook shows what it is given; `None` elsewhere, in IPython's terminal too."""
    ipython: Any = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    # Only the shell of a notebook's kernel talks to a page.
    if shell is None or not hasattr(shell, "kernel"):
        return None
    from IPython.display import display  # type: ignore[import-not-found, unused-ignore]

    return display


class NotebookBar:
    """The bar. It appears with the first answer."""

    def __init__(self, display: Any, total: int | None) -> None:
        """Makes a bar of `total` answers, or of a number that is not known, shown by IPython's `display`."""
        self._display = display
        self._total = total
        self._done = 0
        self._said = ""
        self._handle: Any = None
        self._drawn = 0.0

    def advance(self, said: str) -> None:
        """Counts an answer, and updates the text next to the bar."""
        self._done += 1
        self._said = said
        if time.monotonic() - self._drawn >= _PAUSE:
            self._draw()

    def stop(self) -> None:
        """Leaves the bar as it is."""
        if self._done:
            self._draw()

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        if self._handle is None:
            self._handle = self._display(self, display_id=True)
        else:
            self._handle.update(self)

    def __repr__(self) -> str:
        of = "" if self._total is None else f"/{self._total}"
        return f"{self._done}{of} {self._said}".rstrip()

    def _repr_html_(self) -> str:
        bar = "" if self._total is None else f'<progress value="{self._done}" max="{self._total}"></progress> '
        return f"{bar}{self!r}"
