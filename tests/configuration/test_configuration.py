"""Configuration: addresses and keys from arguments, environment and defaults, and errors of missing ones."""

from __future__ import annotations

from typing import Any

import pytest

import ferrule
from ferrule import shared_client
from ferrule.testing import Simulator

MODELS = ["openai/gpt", "anthropic/claude"]


def key_sent(simulator: Simulator) -> str:
    headers = simulator.requests[-1].headers
    return headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")


@pytest.mark.parametrize("model", MODELS)
def test_the_environment_says_keys_and_addresses(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    for name, value in simulator.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OPENAI_API_KEY", "from-openai-variable")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "from-anthropic-variable")
    with ferrule.Client() as client:
        assert client.complete(model, "Hi.").text == "Yes."
    assert key_sent(simulator) == f"from-{model.split('/')[0]}-variable"


def test_arguments_win_over_the_environment(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/nowhere")
    monkeypatch.setenv("OPENAI_API_KEY", "from-environment")
    providers = {"openai": {"base_url": simulator.openai_base_url, "api_key": "from-argument"}}
    ferrule.Client(providers=providers).complete("openai/gpt", "Hi.")
    assert key_sent(simulator) == "from-argument"


def test_organization_and_project_go_along(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-1")
    simulator.client().complete("openai/gpt", "Hi.")
    headers = simulator.requests[0].headers
    assert (headers["openai-organization"], headers["openai-project"]) == ("org-1", "proj-1")


@pytest.mark.parametrize(
    ("model", "variable"), [("openai/gpt", "OPENAI_API_KEY"), ("anthropic/claude", "ANTHROPIC_API_KEY")]
)
@pytest.mark.parametrize("key", [None, ""])
def test_a_missing_key_names_the_variable(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, model: str, variable: str, key: str | None
) -> None:
    monkeypatch.setenv(variable, "")
    provider = model.split("/")[0]
    settings: Any = {provider: {"base_url": simulator.url, "api_key": key}}
    client = ferrule.Client(providers=settings)
    with pytest.raises(ferrule.ConfigError, match=variable):
        client.complete(model, "Hi.")
    with pytest.raises(ferrule.ConfigError, match=variable):
        list(client.stream(model, "Hi."))
    with pytest.raises(ferrule.ConfigError, match=variable):
        client.models(provider)
    assert simulator.requests == []


def test_providers_of_ones_own(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_PROXY_API_KEY", "from-its-variable")
    client = ferrule.Client(
        providers={
            "my-proxy": {"base_url": simulator.openai_base_url, "headers": {"X-Team": "a"}},
            "claude-proxy": {"base_url": simulator.url, "dialect": "anthropic"},
        }
    )
    assert repr(client) == "Client(providers=['claude-proxy', 'my-proxy'])"
    client.complete("my-proxy/org/model", "Hi.")
    request = simulator.requests[0]
    assert (key_sent(simulator), request.headers["x-team"], request.model) == ("from-its-variable", "a", "org/model")
    assert client.complete("claude-proxy/claude", "Hi.").provider == "claude-proxy"
    assert (simulator.requests[1].dialect, key_sent(simulator)) == ("anthropic", "")


@pytest.mark.parametrize(
    ("written", "model"),
    [
        ("openai/gpt", "gpt"),
        ("openai:gpt", "gpt"),
        ("openai/org/model:free", "org/model:free"),
        ("openai:ft:gpt:mine", "ft:gpt:mine"),
        ("openai: gpt", " gpt"),
    ],
)
def test_how_models_are_written(simulator: Simulator, written: str, model: str) -> None:
    simulator.client().complete(written, "Hi.")
    assert simulator.requests[0].body["model"] == model


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("my-model", "names no provider; write 'provider/model', for instance 'openai/my-model'"),
        ("opnai/gpt", "did you mean `openai`"),
        ("zzz:gpt", "known: anthropic, openai"),
        ("openai/", "names no model"),
        ("", "names no provider"),
        (None, "there is no default"),
        (7, "expected a string"),
    ],
)
def test_a_model_that_names_nothing(model: Any, said: str) -> None:
    with Simulator() as simulator, pytest.raises(ferrule.ConfigError, match=said):
        simulator.client(only=["openai", "anthropic"]).complete(model, "Hi.")


@pytest.mark.parametrize(
    ("providers", "said"),
    [
        ({"openai": "http://localhost"}, "providers.openai: expected a dict"),
        ({"openai": {"base": "http://localhost"}}, "providers.openai: unknown field `base`; did you mean `base_url`"),
        ({"openai": {"api_key": 7}}, "providers.openai.api_key: expected str, not int"),
        ({"openai": {"headers": [("a", "b")]}}, "providers.openai.headers: expected dict"),
        ({"openai": {"headers": {"x": 7}}}, r"providers.openai.headers\['x'\]: expected str, not int"),
        ({"openai": {"dialect": "latin"}}, "dialect"),
        ({"openai": {"base_url": "localhost:8000"}}, "base_url|address|URL"),
        ({"mine": {}}, "providers.mine: `base_url` is missing"),
        ({"my/own": {"base_url": "http://localhost"}}, "'my/own' is not a valid id"),
        ({"": {"base_url": "http://localhost"}}, "not a valid id"),
    ],
)
def test_wrong_settings_are_named(providers: Any, said: str) -> None:
    for kind in (ferrule.Client, ferrule.AsyncClient):
        with pytest.raises(ferrule.ConfigError, match=said):
            kind(providers=providers)


@pytest.mark.parametrize("timeout", [0, -1, "soon", float("nan"), True])
def test_a_wrong_timeout_of_a_client(timeout: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="timeout"):
        ferrule.Client(timeout=timeout)


@pytest.mark.parametrize("argument", ["ca_file", "client_certificate"])
def test_a_file_that_is_not_there_is_named(argument: str) -> None:
    with pytest.raises(ferrule.ConfigError, match=r"nowhere.pem"):
        ferrule.Client(**{argument: "/nowhere.pem"})


def test_models(simulator: Simulator) -> None:
    client = simulator.client()
    for provider in ("openai", "anthropic"):
        models = client.models(provider)
        assert models
        assert all(model.id and model.raw["id"] == model.id for model in models)
    with pytest.raises(ferrule.ConfigError, match=r"did you mean `openai`"):
        client.models("openia")


async def test_models_in_a_loop(simulator: Simulator) -> None:
    async with simulator.async_client() as client:
        assert await client.models("anthropic", timeout=10)
        with pytest.raises(ferrule.ConfigError, match="unknown provider"):
            await client.models("zzz")


def test_shortcuts_share_one_client(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in simulator.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(shared_client, "_shared", None)
    for _ in range(2):
        assert ferrule.complete("openai/gpt", "Hi.", temperature=0).text == "Yes."
        with ferrule.stream("anthropic/claude", "Hi.") as stream:
            assert "".join(stream.text) == "Yes."
    assert len({request.connection for request in simulator.requests}) <= 2
    shared_client._shared.close()
