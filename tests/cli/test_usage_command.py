"""All commands: help, version, errors in one line, exit codes."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

import ferrule as package
from ferrule import __version__
from ferrule.cli import failures
from ferrule.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Callable

COMMANDS = ("demo", "chat", "models", "sim", "doctor")


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments), env={"NO_COLOR": "1", "COLUMNS": "200"})


def test_version() -> None:
    result = invoke("--version")
    assert (result.exit_code, result.stdout) == (0, f"ferrule {__version__}\n")


def test_help_names_the_commands_and_exit_codes() -> None:
    result = invoke("--help")
    assert result.exit_code == 0
    for command in COMMANDS:
        assert command in result.stdout
    assert "130 interrupted" in result.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command: str) -> None:
    for flag in ("--help", "-h"):
        result = invoke(command, flag)
        assert result.exit_code == 0
        assert f"ferrule {command}" in result.stdout or f"root {command}" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "named", "advice"),
    [
        (["caht"], "caht", "ferrule --help"),
        (["--no-such"], "--no-such", "--help"),
        (["chat", "--no-such"], "--no-such", "chat --help"),
        (["chat", "-m", "openai/x", "--max-tokens", "many"], "--max-tokens", "chat --help"),
        (["sim", "--port", "70000"], "--port", "sim --help"),
        (["sim", "--script", "absent.json"], "absent.json", "sim --help"),
    ],
)
def test_wrong_usage_is_one_line_and_2(
    arguments: list[str], named: str, advice: str, ferrule: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = ferrule(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert named in line
    assert advice in line


def test_no_arguments_show_the_help() -> None:
    result = invoke()
    assert (result.exit_code, result.stderr) == (0, "")
    assert "Usage: ferrule" in result.stdout or "Usage: root" in result.stdout
    assert "doctor" in result.stdout


@pytest.mark.parametrize("missing", ["typer", "rich", "tomlkit"])
def test_what_is_missing_is_named(missing: str) -> None:
    program = f"import sys; sys.modules[{missing!r}] = None; import ferrule.cli; ferrule.cli.main()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=40)
    assert done.returncode == 2
    assert done.stderr == (
        f"error: the command line needs {missing}, which is not installed here; run: "
        f"{sys.executable} -m pip install typer rich prompt_toolkit tomlkit\n"
    )


def test_importing_ferrule_does_not_load_the_command_line() -> None:
    program = "import ferrule, sys; assert not {'typer', 'rich', 'ferrule.cli'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=40)


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (package.AuthenticationError("no", provider="anthropic"), "ferrule keys set anthropic"),
        (package.NotFoundError("no", provider="openai"), "ferrule models openai"),
        (package.RateLimitedError("no", retry_after=1.5), "1.5 s"),
        (package.RateLimitedError("no"), "later"),
        (package.QuotaExceededError("no"), "billing"),
        (package.ConnectError("no"), "ferrule doctor"),
        (package.IdleTimeoutError("no"), "--timeout"),
        (package.StreamInterruptedError("no"), "try again"),
        (ValueError("no"), "FERRULE_TRACEBACK"),
    ],
)
def test_errors_say_what_to_do(error: Exception, advice: str, capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise error

    assert failures.exit_code_of(fail) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert advice in line


def test_errors_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    failures.report(package.ServerError("broken\n\x1b[2Jand\x07 more"))
    assert capsys.readouterr().err == "error: broken [2Jand more\n"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no broken pipes")
def test_a_reader_that_leaves_ends_it_quietly() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "ferrule", "--version"], stdout=writer, stderr=subprocess.PIPE, timeout=40
    )
    os.close(writer)
    assert done.returncode == 1
    assert done.stderr == b""
