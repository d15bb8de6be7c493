"""Locations of Vertex AI, each with its host: the exact address of requests, without any `base_url`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from googleapis import CERTIFICATE, GoogleApis, played

import ferrule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrule.testing import Simulator

HOSTS = {
    "us-east5": "us-east5-aiplatform.googleapis.com",
    "europe-west4": "europe-west4-aiplatform.googleapis.com",
    "global": "aiplatform.googleapis.com",
    "us": "aiplatform.us.rep.googleapis.com",
    "eu": "aiplatform.eu.rep.googleapis.com",
}
ENDS = {
    "vertex": "publishers/google/models/echo:generateContent",
    "vertex-anthropic": "publishers/anthropic/models/echo:rawPredict",
    "vertex-openapi": "endpoints/openapi/chat/completions",
}


@pytest.fixture(params=list(ENDS))
def provider(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def apis(simulator: Simulator, provider: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[GoogleApis]:
    for variable in ("CLOUD_ML_REGION", "GOOGLE_CLOUD_LOCATION", "VERTEXAI_LOCATION"):
        monkeypatch.delenv(variable, raising=False)
    with played(simulator, provider) as apis:
        monkeypatch.setenv("HTTPS_PROXY", apis.url)
        yield apis


def ask(provider: str, **options: Any) -> None:
    settings: Any = {provider: {"project": "my-project", "api_key": "sk-simulated", **options}}
    with ferrule.Client(providers=settings, config=False, max_retries=0, ca_file=CERTIFICATE, timeout=20) as client:
        assert client.complete(f"{provider}/echo", "Hello there.").text == "Hello there."


@pytest.mark.parametrize("location", HOSTS)
def test_a_location_has_its_host(apis: GoogleApis, provider: str, location: str) -> None:
    ask(provider, location=location)
    path = f"v1/projects/my-project/locations/{location}/{ENDS[provider]}"
    assert apis.asked == [f"https://{HOSTS[location]}/{path}"]


def test_the_environment_names_it_as_well(apis: GoogleApis, provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_LOCATION", "global")
    ask(provider)
    assert apis.asked[0].startswith("https://aiplatform.googleapis.com/v1/projects/my-project/locations/global/")


def test_a_region_wins_over_the_environments_location(
    apis: GoogleApis, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_LOCATION", "europe-west4")
    ask(provider, region="eu")
    assert apis.asked[0].startswith("https://aiplatform.eu.rep.googleapis.com/v1/projects/my-project/locations/eu/")
