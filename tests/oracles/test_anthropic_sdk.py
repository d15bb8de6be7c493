"""The official `anthropic` SDK, this major and the last, takes the simulator for Anthropic.

`clients/anthropic_client.py` is what runs; each test says what must come of the case of the same name. Every answer is
also checked against the SDK's own models: nothing they demand may be missing, nothing may be there that they do not
know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Run

# The first test runs the SDK's whole script.
pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.parametrize(
        "anthropic_sdk", ["anthropic-2", "anthropic-1", "anthropic-2+ferrule", "anthropic-1+ferrule"], indirect=True
    ),
]


def test_plain(anthropic_sdk: Run) -> None:
    outcome = anthropic_sdk["plain"]
    identifier = outcome.result.pop("id")
    assert outcome.result.pop("request_id").startswith("req_")
    assert identifier.startswith("msg_")
    assert outcome.result == {
        "content": [["text", "Hello, world!"]],
        "stop_reason": "end_turn",
        "usage": [4, 2],
        "role": "assistant",
    }
    (request,) = outcome.requests
    assert (request.path, request.dialect, request.stream) == ("/v1/messages", "anthropic", False)
    # Version 2 sends the key as everybody else does.
    assert "sk-oracle" in {request.headers.get("x-api-key"), request.headers.get("authorization", "")[len("Bearer ") :]}


def test_streamed(anthropic_sdk: Run) -> None:
    outcome = anthropic_sdk["streamed"]
    assert outcome.result == {
        "types": [
            "message_start",
            "content_block_start",
            *["content_block_delta"] * 3,
            "content_block_stop",
            "message_delta",
            "message_stop",
        ],
        "pieces": ["one", " two", " three"],
        "stop_reason": "end_turn",
        "output_tokens": 3,
    }
    assert outcome.requests[0].stream
    assert outcome.requests[0].outcome == "answered"


def test_streamed_with_helper(anthropic_sdk: Run) -> None:
    assert anthropic_sdk["streamed_with_helper"].result == {
        "pieces": ["one", " two", " three"],
        "text": "one two three",
        "output_tokens": 3,
    }


def test_tools(anthropic_sdk: Run) -> None:
    outcome = anthropic_sdk["tools"]
    identifier = outcome.result.pop("id")
    assert outcome.result == {
        "stop_reasons": ["tool_use", "end_turn"],
        "call": ["get_weather", {"city": "city"}],
        "answer": "The tool says: 22 degrees",
    }
    _, second = outcome.requests
    _, call, result = second.body["messages"]
    assert call["content"][0]["id"] == result["content"][0]["tool_use_id"] == identifier


def test_tools_streamed(anthropic_sdk: Run) -> None:
    result = anthropic_sdk["tools_streamed"].result
    assert "input_json" in result["events"]
    assert result["stop_reason"] == "tool_use"
    assert result["calls"] == [["get_time", {"zone": "utc"}]]


def test_parallel_tools(anthropic_sdk: Run) -> None:
    assert anthropic_sdk["parallel_tools"].result == {
        "names": ["get_weather", "get_time"],
        "different_ids": 2,
        "streamed": [["get_weather", {"city": "city"}], ["get_time", {"zone": "utc"}]],
        "single": 1,
        "answer": "The tool says: result of get_weather\nresult of get_time",
    }


def test_tool_runner(anthropic_sdk: Run) -> None:
    assert anthropic_sdk["tool_runner"].result == {"stop_reasons": ["tool_use", "end_turn"], "cities": ["city"]}


def test_structured(anthropic_sdk: Run) -> None:
    assert anthropic_sdk["structured"].result == {"is_person": True, "same": True}


def test_thinking(anthropic_sdk: Run) -> None:
    outcome = anthropic_sdk["thinking"]
    signature = outcome.result.pop("signature")
    assert outcome.result == {
        "types": [["thinking", "tool_use"], ["thinking", "text"]],
        "thinking": 'The question is "Use the tool.". Let me think about it.',
        "thinking_tokens": 11,
        "answer": "The tool says: 22 degrees",
    }
    assert signature
    _, second = outcome.requests
    assert second.body["messages"][1]["content"][0]["signature"] == signature


def test_thinking_streamed(anthropic_sdk: Run) -> None:
    result = anthropic_sdk["thinking_streamed"].result
    assert result["content"] == [
        ["thinking", 'The question is "Why?". Let me think about it.'],
        ["text", 'You said "Why?". This is a simulated answer of any.'],
    ]
    assert result["signature"]
    assert (result["thinking_events"], result["signature_events"]) == (9, 1)


def test_thinking_redacted(anthropic_sdk: Run) -> None:
    assert anthropic_sdk["thinking_redacted"].result == [
        {"type": "redacted_thinking", "data": "c2VjcmV0"},
        {"type": "text", "text": "Because."},
    ]


def test_cached(anthropic_sdk: Run) -> None:
    """Anthropic counts what the cache had and what went into it beside the rest of the input."""
    assert anthropic_sdk["cached"].result == {"input": 11, "read": 3, "written": 6, "5m": 2, "1h": 4}


def test_stopped(anthropic_sdk: Run) -> None:
    assert anthropic_sdk["stopped"].result == {
        "stopped": ["stop_sequence", "two", "one "],
        "cut": ["max_tokens", 5],
    }


def test_models(anthropic_sdk: Run) -> None:
    outcome = anthropic_sdk["models"]
    assert "echo" in outcome.result["listed"]
    assert outcome.result["one"] == ["echo", "model", 2026]


def test_count_tokens(anthropic_sdk: Run) -> None:
    outcome = anthropic_sdk["count_tokens"]
    few, more = outcome.result
    assert few == 2
    assert more > 3
    assert {request.path for request in outcome.requests} == {"/v1/messages/count_tokens"}


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("status-400", {"class": "BadRequestError", "type": "invalid_request_error"}),
        ("status-401", {"class": "AuthenticationError", "type": "authentication_error"}),
        ("status-403", {"class": "PermissionDeniedError", "type": "permission_error"}),
        ("status-404", {"class": "NotFoundError", "type": "not_found_error"}),
        ("status-422", {"class": "UnprocessableEntityError", "type": "invalid_request_error"}),
        ("status-429", {"class": "RateLimitError", "type": "rate_limit_error"}),
        ("status-500", {"class": "InternalServerError", "type": "api_error"}),
        ("status-503", {"status_code": 503, "type": "overloaded_error"}),
        ("status-529", {"class": "OverloadedError", "type": "overloaded_error"}),
        ("context-length", {"class": "BadRequestError", "status_code": 400, "type": "invalid_request_error"}),
        ("overloaded", {"class": "OverloadedError", "status_code": 529, "type": "overloaded_error"}),
        ("wrong key", {"class": "AuthenticationError", "status_code": 401, "type": "authentication_error"}),
    ],
)
def test_errors(anthropic_sdk: Run, model: str, expected: dict[str, object]) -> None:
    error = anthropic_sdk["errors"].result[model]
    assert error.items() >= expected.items()
    assert error["request_id"].startswith("req_")
    name, _, status = model.partition("-")
    if name == "status":
        assert error["status_code"] == int(status)
        assert f"The simulated provider answers with status {status}." in error["message"]


def test_errors_that_are_not_anthropic_s(anthropic_sdk: Run) -> None:
    found = anthropic_sdk["errors"].result
    assert (found["html"]["class"], found["html"]["status_code"]) == ("InternalServerError", 502)
    assert found["reset"]["class"] == "APIConnectionError"
    assert found["timeout"]["class"] == "APITimeoutError"


def test_error_mid_stream(anthropic_sdk: Run) -> None:
    result = anthropic_sdk["error_mid_stream"].result
    assert result["text"] == "You said"
    assert (result["error"]["class"], result["error"]["type"]) == ("APIStatusError", "overloaded_error")
    assert "The simulated provider failed in the middle." in result["error"]["message"]


def test_retried(anthropic_sdk: Run) -> None:
    outcome = anthropic_sdk["retried"]
    assert outcome.result.startswith('You said "Hello.".')
    assert [request.status for request in outcome.requests] == [529, 529, 200]


def test_retried_after_a_reset(anthropic_sdk: Run) -> None:
    outcome = anthropic_sdk["retried_after_a_reset"]
    assert outcome.result.startswith('You said "Hello.".')
    assert [request.outcome for request in outcome.requests] == ["cut", "answered"]


@pytest.mark.parametrize("case", ["retried_after_seconds", "retried_after_milliseconds"])
def test_retried_when_it_was_told_to(anthropic_sdk: Run, case: str) -> None:
    outcome = anthropic_sdk[case]
    assert outcome.result.startswith('You said "Hello.".')
    assert [request.status for request in outcome.requests] == [429, 200]
    # Of its own accord the SDK waits half a second at most.
    assert outcome.waits[0] >= 0.99


def test_retried_in_vain(anthropic_sdk: Run) -> None:
    outcome = anthropic_sdk["retried_in_vain"]
    assert outcome.result["class"] == "InternalServerError"
    assert [request.status for request in outcome.requests] == [500, 500]


def test_abandoned(anthropic_sdk: Run) -> None:
    outcome = anthropic_sdk["abandoned"]
    assert outcome.result == ["message_start"]
    assert outcome.requests[0].outcome == "closed_by_client"


def test_asynchronous(anthropic_sdk: Run) -> None:
    result = anthropic_sdk["asynchronous"].result
    assert result["error"].items() >= {"class": "NotFoundError", "status_code": 404}.items()
    assert "echo" in result["models"]
    assert {"message_start", "content_block_delta", "message_stop"} <= set(result["types"])
    assert result["together"] == [f"number {number}" for number in range(10)]
    assert (result["called"], result["retried"]) == ("get_weather", "end_turn")
    assert result["is_person"]


def test_nothing_is_there_that_the_sdk_does_not_know(anthropic_sdk: Run) -> None:
    for case in ("plain", "streamed", "tools", "parallel_tools", "tool_runner", "thinking", "thinking_streamed"):
        assert anthropic_sdk[case].unknown_fields == [], case
    for case in ("thinking_redacted", "cached", "stopped", "models", "count_tokens"):
        assert anthropic_sdk[case].unknown_fields == [], case
