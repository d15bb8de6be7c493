"""The examples' equivalents with other libraries (`examples/peers`): they run against the simulator as ours do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from environment import programs_of

from example_programs import EXAMPLES, SCRIPT, run
from ferrule.testing import Simulator

if TYPE_CHECKING:
    from pathlib import Path

PEERS = sorted((EXAMPLES / "peers").glob("*.py"))

# LiteLLM comes with the proxy's many packages: in the environment that has it anyway.
OF_LITELLM = {"cost_by_team", "switch_provider"}

EXPECTED = {
    "chat_with_history": "sunset",
    "tool_loop": "end_turn",
    "structured_output": "Pancakes 15",
    "image_from_file": "What is in this image?",
    "pdf_questions": "What is this about?",
    "many_prompts": "[]",
    "embeddings": "Fact number",
    "timeouts": " after: ",
    "cost_by_team": "search 2",
    "switch_provider": "claude-haiku-4-5",
    "test_unit": "2 passed",
    "fastapi_streaming": "Why is the sky blue?",
}


def test_each_example_has_an_equivalent() -> None:
    assert {path.name for path in PEERS} == {path.name for path in EXAMPLES.glob("*.py")}
    assert {path.stem for path in PEERS} == set(EXPECTED)


def marked(program: Path) -> object:
    marks = [pytest.mark.real_server] if program.stem in OF_LITELLM else []
    return pytest.param(program, id=program.stem, marks=marks)


@pytest.mark.parametrize("program", [marked(program) for program in PEERS])
def test_peer_runs(program: Path, tmp_path: Path) -> None:
    environment = "litellm" if program.stem in OF_LITELLM else "examples"
    python = programs_of(environment) / "python"
    with Simulator(SCRIPT) as simulator:
        variables = {
            # LiteLLM's own table of prices, not the one that it fetches.
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "GEMINI_API_BASE": f"{simulator.base_url('gemini')}/v1beta",
        }
        printed = run(program, simulator, tmp_path, python=python, variables=variables, stalling="stall-mid-event")
    assert EXPECTED[program.stem] in printed
