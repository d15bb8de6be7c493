"""`ferrule.openai` without routing: the same bytes leave, the same objects come back, by the Rust core."""

from __future__ import annotations

import asyncio
import copy
import datetime
import functools
import gc
import json
import logging
import pickle
from typing import TYPE_CHECKING, Any

import openai
import pytest
from scripted import Scripted, error_shape, response, shape, streamed

import ferrule
import ferrule.openai
from ferrule.openai.sdk import SDK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HTTPX: Any = SDK.httpx
HELLO: Any = [{"role": "user", "content": "Hellö, \U0001f30d!"}]
COMPLETION = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1767225600,
    "model": "gpt-5-mini",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hi!", "refusal": None, "annotations": []},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {
        "prompt_tokens": 3,
        "completion_tokens": 2,
        "total_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 0},
    },
    "service_tier": "default",
    "system_fingerprint": None,
    "x_own": {"a": [1, 2.5, None]},
}
CHUNKS = [
    {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1767225600,
        "model": "gpt-5-mini",
        "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
    }
    for delta, reason in (
        ({"role": "assistant", "content": ""}, None),
        ({"content": "Hel"}, None),
        ({"content": "lö"}, None),
        (
            {"tool_calls": [{"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": "{"}}]},
            None,
        ),
        ({}, "stop"),
    )
]


@pytest.fixture
def server() -> Iterator[Scripted]:
    server = Scripted()
    yield server
    server.close()


def frames(chunks: list[Any]) -> list[str]:
    return [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]


def counts() -> dict[str, Any]:
    return ferrule.openai.statistics()


def both(server: Scripted, call: Callable[[Any], Any], **options: Any) -> tuple[Any, Any]:
    """What comes of a call with the official client and with ours; the requests have to be the same, byte for byte."""
    found = []
    requests = []
    for kind in (openai.OpenAI, ferrule.openai.OpenAI):
        given = {"api_key": "sk-1", "base_url": f"{server.url}/v1", "max_retries": 0} | options
        with kind(**given) as sdk:
            for _ in range(2):  # the second one by what the first left
                try:
                    found.append(("came", call(sdk)))
                except Exception as error:
                    found.append(("raised", error))
        requests.append(server.taken())
    assert requests[0] == requests[1]
    assert [kind for kind, _ in found[:2]] == [kind for kind, _ in found[2:]]
    return found[1], found[3]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"temperature": 0.1, "top_p": 1e16, "seed": 7, "n": 1, "user": "ü", "stop": ["a", "b"]},
        {"stream": False, "store": True, "metadata": {"a": "b"}, "logit_bias": {"1": 2}},
        {"stop": ("a", "b")},
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]},
        {"response_format": {"type": "json_object"}, "max_completion_tokens": 5, "service_tier": "flex"},
        {"extra_headers": {"X-Own": "1", "Authorization": "Bearer other"}},
        {"extra_query": {"a": ["1", "2"], "b": {"c": True}}},
        {"extra_body": {"model": "other", "top_k": 3}},
        {"timeout": 3},
        {"timeout": HTTPX.Timeout(9, connect=1)},
        {"timeout": None},
        {"presence_penalty": None},
        {"extra_body": {"when": datetime.date(2026, 1, 1)}},
        {"extra_headers": {"X-Stainless-Retry-Count": "7"}},
    ],
    ids=str,
)
def test_what_is_sent(server: Scripted, given: dict[str, Any]) -> None:
    server.answers.append(response(json.dumps(COMPLETION)))
    theirs, ours = both(server, lambda sdk: sdk.chat.completions.create(model="gpt-5-mini", messages=HELLO, **given))
    assert (theirs[0], shape(theirs[1]) if theirs[0] == "came" else error_shape(theirs[1])) == (
        ours[0],
        shape(ours[1]) if ours[0] == "came" else error_shape(ours[1]),
    )


@pytest.mark.parametrize(
    "options",
    [
        {"organization": "o", "project": "p"},
        {"default_headers": {"x-a": "b", "User-Agent": "own"}, "default_query": {"q": "1"}},
        {"timeout": 5.0},
        {"timeout": None},
    ],
    ids=str,
)
def test_what_a_client_sends(server: Scripted, options: dict[str, Any]) -> None:
    server.answers.append(response(json.dumps(COMPLETION)))
    before = counts()["fast"]
    theirs, ours = both(server, lambda sdk: sdk.chat.completions.create(model="m", messages=HELLO), **options)
    assert shape(theirs[1]) == shape(ours[1])
    assert counts()["fast"] - before == 2


def test_other_paths(server: Scripted) -> None:
    body = {"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.5, 1]}], "model": "m",
            "usage": {"prompt_tokens": 1, "total_tokens": 1}}  # fmt: skip
    base64 = {**body, "data": [{"object": "embedding", "index": 0, "embedding": "AACAPwAAAEA="}]}
    before = counts()["fast"]
    server.answers.append(response(json.dumps(body)))
    theirs, ours = both(server, lambda sdk: sdk.embeddings.create(model="m", input=["a"], encoding_format="float"))
    assert shape(theirs[1]) == shape(ours[1])
    server.answers[0] = response(json.dumps(base64))
    theirs, ours = both(server, lambda sdk: sdk.embeddings.create(model="m", input="a"))
    assert shape(theirs[1]) == shape(ours[1])
    server.answers[0] = response(json.dumps({"id": "resp_1", "object": "response", "output": [
        {"type": "message", "id": "m", "role": "assistant", "status": "completed",
         "content": [{"type": "output_text", "text": "Hi", "annotations": []}]}]}))  # fmt: skip
    theirs, ours = both(server, lambda sdk: sdk.responses.create(model="m", input="a"))
    assert shape(theirs[1]) == shape(ours[1])
    assert ours[1].output_text == "Hi"
    assert counts()["fast"] - before == 6


ODD = {
    "status-500": [response('{"error": {"message": "No", "type": "t", "code": 5}}', 500)],
    "status-400": [response('{"error": {"message": "No", "type": "t", "code": "c", "param": "p"}}', 400)],
    "status-429-text": [response("slow down", 429, "text/plain")],
    "text": [response("hello", 200, "text/plain")],
    "broken-json": [response('{"id": ')],
    "null": [response("null")],
    "list": [response("[1]")],
    "wrong-types": [response('{"id": 5, "choices": "none", "usage": {"prompt_tokens": "3"}, "created": 1.0}')],
    "missing": [response("{}")],
    "duplicate-keys": [response('{"id": "a", "id": "b"}')],
    "closed": [b""],
    "redirect": [response("", 307, location="/v1/chat/completions"), response(json.dumps(COMPLETION))],
}


@pytest.mark.parametrize("answers", ODD.values(), ids=ODD)
def test_odd_answers(server: Scripted, answers: list[bytes]) -> None:
    found = []
    for kind in (openai.OpenAI, ferrule.openai.OpenAI):
        server.answers.clear()
        server.answers.extend(answers)
        with kind(api_key="k", base_url=f"{server.url}/v1", max_retries=0) as sdk:
            try:
                found.append(shape(sdk.chat.completions.create(model="m", messages=HELLO)))
            except Exception as error:
                found.append(error_shape(error))
        found.append(server.taken())
    assert found[:2] == found[2:]


def test_retries_are_the_sdks(server: Scripted) -> None:
    found = []
    for kind in (openai.OpenAI, ferrule.openai.OpenAI):
        server.answers.clear()
        server.answers.extend([
            response("{}", 429, retry_after_ms="1"), response("{}", 503, retry_after_ms="1"), b"",
            response(json.dumps(COMPLETION)),
        ])  # fmt: skip
        with kind(api_key="k", base_url=f"{server.url}/v1", max_retries=3) as sdk:
            found.append(shape(sdk.chat.completions.create(model="m", messages=HELLO)))
        found.append(server.taken())
    assert found[:2] == found[2:]
    assert [b"retry-count: %d" % place in request.lower() for place, request in enumerate(found[1])] == [True] * 4


STREAMS = {
    "usual": [*frames(CHUNKS), "data: [DONE]\n\n"],
    "no-end-marker": frames(CHUNKS),
    "several-in-one": ["".join(frames(CHUNKS)) + "data: [DONE]\n\n"],
    "crlf": [frame.replace("\n", "\r\n") for frame in frames(CHUNKS)] + ["data: [DONE]\r\n\r\n"],
    "comments": [": hello\n\n", *frames(CHUNKS), "data: [DONE]\n\n"],
    "split": [part for frame in frames(CHUNKS) for part in (frame[:9], frame[9:40], frame[40:])] + ["data: [DONE]\n\n"],
    "two-lines": ['data: {"id": "a",\ndata: "choices": []}\n\n', "data: [DONE]\n\n"],
    "no-space": [frame.replace("data: ", "data:") for frame in frames(CHUNKS)] + ["data: [DONE]\n\n"],
    "error": [*frames(CHUNKS[:2]), 'data: {"error": {"message": "No", "code": "c"}}\n\n', *frames(CHUNKS[2:])],
    "broken-json": [*frames(CHUNKS[:2]), 'data: {"id"\n\n', *frames(CHUNKS[2:])],
    "unterminated": [*frames(CHUNKS[:3]), frames(CHUNKS)[3].rstrip()],
    "after-end": ["data: [DONE]\n\n", *frames(CHUNKS)],
    "wrong-types": ['data: {"id": 4, "choices": [{"delta": {"content": 5}, "index": "0"}], "created": "x"}\n\n'],
    "empty": [],
}


def drained(sdk: Any) -> Any:
    items: list[Any] = []
    try:
        with sdk.chat.completions.create(model="m", messages=HELLO, stream=True) as stream:
            assert isinstance(stream, openai.Stream)
            items.extend(shape(item) for item in stream)
    except Exception as error:
        items.append(error_shape(error))
    return items


@pytest.mark.parametrize("body", STREAMS.values(), ids=STREAMS)
def test_streams(server: Scripted, body: list[str]) -> None:
    server.answers.append(streamed(*body))
    before = counts()["fast"]
    theirs, ours = both(server, drained)
    assert theirs == ours
    assert counts()["fast"] - before == 2


@pytest.mark.parametrize("body", STREAMS.values(), ids=STREAMS)
async def test_asynchronous_streams(server: Scripted, body: list[str]) -> None:
    server.answers.append(streamed(*body))
    found = []
    for kind in (openai.AsyncOpenAI, ferrule.openai.AsyncOpenAI):
        items: list[Any] = []
        async with kind(api_key="k", base_url=f"{server.url}/v1", max_retries=0) as sdk:
            try:
                stream = await sdk.chat.completions.create(model="m", messages=HELLO, stream=True)
                assert isinstance(stream, openai.AsyncStream)
                async for item in stream:
                    items.append(shape(item))
            except Exception as error:
                items.append(error_shape(error))
        found.append((items, server.taken()))
    assert found[0] == found[1]


async def test_asynchronous_calls(server: Scripted) -> None:
    server.answers.append(response(json.dumps(COMPLETION)))
    found = []
    before = counts()["fast"]
    for kind in (openai.AsyncOpenAI, ferrule.openai.AsyncOpenAI):
        async with kind(api_key="k", base_url=f"{server.url}/v1") as sdk:
            calls = [sdk.chat.completions.create(model="m", messages=HELLO) for _ in range(20)]
            found.append([shape(one) for one in await asyncio.gather(*calls)])
        assert len(set(server.requests)) == 1
        found.append(server.taken())
    assert found[:2] == found[2:]
    assert counts()["fast"] - before == 20


def test_connections_broken_in_a_stream(server: Scripted) -> None:
    server.answers.append(streamed(*frames(CHUNKS), end=False))
    theirs, ours = both(server, drained)
    assert [one[0] for one in theirs[1]] == [one[0] for one in ours[1]]


def test_responses_events(server: Scripted) -> None:
    events = [
        {"type": "response.created", "sequence_number": 0, "response": {"id": "r", "output": [], "model": "m"}},
        {"type": "response.output_text.delta", "delta": "Hi", "item_id": "i", "output_index": 0, "content_index": 0},
        {"type": "response.unknown_event", "x": 1},
        {"type": "response.completed", "response": {"id": "r", "output": [], "model": "m"}},
    ]
    server.answers.append(streamed(*(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in events)))
    theirs, ours = both(
        server, lambda sdk: [shape(one) for one in sdk.responses.create(model="m", input="a", stream=True)]
    )
    assert theirs == ours


def test_helpers_and_responses_of_streams(server: Scripted) -> None:
    server.answers.append(streamed(*frames(CHUNKS), "data: [DONE]\n\n"))

    def helper(sdk: Any) -> Any:
        with sdk.chat.completions.stream(model="m", messages=HELLO) as stream:
            events = [(event.type, shape(event)) for event in stream]
            return events, shape(stream.get_final_completion())

    theirs, ours = both(server, helper)
    assert theirs == ours
    with ferrule.openai.OpenAI(api_key="k", base_url=f"{server.url}/v1") as sdk:
        stream = sdk.chat.completions.create(model="m", messages=HELLO, stream=True)
        assert stream.response.headers["x-request-id"] == "req_1"
        assert not stream.response.is_closed
        assert stream.response.request.method == "POST"
        assert len(list(stream)) == len(CHUNKS)
        assert stream.response.is_closed


def test_closing_ends_the_request(server: Scripted) -> None:
    server.answers.append(streamed(*frames(CHUNKS) * 200))
    server.pause = 0.01
    sdk = ferrule.openai.OpenAI(api_key="k", base_url=f"{server.url}/v1")
    stream = sdk.chat.completions.create(model="m", messages=HELLO, stream=True)
    next(stream)
    stream.close()
    assert server.wait_until_closed()
    stream = sdk.chat.completions.create(model="m", messages=HELLO, stream=True)
    next(stream)
    del stream
    gc.collect()
    assert server.wait_until_closed()
    sdk.close()
    with pytest.raises((RuntimeError, openai.APIConnectionError)):
        sdk.chat.completions.create(model="m", messages=HELLO)


async def test_cancelling_ends_the_request(server: Scripted) -> None:
    server.answers.append(streamed(*frames(CHUNKS) * 200))
    server.pause = 0.05
    async with ferrule.openai.AsyncOpenAI(api_key="k", base_url=f"{server.url}/v1") as sdk:
        stream = await sdk.chat.completions.create(model="m", messages=HELLO, stream=True)
        await stream.__anext__()

        async def read() -> None:
            async for _ in stream:
                pass

        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(read(), 0.2)
        with pytest.raises(StopAsyncIteration):
            await stream.__anext__()
        assert await asyncio.to_thread(server.wait_until_closed)


def test_objects_pickle_and_copy(server: Scripted) -> None:
    server.answers.append(response(json.dumps(COMPLETION)))
    with ferrule.openai.OpenAI(api_key="k", base_url=f"{server.url}/v1") as sdk:
        reply = sdk.chat.completions.create(model="m", messages=HELLO)
    assert reply._request_id == "req_1"
    for made in (pickle.loads(pickle.dumps(reply)), copy.deepcopy(reply), reply.model_copy(deep=True)):
        assert made == reply
        assert shape(made) == shape(reply)


def guarded(server: Scripted, why: str, call: Callable[[Any], Any], **options: Any) -> None:
    """A call takes the SDK's own code, for that reason."""
    before = counts()["guards"].get(why, 0)
    with ferrule.openai.OpenAI(**({"api_key": "k", "base_url": f"{server.url}/v1"} | options)) as sdk:
        call(sdk)
    assert counts()["guards"].get(why, 0) == before + 1, counts()


def test_guards(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    server.answers.append(response(json.dumps(COMPLETION)))

    def create(sdk: Any) -> Any:
        return sdk.chat.completions.create(model="m", messages=HELLO)

    guarded(server, "an http_client of the caller's", create, http_client=HTTPX.Client())
    guarded(server, "strict response validation", create, _strict_response_validation=True)
    guarded(
        server, "a raw response", lambda sdk: sdk.chat.completions.with_raw_response.create(model="m", messages=HELLO)
    )

    def hooked(sdk: Any) -> Any:
        seen: list[Any] = []
        sdk._client.event_hooks["request"].append(seen.append)
        create(sdk)
        assert len(seen) == 1

    guarded(server, "event hooks", hooked)
    with monkeypatch.context() as patch:
        patch.setenv("FERRULE_DROPIN", "sdk")
        guarded(server, "FERRULE_DROPIN=sdk", create)
    logger = logging.getLogger("openai")
    logger.setLevel(logging.DEBUG)
    guarded(server, "the SDK's logger is at DEBUG", create)
    logger.setLevel(logging.NOTSET)
    with monkeypatch.context() as patch:
        sent = HTTPX.Client.send
        patch.setattr(HTTPX.Client, "send", lambda self, *given, **more: sent(self, *given, **more))
        guarded(server, f"{HTTPX.__name__} is instrumented or mocked", create)
    with monkeypatch.context() as patch:
        processed = openai._base_client.SyncAPIClient._process_response
        patch.setattr(
            openai._base_client.SyncAPIClient, "_process_response", lambda self, **given: processed(self, **given)
        )
        guarded(server, "the SDK's code was changed, or a subclass has its own", create)

    class Own(ferrule.openai.OpenAI):
        def _prepare_options(self, options: Any) -> Any:
            return super()._prepare_options(options)

    before = counts()["fast"]
    with Own(api_key="k", base_url=f"{server.url}/v1") as sdk:
        create(sdk)
    assert counts()["fast"] == before


def test_wrapped_methods_are_called(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    """As langfuse wraps the class, and instructor the instance."""
    server.answers.append(response(json.dumps(COMPLETION)))
    seen: list[str] = []
    completions = openai.resources.chat.Completions
    original = completions.create

    def wrapped(self: Any, **given: Any) -> Any:
        seen.append("class")
        return original(self, **given)

    monkeypatch.setattr(completions, "create", wrapped)
    before = counts()["fast"]
    with ferrule.openai.OpenAI(api_key="k", base_url=f"{server.url}/v1") as sdk:
        sdk.chat.completions.create(model="m", messages=HELLO)
        create = sdk.chat.completions.create
        sdk.chat.completions.create = lambda **given: seen.append("instance") or create(**given)
        sdk.chat.completions.create(model="m", messages=HELLO)
    assert seen == ["class", "instance", "class"]
    assert counts()["fast"] == before + 2


class Proxy:
    """A wrapper as wrapt makes them: equal to what it wraps, and told who the client is when it is bound."""

    def __init__(self, wrapped: Any, seen: list[Any]) -> None:
        self.__wrapped__, self._seen = wrapped, seen

    def __get__(self, instance: Any, kind: Any) -> Any:
        return self if instance is None else functools.partial(self._called, instance)

    def _called(self, instance: Any, *given: Any, **more: Any) -> Any:
        self._seen.append(type(instance).__name__)
        return self.__wrapped__(instance, *given, **more)

    def __eq__(self, other: object) -> bool:
        return self.__wrapped__ == other

    def __hash__(self) -> int:
        return hash(self.__wrapped__)


@pytest.mark.parametrize("place", [openai.OpenAI, openai._base_client.SyncAPIClient])
@pytest.mark.parametrize("when", ["before the patch", "after the patch", "no patch"])
def test_instrumentations_of_hidden_methods_see_calls(
    server: Scripted, monkeypatch: pytest.MonkeyPatch, place: Any, when: str
) -> None:
    """As OpenInference wraps `OpenAI.request`, below the method of a derived class and below a patch's."""
    server.answers.append(response(json.dumps(COMPLETION)))
    seen: list[str] = []

    def instrument() -> None:
        monkeypatch.setattr(place, "request", Proxy(place.request, seen))

    def call() -> None:
        kind: Any = ferrule.openai.OpenAI if when == "no patch" else openai.OpenAI
        with kind(api_key="k", base_url=f"{server.url}/v1") as sdk:
            sdk.chat.completions.create(model="m", messages=HELLO)

    if when == "before the patch":
        instrument()
    if when != "no patch":
        ferrule.patch("openai")
    try:
        before = counts()
        if when != "before the patch":
            call()  # What was judged then is judged anew.
            assert counts()["fast"] == before["fast"] + 1
            instrument()
        call()
        assert seen == ["OpenAI"]
        assert counts()["guarded"] == before["guarded"] + 1
    finally:
        monkeypatch.undo() if when == "after the patch" else None
        ferrule.unpatch("openai")


def test_state_that_changes_is_seen(server: Scripted) -> None:
    server.answers.append(response(json.dumps(COMPLETION), set_cookie="a=b; Path=/"))

    def change(sdk: Any) -> None:
        for step in (
            lambda: None,
            lambda: setattr(sdk, "api_key", "other"),
            lambda: sdk._client.headers.update({"x-late": "1"}),
            lambda: setattr(sdk, "timeout", 3.0),
            lambda: None,
        ):
            step()
            sdk.chat.completions.create(model="m", messages=HELLO)

    both(server, change)


def test_azure(server: Scripted) -> None:
    server.answers.append(response(json.dumps(COMPLETION)))
    found = []
    before = counts()["fast"]
    for kind in (openai.AzureOpenAI, ferrule.openai.AzureOpenAI):
        with kind(api_key="k", azure_endpoint=server.url, api_version="2025-01-01") as sdk:
            for model in ("one", "two", "one"):
                found.append(shape(sdk.chat.completions.create(model=model, messages=HELLO)))
        found.append(server.taken())
    assert found[:4] == found[4:]
    assert counts()["fast"] == before + 3


def test_keys_and_tokens_that_are_asked_for(server: Scripted) -> None:
    """Once for each attempt, and the last one is the client's key."""
    found = []
    number = 3 if openai.__version__.startswith("3") else 2
    before = counts()["fast"]
    for package in (openai, ferrule.openai):
        asked: list[str] = []

        def key(asked: list[str] = asked) -> str:
            asked.append(f"k-{len(asked)}")
            return asked[-1]

        kinds: list[tuple[Any, dict[str, Any]]] = [
            (package.OpenAI, {"api_key": key, "base_url": server.url}),
            (package.AzureOpenAI, {"azure_ad_token_provider": key, "azure_endpoint": server.url, "api_version": "1"}),
            (package.AzureOpenAI, {"api_key": key, "azure_endpoint": server.url, "api_version": "1"}),
        ]
        # Azure's client of 2.x takes no callable.
        for kind, given in kinds[:number]:
            server.answers.clear()
            server.answers.extend([response("{}", 500, retry_after_ms="1"), response(json.dumps(COMPLETION))])
            with kind(max_retries=1, **given) as sdk:
                for _ in range(2):
                    found.append(shape(sdk.chat.completions.create(model="m", messages=HELLO)))
                found.append(sdk.api_key)
            found.append(server.taken())
        found.append(asked)
    half = len(found) // 2
    assert found[:half] == found[half:]
    assert counts()["fast"] == before + number


async def test_keys_that_are_awaited(server: Scripted) -> None:
    asked: list[str] = []

    async def key() -> str:
        asked.append(f"k-{len(asked)}")
        return asked[-1]

    server.answers.append(response(json.dumps(COMPLETION)))
    before = counts()["fast"]
    async with ferrule.openai.AsyncOpenAI(api_key=key, base_url=server.url) as sdk:
        for _ in range(3):
            await sdk.chat.completions.create(model="m", messages=HELLO)
    assert asked == ["k-0", "k-1", "k-2"]
    assert [b"Bearer k-%d" % place in request for place, request in enumerate(server.taken())] == [True] * 3
    assert counts()["fast"] == before + 3


def test_patched_clients_take_the_path(server: Scripted) -> None:
    server.answers.append(response(json.dumps(COMPLETION)))
    before = counts()["fast"]
    with openai.OpenAI(api_key="k", base_url=server.url) as sdk:
        theirs = sdk.chat.completions.create(model="m", messages=HELLO)
    with ferrule.patch("openai"):
        with openai.OpenAI(api_key="k", base_url=server.url) as sdk:
            ours = sdk.chat.completions.create(model="m", messages=HELLO)
        assert counts()["fast"] == before + 1
        left = openai.OpenAI(api_key="k", base_url=server.url, max_retries=1)
        server.answers.clear()
        server.answers.extend([response("{}", 500, retry_after_ms="1"), response(json.dumps(COMPLETION))])
        left.chat.completions.create(model="m", messages=HELLO)
        own = ferrule.openai.OpenAI(api_key="k", base_url=server.url, max_retries=1)
        server.answers.appendleft(response("{}", 500, retry_after_ms="1"))
        own.chat.completions.create(model="m", messages=HELLO)
    assert shape(theirs) == shape(ours)
    sent = server.taken()
    assert sent[0] == sent[1]
    assert len(sent) == 6
    left.chat.completions.create(model="m", messages=HELLO)
    assert counts()["fast"] == before + 1
    assert counts()["fallback"] >= 2
    left.close()
    own.close()
