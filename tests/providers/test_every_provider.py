"""Every provider of the table is called: plain, streamed, with tools, with errors, with what it cannot carry.

The simulator speaks as each of them, with its wire format, its quirks and its errors, and refuses what it would refuse.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pytest
from table import ASKED_BY, HAS, OPERATIONS, PROVIDERS, Provider

import ferrule
import weather
from ferrule import _native

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrule import Client, Reply
    from ferrule.testing import Simulator

    Settings = dict[str, dict[str, Any]]

ROWS = {row["id"]: row for row in _native.provider_table()}

every = pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.id)
every_that_chats = pytest.mark.parametrize(
    "provider", [provider for provider in PROVIDERS if provider.chats], ids=lambda provider: provider.id
)


def test_no_provider_is_forgotten() -> None:
    ids = [provider.id for provider in PROVIDERS]
    assert sorted(ids) == sorted(ROWS)
    assert {provider.id: provider.dialect for provider in PROVIDERS} == {
        identifier: row["dialect"] for identifier, row in ROWS.items()
    }
    # Each wire format is somebody's, but the one that only servers of one's own have.
    assert {provider.dialect for provider in PROVIDERS} | {"openai-completions"} == set(_native.dialects())


@pytest.fixture(scope="module")
def settings(simulator: Simulator, cursor_agent: dict[str, Any]) -> Settings:
    """All are the simulator, by the addresses of the providers."""
    settings: Any = simulator.providers()
    for provider, options in settings.items():
        options["base_url"] = simulator.base_url(provider)
    # Each is to answer for itself.
    settings["ruvllm"]["fallback"] = "none"
    return {**settings, "cursor-cli": cursor_agent}


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[Client]:
    with ferrule.Client(providers=settings, max_retries=0, timeout=20) as client:
        yield client


def is_a_program(provider: Provider) -> bool:
    return provider.dialect == "cursor-cli"


def stream(client: Client, model: str, messages: Any, **options: Any) -> tuple[list[Any], Reply]:
    with client.stream(model, messages, **options) as stream:
        events = list(stream)
        return events, stream.reply()


def said(events: list[Any]) -> str:
    return "".join(event.text for event in events if isinstance(event, ferrule.TextDelta))


def check_echo(provider: Provider, reply: Reply) -> None:
    assert reply.text == "Hello there."
    assert reply.finish_reason == "stop"
    assert reply.provider == provider.id
    usage = reply.usage
    if provider.counts:
        assert usage.input_tokens
        assert usage.output_tokens
    else:
        assert (usage.input_tokens, usage.output_tokens) == (None, None)


def check_requests(provider: Provider, simulator: Simulator, method: str = "POST") -> None:
    if is_a_program(provider):
        assert simulator.requests == []
        return
    first = simulator.requests[0]
    assert first.method == method
    assert first.path.startswith(f"/{provider.id}/")
    assert first.dialect == provider.dialect
    keys = [value for value in first.headers.values() if "sk-simulated" in value]
    assert len(keys) == (1 if provider.takes_key else 0)


@every_that_chats
def test_plain(provider: Provider, client: Client, simulator: Simulator) -> None:
    check_echo(provider, client.complete(f"{provider.id}/echo", "Hello there."))
    check_requests(provider, simulator)


@every_that_chats
def test_streamed(provider: Provider, client: Client, simulator: Simulator) -> None:
    events, reply = stream(client, f"{provider.id}/echo", "Hello there.")
    assert said(events) == "Hello there."
    pieces = sum(isinstance(event, ferrule.TextDelta) for event in events)
    assert pieces > 1 or provider.id == "ruvllm"
    check_echo(provider, reply)
    check_requests(provider, simulator)


@every_that_chats
async def test_awaited(provider: Provider, settings: Settings) -> None:
    only = {provider.id: settings[provider.id]}
    async with ferrule.AsyncClient(providers=only, max_retries=0, timeout=20) as client:
        check_echo(provider, await client.complete(f"{provider.id}/echo", "Hello there."))
        async with client.stream(f"{provider.id}/echo", "Hello there.") as stream:
            assert said([event async for event in stream]) == "Hello there."
            check_echo(provider, stream.reply())


@every_that_chats
@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
def test_tools(provider: Provider, client: Client, simulator: Simulator, streamed: bool) -> None:
    def ask(messages: list[Any]) -> Reply:
        model = f"{provider.id}/simulated"
        if streamed:
            return stream(client, model, messages, tools=[weather.OPENAI_TOOL])[1]
        return client.complete(model, messages, tools=[weather.OPENAI_TOOL])

    question = {"role": "user", "content": "Use the tool."}
    if not provider.tools:
        with pytest.raises(ferrule.UnsupportedError, match=rf"^{provider.id}/.*`tools`") as refused:
            ask([question])
        assert (refused.value.field, refused.value.provider) == ("tools", provider.id)
        assert simulator.requests == []
        return
    reply = ask([question])
    assert reply.finish_reason == "tool_calls"
    (call,) = reply.tool_calls
    assert call.name == "get_weather"
    assert list(call.arguments) == ["city"]
    result = {"role": "tool", "tool_call_id": call.id, "content": "Sunny, 21 degrees."}
    reply = ask([question, reply.message, result])
    assert "Sunny, 21 degrees." in reply.text
    assert reply.finish_reason == "stop"
    # The simulator saw the result as that of the call.
    assert len(simulator.requests) == 2


@every_that_chats
@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
def test_errors(provider: Provider, client: Client, streamed: bool) -> None:
    def fail(model: str) -> Any:
        ask = stream if streamed else type(client).complete
        with pytest.raises(ferrule.ProviderError) as raised:
            ask(client, f"{provider.id}/{model}", "Hello.")
        assert (raised.value.provider, raised.value.model) == (provider.id, model)
        assert raised.value.message
        return raised.value

    assert type(fail("status-500")) is ferrule.ServerError
    if is_a_program(provider):
        return
    absent = fail("status-404")
    assert type(absent) is (ferrule.NotFoundError if provider.tells_not_found else ferrule.InvalidRequestError)
    assert type(fail("status-429")) is ferrule.RateLimitedError
    assert type(fail("context-length")) is ferrule.ContextLengthError


@every_that_chats
def test_a_stream_that_breaks_off(provider: Provider, client: Client) -> None:
    model = f"{provider.id}/{'no-result' if is_a_program(provider) else 'no-terminal'}"
    # Replicate is asked how far it is until it is done: what came until then was delivered.
    is_delivered = provider.streams or provider.dialect == "replicate"
    expected = ferrule.StreamInterruptedError if is_delivered else ferrule.ServerError
    with pytest.raises(expected) as raised:
        stream(client, model, "Tell me of ferrules, at some length.")
    assert raised.value.provider == provider.id
    if provider.streams:
        assert raised.value.partial_reply.text


@every
def test_a_wrong_key(provider: Provider, settings: Settings, simulator: Simulator) -> None:
    given = dict(settings[provider.id])
    if "headers" in given:
        given["headers"] = {"authorization": "Bearer sk-invalid"}
    else:
        given["api_key"] = "sk-invalid"
    with ferrule.Client(providers={provider.id: given}, max_retries=0) as client:
        if not provider.takes_key:
            assert client.complete(f"{provider.id}/echo", "Hello there.").text == "Hello there."
            assert "sk-invalid" not in str(simulator.requests[0].headers)
            return
        ask = client.complete if provider.chats else client.embed
        with pytest.raises(ferrule.AuthenticationError) as raised:
            ask(f"{provider.id}/echo", "Hello there.")
    assert raised.value.provider == provider.id
    assert "sk-invalid" not in str(raised.value)


@every_that_chats
@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
def test_what_it_cannot_carry(provider: Provider, client: Client, simulator: Simulator, streamed: bool) -> None:
    def ask(**options: Any) -> Reply:
        given = {"messages": "Hello there.", **ASKED_BY[provider.refuses], **options}
        model, messages = f"{provider.id}/echo", given.pop("messages")
        if streamed:
            return stream(client, model, messages, **given)[1]
        return client.complete(model, messages, **given)

    with pytest.raises(ferrule.UnsupportedError) as refused:
        ask()
    assert (refused.value.field, refused.value.provider) == (provider.refuses, provider.id)
    assert f"`{provider.refuses}`" in str(refused.value)
    assert str(refused.value).startswith(f"{provider.id}/echo: ")
    assert simulator.requests == []

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        reply = ask(drop_params=True)
    assert [f"`{provider.refuses}`" in str(warning.message) for warning in caught] == [True]
    assert reply.text == "Hello there."


REFUSED_AS = {name: f"'{name}' is not supported" for name in ("top_k", "logprobs", "n", "seed", "frequency_penalty")}
REFUSED_AS |= {"user": "'user' is not supported", "tools[0]": r"'tools\[0\]\.type' must be 'function'"}


@pytest.mark.parametrize(
    "provider",
    [
        provider
        for provider in PROVIDERS
        if provider.chats and provider.dialect == "openai-chat" and provider.refuses in REFUSED_AS
    ],
    ids=lambda provider: provider.id,
)
def test_the_provider_refuses_it_itself(provider: Provider, client: Client) -> None:
    """Who gets past us is refused there, so that a quirk that is not applied makes the other tests fail."""
    with pytest.raises(ferrule.InvalidRequestError, match=REFUSED_AS[provider.refuses]):
        client.complete(f"{provider.id}/echo", "Hello there.", extra_body=ASKED_BY[provider.refuses])


@every
def test_embeddings(provider: Provider, client: Client, simulator: Simulator) -> None:
    model = next(iter(ROWS[provider.id]["embedding_models"]), "embedding-model")
    if "embed" not in HAS.get(provider.id, ()):
        with pytest.raises(ferrule.UnsupportedError) as refused:
            client.embed(f"{provider.id}/{model}", ["one", "two"])
        assert (refused.value.field, refused.value.provider) == ("embed", provider.id)
        assert simulator.requests == []
        return
    embeddings = client.embed(f"{provider.id}/{model}", ["one", "two"])
    assert len(embeddings) == 2
    assert embeddings.dimensions > 1
    assert embeddings[0] != embeddings[1]
    assert embeddings.provider == provider.id
    check_requests(provider, simulator)


def operate(client: Client, model: str, operation: str) -> Any:
    """The answer to a call of an operation other than chat."""
    asked: dict[str, Any] = {
        "embed": lambda: client.embed(model, "one"),
        "rerank": lambda: client.rerank(model, "one", ["one", "two"]),
        "images.generate": lambda: client.images.generate(model, "one"),
        "audio.speech": lambda: client.audio.speech(model, "one", voice="alloy").read(),
        "audio.transcribe": lambda: client.audio.transcribe(model, b"one").text,
    }
    return asked[operation]()


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    "provider",
    [provider for provider in PROVIDERS if provider.dialect == "openai-chat"],
    ids=lambda provider: provider.id,
)
def test_an_operation_that_a_provider_does_not_have_is_refused_before_it_is_asked(
    provider: Provider, operation: str, client: Client, simulator: Simulator
) -> None:
    model = f"{provider.id}/some-model"
    is_there = operation in HAS.get(provider.id, ())
    assert (operation in ROWS[provider.id]["operations"]) == is_there
    if is_there:
        assert operate(client, model, operation)
        return
    with pytest.raises(ferrule.UnsupportedError, match=f"{provider.id} has no such operation") as refused:
        operate(client, model, operation)
    assert (refused.value.field, refused.value.provider) == (operation, provider.id)
    assert simulator.requests == []


def test_a_provider_of_ones_own_is_taken_to_have_everything(simulator: Simulator) -> None:
    address = {"base_url": simulator.openai_base_url, "api_key": "sk-simulated"}
    has_all = {"operations": ["chat", "embeddings", "reranking", "images", "speech", "transcription"]}
    corrected = {"base_url": simulator.openai_base_url, "api_key": "sk", "quirks": has_all}
    with ferrule.Client(config=False, providers={"own": address, "deepseek": corrected}) as client:
        for operation in OPERATIONS:
            assert operate(client, "own/some-model", operation)
            assert operate(client, "deepseek/some-model", operation)


def test_a_wire_format_that_no_built_in_provider_has(simulator: Simulator) -> None:
    own = {"dialect": "openai-completions", "base_url": f"{simulator.url}/openai-completions/v1"}
    with ferrule.Client(providers={"own": own}) as client:
        assert client.complete("own/echo", "Hello there.").text == "Hello there."
        events, reply = stream(client, "own/echo", "Hello there.")
        assert said(events) == reply.text == "Hello there."
        with pytest.raises(ferrule.UnsupportedError, match=r"^own/.*`tools\[0\]`"):
            client.complete("own/echo", "Use the tool.", tools=[weather.OPENAI_TOOL])
    assert {request.dialect for request in simulator.requests} == {"openai-completions"}


def test_a_provider_without_chat_completions_refuses_a_chat(client: Client, simulator: Simulator) -> None:
    for provider in (provider for provider in PROVIDERS if not provider.chats):
        for drop_params in (False, True):
            with pytest.raises(ferrule.UnsupportedError, match=f"{provider.id} serves embeddings only") as refused:
                client.complete(f"{provider.id}/echo", "Hello there.", drop_params=drop_params)
            assert refused.value.field == "messages"
    assert simulator.requests == []


def test_reasoning_is_found_wherever_a_provider_puts_it(client: Client) -> None:
    for provider in PROVIDERS:
        if not provider.chats or is_a_program(provider) or provider.id in ("ruvllm", "replicate"):
            continue
        reply = client.complete(f"{provider.id}/reasoning", "Hello there.")
        _, streamed = stream(client, f"{provider.id}/reasoning", "Hello there.")
        assert reply.reasoning, provider.id
        assert "think" not in reply.text, provider.id
        assert (streamed.reasoning, streamed.text) == (reply.reasoning, reply.text), provider.id
