"""The official `groq` SDK takes the simulator for Groq.

`clients/groq_client.py` is what runs; each test says what must come of the case of the same name. Every answer is also
checked against the SDK's own models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Run

# The first test may have to wait for an installation.
pytestmark = pytest.mark.timeout(600)


def test_plain(groq_sdk: Run) -> None:
    outcome = groq_sdk["plain"]
    assert outcome.result == {
        "text": "Hello, world!",
        "role": "assistant",
        "finish_reason": "stop",
        "usage": [2, 2, 4],
        "model": "echo",
    }
    (request,) = outcome.requests
    assert (request.path, request.dialect) == ("/groq/openai/v1/chat/completions", "openai-chat")
    assert request.headers["authorization"] == "Bearer sk-oracle"


def test_streamed(groq_sdk: Run) -> None:
    """Usage comes unasked, with the reason why the answer ended."""
    assert groq_sdk["streamed"].result == {
        "pieces": ["one", " two", " three"],
        "finish_reasons": ["stop"],
        "ids": 1,
        "usages": [6],
    }


def test_tools(groq_sdk: Run) -> None:
    outcome = groq_sdk["tools"]
    identifiers = outcome.result.pop("ids")
    assert outcome.result == {
        "finish_reasons": ["tool_calls", "stop"],
        "calls": [["get_weather", {"city": "city"}], ["get_time", {"zone": "utc"}]],
        "answer": "The tool says: result of get_weather\nresult of get_time",
    }
    _, second = outcome.requests
    assert [message["tool_call_id"] for message in second.body["messages"][2:]] == identifiers


def test_tools_streamed(groq_sdk: Run) -> None:
    assert groq_sdk["tools_streamed"].result == {
        "calls": [["get_weather", {"city": "city"}]],
        "finish_reasons": ["tool_calls"],
    }


def test_structured(groq_sdk: Run) -> None:
    assert groq_sdk["structured"].result == ["age", "name"]


def test_reasoning(groq_sdk: Run) -> None:
    """Where Groq has it: in `reasoning`."""
    thought = 'The question is "Why?". Let me think about it.'
    result = groq_sdk["reasoning"].result
    assert result["reasoning"] == thought
    assert result["streamed"] == [thought, result["text"]]


def test_cut_short(groq_sdk: Run) -> None:
    assert groq_sdk["cut_short"].result == ["length", 5]


def test_embeddings(groq_sdk: Run) -> None:
    assert groq_sdk["embeddings"].result == {"lengths": [8, 8], "places": [0, 1]}


def test_models(groq_sdk: Run) -> None:
    result = groq_sdk["models"].result
    assert "echo" in result["listed"]
    assert result["one"] == "echo"


def test_refused(groq_sdk: Run) -> None:
    error = groq_sdk["refused"].result
    assert (error["class"], error["status_code"]) == ("BadRequestError", 400)
    assert "n" in error["message"]


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("status-400", "BadRequestError"),
        ("status-401", "AuthenticationError"),
        ("status-403", "PermissionDeniedError"),
        ("status-404", "NotFoundError"),
        ("status-409", "ConflictError"),
        ("status-422", "UnprocessableEntityError"),
        ("status-429", "RateLimitError"),
        ("status-500", "InternalServerError"),
        ("status-503", "InternalServerError"),
    ],
)
def test_errors(groq_sdk: Run, model: str, kind: str) -> None:
    error = groq_sdk["errors"].result[model]
    status = int(model.partition("-")[2])
    assert (error["class"], error["status_code"]) == (kind, status)
    assert f"The simulated provider answers with status {status}." in error["message"]


def test_errors_that_are_not_groq_s(groq_sdk: Run) -> None:
    found = groq_sdk["errors"].result
    assert found["wrong key"]["class"] == "AuthenticationError"
    assert found["reset"]["class"] == "APIConnectionError"
    assert found["timeout"]["class"] == "APITimeoutError"


def test_error_mid_stream(groq_sdk: Run) -> None:
    result = groq_sdk["error_mid_stream"].result
    assert result["text"] == "You said"
    assert result["error"]["class"] == "APIError"
    assert "The simulated provider failed in the middle." in result["error"]["message"]


def test_retried(groq_sdk: Run) -> None:
    outcome = groq_sdk["retried"]
    assert outcome.result.startswith('You said "Hello.".')
    assert [request.status for request in outcome.requests] == [429, 200]
    # Of its own accord the SDK waits half a second at most.
    assert outcome.waits[0] >= 0.99


def test_asynchronous(groq_sdk: Run) -> None:
    result = groq_sdk["asynchronous"].result
    assert result["error"].items() >= {"class": "NotFoundError", "status_code": 404}.items()
    assert (result["text"], result["streamed"], result["called"]) == ("Hello.", "one two", "get_weather")
    assert result["together"] == [f"number {number}" for number in range(5)]


def test_the_answers_are_what_the_sdk_declares(groq_sdk: Run) -> None:
    cases = ("plain", "streamed", "tools", "tools_streamed", "structured", "reasoning", "embeddings", "models")
    # OpenAI's messages have it, and Groq's as well, where it is not declared.
    known = {"ChatCompletionMessage.refusal"}
    assert {name for fields in groq_sdk.unlike(*cases).values() for name in fields} <= known
