"""Screen output: text and JSON on stdout, notes on stderr, for terminals and pipes."""

import json
import shutil
import sys
import textwrap
import unicodedata
from typing import Any

from rich.console import Console
from rich.table import Table

_PIPE_WIDTH = 100_000
"""Columns outside a terminal: more than any line has."""
_NARROWEST = 20
"""Columns of a terminal that lines are still broken for."""


class _Console(Console):
    """A console that leaves a closed pipe to `failures`, and wraps nothing outside a terminal."""

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, **options)
        if not self.is_terminal:
            self.width = _PIPE_WIDTH

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def stdout() -> Console:
    """A console on stdout: colours and animation on a terminal, plain text without line breaks of ours elsewhere."""
    tolerate(sys.stdout)
    return _Console()


def stderr() -> Console:
    """The same on stderr, for notes that are not part of the result."""
    tolerate(sys.stderr)
    return _Console(stderr=True)


def tolerate(stream: Any) -> None:
    """Makes `stream` replace characters that it cannot encode or decode, instead of raising an error."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")


def new_table(header_style: str = "bold", gap: int = 2) -> Table:
    """A table without lines, to add columns to, which are `gap` characters apart."""
    return Table(box=None, header_style=header_style, pad_edge=False, padding=(0, gap, 0, 0))


def print_table(table: Table) -> None:
    """A table on stdout: as wide as the terminal; in a pipe each entry is on one line."""
    console = stdout()
    if console.is_terminal:
        console.print(table)
        return
    with console.capture() as captured:
        console.print(table)
    # The last column is filled up with spaces, which nobody needs at the end of a line.
    console.file.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def print_json(value: Any) -> None:
    """One JSON document on stdout: indented on a terminal, on one line in a pipe, as line-based programs want it."""
    tolerate(sys.stdout)
    indent = 2 if sys.stdout.isatty() else None
    sys.stdout.write(json.dumps(value, indent=indent, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """A remark on stderr that is not part of the result."""
    line_on_stderr(f"note: {text}")


def line_on_stderr(text: str) -> None:
    """A line on stderr, whose words a terminal does not break."""
    tolerate(sys.stderr)
    text = printable(text)
    if sys.stderr.isatty():
        width = max(shutil.get_terminal_size().columns, _NARROWEST)
        text = textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def printable(text: str) -> str:
    """`text` without control characters: text of models and servers must not control the terminal."""
    if text.isprintable():
        return text
    kept = (char for char in text if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs"))
    return "".join(kept)


def seconds(value: float | None) -> str:
    """A duration, such as `214 ms`; a dash where it is unknown."""
    if value is None:
        return "-"
    if value < 0.01:
        return f"{value * 1000:.1f} ms"
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"


def count(value: int | None) -> str:
    """A number with separators; a dash where it is unknown."""
    return "-" if value is None else f"{value:,}"


def rate(tokens: int | None, first: float | None, whole: float | None) -> float | None:
    """Tokens per second from the first token on, or over the whole call if all came at once; `None` where unknown."""
    if not tokens or first is None or not whole:
        return None
    return tokens / (whole - first if whole > first else whole)
