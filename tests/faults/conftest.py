"""Fixtures of the fault tests: an engine whose threads run already, and a check of descriptors afterwards."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cells import Cell
from matrix import ANSWERED, Row

import ferrule.catalog

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module", autouse=True)
def no_descriptors_are_left() -> Iterator[None]:
    """Starts the engine's threads, which stay, so that the tests can count them; counts descriptors over a module."""
    sound = Row("sound", None, ANSWERED, ANSWERED)
    for asynchronous in (False, True):
        Cell(sound, "openai", True, asynchronous).run()
    # A provider's first answer has a thread unpack the prices of its models, which ends in its own time.
    for provider in ("openai", "anthropic"):
        assert ferrule.catalog.models(provider)
    before = descriptors()
    yield
    # The last loop's bridge lives until the next loop has one.
    assert descriptors() <= before + 2


def descriptors() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
