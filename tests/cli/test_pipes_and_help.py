"""All commands: output for pipes, help, completion, and errors of wrong input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from conftest import LIMIT, environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ferrule.testing import Simulator

    Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize(
    "arguments",
    [
        ["chat", "-m", "openai/echo", "--json", "Hi"],
        ["providers", "--json"],
        ["health", "--json"],
        ["config", "show", "--json"],
    ],
)
def test_json_is_one_line_in_a_pipe(arguments: list[str], ferrule: Run) -> None:
    (line,) = ferrule(*arguments).stdout.splitlines()
    json.loads(line)


def test_replies_are_usages(ferrule: Run) -> None:
    replies = "".join(ferrule("chat", "-m", "openai/echo", "--json", text).stdout for text in ("one", "two three"))
    summed = json.loads(ferrule("cost", "openai/gpt-4o", "--usages", "-", "--json", typed=replies).stdout)
    assert (summed["calls"], summed["quantities"]["output_tokens"]) == (2, 3)


@pytest.mark.skipif(os.name == "nt", reason="needs a shell")
@pytest.mark.parametrize("command", ["models --all", "providers", "providers --json", "chat -m openai/long-5000 x"])
def test_a_closed_pipe_is_no_failure(command: str, ferrule_simulator: Simulator) -> None:
    shell = f"'{sys.executable}' -m ferrule {command} | head -c 10 >/dev/null; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", shell], env=environment(ferrule_simulator), capture_output=True, text=True, timeout=LIMIT
    )
    assert (done.stdout.strip(), done.stderr) == ("0", "")


def test_tables_do_not_wrap_in_pipes(ferrule: Run, tmp_path: Path) -> None:
    long = "x" * 3000
    (tmp_path / "c.toml").write_text(f'[providers.mine]\nbase_url = "https://{long[:50]}.example/{long}"\n')
    shown = ferrule("config", "show", str(tmp_path / "c.toml"), COLUMNS="40")
    assert any(long in line for line in shown.stdout.splitlines())
    doctor = ferrule("doctor", FERRULE_CONFIG=str(tmp_path / "c.toml"), COLUMNS="40")
    assert any(long in line for line in doctor.stdout.splitlines() if line.startswith("mine"))
    assert all(line == line.rstrip() for line in shown.stdout.splitlines())


@pytest.mark.parametrize("flag", ["-V", "--version"])
def test_version(flag: str, ferrule: Run) -> None:
    assert ferrule(flag).stdout.startswith("ferrule ")


def test_help_is_a_command(ferrule: Run) -> None:
    assert ferrule("help").stdout == ferrule("--help").stdout
    assert ferrule("help", "config", "check").stdout == ferrule("config", "check", "--help").stdout
    assert "no command `nothing`" in ferrule("help", "nothing").stderr


@pytest.mark.parametrize("group", ["config"])
def test_a_group_without_a_command_shows_its_help(group: str, ferrule: Run) -> None:
    done = ferrule(group)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage: ferrule config" in done.stdout


@pytest.mark.parametrize(
    ("words", "found"), [("ferrule mod", "models"), ("ferrule config che", "check"), ("ferrule chat --sys", "--system")]
)
def test_shells_complete(words: str, found: str, ferrule: Run) -> None:
    done = ferrule(_FERRULE_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=str(words.count(" ")))
    assert found in done.stdout.split()


def test_a_model_is_completed(ferrule: Run) -> None:
    words = "ferrule chat -m openai/gpt-4.1-mi"
    done = ferrule(_FERRULE_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD="3")
    assert "openai/gpt-4.1-mini" in done.stdout.split()


@pytest.mark.parametrize(
    ("arguments", "typed"),
    [
        (["--input", "10", "--cached", "20"], ""),
        (["--input", "10", "--cached", "6", "--cache-write", "5"], ""),
        (["--usages", "-"], '{"input_tokens": 10, "output_tokens": 1, "cache_read_tokens": 20}'),
        (["--usages", "-"], '{"input_tokens": 10, "output_tokens": 1, "reasoning_tokens": 20}'),
    ],
)
def test_parts_that_are_more_than_the_whole_are_not_billed(arguments: list[str], typed: str, ferrule: Run) -> None:
    done = ferrule("cost", "openai/gpt-4o", *arguments, typed=typed)
    assert (done.returncode, done.stdout) == (2, "")
    assert "includes" in done.stderr


def test_a_missing_key_is_not_a_broken_network(ferrule: Run, ferrule_simulator: Simulator) -> None:
    done = ferrule("health", "openai", simulator=None)
    assert done.returncode == 1
    assert "no key" in done.stdout
    assert "not reachable" not in done.stdout
    (one,) = json.loads(ferrule("health", "openai", "--json", simulator=None).stdout)
    assert (one["reachable"], one["ok"]) == (None, False)
    assert not ferrule_simulator.requests


@pytest.mark.parametrize("address", ["localhost:8000/v1", "models.example.com", "//models.example.com", "https://"])
def test_an_address_without_a_scheme_is_a_problem(address: str, ferrule: Run, tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text(f'[providers.mine]\nbase_url = "{address}"\n')
    done = ferrule("config", "check", str(file))
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {file}:2:1: providers.mine.base_url: has to begin with http:// or https://")
