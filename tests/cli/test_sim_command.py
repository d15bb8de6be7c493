"""`ferrule sim`: it says where it is, answers, tells of each request, and stops at Ctrl-C."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import pytest

import ferrule as package

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from ferrule.testing import Simulator

    Run = Callable[..., subprocess.CompletedProcess[str]]
    Start = Callable[..., subprocess.Popen[str]]


def settings(process: subprocess.Popen[str]) -> dict[str, str]:
    """The variables it says to export."""
    found: dict[str, str] = {}
    while len(found) < 4:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        if line.startswith("  export "):
            name, _, value = line.removeprefix("  export ").strip().partition("=")
            found[name] = value
    return found


def line_with(process: subprocess.Popen[str], text: str) -> str:
    while line := process.stdout.readline():
        if text in line:
            return line
    raise AssertionError(f"no line with {text!r}")


def client(found: dict[str, str]) -> package.Client:
    return package.Client(
        providers={
            name: {"base_url": found[f"{name.upper()}_BASE_URL"], "api_key": found[f"{name.upper()}_API_KEY"]}
            for name in ("openai", "anthropic")
        },
        max_retries=0,
    )


def test_it_answers_and_tells_of_it(started: Start) -> None:
    process = started("sim", "--port", "0")
    with client(settings(process)) as caller:
        assert caller.complete("openai/echo", "Hello").text == "Hello"
        line = line_with(process, "/v1/chat/completions")
        assert " 200 POST /v1/chat/completions echo plain " in line
        with caller.stream("anthropic/echo", "Hello") as stream:
            assert "".join(stream.text) == "Hello"
        assert " 200 POST /v1/messages echo stream " in line_with(process, "/v1/messages")
        with pytest.raises(package.OverloadedError):
            caller.complete("anthropic/overloaded", "Hello")
        line = line_with(process, "overloaded")
        assert " 529 " in line
        assert line.rstrip().endswith("overloaded")
        with caller.stream("openai/stall-mid-event", "Hello") as stream:
            next(stream.text)
        assert "client disconnected" in line_with(process, "stall")
    process.send_signal(signal.SIGINT)
    output, remarks = process.communicate(timeout=40)
    assert (process.returncode, remarks) == (0, "")
    assert output.endswith("Stopped.\n")


def test_a_script_file_says_what_happens(started: Start, tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps([{"match": {"model": "gpt-*"}, "reply": "Scripted."}]), "utf-8")
    process = started("sim", "--port", "0", "--script", str(script), "--seed", "7")
    with client(settings(process)) as caller:
        assert caller.complete("openai/gpt-5-mini", "Hello").text == "Scripted."


def test_a_wrong_script_is_2(ferrule: Run, tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text('[{"replay": "x"}]', "utf-8")
    done = ferrule("sim", "--port", "0", "--script", str(script))
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "replay" in line


def test_a_port_that_is_taken(ferrule: Run, ferrule_simulator: Simulator) -> None:
    done = ferrule("sim", "--port", ferrule_simulator.url.rpartition(":")[2])
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert "--port" in line


def test_on_a_terminal(terminal: Callable[..., Any]) -> None:
    screen = terminal("sim", "--port", "0")
    screen.wait_for("export OPENAI_BASE_URL=http://127.0.0.1:")
    screen.wait_for("ferrule chat")
    screen.type("\x03")
    screen.wait_for("Stopped.")
    assert screen.wait_for_end() == 0
