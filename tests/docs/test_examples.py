"""The examples: each runs against the simulator, and none is longer than its equivalent with the best peer."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from documents import ROOT
from ferrule.configuration import providers
from ferrule.testing import Simulator, rule

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = ROOT / "examples"
PROGRAMS = sorted(EXAMPLES.glob("*.py"))

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c020000000b4944415478da63640f0000010501010a2a3ff1"
    "0000000049454e44ae426082"
)
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
RECIPE = '{"name": "Pancakes", "steps": [{"title": "Mix", "minutes": 5}, {"title": "Fry", "minutes": 10}]}'

SCRIPT = [
    rule(RECIPE, text="*A recipe for*"),
    rule(
        {"tool_calls": [{"name": "forecast", "arguments": {"city": "Oslo", "day": "1999-01-01"}}]},
        text="*umbrella*",
        times=1,
    ),
]
"""What the simulator answers to the examples; anything else quotes the prompt."""


def environment(simulator: Simulator) -> dict[str, str]:
    """The variables that lead the examples' three providers to the simulator."""
    row = providers.rows()["gemini"]
    gemini = {row["base_url_variables"][0]: simulator.base_url("gemini"), row["key_variables"][0]: "key-of-nobody"}
    return simulator.environment() | gemini


def run(program: Path, simulator: Simulator, folder: Path) -> str:
    """Runs an example as a person would, and returns what it printed."""
    (folder / "image.png").write_bytes(PNG)
    (folder / "report.pdf").write_bytes(PDF)
    (folder / "ferrule.toml").write_text('[aliases]\nfast = "anthropic/claude-haiku-4-5"\n', "utf-8")
    arguments = {
        "image_from_file": ["image.png"],
        "pdf_questions": ["report.pdf"],
        "timeouts": ["openai/stall-mid-event"],
    }
    if program.stem == "fastapi_streaming":
        program = folder / "browser.py"
        program.write_text(BROWSER.format(folder=str(EXAMPLES)), "utf-8")
    is_test = program.stem.startswith("test_")
    command = [sys.executable, *(["-m", "pytest", "-q", "-p", "no:cacheprovider"] if is_test else []), program]
    done = subprocess.run(
        [*command, *arguments.get(program.stem, [])],
        cwd=folder,
        env=os.environ | environment(simulator) | {"NO_COLOR": "1", "COLUMNS": "200"},
        input="Why is the sky blue?\nAnd at sunset?\n\n",
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert done.returncode == 0, f"{done.stdout[-1000:]}\n{done.stderr}"
    return done.stdout


BROWSER = """
import sys
sys.path.insert(0, {folder!r})
from fastapi.testclient import TestClient
from fastapi_streaming import app
print(TestClient(app).get("/chat", params={{"question": "Why is the sky blue?"}}).text)
"""

EXPECTED = {
    "chat_with_history": "sunset",
    "tool_loop": "answer",
    "structured_output": "Pancakes 15",
    "image_from_file": "What is in this image?",
    "pdf_questions": "What is this about?",
    "many_prompts": "calls=500",
    "embeddings": "Fact number",
    "timeouts": "IdleTimeoutError after: ",
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
