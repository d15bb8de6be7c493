"""Providers of the clouds are called with tokens that somebody hands out: the simulator does that, too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import ferrule

if TYPE_CHECKING:
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


@pytest.mark.parametrize("provider", ["bedrock", "bedrock-compat", "bedrock-mantle"])
def test_amazon_is_shown_a_signature(simulator: Simulator, monkeypatch: pytest.MonkeyPatch, provider: str) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    settings: Any = {provider: {"base_url": simulator.base_url(provider)}}
    with ferrule.Client(providers=settings, max_retries=0) as client:
        assert client.complete(f"{provider}/echo", "Hello there.").text == "Hello there."
    (request,) = simulator.requests
    shown = request.headers["authorization"]
    assert shown.startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert "/us-east-1/bedrock" in shown
