"""Conversations kept, saved and loaded: dictionaries, JSON, the SDKs' forms, web frameworks, notebooks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pydantic
import pytest

import ferrule
from ferrule import Message, Reply, ToolCall
from ferrule.testing import Simulator, reply, rule


@dataclass
class City:
    name: str


WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}


def _replies() -> list[Reply]:
    script = [
        rule({"text": "Hello *there*.", "reasoning": "Hm."}, text="hi"),
        rule({"tool_calls": [{"name": "weather", "arguments": {"city": "Oslo"}}]}, text="call"),
    ]
    found = []
    with Simulator(script) as simulator, simulator.client() as client:
        for model in ("openai/m", "anthropic/claude-sonnet-4-5", "openai-responses/m", "gemini/m"):
            for text in ("hi", "call"):
                found.append(client.complete(model, text, tools=[WEATHER]))
                with client.stream(model, text, tools=[WEATHER]) as stream:
                    list(stream)
                found.append(stream.reply())
    return found


REPLIES = _replies()


@pytest.mark.parametrize("given", REPLIES, ids=lambda given: given.provider)
def test_a_reply_comes_back_from_what_was_saved(given: Reply) -> None:
    saved = json.loads(json.dumps(given.to_dict()))
    assert Reply.from_dict(saved) == given
    assert Reply.from_json(given.to_json()) == given
    assert Message.from_json(given.message.to_json()) == given.message
    assert Message.from_dict(json.loads(json.dumps(given.message.to_dict()))) == given.message
    assert dict(given) == given.to_dict()
    assert dict(given.message) == given.message.to_dict()
    assert dict(given.usage) == given.usage.to_dict()


def test_a_loaded_reply_is_parsed_as_it_was() -> None:
    given = Reply.from_dict(reply('{"name": "Oslo"}').to_dict(), response_format=City)
    assert given.parsed == City("Oslo")
    assert Reply.from_json(given.to_json(), response_format="json").parsed == {"name": "Oslo"}
    assert Reply.from_json(given.to_json()).parsed is None


def test_a_conversation_goes_on_with_another_provider() -> None:
    with Simulator() as simulator, simulator.client() as client:
        messages: list[Any] = [{"role": "user", "content": "hi"}]
        messages.append(client.complete("anthropic/claude-sonnet-4-5", messages).message)
        saved = json.dumps([dict(message) for message in messages])
        loaded = [*json.loads(saved), {"role": "user", "content": "and?"}]
        client.complete("openai/m", loaded)
        sent = simulator.requests[-1].body["messages"]
        assert [message["role"] for message in sent] == ["user", "assistant", "user"]


@pytest.mark.parametrize("text", ["", "[]", '{"role": 1}', '{"role": "user", "content": [{"nam": 1}]}'])
def test_what_is_no_message_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"message|Expecting"):
        Message.from_json(text)


def test_what_is_no_reply_is_refused() -> None:
    with pytest.raises(ValueError, match="reply"):
        Reply.from_json("{")
    with pytest.raises(ValueError, match="message"):
        Reply.from_dict({"choices": [{"message": {"role": "assistant", "content": 7}}]})


def test_replies_for_unit_tests() -> None:
    made = reply(
        "Hello.",
        reasoning="Hm.",
        tool_calls=[{"name": "weather", "arguments": {"city": "Oslo"}}, ToolCall("c", "time", '{"zone": 1}')],
        usage={"input_tokens": 3, "output_tokens": 4},
        cost="0.25",
        model="m",
        provider="p",
    )
    assert (made.text, made.reasoning, made.finish_reason, made.model, made.provider) == (
        "Hello.",
        "Hm.",
        "tool_calls",
        "m",
        "p",
    )
    assert [(call.id, call.name, call.arguments) for call in made.tool_calls] == [
        ("call_1", "weather", {"city": "Oslo"}),
        ("c", "time", {"zone": 1}),
    ]
    assert made.usage.total_tokens == 7
    assert made.cost is not None
    assert float(made.cost) == 0.25
    assert reply("x").cost is None
    assert reply("x").finish_reason == "stop"
    assert reply(refusal="No.").refusal == "No."
    assert reply('{"name": "Oslo"}', response_format=City).parsed == City("Oslo")


def test_the_forms_of_the_sdks_from_every_provider() -> None:
    for given in REPLIES:
        openai, anthropic = given.to_openai(), given.to_anthropic()
        assert openai["object"] == "chat.completion"
        assert anthropic["type"] == "message"
        assert (openai["choices"][0]["message"]["content"] or "") == given.text
        assert "".join(block["text"] for block in anthropic["content"] if block["type"] == "text") == given.text
        assert openai["usage"]["prompt_tokens"] == given.usage.input_tokens
        assert anthropic["usage"]["output_tokens"] == given.usage.output_tokens
        if given.tool_calls:
            call = given.tool_calls[0]
            assert openai["choices"][0]["finish_reason"] == "tool_calls"
            assert anthropic["stop_reason"] == "tool_use"
            function = openai["choices"][0]["message"]["tool_calls"][0]["function"]
            assert (function["name"], json.loads(function["arguments"])) == (call.name, call.arguments)
            used = next(block for block in anthropic["content"] if block["type"] == "tool_use")
            assert (used["name"], used["input"]) == (call.name, call.arguments)


def test_the_forms_of_messages() -> None:
    results = Message(
        "user",
        [
            {"type": "tool_result", "tool_use_id": "a", "content": "1"},
            {"type": "tool_result", "tool_use_id": "b", "content": "2"},
        ],
    )
    assert results.to_openai() == [
        {"role": "tool", "tool_call_id": "a", "content": "1"},
        {"role": "tool", "tool_call_id": "b", "content": "2"},
    ]
    assert len(results.to_anthropic()) == 1
    assert Message("system", "Be brief.").to_openai() == [{"role": "system", "content": "Be brief."}]
    with pytest.raises(ValueError, match="instructions are not one there"):
        Message("system", "Be brief.").to_anthropic()
    with pytest.raises(ValueError, match="audio"):
        Message("user", [ferrule.audio(b"RIFF\x00\x00\x00\x00WAVE")]).to_anthropic()


class Answer(pydantic.BaseModel):
    reply: Reply
    message: Message


def test_models_of_pydantic_hold_replies_and_messages() -> None:
    given = REPLIES[0]
    answer = Answer(reply=given, message=given.message)
    loaded = Answer.model_validate_json(answer.model_dump_json())
    assert (loaded.reply, loaded.message) == (given, given.message)
    assert Answer.model_json_schema()["properties"]["reply"]["type"] == "object"
    with pytest.raises(pydantic.ValidationError):
        Answer.model_validate({"reply": 7, "message": given.message})


def test_endpoints_of_fastapi_return_them() -> None:
    fastapi = pytest.importorskip("fastapi")
    testclient = pytest.importorskip("fastapi.testclient")
    given = REPLIES[0]
    app = fastapi.FastAPI()

    @app.get("/plain")
    def plain():  # type: ignore[no-untyped-def]
        return given

    @app.get("/typed")
    def typed() -> Reply:
        return given

    @app.get("/parts")
    def parts():  # type: ignore[no-untyped-def]
        return {"message": given.message, "usage": given.usage}

    @app.post("/message")
    def message(given: Message = fastapi.Body()) -> Message:  # noqa: B008 - as FastAPI wants it
        return given

    with testclient.TestClient(app) as client:
        assert Reply.from_dict(client.get("/plain").json()) == given
        assert Reply.from_dict(client.get("/typed").json()) == given
        assert client.get("/parts").json() == {"message": dict(given.message), "usage": dict(given.usage)}
        assert client.post("/message", json=dict(given.message)).json() == dict(given.message)
        assert client.get("/openapi.json").status_code == 200


class Parts(pydantic.BaseModel):
    usage: ferrule.Usage
    cost: ferrule.Cost | None
    citations: list[ferrule.Citation]
    tool_calls: list[ferrule.ToolCall]
    anything: Any = None


def test_models_and_endpoints_hold_the_parts_of_a_reply() -> None:
    fastapi = pytest.importorskip("fastapi")
    testclient = pytest.importorskip("fastapi.testclient")
    given = reply(
        "Blue.",
        tool_calls=[{"name": "weather", "arguments": {"city": "Oslo"}}],
        usage={"input_tokens": 12, "output_tokens": 3},
        cost="0.0001",
    )
    citation = ferrule.Citation.from_dict({"kind": "web", "url": "https://x/sky", "start": 0, "end": 4})
    parts = Parts(
        usage=given.usage,
        cost=given.cost,
        citations=[citation],
        tool_calls=given.tool_calls,
        anything=[given, given.message, given.usage, given.cost, citation, *given.tool_calls],
    )
    loaded = Parts.model_validate_json(parts.model_dump_json())
    assert (loaded.usage, loaded.cost) == (given.usage, given.cost)
    assert (loaded.citations, loaded.tool_calls) == ([citation], given.tool_calls)
    assert [ferrule.Reply.from_dict(loaded.anything[0]), *loaded.anything[1:3]] == [
        given,
        given.message.to_dict(),
        given.usage.to_dict(),
    ]
    for wrong in ({"usage": 7}, {"tool_calls": [{"name": 7}]}, {"cost": {"total": "much"}}):
        with pytest.raises(pydantic.ValidationError):
            Parts.model_validate({**loaded.model_dump(), **wrong})
    app = fastapi.FastAPI()

    @app.get("/usage")
    def usage() -> ferrule.Usage:
        return given.usage

    @app.get("/model")
    def model() -> Parts:
        return parts

    @app.get("/any")
    def anything() -> dict[str, Any]:
        return {"message": given.message, "usage": given.usage, "calls": given.tool_calls}

    @app.get("/calls")
    def calls() -> list[ferrule.ToolCall]:
        return given.tool_calls

    with testclient.TestClient(app) as client:
        assert client.get("/usage").json() == dict(given.usage)
        assert Parts.model_validate(client.get("/model").json()) == loaded
        shown = client.get("/any").json()
        assert (shown["message"], shown["usage"]) == (dict(given.message), dict(given.usage))
        assert shown["calls"] == client.get("/calls").json() == [dict(call) for call in given.tool_calls]
        assert client.get("/openapi.json").status_code == 200


def test_texts_for_a_prompt_are_short() -> None:
    long = reply("word " * 1000, tool_calls=[{"name": "weather"}])
    assert repr(long).startswith("Reply(text='word word")
    assert "tool_calls=[weather]" in repr(long)
    picture = Message("user", ["Look:", ferrule.image(b"\x89PNG\r\n\x1a\n" + b"\x00" * 100_000)])
    assert repr(picture) == "Message(role='user', content=['Look:', <image>])"
    for shown in (long, picture, long.choices[0], long.message):
        assert len(repr(shown)) < 250
    assert repr(reply("Hi.")) == "Reply(text='Hi.', finish_reason='stop', model='simulated', provider='simulated')"


def test_notebooks_show_markdown() -> None:
    assert REPLIES[0]._repr_markdown_() == "Hello *there*."
    shown = reply("Let me see.", tool_calls=[{"name": "weather", "arguments": {"a": "```"}}])._repr_markdown_()
    assert shown == 'Let me see.\n\n````json\nweather({"a": "```"})\n````'
    assert reply(refusal="No.\nNever.")._repr_markdown_() == "> No.\n> Never."


def test_a_stream_says_what_it_is_and_what_it_has() -> None:
    with Simulator([rule("Hello.")]) as simulator, simulator.client() as client:
        with client.stream("openai/m", "hi") as stream:
            assert repr(stream).startswith("<Stream of openai")
            list(stream)
        assert repr(stream) == "<Stream of openai/m: ended, 6 characters so far>"
        assert stream._repr_markdown_() == "Hello."


def test_a_run_is_shown_shortly_and_as_its_answer() -> None:
    with Simulator([rule("Hello! " * 100)]) as simulator, simulator.client() as client:
        run = client.run("openai/m", "hi", tools=[])
        assert repr(run).startswith("Run(stopped='answer', steps=1, text='Hello! Hello!")
        assert len(repr(run)) < 150
        assert run._repr_markdown_() == run.text


@pytest.mark.parametrize(
    ("name", "meant"),
    [("input", "input_tokens"), ("output_token", "output_tokens"), ("prompt_tokens", "input_tokens|output_tokens|.*")],
)
def test_a_made_reply_has_usage_by_the_names_that_there_are(name: str, meant: str) -> None:
    with pytest.raises(TypeError, match=rf"usage: unknown field `{name}`(; did you mean `({meant})`\?)?"):
        reply("Hello.", usage={name: 1})
