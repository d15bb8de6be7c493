"""Server-sent events for one's own servers, in FastAPI and Starlette, and what accumulates streams."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.responses import StreamingResponse as StarletteResponse
from starlette.routing import Route

import ferrule
from ferrule import sse
from ferrule.testing import Simulator, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

M = "openai/gpt-5-mini"
ANSWER = "one two\nthree four"


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator([rule(ANSWER)]) as simulator:
        yield simulator


def parsed(text: str) -> list[tuple[str, str]]:
    """The messages as a browser reads them."""
    found = []
    for block in text.split("\n\n"):
        lines = [line.partition(": ") for line in block.split("\n") if line and not line.startswith(":")]
        data = [value for name, _, value in lines if name == "data"]
        if data:
            event = [value for name, _, value in lines if name == "event"]
            found.append((event[0] if event else "message", "\n".join(data)))
    return found


def test_messages_are_those_of_the_standard() -> None:
    assert sse.message("a\nb\r\nc\rd") == "data: a\ndata: b\ndata: c\ndata: d\n\n"
    assert sse.message({"a": "ø\n"}, event="x", id="1", retry=1.5) == (
        'event: x\nid: 1\nretry: 1500\ndata: {"a":"ø\\n"}\n\n'
    )
    assert sse.message("") == "data: \n\n"
    assert sse.comment("a\nb") == ": a b\n\n"
    for wrong in ("a\nb", "a\rdata: x", "a\0"):
        with pytest.raises(ValueError, match="event: expected text without line breaks"):
            sse.message("x", event=wrong)


def test_a_stream_in_each_form(sim: Simulator) -> None:
    with sim.client() as client:
        own = parsed("".join(sse.events(client.stream(M, "Hi"))))
        assert "".join(json.loads(data)["text"] for event, data in own if event == "text") == ANSWER
        assert [event for event, _ in own if event != "text"] == ["finish", "usage", "done"]
        texts = parsed("".join(sse.events(client.stream(M, "Hi"), form="text")))
        assert [event for event, _ in texts if event != "message"] == ["done"]
        assert "".join(data for event, data in texts if event == "message") == ANSWER
        with pytest.raises(ValueError, match="form: expected one of ferrule, openai, text"):
            sse.events(client.stream(M, "Hi"), form="xml")  # type: ignore[call-overload]


def test_the_form_of_openai_is_read_by_a_client_of_it() -> None:
    call = {"tool_calls": [{"name": "add", "arguments": {"a": 1}}, {"name": "sub", "arguments": {}}]}
    with Simulator([rule(call, times=1), rule(ANSWER)]) as sim, sim.client() as client:
        *chunks, done = parsed("".join(sse.events(client.stream(M, "Hi"), form="openai")))
        assert done == ("message", "[DONE]")
        decoded = [json.loads(data) for _, data in chunks]
        assert {one["object"] for one in decoded} == {"chat.completion.chunk"}
        assert decoded[0]["choices"][0]["delta"]["role"] == "assistant"
        assert decoded[-1]["usage"]["total_tokens"] > 0
        tools: dict[int, list[str]] = {}
        for one in decoded[:-1]:
            for tool in one["choices"][0]["delta"].get("tool_calls", ()):
                function = tool["function"]
                tools.setdefault(tool["index"], []).append(function.get("name", "") + function["arguments"])
        assert ["".join(pieces) for _, pieces in sorted(tools.items())] == ['add{"a":1}', "sub{}"]
        assert decoded[-2]["choices"][0]["finish_reason"] == "tool_calls"


def test_tool_calls_are_whole() -> None:
    call = {"tool_calls": [{"name": "add", "arguments": {"a": 1}}, {"name": "sub", "arguments": {}}]}
    with Simulator([rule(call)]) as sim, sim.client() as client:
        found = [
            json.loads(data) for event, data in parsed("".join(sse.events(client.stream(M, "Hi")))) if "tool" in event
        ]
    assert [(one["name"], json.loads(one["arguments"])) for one in found] == [("add", {"a": 1}), ("sub", {})]


def test_an_error_is_the_last_message_and_says_its_class_alone() -> None:
    script = [rule(ANSWER, fault={"error_event": {"after_chunks": 2}})]
    with Simulator(script) as sim, sim.client(max_retries=0) as client:
        own = parsed("".join(sse.events(client.stream(M, "Hi"))))
        assert own[-1][0] == "error"
        assert json.loads(own[-1][1])["type"].endswith("Error")
        mine = parsed("".join(sse.events(client.stream(M, "Hi"), on_error=lambda error: {"sorry": True})))
        assert mine[-1] == ("error", '{"sorry":true}')
        theirs = parsed("".join(sse.events(client.stream(M, "Hi"), form="openai")))
        assert set(json.loads(theirs[-1][1])) == {"error"}


def test_fastapi(sim: Simulator) -> None:
    app = FastAPI()
    client = sim.async_client()

    @app.get("/chat")
    async def chat(question: str) -> StreamingResponse:
        stream = client.stream(M, question)
        return StreamingResponse(sse.events(stream), media_type=sse.MEDIA_TYPE, headers=sse.HEADERS)

    with TestClient(app) as browser:
        answered = browser.get("/chat", params={"question": "Hi"})
        assert answered.headers["content-type"].startswith("text/event-stream")
        assert answered.headers["x-accel-buffering"] == "no"
        assert [event for event, _ in parsed(answered.text)][-1] == "done"
        assert "".join(json.loads(data)["text"] for event, data in parsed(answered.text) if event == "text") == ANSWER


def test_starlette_with_a_synchronous_client(sim: Simulator) -> None:
    with sim.client() as client:

        def chat(request: Request) -> StarletteResponse:
            stream = client.stream(M, request.query_params["question"])
            return StarletteResponse(sse.events(stream, form="openai"), media_type=sse.MEDIA_TYPE)

        with TestClient(Starlette(routes=[Route("/chat", chat)])) as browser:
            answered = browser.get("/chat", params={"question": "Hi"})
        assert parsed(answered.text)[-1] == ("message", "[DONE]")


async def test_silence_is_filled_and_leaving_ends_the_call() -> None:
    stall = {"stall": {"at": "mid_event", "after_chunks": 2, "for_ms": 30_000}}
    with Simulator([rule(ANSWER, fault=stall)]) as sim:
        async with sim.async_client() as client:
            events = sse.events(client.stream(M, "Hi"), keep_alive=0.02)
            seen = []
            async for message in events:
                seen.append(message)
                if message == ": keep-alive\n\n" and "event: text" in "".join(seen):
                    break
            await events.aclose()  # type: ignore[attr-defined]
            assert await asyncio.to_thread(sim.wait_for_answers, 10)
            assert sim.requests[-1].outcome == "closed_by_client"


def test_text_is_accumulated(sim: Simulator) -> None:
    with sim.client() as client, client.stream(M, "Hi") as stream:
        text, lines = ferrule.TextAccumulator(), []
        for batch in stream.batches():
            text.add(batch)
            lines += text.take()
        assert lines == ["one two\n"]
        assert text.rest() == "three four"
        assert text.rest() == ""
        assert text.text == ANSWER == stream.reply().text
        assert len(text) == len(ANSWER)
        with pytest.raises(ValueError, match="end: expected"):
            text.take("")


def test_reasoning_and_other_answers_are_apart() -> None:
    with Simulator([rule({"text": "yes", "reasoning": "hm"})]) as sim, sim.client() as client:
        first, second = ferrule.TextAccumulator(), ferrule.TextAccumulator(choice=1)
        with client.stream("deepseek/deepseek-reasoner", "Hi") as stream:
            added = [first.add(event) or second.add(event) for event in stream]
        assert (first.text, first.reasoning, second.text) == ("yes", "hm", "")
        assert "".join(added) == "yes"


def test_a_restart_begins_anew() -> None:
    groups: Any = {"fast": {"targets": [M, "groq/llama"], "continue_streams": True}}
    fault = {"close": {"at": "mid_event", "after_chunks": 2}}
    script = [rule("one two three", fault=fault, provider="openai"), rule("anew")]
    with Simulator(script) as sim, sim.client(groups=groups, max_retries=0) as client:
        text = ferrule.TextAccumulator()
        with client.stream("fast", "Hi") as stream:
            for event in stream:
                text.add(event)
        assert text.text == stream.reply().text == "anew"


def test_a_stream_is_measured(sim: Simulator) -> None:
    with sim.client() as client, client.stream(M, "Hi") as stream:
        stats = stream.measure()
        assert (stats.events, stats.bytes, stats.time_to_first_token, stats.tokens_per_second) == (0, 0, None, None)
        texts = [event for event in stream if isinstance(event, ferrule.TextDelta)]
    assert "".join(text.text for text in texts) == ANSWER
    assert stats.events >= 5
    assert stats.bytes == len(ANSWER)
    assert stats.tokens == 4
    assert stats.time_to_first_token == texts[0].received_at - stats.started
    assert stats.duration is not None
    assert stats.between_tokens_p50 is not None
    assert stats.between_tokens_p99 is not None
    assert stats.between_tokens(0) <= stats.between_tokens_p50 <= stats.between_tokens_p99  # type: ignore[operator]
    with pytest.raises(ValueError, match="quantile"):
        stats.between_tokens(2)
    assert "tokens/s" in repr(stats)


def test_figures_are_those_of_the_times() -> None:
    stats = ferrule.StreamStats(100.0)
    make = ferrule.TextDelta._from_fields  # type: ignore[attr-defined]
    for number in range(101):
        stats.add(make("é", 0, 0, 101.0 + number * 0.01))
    assert stats.time_to_first_token == 1.0
    assert stats.bytes == 202
    assert stats.between_tokens_p50 == pytest.approx(0.01)
    assert stats.events_per_second == pytest.approx(100)
    stats.add(make("x", 0, 0, 103.0))
    stats.add(make("x", 0, 0, 105.0))
    assert stats.between_tokens_p50 == pytest.approx(0.01)
    assert stats.between_tokens_p99 == pytest.approx(1.0)


async def test_an_asynchronous_stream_is_measured(sim: Simulator) -> None:
    async with sim.async_client() as client, client.stream(M, "Hi") as stream:
        stats = stream.measure()
        async for _ in stream.batches():
            pass
    assert stats.tokens == 4
    assert stats.time_to_first_token is not None
