"""Functions as providers: routing, retries, errors, streams and cancellation as for every other."""

from __future__ import annotations

import asyncio
import os
import threading
import time
import types

import pytest

import ferrule

REQUESTS = []


def with_functions(client):
    @client.provider("echo")
    async def echo(request):
        REQUESTS.append(request)
        return f"{request.model}: {request.messages[-1]['content']}"

    @client.provider("pieces")
    async def pieces(request):
        for word in ("one ", "two ", "three"):
            yield word
        yield {"usage": {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}, "finish_reason": "length"}

    @client.provider("tools")
    async def tools(request):
        call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}
        return {"content": None, "reasoning_content": "Hm.", "tool_calls": [call]}

    attempts = []

    @client.provider("shaky")
    async def shaky(request):
        attempts.append(request.model)
        if len(attempts) < 3:
            raise ferrule.RateLimitedError("slow down", retry_after=0.001)
        return "at last"

    @client.provider("broken")
    async def broken(request):
        raise ValueError("a mistake")

    @client.provider("refusing")
    async def refusing(request):
        raise ferrule.AuthenticationError("no", status=401, code="bad_key")

    return client


@pytest.fixture
def client():
    with ferrule.Client(config=False) as client:
        yield with_functions(client)


def test_a_function_answers_plain_and_streamed(client):
    reply = client.complete("echo/small", "hi", temperature=0.5)
    assert reply.text == "small: hi"
    assert (reply.provider, reply.model, reply.finish_reason) == ("echo", "small", "stop")
    assert reply.usage.input_tokens is None
    request = REQUESTS[-1]
    assert (request.model, request.stream, request.options) == ("small", False, {"temperature": 0.5})
    with client.stream("echo/small", "hi") as stream:
        assert "".join(stream.text) == "small: hi"
    assert REQUESTS[-1].stream


def test_a_generator_answers_plain_and_streamed(client):
    reply = client.complete("pieces/m", "hi")
    assert (reply.text, reply.finish_reason) == ("one two three", "length")
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (3, 5)
    with client.stream("pieces/m", "hi") as stream:
        assert list(stream.text) == ["one ", "two ", "three"]
    assert stream.reply().usage.output_tokens == 5


def test_tool_calls_and_reasoning(client):
    reply = client.complete("tools/m", "hi")
    assert (reply.tool_calls[0].name, reply.tool_calls[0].arguments) == ("f", {"x": 1})
    assert (reply.reasoning, reply.finish_reason) == ("Hm.", "tool_calls")
    with client.stream("tools/m", "hi") as stream:
        kinds = [type(event).__name__ for event in stream]
    assert {"ReasoningDelta", "ToolCallStart", "ToolCallEnd", "Finish"} <= set(kinds)


def test_errors_are_retried_as_they_say(client):
    reply = client.complete("shaky/m", "hi")
    assert reply.text == "at last"
    assert len(reply.attempts) == 3
    with pytest.raises(ferrule.AuthenticationError, match="no") as refused:
        client.complete("refusing/m", "hi")
    assert (refused.value.status, refused.value.code, len(refused.value.attempts)) == (401, "bad_key", 1)


def test_a_mistake_is_told_and_not_repeated(client, caplog):
    with pytest.raises(ferrule.ServerError, match="'broken' raised ValueError: a mistake") as raised:
        client.complete("broken/m", "hi")
    assert len(raised.value.attempts) == 1
    assert "a mistake" in caplog.text


@pytest.mark.parametrize("given", [5, None, b"bytes"])
def test_what_is_no_answer_is_an_error(client, given, caplog):
    @client.provider("odd")
    async def odd(request):
        return given

    with pytest.raises(ferrule.ServerError, match="OpenAI's messages"):
        client.complete("odd/m", "hi")


def test_names_are_checked(client):
    with pytest.raises(ferrule.ConfigError, match="already"):
        client.provider("openai")(lambda request: None)
    assert "echo" in client.registry.providers
    client.registry.aliases.register("e", "echo/small")
    assert client.complete("e", "hi").text == "small: hi"


async def test_it_runs_on_the_callers_loop():
    async with ferrule.AsyncClient(config=False) as client:

        @client.provider("here")
        async def here(request):
            return f"{threading.current_thread().name} {asyncio.get_running_loop() is loop}"

        loop = asyncio.get_running_loop()
        reply = await client.complete("here/m", "hi")
        assert reply.text == f"{threading.current_thread().name} True"
        replies = await asyncio.gather(*(client.complete("here/m", "hi") for _ in range(200)))
        assert {reply.text for reply in replies} == {reply.text}


async def test_leaving_cancels_the_function():
    left = asyncio.Event()
    async with ferrule.AsyncClient(config=False) as client:

        @client.provider("endless")
        async def endless(request):
            try:
                yield "first"
                await asyncio.Event().wait()
            finally:
                left.set()

        async with client.stream("endless/m", "hi") as stream:
            async for text in stream.text:
                assert text == "first"
                break
        await asyncio.wait_for(left.wait(), 5)
        left.clear()
        with pytest.raises(ferrule.TotalTimeoutError):
            await client.complete("endless/m", "hi", timeout=0.2)
        await asyncio.wait_for(left.wait(), 5)


async def test_a_reader_that_is_behind_holds_the_function_up():
    said = 0
    async with ferrule.AsyncClient(config=False) as client:

        @client.provider("long")
        async def long(request):
            nonlocal said
            for _ in range(5000):
                said += 1
                yield "x" * 1000

        async with client.stream("long/m", "hi") as stream:
            total = 0
            async for text in stream.text:
                if not total:
                    assert said < 5000
                total += len(text)
        assert total == 5_000_000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_is_told_to_register_anew(client):
    assert client.complete("echo/m", "hi").text == "m: hi"
    child = os.fork()
    if child == 0:
        code = 1
        try:
            client.complete("echo/m", "hi", timeout=5)
        except ferrule.ConfigError as error:
            code = 0 if "forked" in str(error) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


class TestTokens:
    def client(self, simulator, **options):
        return ferrule.Client(
            config=False, providers={"azure": {"base_url": f"{simulator.url}/azure/openai/v1"}}, **options
        )

    def sent(self, simulator):
        return [request.headers.get("authorization") for request in simulator.requests]

    @pytest.mark.parametrize("kind", ["text", "pair", "object", "async"])
    def test_a_function_gives_the_tokens(self, simulator, kind):
        asked = []

        def token():
            asked.append(kind)
            known = {
                "text": "t1",
                "pair": ("t1", 3600),
                "object": types.SimpleNamespace(token="t1", expires_on=time.time() + 3600),
            }
            return known[kind]

        async def token_later():
            asked.append(kind)
            return "t1", 3600

        with self.client(simulator) as client:
            client.token_provider("azure")(token_later if kind == "async" else token)
            for _ in range(3):
                client.complete("azure/echo", "hi")
        assert self.sent(simulator) == ["Bearer t1"] * 3
        assert len(asked) == 1

    def test_a_function_that_fails_is_told_without_its_words(self, simulator):
        with self.client(simulator, max_retries=0) as client:

            @client.token_provider("azure")
            def token():
                raise ValueError("sesame")

            with pytest.raises(ferrule.AuthenticationError, match="the token provider raised ValueError") as raised:
                client.complete("azure/echo", "hi")
        assert "sesame" not in str(raised.value)
        assert simulator.requests == []

    def test_an_unknown_provider_is_named(self, simulator):
        with self.client(simulator) as client, pytest.raises(ferrule.ConfigError, match="azur"):
            client.token_provider("azur")(lambda: "t")
