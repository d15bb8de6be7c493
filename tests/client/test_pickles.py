"""Pickles: what pickles unpickles, and is equal then; what does not says so when it is pickled.

What only fails when it is unpickled never comes out of a pool of processes, and hangs it.
"""

from __future__ import annotations

import copy
import dataclasses
import http.server
import inspect
import json
import multiprocessing
import pickle
import threading
from typing import Any

import pytest

import ferrule
from ferrule import errors
from ferrule.schema_check import SchemaMismatchError
from ferrule.testing import Simulator, rule


class OwnError(ferrule.RateLimitedError):
    """With arguments of its own."""

    def __init__(self, first: int, second: int) -> None:
        super().__init__(f"{first} and {second}", retry_after=second)
        self.first = first


class OwnTimeoutError(ferrule.TotalTimeoutError):
    def __init__(self, *, needed: int) -> None:
        super().__init__("too late")
        self.needed = needed


ERRORS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.FerruleError)]


@dataclasses.dataclass
class City:
    name: str


def whole_reply() -> ferrule.Reply:
    reply = {
        "text": "Hi 🎉",
        "reasoning": "Because.",
        "tool_calls": [{"name": "f", "arguments": {"a": 1}}],
        "usage": {"input_tokens": 7, "cache_read_tokens": 2},
    }
    with Simulator([rule(reply)]) as simulator, simulator.client() as client:
        return client.complete("openai/gpt-4o", "Hello.")


def failed(kind: type[errors.FerruleError], reply: ferrule.Reply) -> errors.FerruleError:
    """An error of the class with every attribute set."""
    values: dict[str, Any] = {
        "provider": "openai",
        "model": "gpt",
        "attempts": reply.attempts,
        "partial_reply": reply,
        "status": 429,
        "retry_after": 1.5,
    }
    names = [name for name in inspect.signature(kind.__init__).parameters if name not in ("self", "message")]
    return kind("went 🎉 wrong", **{name: values.get(name, f"the {name}") for name in names})


def assert_same(error: BaseException, again: BaseException) -> None:
    assert type(again) is type(error)
    assert again.args == error.args
    assert str(again) == str(error)
    assert vars(again) == vars(error)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("kind", ERRORS)
def test_errors_with_every_attribute(kind: type[errors.FerruleError], protocol: int) -> None:
    error = failed(kind, whole_reply())
    if hasattr(error, "add_note"):
        error.add_note("a note")
    assert_same(error, pickle.loads(pickle.dumps(error, protocol)))
    assert_same(error, copy.copy(error))
    assert_same(error, copy.deepcopy(error))


@pytest.mark.parametrize(
    "error", [OwnError(1, 2), OwnTimeoutError(needed=3), SchemaMismatchError("no"), OwnError(0, 0)]
)
def test_errors_of_other_classes(error: BaseException) -> None:
    assert_same(error, pickle.loads(pickle.dumps(error)))


def everything() -> dict[str, Any]:
    """Objects of the public classes that come of calls."""
    found: dict[str, Any] = {}
    script = [
        rule({"text": "Hi.", "reasoning": "r", "tool_calls": [{"name": "f", "arguments": {}}]}, dialect="openai-chat")
    ]
    with Simulator(script) as simulator, simulator.client() as client:
        with client.stream("openai/gpt-4o", "Hello.") as stream:
            found.update((type(event).__name__, event) for event in stream)
            found["streamed"] = stream.reply()
        reply = client.complete("openai/gpt-4o", "Hello.", response_format=City)
        found.update(reply=reply, choice=reply.choices[0], message=reply.message, usage=reply.usage)
        found.update(stats=reply.stats, cost=reply.cost, attempts=reply.attempts, call=reply.tool_calls[0])
        found["embeddings"] = client.embed("openai/text-embedding-3-small", ["a", "b"])
        found["ranking"] = client.rerank("cohere/rerank", "q", ["a", "b"])
        found["images"] = client.images.generate("openai/gpt-image-1", "a")
        found["transcript"] = client.audio.transcribe("openai/whisper-1", b"RIFF")
        found["health"] = client.health(["openai"])
        found["count"] = client.count_tokens("openai/gpt-4o", "Hello.")
        found["capabilities"] = client.capabilities("openai/gpt-4o")
        found["tracker"] = client.usage()
        found["totals"] = client.usage().total()
        found["client"] = client
        found["stream"] = stream
        found["recorded"] = simulator.requests[0]
        found["timeouts"] = ferrule.Timeouts(total=3)
        found["file"] = ferrule.SecretFile(file="/nowhere") if callable(ferrule.SecretFile) else None
        return found


def test_everything_that_pickles_unpickles_equal() -> None:
    pickled = set()
    for name, value in everything().items():
        try:
            text = pickle.dumps(value)
        except (TypeError, pickle.PicklingError):
            continue  # Whoever pickles it is told.
        pickled.add(name)
        assert pickle.loads(text) == value, name
        assert copy.deepcopy(value) == value, name
    wanted = {"reply", "streamed", "message", "usage", "stats", "cost", "attempts", "call", "embeddings", "ranking"}
    assert wanted | {"images", "transcript", "health", "count", "capabilities", "totals", "timeouts"} <= pickled


ODD = [
    '{"choices":[]}',
    '{"choices":[{"index":0,"message":{"role":"assistant","content":null},"finish_reason":"odd 🎉"}]}',
    r'{"choices":[{"index":0,"message":{"role":"assistant","content":"a"},"finish_reason":"stop"}],"x":"\ud83c"}',
    r'{"choices":[{"index":0,"message":{"role":"assistant","content":"a","x":"\ud83c"},"logprobs":{"x":"\ud83c"}}]}',
    '{"choices":[{"index":0,"message":{"role":"assistant","content":"a"},"logprobs":{"x":'
    + "[" * 90
    + "]" * 90
    + "}}]}",
    '{"choices":[{"index":0,"message":{"role":"assistant","content":"a"},"x":12345678901234567890123}],"y":1e400}',
    '{"choices":[{"index":0,"message":{"role":"assistant","content":[{"type":"odd","x":'
    + "[" * 80
    + "]" * 80
    + "}]}}]}",
    '{"id":7,"model":null,"choices":[{"message":{"role":"assistant","content":"a"}}],"usage":{"prompt_tokens":"7"}}',
    r'{"choices":[{"message":{"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"a"}}]}}]}',
]


class Answering(http.server.BaseHTTPRequestHandler):
    """Answers every request with the server's body."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        body = self.server.body  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Nothing."""


@pytest.mark.parametrize("body", ODD)
def test_odd_replies(body: str) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        server.body = body.encode()  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        provider = {"base_url": f"http://127.0.0.1:{server.server_port}/v1", "api_key": "k"}
        with ferrule.Client(config=False, providers={"odd": provider}, max_retries=0) as client:
            try:
                came: Any = client.complete("odd/m", "Hello.")
            except ferrule.FerruleError as error:
                came = error
        server.shutdown()
    try:
        text = pickle.dumps(came)
    except (TypeError, ValueError, pickle.PicklingError):
        return  # The process that has it is told.
    again = pickle.loads(text)
    if isinstance(came, BaseException):
        assert_same(came, again)
    else:
        assert again == came
        assert pickle.dumps(again) == text


def returned(kind: str) -> Any:
    if kind == "reply":
        return whole_reply()
    if kind == "embeddings":
        return everything()["embeddings"]
    raise OwnError(1, 2) if kind == "own" else failed(getattr(errors, kind), whole_reply())


def test_a_pool_of_processes_gets_them() -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply_async(returned, ["reply"]).get(60).text == "Hi 🎉"
        assert len(pool.apply_async(returned, ["embeddings"]).get(60).vectors) == 2
        with pytest.raises(OwnError, match="1 and 2"):
            pool.apply_async(returned, ["own"]).get(60)
        for kind in ("StreamInterruptedError", "TotalTimeoutError", "UnsupportedError", "RateLimitedError"):
            with pytest.raises(getattr(errors, kind), match="went 🎉 wrong"):
                pool.apply_async(returned, [kind]).get(60)


def test_an_answer_that_does_not_fit_is_an_error_that_pickles() -> None:
    with Simulator([rule(json.dumps({"name": 7}))]) as simulator, simulator.client() as client:
        reply = pickle.loads(pickle.dumps(client.complete("openai/gpt", "?", response_format=City)))
    with pytest.raises(SchemaMismatchError) as raised:
        _ = reply.parsed
    assert_same(raised.value, pickle.loads(pickle.dumps(raised.value)))
