"""The official `ollama` SDK takes the simulator for Ollama.

`clients/ollama_client.py` is what runs; each test says what must come of the case of the same name. Every answer is
also checked against the SDK's own models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Run

# The first test runs the SDK's whole script.
pytestmark = [pytest.mark.timeout(180), pytest.mark.parametrize("sdk", ["ollama-0"], indirect=True)]

THOUGHT = 'The question is "Why?". Let me think about it.'
CALLS = [["get_weather", {"city": "city"}], ["get_time", {"zone": "zone"}]]


def test_plain(sdk: Run) -> None:
    outcome = sdk["plain"]
    assert outcome.result == {
        "text": "Hello, world!",
        "role": "assistant",
        "done": [True, "stop"],
        "tokens": [2, 2],
        "model": "echo",
    }
    (request,) = outcome.requests
    assert (request.path, request.dialect, request.stream) == ("/ollama/api/chat", "ollama", False)
    assert request.body["options"] == {"seed": 7, "temperature": 0.0}


def test_streamed(sdk: Run) -> None:
    assert sdk["streamed"].result == {
        "pieces": ["one", " two", " three"],
        "done": ["stop"],
        "tokens": [3, 3],
    }


def test_tools(sdk: Run) -> None:
    assert sdk["tools"].result == {"calls": CALLS, "answer": "The tool says: get_weather: yes\nget_time: yes"}


def test_tools_streamed(sdk: Run) -> None:
    assert sdk["tools_streamed"].result == CALLS


def test_structured(sdk: Run) -> None:
    assert sdk["structured"].result is True


def test_thinking(sdk: Run) -> None:
    result = sdk["thinking"].result
    assert (result["thinking"], result["text"]) == (THOUGHT, 'You said "Why?". This is a simulated answer of any.')
    assert result["streamed"] == [result["thinking"], result["text"]]


def test_images(sdk: Run) -> None:
    outcome = sdk["images"]
    assert outcome.result == "What is it?"
    assert len(outcome.requests[0].body["messages"][0]["images"]) == 1


def test_cut_short(sdk: Run) -> None:
    assert sdk["cut_short"].result == ["length", 5]


def test_embeddings(sdk: Run) -> None:
    outcome = sdk["embeddings"]
    assert outcome.result == [8, 8, 4]
    assert {request.path for request in outcome.requests} == {"/ollama/api/embed"}


def test_models(sdk: Run) -> None:
    outcome = sdk["models"]
    assert "echo" in outcome.result
    assert outcome.requests[0].path == "/ollama/api/tags"


def test_running(sdk: Run) -> None:
    outcome = sdk["running"]
    assert outcome.result == {"running": ["simulated"], "capabilities": ["completion", "tools", "thinking"]}
    assert [request.path for request in outcome.requests] == ["/ollama/api/ps", "/ollama/api/show"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_failures(sdk: Run, status: int) -> None:
    message = f"The simulated provider answers with status {status}."
    assert sdk["failures"].result[f"status-{status}"] == [status, message]


def test_failures_in_other_ways(sdk: Run) -> None:
    found = sdk["failures"].result
    assert found["streamed"] == [404, "The simulated provider answers with status 404."]
    assert found["reset"]["class"] in {"ReadError", "RemoteProtocolError"}


def test_error_mid_stream(sdk: Run) -> None:
    assert sdk["error_mid_stream"].result == {
        "error": [-1, "The simulated provider failed in the middle."],
        "text": "You said",
    }


def test_asynchronous(sdk: Run) -> None:
    assert sdk["asynchronous"].result == {
        "text": "Hello.",
        "streamed": "one two",
        "called": "get_weather",
        "status": 404,
        "together": [f"number {number}" for number in range(5)],
        "vectors": 2,
    }


def test_the_answers_are_what_the_sdk_declares(sdk: Run) -> None:
    cases = (
        "plain",
        "streamed",
        "tools",
        "tools_streamed",
        "structured",
        "thinking",
        "embeddings",
        "models",
        "running",
    )
    # Newer servers number their calls, which the SDK does not know yet.
    known = {"ToolCall.id", "Function.index", "Model.name"}
    assert {name for fields in sdk.unlike(*cases).values() for name in fields} <= known
