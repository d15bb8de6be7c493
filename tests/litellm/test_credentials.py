"""Cloud credentials and settings of calls: what of each argument leaves, or the refusal that names it."""

from __future__ import annotations

import asyncio
import json
import sys
import types
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from deployments import MESSAGES
from ferrule import litellm
from ferrule.litellm import credentials
from ferrule.testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ferrule.testing import RecordedRequest

KEYS = {"AWS_ACCESS_KEY_ID": "AKIASIMULATED", "AWS_SECRET_ACCESS_KEY": "sk-simulated", "AWS_REGION": "us-east-2"}
MODELS = {
    "bedrock": ("bedrock/anthropic.claude-3-haiku", "bedrock/amazon.titan-embed-text-v2:0"),
    "vertex": ("vertex_ai/gemini-2.5-flash", "vertex_ai/text-embedding-005"),
    "azure-deployments": ("azure/gpt-4.1-mini", "azure/text-embedding-3-small"),
    "azure": ("azure/gpt-4.1-mini", "azure/text-embedding-3-small"),
    "watsonx": ("watsonx/ibm/granite-3-8b-instruct", "watsonx/ibm/slate-125m"),
    "databricks": ("databricks/dbrx", "databricks/bge"),
    "snowflake": ("snowflake/llama3.1-8b", None),
}
PLACES = {
    "bedrock": "/bedrock/",
    "vertex": "/vertex/v1/projects/{project}/locations/{location}/publishers/google",
    "azure-deployments": "/azure-deployments",
    "watsonx": "/watsonx/",
    "databricks": "/databricks/serving-endpoints",
    "snowflake": "/snowflake/api/v2/cortex/v1",
}
"""Addresses at the simulator; those of Google have the places in which project and location belong."""


class Carried(NamedTuple):
    """An argument that is carried: its value, and what has to be in the request."""

    value: Any
    shows: Callable[[RecordedRequest], bool]
    environment: dict[str, str] | None = None


def signed(text: str) -> Callable[[RecordedRequest], bool]:
    return lambda request: text in request.headers["authorization"]


def at(text: str) -> Callable[[RecordedRequest], bool]:
    return lambda request: text in request.path


def bearer(token: str) -> Callable[[RecordedRequest], bool]:
    return lambda request: request.headers["authorization"] == f"Bearer {token}" and "api-key" not in request.headers


GOOGLE = {"type": "service_account", "client_email": "a@b", "private_key": "-"}
CARRIED: dict[str, Carried] = {
    "aws_region_name": Carried("eu-west-3", signed("/eu-west-3/bedrock/aws4_request")),
    "aws_bedrock_runtime_endpoint": Carried("URL/bedrock", at("/bedrock/")),
    "aws_access_key_id": Carried("AKIASIMULATED", signed("Credential=AKIASIMULATED/")),
    "aws_secret_access_key": Carried("sk-simulated", signed("Credential=AKIASIMULATED/")),
    "aws_session_token": Carried(
        "session",
        lambda request: request.headers["x-amz-security-token"] == "session",
        {"AWS_SESSION_TOKEN": "session"},
    ),
    "vertex_project": Carried("mine", at("/projects/mine/")),
    "vertex_ai_project": Carried("mine", at("/projects/mine/")),
    "vertex_location": Carried("europe-west9", at("/locations/europe-west9/")),
    "vertex_ai_location": Carried("europe-west9", at("/locations/europe-west9/")),
    "vertex_credentials": Carried(GOOGLE, bearer("token-of-a@b")),
    "vertex_ai_credentials": Carried(json.dumps(GOOGLE), bearer("token-of-a@b")),
    "azure_ad_token": Carried("token-one", bearer("token-one")),
    "azure_ad_token_provider": Carried(lambda: "token-two", bearer("token-two")),
    "tenant_id": Carried("tenant", at("/chat/completions"), {"AZURE_TENANT_ID": "tenant"}),
    "client_id": Carried("client", at("/chat/completions"), {"AZURE_CLIENT_ID": "client"}),
    "client_secret": Carried("secret", at("/chat/completions"), {"AZURE_CLIENT_SECRET": "secret"}),
    "watsonx_token": Carried("token-three", bearer("token-three")),
    "databricks_client_id": Carried("principal", bearer("key"), {"DATABRICKS_CLIENT_ID": "principal"}),
    "databricks_client_secret": Carried("secret", bearer("key"), {"DATABRICKS_CLIENT_SECRET": "secret"}),
}
HOSTS = {
    "resource": ("azure-deployments", "xx-mine", "https://xx-mine.openai.azure.com"),
    "watsonx_region": ("watsonx", "xx-west", "https://xx-west.ml.cloud.ibm.com"),
    "watsonx_region_name": ("watsonx", "xx-west", "https://xx-west.ml.cloud.ibm.com"),
    "databricks_host": ("databricks", "xx-mine.invalid", "https://xx-mine.invalid"),
    "account_id": ("snowflake", "xx-mine", "https://xx-mine.snowflakecomputing.com"),
}
"""Arguments that are part of the host: nobody answers there, and the error says where it was."""
REFUSED = sorted(set(credentials.SETTINGS) - set(CARRIED) - set(HOSTS))


def provider_of(name: str) -> str:
    families = credentials.SETTINGS[name].families
    return next(family for family in families if family in PLACES)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(aws_credentials={"AKIASIMULATED": "sk-simulated"}) as running:
        yield running


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_BEARER_TOKEN_BEDROCK", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)

    class Credentials:
        """Stands for google-auth's, which is not installed here."""

        expiry = None

        def __init__(self, fields: dict[str, Any]) -> None:
            self.email = fields["client_email"]
            self.token = ""

        def refresh(self, request: Any) -> None:
            self.token = f"token-of-{self.email}"

    auth: Any = types.ModuleType("google.auth")
    auth.load_credentials_from_dict = lambda fields, scopes: (Credentials(fields), None)
    transport: Any = types.ModuleType("google.auth.transport.requests")
    transport.Request = object
    for module in (auth, transport, types.ModuleType("google"), types.ModuleType("requests")):
        module.__spec__ = types.SimpleNamespace(name=module.__name__, parent="")  # type: ignore[assignment]
        monkeypatch.setitem(sys.modules, module.__name__, module)


def arguments(simulator: Simulator, provider: str) -> dict[str, Any]:
    """What a call needs besides the argument that is tried."""
    found: dict[str, Any] = {"api_base": f"{simulator.url}{PLACES[provider]}", "num_retries": 0}
    if provider == "vertex":
        found |= {"azure_ad_token": "of another provider", "vertex_credentials": GOOGLE}
        found |= {"vertex_project": "p", "vertex_location": "us-west1"}
    elif provider == "watsonx":
        found |= {"project_id": "p", "watsonx_token": "token"}
    elif provider != "bedrock":
        found["api_key"] = "key"
    return found


async def ask(how: str, models: tuple[str, str | None], given: dict[str, Any]) -> None:
    """One call, made one of several ways."""
    chat, embedding = models
    if how == "embedding":
        litellm.embedding(embedding, ["a"], **given)
    elif how == "aembedding":
        assert embedding is not None
        await litellm.aembedding(embedding, ["a"], **given)
    elif how == "plain":
        await asyncio.to_thread(litellm.completion, chat, MESSAGES, **given)
    elif how == "async":
        await litellm.acompletion(chat, MESSAGES, **given)
    elif how == "stream":
        assert list(litellm.completion(chat, MESSAGES, stream=True, **given))
    elif how == "astream":
        assert [chunk async for chunk in await litellm.acompletion(chat, MESSAGES, stream=True, **given)]
    elif how == "of a call":
        base = {name: value for name, value in given.items() if name in ("project_id",)}
        router = litellm.Router([{"model_name": "g", "litellm_params": {"model": chat, **base}}], num_retries=0)
        router.completion("g", MESSAGES, **given)
    else:
        router = litellm.Router([{"model_name": "g", "litellm_params": {"model": chat, **given}}], num_retries=0)
        if how == "router":
            router.completion("g", MESSAGES)
        elif how == "router stream":
            assert list(router.completion("g", MESSAGES, stream=True))
        else:
            await router.acompletion("g", MESSAGES)


WAYS = [
    "plain",
    "async",
    "stream",
    "astream",
    "embedding",
    "aembedding",
    "router",
    "arouter",
    "router stream",
    "of a call",
]


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("name", sorted(CARRIED))
async def test_what_is_carried_leaves(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, name: str, how: str
) -> None:
    provider = provider_of(name)
    carried = CARRIED[name]
    for variable, value in (carried.environment or {}).items():
        monkeypatch.setenv(variable, value)
    given = arguments(simulator, provider)
    if name.startswith("vertex_ai_"):
        given.pop(name.replace("_ai_", "_"))
    value = carried.value
    if name == "aws_bedrock_runtime_endpoint":
        given.pop("api_base")
        value = value.replace("URL", simulator.url)
    given[name] = value
    await ask(how, MODELS[provider], given)
    request = simulator.requests[-1]
    shows = (
        at("/embeddings")
        if "embedding" in how and carried.shows.__qualname__.startswith("at.") and provider == ("azure-deployments")
        else carried.shows
    )
    assert shows(request), (request.path, request.headers)
    assert name not in json.dumps(request.body)


@pytest.mark.parametrize("name", sorted(HOSTS))
async def test_what_is_part_of_the_host(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # Nothing leaves this machine.
    provider, value, _ = HOSTS[name]
    found = dict(
        litellm.providers.connection(litellm.providers.provider_of(MODELS[provider][0]), {name: value, "api_key": "k"})
    )
    assert value in found.values()
    for how in ("plain", "async", "stream", "router"):
        with pytest.raises(litellm.exceptions.LiteLLMError) as caught:
            await ask(how, MODELS[provider], {name: value, "api_key": "k", "num_retries": 0, "timeout": 5})
        assert not isinstance(caught.value, litellm.UnsupportedParamsError)


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("name", [*REFUSED, "aws_access_key_id", "aws_secret_access_key", "aws_session_token"])
async def test_what_is_not_carried_is_refused_by_name(simulator: Simulator, name: str, how: str) -> None:
    provider = provider_of(name)
    given = {**arguments(simulator, provider), name: "another-secret"}
    error = ValueError if "router" in how else litellm.UnsupportedParamsError
    with pytest.raises(error, match=rf"{name} is not supported in calls to \w+: \w+") as caught:
        await ask(how, MODELS[provider], given)
    assert "another-secret" not in str(caught.value)
    assert not simulator.requests


@pytest.mark.parametrize(
    ("provider", "name"), [("bedrock", "aws_later"), ("vertex", "vertex_x"), ("watsonx", "watsonx_x")]
)
async def test_names_that_nobody_knows_yet(simulator: Simulator, provider: str, name: str) -> None:
    with pytest.raises(litellm.UnsupportedParamsError, match=name):
        await ask("plain", MODELS[provider], {**arguments(simulator, provider), name: 1})


async def test_those_of_another_provider_are_left_out(simulator: Simulator) -> None:
    given = {"api_base": simulator.openai_base_url, "api_key": "k", "vertex_project": "p", "aws_role_name": "r"}
    await ask("plain", ("openai/gpt-4.1-mini", None), given)
    assert sorted(simulator.requests[-1].body) == ["messages", "model"]


def test_a_profile_is_that_of_the_environment(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = litellm.providers.provider_of(MODELS["bedrock"][0])
    monkeypatch.setenv("AWS_PROFILE", "mine")
    with pytest.raises(litellm.UnsupportedParamsError, match="aws_profile_name"):  # The keys come before it.
        litellm.providers.connection(provider, {"aws_profile_name": "mine"})
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert litellm.providers.connection(provider, {"aws_profile_name": "mine"})


def test_keys_that_are_set_between_two_calls(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    given = arguments(simulator, "bedrock")
    litellm.completion(MODELS["bedrock"][0], MESSAGES, **given)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(litellm.exceptions.LiteLLMError):
        litellm.completion(MODELS["bedrock"][0], MESSAGES, **given)


def test_deployments_have_tokens_of_their_own(simulator: Simulator) -> None:
    base = {"model": "azure/gpt-4.1-mini", "api_base": f"{simulator.url}/azure-deployments"}
    tokens = iter(["first", "second"])
    router = litellm.Router(
        [
            {"model_name": "a", "litellm_params": {**base, "azure_ad_token": "one"}},
            {"model_name": "b", "litellm_params": {**base, "azure_ad_token_provider": lambda: next(tokens)}},
            {"model_name": "c", "litellm_params": {**base, "api_key": "plain"}},
        ]
    )
    for name in ("a", "b", "c", "a"):
        router.completion(name, MESSAGES)
    sent = [request.headers.get("authorization") or request.headers["api-key"] for request in simulator.requests]
    assert sent == ["Bearer one", "Bearer first", "plain", "Bearer one"]
    assert "one" not in repr(router.model_list)


def test_region_name(simulator: Simulator) -> None:
    litellm.completion(MODELS["bedrock"][0], MESSAGES, region_name="ap-south-1", **arguments(simulator, "bedrock"))
    assert "/ap-south-1/" in simulator.requests[-1].headers["authorization"]


@pytest.mark.parametrize(
    "given",
    [{"client": object()}, {"ssl_verify": False}, {"prompt_id": "p"}, {"roles": {"user": {}}}],
    ids=lambda given: next(iter(given)),
)
async def test_other_arguments_that_are_refused(simulator: Simulator, given: dict[str, Any]) -> None:
    base = {"api_base": simulator.openai_base_url, "api_key": "k"}
    for how in ("plain", "astream", "embedding"):
        with pytest.raises(litellm.UnsupportedParamsError, match=next(iter(given))):
            await ask(how, ("openai/gpt-4.1-mini", "openai/text-embedding-3-small"), {**base, **given})
    assert not simulator.requests


def test_values_that_change_nothing(simulator: Simulator) -> None:
    base = {"api_base": simulator.openai_base_url, "api_key": "k", "client": None, "roles": {}}
    given = {"ssl_verify": True, "supports_system_message": True, "retry_strategy": "exponential_backoff_retry"}
    litellm.completion("openai/gpt-4.1-mini", MESSAGES, **base, **given)
    assert sorted(simulator.requests[-1].body) == ["messages", "model"]


def test_headers_for_one_provider(simulator: Simulator) -> None:
    base = {"api_base": simulator.openai_base_url, "api_key": "k"}
    for name, there in (("openai", True), ("anthropic", False)):
        header = {"custom_llm_provider": name, "extra_headers": {"x-own": "1"}}
        litellm.completion("openai/gpt-4.1-mini", MESSAGES, provider_specific_header=header, **base)
        assert ("x-own" in simulator.requests[-1].headers) is there
