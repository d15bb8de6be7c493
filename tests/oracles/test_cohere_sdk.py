"""The official `cohere` SDK takes the simulator for Cohere.

`clients/cohere_client.py` is what runs; each test says what must come of the case of the same name. Every answer is
also checked against the SDK's own models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Run

# The first test runs the SDK's whole script.
pytestmark = [pytest.mark.timeout(180), pytest.mark.parametrize("sdk", ["cohere-7", "cohere-7+ferrule"], indirect=True)]

THOUGHT = 'The question is "Why?". Let me think about it.'


def test_plain(sdk: Run) -> None:
    outcome = sdk["plain"]
    assert outcome.result == {
        "content": [["text", "Hello, world!"]],
        "role": "assistant",
        "finish_reason": "COMPLETE",
        "tokens": [2, 2],
        "has_id": True,
    }
    (request,) = outcome.requests
    assert (request.path, request.dialect, request.stream) == ("/cohere/v2/chat", "cohere", False)
    assert request.headers["authorization"] == "Bearer sk-oracle"


def test_streamed(sdk: Run) -> None:
    assert sdk["streamed"].result == {
        "types": ["message-start", "content-start", *["content-delta"] * 3, "content-end", "message-end"],
        "pieces": ["one", " two", " three"],
        "finish_reason": "COMPLETE",
        "tokens": [3, 3],
    }


def test_tools(sdk: Run) -> None:
    outcome = sdk["tools"]
    assert outcome.result == {
        "finish_reasons": ["TOOL_CALL", "COMPLETE"],
        "calls": [["get_weather", {"city": "city"}], ["get_time", {"zone": "utc"}]],
        "different_ids": 2,
        "answer": "The tool says: result of get_weather\nresult of get_time",
    }


def test_tools_streamed(sdk: Run) -> None:
    result = sdk["tools_streamed"].result
    assert {"tool-call-start", "tool-call-delta", "tool-call-end"} <= set(result["types"])
    assert result["calls"] == [["get_weather", {"city": "city"}]]
    assert result["finish_reason"] == "TOOL_CALL"


def test_structured(sdk: Run) -> None:
    assert sdk["structured"].result == ["age", "name"]


def test_thinking(sdk: Run) -> None:
    result = sdk["thinking"].result
    answer = 'You said "Why?". This is a simulated answer of any.'
    assert result["content"] == [["thinking", THOUGHT], ["text", answer]]
    assert result["streamed"] == {"thinking": THOUGHT, "text": answer}


def test_cut_short(sdk: Run) -> None:
    assert sdk["cut_short"].result == ["MAX_TOKENS", 5]


def test_embeddings(sdk: Run) -> None:
    outcome = sdk["embeddings"]
    assert outcome.result["lengths"] == [16, 16]
    assert outcome.requests[0].path == "/cohere/v2/embed"


def test_rerank(sdk: Run) -> None:
    assert sdk["rerank"].result == {"places": [1, 0], "scores": [1.0, 0.0], "search_units": 1}


def test_models(sdk: Run) -> None:
    outcome = sdk["models"]
    assert "echo" in outcome.result
    assert outcome.requests[0].path == "/cohere/v1/models"


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("status-400", "BadRequestError"),
        ("status-401", "UnauthorizedError"),
        ("status-403", "ForbiddenError"),
        ("status-404", "NotFoundError"),
        ("status-422", "UnprocessableEntityError"),
        ("status-429", "TooManyRequestsError"),
        ("status-498", "InvalidTokenError"),
        ("status-499", "ClientClosedRequestError"),
        ("status-500", "InternalServerError"),
        ("status-501", "NotImplementedError"),
        ("status-503", "ServiceUnavailableError"),
        ("status-504", "GatewayTimeoutError"),
        ("streamed", "TooManyRequestsError"),
    ],
)
def test_failures(sdk: Run, model: str, kind: str) -> None:
    error = sdk["failures"].result[model]
    status = 429 if model == "streamed" else int(model.partition("-")[2])
    assert (error["class"], error["status"]) == (kind, status)
    assert error["body"]["message"] == f"The simulated provider answers with status {status}."


def test_failures_that_are_not_cohere_s(sdk: Run) -> None:
    found = sdk["failures"].result
    assert found["reset"]["class"] in {"ReadError", "RemoteProtocolError"}
    assert found["timeout"]["class"] == "ReadTimeout"


def test_retried(sdk: Run) -> None:
    outcome = sdk["retried"]
    assert outcome.result.startswith('You said "Hello.".')
    assert [request.status for request in outcome.requests] == [429, 200]
    assert outcome.waits[0] >= 0.99


def test_asynchronous(sdk: Run) -> None:
    result = sdk["asynchronous"].result
    assert result.pop("error")["message"] == "The simulated provider answers with status 404."
    assert result == {
        "text": "Hello.",
        "streamed": "one two",
        "called": "get_weather",
        "together": [f"number {number}" for number in range(5)],
        "first": 1,
    }


def test_the_answers_are_what_the_sdk_declares(sdk: Run) -> None:
    cases = ("plain", "streamed", "tools", "tools_streamed", "structured", "thinking", "embeddings", "rerank", "models")
    # The first event has a whole message, of which the SDK declares its role alone.
    first = "ChatMessageStartEventDeltaMessage"
    known = {f"{first}.{name}" for name in ("content", "tool_plan", "tool_calls", "citations")}
    assert {name for fields in sdk.unlike(*cases).values() for name in fields} <= known
