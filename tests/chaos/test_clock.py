"""Clock jumps: breakers, keys and limits of time go by the steady clock; a jump of the one on the wall does nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import chaos_clock
import clock_child
import pytest

from ferrule.testing import Simulator, rule

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).resolve().parent

pytestmark = pytest.mark.skipif(not chaos_clock.IS_POSSIBLE, reason="only Linux lets a program's clocks be replaced")

SCRIPTS: dict[str, list[Any]] = {
    "breaker": [rule(fault={"status": {"status": 503}}, times=2)],
    "under_way": [rule({"text": "From main.", "first_token_ms": 400})],
    "deadline": [rule(fault={"stall": {"at": "before_headers"}})],
    "key": [rule(fault={"rate_limit": {"delay_ms": 60_000}}, times=1)],
}


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., str]:
    """Runs a program whose clocks can jump."""
    environment = chaos_clock.environment(tmp_path)

    def run(*arguments: str, timeout: float = 60) -> str:
        command = [sys.executable, *arguments]
        done = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True, timeout=timeout)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.mark.parametrize("check", clock_child.CHECKS)
def test_what_goes_by_which_clock(run: Callable[..., str], check: str) -> None:
    # The providers' own clocks stay right.
    with Simulator([*SCRIPTS[check], rule("From main.")]) as main, Simulator([rule("From spare.")]) as spare:
        run("clock_child.py", check, main.openai_base_url, spare.openai_base_url)


def test_the_clocks_do_jump(run: Callable[..., str]) -> None:
    program = (
        "import time; from chaos_clock import jump; before = time.time(), time.monotonic();"
        "jump(wall=-3600, steady=60.5); after = time.time(), time.monotonic();"
        "print(round(after[0] - before[0]), round((after[1] - before[1]) * 2))"
    )
    assert run("-c", program).split() == ["-3600", "121"]
    assert chaos_clock.VARIABLE not in os.environ


@pytest.mark.timeout(300)
def test_chaos_with_a_clock_that_jumps(run: Callable[..., str]) -> None:
    said = run("chaos_run.py", "--waves", "2", "--calls", "60", "--seed", "3", timeout=240)
    assert "the clock jumped" in said
