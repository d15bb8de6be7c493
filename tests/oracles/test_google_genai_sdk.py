"""The official `google-genai` SDK takes the simulator for the Gemini API, and for Vertex AI.

`clients/google_genai_client.py` and `clients/google_genai_vertex_client.py` are what runs; each test says what must
come of the case of the same name. The SDK's own models refuse fields that they do not know.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Run

# The first test runs the SDK's whole script.
pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.skipif(sys.version_info < (3, 11), reason="google-genai needs Python 3.11"),
]

gemini = pytest.mark.parametrize("sdk", ["google_genai-3", "google_genai-3+ferrule"], indirect=True)
vertex = pytest.mark.parametrize("sdk", ["google_genai_vertex-3"], indirect=True)
both = pytest.mark.parametrize(
    "sdk", ["google_genai-3", "google_genai_vertex-3", "google_genai-3+ferrule"], indirect=True
)

PLACE = "/vertex/v1beta1/projects/oracle/locations/global"
THOUGHT = 'The question is "Why?". Let me think about it.'
ANSWER = 'You said "Why?". This is a simulated answer of any.'


@both
def test_plain(sdk: Run) -> None:
    outcome = sdk["plain"]
    assert outcome.result == {
        "text": "Hello, world!",
        "role": "model",
        "finish_reason": "STOP",
        "usage": [4, 2, 6],
        "model": "echo",
        "has_id": True,
    }
    (request,) = outcome.requests
    assert (request.path, request.dialect, request.stream) in (
        ("/gemini/v1/models/echo:generateContent", "gemini", False),
        (f"{PLACE}/publishers/google/models/echo:generateContent", "vertex", False),
    )
    shown = {"gemini": ("x-goog-api-key", "sk-oracle"), "vertex": ("authorization", "Bearer sk-oracle")}
    name, value = shown[request.dialect]
    assert request.headers[name] == value


@both
def test_strict(sdk: Run) -> None:
    assert sdk["strict"].result == {"plain": 1, "tools": 1, "thinking": 1}


@both
def test_streamed(sdk: Run) -> None:
    outcome = sdk["streamed"]
    assert outcome.result == {
        "pieces": ["one", " two", " three"],
        "finish_reasons": ["STOP"],
        "total_tokens": 6,
        "ids": 1,
    }
    assert (outcome.requests[0].stream, outcome.requests[0].query) == (True, "alt=sse")


@both
def test_tools(sdk: Run) -> None:
    assert sdk["tools"].result == {
        "calls": [["get_weather", {"city": "city"}], ["get_time", {"zone": "utc"}]],
        "finish_reasons": ["STOP", "STOP"],
        "answer": "The tool says: result of get_weather\nresult of get_time",
    }


@both
def test_tools_streamed(sdk: Run) -> None:
    assert sdk["tools_streamed"].result == [["get_weather", {"city": "city"}]]


@both
def test_automatic_tools(sdk: Run) -> None:
    outcome = sdk["automatic_tools"]
    assert outcome.result["cities"] == ["city"]
    assert "22 degrees" in outcome.result["text"]
    assert len(outcome.requests) == 2


@both
def test_structured(sdk: Run) -> None:
    assert sdk["structured"].result is True


@both
def test_thinking(sdk: Run) -> None:
    outcome = sdk["thinking"]
    result = outcome.result
    assert result["pieces"] == [["thought", THOUGHT], ["text", ANSWER]]
    assert result["streamed"] == {"thought": THOUGHT, "text": ANSWER}
    assert result["thought_tokens"] == 9
    assert result["signatures"] == 1
    assert result["answer"].startswith('You said "And then?".')


@both
def test_cut_short(sdk: Run) -> None:
    assert sdk["cut_short"].result == ["MAX_TOKENS", 5]


@both
def test_chat(sdk: Run) -> None:
    assert sdk["chat"].result == {"answers": ["One.", "Two."], "history": ["user", "model"] * 2}


@both
def test_count_tokens(sdk: Run) -> None:
    outcome = sdk["count_tokens"]
    assert outcome.result == 2
    assert outcome.requests[0].path in (
        "/gemini/v1/models/any:countTokens",
        f"{PLACE}/publishers/google/models/any:countTokens",
    )


@both
def test_embeddings(sdk: Run) -> None:
    assert sdk["embeddings"].result == [16, 16]


@gemini
def test_models(sdk: Run) -> None:
    result = sdk["models"].result
    assert "models/echo" in result["listed"]
    assert result["one"] == "models/echo"


@vertex
def test_models_of_the_publisher(sdk: Run) -> None:
    result = sdk["models"].result
    assert "publishers/google/models/echo" in result["listed"]
    assert result["one"] == "publishers/google/models/echo"


@vertex
def test_whole_names(sdk: Run) -> None:
    outcome = sdk["whole_names"]
    assert outcome.result == ["Hello."] * 3
    assert [(request.path, request.model) for request in outcome.requests] == [
        (f"{PLACE}/publishers/meta/models/echo:generateContent", "publishers/meta/models/echo"),
        ("/vertex/v1beta1/projects/other/locations/us/publishers/google/models/echo:generateContent", "echo"),
        (f"{PLACE}/endpoints/echo:generateContent", "projects/oracle/locations/global/endpoints/echo"),
    ]


@vertex
def test_vectors(sdk: Run) -> None:
    outcome = sdk["vectors"]
    two, one = [8, 8], [8]
    sizes = {"text-embedding-005": two, "gemini-embedding-001": two, "gemini-embedding-2": one}
    assert outcome.result == {"sizes": sizes, "counts": [2, 0]}
    methods = [request.path.rpartition(":")[2] for request in outcome.requests]
    assert methods == ["predict", "batchEmbedContents", "embedContent"]


@pytest.mark.parametrize(
    ("model", "kind", "word"),
    [
        ("status-400", "ClientError", "INVALID_ARGUMENT"),
        ("status-401", "ClientError", "UNAUTHENTICATED"),
        ("status-403", "ClientError", "PERMISSION_DENIED"),
        ("status-404", "ClientError", "NOT_FOUND"),
        ("status-429", "ClientError", "RESOURCE_EXHAUSTED"),
        ("status-500", "ServerError", "INTERNAL"),
        ("status-503", "ServerError", "UNAVAILABLE"),
        ("streamed", "ClientError", "RESOURCE_EXHAUSTED"),
    ],
)
@both
def test_failures(sdk: Run, model: str, kind: str, word: str) -> None:
    status = 429 if model == "streamed" else int(model.partition("-")[2])
    assert sdk["failures"].result[model] == {
        "class": kind,
        "code": status,
        "status": word,
        "message": f"The simulated provider answers with status {status}.",
    }


@both
def test_a_timeout(sdk: Run) -> None:
    assert "Timeout" in sdk["failures"].result["timeout"]["class"]


@both
def test_error_mid_stream(sdk: Run) -> None:
    result = sdk["error_mid_stream"].result
    assert result["text"] == "You said"
    assert (result["error"]["class"], result["error"]["status"]) == ("ServerError", "UNAVAILABLE")
    assert result["error"]["message"] == "The simulated provider failed in the middle."


@both
def test_retried(sdk: Run) -> None:
    outcome = sdk["retried"]
    assert outcome.result.startswith('You said "Hello.".')
    assert [request.status for request in outcome.requests] == [503, 200]


@both
def test_asynchronous(sdk: Run) -> None:
    result = sdk["asynchronous"].result
    assert any(name.endswith("models/echo") for name in result.pop("models"))
    assert result == {
        "text": "Hello.",
        "streamed": "one two",
        "called": "get_weather",
        "status": "NOT_FOUND",
        "together": [f"number {number}" for number in range(5)],
    }


@both
def test_the_answers_are_what_the_sdk_declares(sdk: Run) -> None:
    cases = ("plain", "streamed", "tools", "thinking", "cut_short", "count_tokens", "embeddings", "models")
    assert sdk.unlike(*cases) == {}
