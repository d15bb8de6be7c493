"""Example programs, ours and those of other libraries: how they are run against the simulator, and what it answers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ferrule.configuration import providers
from ferrule.testing import rule

if TYPE_CHECKING:
    from ferrule.testing import Simulator

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

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


def run(
    program: Path,
    simulator: Simulator,
    folder: Path,
    *,
    python: str | Path = sys.executable,
    variables: dict[str, str] | None = None,
    stalling: str = "openai/stall-mid-event",
) -> str:
    """Runs an example as a person would, and returns what it printed.

    Args:
        program: The example.
        simulator: Who answers.
        folder: Where it runs; the files that it reads are put there.
        python: The interpreter of the environment that has what it imports.
        variables: Environment variables beside those that lead to the simulator.
        stalling: The name of a model that stops in the middle, as the program's library writes it.
    """
    (folder / "image.png").write_bytes(PNG)
    (folder / "report.pdf").write_bytes(PDF)
    (folder / "ferrule.toml").write_text('[aliases]\nfast = "anthropic/claude-haiku-4-5"\n', "utf-8")
    (folder / "models.json").write_text('{"fast": "anthropic/claude-haiku-4-5"}', "utf-8")
    arguments = {
        "image_from_file": ["image.png"],
        "pdf_questions": ["report.pdf"],
        "timeouts": [stalling],
    }
    if program.stem == "fastapi_streaming":
        browser = folder / "browser.py"
        browser.write_text(BROWSER.format(folder=str(program.parent)), "utf-8")
        program = browser
    is_test = program.stem.startswith("test_")
    options = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull] if is_test else []
    done = subprocess.run(
        [python, *options, program, *arguments.get(program.stem, [])],
        cwd=folder,
        env=os.environ | environment(simulator) | {"NO_COLOR": "1", "COLUMNS": "200"} | (variables or {}),
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
