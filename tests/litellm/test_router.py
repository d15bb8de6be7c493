"""Router: groups, strategies, fallbacks of the three kinds, retries, cooldowns, limits, aliases."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from deployments import MESSAGES, deployment
from ferrule import litellm

if TYPE_CHECKING:
    from ferrule.testing import Simulator


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest) -> Any:
    async def call(router: litellm.Router, model: str, **options: Any) -> Any:
        if request.param == "async":
            return await router.acompletion(model, MESSAGES, **options)
        return router.completion(model, MESSAGES, **options)

    return call


async def test_a_group(ask: Any, simulator: Simulator) -> None:
    entries = [deployment(simulator, "fast", f"openai/m{number}", id=f"d{number}") for number in (1, 2)]
    router = litellm.Router(entries)
    answers = [await ask(router, "fast") for _ in range(20)]
    found = Counter(answer._hidden_params["model_id"] for answer in answers)
    assert set(found) == {"d1", "d2"}
    for answer in answers:
        assert answer.model == answer._hidden_params["model_id"].replace("d", "m")
    assert answers[0]._hidden_params["model_group"] == "fast"


@pytest.mark.parametrize(
    "strategy",
    [
        "simple-shuffle",
        "least-busy",
        "usage-based-routing",
        "usage-based-routing-v2",
        "latency-based-routing",
        "cost-based-routing",
        "round_robin",
    ],
)
async def test_strategies(ask: Any, simulator: Simulator, strategy: str) -> None:
    entries = [deployment(simulator, "fast", f"openai/m{number}") for number in (1, 2)]
    assert (await ask(litellm.Router(entries, routing_strategy=strategy), "fast")).choices


def test_an_unknown_strategy() -> None:
    with pytest.raises(ValueError, match="simple-shuffle"):
        litellm.Router([], routing_strategy="fastest")
    with pytest.raises(TypeError, match="no_such"):
        litellm.Router([], no_such=1)


async def test_weights(ask: Any, simulator: Simulator) -> None:
    entries = [
        deployment(simulator, "fast", "openai/m1", id="one", weight=1),
        deployment(simulator, "fast", "openai/m2", id="never", weight=0),
    ]
    router = litellm.Router(entries)
    assert {(await ask(router, "fast"))._hidden_params["model_id"] for _ in range(10)} == {"one"}


async def test_another_deployment_answers(ask: Any, simulator: Simulator) -> None:
    entries = [deployment(simulator, "g", model) for model in ("openai/status-500", "openai/gpt-4.1-mini")]
    router = litellm.Router(entries, num_retries=1)
    for _ in range(4):
        assert (await ask(router, "g")).model == "gpt-4.1-mini"


async def test_the_number_of_tries(ask: Any, simulator: Simulator) -> None:
    for retries, tries in ((0, 1), (2, 3)):
        simulator.clear()
        router = litellm.Router([deployment(simulator, "g", "openai/status-503")], num_retries=retries)
        with pytest.raises(litellm.ServiceUnavailableError):
            await ask(router, "g")
        assert len(simulator.requests) == tries
    simulator.clear()
    many = [deployment(simulator, "g", f"openai/status-50{number}") for number in (0, 2, 3, 4)]
    with pytest.raises(litellm.exceptions.LiteLLMError):
        await ask(litellm.Router(many, num_retries=1), "g")
    assert len(simulator.requests) == 2


async def test_fallbacks(ask: Any, simulator: Simulator) -> None:
    entries = [
        deployment(simulator, "bad", "openai/status-500"),
        deployment(simulator, "worse", "openai/status-503"),
        deployment(simulator, "good", "openai/gpt-4.1-mini"),
    ]
    router = litellm.Router(entries, num_retries=0, fallbacks=[{"bad": ["worse", "good"]}])
    assert (await ask(router, "bad")).model == "gpt-4.1-mini"
    with pytest.raises(litellm.InternalServerError):
        await ask(router, "bad", disable_fallbacks=True)
    with pytest.raises(litellm.ServiceUnavailableError):
        await ask(router, "worse")
    assert (await ask(router, "worse", fallbacks=["good"])).model == "gpt-4.1-mini"
    usual = litellm.Router(entries, num_retries=0, default_fallbacks=["good"])
    assert (await ask(usual, "worse")).model == "gpt-4.1-mini"


async def test_fallbacks_of_a_stream(simulator: Simulator) -> None:
    entries = [deployment(simulator, "bad", "openai/status-500"), deployment(simulator, "good", "openai/gpt-4.1-mini")]
    router = litellm.Router(entries, num_retries=0, fallbacks=[{"bad": ["good"]}])
    assert "".join(chunk.choices[0].delta.content or "" for chunk in router.completion("bad", MESSAGES, stream=True))
    stream = await router.acompletion("bad", MESSAGES, stream=True)
    assert [chunk async for chunk in stream]


async def test_fallbacks_for_long_prompts_and_filters(ask: Any, simulator: Simulator) -> None:
    for model, code in (("long", "context_length_exceeded"), ("filtered", "content_policy_violation")):
        body = {"error": {"message": code, "code": code, "type": "invalid_request_error"}}
        fault = {"status": {"status": 400, "body": json.dumps(body)}}
        simulator.add_rules({"match": {"model": model}, "fault": fault})
    entries = [
        deployment(simulator, "g", "openai/long"),
        deployment(simulator, "f", "openai/filtered"),
        deployment(simulator, "larger", "openai/gpt-4.1-mini"),
        deployment(simulator, "other", "openai/gpt-4.1"),
    ]
    router = litellm.Router(
        entries,
        context_window_fallbacks=[{"g": ["larger"]}],
        content_policy_fallbacks=[{"f": ["other"]}],
        fallbacks=[{"*": ["nobody"]}],
    )
    assert (await ask(router, "g")).model == "gpt-4.1-mini"
    assert (await ask(router, "f")).model == "gpt-4.1"


async def test_a_retry_policy(ask: Any, simulator: Simulator) -> None:
    policy = litellm.RetryPolicy(InternalServerErrorRetries=2, AuthenticationErrorRetries=0, BadRequestErrorRetries=1)
    for status, tries in ((500, 3), (401, 1), (400, 2)):
        simulator.clear()
        router = litellm.Router([deployment(simulator, "g", f"openai/status-{status}")], retry_policy=policy)
        with pytest.raises(litellm.exceptions.LiteLLMError):
            await ask(router, "g")
        assert len(simulator.requests) == tries


async def test_a_cooldown(ask: Any, simulator: Simulator) -> None:
    entries = [deployment(simulator, "g", model) for model in ("openai/status-500", "openai/gpt-4.1-mini")]
    router = litellm.Router(entries, allowed_fails=1, cooldown_time=60, num_retries=1, routing_strategy="sequential")
    for _ in range(4):
        await ask(router, "g")
    simulator.clear()
    await ask(router, "g")
    assert [request.model for request in simulator.requests] == ["gpt-4.1-mini"]
    always = litellm.Router(entries, disable_cooldowns=True, num_retries=1, routing_strategy="sequential")
    for _ in range(6):
        await ask(always, "g")
    simulator.clear()
    await ask(always, "g")
    assert [request.model for request in simulator.requests] == ["status-500", "gpt-4.1-mini"]


async def test_limits(ask: Any, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ferrule.litellm.limits.time.time", lambda: 600.0)
    entries = [
        deployment(simulator, "g", "openai/m1", id="one", rpm=2),
        deployment(simulator, "g", "openai/m2", id="two", rpm=1),
    ]
    router = litellm.Router(entries, routing_strategy="usage-based-routing-v2")
    found = Counter([(await ask(router, "g"))._hidden_params["model_id"] for _ in range(3)])
    assert found == {"one": 2, "two": 1}
    with pytest.raises(litellm.RateLimitError, match="No deployments available"):
        await ask(router, "g")


async def test_names(ask: Any, simulator: Simulator) -> None:
    entries = [
        deployment(simulator, "g", "openai/m1", id="one"),
        deployment(simulator, "g", "openai/m2", id="two"),
        deployment(simulator, "openai/*", "openai/*"),
    ]
    router = litellm.Router(entries, model_group_alias={"alias": "g"})
    assert (await ask(router, "alias")).model in ("m1", "m2")
    assert {(await ask(router, "two")).model for _ in range(5)} == {"m2"}
    assert (await ask(router, "openai/whatever")).model == "whatever"
    with pytest.raises(litellm.BadRequestError, match="nobody"):
        await ask(router, "nobody")
    assert router.get_model_names() == ["g", "openai/*", "alias"]


async def test_tags(ask: Any, simulator: Simulator) -> None:
    entries = [
        deployment(simulator, "g", "openai/m1", tags=["free"]),
        deployment(simulator, "g", "openai/m2", tags=["paid", "eu"]),
    ]
    router = litellm.Router(entries, enable_tag_filtering=True)
    assert {(await ask(router, "g", metadata={"tags": ["paid"]})).model for _ in range(5)} == {"m2"}


async def test_deployments_have_defaults_and_keys(ask: Any, simulator: Simulator) -> None:
    router = litellm.Router([deployment(simulator, "g", "openai/m", temperature=0.25, max_tokens=9)])
    await ask(router, "g")
    request = simulator.requests[-1]
    assert request.headers["authorization"] == "Bearer sk-openai/m"
    assert request.body["temperature"] == 0.25
    assert request.body.get("max_tokens", request.body.get("max_completion_tokens")) == 9
    await ask(router, "g", temperature=0.75)
    assert simulator.requests[-1].body["temperature"] == 0.75


def test_changing_deployments(simulator: Simulator) -> None:
    router = litellm.Router([deployment(simulator, "g", "openai/m1", id="one")])
    assert router.completion("g", MESSAGES).model == "m1"
    router.add_deployment(deployment(simulator, "h", "openai/m2", id="two"))
    assert router.completion("h", MESSAGES).model == "m2"
    router.upsert_deployment(deployment(simulator, "h", "openai/m3", id="two"))
    assert router.completion("h", MESSAGES).model == "m3"
    assert router.delete_deployment("two") is not None
    assert router.get_model_ids() == ["one"]
    assert "sk-" not in repr(router.model_list)


async def test_embeddings(simulator: Simulator) -> None:
    router = litellm.Router([deployment(simulator, "e", "openai/text-embedding-3-small")])
    assert len(router.embedding("e", ["a", "b"]).data) == 2
    assert len((await router.aembedding("e", ["a", "b"])).data) == 2


async def test_one_deployment_is_asked(simulator: Simulator) -> None:
    entries = [
        deployment(simulator, "g", "openai/echo", id="one"),
        deployment(simulator, "bad", "openai/status-500", max_retries=0),
        deployment(simulator, "tts", "openai/tts-1"),
        deployment(simulator, "stt", "openai/whisper-1"),
    ]
    router = litellm.Router(entries, fallbacks=[{"bad": ["g"]}])
    assert router.responses("g", "Hello!").output_text == "Hello!"
    assert (await router.aresponses("bad", "Hello!")).output_text == "Hello!"
    assert router.speech("tts", "Hello!", voice="alloy").content
    assert (await router.aspeech("tts", "Hello!", voice="alloy")).content
    assert router.transcription(("a.wav", b"RIFF"), "stt").text
    assert router.get_available_deployment("g")["model_info"]["id"] == "one"


def test_what_is_not_carried_is_named(simulator: Simulator) -> None:
    router = litellm.Router([deployment(simulator, "g", "openai/m", odd_parameter=1)], redis_host="localhost")
    assert any("redis_host" in notice for notice in router.notices)
    assert any("odd_parameter" in notice for notice in router.notices)


async def test_budgets_of_providers(ask: Any, simulator: Simulator) -> None:
    entries = [
        deployment(simulator, "g", "openai/gpt-4.1-mini", id="one", max_tokens=100),
        {
            "model_name": "g",
            "litellm_params": {
                "model": "groq/llama-3.3-70b-versatile",
                "api_base": simulator.base_url("groq"),
                "api_key": "k",
                "max_tokens": 100,
            },
            "model_info": {"id": "two"},
        },
        deployment(simulator, "only", "openai/gpt-4.1-mini", max_tokens=100),
    ]
    budget = {"openai": {"budget_limit": 0.0002, "time_period": "1d"}}
    router = litellm.Router(
        entries, provider_budget_config=budget, routing_strategy="sequential", fallbacks=[{"only": ["g"]}]
    )
    assert not router.notices
    found = [(await ask(router, "g"))._hidden_params["model_id"] for _ in range(12)]
    assert found[0] == "one"
    assert found[-1] == "two"
    assert found == sorted(found)
    assert (await ask(router, "only"))._hidden_params["model_id"] == "two"
    with pytest.raises(litellm.BudgetExceededError, match="openai"):
        await ask(router, "only", disable_fallbacks=True)


async def test_budgets_of_deployments(ask: Any, simulator: Simulator) -> None:
    own = {"max_tokens": 100, "max_budget": 1e-9, "budget_duration": "1mo"}
    entries = [
        deployment(simulator, "g", "openai/gpt-4.1", id="one", **own),
        deployment(simulator, "g", "openai/gpt-4.1-mini", id="two", max_tokens=100),
    ]
    router = litellm.Router(entries, routing_strategy="sequential")
    assert {(await ask(router, "g"))._hidden_params["model_id"] for _ in range(3)} == {"two"}
    other = deployment(simulator, "g", "openai/gpt-4.1", id="three", max_tokens=100, api_key="another")
    alike = litellm.Router([entries[0], other], routing_strategy="sequential")
    assert {(await ask(alike, "g"))._hidden_params["model_id"] for _ in range(3)} == {"three"}
    with pytest.raises(ValueError, match="max_budget"):
        litellm.Router([deployment(simulator, "g", "openai/m", max_budget=1, budget_duration="soon")])


@pytest.mark.parametrize(
    "budget",
    [
        {"nobody": {"budget_limit": 1, "time_period": "1d"}},
        {"openai": {"budget_limit": 1}},
        {"openai": {"budget_limit": 1, "time_period": "1 day"}},
        {"openai": {"budget_limit": "much", "time_period": "1d"}},
    ],
)
def test_budgets_that_are_not_valid(budget: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=rf"provider_budget_config\.{next(iter(budget))}: "):
        litellm.Router([], provider_budget_config=budget)
