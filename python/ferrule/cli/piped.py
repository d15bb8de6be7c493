"""Piped input: text on stdin that does not come from a terminal."""

import sys
from typing import TextIO

from ferrule.cli import screen


def piped() -> str | None:
    """All piped text; `None` if stdin is a terminal."""
    stdin: TextIO | None = sys.stdin
    if stdin is None:  # It was closed.
        return ""
    screen.tolerate(stdin)
    return None if stdin.isatty() else stdin.read()


def lines(text: str) -> list[str]:
    """The lines of `text` that are not empty."""
    return [line for line in text.splitlines() if line.strip()]
