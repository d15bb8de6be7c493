"""`ferrule.anthropic` without routing: the same bytes leave, the same objects come back, by the Rust core."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import pickle
from typing import TYPE_CHECKING, Any

import anthropic
import pytest
from scripted import Scripted, error_shape, response, shape, streamed

import ferrule.anthropic
from ferrule.anthropic.sdk import SDK

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Iterator

HTTPX: Any = SDK.httpx
HELLO: Any = [{"role": "user", "content": "Hellö, \U0001f30d!"}]
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5",
    "content": [
        {"type": "text", "text": "Hi!", "citations": None},
        {"type": "tool_use", "id": "t", "name": "f", "input": {"a": [1]}},
        {"type": "of_tomorrow", "x": 1},
    ],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 3, "output_tokens": 2, "cache_read_input_tokens": 0, "own": {"a": 1}},
    "x_own": [1, 2.5, None],
}
EVENTS = [
    {"type": "message_start", "message": {**MESSAGE, "content": []}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hel"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "lö"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
    {"type": "message_stop"},
]


@pytest.fixture
def server() -> Iterator[Scripted]:
    server = Scripted()
    yield server
    server.close()


def frames(events: list[Any]) -> list[str]:
    return [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events]


def counts() -> dict[str, Any]:
    return ferrule.anthropic.statistics()


def both(server: Scripted, call: Callable[[Any], Any], **options: Any) -> tuple[Any, Any]:
    """What comes of a call with the official client and with ours; the requests have to be the same, byte for byte."""
    found: list[Any] = []
    requests = []
    for kind in (anthropic.Anthropic, ferrule.anthropic.Anthropic):
        given = {"api_key": "sk-1", "base_url": server.url, "max_retries": 0} | options
        with kind(**given) as sdk:
            for _ in range(2):  # the second one by what the first left
                try:
                    found.append(shape(call(sdk)))
                except Exception as error:
                    found.append(error_shape(error))
        requests.append(server.taken())
    assert requests[0] == requests[1]
    assert found[:2] == found[2:]
    return found[1], found[3]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"system": "Be brief.", "stop_sequences": ["a"], "metadata": {"user_id": "ü"}},
        {"tools": [{"name": "f", "input_schema": {"type": "object", "properties": {"a": {"type": "number"}}}}]},
        {"messages": iter(HELLO)},
        {"messages": ({"role": "user", "content": ({"type": "text", "text": "a"},)},)},
        {"extra_headers": {"anthropic-beta": "a", "X-Own": "1"}, "extra_query": {"a": "1"}},
        {"extra_body": {"top_k": 3, "model": "other"}},
        {"timeout": 3},
        {"timeout": HTTPX.Timeout(9, connect=1)},
        {"service_tier": "auto", "stream": False},
    ],
    ids=lambda given: ",".join(given) or "plain",
)
def test_what_is_sent(server: Scripted, given: dict[str, Any]) -> None:
    server.answers.append(response(json.dumps(MESSAGE), request_id="req_9", anthropic_workspace_id="w"))
    given = {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": HELLO} | given
    if "messages" in given and not isinstance(given["messages"], (list, tuple)):
        both(server, lambda sdk: sdk.messages.create(**{**given, "messages": iter(HELLO)}))
    else:
        both(server, lambda sdk: sdk.messages.create(**given))


def test_the_path_is_taken(server: Scripted) -> None:
    server.answers.append(response(json.dumps(MESSAGE), request_id="req_9"))
    before = counts()["fast"]
    both(server, lambda sdk: sdk.messages.create(model="m", max_tokens=9, messages=HELLO))
    assert counts()["fast"] == before + 2
    with ferrule.anthropic.Anthropic(api_key="k", base_url=server.url) as sdk:
        reply = sdk.messages.create(model="m", max_tokens=9, messages=HELLO)
    assert reply._request_id == "req_9"
    assert pickle.loads(pickle.dumps(reply)) == reply
    server.taken()
    server.answers[0] = response('{"input_tokens": 7}')
    both(server, lambda sdk: sdk.messages.count_tokens(model="m", messages=HELLO))
    both(server, lambda sdk: sdk.beta.messages.create(model="m", max_tokens=9, messages=HELLO, betas=["a", "b"]))
    assert counts()["fast"] == before + 7


ODD = {
    "status-500": [response('{"type": "error", "error": {"type": "api_error", "message": "No"}}', 500)],
    "status-400": [response('{"type": "error", "error": {"type": "invalid_request_error", "message": "No"}}', 400)],
    "status-529": [response('{"type": "error", "error": {"type": "overloaded_error", "message": "No"}}', 529)],
    "text": [response("hello", 200, "text/plain")],
    "broken-json": [response('{"id": ')],
    "null": [response("null")],
    "wrong-types": [response('{"id": 5, "content": "none", "usage": {"input_tokens": "3"}, "role": 1.0}')],
    "missing": [response("{}")],
    "duplicate-keys": [response('{"id": "a", "id": "b"}')],
    "closed": [b""],
}


@pytest.mark.parametrize("answers", ODD.values(), ids=ODD)
def test_odd_answers(server: Scripted, answers: list[bytes]) -> None:
    server.answers.extend(answers)
    both(server, lambda sdk: sdk.messages.create(model="m", max_tokens=9, messages=HELLO))


def test_retries_are_the_sdks(server: Scripted) -> None:
    found = []
    for kind in (anthropic.Anthropic, ferrule.anthropic.Anthropic):
        server.answers.clear()
        server.answers.extend([
            response("{}", 429, retry_after_ms="1"), response("{}", 503, retry_after_ms="1"), b"",
            response(json.dumps(MESSAGE)),
        ])  # fmt: skip
        with kind(api_key="k", base_url=server.url, max_retries=3) as sdk:
            found.append(shape(sdk.messages.create(model="m", max_tokens=9, messages=HELLO)))
        found.append(server.taken())
    assert found[:2] == found[2:]


ERROR = 'event: error\ndata: {"type": "error", "error": {"type": "overloaded_error", "message": "No"}}\n\n'
STREAMS = {
    "usual": frames(EVENTS),
    "several-in-one": ["".join(frames(EVENTS))],
    "split": [part for frame in frames(EVENTS) for part in (frame[:9], frame[9:40], frame[40:]) if part],
    "crlf": [frame.replace("\n", "\r\n") for frame in frames(EVENTS)],
    "without-names": [f"data: {json.dumps(event)}\n\n" for event in EVENTS],
    "unknown": [*frames(EVENTS[:3]), *frames([{"type": "of_tomorrow", "x": 1}]), *frames(EVENTS[3:])],
    "error": [*frames(EVENTS[:3]), ERROR, *frames(EVENTS[3:])],
    "broken-json": [*frames(EVENTS[:3]), "event: message_stop\ndata: {\n\n"],
    "unterminated": [*frames(EVENTS[:3]), frames(EVENTS)[3].rstrip()],
    "wrong-types": frames([{"type": "content_block_delta", "index": "0", "delta": {"type": "text_delta", "text": 5}}]),
}


def drained(sdk: Any) -> Any:
    items: list[Any] = []
    try:
        with sdk.messages.create(model="m", max_tokens=9, messages=HELLO, stream=True) as stream:
            assert isinstance(stream, anthropic.Stream)
            items.extend(shape(item) for item in stream)
    except Exception as error:
        items.append(error_shape(error))
    return items


@pytest.mark.parametrize("body", STREAMS.values(), ids=STREAMS)
def test_streams(server: Scripted, body: list[str]) -> None:
    server.answers.append(streamed(*body))
    before = counts()["fast"]
    both(server, drained)
    assert counts()["fast"] - before == 2


@pytest.mark.parametrize("body", STREAMS.values(), ids=STREAMS)
async def test_asynchronous_streams(server: Scripted, body: list[str]) -> None:
    server.answers.append(streamed(*body))
    found = []
    for kind in (anthropic.AsyncAnthropic, ferrule.anthropic.AsyncAnthropic):
        items: list[Any] = []
        async with kind(api_key="k", base_url=server.url, max_retries=0) as sdk:
            try:
                stream = await sdk.messages.create(model="m", max_tokens=9, messages=HELLO, stream=True)
                assert isinstance(stream, anthropic.AsyncStream)
                items += [shape(item) async for item in stream]
            except Exception as error:
                items.append(error_shape(error))
        found.append((items, server.taken()))
    assert found[0] == found[1]


def test_helpers(server: Scripted) -> None:
    server.answers.append(streamed(*frames(EVENTS)))

    def helper(sdk: Any) -> Any:
        with sdk.messages.stream(model="m", max_tokens=9, messages=HELLO) as stream:
            return [[event.type for event in stream], stream.get_final_message(), stream.request_id]

    both(server, helper)


async def test_asynchronous_calls(server: Scripted, tmp_path: pathlib.Path) -> None:
    server.answers.append(response(json.dumps(MESSAGE)))
    picture = tmp_path / "a.png"
    picture.write_bytes(b"png")
    source = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": picture}}
    found = []
    for kind in (anthropic.AsyncAnthropic, ferrule.anthropic.AsyncAnthropic):
        async with kind(api_key="k", base_url=server.url) as sdk:
            calls = [sdk.messages.create(model="m", max_tokens=9, messages=HELLO) for _ in range(8)]
            found.append([shape(one) for one in await asyncio.gather(*calls)])
            await sdk.messages.create(model="m", max_tokens=9, messages=[{"role": "user", "content": [source]}])
        found.append(server.taken())
    assert found[:2] == found[2:]


def test_a_manager_that_somebody_has_wrapped_is_left_as_it_is(
    server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As OpenInference, ddtrace and New Relic put proxies around the managers of `.stream()`."""
    server.answers.append(streamed(*frames(EVENTS)))
    messages: Any = anthropic.resources.messages.Messages
    original = messages.stream

    class Manager:
        __slots__ = ("wrapped",)

        def __init__(self, wrapped: Any) -> None:
            self.wrapped = wrapped

        @property
        def __class__(self) -> Any:
            return type(self.wrapped)

        def __enter__(self) -> Any:
            return self.wrapped.__enter__()

        def __exit__(self, *error: object) -> None:
            self.wrapped.__exit__(*error)

    monkeypatch.setattr(messages, "stream", lambda self, **given: Manager(original(self, **given)))
    with (
        ferrule.anthropic.Anthropic(api_key="k", base_url=server.url) as sdk,
        sdk.messages.stream(model="m", max_tokens=5, messages=HELLO) as stream,
    ):
        assert "".join(stream.text_stream)


def test_guards(server: Scripted) -> None:
    server.answers.append(response(json.dumps({**MESSAGE, "content": []})))

    def guarded(why: str, **options: Any) -> None:
        before = counts()["guards"].get(why, 0)
        with ferrule.anthropic.Anthropic(**({"api_key": "k", "base_url": server.url} | options)) as sdk:
            sdk.messages.create(model="m", max_tokens=9, messages=HELLO)
        assert counts()["guards"].get(why, 0) == before + 1, counts()

    guarded("an http_client of the caller's", http_client=HTTPX.Client())
    guarded("strict response validation", _strict_response_validation=True)
    if "middleware" in inspect.signature(anthropic.Anthropic).parameters:
        guarded("middleware", middleware=[lambda request, call_next: call_next(request)])
    logging.getLogger("anthropic").setLevel(logging.DEBUG)
    guarded("the SDK's logger is at DEBUG")
    logging.getLogger("anthropic").setLevel(logging.NOTSET)
