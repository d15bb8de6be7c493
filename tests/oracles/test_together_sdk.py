"""The official `together` SDK takes the simulator for Together.

`clients/together_client.py` is what runs; each test says what must come of the case of the same name. Every answer is
also checked against the SDK's own models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Run

# The first test may have to wait for an installation.
pytestmark = pytest.mark.timeout(600)


def test_plain(together_sdk: Run) -> None:
    outcome = together_sdk["plain"]
    assert outcome.result == {
        "text": "Hello, world!",
        "role": "assistant",
        "finish_reason": "stop",
        "usage": [2, 2, 4],
        "model": "echo",
    }
    (request,) = outcome.requests
    assert (request.path, request.dialect) == ("/together/v1/chat/completions", "openai-chat")
    assert request.headers["authorization"] == "Bearer sk-oracle"


def test_streamed(together_sdk: Run) -> None:
    assert together_sdk["streamed"].result == {
        "pieces": ["one", " two", " three"],
        "finish_reasons": ["stop"],
        "ids": 1,
        "usages": [],
    }


def test_tools(together_sdk: Run) -> None:
    outcome = together_sdk["tools"]
    identifiers = outcome.result.pop("ids")
    assert outcome.result == {
        "finish_reasons": ["tool_calls", "stop"],
        "calls": [["get_weather", {"city": "city"}], ["get_time", {"zone": "utc"}]],
        "answer": "The tool says: result of get_weather\nresult of get_time",
    }
    _, second = outcome.requests
    assert [message["tool_call_id"] for message in second.body["messages"][2:]] == identifiers


def test_tools_streamed(together_sdk: Run) -> None:
    assert together_sdk["tools_streamed"].result == {
        "calls": [["get_weather", {"city": "city"}]],
        "finish_reasons": ["tool_calls"],
    }


def test_structured(together_sdk: Run) -> None:
    assert together_sdk["structured"].result == ["age", "name"]


def test_reasoning(together_sdk: Run) -> None:
    """Where Together has it: in `reasoning`."""
    thought = 'The question is "Why?". Let me think about it.'
    result = together_sdk["reasoning"].result
    assert result["reasoning"] == thought
    assert result["streamed"] == [thought, result["text"]]


def test_cut_short(together_sdk: Run) -> None:
    assert together_sdk["cut_short"].result == ["length", 5]


def test_embeddings(together_sdk: Run) -> None:
    assert together_sdk["embeddings"].result == {"lengths": [8, 8], "places": [0, 1]}


def test_rerank(together_sdk: Run) -> None:
    assert together_sdk["rerank"].result == {"places": [1, 0], "scores": [1.0, 0.0]}


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
def test_errors(together_sdk: Run, model: str, kind: str) -> None:
    error = together_sdk["errors"].result[model]
    status = int(model.partition("-")[2])
    assert (error["class"], error["status_code"]) == (kind, status)
    assert f"The simulated provider answers with status {status}." in error["message"]


def test_errors_that_are_not_together_s(together_sdk: Run) -> None:
    found = together_sdk["errors"].result
    assert found["wrong key"]["class"] == "AuthenticationError"
    assert found["reset"]["class"] == "APIConnectionError"
    assert found["timeout"]["class"] == "APITimeoutError"


def test_error_mid_stream(together_sdk: Run) -> None:
    result = together_sdk["error_mid_stream"].result
    assert result["text"] == "You said"
    assert result["error"]["class"] == "APIError"
    assert "The simulated provider failed in the middle." in result["error"]["message"]


def test_retried(together_sdk: Run) -> None:
    outcome = together_sdk["retried"]
    assert outcome.result.startswith('You said "Hello.".')
    assert [request.status for request in outcome.requests] == [429, 200]
    # Of its own accord the SDK waits half a second at most.
    assert outcome.waits[0] >= 0.99


def test_asynchronous(together_sdk: Run) -> None:
    result = together_sdk["asynchronous"].result
    assert result["error"].items() >= {"class": "NotFoundError", "status_code": 404}.items()
    assert (result["text"], result["streamed"], result["called"]) == ("Hello.", "one two", "get_weather")
    assert result["together"] == [f"number {number}" for number in range(5)]


def test_the_answers_are_what_the_sdk_declares(together_sdk: Run) -> None:
    cases = ("plain", "streamed", "tools", "tools_streamed", "structured", "reasoning", "embeddings", "rerank")
    # The SDK does not look at what it reads; its models lack what OpenAI's answers have, and demand of each piece what
    # the first piece of a stream has.
    known = {
        "ChatCompletionMessage.refusal",
        "ChatCompletionUsage.completion_tokens_details",
        "ChatCompletionUsage.prompt_tokens_details",
        "Embedding.usage",
        "ChatCompletion: prompt",
        "ChatCompletion: index",
        "ChatCompletionChunk: role",
        "ChatCompletionChunk: id",
        "ChatCompletionChunk: name",
        "ChatCompletionChunk: type",
        # Asked for or not.
        "RerankCreateResponse: document",
    }
    assert {name for fields in together_sdk.unlike(*cases).values() for name in fields} <= known
