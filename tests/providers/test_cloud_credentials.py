"""Cloud credentials: providers that are called with tokens, which the simulator issues as well."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import ferrule
from ferrule.testing import Simulator

KEYS = Path(__file__).parents[2] / "crates" / "engine" / "tests" / "engine" / "support"


def ask(simulator: Simulator, provider: str, **options: Any) -> tuple[str, str]:
    """Calls a provider twice; the address that was asked for a token, and what the provider was shown."""
    settings: Any = {provider: {"base_url": simulator.base_url(provider), **options}}
    with ferrule.Client(providers=settings, max_retries=0) as client:
        for _ in range(2):
            assert client.complete(f"{provider}/echo", "Hello there.").text == "Hello there."
    # One token is enough for both.
    token, first, second = simulator.requests
    assert first.headers["authorization"] == second.headers["authorization"]
    assert first.path.startswith(f"/{provider}/")
    return token.path, first.headers["authorization"]


def test_ibm_exchanges_the_key(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATSONX_IAM_URL", f"{simulator.url}/identity/token")
    path, shown = ask(simulator, "watsonx", api_key="sk-simulated")
    assert path == "/identity/token"
    assert shown.startswith("Bearer sim-token-")
    wrong: Any = {"watsonx": {"base_url": simulator.base_url("watsonx"), "api_key": "sk-invalid"}}
    with (
        ferrule.Client(providers=wrong, max_retries=0) as client,
        pytest.raises(ferrule.AuthenticationError, match="IBM's identity service answers with status 401"),
    ):
        client.complete("watsonx/echo", "Hello there.")


def test_databricks_knows_a_service_principal(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABRICKS_CLIENT_ID", "principal")
    monkeypatch.setenv("DATABRICKS_CLIENT_SECRET", "secret")
    path, shown = ask(simulator, "databricks")
    assert path == "/oidc/v1/token"
    assert shown.startswith("Bearer sim-token-")


@pytest.mark.parametrize("provider", ["vertex", "vertex-anthropic", "vertex-openapi"])
def test_google_knows_a_service_account(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, provider: str
) -> None:
    account = {
        "type": "service_account",
        "client_email": "tests@project.test",
        "private_key": (KEYS / "service_account_key.pem").read_text(),
        "token_uri": f"{simulator.url}/token",
    }
    (tmp_path / "account.json").write_text(json.dumps(account))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "account.json"))
    path, shown = ask(simulator, provider)
    assert path == "/token"
    assert shown.startswith("Bearer sim-token-")


@pytest.mark.parametrize("provider", ["azure", "azure-deployments", "azure-ai"])
def test_microsoft_knows_an_application(simulator: Simulator, monkeypatch: pytest.MonkeyPatch, provider: str) -> None:
    monkeypatch.setenv("AZURE_TENANT_ID", "tenant")
    monkeypatch.setenv("AZURE_CLIENT_ID", "client")
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "secret")
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", simulator.url)
    path, shown = ask(simulator, provider)
    assert path == "/tenant/oauth2/v2.0/token"
    assert shown.startswith("Bearer sim-token-")


@pytest.fixture
def amazon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The access key whose secret the simulator knows."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASIMULATED")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "sk-simulated")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    for absent in ("AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK", "AWS_PROFILE"):
        monkeypatch.delenv(absent, raising=False)


AMAZONS = pytest.mark.parametrize("provider", ["bedrock", "bedrock-compat", "bedrock-mantle"])


@AMAZONS
@pytest.mark.parametrize("token", [None, "session//token+=="])
def test_amazon_checks_the_signature(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, amazon: None, provider: str, token: str | None
) -> None:
    if token:
        monkeypatch.setenv("AWS_SESSION_TOKEN", token)
    settings: Any = {provider: {"base_url": simulator.base_url(provider)}}
    with ferrule.Client(providers=settings, max_retries=0) as client:
        assert client.complete(f"{provider}/echo", "Hello there.").text == "Hello there."
        with client.stream(f"{provider}/echo", "Grüße, 世界!") as stream:
            assert "".join(stream.text) == "Grüße, 世界!"
    for request in simulator.requests:
        shown = request.headers["authorization"]
        assert shown.startswith("AWS4-HMAC-SHA256 Credential=AKIASIMULATED/")
        assert "/us-east-1/bedrock" in shown
        assert request.headers.get("x-amz-security-token") == token


def test_every_address_of_bedrocks_is_signed(simulator: Simulator, amazon: None) -> None:
    profile = "arn:aws:bedrock:us-west-2:123456789012:application-inference-profile/abc123"
    settings: Any = {"bedrock": {"base_url": simulator.base_url("bedrock")}}
    with ferrule.Client(providers=settings, max_retries=0) as client:
        for model in ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", profile):
            assert client.complete(f"bedrock/{model}", "Hello.").text
        assert client.embed("bedrock/amazon.titan-embed-text-v2:0", "one two").vectors
        assert client.count_tokens("bedrock/echo", "one two").tokens == 2
        assert client.models("bedrock")
    assert {request.status for request in simulator.requests} == {200}


@AMAZONS
def test_amazon_refuses_another_secret(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, amazon: None, provider: str
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    settings: Any = {provider: {"base_url": simulator.base_url(provider)}}
    with ferrule.Client(providers=settings, max_retries=0) as client:
        with pytest.raises(ferrule.AuthenticationError, match="does not match the signature you provided") as raised:
            client.complete(f"{provider}/echo", "Hello there.")
        assert raised.value.status == 403
        with (
            pytest.raises(ferrule.AuthenticationError),
            client.stream(f"{provider}/echo", "Hello there.") as stream,
        ):
            list(stream)
    assert "another" not in str(raised.value)
    # It is signed anew only where the clocks differ.
    assert [request.status for request in simulator.requests] == [403, 403]


def test_amazon_refuses_an_access_key_it_does_not_know(monkeypatch: pytest.MonkeyPatch, amazon: None) -> None:
    with Simulator(aws_credentials={"AKIAMINE": "secret"}) as simulator:
        settings: Any = {"bedrock": {"base_url": simulator.base_url("bedrock")}}
        for key, secret in (("AKIAMINE", "secret"), ("AKIASIMULATED", "sk-simulated")):
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
            with ferrule.Client(providers=settings, max_retries=0) as client:
                assert client.complete("bedrock/echo", "Hello.").text == "Hello."
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOTHER")
        with (
            ferrule.Client(providers=settings, max_retries=0) as client,
            pytest.raises(ferrule.AuthenticationError, match="security token"),
        ):
            client.complete("bedrock/echo", "Hello.")


def test_amazon_refuses_a_bearer_key(simulator: Simulator) -> None:
    settings: Any = {"bedrock": {"base_url": simulator.base_url("bedrock"), "api_key": "sk-invalid"}}
    with ferrule.Client(providers=settings, max_retries=0) as client:
        with pytest.raises(ferrule.AuthenticationError, match="API Key") as raised:
            client.complete("bedrock/echo", "Hello.")
        assert raised.value.status == 403
