"""Provider names: the same everywhere, in calls, settings, the registry, the catalog, the command line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

import ferrule
from ferrule import catalog
from ferrule.cli.app import app
from ferrule.configuration import Configuration
from ferrule.configuration.providers import rows

if TYPE_CHECKING:
    from ferrule.testing import Simulator

SPELLINGS = [
    (spelling, row["id"])
    for row in rows().values()
    for name in (row["id"], *row["aliases"])
    for spelling in dict.fromkeys((name, name.upper(), name.title()))
]
"""Every id and alias, in several cases, with the id that is meant."""


def test_a_call_reads_every_spelling() -> None:
    with ferrule.Client() as client:
        for spelling, identifier in SPELLINGS:
            assert client.registry.resolve(f"{spelling}/some-model") == f"{identifier}/some-model"
            assert client.registry.resolve(f"{spelling}:some/model") == f"{identifier}/some/model"


@pytest.mark.parametrize("source", ["file", "arguments"])
def test_settings_read_every_spelling(source: str) -> None:
    for spelling, identifier in SPELLINGS:
        tree = {"providers": {spelling: {"api_key": "key-of-mine"}}}
        configuration = Configuration.read(tree) if source == "file" else Configuration.read(False, tree)
        assert configuration.provider_ids() == list(rows()), spelling
        found = {one["id"]: one["api_key"] for one in configuration.settings()["providers"]}
        assert found[identifier] == "key-of-mine", spelling


def test_fallbacks_and_models_read_every_spelling() -> None:
    for spelling, identifier in SPELLINGS:
        mine = {"base_url": "http://127.0.0.1:9", "fallback": spelling}
        facts = {f"{spelling}/some-model": {"context_window": 1234}}
        configuration = Configuration.read({"providers": {"mine": mine}, "models": facts})
        assert list(configuration.models()) == [f"{identifier}/some-model"]
        settings = {one["id"]: one for one in configuration.settings()["providers"]}
        assert settings["mine"]["fallback"] == identifier


def test_what_is_known_of_a_model_is_the_same_under_every_spelling() -> None:
    with ferrule.Client() as client:
        for spelling, identifier in SPELLINGS:
            for model in ("gpt-4o", "claude-sonnet-4-5", "gemini-2.5-pro", "grok-4", "mistral-large-latest"):
                wanted = client.capabilities(f"{identifier}/{model}")
                assert client.capabilities(f"{spelling}/{model}") == wanted
                found, entry = catalog.find(f"{spelling}/{model}"), catalog.find(f"{identifier}/{model}")
                assert (found and (found.provider, found.id)) == (entry and (entry.provider, entry.id)), spelling
                costs = [
                    catalog.estimate_cost(f"{name}/{model}", input_tokens=10, output_tokens=10)
                    for name in (spelling, identifier)
                ]
                assert costs[0] == costs[1], spelling


def test_the_registry_reads_every_spelling() -> None:
    with ferrule.Client() as client:
        section = client.registry.providers
        for spelling, identifier in SPELLINGS:
            assert spelling in section
            assert section.get(spelling)["name"] == rows()[identifier]["name"]
            with pytest.raises(ferrule.ConfigError, match="there is already"):
                section.register(spelling, {"api_key": "key-of-mine"})
        section.replace("OpenAI", {"api_key": "key-of-mine"})
        assert section.get("openai")["api_key"] == "***"
        section.remove("OPENAI")
        assert "openai" not in section


@pytest.mark.parametrize("name", ["openai", "OpenAI", "OPENAI"])
def test_operations_read_every_spelling(simulator: Simulator, name: str) -> None:
    with simulator.client() as client:
        assert client.complete(f"{name}/gpt", "hi").provider == "openai"
        assert client.models(name) == client.models("openai")
        assert [one.provider for one in client.health([name])] == ["openai"]
        assert client.embed(f"{name}/text-embedding-3-small", ["a"]).provider == "openai"
        client.token_provider(name)(lambda: "sk-token-of-mine")
        with pytest.raises(ferrule.ConfigError, match="there is already a provider 'openai'"):

            @client.provider(name)
            async def answer(request: Any) -> str:
                return "mine"


def test_own_providers_are_read_whatever_the_case() -> None:
    layers: dict[str, Any] = {"providers": {"Mine": {"base_url": "http://127.0.0.1:9", "fallback": "OTHER"}}}
    layers["providers"]["other"] = {"base_url": "http://127.0.0.1:9"}
    configuration = Configuration.read(layers, {"providers": {"mine": {"api_key": "key-of-mine"}}})
    found = {one["id"]: one for one in configuration.settings()["providers"]}
    assert (found["Mine"]["api_key"], found["Mine"]["fallback"]) == ("key-of-mine", "other")
    assert "mine" not in found


def test_one_provider_twice_is_refused() -> None:
    with pytest.raises(ferrule.ConfigError, match=r"providers\.OpenAI: is the same provider as `openai`"):
        Configuration.read({"providers": {"openai": {"api_key": "a"}, "OpenAI": {"api_key": "b"}}})


def test_an_alias_with_an_address_is_a_provider_of_ones_own() -> None:
    configuration = Configuration.read({"providers": {"google": {"base_url": "http://127.0.0.1:9"}}})
    assert "google" in configuration.provider_ids()
    with ferrule.Client(providers={"google": {"base_url": "http://127.0.0.1:9"}}) as client:
        assert client.registry.resolve("google/x") == "google/x"


@pytest.mark.parametrize("name", ["openai", "OpenAI"])
def test_the_command_line_reads_every_spelling(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for variable, value in simulator.environment().items():
        monkeypatch.setenv(variable, value)
    run = CliRunner().invoke
    usual = {command: run(app, [*command, "openai"]).output for command in (("models",), ("models", "--catalog"))}
    for command, output in usual.items():
        assert output
        assert run(app, [*command, name]).output == output, command
    health = run(app, ["health", name])
    assert health.exit_code == 0
    assert re.search(r"^openai\b", health.output, re.MULTILINE), health.output
