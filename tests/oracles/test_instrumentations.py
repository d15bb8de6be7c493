"""Instrumentations on Ferrule's clients and on patched ones: they see what they see of the official clients.

Each runs in a process of its own (`instrumentations/instrumented.py`), whose calls are answered by one simulator. The
spans, events and errors are compared whole, but for ids and times, and so is what the program got.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import environment
import pytest
from checks import path_for

from ferrule.testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = Path(__file__).parent / "instrumentations" / "instrumented.py"
BOTH = ("opentelemetry", "openinference", "sentry", "ddtrace", "newrelic")
CASES = [(name, sdk) for name in BOTH for sdk in ("openai", "anthropic")] + [("langfuse", "openai")]
# Whose clients, and what was first: see the program.
WAYS = ("ours", "ours-later", "patch", "patch-later")

# What of the SDK's code each replaces decides whether the native path is still taken; it stays where it sees all.
ON_THE_NATIVE_PATH = {
    ("opentelemetry", "openai"),
    ("opentelemetry", "anthropic"),
    ("langfuse", "openai"),
    ("sentry", "openai"),
    ("sentry", "anthropic"),
    ("ddtrace", "anthropic"),
}

pytestmark = [pytest.mark.framework, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def upstream() -> Iterator[Simulator]:
    with Simulator(strict=False) as simulator:
        yield simulator


@functools.cache
def run(name: str, way: str, sdk: str, url: str) -> dict[str, Any]:
    python = environment.programs_of("instrumentations") / "python"
    done = subprocess.run(
        [str(python), str(PROGRAM), name, way, sdk, url],
        env=os.environ | {"PYTHONPATH": path_for("instrumentations")},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("name", "sdk"), CASES)
def test_it_sees_the_same(upstream: Simulator, name: str, sdk: str, way: str) -> None:
    theirs = run(name, "official", sdk, upstream.url)
    ours = run(name, way, sdk, upstream.url)
    assert len(theirs["seen"]) >= 10
    assert ours["results"] == theirs["results"]
    assert ours["seen"] == theirs["seen"]
    is_fast = ours["statistics"]["fast"] > 0
    assert is_fast == ((name, sdk) in ON_THE_NATIVE_PATH), ours["statistics"]
