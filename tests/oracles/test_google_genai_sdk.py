"""The official `google-genai` SDK takes the simulator for the Gemini API.

`clients/google_genai_client.py` is what runs; each test says what must come of the case of the same name. The SDK's own
models refuse fields that they do not know.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Run

# The first test may have to wait for an installation.
pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.parametrize("sdk", ["google_genai-3"], indirect=True),
    pytest.mark.skipif(sys.version_info < (3, 11), reason="google-genai needs Python 3.11"),
]

THOUGHT = 'The question is "Why?". Let me think about it.'
ANSWER = 'You said "Why?". This is a simulated answer of any.'


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
    assert (request.path, request.dialect, request.stream) == (
        "/gemini/v1/models/echo:generateContent",
        "gemini",
        False,
    )
    assert request.headers["x-goog-api-key"] == "sk-oracle"


def test_strict(sdk: Run) -> None:
    assert sdk["strict"].result == {"plain": 1, "tools": 1, "thinking": 1}


def test_streamed(sdk: Run) -> None:
    outcome = sdk["streamed"]
    assert outcome.result == {
        "pieces": ["one", " two", " three"],
        "finish_reasons": ["STOP"],
        "total_tokens": 6,
        "ids": 1,
    }
    assert (outcome.requests[0].stream, outcome.requests[0].query) == (True, "alt=sse")


def test_tools(sdk: Run) -> None:
    assert sdk["tools"].result == {
        "calls": [["get_weather", {"city": "city"}], ["get_time", {"zone": "utc"}]],
        "finish_reasons": ["STOP", "STOP"],
        "answer": "The tool says: result of get_weather\nresult of get_time",
    }


def test_tools_streamed(sdk: Run) -> None:
    assert sdk["tools_streamed"].result == [["get_weather", {"city": "city"}]]


def test_automatic_tools(sdk: Run) -> None:
    outcome = sdk["automatic_tools"]
    assert outcome.result["cities"] == ["city"]
    assert "22 degrees" in outcome.result["text"]
    assert len(outcome.requests) == 2


def test_structured(sdk: Run) -> None:
    assert sdk["structured"].result is True


def test_thinking(sdk: Run) -> None:
    outcome = sdk["thinking"]
    result = outcome.result
    assert result["pieces"] == [["thought", THOUGHT], ["text", ANSWER]]
    assert result["streamed"] == {"thought": THOUGHT, "text": ANSWER}
    assert result["thought_tokens"] == 9
    assert result["signatures"] == 1
    assert result["answer"].startswith('You said "And then?".')


def test_cut_short(sdk: Run) -> None:
    assert sdk["cut_short"].result == ["MAX_TOKENS", 5]


def test_chat(sdk: Run) -> None:
    assert sdk["chat"].result == {"answers": ["One.", "Two."], "history": ["user", "model"] * 2}


def test_count_tokens(sdk: Run) -> None:
    outcome = sdk["count_tokens"]
    assert outcome.result == 2
    assert outcome.requests[0].path == "/gemini/v1/models/any:countTokens"


def test_embeddings(sdk: Run) -> None:
    assert sdk["embeddings"].result == [16, 16]


def test_models(sdk: Run) -> None:
    result = sdk["models"].result
    assert "models/echo" in result["listed"]
    assert result["one"] == "models/echo"


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
def test_failures(sdk: Run, model: str, kind: str, word: str) -> None:
    status = 429 if model == "streamed" else int(model.partition("-")[2])
    assert sdk["failures"].result[model] == {
        "class": kind,
        "code": status,
        "status": word,
        "message": f"The simulated provider answers with status {status}.",
    }


def test_a_timeout(sdk: Run) -> None:
    assert "Timeout" in sdk["failures"].result["timeout"]["class"]


def test_error_mid_stream(sdk: Run) -> None:
    result = sdk["error_mid_stream"].result
    assert result["text"] == "You said"
    assert (result["error"]["class"], result["error"]["status"]) == ("ServerError", "UNAVAILABLE")
    assert result["error"]["message"] == "The simulated provider failed in the middle."


def test_retried(sdk: Run) -> None:
    outcome = sdk["retried"]
    assert outcome.result.startswith('You said "Hello.".')
    assert [request.status for request in outcome.requests] == [503, 200]


def test_asynchronous(sdk: Run) -> None:
    result = sdk["asynchronous"].result
    assert "models/echo" in result.pop("models")
    assert result == {
        "text": "Hello.",
        "streamed": "one two",
        "called": "get_weather",
        "status": "NOT_FOUND",
        "together": [f"number {number}" for number in range(5)],
    }


def test_the_answers_are_what_the_sdk_declares(sdk: Run) -> None:
    cases = ("plain", "streamed", "tools", "thinking", "cut_short", "count_tokens", "embeddings", "models")
    assert sdk.unlike(*cases) == {}
