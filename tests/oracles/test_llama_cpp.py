"""Ferrule takes llama.cpp's own server for a provider: on OpenAI's chat, Responses and completions addresses, and on
Anthropic's.

The model is one that the test writes, and says what the prompt's last word asks for (`servers/llama_cpp_model.py`).
What the server makes of it (calls, reasoning, characters in several tokens, usage, errors) is its own.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import environment
import pytest

import ferrule
import weather
from ferrule.sidecar import Sidecar

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER = Path(__file__).parent / "servers" / "llama_cpp_server.py"
GRIN = "A grin: \U0001f600 it was."

pytestmark = [
    pytest.mark.real_server,
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.name == "nt", reason="a process group is what ends the server"),
]

CHATS = ["llamacpp", "responses", "messages"]
ALL = [*CHATS, "completions"]
every = pytest.mark.parametrize("provider", ALL)
chats = pytest.mark.parametrize("provider", CHATS)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    python = environment.programs_of("llama_cpp") / "python"
    model = tmp_path_factory.mktemp("llama") / "tiny.gguf"
    command = [str(python), str(SERVER), str(model), "{port}"]
    with Sidecar(command, readiness_path="/health") as server:
        yield server.base_url


@pytest.fixture(params=["sync", "async"])
def caller(request: pytest.FixtureRequest, address: str) -> Caller:
    return Caller(address, request.param == "async")


class Caller:
    """Calls with either client, in the same words."""

    def __init__(self, address: str, asynchronous: bool) -> None:
        providers = {
            "llamacpp": {"base_url": f"{address}/v1"},
            "responses": {"base_url": f"{address}/v1", "dialect": "openai-responses"},
            "messages": {"base_url": address, "dialect": "anthropic"},
            "completions": {"base_url": f"{address}/v1", "dialect": "openai-completions"},
        }
        self._settings: dict[str, Any] = {"providers": providers, "timeout": 90, "max_retries": 0}
        self._asynchronous = asynchronous

    async def complete(self, provider: str, messages: Any, **options: Any) -> ferrule.Reply:
        options = {"max_tokens": 60, **options}
        if self._asynchronous:
            async with ferrule.AsyncClient(**self._settings) as client:
                return await client.complete(f"{provider}/tiny", messages, **options)
        with ferrule.Client(**self._settings) as client:
            return client.complete(f"{provider}/tiny", messages, **options)

    async def stream(self, provider: str, messages: Any, **options: Any) -> tuple[list[Any], ferrule.Reply]:
        options = {"max_tokens": 60, **options}
        if self._asynchronous:
            async with (
                ferrule.AsyncClient(**self._settings) as client,
                client.stream(f"{provider}/tiny", messages, **options) as stream,
            ):
                return [event async for event in stream], stream.reply()
        with (
            ferrule.Client(**self._settings) as client,
            client.stream(f"{provider}/tiny", messages, **options) as stream,
        ):
            return list(stream), stream.reply()

    async def both(self, provider: str, messages: Any, **options: Any) -> list[ferrule.Reply]:
        """The same, plain and streamed."""
        _, streamed = await self.stream(provider, messages, **options)
        return [await self.complete(provider, messages, **options), streamed]

    async def leave(self, provider: str, messages: Any) -> str:
        """Leaves a stream after its first piece of text."""
        model = f"{provider}/tiny"
        if self._asynchronous:
            async with ferrule.AsyncClient(**self._settings) as client, client.stream(model, messages) as stream:
                return await anext(aiter(stream.text))
        with ferrule.Client(**self._settings) as client, client.stream(model, messages) as stream:
            return next(iter(stream.text))


def text_of(events: list[Any]) -> str:
    return "".join(event.text for event in events if isinstance(event, ferrule.TextDelta))


@every
async def test_text(caller: Caller, provider: str) -> None:
    for reply in await caller.both(provider, "say:plain"):
        assert (reply.text, reply.finish_reason) == ("Hello from a tiny model.", "stop")
        assert reply.usage.input_tokens > 0
        assert reply.usage.output_tokens in (5, 6)


@chats
async def test_reasoning(caller: Caller, provider: str) -> None:
    for reply in await caller.both(provider, "say:thought"):
        assert (reply.text.strip(), reply.finish_reason) == ("It is done.", "stop")
        assert reply.reasoning.strip() == "Let me think it over."


@chats
async def test_a_call_comes_once(caller: Caller, provider: str) -> None:
    for reply in await caller.both(provider, "say:tool", tools=[weather.OPENAI_TOOL]):
        (call,) = reply.tool_calls
        assert (call.name, call.arguments, reply.finish_reason) == ("get_weather", {"city": "Oslo"}, "tool_calls")
        assert call.id
        assert not reply.text.strip()


@chats
async def test_a_conversation_goes_on(caller: Caller, provider: str) -> None:
    asked = [{"role": "user", "content": "say:tool"}]
    for first in await caller.both(provider, asked, tools=[weather.OPENAI_TOOL]):
        (call,) = first.tool_calls
        result = {"role": "tool", "tool_call_id": call.id, "content": "12 degrees. say:thought"}
        messages = [*asked, first.message, result]
        for second in await caller.both(provider, messages, tools=[weather.OPENAI_TOOL]):
            assert second.text.strip() == "It is done."
            again = [*messages, second.message, {"role": "user", "content": "say:plain"}]
            assert (await caller.complete(provider, again)).text == "Hello from a tiny model."


@every
async def test_a_character_in_several_tokens(caller: Caller, provider: str) -> None:
    events, streamed = await caller.stream(provider, "say:grin")
    assert text_of(events) == streamed.text == GRIN
    assert (await caller.complete(provider, "say:grin")).text == GRIN


@every
async def test_text_without_end_is_cut(caller: Caller, provider: str) -> None:
    for reply in await caller.both(provider, "say:endless", max_tokens=20):
        # Its Responses address calls a response completed that was cut.
        assert reply.finish_reason == ("stop" if provider == "responses" else "length")
        assert reply.text.strip().startswith("and on and so and on")
        assert reply.usage.output_tokens == 20


@every
async def test_a_stream_that_is_left_ends_at_the_server(caller: Caller, provider: str) -> None:
    # There are two places; three that went on would leave none.
    for _ in range(3):
        assert "and" in await caller.leave(provider, "say:endless")
    assert (await caller.complete(provider, "say:plain")).text == "Hello from a tiny model."


@chats
async def test_a_prompt_that_is_too_long(caller: Caller, provider: str) -> None:
    with pytest.raises(ferrule.ContextLengthError) as caught:
        await caller.complete(provider, "say:plain" * 9000)
    assert len(caught.value.attempts) == 1


async def test_structured_output(caller: Caller) -> None:
    # Its other addresses pass over the schema.
    schema = {"type": "object", "properties": {"city": {"const": "Oslo"}}, "required": ["city"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
    reply = await caller.complete("llamacpp", "say:plain", response_format=wanted)
    # The grammar leaves the model no choice.
    assert json.loads(reply.text) == {"city": "Oslo"}


async def test_models_and_counts(address: str) -> None:
    providers = {
        "llamacpp": {"base_url": f"{address}/v1"},
        "messages": {"base_url": address, "dialect": "anthropic"},
    }
    with ferrule.Client(providers=providers) as client:
        assert [model.id for model in client.models("llamacpp")] == ["tiny"]
        assert client.health(["llamacpp"])[0].reachable
        assert client.count_tokens("messages/tiny", "say:plain").tokens > 0
        for base_url in (f"{address}/v1/chat/completions", f"{address}/v1/models", f"{address}/v1/embeddings"):
            client.registry.providers.replace("llamacpp", {"base_url": base_url})
            assert client.complete("llamacpp/tiny", "say:plain").text == "Hello from a tiny model."


def test_an_operation_that_it_does_not_have_is_not_repeated(address: str) -> None:
    with ferrule.Client(providers={"llamacpp": {"base_url": f"{address}/v1"}}, max_retries=3) as client:
        with pytest.raises(ferrule.FerruleError) as caught:
            client.embed("llamacpp/tiny", ["a"])
        assert len(caught.value.attempts) == 1


def test_an_image_that_it_cannot_read_is_not_repeated(address: str) -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    client = ferrule.Client(providers={"llamacpp": {"base_url": f"{address}/v1"}}, max_retries=1)
    with client, pytest.raises(ferrule.FerruleError) as caught:
        client.complete("llamacpp/tiny", [{"role": "user", "content": [picture]}])
    assert len(caught.value.attempts) == 1
