"""Prompt caching on request, betas, and the API version: what is sent to each provider."""

from __future__ import annotations

from typing import Any

import pytest

import ferrule
from ferrule import UnsupportedError
from ferrule.configuration import Configuration
from ferrule.testing import Simulator, rule

TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
TURNS = [
    {"role": "user", "content": "One."},
    {"role": "assistant", "content": "Two."},
    {"role": "user", "content": "Three."},
]


def _sent(simulator: Simulator, model: str, **options: Any) -> Any:
    with simulator.client() as client:
        client.complete(model, TURNS, system="Be brief.", tools=[TOOL], **options)
    return simulator.requests[-1].body


MARKS: list[tuple[Any, dict[str, str]]] = [
    (True, {"type": "ephemeral"}),
    ("5m", {"type": "ephemeral"}),
    ("1h", {"type": "ephemeral", "ttl": "1h"}),
]


@pytest.mark.parametrize(("asked", "mark"), MARKS)
def test_anthropic_has_breakpoints(asked: Any, mark: dict[str, str], simulator: Simulator) -> None:
    body = _sent(simulator, "anthropic/claude-sonnet-4-5", prompt_cache=asked)
    assert body["tools"][0]["cache_control"] == mark
    assert body["system"] == [{"type": "text", "text": "Be brief.", "cache_control": mark}]
    assert body["messages"][-1]["content"] == [{"type": "text", "text": "Three.", "cache_control": mark}]
    assert body["messages"][:-1] == TURNS[:-1]


def test_the_callers_breakpoints_count(simulator: Simulator) -> None:
    block = {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}
    messages = [{"role": "user", "content": [block, block, block]}, *TURNS[1:]]
    with simulator.client() as client:
        client.complete("anthropic/m", messages, system="Be brief.", tools=[TOOL], prompt_cache=True)
    body = str(simulator.requests[-1].body)
    assert body.count("cache_control") == 4


def test_bedrock_has_cache_points(simulator: Simulator) -> None:
    point = {"cachePoint": {"type": "default"}}
    body = _sent(simulator, "bedrock/anthropic.claude-sonnet-4-20250514-v1:0", prompt_cache="1h")
    assert body["system"][-1] == body["messages"][-1]["content"][-1] == body["toolConfig"]["tools"][-1] == point
    newer = _sent(simulator, "bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0", prompt_cache="1h")
    assert newer["system"][-1] == {"cachePoint": {"type": "default", "ttl": "1h"}}
    nova = _sent(simulator, "bedrock/amazon.nova-pro-v1:0", prompt_cache="1h")
    assert nova["system"][-1] == point
    assert point not in nova["toolConfig"]["tools"]


def test_openai_has_a_key_of_the_prefix(simulator: Simulator) -> None:
    def key(**options: Any) -> Any:
        return _sent(simulator, "openai/gpt-5-mini", **options).get("prompt_cache_key")

    assert key() is None
    assert key(prompt_cache=True) == key(prompt_cache="5m") is not None
    assert key(prompt_cache=True, extra_body={"prompt_cache_key": "mine"}) == "mine"
    body = _sent(simulator, "openai/gpt-5-mini", prompt_cache="1h")
    assert body["prompt_cache_retention"] == "24h"
    newer = _sent(simulator, "openai/gpt-5.6-sol", prompt_cache="1h")
    assert newer["messages"][0]["content"][0]["prompt_cache_breakpoint"] == {"mode": "explicit"}
    assert "prompt_cache_retention" not in newer
    responses = _sent(simulator, "openai-responses/gpt-5.6-sol", prompt_cache="1h")
    assert responses["prompt_cache_options"] == {"mode": "implicit", "ttl": "12h"}
    assert responses["prompt_cache_key"]
    older = _sent(simulator, "openai/gpt-4o", prompt_cache="1h")
    assert "prompt_cache_retention" not in older
    assert _sent(simulator, "mistral/mistral-small-latest", prompt_cache=True)["prompt_cache_key"]


def test_openrouter_has_anthropics_breakpoints(simulator: Simulator) -> None:
    body = _sent(simulator, "openrouter/anthropic/claude-sonnet-4.5", prompt_cache="1h")
    assert body["messages"][0]["content"][0]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}


@pytest.mark.parametrize("model", ["gemini/m", "cohere/m", "groq/m", "deepseek/deepseek-chat"])
def test_who_caches_by_itself_is_not_told(model: str, simulator: Simulator) -> None:
    with pytest.warns(match="prompt_cache"):
        body = _sent(simulator, model, prompt_cache=True)
    assert "cache" not in str(body)


@pytest.mark.parametrize("model", ["perplexity/sonar", "bedrock/meta.llama3-70b-instruct-v1:0", "replicate/a/b"])
def test_who_does_not_cache_refuses(model: str, simulator: Simulator) -> None:
    with simulator.client() as client, pytest.raises(UnsupportedError, match="prompt_cache"):
        client.complete(model, "Hi.", prompt_cache=True)


def test_the_usage_shows_what_it_brought() -> None:
    usage = {"input_tokens": 100, "output_tokens": 1, "cache_read_tokens": 80}
    with Simulator([rule({"text": "Hi.", "usage": usage})]) as simulator, simulator.client() as client:
        assert client.complete("anthropic/m", "Hi.", prompt_cache=True).usage.cache_read_tokens == 80


def test_betas_on_the_clouds(simulator: Simulator) -> None:
    names = ["context-1m-2025-08-07", "extended-cache-ttl-2025-04-11"]
    with simulator.client() as client:
        client.complete("anthropic/m", "Hi.", betas=names)
        assert simulator.requests[-1].headers["anthropic-beta"] == ",".join(names)
        client.complete("bedrock/anthropic.claude-sonnet-4-5", "Hi.", betas=names)
        assert simulator.requests[-1].body["additionalModelRequestFields"] == {"anthropic_beta": names}
        with pytest.raises(UnsupportedError, match="betas"):
            client.complete("bedrock/amazon.nova-pro-v1:0", "Hi.", betas=names)
        with pytest.raises(UnsupportedError, match="betas"):
            client.complete("openai/m", "Hi.", betas=names)


def test_betas_of_the_provider_and_of_a_call_are_put_together(simulator: Simulator) -> None:
    mine = {"base_url": simulator.url, "dialect": "anthropic", "api_key": "k", "headers": {"anthropic-beta": "a"}}
    with ferrule.Client(config=False, providers={"mine": mine}) as client:  # type: ignore[dict-item]
        client.complete("mine/m", "Hi.", betas=["b", "a"], extra_headers={"Anthropic-Beta": "c"})
    assert simulator.requests[-1].headers["anthropic-beta"] == "a,b,c"


def test_the_version_of_the_api_is_a_setting(simulator: Simulator) -> None:
    def called(provider: str, **fields: Any) -> Any:
        settings = {provider: {"api_key": "k", **fields}}
        with ferrule.Client(config=False, providers=settings) as client:  # type: ignore[arg-type]
            client.complete(f"{provider}/m", "Hi.")
        return simulator.requests[-1]

    assert called("anthropic", base_url=simulator.url).headers["anthropic-version"] == "2023-06-01"
    assert (
        called("anthropic", base_url=simulator.url, api_version="2026-10-21").headers["anthropic-version"]
        == "2026-10-21"
    )


@pytest.mark.parametrize(
    ("provider", "version", "begins"),
    [
        ("gemini", "v1", "https://generativelanguage.googleapis.com/v1"),
        ("gemini", None, "https://generativelanguage.googleapis.com/v1beta"),
        ("vertex", "v1beta1", "https://us-central1-aiplatform.googleapis.com/v1beta1/projects/p/"),
        ("azure-deployments", "2025-01-01", "https://r.openai.azure.com/openai?api-version=2025-01-01"),
    ],
)
def test_the_version_stands_in_the_address(provider: str, version: str | None, begins: str) -> None:
    fields = {"api_key": "k", "project": "p", "resource": "r"} | ({"api_version": version} if version else {})
    settings = Configuration.read(False, {"providers": {provider: fields}}).settings()
    (found,) = [one for one in settings["providers"] if one["id"] == provider]
    assert found["base_url"].startswith(begins)
