"""Replies as a program keeps them: every recorded answer, plain and streamed, comes back from a dictionary, JSON, a
pickle and a copy, and what it says about itself is on the reply and not in the next request."""

from __future__ import annotations

import contextlib
import copy
import json
import pickle
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import ferrule
from ferrule import Message, ToolCall

if TYPE_CHECKING:
    from collections.abc import Iterator

WIRE = Path(__file__).parent.parent / "fixtures" / "wire"
TYPES = {
    ".json": "application/json",
    ".sse": "text/event-stream",
    ".ndjson": "application/x-ndjson",
    ".frames": "application/vnd.amazon.eventstream",
}
FORMATS = ("openai-chat", "openai-responses", "anthropic", "gemini", "bedrock", "cohere", "ollama")
FIXTURES = [
    path
    for wire_format in FORMATS
    for path in sorted((WIRE / wire_format).iterdir())
    if path.suffix in TYPES and path.name != "frames.json"
]


class Recorded(BaseHTTPRequestHandler):
    """Answers with the file that the server is given."""

    def do_POST(self) -> None:
        length = int(self.headers["content-length"])
        sent = json.loads(self.rfile.read(length))
        self.server.sent.append(sent)  # type: ignore[attr-defined]
        path = self.server.answer  # type: ignore[attr-defined]
        body = path.read_bytes()
        if body.startswith(b"# source"):
            body = body.partition(b"\n")[2]
        self.send_response(200)
        self.send_header("content-type", TYPES[path.suffix])
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Recorded) as server:
        server.daemon_threads = True
        server.sent = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def client(server: ThreadingHTTPServer) -> Iterator[ferrule.Client]:
    address = f"http://127.0.0.1:{server.server_port}"
    providers: dict[str, Any] = {
        f"own-{wire_format}": {"dialect": wire_format, "base_url": address, "api_key": "k"} for wire_format in FORMATS
    }
    with ferrule.Client(config=False, providers=providers, max_retries=0) as client:
        yield client


def received(client: ferrule.Client, server: ThreadingHTTPServer, path: Path) -> ferrule.Reply | None:
    server.answer = path  # type: ignore[attr-defined]
    model = f"own-{path.parent.name}/m"
    try:
        if path.suffix == ".json":
            return client.complete(model, "Hi")
        with client.stream(model, "Hi") as stream:
            try:
                for _ in stream:
                    pass
            except ferrule.FerruleError:
                # What came before is a reply all the same.
                pass
            return stream.reply()
    except ferrule.FerruleError:
        return None


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_is_stored_comes_back(client: ferrule.Client, server: ThreadingHTTPServer, path: Path) -> None:
    reply = received(client, server, path)
    if reply is None:
        return
    again = pickle.loads(pickle.dumps(reply))
    assert again.to_dict() == reply.to_dict()
    for choice, choice_again in zip(reply.choices, again.choices, strict=True):
        message = choice.message
        assert choice_again.message == message
        assert choice_again.extra == choice.extra
        for stored in (
            Message.from_dict(message.to_dict()),
            Message.from_dict(json.loads(json.dumps(message.to_dict()))),
            pickle.loads(pickle.dumps(message)),
            copy.deepcopy(message),
            copy.copy(message),
        ):
            assert stored == message
            assert stored.to_dict() == message.to_dict()
            assert [call.arguments_json for call in stored.tool_calls] == [
                call.arguments_json for call in message.tool_calls
            ]
        for call in message.tool_calls:
            assert pickle.loads(pickle.dumps(call)) == call
            assert copy.deepcopy(call) == call


def test_arguments_keep_their_bytes_and_count_by_their_meaning() -> None:
    spaced = ToolCall("c", "f", '{"a": 1.0, "b": [1, 2]}')
    assert spaced == ToolCall("c", "f", '{"b":[1,2],"a":1}')
    assert spaced != ToolCall("c", "f", '{"a": 2}')
    assert spaced != ToolCall("c", "g", '{"a": 1.0, "b": [1, 2]}')
    free = ToolCall("c", "f", "select 1", custom=True)
    assert pickle.loads(pickle.dumps(free)) == free
    assert free != ToolCall("c", "f", "select 1")


def test_arguments_that_a_program_changes_are_its_own() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    stored = Message("assistant", tool_calls=[call]).to_dict()
    assert Message.from_dict(stored).tool_calls[0].arguments_json == '{"a": 1}'
    (block,) = stored["content"]
    block["input"]["a"] = 2
    assert Message.from_dict(stored).tool_calls[0].arguments == {"a": 2}


AZURE = {
    "id": "c",
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hi", "annotations": [{"type": "url_citation"}]},
            "finish_reason": "stop",
            "content_filter_results": {"hate": {"filtered": False}},
            "native_finish_reason": "STOP",
        }
    ],
    "x_new": 1,
}
CHUNKS: list[dict[str, Any]] = [
    {"delta": {"role": "assistant", "content": "Hi"}, "content_filter_results": {"hate": {"filtered": False}}},
    {"delta": {"annotations": [{"type": "url_citation"}]}, "native_finish_reason": "STOP"},
    {"delta": {}, "finish_reason": "stop", "content_filter_results": {}},
]


@pytest.mark.parametrize("streamed", [False, True])
def test_what_an_answer_says_about_itself_is_on_the_reply_and_not_sent(
    client: ferrule.Client, server: ThreadingHTTPServer, tmp_path: Path, streamed: bool
) -> None:
    path = tmp_path / ("answer.sse" if streamed else "answer.json")
    if streamed:
        head = {key: AZURE[key] for key in ("id", "model", "x_new")}
        frames = [json.dumps({**head, "choices": [{"index": 0, **chunk}]}) for chunk in CHUNKS]
        path.write_text("".join(f"data: {frame}\n\n" for frame in [*frames, "[DONE]"]))
    else:
        path.write_text(json.dumps(AZURE))
    server.answer = path  # type: ignore[attr-defined]
    if streamed:
        with client.stream("own-openai-chat/m", "Hi") as stream:
            for _ in stream:
                pass
            reply = stream.reply()
    else:
        reply = client.complete("own-openai-chat/m", "Hi")
    expected = {"content_filter_results": {"hate": {"filtered": False}}, "native_finish_reason": "STOP"}
    assert reply.choices[0].extra == expected
    assert reply.to_dict()["choices"][0]["extra"] == expected
    assert reply.extra["x_new"] == 1
    assert reply.message.to_dict()["annotations"] == [{"type": "url_citation"}]
    history: list[Any] = [{"role": "user", "content": "Hi"}, reply.message, {"role": "user", "content": "Why?"}]
    stored = [history[0], json.loads(json.dumps(reply.message.to_dict())), history[2]]
    for turns in (history, stored):
        for wire_format in ("openai-chat", "anthropic", "gemini", "cohere", "ollama", "openai-responses"):
            sent: list[Any] = server.sent  # type: ignore[attr-defined]
            sent.clear()
            # The answer may not be one of that format.
            with contextlib.suppress(ferrule.FerruleError):
                client.complete(f"own-{wire_format}/m", turns, max_tokens=9)
            text = json.dumps(sent)
            assert "Why?" in text
            for name in ("content_filter", "native_finish", "url_citation", "answer_fields", "signed_by"):
                assert name not in text, (wire_format, text)
