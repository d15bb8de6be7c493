"""Checks: tests that a pytest of their own runs, with the packages of an oracle's environment before ours."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import environment

if TYPE_CHECKING:
    from pathlib import Path

ROOT = environment.ROOT


def path_for(name: str) -> str:
    """Where Python finds the packages of an environment, before those of its own."""
    (packages,) = environment.programs_of(name).parent.glob("lib/python*/site-packages")
    return os.pathsep.join((str(packages), str(ROOT / "python")))


def run_checks(path: Path, name: str, *options: str, timeout: float = 230) -> None:
    """Runs a file of tests with the packages of an environment.

    Args:
        path: The file.
        name: The environment.
        options: For pytest.
        timeout: How many seconds it may take.
    """
    usual = ("-q", "-p", "no:cacheprovider", "-p", "no:xdist")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *usual, *options, str(path)],
        env=os.environ | {"PYTHONPATH": path_for(name), "PYTEST_ADDOPTS": ""},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
