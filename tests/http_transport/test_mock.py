"""`ferrule.testing.mock`: requests of every kind are answered without a server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

import ferrule
from ferrule.httpx import AsyncFerruleTransport, FerruleTransport
from ferrule.testing import mock

if TYPE_CHECKING:
    from scripted import Scripted

CHAT = "https://api.openai.com/v1/chat/completions"
REPLY = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-5-mini",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}


def chunk(text: str | None, finish: str | None = None) -> dict[str, Any]:
    delta = {} if text is None else {"content": text}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-5-mini", "choices": [choice]}


def client() -> ferrule.Client:
    return ferrule.Client(providers={"openai": {"api_key": "sk-mocked"}}, max_retries=0, config=False)


def test_httpx(library: Any) -> None:
    with mock() as http:
        route = http.post("https://api.example/v1/things", json={"id": 1}, headers={"X-Kind": "thing"}, status=201)
        with library.Client(transport=FerruleTransport()) as client:
            response = client.post("https://api.example/v1/things?page=2", json={"name": "a"})
    assert (response.status_code, response.json(), response.headers["x-kind"]) == (201, {"id": 1}, "thing")
    assert response.headers["content-type"] == "application/json"
    (call,) = route.calls
    assert (call.method, call.url, call.json()) == ("POST", "https://api.example/v1/things?page=2", {"name": "a"})
    assert call.headers["content-type"] == "application/json"


def test_async_httpx_and_uploads(library: Any) -> None:
    async def pieces() -> Any:
        yield b"one"
        yield b"two"

    async def run() -> Any:
        async with library.AsyncClient(transport=AsyncFerruleTransport()) as client:
            return await client.put("http://api.example/file", content=pieces())

    with mock() as http:
        route = http.put("http://api.example/*", content=[b"a", b"b"])
        assert asyncio.run(run()).content == b"ab"
    assert route.calls[0].body == b"onetwo"


def test_calls_of_the_engine() -> None:
    with mock() as http, client() as openai:
        http.post(CHAT, json=REPLY, times=1)
        assert openai.complete("openai/gpt-5-mini", "Hello").text == "Hi."
        http.post(CHAT, events=[chunk("One"), chunk(" two"), chunk(None, "stop"), "[DONE]"])
        with openai.stream("openai/gpt-5-mini", "Hello") as stream:
            assert "".join(stream.text) == "One two"
    assert [call.json().get("stream", False) for call in http.calls] == [False, True]
    assert http.calls[0].headers["authorization"] == "Bearer sk-mocked"


def test_errors_of_the_engine() -> None:
    error = {"error": {"message": "Slow down.", "type": "requests", "code": "rate_limit_exceeded"}}
    with mock() as http, client() as openai:
        http.post(CHAT, json=error, status=429, times=1)
        with pytest.raises(ferrule.RateLimitedError, match="Slow down"):
            openai.complete("openai/gpt-5-mini", "Hello")
        http.fail("POST", CHAT, message="the cable is out")
        with pytest.raises(ferrule.ConnectError, match="the cable is out"):
            openai.complete("openai/gpt-5-mini", "Hello")


def test_what_nothing_answers_does_not_leave(library: Any, server: Scripted) -> None:
    with mock(assert_all_called=False), library.Client(transport=FerruleTransport()) as http:
        with pytest.raises(library.ConnectError, match=r"no answer .* GET http://127.0.0.1:\d+/plain") as caught:
            http.get(server.url + "/plain?key=abc")
        assert "abc" not in str(caught.value)
    assert server.received == []
    with mock(passthrough=True), library.Client(transport=FerruleTransport()) as http:
        assert http.get(server.url + "/plain").text == "hello"
    with library.Client(transport=FerruleTransport()) as http:
        assert http.get(server.url + "/plain").text == "hello", "afterwards requests go to servers again"


def test_what_matches(library: Any) -> None:
    with mock() as http, library.Client(transport=FerruleTransport()) as client:
        http.add("POST", "http://a.example/*", match_json={"n": 1, "m": [2]}, text="one")
        http.add(None, "http://a.example/q?x=1&y=2", text="query")
        http.post("http://a.example/q", text="first", times=1)
        http.post("http://a.example/q", text="later")
        assert client.post("http://a.example/b/c", content=b'{"m":[2],"n":1}').text == "one"
        assert client.get("http://a.example/q?y=2&x=1").text == "query"
        assert [client.post("http://a.example/q").text for _ in range(3)] == ["first", "later", "later"]


def test_an_answer_that_was_not_used() -> None:
    with pytest.raises(AssertionError, match=r"GET http://a\.example/"), mock() as http:
        http.get("http://a.example/")


def test_one_body() -> None:
    with pytest.raises(ValueError, match="one body"):
        mock().get("http://a.example/", json=1, text="2")
    with pytest.raises(ValueError, match="status"):
        mock().get("http://a.example/", status=100)


def test_one_within_another(library: Any) -> None:
    with mock() as outer, library.Client(transport=FerruleTransport()) as client:
        outer.get("http://a.example/", text="outer")
        with mock() as inner:
            inner.get("http://a.example/", text="inner")
            assert client.get("http://a.example/").text == "inner"
        assert client.get("http://a.example/").text == "outer"
