"""Fixtures of the checks that run with a framework's packages before ours: see `test_frameworks.py` above."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import ferrule
from ferrule.testing import Simulator

pytest.register_assert_rewrite("comparing")

if TYPE_CHECKING:
    from collections.abc import Iterator

ONLY = ("openai", "openai-responses", "anthropic", "gemini")
# Some frameworks take no name that they do not know.
ALIASES = dict.fromkeys(("fast", "gpt-4o"), "anthropic/claude-sonnet-4-5")
SCRIPT: Any = [
    {
        "match": {"text": "Who are they?"},
        "reply": {
            "tool_calls": [
                {
                    "name": "IterablePerson",
                    "arguments": {"tasks": [{"name": "Ada", "age": 36}, {"name": "Alan", "age": 41}]},
                }
            ]
        },
    },
]


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """The simulator, to which the environment's addresses lead."""
    with Simulator(SCRIPT, strict=False) as simulator:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
        monkeypatch.setenv("OPENAI_BASE_URL", simulator.openai_base_url)
        monkeypatch.setenv("OPENAI_API_BASE", simulator.openai_base_url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-2")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", simulator.anthropic_base_url)
        yield simulator


@pytest.fixture
def client(simulator: Simulator) -> Iterator[ferrule.Client]:
    """Whom routed calls go through."""
    with simulator.client(only=ONLY, aliases=ALIASES, max_retries=0) as client:
        yield client


@pytest.fixture(autouse=True)
def unpatched() -> Iterator[None]:
    """No patch stays."""
    yield
    for name in ("openai", "anthropic", "litellm"):
        ferrule.unpatch(name)
