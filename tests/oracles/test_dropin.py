"""`ferrule.openai` and `ferrule.anthropic`, with each version of the SDK that they are for.

What is checked is in `dropin/`: tests, run by a pytest of their own with an oracle's packages before ours.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import environment
import pytest
from checks import path_for, run_checks

from documents import WITH_SDKS
from example_programs import environment as environment_of
from ferrule.testing import Simulator

CHECKS = Path(__file__).parent / "dropin"
ROOT = environment.ROOT

OPENAI = ("openai-3", "openai-2")
ANTHROPIC = ("anthropic-2", "anthropic-1", "anthropic-0")
CASES = [
    (path.stem, name)
    for path in sorted(CHECKS.glob("check_*.py"))
    for name in (OPENAI if "openai" in path.stem else ANTHROPIC if "anthropic" in path.stem else ("openai-3",))
]


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("check", "name"), CASES, ids=[f"{check}-{name}" for check, name in CASES])
def test_checks(check: str, name: str) -> None:
    run_checks(CHECKS / f"{check}.py", name)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("page", WITH_SDKS)
def test_code_of_the_pages_runs(page: str) -> None:
    with Simulator() as simulator:
        found = os.environ | environment_of(simulator) | {"PYTHONPATH": path_for(WITH_SDKS[page])}
        program = ROOT / "tests" / "support" / "documents.py"
        command = [sys.executable, program, ROOT / page]
        done = subprocess.run(command, env=found, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
