"""`ferrule models`: lists, and what fails beside them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from ferrule.testing import Simulator

    Run = Callable[..., subprocess.CompletedProcess[str]]


def test_one_provider_one_name_on_each_line(ferrule: Run) -> None:
    done = ferrule("models", "openai")
    assert (done.returncode, done.stderr) == (0, "")
    assert "openai/echo" in done.stdout.splitlines()
    assert "anthropic/" not in done.stdout


def test_all_providers_with_a_key(ferrule: Run) -> None:
    lines = ferrule("models").stdout.splitlines()
    assert {"openai/echo", "anthropic/echo"} <= set(lines)


def test_json(ferrule: Run) -> None:
    models = json.loads(ferrule("models", "openai", "--json").stdout)
    (echo,) = [model for model in models if model["id"] == "echo"]
    assert echo["model"] == "openai/echo"
    assert echo["provider"] == "openai"
    assert echo["owned_by"] == "ferrule-sim"


def test_a_table_on_a_terminal(terminal: Callable[..., Any]) -> None:
    screen = terminal("models", "anthropic")
    screen.wait_for("anthropic/echo")
    screen.wait_for("models")
    assert screen.wait_for_end() == 0


def test_an_unknown_provider(ferrule: Run) -> None:
    done = ferrule("models", "opnai")
    assert done.returncode == 2
    assert "did you mean `openai`?" in done.stderr


def test_no_keys(ferrule: Run) -> None:
    done = ferrule("models", simulator=None)
    assert done.returncode == 2
    assert done.stderr == "error: no provider has a key; `ferrule providers` shows which variables to set\n"


def test_a_provider_that_fails_does_not_hide_the_others(ferrule: Run, ferrule_simulator: Simulator) -> None:
    done = ferrule("models", "--timeout", "30", ANTHROPIC_BASE_URL=ferrule_simulator.refused_url)
    assert done.returncode == 1
    assert "openai/echo" in done.stdout
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert "ferrule doctor" in line
