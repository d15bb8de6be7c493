"""Fixtures of the crossing's tests: separate programs for what cannot be tried inside pytest."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrule.testing import Simulator

    Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(simulator: Simulator) -> Run:
    """Runs a program whose clients call the simulator; with all warnings on, so that a clean end says nothing."""

    def run(program: str, timeout: float = 30) -> subprocess.CompletedProcess[str]:
        environment = os.environ | simulator.environment()
        command = [sys.executable, "-W", "default", "-c", program]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=timeout)

    return run
