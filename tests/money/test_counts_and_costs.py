"""Token counts, capabilities and cost estimates of both clients."""

from __future__ import annotations

from decimal import Decimal

import pytest

import ferrule
from ferrule.operations.token_count import TokenCount
from ferrule.testing import Simulator, rule

OWN = {
    "openai/own": {"context_window": 32_000, "tools": False, "prices": {"input_mtok": "1", "output_mtok": "4"}},
}


@pytest.fixture
def client_options():
    return {"only": ["openai", "anthropic"], "max_retries": 0}


@pytest.fixture
def offline():
    """A client without a key."""
    with ferrule.Client(config=False) as client:
        yield client


def refused(simulator):
    """A provider that refuses our key."""
    return {"anthropic": {"base_url": simulator.anthropic_base_url, "api_key": "sk-invalid"}}


class TestTokens:
    def test_openai_needs_no_network_and_no_key(self, offline):
        # 3 for the message, 1 for its role, 4 for the text, 3 for the answer.
        assert offline.count_tokens("openai/gpt-4o", "Hello, world!") == TokenCount(11, True, "vocabulary")
        assert offline.count_tokens("gpt-4o", "Hello, world!").exact

    def test_an_endpoint_is_asked(self, simulator, client):
        count = client.count_tokens("anthropic/claude-sonnet-4-5", "one two three", system="Be brief.")
        assert count == TokenCount(count.tokens, True, "provider")
        (request,) = simulator.requests
        assert request.path == "/v1/messages/count_tokens"
        assert request.body["system"] == "Be brief."

    def test_an_error_of_the_endpoint_is_raised(self, simulator, offline):
        with ferrule.Client(providers=refused(simulator)) as client, pytest.raises(ferrule.AuthenticationError):
            client.count_tokens("anthropic/claude-sonnet-4-5", "Hi.")
        with pytest.raises(ferrule.ConfigError, match="ANTHROPIC_API_KEY"):
            offline.count_tokens("anthropic/claude-sonnet-4-5", "Hi.")

    def test_what_goes_wrong_at_the_endpoint_is_tried_again_and_told(self):
        busy = rule(fault="rate_limit", text="Busy*")
        once = rule(fault={"status": {"status": 503}}, model="claude-*", times=1)
        with Simulator([busy, once]) as simulator, simulator.client(max_retries=1) as client:
            assert client.count_tokens("anthropic/claude-sonnet-4-5", "one two three").tokens == 3
            assert [request.status for request in simulator.requests] == [503, 200]
        with Simulator([busy]) as simulator, simulator.client(max_retries=0) as client:
            for model in (
                "anthropic/claude-sonnet-4-5",
                "gemini/gemini-3-pro",
                "bedrock/echo",
                "openai-responses/echo",
            ):
                with pytest.raises(ferrule.RateLimitedError):
                    client.count_tokens(model, "Busy you are.")
            assert {request.fault for request in simulator.requests} == {"rate_limit"}

    def test_where_nobody_can_be_asked_it_is_an_estimate(self, simulator, client, offline):
        count = offline.count_tokens("groq/llama-3.3-70b-versatile", "Hello, world!")
        assert (count.exact, count.source) == (False, "estimate")
        assert count.tokens > 4
        assert client.count_tokens("openai/some-model", "Hello, world!") == count
        assert simulator.requests == []

    def test_who_cannot_be_asked_need_not_be_usable(self, offline, monkeypatch):
        for name in ("AZURE_OPENAI_RESOURCE", "AZURE_RESOURCE_NAME", "AZURE_OPENAI_BASE_URL"):
            monkeypatch.delenv(name, raising=False)
        with pytest.raises(ferrule.ConfigError, match="AZURE_OPENAI_RESOURCE"):
            offline.complete("azure/gpt-4o", "Hello, world!")
        assert offline.count_tokens("azure/gpt-4o", "Hello, world!") == TokenCount(11, True, "vocabulary")
        deployed = offline.count_tokens("azure/our-deployment", "Hello, world!")
        assert (deployed.exact, deployed.source) == (False, "estimate")
        # No secret is fetched for it either.
        asked = {"groq": {"api_key": {"command": ["false"]}}}
        with ferrule.Client(config=False, providers=asked) as client:
            assert client.count_tokens("groq/llama-3.3-70b-versatile", "Hello, world!").source == "estimate"
        # Who can be asked has to be.
        with pytest.raises(ferrule.ConfigError):
            offline.count_tokens("vertex/gemini-2.5-flash", "Hello, world!")

    async def test_who_cannot_be_asked_awaited(self):
        async with ferrule.AsyncClient(config=False) as client:
            assert (await client.count_tokens("azure/our-deployment", "Hello, world!")).source == "estimate"

    def test_what_a_provider_cannot_carry_is_dropped_for_the_client(self, simulator):
        tool = {"type": "custom", "custom": {"name": "write"}}
        with simulator.client() as client, pytest.raises(ferrule.UnsupportedError):
            client.count_tokens("anthropic/claude-sonnet-4-5", "Hi.", tools=[tool])
        with simulator.client(drop_params=True) as client:
            assert client.count_tokens("anthropic/claude-sonnet-4-5", "Hi.", tools=[tool]).source == "provider"

    def test_tools_and_aliases_count(self, simulator):
        def weather(city: str) -> str:
            """The weather in a city."""
            return city

        with simulator.client(aliases={"small": "openai/gpt-4o-mini"}) as client:
            plain, told = client.count_tokens("small", "Hi."), client.count_tokens("small", "Hi.", tools=[weather])
        assert told.tokens > plain.tokens
        assert plain.exact

    def test_a_wrong_option_is_named(self, offline):
        with pytest.raises(TypeError, match="systen"):
            offline.count_tokens("openai/gpt-4o", "Hi.", systen="x")

    async def test_awaited(self, simulator):
        async with simulator.async_client(max_retries=0) as client:
            assert await client.count_tokens("openai/gpt-4o", "Hello, world!") == TokenCount(11, True, "vocabulary")
            assert (await client.count_tokens("openai/some-model", "Hi.")).source == "estimate"
            assert simulator.requests == []
            assert (await client.count_tokens("anthropic/claude-sonnet-4-5", "Hi.")).source == "provider"
        async with ferrule.AsyncClient(providers=refused(simulator)) as client:
            with pytest.raises(ferrule.AuthenticationError):
                await client.count_tokens("anthropic/claude-sonnet-4-5", "Hi.")


class TestCapabilities:
    def test_what_the_catalog_knows(self, offline):
        found = offline.capabilities("openai/gpt-4o")
        assert (found.provider, found.model, found.known) == ("openai", "gpt-4o", True)
        assert found.context_window == 128_000
        assert found.supports("tools", "image") is True
        assert found.supports("tools", "video") is False
        assert offline.capabilities("openai/text-embedding-3-small").embeddings is True

    def test_what_nobody_knows_is_none(self, offline):
        found = offline.capabilities("openai/no-such-model")
        assert not found.known
        assert (found.context_window, found.tools, found.embeddings, found.category) == (None, None, None, None)
        assert found.supports("tools") is None
        with pytest.raises(ValueError, match="did you mean `tools`"):
            found.supports("tool")

    def test_own_entries_and_changes_of_them_hold(self):
        with ferrule.Client(config=False, models=OWN, aliases={"mine": "openai/own"}) as client:
            assert client.capabilities("mine").context_window == 32_000
            assert client.capabilities("mine").supports("tools") is False
            client.registry.models.replace("openai/own", {"context_window": 64_000})
            assert client.capabilities("mine").context_window == 64_000
            client.registry.models.remove("openai/own")
            assert not client.capabilities("mine").known

    async def test_of_an_asynchronous_client(self):
        async with ferrule.AsyncClient(config=False, models=OWN) as client:
            assert client.capabilities("openai/own").tools is False


class TestCosts:
    def test_numbers_of_tokens(self):
        with ferrule.Client(config=False, models=OWN) as client:
            assert client.estimate_cost("openai/own", 1_000_000).total == Decimal(1)
            cost = client.estimate_cost("openai/own", 1_000_000, max_tokens=500_000)
        assert cost.total == Decimal(3)
        assert cost.breakdown == {"input_tokens": Decimal(1), "output_tokens": Decimal(2)}
        assert cost.source == "configuration"

    def test_a_prompt_is_counted_here(self, simulator, client):
        tokens = client.count_tokens("openai/gpt-4o", "Why is the sky blue?", system="Be brief.").tokens
        cost = client.estimate_cost("openai/gpt-4o", "Why is the sky blue?", system="Be brief.", max_tokens=100)
        assert cost.quantities == {"input_tokens": tokens, "output_tokens": 100}
        assert client.estimate_cost("anthropic/claude-sonnet-4-5", "Hi.", max_tokens=10).total > 0
        assert simulator.requests == []

    def test_a_cache_and_a_batch_make_it_cheaper(self, offline):
        full = offline.estimate_cost("openai/gpt-4o", 10_000, max_tokens=10)
        cached = offline.estimate_cost("openai/gpt-4o", 10_000, max_tokens=10, cached_tokens=8_000)
        batch = offline.estimate_cost("openai/gpt-4.1", 10_000, batch=True)
        assert cached.total < full.total
        assert batch.total < offline.estimate_cost("openai/gpt-4.1", 10_000).total

    def test_an_unknown_price_is_none(self, offline):
        assert offline.estimate_cost("openai/no-such-model", 1000) is None

    async def test_of_an_asynchronous_client(self):
        async with ferrule.AsyncClient(config=False, models=OWN) as client:
            assert client.estimate_cost("openai/own", 1_000_000).total == Decimal(1)


class TestModels:
    def test_each_says_whose_it_is(self, client):
        assert {model.provider for model in client.models()} == {"openai", "anthropic"}
        assert {model.provider for model in client.models("claude")} == {"anthropic"}

    def test_an_alias_and_its_id_share_what_is_remembered(self, simulator, client):
        client.models("claude")
        client.models("anthropic")
        assert len(simulator.requests) == 1

    def test_only_those_with_a_key_or_named_are_asked(self, simulator, monkeypatch):
        monkeypatch.setenv("GROQ_API_KEY", "gsk-simulated")
        monkeypatch.setenv("AWS_REGION", "eu-central-1")
        providers = {
            "ollama": {"base_url": simulator.url},
            "mine": {"base_url": simulator.openai_base_url},
            "bedrock": {"region": "eu-central-1"},
        }
        with ferrule.Client(config=False) as client:
            assert client.registry.usable_providers() == ["groq"]
        with ferrule.Client(config=False, providers=providers) as client:
            assert client.registry.usable_providers() == ["bedrock", "groq", "mine", "ollama"]

    async def test_awaited(self, simulator):
        async with simulator.async_client(only=["openai", "anthropic"]) as client:
            assert {model.provider for model in await client.models()} == {"openai", "anthropic"}
