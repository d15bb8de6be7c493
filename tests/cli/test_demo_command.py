"""`ferrule demo`, for programs, in pipes and on terminals."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    Run = Callable[..., subprocess.CompletedProcess[str]]


def check(report: dict[str, Any]) -> None:
    """What the demo promises to show has happened."""
    openai, anthropic = report["streams"]
    assert openai["model"].startswith("openai/")
    assert anthropic["model"].startswith("anthropic/")
    assert "Sunlight" in openai["text"]
    assert "Rayleigh" in anthropic["reasoning"]
    for stream in (openai, anthropic):
        assert stream["time_to_first_token"] > 0
        assert stream["tokens_per_second"] > 0
        assert stream["usage"]["input_tokens"] > 0
        assert stream["usage"]["output_tokens"] > 50
    assert anthropic["usage"]["cache_read_tokens"] == 1024

    (call,) = report["tool"]["calls"]
    assert (call["name"], call["arguments"]) == ("weather", {"city": "Lisbon"})
    assert "Lisbon" in call["result"]
    assert "umbrella" in report["tool"]["answer"] or "take one" in report["tool"]["answer"]

    failed, succeeded = report["fault"]["attempts"]
    assert failed["status"] == 529
    assert succeeded["outcome"] == "success"
    assert report["fault"]["answer"] == "Still here."


def test_json_and_fast(ferrule: Run) -> None:
    done = ferrule("demo", "--fast", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    check(json.loads(done.stdout))


def test_the_pace_is_that_of_models(ferrule: Run) -> None:
    report = json.loads(ferrule("demo", "--json").stdout)
    check(report)
    assert all(stream["time_to_first_token"] >= 0.3 for stream in report["streams"])
    # Without a pace they are thousands.
    assert all(stream["tokens_per_second"] < 500 for stream in report["streams"])


def test_keys_and_proxies_do_not_matter(ferrule: Run) -> None:
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "OPENAI_BASE_URL"), "http://127.0.0.1:9")
    done = ferrule("demo", "--fast", "--json", simulator=None, **nowhere)
    assert (done.returncode, done.stderr) == (0, "")
    check(json.loads(done.stdout))


def test_a_pipe_gets_plain_text(ferrule: Run) -> None:
    done = ferrule("demo", "--fast")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert "\r" not in done.stdout
    for shown in (
        "openai/gpt-5-mini: Sunlight",
        "first token",
        "tokens/s",
        "weather(city='Lisbon')",
        "status 529",
        "success",
        'one answer: "Still here."',
        "ferrule chat -m openai/gpt-5-mini",
    ):
        assert shown in done.stdout


def test_an_old_terminal_still_shows_it(ferrule: Run) -> None:
    done = ferrule("demo", "--fast", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Sunlight" in done.stdout


@pytest.mark.parametrize("columns", [100, 50])
def test_a_terminal_shows_panels_that_fill(columns: int, terminal: Callable[..., Any]) -> None:
    screen = terminal("demo", "--fast", columns=columns)
    screen.wait_for("openai/gpt-5-mini")
    screen.wait_for("done in")
    screen.wait_for("Try next")
    assert screen.wait_for_end() == 0
    assert "╭" in screen.seen
    assert "\x1b[?25h" in screen.seen  # The cursor is there again.


def test_ctrl_c_leaves_the_terminal_as_it_was(terminal: Callable[..., Any]) -> None:
    screen = terminal("demo")
    screen.wait_for("Sunlight")
    screen.type("\x03")
    assert screen.wait_for_end() == 130
    assert "Traceback" not in screen.seen
    assert screen.seen.rindex("\x1b[?25h") > screen.seen.rindex("\x1b[?25l")


def test_what_it_advises_can_be_typed(ferrule: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    here = Path(sys.executable).parent
    on_path = ferrule("demo", "--fast", PATH=f"{here}{os.pathsep}{os.environ['PATH']}").stdout
    assert "activate" not in on_path
    assert "\nferrule chat -m openai/gpt-5-mini" in on_path
    elsewhere = ferrule("demo", "--fast", PATH=str(tmp_path)).stdout
    (activation,) = re.findall(r"^source (\S+)", elsewhere, re.MULTILINE)
    assert Path(activation).name == "activate"
    assert Path(activation).exists()
