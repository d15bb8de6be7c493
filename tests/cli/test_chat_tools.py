"""`ferrule chat -T`: functions of a Python file as tools, and the question before each call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ferrule.testing import rule

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from ferrule.testing import Simulator

    Run = Callable[..., subprocess.CompletedProcess[str]]

FILE = '''
from pathlib import Path

def weather(city: str) -> str:
    """Tells the weather."""
    with open(__file__ + ".called", "a") as file:
        file.write(city)
    return f"{city}: rain"

def _private(x: int) -> int:
    return x

def add(a: int, b: int) -> int:
    return a + b
'''


@pytest.fixture
def tools(tmp_path: Path, ferrule_simulator: Simulator) -> Path:
    file = tmp_path / "my_tools.py"
    file.write_text(FILE)
    call = {"name": "weather", "arguments": {"city": "Oslo"}}
    ferrule_simulator.set_script([rule({"tool_calls": [call]}, times=1), rule("Take an umbrella.")])
    return file


def called(file: Path) -> bool:
    return file.with_name(file.name + ".called").exists()


def results(simulator: Simulator) -> list[Any]:
    return [turn["content"] for turn in simulator.requests[-1].body["messages"] if turn["role"] == "tool"]


def test_with_yes_they_are_called(ferrule: Run, ferrule_simulator: Simulator, tools: Path) -> None:
    done = ferrule("chat", "-m", "openai/x", "-T", str(tools), "--yes", "Umbrella?", FERRULE_LOG="")
    assert (done.returncode, done.stdout) == (0, "Take an umbrella.\n"), done.stderr
    assert called(tools)
    assert results(ferrule_simulator) == ["Oslo: rain"]
    names = [tool["function"]["name"] for tool in ferrule_simulator.requests[-1].body["tools"]]
    assert names == ["weather", "add"]
    # The whole run is in the conversation that goes on.
    ferrule("chat", "-c", "-m", "openai/x", "Thanks", FERRULE_LOG="")
    roles = [turn["role"] for turn in ferrule_simulator.requests[-1].body["messages"]]
    assert roles == ["user", "assistant", "tool", "assistant", "user"]


@pytest.mark.parametrize(("answer", "is_called"), [("y", True), ("n", False), ("", False), ("a", True)])
def test_the_user_is_asked_first(
    answer: str, is_called: bool, terminal: Callable[..., Any], ferrule_simulator: Simulator, tools: Path
) -> None:
    screen = terminal("chat", "-m", "openai/x", "-T", str(tools), "Umbrella?")
    screen.wait_for('weather({"city": "Oslo"}) - call it?')
    assert not called(tools)
    screen.type(f"{answer}\n")
    screen.wait_for("umbrella.")
    assert screen.wait_for_end() == 0
    assert called(tools) is is_called
    assert ("did not allow" in results(ferrule_simulator)[0]) is not is_called


def test_one_function_of_a_file(ferrule: Run, ferrule_simulator: Simulator, tools: Path) -> None:
    ferrule_simulator.set_script([rule("Hello.")])
    assert ferrule("chat", "-m", "openai/x", "-T", f"{tools}:add", "Hi").returncode == 0
    assert [tool["function"]["name"] for tool in ferrule_simulator.requests[-1].body["tools"]] == ["add"]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("nowhere.py", "no such file"),
        ("{}:sub", "weather, add"),
        ("broken.py", "SyntaxError"),
        ("empty.py", "no functions"),
    ],
)
def test_what_is_wrong_is_said(
    given: str, named: str, ferrule: Run, tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tools.parent)
    (tools.parent / "broken.py").write_text("def (")
    (tools.parent / "empty.py").write_text("x = 1")
    done = ferrule("chat", "-m", "openai/x", "-T", given.format(tools.name), "Hi")
    assert (done.returncode, named in done.stderr) == (2, True), done.stderr
