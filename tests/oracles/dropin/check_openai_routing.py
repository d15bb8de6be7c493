"""`ferrule.openai` with `ferrule=`: OpenAI's calls go to any provider, and answer in OpenAI's types."""

from __future__ import annotations

import asyncio
import copy
import inspect
import json
import pickle
from typing import TYPE_CHECKING, Any

import openai
import pytest
from openai.types import CreateEmbeddingResponse
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response
from pydantic import BaseModel

import ferrule
import ferrule.openai
from ferrule.openai import AsyncAzureOpenAI, AsyncOpenAI, AzureOpenAI, OpenAI
from ferrule.openai.sdk import SDK
from ferrule.testing import rule

if TYPE_CHECKING:
    from ferrule.testing import Simulator

HTTPX: Any = SDK.httpx
HELLO: Any = [{"role": "user", "content": "Hello, world!"}]
TOOL: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
# One provider for each wire format; a group fails over.
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
def sdk(client: ferrule.Client) -> OpenAI:
    return OpenAI(ferrule=client)


@pytest.mark.parametrize("model", MODELS)
def test_plain_and_streamed(sdk: OpenAI, model: str) -> None:
    reply = sdk.chat.completions.create(model=model, messages=HELLO)
    assert type(reply) is ChatCompletion
    assert "Hello, world!" in (reply.choices[0].message.content or "")
    assert reply.choices[0].finish_reason == "stop"
    assert reply.usage is not None
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens
    assert reply.object == "chat.completion"
    assert reply.created > 0
    assert reply._ferrule.attempts[-1].outcome == "success"

    stream = sdk.chat.completions.create(model=model, messages=HELLO, stream=True)
    assert type(stream) is openai.Stream
    chunks = list(stream)
    assert {type(chunk) for chunk in chunks} == {ChatCompletionChunk}
    assert all(chunk.usage is None for chunk in chunks)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == reply.choices[0].message.content
    assert [reason for chunk in chunks for choice in chunk.choices if (reason := choice.finish_reason)] == ["stop"]
    # It is accounted for, whether or not the caller asked what was used.
    assert stream._ferrule.reply.usage.output_tokens == reply.usage.completion_tokens
    asked = sdk.chat.completions.create(
        model=model, messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    *_, last = asked
    assert last.usage is not None
    assert last.usage.completion_tokens == reply.usage.completion_tokens


@pytest.mark.parametrize("model", MODELS)
async def test_asynchronous(client: ferrule.Client, model: str) -> None:
    async with AsyncOpenAI(ferrule=client) as sdk:
        reply = await sdk.chat.completions.create(model=model, messages=HELLO)
        stream = await sdk.chat.completions.create(model=model, messages=HELLO, stream=True)
        text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])
        assert text == reply.choices[0].message.content
        many = await asyncio.gather(*(sdk.chat.completions.create(model=model, messages=HELLO) for _ in range(16)))
        assert {one.choices[0].message.content for one in many} == {text}


@pytest.mark.parametrize("model", MODELS)
def test_responses(sdk: OpenAI, model: str) -> None:
    reply = sdk.responses.create(model=model, input="Hello, world!", instructions="Be brief.")
    assert type(reply) is Response
    assert "Hello, world!" in reply.output_text
    assert reply.status == "completed"
    assert reply.usage is not None
    assert reply.usage.output_tokens > 0
    assert reply._ferrule.attempts[-1].outcome == "success"
    events = list(sdk.responses.create(model=model, input="Hello, world!", instructions="Be brief.", stream=True))
    assert events[0].type == "response.created"
    assert events[-1].type == "response.completed"
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert text == events[-1].response.output_text == reply.output_text
    with sdk.responses.stream(model=model, input="Hello, world!") as stream:
        assert "Hello, world!" in "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        assert "Hello, world!" in stream.get_final_response().output_text


@pytest.mark.parametrize("model", MODELS)
def test_tools(sdk: OpenAI, model: str) -> None:
    messages = [{"role": "user", "content": "How is the weather? Use the tool."}]
    first = sdk.chat.completions.create(model=model, messages=messages, tools=[TOOL])
    (call,) = first.choices[0].message.tool_calls or []
    assert first.choices[0].finish_reason == "tool_calls"
    assert call.function.name == "get_weather"
    assert json.loads(call.function.arguments) == {"city": "city"}
    # What came is sent back as it is.
    messages += [first.choices[0].message, {"role": "tool", "tool_call_id": call.id, "content": "22 degrees"}]
    second = sdk.chat.completions.create(model=model, messages=messages, tools=[TOOL])
    assert "22 degrees" in second.choices[0].message.content
    with sdk.chat.completions.stream(model=model, messages=messages[:1], tools=[TOOL]) as stream:
        done = [event for event in stream if event.type == "tool_calls.function.arguments.done"]
        assert [event.parsed_arguments or json.loads(event.arguments) for event in done] == [{"city": "city"}]
        assert stream.get_final_completion().choices[0].finish_reason == "tool_calls"


class City(BaseModel):
    name: str
    inhabitants: int


@pytest.mark.parametrize("model", ["openai/gpt-5-mini", "anthropic/claude-sonnet-4-5", "gemini/gemini-2.5-flash"])
def test_parsed(sdk: OpenAI, model: str) -> None:
    reply = sdk.chat.completions.parse(model=model, messages=HELLO, response_format=City)
    assert isinstance(reply.choices[0].message.parsed, City)
    assert reply._ferrule.attempts
    assert isinstance(sdk.responses.parse(model=model, input="Hello!", text_format=City).output_parsed, City)


@pytest.mark.parametrize("model", ["openai/text-embedding-3-small", "gemini/gemini-embedding-001", "cohere/embed-v4.0"])
def test_embeddings(sdk: OpenAI, model: str) -> None:
    reply = sdk.embeddings.create(model=model, input=["one", "two"])
    assert type(reply) is CreateEmbeddingResponse
    assert len(reply.data) == 2
    assert reply.data[1].index == 1
    assert all(isinstance(number, float) for number in reply.data[0].embedding)
    assert reply.usage.prompt_tokens == reply.usage.total_tokens
    plain = sdk.embeddings.create(model=model, input="one", encoding_format="float")
    assert plain.data[0].embedding == pytest.approx(reply.data[0].embedding)
    assert plain._ferrule.attempts[-1].outcome == "success"


def test_legacy_completions(sdk: OpenAI) -> None:
    reply = sdk.completions.create(model="anthropic/claude-sonnet-4-5", prompt="Hello, world!", max_tokens=50)
    assert "Hello, world!" in reply.choices[0].text
    chunks = sdk.completions.create(model="fast", prompt="Hello, world!", max_tokens=50, stream=True)
    assert "".join(chunk.choices[0].text for chunk in chunks if chunk.choices) == reply.choices[0].text


def test_cost_attempts_and_failover(sdk: OpenAI, client: ferrule.Client) -> None:
    reply = sdk.chat.completions.create(model="team", messages=HELLO)
    assert [(one.provider, one.outcome == "success") for one in reply._ferrule.attempts] == [
        ("anthropic", False),
        ("gemini", True),
    ]
    assert reply._ferrule.provider == "gemini"
    assert reply._ferrule.cost is not None
    assert reply._ferrule.cost.total > 0
    assert client.usage().total().cost == reply._ferrule.cost.total
    stream = sdk.chat.completions.create(model="team", messages=HELLO, stream=True)
    for _ in stream:
        pass
    assert len(stream._ferrule.attempts) == 2
    assert stream._ferrule.cost.total == reply._ferrule.cost.total


def test_facts_are_no_part_of_the_object(sdk: OpenAI) -> None:
    reply = sdk.chat.completions.create(model="fast", messages=HELLO)
    assert "_ferrule" not in reply.model_dump()
    assert "_ferrule" not in repr(reply)
    assert "_ferrule" not in reply.to_dict()
    assert reply.model_fields_set == ChatCompletion.model_construct(**reply.to_dict()).model_fields_set
    for made in (pickle.loads(pickle.dumps(reply)), copy.deepcopy(reply), reply.model_copy()):
        assert made == reply
        assert made._ferrule.cost == reply._ferrule.cost
    assert reply._request_id == reply._ferrule.request_id


def test_metadata_and_user_are_labels_too(sdk: OpenAI, client: ferrule.Client, simulator: Simulator) -> None:
    sdk.chat.completions.create(
        model="openai/gpt-5-mini", messages=HELLO, metadata={"team": "search"}, store=True, user="u-1"
    )
    sent = simulator.requests[-1].body
    assert (sent["metadata"], sent["user"], sent["store"]) == ({"team": "search"}, "u-1", True)
    # Where there is no place for them they are labels only.
    sdk.chat.completions.create(
        model="gemini/gemini-2.5-flash", messages=HELLO, metadata={"team": "search"}, store=True
    )
    assert "search" not in json.dumps(simulator.requests[-1].body)
    sdk.responses.create(model="fast", input="Hello!", metadata={"team": "search"})
    assert client.usage().by_metadata("team")["search"].calls == 3


def test_what_goes_along(sdk: OpenAI, simulator: Simulator) -> None:
    sdk.with_options(default_headers={"x-default": "stays"}, default_query={"a": "b"}).chat.completions.create(
        model="fast",
        messages=HELLO,
        max_completion_tokens=30,
        extra_headers={"x-own": "goes", "Authorization": "Bearer of-openai"},
        extra_query={"c": "d"},
        extra_body={"top_k": 5},
    )
    request = simulator.requests[-1]
    assert request.path == "/v1/messages"
    assert request.headers["x-own"] == "goes"
    assert request.query == "c=d"
    assert "x-default" not in request.headers
    assert "of-openai" not in json.dumps(request.headers)
    assert not [name for name in request.headers if name.startswith("x-stainless")]
    assert request.body["top_k"] == 5
    assert request.body["max_tokens"] == 30


def test_keys_stay_where_they_are(client: ferrule.Client, simulator: Simulator) -> None:
    sdk = OpenAI(ferrule=client, api_key="sk-of-openai", organization="org-1", project="p-1")
    sdk.chat.completions.create(model="fast", messages=HELLO)
    headers = json.dumps(simulator.requests[-1].headers)
    assert "sk-of-openai" not in headers
    assert "org-1" not in headers


@pytest.mark.parametrize(
    ("model", "kind", "status"),
    [
        ("anthropic/status-400", "BadRequestError", 400),
        ("anthropic/status-401", "AuthenticationError", 401),
        ("gemini/status-403", "PermissionDeniedError", 403),
        ("groq/status-404", "NotFoundError", 404),
        ("gemini/status-422", "UnprocessableEntityError", 422),
        ("anthropic/rate-limit-seconds", "RateLimitError", 429),
        ("cohere/status-500", "InternalServerError", 500),
        ("anthropic/overloaded", "InternalServerError", 529),
        ("openai/context-length", "BadRequestError", 400),
        ("nobody/has-this", "NotFoundError", 404),
        ("gemini/html", "InternalServerError", 502),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_errors(sdk: OpenAI, simulator: Simulator, model: str, kind: str, status: int, streamed: bool) -> None:
    with pytest.raises(openai.APIStatusError) as raised:
        sdk.chat.completions.create(model=model, messages=HELLO, stream=streamed)
    error = raised.value
    assert (type(error).__name__, error.status_code) == (kind, status)
    assert isinstance(error.body, dict)
    assert error.message
    assert error._ferrule.error is not None
    assert error.response.request.method == "POST"
    # The engine's retries, none here, are the only ones.
    assert len(simulator.requests) == len(error._ferrule.attempts)


def test_native_errors_stay_as_they_are(sdk: OpenAI, simulator: Simulator) -> None:
    simulator.set_script(
        [
            rule(
                fault={
                    "status": {
                        "status": 429,
                        "body": {
                            "error": {
                                "message": "Slow down.",
                                "type": "requests",
                                "param": None,
                                "code": "rate_limit_exceeded",
                            }
                        },
                    }
                }
            )
        ]
    )
    with pytest.raises(openai.RateLimitError) as raised:
        sdk.chat.completions.create(model="openai/gpt-5-mini", messages=HELLO)
    assert raised.value.body == {
        "message": "Slow down.",
        "type": "requests",
        "param": None,
        "code": "rate_limit_exceeded",
    }
    assert (raised.value.code, raised.value.type) == ("rate_limit_exceeded", "requests")


def test_unsupported_options_are_named(sdk: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        sdk.chat.completions.create(model="fast", messages=HELLO, n=2)
    assert raised.value.param == "n"
    with pytest.raises(openai.BadRequestError) as raised:
        sdk.responses.create(model="fast", input="Hello!", previous_response_id="resp_1")
    assert raised.value.param == "previous_response_id"


def test_connections_and_time(sdk: OpenAI, simulator: Simulator) -> None:
    with pytest.raises(openai.APIConnectionError) as broken:
        sdk.chat.completions.create(model="anthropic/reset-headers", messages=HELLO)
    assert not isinstance(broken.value, openai.APITimeoutError)
    assert isinstance(broken.value.__cause__.__cause__, ferrule.FerruleError)
    with pytest.raises(openai.APITimeoutError):
        sdk.with_options(timeout=0.2).chat.completions.create(model="anthropic/stall-headers", messages=HELLO)
    with pytest.raises(openai.APITimeoutError):
        sdk.chat.completions.create(model="anthropic/stall-headers", messages=HELLO, timeout=0.2)
    assert simulator.wait_for_connections()


def test_errors_in_the_middle_of_a_stream(sdk: OpenAI) -> None:
    stream = sdk.chat.completions.create(model="anthropic/error-mid-stream", messages=HELLO, stream=True)
    with pytest.raises(openai.APIError) as raised:
        list(stream)
    assert raised.value.message
    broken = sdk.chat.completions.create(model="gemini/close-mid-event", messages=HELLO, stream=True)
    # As when a server closes the connection: 2.x lets httpx's exception out.
    lost = openai.APIConnectionError if openai.__version__.startswith("3") else HTTPX.RemoteProtocolError
    with pytest.raises(lost):
        list(broken)


def test_retries_are_the_engines(sdk: OpenAI, simulator: Simulator) -> None:
    reply = sdk.with_options(max_retries=3).chat.completions.create(model="anthropic/fail-twice-503", messages=HELLO)
    assert len(reply._ferrule.attempts) == 3
    assert len(simulator.requests) == 3


def test_raw_and_streaming_responses(sdk: OpenAI) -> None:
    raw = sdk.chat.completions.with_raw_response.create(model="fast", messages=HELLO)
    assert raw.status_code == 200
    assert raw.headers["content-type"] == "application/json"
    assert raw.parse()._ferrule.cost == raw._ferrule.cost
    assert json.loads(raw.text if isinstance(raw.text, str) else raw.text())["object"] == "chat.completion"
    with sdk.chat.completions.with_streaming_response.create(model="fast", messages=HELLO, stream=True) as response:
        lines = [line for line in response.iter_lines() if line]
    assert lines[-1] == "data: [DONE]"


def test_closing_ends_the_call(sdk: OpenAI, simulator: Simulator) -> None:
    with sdk.chat.completions.create(model="anthropic/slow-20", messages=HELLO, stream=True) as stream:
        next(stream)
    assert simulator.wait_for_connections()
    sdk.close()
    with pytest.raises(Exception, match=r"closed|Connection error"):
        sdk.chat.completions.create(model="fast", messages=HELLO)


async def read(stream: Any) -> list[Any]:
    return [chunk async for chunk in stream]


async def test_cancelling_ends_the_call(client: ferrule.Client, simulator: Simulator) -> None:
    sdk = AsyncOpenAI(ferrule=client)
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(sdk.chat.completions.create(model="anthropic/stall-headers", messages=HELLO), 0.2)
    stream = await sdk.chat.completions.create(model="anthropic/stall-mid-event", messages=HELLO, stream=True)
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(read(stream), 0.3)
    await asyncio.to_thread(simulator.wait_for_connections)
    assert simulator.open_connections == 0


@pytest.mark.parametrize(
    "model", ["meta-llama/llama-3.3-70b-instruct", "anthropic/claude-sonnet-4.5", "fast", "openai/gpt-oss-120b", "team"]
)
def test_without_routing_names_are_not_read(simulator: Simulator, model: str) -> None:
    """As OpenRouter, Together and vLLM have them, or as our own configuration does."""
    for sdk in (
        OpenAI(api_key="k", base_url=simulator.openai_base_url),
        OpenAI(api_key="k", base_url=simulator.openai_base_url, ferrule=False),
    ):
        reply = sdk.chat.completions.create(model=model, messages=HELLO)
        assert not hasattr(reply, "_ferrule")
        request = simulator.requests[-1]
        assert (request.path, request.body["model"]) == ("/v1/chat/completions", model)
        assert request.headers["authorization"] == "Bearer k"


def test_other_endpoints_are_the_sdks(client: ferrule.Client, simulator: Simulator) -> None:
    sdk = OpenAI(ferrule=client, api_key="k", base_url=simulator.openai_base_url)
    assert sdk.models.list().data
    assert simulator.requests[-1].path == "/v1/models"


def test_options_are_kept(client: ferrule.Client) -> None:
    sdk = OpenAI(ferrule=client)
    assert isinstance(sdk.with_options(timeout=3), OpenAI)
    assert sdk.copy(max_retries=7).chat.completions.create(model="fast", messages=HELLO)._ferrule.attempts
    assert sdk.with_options(ferrule=False)._ferrule_route is False
    with pytest.raises(TypeError, match="ferrule: expected"):
        OpenAI(ferrule="yes")
    with pytest.raises(openai.OpenAIError, match="api_key"):
        OpenAI()
    assert "ferrule" in inspect.signature(OpenAI).parameters
    assert ferrule.openai.NotFoundError is openai.NotFoundError
    assert ferrule.openai.types is openai.types


def test_classes(client: ferrule.Client) -> None:
    azure = AzureOpenAI(ferrule=client, azure_endpoint="http://127.0.0.1:1", api_version="1")
    assert isinstance(azure, openai.AzureOpenAI)
    assert isinstance(azure, OpenAI)
    assert azure.chat.completions.create(model="fast", messages=HELLO)._ferrule.provider == "anthropic"
    assert azure.with_options(timeout=3).chat.completions.create(model="fast", messages=HELLO)._ferrule.attempts
    for made, official in (
        (OpenAI, openai.OpenAI),
        (AsyncOpenAI, openai.AsyncOpenAI),
        (AsyncAzureOpenAI, openai.AsyncAzureOpenAI),
    ):
        assert issubclass(made, official)
        assert made.__name__ == official.__name__


def test_the_shared_client(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    sdk = OpenAI(ferrule=True)
    ferrule.reset()
    # What was missing when the client was made is read again.
    with pytest.raises(openai.AuthenticationError):
        sdk.chat.completions.create(model="anthropic/claude-sonnet-4-5", messages=HELLO)
    for name, value in simulator.environment().items():
        monkeypatch.setenv(name, value)
    reply = sdk.chat.completions.create(model="anthropic/claude-sonnet-4-5", messages=HELLO)
    assert reply._ferrule.provider == "anthropic"
    ferrule.reset()
