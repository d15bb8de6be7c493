"""Helpers around calls: mocks, callbacks, cache, budget, costs, token counts, facts of models."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from ferrule import litellm
from ferrule.litellm import logger

if TYPE_CHECKING:
    from ferrule.testing import Simulator

MESSAGES = [{"role": "user", "content": "hi"}]


class TestMocks:
    async def test_a_text(self, complete: Any) -> None:
        response = await complete("gpt-4o", MESSAGES, mock_response="Hello!", n=2)
        assert [choice.message.content for choice in response.choices] == ["Hello!", "Hello!"]
        assert (response.usage.prompt_tokens, response.usage.completion_tokens) == (10, 20)
        assert response._hidden_params["response_cost"] == pytest.approx(10 * 2.5e-6 + 20 * 1e-5)

    async def test_streams(self, complete: Any) -> None:
        stream = await complete("gpt-4o", MESSAGES, mock_response="Hello there!", stream=True)
        chunks = [chunk async for chunk in stream]
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Hello there!"
        assert chunks[-1].choices[0].finish_reason == "stop"
        again = litellm.completion("gpt-4o", MESSAGES, mock_response="Hi", stream=True)
        assert litellm.stream_chunk_builder(list(again)).choices[0].message.content == "Hi"

    async def test_errors(self, complete: Any) -> None:
        for name in ("RateLimitError", "ContextWindowExceededError", "InternalServerError", "Timeout"):
            with pytest.raises(getattr(litellm, name)):
                await complete("gpt-4o", MESSAGES, mock_response=f"litellm.{name}")
        given = litellm.AuthenticationError("no", "openai", "gpt-4o")
        with pytest.raises(litellm.AuthenticationError) as raised:
            await complete("gpt-4o", MESSAGES, mock_response=given)
        assert raised.value is given
        with pytest.raises(litellm.InternalServerError, match="odd"):
            await complete("gpt-4o", MESSAGES, mock_response=ValueError("odd"))

    async def test_tool_calls_and_timeouts(self, complete: Any) -> None:
        calls = [{"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}]
        response = await complete("gpt-4o", MESSAGES, mock_tool_calls=calls)
        assert response.choices[0].message.tool_calls[0].function.name == "f"
        begun = time.monotonic()
        with pytest.raises(litellm.Timeout):
            await complete("gpt-4o", MESSAGES, mock_timeout=True, timeout=0.05)
        assert time.monotonic() - begun >= 0.05

    async def test_fallbacks_of_mocks(self, complete: Any) -> None:
        fallback = {"model": "gpt-4o", "mock_response": "from the second"}
        response = await complete("gpt-4.1", MESSAGES, mock_response="litellm.RateLimitError", fallbacks=[fallback])
        assert response.choices[0].message.content == "from the second"


class Recorder(litellm.CustomLogger):
    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, Any], Any]] = []

    def log_pre_api_call(self, model: str, messages: Any, kwargs: dict[str, Any]) -> None:
        self.seen.append(("before", dict(kwargs), None))

    def log_success_event(self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any) -> None:
        self.seen.append(("success", dict(kwargs), response_obj))

    def log_failure_event(self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any) -> None:
        self.seen.append(("failure", dict(kwargs), response_obj))

    async def async_log_success_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        self.seen.append(("async success", dict(kwargs), response_obj))

    async def async_log_failure_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        self.seen.append(("async failure", dict(kwargs), response_obj))


async def settled() -> None:
    """Callbacks have run."""
    assert logger.flush()
    for _ in range(3):
        await asyncio.sleep(0)


class TestCallbacks:
    async def test_of_an_answer(self, complete: Any, openai: dict[str, Any]) -> None:
        recorder = Recorder()
        litellm.callbacks = [recorder]
        response = await complete("openai/gpt-4.1-mini", **openai, metadata={"team": "a"}, temperature=0.5)
        await settled()
        assert [kind.removeprefix("async ") for kind, _, _ in recorder.seen] == ["before", "success"]
        _, kwargs, seen = recorder.seen[1]
        assert seen == response
        assert kwargs["response_cost"] == response._hidden_params["response_cost"]
        assert kwargs["litellm_params"]["metadata"] == {"team": "a"}
        assert kwargs["optional_params"] == {"temperature": 0.5}
        assert kwargs["standard_logging_object"]["total_tokens"] == response.usage.total_tokens
        assert kwargs["litellm_call_id"] == response._hidden_params["litellm_call_id"]
        assert "sk-one" not in repr(kwargs)

    async def test_of_an_error(self, complete: Any, openai: dict[str, Any]) -> None:
        recorder = Recorder()
        litellm.callbacks = [recorder]
        with pytest.raises(litellm.InternalServerError) as raised:
            await complete("openai/status-500", **openai, max_retries=0)
        await settled()
        kind, kwargs, _ = recorder.seen[-1]
        assert kind.endswith("failure")
        assert kwargs["exception"] is raised.value

    async def test_of_a_stream(self, complete: Any, openai: dict[str, Any]) -> None:
        recorder = Recorder()
        litellm.success_callback = [recorder]
        stream = await complete("openai/gpt-4.1-mini", **openai, stream=True)
        is_async = stream.completion_stream.__class__.__name__ == "AsyncStream"
        chunks = [chunk async for chunk in stream] if is_async else list(stream)
        await settled()
        kind, kwargs, whole = recorder.seen[-1]
        assert kind.endswith("success")
        assert whole.choices[0].message.content == "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        assert kwargs["response_cost"] > 0
        assert kwargs["complete_streaming_response"] is whole

    async def test_functions(self, complete: Any, openai: dict[str, Any]) -> None:
        costs: list[float] = []

        def track(kwargs: dict[str, Any], completion_response: Any, start_time: Any, end_time: Any) -> None:
            assert end_time >= start_time
            costs.append(kwargs["response_cost"])

        litellm.success_callback = [track, "an_integration"]
        await complete("openai/gpt-4.1-mini", **openai)
        await settled()
        assert len(costs) == 1

    def test_one_that_fails_does_no_harm(self, openai: dict[str, Any]) -> None:
        def fail(*_: Any) -> None:
            raise RuntimeError("on purpose")

        litellm.success_callback = [fail]
        assert litellm.completion("openai/gpt-4.1-mini", **openai).choices
        assert logger.flush()


class TestCache:
    async def test_in_memory(self, complete: Any, openai: dict[str, Any], simulator: Simulator) -> None:
        litellm.cache = litellm.Cache()
        first = await complete("openai/gpt-4.1-mini", **openai)
        second = await complete("openai/gpt-4.1-mini", **openai)
        assert len(simulator.requests) == 1
        assert second == first
        assert second._hidden_params["cache_hit"] is True
        assert first._hidden_params["cache_hit"] is None
        await complete("openai/gpt-4.1-mini", **openai, temperature=0.1)
        await complete("openai/gpt-4.1-mini", **openai, cache={"no-cache": True})
        await complete("openai/gpt-4.1-mini", **openai, cache={"namespace": "other"})
        await complete("openai/gpt-4.1-mini", **openai, caching=False)
        assert len(simulator.requests) == 5

    def test_changing_an_answer_does_not_change_the_cached_one(self, openai: dict[str, Any]) -> None:
        litellm.enable_cache()
        litellm.completion("openai/gpt-4.1-mini", **openai).choices[0].message.content = "changed"
        assert litellm.completion("openai/gpt-4.1-mini", **openai).choices[0].message.content != "changed"
        litellm.disable_cache()

    def test_bounds(self, monkeypatch: pytest.MonkeyPatch) -> None:
        now = [0.0]
        monkeypatch.setattr("ferrule.litellm.caching.time.monotonic", lambda: now[0])
        cache = litellm.Cache(ttl=10, max_size_in_memory=2)
        for name in "abc":
            cache.add_cache(name, name)
        assert [cache.get_cache(name) for name in "abc"] == [None, "b", "c"]
        now[0] = 5.0
        assert cache.get_cache("b", max_age=3) is None
        now[0] = 11.0
        assert cache.get_cache("b") is None
        with pytest.raises(ValueError, match="redis"):
            litellm.Cache(type="redis")


class TestCosts:
    def test_of_tokens(self) -> None:
        prompt, answer = litellm.cost_per_token("gpt-4o", prompt_tokens=1000, completion_tokens=100)
        assert (prompt, answer) == (pytest.approx(0.0025), pytest.approx(0.001))
        cached, _ = litellm.cost_per_token("gpt-4o", prompt_tokens=1000, cache_read_input_tokens=1000)
        assert cached == pytest.approx(0.00125)
        assert litellm.completion_cost(model="gpt-4o", prompt="hello there", completion="yes") == pytest.approx(1.5e-5)
        with pytest.raises(litellm.ModelNotMappedError, match="register_model"):
            litellm.cost_per_token("openai/nobodys-model", prompt_tokens=1)
        own = {"input_cost_per_token": 1.0, "output_cost_per_token": 2.0}
        assert litellm.cost_per_token("openai/x", 3, 4, custom_cost_per_token=own) == (3.0, 8.0)

    def test_a_long_prompt_is_priced_as_such(self) -> None:
        short = sum(litellm.cost_per_token("claude-sonnet-4-5", prompt_tokens=100_000))
        long = sum(litellm.cost_per_token("claude-sonnet-4-5", prompt_tokens=300_000))
        assert long == pytest.approx(short * 6)

    def test_own_prices(self, openai: dict[str, Any]) -> None:
        litellm.register_model({"openai/mine": {"input_cost_per_token": 0.5, "output_cost_per_token": 0.25}})
        response = litellm.completion("openai/mine", **openai)
        used = response.usage
        expected = used.prompt_tokens * 0.5 + used.completion_tokens * 0.25
        assert response._hidden_params["response_cost"] == pytest.approx(expected)
        assert litellm.completion_cost(response) == pytest.approx(expected)
        dear = litellm.completion("openai/mine", **openai, input_cost_per_token=1.0, output_cost_per_token=0.0)
        assert dear._hidden_params["response_cost"] == pytest.approx(float(used.prompt_tokens))
        assert litellm.get_model_info("openai/mine")["input_cost_per_token"] == 0.5
        assert litellm.model_cost["openai/mine"]["output_cost_per_token"] == 0.25

    def test_a_budget(self) -> None:
        litellm.max_budget = 0.0003
        litellm.completion("gpt-4o", MESSAGES, mock_response="a")
        litellm.completion("gpt-4o", MESSAGES, mock_response="a")
        with pytest.raises(litellm.BudgetExceededError):
            litellm.completion("gpt-4o", MESSAGES, mock_response="a")


def test_tokens() -> None:
    assert litellm.token_counter("gpt-4o", text="hello there") == 2
    assert litellm.token_counter("gpt-4o", messages=MESSAGES) == 8
    assert litellm.token_counter("claude-sonnet-4-5", messages=MESSAGES) > 0
    with pytest.raises(ValueError, match="messages"):
        litellm.token_counter("gpt-4o")


@pytest.mark.parametrize(
    ("model", "name", "provider"),
    [
        ("gpt-4o", "gpt-4o", "openai"),
        ("ft:gpt-4o:x", "ft:gpt-4o:x", "openai"),
        ("claude-sonnet-4-5", "claude-sonnet-4-5", "anthropic"),
        ("gemini-2.5-pro", "gemini-2.5-pro", "vertex_ai"),
        ("gemini/gemini-2.5-pro", "gemini-2.5-pro", "gemini"),
        ("together_ai/x/y", "x/y", "together_ai"),
        ("openrouter/openai/gpt-4o", "openai/gpt-4o", "openrouter"),
        ("anthropic.claude-3-5-sonnet-20240620-v1:0", "anthropic.claude-3-5-sonnet-20240620-v1:0", "bedrock"),
        ("azure/mine", "mine", "azure"),
        ("hosted_vllm/a/b", "a/b", "hosted_vllm"),
        ("gpt-3.5-turbo-instruct", "gpt-3.5-turbo-instruct", "text-completion-openai"),
    ],
)
def test_providers(model: str, name: str, provider: str) -> None:
    assert litellm.get_llm_provider(model)[:2] == (name, provider)


def test_providers_by_address() -> None:
    assert litellm.get_llm_provider("m", api_base="https://api.groq.com/openai/v1")[1] == "groq"
    assert litellm.get_llm_provider("m", custom_llm_provider="openai", api_base="http://x")[1] == "openai"
    litellm.model_alias_map = {"mine": "anthropic/claude-sonnet-4-5"}
    assert litellm.get_llm_provider("mine")[1] == "anthropic"


def test_facts() -> None:
    info = litellm.get_model_info("gpt-4o")
    assert (info["max_input_tokens"], info["litellm_provider"], info["mode"]) == (128000, "openai", "chat")
    assert info["input_cost_per_token"] == pytest.approx(2.5e-6)
    assert litellm.supports_vision("gpt-4o")
    assert litellm.supports_function_calling("gpt-4o")
    assert not litellm.supports_vision("nobodys-model")
    litellm.register_model({"gpt-4o": {"supports_vision": False}})
    assert not litellm.supports_vision("gpt-4o")
    assert litellm.get_max_tokens("gpt-4o") == 16384
    assert "gpt-4o" in litellm.model_cost
    assert len(litellm.model_cost) > 1000
    with pytest.raises(litellm.ModelNotMappedError):
        litellm.get_model_info("nobodys-model")


def test_supported_parameters() -> None:
    openai = litellm.get_supported_openai_params("gpt-4o")
    anthropic = litellm.get_supported_openai_params("claude-sonnet-4-5")
    assert openai is not None
    assert anthropic is not None
    assert {"temperature", "logit_bias", "seed"} <= set(openai)
    assert "temperature" in anthropic
    assert "seed" not in anthropic
    assert litellm.get_supported_openai_params("nobodys-model") is None


def test_lists() -> None:
    assert {"openai", "together_ai", "hosted_vllm"} <= set(litellm.provider_list)
    assert "gpt-4o" in litellm.model_list


def test_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert litellm.validate_environment("gpt-4o") == {"keys_in_environment": False, "missing_keys": ["OPENAI_API_KEY"]}
    monkeypatch.setenv("OPENAI_API_KEY", "sk")
    assert litellm.validate_environment("gpt-4o")["keys_in_environment"]


def test_the_modules_that_programs_import_from() -> None:
    from ferrule.litellm.caching import Cache
    from ferrule.litellm.exceptions import RateLimitError
    from ferrule.litellm.integrations.custom_logger import CustomLogger
    from ferrule.litellm.router import Router
    from ferrule.litellm.types.router import RetryPolicy
    from ferrule.litellm.types.utils import ModelResponse
    from ferrule.litellm.utils import token_counter

    assert (Cache, RateLimitError, CustomLogger) == (litellm.Cache, litellm.RateLimitError, litellm.CustomLogger)
    assert (Router, RetryPolicy, ModelResponse) == (litellm.Router, litellm.RetryPolicy, litellm.ModelResponse)
    assert token_counter is litellm.token_counter
