"""Fixtures of the providers' tests: a simulator for all providers of a module, and the command line's stand-in."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ferrule.testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

# Without what a site adds, it starts at once.
CURSOR_AGENT = [sys.executable, "-I", "-S", str(Path(__file__).with_name("cursor_agent.py"))]


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture(autouse=True)
def nothing_is_known(simulator: Simulator) -> None:
    """Each test sees its own requests only."""
    simulator.clear()


@pytest.fixture(scope="session")
def cursor_agent() -> dict[str, Any]:
    """The settings of a `cursor-cli` that is the stand-in."""
    return {"command": CURSOR_AGENT, "api_key": "sk-simulated"}
