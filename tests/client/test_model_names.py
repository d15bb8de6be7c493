"""Model names: a name that merely resembles a model's never decides which provider gets a prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import ferrule
from ferrule.testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

PROVIDERS = ["openai", "anthropic", "gemini", "groq", "mistral"]


@pytest.fixture
def client() -> Iterator[ferrule.Client]:
    with Simulator() as simulator, simulator.client(only=PROVIDERS) as client:
        yield client
        assert simulator.requests == []


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("antropic/claude-sonnet-4-5", "`anthropic`"),
        ("anthopic:claude-sonnet-4-5", "`anthropic`"),
        ("opneai/gpt-4o", "`openai`"),
        ("opena/gpt-5-mini", "`openai`"),
        ("gemni/gemini-2.5-flash", "`gemini`"),
        ("mistrall/mistral-large-latest", "`mistral`"),
        ("Antropic/gpt-4o", "`anthropic`"),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_a_misspelt_provider_is_an_error_that_says_who_may_be_meant(
    client: ferrule.Client, name: str, meant: str, streamed: bool
) -> None:
    with pytest.raises(ferrule.ConfigError, match=f"names no known provider .*did you mean {meant}"):
        (client.stream if streamed else client.complete)(name, "Hi.")


@pytest.mark.parametrize(
    "name",
    ["nobody/claude-sonnet-4-5", "my-claude-sonnet-4-5", "xx-gpt-4o-xx", "gpt-4o-2099-01-01", "gemini-2.5-flash-zz"],
)
def test_a_name_that_only_fits_a_pattern_is_never_called(client: ferrule.Client, name: str) -> None:
    with pytest.raises(ferrule.ConfigError, match="names no"):
        client.complete(name, "Hi.")
    for operation in (client.embed, client.count_tokens):
        with pytest.raises(ferrule.ConfigError, match="names no"):
            operation(name, "Hi.")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("claude-sonnet-4-5-20990101", "'anthropic/claude-sonnet-4-5-20990101'"),
        ("gpt-4o-2099-01-01", "'openai/gpt-4o-20"),
        ("gtp-4o", "'openai/gpt-4o'"),
    ],
)
def test_what_may_be_meant_by_a_bare_name_is_suggested(client: ferrule.Client, name: str, meant: str) -> None:
    with pytest.raises(ferrule.ConfigError, match=f"did you mean {meant}"):
        client.complete(name, "Hi.")


@pytest.mark.parametrize("name", ["gpt-4o", "GPT-4o", "claude-sonnet-4-5", "gemini-2.5-flash"])
def test_a_listed_name_leads_to_who_lists_it(name: str) -> None:
    with Simulator() as simulator, simulator.client(only=["openai", "anthropic", "gemini"]) as client:
        assert client.complete(name, "Hi.").model.lower() == name.lower()
        assert len(simulator.requests) == 1
