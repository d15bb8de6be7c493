"""Examples: each runs against the simulator, and none is longer than its equivalent with the best peer."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from example_programs import EXAMPLES, SCRIPT, run
from ferrule.testing import Simulator

if TYPE_CHECKING:
    from pathlib import Path

PROGRAMS = sorted(EXAMPLES.glob("*.py"))

EXPECTED = {
    "chat_with_history": "sunset",
    "tool_loop": "answer",
    "structured_output": "Pancakes 15",
    "image_from_file": "What is in this image?",
    "pdf_questions": "What is this about?",
    "many_prompts": "calls=500",
    "embeddings": "Fact number",
    "timeouts": "StreamStalledError after: ",
    "cost_by_team": "search 2",
    "switch_provider": "anthropic claude-haiku-4-5",
    "test_unit": "2 passed",
    "fastapi_streaming": "Why is the sky blue?",
}


def test_there_are_twelve() -> None:
    assert {path.stem for path in PROGRAMS} == set(EXPECTED)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_example_runs(program: Path, tmp_path: Path) -> None:
    with Simulator(SCRIPT) as simulator:
        assert EXPECTED[program.stem] in run(program, simulator, tmp_path)


def length(program: Path) -> int:
    """The number of lines of code: without blank lines, comments and the module's docstring."""
    tree = ast.parse(program.read_text("utf-8"))
    return len({line for node in tree.body[1:] for line in code_lines(node, program)})


def code_lines(node: ast.stmt, program: Path) -> set[int]:
    lines = program.read_text("utf-8").splitlines()
    numbers = range(node.lineno, (node.end_lineno or node.lineno) + 1)
    return {number for number in numbers if lines[number - 1].strip() and not lines[number - 1].strip().startswith("#")}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_example_is_no_longer_than_with_the_best_peer(program: Path) -> None:
    assert length(program) <= length(EXAMPLES / "peers" / program.name)
