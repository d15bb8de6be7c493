"""Pickles: what pickles unpickles, and is equal then; what does not says so when it is pickled.

What only fails when it is unpickled never comes out of a pool of processes, and hangs it.
"""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import http.server
import inspect
import json
import multiprocessing
import pickle
import threading
from typing import TYPE_CHECKING, Any

import pytest

import ferrule
from ferrule import Unknown, errors
from ferrule.catalog import find
from ferrule.schema_check import SchemaMismatchError
from ferrule.testing import Simulator, rule

if TYPE_CHECKING:
    from collections.abc import Sequence


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


def f(a: list[Any]) -> str:
    """A tool."""
    return str(a)


def is_same(one: Any, other: Any) -> bool:
    if isinstance(one, ferrule.Tool):
        return (one.name, one.declaration, one.function) == (other.name, other.declaration, other.function)
    if isinstance(one, (ferrule.StreamStats, ferrule.TextAccumulator)):
        return vars(one) == vars(other)
    return one == other


def script() -> list[Any]:
    whole = {
        "text": "Hi 🎉",
        "reasoning": "Because.",
        "tool_calls": [{"name": "f", "arguments": {"a": [1, None, "ü"]}}],
        "usage": {"input_tokens": 7, "cache_read_tokens": 2},
    }
    return [rule({"refusal": "No."}, text="refuse"), rule(whole, model="gpt-4o")]


def routed() -> list[Any]:
    """Plans, and what strategies and observers are given."""
    found: list[Any] = [ferrule.Routing(strategy="sequential", only=["openai"], hedge=0.5)]
    rules = [rule("No.", model="bad", fault={"status": {"status": 500}}), rule("Hi.")]

    def strategy(targets: Sequence[ferrule.RoutingTarget]) -> Sequence[ferrule.RoutingTarget]:
        found.extend(targets)
        return targets[:1]

    with Simulator(rules) as simulator, simulator.client(max_retries=1, retry={"backoff": 0.01}) as client:
        for kind in ("request", "response", "error", "retry", "failover", "breaker", "stream_end"):
            found.append(client.on(kind, found.append))
        plan = client.route(["openai/bad", "openai/good"], routing={"strategy": strategy})
        found += [plan, *plan.targets, *plan.passed_over]
        client.complete(["openai/bad", "openai/good"], "Hi.", metadata={"team": "a"})
        with pytest.raises(ferrule.ServerError):
            client.complete("openai/bad", "Hi.")
        "".join(client.stream("openai/good", "Hi.").text)
        client.breaker("openai/good").open()
    return found


def limited() -> list[Any]:
    """What is known of limits and budgets, and their events."""
    limits: dict[str, ferrule.LimitOptions] = {"few": {"requests_per_minute": 1, "when_full": "refuse"}}
    budgets: dict[str, ferrule.BudgetOptions] = {"small": {"amount": 0.0000001, "mode": "soft"}}
    found: list[Any] = []
    with Simulator() as simulator, simulator.client(limits=limits, budgets=budgets) as client:
        found += [client.on("limit", found.append), client.on("budget", found.append)]
        client.complete("openai/gpt-4o", "Hi.", max_tokens=9)
        with pytest.raises(ferrule.RateLimitedError):
            client.complete("openai/gpt-4o", "Hi.", max_tokens=9)
        status = client.status()
        return [*found, *status.limits, *status.budgets, client.budget("small")]


def intercepted() -> list[Any]:
    """What interceptors get, and what measures streams."""
    found: list[Any] = []
    with Simulator() as simulator, simulator.client() as client:
        found += [client.intercept(stage, found.append) for stage in ("request", "text", "answer")]
        client.complete("openai/gpt-4o", "Hello.")
        with client.stream("openai/gpt-4o", "Hello.") as stream:
            found.append(stream.measure())
            list(stream)
    with ferrule.patch("litellm") as patch:
        found.append(patch)
    return [*found, ferrule.TextAccumulator()]


def everything() -> dict[str, Any]:
    """An object of every public class, by the name of the class."""
    found = [*routed(), *limited(), *intercepted()]
    with Simulator(script()) as simulator, simulator.client(groups={"g": {"targets": ["openai/gpt-4o"]}}) as client:
        for prompt in ("Hello.", "refuse"):
            with client.stream("openai/gpt-4o", prompt) as stream:
                found += [*stream, stream.reply(), stream]
        reply = client.complete("openai/gpt-4o", "Hello.", response_format=City)
        found += [reply, *reply.choices, reply.message, *reply.tool_calls, reply.usage, reply.stats, reply.cost]
        found += [*reply.attempts, client.embed("openai/text-embedding-3-small", ["a", "b"])]
        ranking = client.rerank("cohere/rerank", "q", ["a", "b"])
        images = client.images.generate("openai/gpt-image-1", "a")
        found += [ranking, *ranking.results, images, *images.images, *client.models("openai")]
        found += [client.audio.transcribe("openai/whisper-1", b"RIFF"), client.health(["openai"])[0]]
        found += [client.count_tokens("openai/gpt-4o", "Hello."), client.capabilities("openai/gpt-4o")]
        found += [client, client.images, client.audio, client.ollama, client.ruvllm, client.registry]
        found += [client.registry.aliases, client.usage(), client.usage().total(), ferrule.Timeouts(total=3)]
        status = client.status()
        found += [status, *status.groups, *status.targets, client.breaker("openai/gpt-4o")]
        several: ferrule.ProviderOptions = {"base_url": simulator.openai_base_url, "api_keys": ["sk-a", "sk-b"]}
        with ferrule.Client(config=False, providers={"main": several}) as other:
            found += other.status().keys
        with client.audio.speech("openai/tts-1", "a", voice="alloy") as body:
            found.append(body)
        run = client.stream_run("openai/gpt-4o", "Hello.", tools=[f], max_steps=1)
        found += [*run, run, run.run(), ferrule.Tool(f), client.map("openai/gpt-4o", ["Hello."])]
        found += [find("openai/gpt-4o"), ferrule.Sidecar(["sleep", "1"])]

        async def asynchronous() -> None:
            async with simulator.async_client() as loops:
                found.extend([loops, loops.images, loops.audio, loops.stream("openai/gpt-4o", "Hello.")])
                found.append(await loops.audio.speech("openai/tts-1", "a", voice="alloy"))

                @loops.provider("own")
                async def own(request: ferrule.ProviderRequest) -> str:
                    found.append(request)
                    return "Hi."

                await loops.complete("own/m", "Hello.")
                found.append(loops.stream_run("own/m", "Hello.", tools=[f]))
                found.append(loops.map("own/m", ["Hello."]))

        asyncio.run(asynchronous())
        found.append(Unknown._from_fields("a name", {"a": [1]}, 3.5))
        source = '{"kind":"web","url":"https://x/s","start":0,"end":2,"raw":{"spaces": [1, 2]}}'
        found.append(ferrule.Citation._from_json(source))
        found.append(ferrule.CitationDelta._from_fields(found[-1], 0, 0, 3.5))
        found.append(ferrule.Continued._from_fields("openai/gpt-4o", "prefix", 3.5))
    return {type(one).__name__: one for one in found}


NOT_OBJECTS = {
    # Types of dictionaries and unions, whose values are plain.
    *("Approval", "Hook", "RunEvent", "RunOptions", "Tools"),
    *("AudioFile", "CompletionOptions", "EmbeddingOptions", "Event", "ImageOptions", "Messages", "OperationOptions"),
    *("ProviderOptions", "RerankOptions", "Secret", "SecretCommand", "SecretFile", "SecretVariable", "SpeechOptions"),
    *("BreakerOptions", "CallOptions", "CommonOptions", "GroupOptions", "Model", "ReasoningEffort", "ResponseType"),
    *("BudgetOptions", "KeyOptions", "LimitOptions", "RetryOptions", "Role", "TargetOptions", "ToolChoice"),
    "TranscriptionOptions",
    # Functions.
    *("complete", "intercept", "on", "patch", "reset", "stream", "unpatch"),
    *("attachment", "audio", "document", "image"),
    # The base classes of results and events.
    *("ObserverEvent", "OperationReply"),
}
OF_ONE_PROCESS = {
    *("AsyncAudioOperations", "AsyncBody", "AsyncClient", "AsyncImageOperations", "AsyncStream", "AudioOperations"),
    *("Breaker", "Budget", "Interceptor", "InterceptedAnswer", "InterceptedRequest", "InterceptedText", "Patch"),
    *("Body", "CatalogModel", "Client", "ImageOperations", "Ollama", "Registry", "RegistrySection", "RuvLLM"),
    *("AsyncReplies", "AsyncRunStream", "Replies", "RunStream", "Sidecar", "Stream", "Subscription", "UsageTracker"),
}
COPIES = {"copy": copy.copy, "deepcopy": copy.deepcopy} | {
    f"protocol {number}": lambda value, number=number: pickle.loads(pickle.dumps(value, number))
    for number in range(pickle.HIGHEST_PROTOCOL + 1)
}


def test_all_that_is_public_pickles_and_comes_back_equal_or_says_at_once_that_it_does_not() -> None:
    found = everything()
    names = {name for name in ferrule.__all__ if name not in NOT_OBJECTS and not name.startswith("_")}
    names -= {kind.__name__ for kind in ERRORS} | {"catalog", "errors", "testing"}
    assert names <= found.keys(), names - found.keys()
    for name in sorted(names - OF_ONE_PROCESS):
        for how, copied in COPIES.items():
            again = copied(found[name])
            assert type(again) is type(found[name]), (name, how)
            assert is_same(found[name], again), (name, how)
            if name != "Tool":
                assert repr(again) == repr(found[name]), (name, how)
    for name in sorted(OF_ONE_PROCESS):
        for number in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises((TypeError, pickle.PicklingError), match=r"an(no|')t pickle"):
                pickle.dumps(found[name], number)
        with pytest.raises(TypeError, match="cannot pickle"):
            copy.deepcopy(found[name])


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
        return
    assert again == came
    assert pickle.dumps(again) == text
    for part in (came.message, came.usage, came.cost, came.stats, *came.choices, *came.attempts, *came.tool_calls):
        try:
            text = pickle.dumps(part)
        except (TypeError, ValueError, pickle.PicklingError):
            continue
        assert pickle.loads(text) == part
        assert copy.deepcopy(part) == part


def returned(kind: str) -> Any:
    if kind == "reply":
        return whole_reply()
    if kind == "embeddings":
        with Simulator() as simulator, simulator.client() as client:
            return client.embed("openai/text-embedding-3-small", ["a", "b"])
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
