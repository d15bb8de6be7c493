"""Fixtures of the tests of litellm's functions: settings are back at their defaults after each test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from deployments import MESSAGES
from ferrule import litellm
from ferrule.litellm import clients, models, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrule.testing import Simulator


@pytest.fixture(autouse=True)
def bare_settings() -> Iterator[None]:
    yield
    settings.reset()
    models.unregister_models()
    clients.close()


@pytest.fixture
def openai(simulator: Simulator) -> dict[str, Any]:
    """The arguments of a call to OpenAI."""
    return {"api_base": simulator.openai_base_url, "api_key": "sk-one", "messages": MESSAGES}


@pytest.fixture(params=["sync", "async"])
def complete(request: pytest.FixtureRequest) -> Any:
    """`completion`, or `acompletion`, awaited."""

    async def call(*arguments: Any, **options: Any) -> Any:
        if request.param == "async":
            return await litellm.acompletion(*arguments, **options)
        return litellm.completion(*arguments, **options)

    return call
