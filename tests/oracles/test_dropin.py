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

CHECKS = Path(__file__).parent / "dropin"
ROOT = environment.ROOT

OPENAI = ("openai-3", "openai-2")
ANTHROPIC = ("anthropic-2", "anthropic-1", "anthropic-0")
CASES = [
    (path.stem, name)
    for path in sorted(CHECKS.glob("check_*.py"))
    for name in (OPENAI if "openai" in path.stem else ANTHROPIC if "anthropic" in path.stem else ("openai-3",))
]


def packages_of(name: str) -> Path:
    (found,) = environment.programs_of(name).parent.glob("lib/python*/site-packages")
    return found


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("check", "name"), CASES, ids=[f"{check}-{name}" for check, name in CASES])
def test_checks(check: str, name: str) -> None:
    paths = [str(packages_of(name)), str(ROOT / "python")]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(CHECKS / f"{check}.py")]
    done = subprocess.run(
        command,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTEST_ADDOPTS": ""},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=230,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]

