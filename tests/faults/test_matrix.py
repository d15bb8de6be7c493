"""Fault matrix in full: every fault, in both dialects, plain and streamed, with both clients, ends as `matrix.py` says.

That is in the right error or after a successful retry, and with no connection, task or thread left. How long a busy
machine takes for it says nothing: the limit that passed is known by its error, and a retry by what it was scheduled
after.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cells import MEGABYTE, Cell, bounded_memory, check_end, native_threads, no_new_threads
from matrix import ANSWERED, ROWS, Row

if TYPE_CHECKING:
    from collections.abc import Callable

WAYS = [
    (dialect, streamed, asynchronous)
    for dialect in ("openai", "anthropic")
    for streamed in (False, True)
    for asynchronous in (False, True)
]
CELLS = [Cell(row, *way) for row in ROWS for way in WAYS]
# Where no script can make the second attempt succeed.
UNREACHABLE = [row for row in ROWS if row.where in ("refused", "silent")]


def check_one(cell: Cell) -> None:
    """The fault is always there, and no retry left."""
    outcome = cell.run()
    check_end(cell, outcome, cell.end, attempts=1)
    assert outcome.attempts[0].waited == 0
    assert outcome.seconds >= cell.row.lasts


def check_once(cell: Cell) -> None:
    """The fault is there once, and one retry left."""
    outcome = cell.run(times=1, max_retries=1)
    if cell.end.again:
        check_end(cell, outcome, ANSWERED, attempts=2)
        assert outcome.attempts[0].outcome != "success"
        assert outcome.attempts[1].waited <= cell.row.longest_wait + 0.001
    else:
        check_end(cell, outcome, cell.end, attempts=1)


def check_always(cell: Cell) -> None:
    """The fault is always there, and one retry left."""
    check_end(cell, cell.run(max_retries=1), cell.end, attempts=2 if cell.end.again else 1)


def check_all(cells: list[Cell], check: Callable[[Cell], None]) -> None:
    """Checks `cells` side by side, each with a simulator and a client of its own."""

    def failure(cell: Cell) -> str | None:
        try:
            check(cell)
        except Exception as failure:
            return f"{cell}: {failure!r}"
        return None

    with no_new_threads(), ThreadPoolExecutor(12) as pool:
        failures = [text for text in pool.map(failure, cells) if text]
    assert not failures, "\n".join(failures)


@pytest.mark.parametrize("cell", [cell for cell in CELLS if not cell.row.lasts], ids=str)
def test_ends_in_the_right_error_and_leaves_nothing(cell: Cell) -> None:
    with no_new_threads(), bounded_memory(100 * MEGABYTE):
        check_one(cell)


@pytest.mark.parametrize("row", [row for row in ROWS if row.lasts], ids=lambda row: row.name)
def test_ends_at_its_limit_and_leaves_nothing(row: Row) -> None:
    check_all([cell for cell in CELLS if cell.row is row], check_one)


@pytest.mark.parametrize(("dialect", "streamed", "asynchronous"), WAYS)
def test_is_repeated_where_that_helps(dialect: str, streamed: bool, asynchronous: bool) -> None:
    """What may be repeated succeeds; the rest ends as if there were no retry left."""
    check_all([Cell(row, dialect, streamed, asynchronous) for row in ROWS if row not in UNREACHABLE], check_once)


@pytest.mark.parametrize("row", UNREACHABLE, ids=lambda row: row.name)
def test_no_connection_is_tried_again_up_to_max_retries(row: Row) -> None:
    check_all([cell for cell in CELLS if cell.row is row], check_always)


def test_the_engine_has_its_threads() -> None:
    """The threads that are counted above are there to be counted."""
    assert native_threads() > 0 or not Path("/proc/self/task").exists()
