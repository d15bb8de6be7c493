"""Interceptors: what they see and change of requests, texts and answers, in every operation, plain and streamed."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

import ferrule
from ferrule.call_layers import LayeredNative
from ferrule.testing import Simulator, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

CARD = re.compile(r"\d{4} \d{4}")
ANSWER = "The card 1234 5678 is valid, 9999 0000 is not."
MASKED = "The card [card] is valid, [card] is not."
M = "openai/gpt-5-mini"


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator([rule(ANSWER)]) as simulator:
        yield simulator


def mask(piece: ferrule.InterceptedText) -> str:
    return CARD.sub("[card]", piece.text)


def test_a_client_without_interceptors_calls_the_engine_itself(sim: Simulator) -> None:
    with sim.client() as client:
        before = client._native
        assert not isinstance(before, LayeredNative)
        interceptor = client.intercept("request", lambda request: None)
        assert isinstance(client._native, LayeredNative)
        interceptor.cancel()
        interceptor.cancel()
        assert client._native is before
        client.complete(M, "Hi", hooks=[])


def test_a_request_is_changed(sim: Simulator) -> None:
    with sim.client() as client:

        @client.intercept("request")
        def change(request: ferrule.InterceptedRequest) -> None:
            assert request.operation == "complete"
            assert request.metadata == {"team": "a"}
            request.messages.append({"role": "user", "content": "more"})
            request.options["temperature"] = 0.25
            request.model = "openai/gpt-4o"

        client.complete(M, "Hi", metadata={"team": "a"})
        sent = sim.requests[-1].body
        assert [one["content"] for one in sent["messages"]] == ["Hi", "more"]
        assert sent["temperature"] == 0.25
        assert sent["model"] == "gpt-4o"


def test_texts_of_every_operation_are_replaced(sim: Simulator) -> None:
    with sim.client() as client:
        client.intercept("request", lambda request: request.replace_text(lambda text: CARD.sub("[card]", text)))
        secret = "card 1234 5678"
        client.complete(M, [{"role": "user", "content": [{"type": "text", "text": secret}]}], system=secret)
        client.complete(M, [ferrule.Message("user", secret)])
        client.embed("openai/text-embedding-3-small", [secret, secret])
        client.images.generate("openai/gpt-image-1", secret)
        client.audio.speech("openai/gpt-4o-mini-tts", secret, voice="alloy", instructions=secret).read()
        client.audio.transcribe("openai/whisper-1", ("a.wav", b"RIFF"), prompt=secret)
        client.rerank("cohere/rerank-v3.5", secret, [secret])
        assert len(sim.requests) == 7
        for request in sim.requests:
            assert "1234" not in str(request.body), request.path
            assert "[card]" in str(request.body), request.path


@pytest.mark.parametrize("is_async", [False, True], ids=["function", "coroutine"])
def test_a_request_is_refused_before_it_is_sent(sim: Simulator, is_async: bool) -> None:
    def check(request: ferrule.InterceptedRequest) -> None:
        request.refuse("not today")

    async def check_later(request: ferrule.InterceptedRequest) -> None:
        await asyncio.sleep(0)
        request.refuse("not today")

    with sim.client() as client:
        client.intercept("request", check_later if is_async else check, name="guard")
        calls = [
            lambda: client.complete(M, "Hi"),
            lambda: client.stream(M, "Hi"),
            lambda: client.run(M, "Hi", tools=[]),
            lambda: client.embed("openai/text-embedding-3-small", "Hi"),
            lambda: client.audio.speech("openai/tts-1", "Hi", voice="alloy"),
        ]
        for call in calls:
            with pytest.raises(
                ferrule.CallRefusedError, match="interceptor guard refused the request: not today"
            ) as no:
                call()
            assert (no.value.stage, no.value.interceptor) == ("request", "guard")
        outcomes = list(client.map(M, ["a", "b"]))
        assert [type(one) for one in outcomes] == [ferrule.CallRefusedError] * 2
        assert not sim.requests


def test_an_interceptor_that_fails_refuses_unless_it_says_otherwise(sim: Simulator, caplog: Any) -> None:
    def broken(_: Any) -> None:
        raise KeyError("a secret of the prompt")

    with sim.client() as client:
        interceptor = client.intercept("request", broken, name="broken")
        with pytest.raises(ferrule.CallRefusedError, match="broken refused the request: it failed: KeyError") as no:
            client.complete(M, "Hi")
        assert "secret" not in str(no.value)
        assert isinstance(no.value.__cause__, KeyError)
        interceptor.cancel()
        for stage in ("request", "text", "answer"):
            client.intercept(stage, broken, on_error="ignore")  # type: ignore[call-overload]
        assert client.complete(M, "Hi").text == ANSWER
        assert "is ignored" in caplog.text


@pytest.mark.parametrize("buffer", [9, 25, 1000])
@pytest.mark.parametrize("size", [1, 3, 7])
def test_a_streams_text_is_masked_wherever_it_is_cut(sim: Simulator, buffer: int, size: int) -> None:
    sim.set_script([rule({"text": ANSWER, "chunk_chars": size})])
    with sim.client() as client:
        client.intercept("text", mask, buffer=buffer)
        with client.stream(M, "Hi") as stream:
            texts = [event.text for event in stream if type(event) is ferrule.TextDelta]
        assert "".join(texts) == MASKED
        reply = stream.reply()
        assert reply.text == MASKED
        assert reply.usage.output_tokens
        assert "1234" not in json.dumps(reply.to_dict())


def test_plain_answers_are_masked_as_well(sim: Simulator) -> None:
    with sim.client() as client:
        client.intercept("text", mask, buffer=10)
        reply = client.complete(M, "Hi")
        assert reply.text == MASKED
        assert reply.cost == sim.client().complete(M, "Hi").cost
        assert reply.raw is None
        assert [one.text for one in client.map(M, ["a", "b"], concurrency=2)] == [MASKED] * 2  # type: ignore[union-attr]
        assert client.run(M, "Hi", tools=[]).text == MASKED
        with client.stream_run(M, "Hi", tools=[]) as run:
            assert "".join(run.text) == MASKED


def test_an_answer_is_ended(sim: Simulator) -> None:
    with sim.client() as client:

        def stop(piece: ferrule.InterceptedText) -> None:
            if "valid" in piece.text:
                piece.end(piece.text.split("valid", maxsplit=1)[0] + "...")

        seen: list[Any] = []
        client.intercept("text", stop, buffer=10)
        client.intercept("answer", lambda answer: seen.append(answer.text))
        with client.stream(M, "Hi") as stream:
            events = list(stream)
        assert stream_finish(events) in events[-2:]
        assert stream.reply().text == "The card 1234 5678 is ..."
        assert stream.reply().finish_reason == "content_filter"
        assert client.complete(M, "Hi").finish_reason == "content_filter"
        assert seen == ["The card 1234 5678 is ..."] * 2


def stream_finish(events: list[Any]) -> Any:
    (finish,) = [event for event in events if type(event) is ferrule.Finish]
    assert finish.reason == "content_filter"
    return finish


@pytest.mark.parametrize("streamed", [False, True])
def test_a_whole_answer_is_replaced_or_refused(sim: Simulator, streamed: bool) -> None:
    def call(client: ferrule.Client, **options: Any) -> ferrule.Reply:
        if not streamed:
            return client.complete(M, "Hi", **options)
        with client.stream(M, "Hi", **options) as stream:
            list(stream)
            return stream.reply()

    with sim.client() as client:
        assert call(client, hooks=[("answer", lambda answer: answer.text.upper())]).text == ANSWER.upper()
        assert call(client).text == ANSWER
        with pytest.raises(ferrule.CallRefusedError, match="refused the answer: rude"):
            call(client, hooks=[ferrule.Interceptor("answer", lambda answer: answer.refuse("rude"))])
        with pytest.raises(ferrule.CallRefusedError, match="returns text, a Reply or None, not int"):
            call(client, hooks=[("answer", lambda answer: 7)])


def test_interceptors_have_an_order(sim: Simulator) -> None:
    seen: list[str] = []
    with sim.client() as client:
        client.intercept("request", lambda _: seen.append("last"), order=5)
        client.intercept("request", lambda _: seen.append("first"), order=-1)
        client.intercept("request", lambda _: seen.append("second"))
        hook = ferrule.Interceptor("request", lambda _: seen.append("of the call"), order=1)
        client.complete(M, "Hi", hooks=[hook])
        client.embed("openai/text-embedding-3-small", "Hi", hooks=[hook])
        assert seen == ["first", "second", "of the call", "last"] * 2


def test_the_text_of_a_transcript_is_masked() -> None:
    with Simulator([rule(ANSWER)]) as sim, sim.client() as client:
        client.intercept("text", lambda piece: "masked")
        assert client.audio.transcribe("openai/whisper-1", ("a.wav", b"RIFF")).text == "masked"


def test_a_text_that_is_refused_in_a_stream_tells_no_more_than_was_read(sim: Simulator) -> None:
    def refuse(piece: ferrule.InterceptedText) -> None:
        if "5678" in piece.text:
            piece.refuse("a card")

    with sim.client() as client:
        client.intercept("text", refuse, buffer=9)
        with client.stream(M, "Hi") as stream, pytest.raises(ferrule.CallRefusedError) as no:
            list(stream)
        assert no.value.partial_reply is not None
        assert "5678" not in no.value.partial_reply.text
        assert not client.intercept("text", refuse).buffer


def test_a_stream_that_breaks_off_tells_no_more_than_was_read() -> None:
    with (
        Simulator([rule(ANSWER, fault={"close": {"at": "mid_event", "after_chunks": 4}})]) as sim,
        sim.client(max_retries=0) as client,
    ):
        client.intercept("text", mask, buffer=1000)
        with client.stream(M, "Hi") as stream, pytest.raises(ferrule.StreamInterruptedError) as broken:
            list(stream)
        assert broken.value.partial_reply is not None
        assert broken.value.partial_reply.text == ""


def test_structured_output_is_made_of_the_text_that_may_be_read() -> None:
    with Simulator([rule('{"name": "1234 5678"}')]) as sim, sim.client() as client:
        client.intercept("text", mask, buffer=9)
        schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
        assert client.complete(M, "Hi", response_format=schema).parsed == {"name": "[card]"}
        with client.stream(M, "Hi", response_format=schema) as stream:
            assert list(stream.partials())[-1] == {"name": "[card]"}


def test_wrong_interceptors_are_named(sim: Simulator) -> None:
    with sim.client() as client:
        with pytest.raises(ValueError, match="stage: expected one of request, text, answer, not 'reply'"):
            client.intercept("reply", print)  # type: ignore[call-overload]
        with pytest.raises(TypeError, match="function: expected a function"):
            client.intercept("request", 5)  # type: ignore[call-overload]
        with pytest.raises(ValueError, match="buffer: only interceptors of `text`"):
            client.intercept("answer", print, buffer=5)  # type: ignore[call-overload]
        with pytest.raises(TypeError, match="hooks: expected"):
            client.complete(M, "Hi", hooks=[print])  # type: ignore[list-item]
        with pytest.raises(TypeError, match="hooks: expected a list"):
            client.embed("openai/text-embedding-3-small", "Hi", hooks="request")  # type: ignore[arg-type]


@pytest.mark.parametrize("is_async", [False, True], ids=["function", "coroutine"])
async def test_the_asynchronous_client_has_them(sim: Simulator, is_async: bool) -> None:
    async def later(function: Any, given: Any) -> Any:
        await asyncio.sleep(0.001)
        return function(given)

    def hook(function: Any) -> Any:
        if not is_async:
            return function

        async def hooked(given: Any) -> Any:
            return await later(function, given)

        return hooked

    async with sim.async_client() as client:
        client.intercept("request", hook(lambda request: request.options.update(user="u")))
        client.intercept("text", hook(mask), buffer=20)
        client.intercept("answer", hook(lambda answer: answer.text + "!"))
        assert (await client.complete(M, "Hi")).text == MASKED + "!"
        assert sim.requests[-1].body["user"] == "u"
        async with client.stream(M, "Hi") as stream:
            assert stream.reply().text == ""
            assert "".join([text async for text in stream.text]) == MASKED
        assert stream.reply().text == MASKED + "!"
        assert [one.text async for one in client.map(M, ["a"] * 5, concurrency=2)] == [MASKED + "!"] * 5  # type: ignore[union-attr]
        assert (await client.run(M, "Hi", tools=[])).text == MASKED + "!"
        assert len(await client.embed("openai/text-embedding-3-small", ["a", "b"])) == 2
        with pytest.raises(ferrule.CallRefusedError):
            await client.complete(M, "Hi", hooks=[("request", hook(lambda request: request.refuse()))])


async def test_cancelling_a_call_ends_its_interceptor(sim: Simulator) -> None:
    begun = asyncio.Event()
    ended: list[str] = []

    async def slow(_: Any) -> None:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("ended")

    async with sim.async_client() as client:
        client.intercept("request", slow)
        task = asyncio.create_task(client.complete(M, "Hi"))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)
        assert ended == ["ended"]
        assert not sim.requests


def test_the_shared_functions_take_hooks(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", sim.openai_base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    ferrule.reset()
    try:
        assert ferrule.complete(M, "Hi", hooks=[("text", mask)]).text == MASKED
        with ferrule.intercept("request", lambda request: request.refuse()), pytest.raises(ferrule.CallRefusedError):
            ferrule.complete(M, "Hi")
        with ferrule.stream(M, "Hi", hooks=[ferrule.Interceptor("text", mask, buffer=9)]) as stream:
            assert "".join(stream.text) == MASKED
    finally:
        ferrule.reset()


def test_what_came_before_a_restart_is_not_part_of_the_reply() -> None:
    groups: Any = {"fast": {"targets": [M, "groq/llama"], "continue_streams": True}}
    fault = {"close": {"at": "mid_event", "after_chunks": 4}}
    script = [rule(ANSWER, fault=fault, provider="openai"), rule("anew 1234 5678.")]
    with Simulator(script) as sim, sim.client(groups=groups, max_retries=0) as client:
        client.intercept("text", mask, buffer=12)
        with client.stream("fast", "Hi") as stream:
            events = list(stream)
        (how,) = [event.how for event in events if type(event) is ferrule.Continued]
        assert how == "restart"
        assert stream.reply().text == "anew [card]."


def test_coroutines_of_a_synchronous_client_hold_for_many_prompts(sim: Simulator) -> None:
    async def hide(piece: ferrule.InterceptedText) -> str:
        await asyncio.sleep(0.001)
        return mask(piece)

    async def fail(_: Any) -> None:
        await asyncio.sleep(0.001)
        raise LookupError

    with sim.client() as client:
        client.intercept("text", hide)
        assert [one.text for one in client.map(M, ["a"] * 4)] == [MASKED] * 4  # type: ignore[union-attr]
        with pytest.raises(ferrule.CallRefusedError) as no:
            client.complete(M, "Hi", hooks=[("answer", fail)])
        assert isinstance(no.value.__cause__, LookupError)


def test_validation_retries_go_through_them() -> None:
    script = [rule("not json", times=1), rule('{"a": 1}')]
    seen: list[int] = []
    with Simulator(script) as sim, sim.client() as client:
        hooks: Any = [("request", lambda request: seen.append(len(request.messages)))]
        schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
        options: Any = {"response_format": schema, "retries_on_invalid": 1, "hooks": hooks}
        assert client.complete(M, "Hi", **options).parsed == {"a": 1}
        assert seen == [1, 3]
        sim.set_script([rule("not json", times=1), rule('{"a": 1}')])
        assert [one.parsed for one in client.map(M, ["Hi"], **options)] == [{"a": 1}]  # type: ignore[union-attr]
        assert seen == [1, 3, 1, 3]
