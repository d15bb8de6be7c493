"""Fixtures of the checks that run with an SDK in the place of an environment's: see `test_dropin.py` above."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ferrule.testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

    import ferrule

ONLY = ("openai", "openai-responses", "anthropic", "gemini", "groq", "cohere", "openrouter")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key of the machine's, and nothing that SDKs read of it."""
    for name in (
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
        "OPENAI_ORG_ID",
        "OPENAI_PROJECT_ID",
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_AUTH_TOKEN",
        "ANTHROPIC_BASE_URL",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def client(simulator: Simulator) -> Iterator[ferrule.Client]:
    groups = {"team": {"targets": ["anthropic/status-503", "gemini/gemini-2.5-flash"]}}
    with simulator.client(
        only=ONLY, aliases={"fast": "anthropic/claude-sonnet-4-5"}, groups=groups, max_retries=0
    ) as client:
        yield client
