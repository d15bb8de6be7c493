"""`ferrule.anthropic` with `ferrule=`: messages go to any provider, and answer in Anthropic's types."""

from __future__ import annotations

import asyncio
import copy
import inspect
import json
import pickle
from typing import Any

import anthropic
import pytest
from anthropic.types import Message

import ferrule
import ferrule.anthropic
from ferrule.anthropic import Anthropic, AnthropicBedrock, AnthropicVertex, AsyncAnthropic
from ferrule.testing import Simulator, rule

HELLO: Any = [{"role": "user", "content": "Hello, world!"}]
TOOL: Any = {
    "name": "get_weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
MODELS = [
    "openai/gpt-5-mini",
    "openai-responses/gpt-5-mini",
    "anthropic/claude-sonnet-4-5",
    "gemini/gemini-2.5-flash",
    "groq/llama-3.3-70b-versatile",
    "cohere/command-a-03-2025",
    "fast",
    "team",
]


@pytest.fixture
def sdk(client: ferrule.Client) -> Anthropic:
    return Anthropic(ferrule=client)


def text_of(message: Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


@pytest.mark.parametrize("model", MODELS)
def test_plain_and_streamed(sdk: Anthropic, model: str) -> None:
    reply = sdk.messages.create(model=model, max_tokens=99, messages=HELLO, system="Be brief.")
    assert type(reply) is Message
    assert "Hello, world!" in text_of(reply)
    assert (reply.type, reply.role, reply.stop_reason) == ("message", "assistant", "end_turn")
    assert reply.usage.output_tokens > 0
    assert reply._ferrule.attempts[-1].outcome == "success"

    stream = sdk.messages.create(model=model, max_tokens=99, messages=HELLO, system="Be brief.", stream=True)
    assert type(stream) is anthropic.Stream
    events = list(stream)
    assert [event.type for event in events[:2]] == ["message_start", "content_block_start"]
    assert [event.type for event in events[-2:]] == ["message_delta", "message_stop"]
    text = "".join(event.delta.text for event in events if event.type == "content_block_delta")
    assert text == text_of(reply)
    assert events[-2].usage.output_tokens == reply.usage.output_tokens
    assert stream._ferrule.reply.usage.output_tokens == reply.usage.output_tokens

    with sdk.messages.stream(model=model, max_tokens=99, messages=HELLO, system="Be brief.") as helper:
        assert "".join(helper.text_stream) == text_of(reply)
        final = helper.get_final_message()
    assert final.stop_reason == "end_turn"
    assert text_of(final) == text_of(reply)


@pytest.mark.parametrize("model", MODELS)
async def test_asynchronous(client: ferrule.Client, model: str) -> None:
    async with AsyncAnthropic(ferrule=client) as sdk:
        reply = await sdk.messages.create(model=model, max_tokens=99, messages=HELLO)
        async with sdk.messages.stream(model=model, max_tokens=99, messages=HELLO) as stream:
            assert "".join([text async for text in stream.text_stream]) == text_of(reply)
        many = await asyncio.gather(
            *(sdk.messages.create(model=model, max_tokens=99, messages=HELLO) for _ in range(16))
        )
        assert {text_of(one) for one in many} == {text_of(reply)}


@pytest.mark.parametrize("model", MODELS)
def test_tools(sdk: Anthropic, model: str) -> None:
    messages: Any = [{"role": "user", "content": "How is the weather? Use the tool."}]
    first = sdk.messages.create(model=model, max_tokens=99, messages=messages, tools=[TOOL])
    (call,) = [block for block in first.content if block.type == "tool_use"]
    assert (first.stop_reason, call.name, call.input) == ("tool_use", "get_weather", {"city": "city"})
    messages += [
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "22 degrees"}]},
    ]
    second = sdk.messages.create(model=model, max_tokens=99, messages=messages, tools=[TOOL])
    assert "22 degrees" in text_of(second)
    with sdk.messages.stream(model=model, max_tokens=99, messages=messages[:1], tools=[TOOL]) as stream:
        final = stream.get_final_message()
    (streamed,) = [block for block in final.content if block.type == "tool_use"]
    assert streamed.input == {"city": "city"}


def test_tool_runner(sdk: Anthropic) -> None:
    @anthropic.beta_tool
    def get_weather(city: str) -> str:
        """The weather in a city.

        Args:
            city: The city.
        """
        return f"22 degrees in {city}"

    runner = sdk.beta.messages.tool_runner(
        model="openai/gpt-5-mini",
        max_tokens=99,
        tools=[get_weather],
        messages=[{"role": "user", "content": "How is the weather? Use the tool."}],
    )
    *_, last = runner
    assert "22 degrees in city" in "".join(block.text for block in last.content if block.type == "text")


def test_token_counts(sdk: Anthropic) -> None:
    assert sdk.messages.count_tokens(model="anthropic/claude-sonnet-4-5", messages=HELLO).input_tokens > 0
    assert sdk.messages.count_tokens(model="gemini/gemini-2.5-flash", messages=HELLO).input_tokens > 0


def test_cost_attempts_and_failover(sdk: Anthropic, client: ferrule.Client) -> None:
    reply = sdk.messages.create(model="team", max_tokens=99, messages=HELLO)
    assert [one.provider for one in reply._ferrule.attempts] == ["anthropic", "gemini"]
    assert reply._ferrule.cost is not None
    assert client.usage().total().cost == reply._ferrule.cost.total
    for made in (pickle.loads(pickle.dumps(reply)), copy.deepcopy(reply)):
        assert made == reply
        assert made._ferrule.cost == reply._ferrule.cost
    assert "_ferrule" not in reply.model_dump()


def test_the_user_is_a_label_too(sdk: Anthropic, client: ferrule.Client, simulator: Simulator) -> None:
    for model in ("anthropic/claude-sonnet-4-5", "openai/gpt-5-mini", "gemini/gemini-2.5-flash"):
        sdk.messages.create(model=model, max_tokens=99, messages=HELLO, metadata={"user_id": "u-1"})
    anthropics, openais, geminis = (request.body for request in simulator.requests)
    assert anthropics["metadata"] == {"user_id": "u-1"}
    assert openais["user"] == "u-1"
    assert "u-1" not in json.dumps(geminis)
    assert client.usage().by_metadata("user_id")["u-1"].calls == 3


@pytest.mark.parametrize(
    ("model", "kind", "status"),
    [
        ("openai/status-400", "BadRequestError", 400),
        ("gemini/status-401", "AuthenticationError", 401),
        ("openai/status-403", "PermissionDeniedError", 403),
        ("groq/status-404", "NotFoundError", 404),
        ("openai/rate-limit-seconds", "RateLimitError", 429),
        ("cohere/status-500", "InternalServerError", 500),
        ("anthropic/overloaded", "OverloadedError", 529),
        ("nobody/has-this", "NotFoundError", 404),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_errors(sdk: Anthropic, simulator: Simulator, model: str, kind: str, status: int, streamed: bool) -> None:
    with pytest.raises(anthropic.APIStatusError) as raised:
        sdk.messages.create(model=model, max_tokens=99, messages=HELLO, stream=streamed)
    error = raised.value
    assert isinstance(error, getattr(anthropic, kind, anthropic.InternalServerError)), type(error)
    assert error.status_code == status
    assert error.body["type"] == "error"
    assert error.body["error"]["message"]
    assert len(simulator.requests) == len(error._ferrule.attempts)
    if anthropic.__version__.startswith("2."):
        assert pickle.loads(pickle.dumps(error)).status_code == status


def test_connections_and_time(sdk: Anthropic, simulator: Simulator) -> None:
    with pytest.raises(anthropic.APIConnectionError) as broken:
        sdk.messages.create(model="openai/reset-headers", max_tokens=9, messages=HELLO)
    assert not isinstance(broken.value, anthropic.APITimeoutError)
    with pytest.raises(anthropic.APITimeoutError):
        sdk.messages.create(model="openai/stall-headers", max_tokens=9, messages=HELLO, timeout=0.2)
    assert simulator.wait_for_connections()


def test_errors_in_the_middle_of_a_stream(sdk: Anthropic) -> None:
    stream = sdk.messages.create(model="openai/error-mid-stream", max_tokens=99, messages=HELLO, stream=True)
    with pytest.raises(anthropic.APIStatusError) as raised:
        list(stream)
    assert raised.value.body["error"]["message"]


def test_native_errors_stay_as_they_are(sdk: Anthropic, simulator: Simulator) -> None:
    body = {"type": "error", "error": {"type": "rate_limit_error", "message": "Slow down."}, "request_id": "req_9"}
    simulator.set_script([rule(fault={"status": {"status": 429, "body": body}})])
    with pytest.raises(anthropic.RateLimitError) as raised:
        sdk.messages.create(model="anthropic/claude-sonnet-4-5", max_tokens=9, messages=HELLO)
    assert raised.value.body == body


def test_closing_ends_the_call(sdk: Anthropic, simulator: Simulator) -> None:
    with sdk.messages.stream(model="openai/slow-20", max_tokens=9999, messages=HELLO) as stream:
        next(iter(stream))
    assert simulator.wait_for_connections()


@pytest.mark.parametrize("model", ["fast", "openai/gpt-5-mini", "team"])
def test_without_routing_names_are_not_read(simulator: Simulator, model: str) -> None:
    sdk = Anthropic(api_key="k", base_url=simulator.anthropic_base_url)
    reply = sdk.messages.create(model=model, max_tokens=9, messages=HELLO)
    assert not hasattr(reply, "_ferrule")
    request = simulator.requests[-1]
    assert (request.path, request.body["model"]) == ("/v1/messages", model)


def test_credentials_are_found_as_by_the_official_client(monkeypatch: pytest.MonkeyPatch) -> None:
    from anthropic._client import _is_base_client

    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "token")
    ours, theirs = Anthropic(), anthropic.Anthropic()
    assert (ours.api_key, ours.auth_token) == (theirs.api_key, theirs.auth_token)
    assert _is_base_client(ours) is _is_base_client(theirs) is True
    assert not _is_base_client(AnthropicVertex(region="r", project_id="p"))

    class Own(anthropic.Anthropic):
        pass

    assert not _is_base_client(Own(api_key="k"))


def test_classes(client: ferrule.Client) -> None:
    bedrock = AnthropicBedrock(aws_region="us-east-1", aws_access_key="a", aws_secret_key="b", ferrule=client)
    vertex = AnthropicVertex(region="r", project_id="p", access_token="t", ferrule=client)
    for sdk, official in ((bedrock, anthropic.AnthropicBedrock), (vertex, anthropic.AnthropicVertex)):
        assert isinstance(sdk, official)
        for one in (sdk, sdk.with_options(timeout=9)):
            reply = one.messages.create(model="fast", max_tokens=9, messages=HELLO)
            assert reply._ferrule.provider == "anthropic"
    foundry = getattr(ferrule.anthropic, "AnthropicFoundry", None)
    if foundry is not None:
        assert issubclass(foundry, (anthropic.AnthropicFoundry, Anthropic))
    assert "ferrule" in inspect.signature(Anthropic).parameters
    assert ferrule.anthropic.NotFoundError is anthropic.NotFoundError


def test_middleware_runs(client: ferrule.Client) -> None:
    if "middleware" not in inspect.signature(anthropic.Anthropic).parameters:
        pytest.skip("this version has no middleware")
    seen: list[int] = []

    def watch(request: Any, call_next: Any) -> Any:
        response = call_next(request)
        seen.append(response.http_response.status_code)
        return response

    sdk = Anthropic(ferrule=client, middleware=[watch])
    assert "Hello" in text_of(sdk.messages.create(model="fast", max_tokens=99, messages=HELLO))
    assert seen == [200]
