"""Fixtures of the oracles: each official SDK runs once against a simulator; tests then look at its results."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import environment
import pytest

from ferrule.testing import Simulator

if TYPE_CHECKING:
    from ferrule.testing import RecordedRequest, ScriptSource

CLIENTS = Path(__file__).parent / "clients"

# Whom the simulator speaks as, for the SDKs in these environments.
PROVIDERS = {
    "anthropic_vertex-2": "vertex-anthropic",
    "azure_openai-3": "azure-deployments",
    "botocore-1": "bedrock",
    "cohere-7": "cohere",
    "google_genai-3": "gemini",
    "google_genai_vertex-3": "vertex",
    "groq-1": "groq",
    "mistralai-3": "mistral",
    "ollama-0": "ollama",
    "replicate-1": "replicate",
    "together-2": "together",
    "together-3": "together",
}

# Scripts that run in an environment which is not called as they are.
ENVIRONMENTS = {
    "anthropic_vertex-2": "anthropic-2",
    "azure_openai-3": "openai-3",
    "google_genai_vertex-3": "google_genai-3",
}


@dataclass
class Outcome:
    """What came of one case."""

    result: Any
    requests: list[RecordedRequest]
    unknown_fields: list[str]
    """What the SDK's models do not know."""
    missing_fields: list[str]
    """What the SDK's models demand and did not get."""

    @property
    def waits(self) -> list[float]:
        """Seconds from each request to the next."""
        return [later.time - earlier.time for earlier, later in zip(self.requests, self.requests[1:], strict=False)]


class Run:
    """What came of all cases of a client's script."""

    def __init__(self, outcomes: dict[str, dict[str, Any]], requests: list[RecordedRequest]) -> None:
        self._outcomes = outcomes
        self._requests = requests

    def __getitem__(self, case: str) -> Outcome:
        outcome = self._outcomes[case]
        assert "raised" not in outcome, outcome["raised"]
        requests = [request for request in self._requests if request.headers.get("x-case") == case]
        return Outcome(outcome["result"], requests, outcome["unknown_fields"], outcome["missing_fields"])

    def unlike(self, *cases: str) -> dict[str, list[str]]:
        """What the answers of each case had that the SDK does not know, or had not that it demands."""
        found = {case: self[case].unknown_fields + self[case].missing_fields for case in cases}
        return {case: fields for case, fields in found.items() if fields}


def run_client(name: str, path: str, script: ScriptSource | None = None) -> Run:
    """Runs the script of the SDK `name`, say `openai-3`, from an environment that has it.

    Args:
        name: The environment, but for those in `ENVIRONMENTS`; up to the hyphen it names the script. With `+ferrule`
            behind it, all clients of httpx have our transport.
        path: What the SDK's base URL has behind the simulator's.
        script: For the simulator.
    """
    name, _, over = name.partition("+")
    python = environment.programs_of(ENVIRONMENTS.get(name, name)) / "python"
    program = f"{name.partition('-')[0]}_client.py"
    programs = [CLIENTS / "over_ferrule.py", program] if over else [CLIENTS / program]
    variables = os.environ | ({"PYTHONPATH": str(environment.ROOT / "python")} if over else {})
    with Simulator(script) as simulator:
        command = [python, *programs, f"{simulator.url}{path}"]
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120, env=variables)
        assert done.returncode == 0, done.stderr
        assert "Exception ignored" not in done.stderr, done.stderr
        assert simulator.wait_for_connections()
        return Run(json.loads(done.stdout), simulator.requests)


@pytest.fixture(scope="session")
def openai_sdk(request: pytest.FixtureRequest) -> Run:
    script = [{"match": {"headers": {"x-case": "refusal"}}, "reply": {"refusal": "I would rather not."}}]
    return run_client(request.param, "/v1", script)


@pytest.fixture(scope="session")
def anthropic_sdk(request: pytest.FixtureRequest) -> Run:
    usage = {
        "input_tokens": 20,
        "cache_read_tokens": 3,
        "cache_write_5m_tokens": 2,
        "cache_write_1h_tokens": 4,
    }
    redacted = [{"redacted_reasoning": "c2VjcmV0"}, {"text": "Because."}]
    script = [
        {"match": {"headers": {"x-case": "thinking_redacted"}}, "reply": {"content": redacted}},
        {"match": {"headers": {"x-case": "cached"}}, "reply": {"text": "Yes.", "usage": usage}},
    ]
    return run_client(request.param, "", script)


@functools.cache
def run_of(name: str) -> Run:
    return run_client(name, f"/{PROVIDERS[name.partition('+')[0]]}")


@pytest.fixture(scope="session")
def sdk(request: pytest.FixtureRequest) -> Run:
    """Of an SDK whose cases need no script, by the name of its environment."""
    return run_of(request.param)
