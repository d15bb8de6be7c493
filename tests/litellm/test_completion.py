"""`completion` and `acompletion`: what is sent, what comes back, in which form."""

from __future__ import annotations

import copy
import json
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from ferrule import litellm
from ferrule.litellm import clients

if TYPE_CHECKING:
    from ferrule.testing import Simulator


@pytest.fixture
def script() -> Any:
    return [
        {"match": {"text": "Weather*"}, "reply": {"tool_calls": [{"name": "weather", "arguments": {"city": "Oslo"}}]}}
    ]


async def test_the_forms_of_an_answer(complete: Any, openai: dict[str, Any], simulator: Simulator) -> None:
    response = await complete("openai/gpt-4.1-mini", temperature=0.3, max_tokens=20, **openai)
    assert isinstance(response, litellm.ModelResponse)
    text = response.choices[0].message.content
    assert text
    assert response["choices"][0]["message"]["content"] == text
    assert response.get("model") == response.model == "gpt-4.1-mini"
    assert response.get("nothing", 7) == 7
    assert "choices" in response
    assert "nothing" not in response
    assert response.json() == response.model_dump()
    assert json.loads(response.model_dump_json()) == response.model_dump()
    assert response.usage.total_tokens == response.usage.prompt_tokens + response.usage.completion_tokens
    with pytest.raises(AttributeError):
        response.nothing  # noqa: B018
    with pytest.raises(KeyError):
        response["nothing"]
    assert dict(response)["object"] == "chat.completion"
    body = simulator.requests[-1].body
    assert (body["temperature"], body["max_tokens"]) == (0.3, 20)


async def test_hidden_parameters(complete: Any, openai: dict[str, Any], simulator: Simulator) -> None:
    response = await complete("openai/gpt-4.1-mini", **openai)
    hidden = response._hidden_params
    assert hidden["custom_llm_provider"] == "openai"
    assert hidden["api_base"] == simulator.openai_base_url
    assert hidden["response_cost"] == pytest.approx(litellm.completion_cost(response))
    assert hidden["response_cost"] > 0
    assert hidden["litellm_call_id"]
    assert hidden["additional_headers"]["llm_provider-x-request-id"].startswith("req_")
    assert hidden["model_id"] is None
    assert hidden["cache_hit"] is None


async def test_copies(complete: Any, openai: dict[str, Any]) -> None:
    response = await complete("openai/gpt-4.1-mini", **openai)
    for other in (pickle.loads(pickle.dumps(response)), copy.deepcopy(response), copy.copy(response)):
        assert other == response
        assert other._hidden_params["response_cost"] == response._hidden_params["response_cost"]


async def test_an_answer_goes_back_into_the_conversation(
    complete: Any, openai: dict[str, Any], simulator: Simulator
) -> None:
    tools = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}]
    messages: list[Any] = [{"role": "user", "content": "Weather in Oslo?"}]
    given = {**openai, "messages": messages, "tools": tools}
    response = await complete("openai/gpt-4.1-mini", **given)
    message = response.choices[0].message
    call = message.tool_calls[0]
    assert (call.function.name, json.loads(call.function.arguments)) == ("weather", {"city": "Oslo"})
    assert response.choices[0].finish_reason == "tool_calls"
    messages += [message, {"role": "tool", "tool_call_id": call.id, "content": "12 degrees"}]
    await complete("openai/gpt-4.1-mini", **{**given, "messages": messages})
    sent = simulator.requests[-1].body["messages"]
    assert sent[1]["tool_calls"][0]["id"] == call.id
    assert "content" not in sent[1] or sent[1]["content"]


async def test_another_wire_format(complete: Any, simulator: Simulator) -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello!"}]
    response = await complete(
        "anthropic/claude-sonnet-4-5", messages, api_base=simulator.anthropic_base_url, api_key="k", max_tokens=50
    )
    request = simulator.requests[-1]
    assert request.path == "/v1/messages"
    assert request.body["max_tokens"] == 50
    assert response.choices[0].message.content
    assert response.usage.prompt_tokens > 0
    assert response._hidden_params["custom_llm_provider"] == "anthropic"


async def test_thinking(complete: Any, simulator: Simulator) -> None:
    parts = [
        {"reasoning": {"text": "Hm.", "signature": "c2ln"}},
        {"redacted_reasoning": "c2VjcmV0"},
        {"text": "Hello!"},
        {"tool_call": {"name": "f", "arguments": {"a": 1}}},
    ]
    simulator.set_script([{"match": {"nth": 1}, "reply": {"content": parts}}])
    address = {"api_base": simulator.anthropic_base_url, "api_key": "k"}
    messages: list[Any] = [{"role": "user", "content": "Hi"}]
    given = {**address, "thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2000}
    response = await complete("anthropic/claude-sonnet-4-5", messages, **given)
    assert simulator.requests[-1].body["thinking"] == {"type": "enabled", "budget_tokens": 1024}
    message = response.choices[0].message
    assert (message.content, message.reasoning_content) == ("Hello!", "Hm.")
    thought, redacted = message.thinking_blocks
    assert (thought["thinking"], thought["signature"], redacted["data"]) == ("Hm.", "c2ln", "c2VjcmV0")
    messages += [message, {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "1"}]
    await complete("anthropic/claude-sonnet-4-5", messages, **given)
    sent = simulator.requests[-1].body["messages"][1]["content"]
    assert sent[0] == {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
    assert [part["type"] for part in sent] == ["thinking", "redacted_thinking", "text", "tool_use"]


async def test_parameters_that_a_provider_lacks(complete: Any, simulator: Simulator) -> None:
    given = {"api_base": simulator.anthropic_base_url, "api_key": "k", "messages": [{"role": "user", "content": "a"}]}
    for parameter in ({"logit_bias": {"1": 2}}, {"seed": 3}):
        with pytest.raises(litellm.UnsupportedParamsError, match=next(iter(parameter))):
            await complete("anthropic/claude-sonnet-4-5", **given, **parameter)
    with pytest.warns(UserWarning, match="seed"):
        response = await complete("anthropic/claude-sonnet-4-5", **given, seed=3, logit_bias={"1": 2}, drop_params=True)
    assert response.choices
    litellm.drop_params = True
    assert (await complete("anthropic/claude-sonnet-4-5", **given, logit_bias={"1": 2})).choices
    litellm.drop_params = False
    allowed = {"logit_bias": {"1": 2}, "allowed_openai_params": ["logit_bias"]}
    with pytest.raises(litellm.BadRequestError):  # It is sent, and the provider refuses it.
        await complete("anthropic/claude-sonnet-4-5", **given, **allowed)
    assert simulator.requests[-1].body["logit_bias"] == {"1": 2}


def test_additional_drop_params(openai: dict[str, Any], simulator: Simulator) -> None:
    tools = [{"type": "function", "function": {"name": "f", "strict": True, "parameters": {"type": "object"}}}]
    litellm.completion(
        "openai/gpt-4.1-mini",
        **openai,
        temperature=0.1,
        tools=tools,
        additional_drop_params=["temperature", "tools[*].function.strict"],
    )
    body = simulator.requests[-1].body
    assert "temperature" not in body
    assert "strict" not in body["tools"][0]["function"]
    assert tools[0]["function"]["strict"] is True


def test_unknown_parameters_go_to_the_provider(openai: dict[str, Any], simulator: Simulator) -> None:
    url = simulator.base_url("vllm")
    litellm.completion(
        "hosted_vllm/m", **{**openai, "api_base": url}, guided_json={"type": "object"}, extra_body={"z": 1}
    )
    body = simulator.requests[-1].body
    assert (body["guided_json"], body["z"]) == ({"type": "object"}, 1)


def test_metadata_is_not_sent(openai: dict[str, Any], simulator: Simulator) -> None:
    litellm.completion("openai/gpt-4.1-mini", **openai, metadata={"team": "search", "tags": ["a"]})
    assert "metadata" not in simulator.requests[-1].body


async def test_keys_and_addresses_of_the_environment(
    complete: Any, openai: dict[str, Any], simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-environment")
    monkeypatch.setenv("OPENAI_BASE_URL", simulator.openai_base_url)
    await complete("gpt-4.1-mini", openai["messages"])
    assert simulator.requests[-1].headers["authorization"] == "Bearer sk-environment"
    monkeypatch.setenv("OPENAI_API_KEY", "sk-later")
    await complete("gpt-4.1-mini", openai["messages"])
    assert simulator.requests[-1].headers["authorization"] == "Bearer sk-later"
    litellm.openai_key = "sk-module"
    await complete("gpt-4.1-mini", openai["messages"])
    assert simulator.requests[-1].headers["authorization"] == "Bearer sk-module"
    await complete("gpt-4.1-mini", openai["messages"], api_key="sk-call")
    assert simulator.requests[-1].headers["authorization"] == "Bearer sk-call"


def test_clients_are_kept_and_bounded(openai: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "MOST", 3)
    for number in range(6):
        for _ in range(2):
            litellm.completion("openai/gpt-4.1-mini", **{**openai, "api_key": f"sk-{number}"})
    assert len(clients._sync) == 3


async def test_fallbacks(complete: Any, openai: dict[str, Any], simulator: Simulator) -> None:
    given = {**openai, "max_retries": 0}
    response = await complete("openai/status-500", **given, fallbacks=["openai/status-503", "openai/gpt-4.1-mini"])
    assert response.model == "gpt-4.1-mini"
    assert [request.model for request in simulator.requests] == ["status-500", "status-503", "gpt-4.1-mini"]
    other = {"model": "openai/echo", "api_key": "sk-two"}
    await complete("openai/status-500", **given, fallbacks=[other])
    assert simulator.requests[-1].headers["authorization"] == "Bearer sk-two"
    with pytest.raises(litellm.ServiceUnavailableError):
        await complete("openai/status-500", **given, fallbacks=["openai/status-503"])


async def test_a_larger_model_for_a_long_prompt(complete: Any, openai: dict[str, Any], simulator: Simulator) -> None:
    body = {"error": {"message": "too long", "code": "context_length_exceeded", "type": "invalid_request_error"}}
    fault = {"status": {"status": 400, "body": json.dumps(body)}}
    simulator.add_rules({"match": {"model": "small"}, "fault": fault})
    with pytest.raises(litellm.ContextWindowExceededError) as raised:
        await complete("openai/small", **openai)
    assert isinstance(raised.value, litellm.BadRequestError)
    larger = {"openai/small": "openai/gpt-4.1-mini"}
    response = await complete("openai/small", **openai, context_window_fallback_dict=larger)
    assert response.model == "gpt-4.1-mini"


async def test_retries(complete: Any, openai: dict[str, Any], simulator: Simulator) -> None:
    for given, tries in (({"max_retries": 0}, 1), ({"num_retries": 1, "max_retries": 0}, 2), ({"num_retries": 1}, 2)):
        simulator.clear()
        with pytest.raises(litellm.InternalServerError):
            await complete("openai/status-500", **openai, **given)
        assert len(simulator.requests) == tries


def test_several_conversations(openai: dict[str, Any]) -> None:
    given = {name: value for name, value in openai.items() if name != "messages"}
    conversations = [[{"role": "user", "content": f"{number}"}] for number in range(4)]
    answers = litellm.batch_completion("openai/echo", conversations, **given)
    assert [answer.choices[0].message.content for answer in answers] == ["0", "1", "2", "3"]


def test_unknown_names(openai: dict[str, Any]) -> None:
    with pytest.raises(litellm.BadRequestError, match="LLM Provider NOT provided"):
        litellm.completion("nobodys-model", openai["messages"])
    with pytest.raises(AttributeError, match="own SDK for files"):
        litellm.create_batch  # noqa: B018
    with pytest.raises(AttributeError, match="no_such_thing"):
        litellm.no_such_thing  # noqa: B018
