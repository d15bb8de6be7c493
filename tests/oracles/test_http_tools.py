"""respx at the level of the client sees `ferrule.httpx`; vcrpy and `ferrule.testing.record` share cassettes."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import environment
import pytest

from ferrule.testing import Simulator

PROGRAM = Path(__file__).parent / "clients" / "http_tools_client.py"
TEXT = "Hello\nWörld"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    python = environment.programs_of("http_tools") / "python"
    variables = os.environ | {"PYTHONPATH": str(environment.ROOT / "python")}
    with Simulator() as simulator:
        command = [python, PROGRAM, simulator.url, tmp_path_factory.mktemp("cassettes")]
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=100, env=variables)
        assert done.returncode == 0, done.stderr
        outcome: dict[str, Any] = json.loads(done.stdout) | {"requests": len(simulator.requests)}
        return outcome


def test_respx(found: dict[str, Any]) -> None:
    assert found["respx"] == [201, {"a": 1}, {"b": 2}]


def test_our_cassettes_are_read_by_vcrpy(found: dict[str, Any]) -> None:
    assert found["ours, recorded"][0] == [200, TEXT]
    assert found["ours, by vcrpy"] == found["ours, recorded"]
    assert found["ours, all played"]


def test_vcrpys_cassettes_are_read_by_us(found: dict[str, Any]) -> None:
    assert found["theirs, by ferrule"] == found["theirs, recorded"]
    assert found["theirs, all played"]


def test_what_was_recorded_was_not_asked_again(found: dict[str, Any]) -> None:
    assert found["requests"] == 5
