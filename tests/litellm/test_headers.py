"""Response headers: `_hidden_params["additional_headers"]` of plain calls."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def script() -> Any:
    return [{"reply": {"text": "Hi", "headers": {"x-ratelimit-remaining-requests": "41"}}}]


async def test_they_are_passed_on(complete: Any, openai: dict[str, Any]) -> None:
    hidden = (await complete("openai/gpt-4.1-mini", **openai))._hidden_params
    headers = hidden["additional_headers"]
    assert headers["llm_provider-x-ratelimit-remaining-requests"] == "41"
    assert headers["llm_provider-content-type"].startswith("application/json")
    assert headers["x-ratelimit-remaining-requests"] == "41"
