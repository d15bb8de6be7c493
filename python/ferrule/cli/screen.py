"""Writing to terminals and pipes: plain text and JSON on stdout, remarks on stderr."""

import json
import sys
import unicodedata
from typing import Any

from rich.console import Console
from rich.table import Table

_WIDEST = 1000


def stdout() -> Console:
    """A console on stdout: colours and movement on a terminal, plain text elsewhere."""
    tolerate(sys.stdout)
    return Console(highlight=False)


def stderr() -> Console:
    """The same on stderr, for remarks that are not the result."""
    tolerate(sys.stderr)
    return Console(stderr=True, highlight=False)


def tolerate(stream: Any) -> None:
    """Has what `stream` cannot encode or decode replaced by a mark, rather than end the program."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")


def print_table(table: Table) -> None:
    """A table on stdout: as wide as the terminal; in a pipe as wide as it is, each entry on a line of its own."""
    console = stdout()
    if not console.is_terminal:
        console.width = _WIDEST
    console.print(table)


def print_json(value: Any) -> None:
    """One JSON document on stdout, for programs."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def printable(text: str) -> str:
    """`text` without control characters: what a model or a server says must not steer the terminal."""
    if text.isprintable():
        return text
    kept = (char for char in text if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs"))
    return "".join(kept)


def seconds(value: float | None) -> str:
    """A duration for people: `214 ms`, or a dash where it is unknown."""
    if value is None:
        return "-"
    if value < 0.01:
        return f"{value * 1000:.1f} ms"
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"


def count(value: int | None) -> str:
    """A number for people, or a dash where it is unknown."""
    return "-" if value is None else f"{value:,}"


def rate(tokens: int | None, first: float | None, whole: float | None) -> float | None:
    """Tokens per second from the first one on, or in all where they came at once; `None` where a figure is unknown."""
    if not tokens or first is None or not whole:
        return None
    return tokens / (whole - first if whole > first else whole)
