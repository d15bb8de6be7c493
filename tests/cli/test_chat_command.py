"""`ferrule chat`: one shot, piped, and as a conversation on a terminal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from conftest import environment
from ferrule.testing import rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrule.testing import Simulator

    Run = Callable[..., subprocess.CompletedProcess[str]]
    Start = Callable[..., subprocess.Popen[str]]


def asked(simulator: Simulator) -> list[tuple[str, Any]]:
    """What the last request said, turn by turn."""
    return [(turn["role"], turn["content"]) for turn in simulator.requests[-1].body["messages"]]


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_one_shot(ferrule: Run, provider: str) -> None:
    done = ferrule("chat", "-m", f"{provider}/echo", "Hello, world.")
    assert (done.returncode, done.stdout, done.stderr) == (0, "Hello, world.\n", "")


def test_piped_text_is_the_prompt(ferrule: Run) -> None:
    done = ferrule("chat", "-m", "openai/echo", typed="From a pipe.\nTwo lines.\n")
    assert (done.returncode, done.stdout) == (0, "From a pipe.\nTwo lines.\n")


def test_piped_text_follows_the_prompt(ferrule: Run, ferrule_simulator: Simulator) -> None:
    ferrule("chat", "-m", "openai/echo", "Summarise this:", typed="A long text.")
    assert asked(ferrule_simulator) == [("user", "Summarise this:\n\nA long text.")]


def test_a_pipe_gets_what_the_model_said_to_the_byte(ferrule: Run) -> None:
    text = "tab\t, colour \x1b[31m, bell \x07, snowman \N{SNOWMAN}"
    assert ferrule("chat", "-m", "openai/echo", text).stdout == text + "\n"


def test_bytes_that_are_no_text_are_replaced(started: Start, ferrule_simulator: Simulator) -> None:
    process = started("chat", "-m", "openai/echo", simulator=ferrule_simulator, stdin=subprocess.PIPE)
    process.stdin.buffer.write(b"caf\xe9")
    output, _ = process.communicate(timeout=40)
    assert (process.returncode, output) == (0, "caf\N{REPLACEMENT CHARACTER}\n")


@pytest.mark.skipif(os.name == "nt", reason="needs a shell")
def test_a_closed_stdin_is_an_empty_one(ferrule_simulator: Simulator) -> None:
    command = 'exec "$0" -m ferrule chat -m openai/echo "$@" <&-'
    for prompt, code, said in ((["Hello"], 0, "Hello\n"), ([], 2, "")):
        done = subprocess.run(
            ["/bin/sh", "-c", command, sys.executable, *prompt],
            env=environment(ferrule_simulator),
            capture_output=True,
            text=True,
            timeout=40,
        )
        assert (done.returncode, done.stdout) == (code, said), done.stderr


def test_it_streams(ferrule: Run, ferrule_simulator: Simulator) -> None:
    ferrule("chat", "-m", "openai/echo", "Hello")
    assert ferrule_simulator.requests[-1].stream is True


def test_json_is_the_whole_reply(ferrule: Run) -> None:
    done = ferrule("chat", "-m", "anthropic/echo", "--json", "Hello")
    reply = json.loads(done.stdout)
    assert reply["provider"] == "anthropic"
    assert reply["model"] == "echo"
    assert reply["choices"][0]["finish_reason"] == "stop"
    assert reply["usage"]["output_tokens"] == 1
    assert [attempt["outcome"] for attempt in reply["attempts"]] == ["success"]
    assert reply["stats"]["time_to_first_token"] > 0


def test_options_reach_the_provider(ferrule: Run, ferrule_simulator: Simulator) -> None:
    done = ferrule(
        *("chat", "-m", "openai/echo", "--system", "Be brief.", "--temperature", "0.5"),
        *("--max-tokens", "7", "--reasoning", "low", "--timeout", "30", "Hello"),
    )
    assert done.returncode == 0, done.stderr
    body = ferrule_simulator.requests[-1].body
    assert asked(ferrule_simulator) == [("system", "Be brief."), ("user", "Hello")]
    assert body["temperature"] == 0.5
    assert 7 in (body.get("max_tokens"), body.get("max_completion_tokens"))
    assert body["reasoning_effort"] == "low"


def test_reasoning_may_be_a_number_of_tokens(ferrule: Run, ferrule_simulator: Simulator) -> None:
    done = ferrule("chat", "-m", "anthropic/x", "--reasoning", "2048", "--max-tokens", "4000", "Hello")
    assert done.returncode == 0, done.stderr
    assert ferrule_simulator.requests[-1].body["thinking"]["budget_tokens"] == 2048


def test_reasoning_stays_out_of_pipes(ferrule: Run) -> None:
    done = ferrule("chat", "-m", "openai/reasoning", "Hello")
    assert "Let me think" not in done.stdout
    assert "simulated answer" in done.stdout


def test_stats_are_remarks(ferrule: Run, ferrule_simulator: Simulator) -> None:
    ferrule_simulator.set_script(
        [rule({"text": "one two three", "usage": {"cache_read_tokens": 5, "reasoning_tokens": 2}, "chunk_tokens": 1})]
    )
    done = ferrule("chat", "-m", "openai/x", "--stats", "Hello")
    assert done.stdout == "one two three\n"
    assert "first token after" in done.stderr
    assert "6 tokens in, 3 out (2 reasoning)" in done.stderr  # More cached than sent: these come on top.
    assert "5 from cache" in done.stderr
    assert "stop" in done.stderr
    assert "\x1b" not in done.stderr


def test_stats_tell_of_retries(ferrule: Run) -> None:
    done = ferrule("chat", "-m", "openai/fail-once-503", "--stats", "Hello")
    assert done.returncode == 0
    assert "2 attempts" in done.stderr


def test_the_model_may_come_from_the_environment(ferrule: Run) -> None:
    assert ferrule("chat", "Hello", FERRULE_MODEL="openai/echo").stdout == "Hello\n"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["Hello"], "FERRULE_MODEL"),
        (["-m", "no-such-model", "Hello"], "provider/model"),
        (["-m", "openia/gpt-5-mini", "Hello"], "did you mean `openai`?"),
        (["-m", "openai/", "Hello"], "names no model"),
        (["-m", "openai/echo"], "no prompt"),
    ],
)
def test_wrong_settings_are_one_line_and_2(ferrule: Run, arguments: list[str], named: str) -> None:
    done = ferrule("chat", *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert named in line


def test_a_missing_key_names_the_variable(ferrule: Run) -> None:
    done = ferrule("chat", "-m", "openai/gpt-5-mini", "Hello", simulator=None)
    assert done.returncode == 2
    assert "OPENAI_API_KEY" in done.stderr


@pytest.mark.parametrize(
    ("model", "named"),
    [
        ("status-401", "The key came from the environment variable OPENAI_API_KEY"),
        ("status-404", "ferrule models openai"),
        ("status-404", "The request was POST http://127.0.0.1:"),
        ("context-length", "context"),
        ("fail-9-500", "500"),
        ("reset-mid-event", "error: "),
    ],
)
def test_a_failed_call_is_one_line_and_1(ferrule: Run, model: str, named: str) -> None:
    done = ferrule("chat", "-m", f"openai/{model}", "Hello, how are you today?")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert named in line


def test_what_came_before_an_interruption_is_kept(ferrule: Run) -> None:
    done = ferrule("chat", "-m", "openai/error-mid-stream", "Hello")
    assert done.returncode == 1
    assert done.stdout == "You said\n"


def test_a_timeout_says_so(ferrule: Run) -> None:
    done = ferrule("chat", "-m", "openai/stall-headers", "--timeout", "0.2", "Hello")
    assert done.returncode == 1
    assert "--timeout" in done.stderr


def test_keys_are_never_shown(ferrule: Run) -> None:
    for model in ("status-401", "status-500", "echo"):
        done = ferrule("chat", "-m", f"openai/{model}", "--json", "Hello", OPENAI_API_KEY="sk-very-secret-1234")
        assert "sk-very-secret" not in done.stdout + done.stderr


def test_ctrl_c_ends_it_with_130(started: Start, ferrule_simulator: Simulator) -> None:
    process = started("chat", "-m", "openai/stall-mid-event", "Hello", simulator=ferrule_simulator)
    assert ferrule_simulator.wait_for_requests(1, timeout=40)
    process.send_signal(signal.SIGINT)
    _, remarks = process.communicate(timeout=40)
    assert process.returncode == 130
    assert "Traceback" not in remarks
    assert ferrule_simulator.wait_for_connections(0, timeout=40)


def test_a_model_cannot_steer_the_terminal(terminal: Callable[..., Any], ferrule_simulator: Simulator) -> None:
    ferrule_simulator.set_script([rule("be\x1b]0;evil\x07fore\x1b[2J.")])
    screen = terminal("chat", "-m", "openai/x", "Hello")
    screen.wait_for("fore[2J.")
    assert screen.wait_for_end() == 0
    assert "\x1b]0;evil" not in screen.seen


def test_reasoning_is_shown_to_people(terminal: Callable[..., Any]) -> None:
    screen = terminal("chat", "-m", "anthropic/reasoning", "Hello")
    screen.wait_for("think")
    screen.wait_for("simulated answer")
    assert screen.wait_for_end() == 0


def test_json_is_not_for_conversations(terminal: Callable[..., Any]) -> None:
    screen = terminal("chat", "-m", "openai/echo", "--json")
    screen.wait_for("--json is for one reply")
    assert screen.wait_for_end() == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--reasoning", "hugh"], "reasoning: expected an effort"),
        (["-o", "metadata=team"], "metadata: expected a dict of strings"),
        (["--schema", '{"type": "objekt"}'], "'objekt' is not a type of JSON Schema"),
        (["--schema", '{"type": "object", "properties": {"age": {"type": "int"}}}'], "'int' is not a type"),
    ],
)
def test_options_with_wrong_values_are_wrong_usage(
    arguments: list[str], said: str, ferrule: Callable[..., Any], ferrule_simulator: Simulator
) -> None:
    done = ferrule("chat", "-m", "openai/echo", *arguments, "Hello")
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert said in done.stderr
    assert "report it" not in done.stderr
    assert not ferrule_simulator.requests


def test_a_terminal_breaks_no_words(terminal: Callable[..., Any]) -> None:
    screen = terminal("chat", "-m", "openai/status-404", "Hello", columns=60, COLUMNS="60")
    screen.wait_for_end()
    lines = [line.rstrip("\r") for line in screen.seen.partition("error: ")[2].partition("[ended")[0].split("\n")]
    assert len([line for line in lines if line]) > 2
    assert all(len(line) <= 60 or " " not in line for line in lines)
    assert "`ferrule models openai` lists its models" in " ".join(lines)
