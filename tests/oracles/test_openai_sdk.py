"""The official `openai` SDK, this major and the last, takes the simulator for OpenAI.

`clients/openai_client.py` is what runs; each test says what must come of the case of the same name. Every answer is
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
        "openai_sdk", ["openai-3", "openai-2", "openai-3+ferrule", "openai-2+ferrule"], indirect=True
    ),
]


def test_plain(openai_sdk: Run) -> None:
    outcome = openai_sdk["plain"]
    identifier = outcome.result.pop("id")
    assert outcome.result.pop("request_id").startswith("req_")
    assert identifier.startswith("chatcmpl-")
    assert outcome.result == {
        "text": "Hello, world!",
        "finish_reason": "stop",
        "usage": {
            "prompt_tokens": 2,
            "completion_tokens": 2,
            "total_tokens": 4,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0},
        },
        "object": "chat.completion",
    }
    (request,) = outcome.requests
    assert (request.path, request.dialect, request.stream) == ("/v1/chat/completions", "openai-chat", False)
    assert request.headers["authorization"] == "Bearer sk-oracle"


def test_streamed(openai_sdk: Run) -> None:
    outcome = openai_sdk["streamed"]
    assert outcome.result == {
        "pieces": ["one", " two", " three", " four"],
        "finish_reasons": ["stop"],
        "usages": [[0, 8]],
        "ids": 1,
    }
    assert outcome.requests[0].stream
    assert outcome.requests[0].outcome == "answered"


def test_streamed_with_helper(openai_sdk: Run) -> None:
    assert openai_sdk["streamed_with_helper"].result == {
        "events": ["chunk", "content.delta", "content.done"],
        "text": "one two three",
        "total_tokens": 6,
    }


def test_tools(openai_sdk: Run) -> None:
    outcome = openai_sdk["tools"]
    identifier = outcome.result.pop("id")
    assert outcome.result == {
        "finish_reasons": ["tool_calls", "stop"],
        "call": ["function", "get_weather", {"city": "city"}],
        "answer": "The tool says: 22 degrees",
    }
    _, second = outcome.requests
    _, call, result = second.body["messages"]
    assert call["tool_calls"][0]["id"] == result["tool_call_id"] == identifier


def test_tools_streamed(openai_sdk: Run) -> None:
    result = openai_sdk["tools_streamed"].result
    assert {"tool_calls.function.arguments.delta", "tool_calls.function.arguments.done"} <= set(result["events"])
    assert result["finish_reason"] == "tool_calls"
    assert result["calls"] == [["get_weather", {"city": "city"}]]


def test_parallel_tools(openai_sdk: Run) -> None:
    assert openai_sdk["parallel_tools"].result == {
        "names": ["get_weather", "get_time"],
        "different_ids": 2,
        "answer": "The tool says: result of get_weather\nresult of get_time",
        "single": 1,
        "streamed": {"0": {"city": "city"}, "1": {"zone": "utc"}},
    }


def test_structured(openai_sdk: Run) -> None:
    outcome = openai_sdk["structured"]
    assert outcome.result == {"is_person": True, "same": True}
    assert {request.body["response_format"]["type"] for request in outcome.requests} == {"json_schema"}


def test_refusal(openai_sdk: Run) -> None:
    assert openai_sdk["refusal"].result == {"refusal": "I would rather not.", "text": None}


def test_reasoning(openai_sdk: Run) -> None:
    outcome = openai_sdk["reasoning"]
    thought = 'The question is "Why?". Let me think about it.'
    assert outcome.result["reasoning"] == outcome.result["streamed"] == thought
    assert outcome.result["reasoning_tokens"] == 9
    assert outcome.result["text"].startswith('You said "Why?".')
    # OpenAI has no field for it; this is the name that most of those who speak its dialect use.
    assert outcome.unknown_fields == ["ChatCompletionMessage.reasoning_content", "ChoiceDelta.reasoning_content"]


def test_several_choices(openai_sdk: Run) -> None:
    assert openai_sdk["several_choices"].result == {"choices": [[0, "Hello."], [1, "Hello."]], "streamed": [0, 1]}


def test_cut_short(openai_sdk: Run) -> None:
    assert openai_sdk["cut_short"].result == {"finish_reason": "length", "tokens": 5}


def test_models(openai_sdk: Run) -> None:
    outcome = openai_sdk["models"]
    assert "echo" in outcome.result["listed"]
    assert outcome.result["one"] == "echo"
    assert [request.path for request in outcome.requests] == ["/v1/models", "/v1/models/echo"]


def test_responses(openai_sdk: Run) -> None:
    outcome = openai_sdk["responses"]
    assert outcome.result.pop("id").startswith("resp_")
    assert outcome.result == {
        "text": "Hello, world!",
        "kinds": ["message"],
        "status": "completed",
        "usage": [4, 2, 6],
        "object": "response",
    }
    (request,) = outcome.requests
    assert (request.path, request.dialect, request.stream) == ("/v1/responses", "openai-responses", False)


def test_responses_streamed(openai_sdk: Run) -> None:
    outcome = openai_sdk["responses_streamed"]
    assert outcome.result == {
        "types": [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
            *["response.output_text.delta"] * 3,
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed",
        ],
        "pieces": ["one", " two", " three"],
        "numbers": True,
        "total_tokens": 6,
        "helped": "response.completed",
        "final": "one two three",
    }


def test_responses_tools(openai_sdk: Run) -> None:
    assert openai_sdk["responses_tools"].result == {
        "calls": [["get_weather", {"city": "city"}], ["get_time", {"zone": "utc"}]],
        "streamed": {"0": {"city": "city"}, "1": {"zone": "utc"}},
        "answer": "The tool says: result of get_weather\nresult of get_time",
    }


def test_responses_structured(openai_sdk: Run) -> None:
    assert openai_sdk["responses_structured"].result is True


def test_responses_reasoning(openai_sdk: Run) -> None:
    thought = 'The question is "Why?". Let me think about it.'
    result = openai_sdk["responses_reasoning"].result
    assert result.pop("answer").startswith('You said "And then?".')
    assert result == {
        "kinds": ["reasoning", "message"],
        "summary": thought,
        "encrypted": True,
        "streamed": thought,
        "reasoning_tokens": 9,
    }


def test_responses_in_error(openai_sdk: Run) -> None:
    result = openai_sdk["responses_in_error"].result
    assert result["classes"] == {
        "400": "BadRequestError",
        "401": "AuthenticationError",
        "404": "NotFoundError",
        "429": "RateLimitError",
        "500": "InternalServerError",
    }
    assert result["text"] == "You said"
    assert (result["error"]["class"], result["error"]["message"]) == (
        "APIError",
        "The simulated provider failed in the middle.",
    )


def test_responses_asynchronous(openai_sdk: Run) -> None:
    assert openai_sdk["responses_asynchronous"].result == {"text": "Hello.", "last": "response.completed"}


def test_embeddings(openai_sdk: Run) -> None:
    """By itself the SDK asks for base64, and reads it."""
    outcome = openai_sdk["embeddings"]
    assert outcome.result == {
        "lengths": [16, 16],
        "near": True,
        "tokens": {"prompt_tokens": 2, "total_tokens": 2},
    }
    assert [request.body["encoding_format"] for request in outcome.requests] == ["base64", "float"]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("status-400", {"class": "BadRequestError", "status_code": 400}),
        ("status-401", {"class": "AuthenticationError", "status_code": 401}),
        ("status-403", {"class": "PermissionDeniedError", "status_code": 403}),
        ("status-404", {"class": "NotFoundError", "status_code": 404, "code": "model_not_found"}),
        ("status-409", {"class": "ConflictError", "status_code": 409}),
        ("status-422", {"class": "UnprocessableEntityError", "status_code": 422}),
        ("status-429", {"class": "RateLimitError", "status_code": 429, "code": "rate_limit_exceeded"}),
        ("status-500", {"class": "InternalServerError", "status_code": 500, "type": "server_error"}),
        ("status-503", {"class": "InternalServerError", "status_code": 503}),
        ("context-length", {"class": "BadRequestError", "status_code": 400, "code": "context_length_exceeded"}),
        ("overloaded", {"class": "InternalServerError", "status_code": 503, "code": "server_is_overloaded"}),
        ("wrong key", {"class": "AuthenticationError", "status_code": 401, "code": "invalid_api_key"}),
    ],
)
def test_errors(openai_sdk: Run, model: str, expected: dict[str, object]) -> None:
    error = openai_sdk["errors"].result[model]
    assert error.items() >= expected.items()
    assert error["request_id"].startswith("req_")
    if model.startswith("status-"):
        assert f"The simulated provider answers with status {expected['status_code']}." in error["message"]


def test_errors_that_are_not_openai_s(openai_sdk: Run) -> None:
    found = openai_sdk["errors"].result
    assert (found["html"]["class"], found["html"]["status_code"]) == ("InternalServerError", 502)
    assert found["reset"]["class"] == "APIConnectionError"
    assert found["timeout"]["class"] == "APITimeoutError"


def test_error_mid_stream(openai_sdk: Run) -> None:
    result = openai_sdk["error_mid_stream"].result
    assert result["text"] == "You said"
    assert result["error"]["class"] == "APIError"
    assert result["error"]["message"] == "The simulated provider failed in the middle."
    assert result["error"]["code"] == "server_is_overloaded"


def test_retried(openai_sdk: Run) -> None:
    outcome = openai_sdk["retried"]
    assert outcome.result.startswith('You said "Hello.".')
    assert [request.status for request in outcome.requests] == [503, 503, 200]


def test_retried_after_a_reset(openai_sdk: Run) -> None:
    outcome = openai_sdk["retried_after_a_reset"]
    assert outcome.result.startswith('You said "Hello.".')
    assert [request.outcome for request in outcome.requests] == ["cut", "answered"]


@pytest.mark.parametrize("case", ["retried_after_seconds", "retried_after_milliseconds"])
def test_retried_when_it_was_told_to(openai_sdk: Run, case: str) -> None:
    outcome = openai_sdk[case]
    assert outcome.result.startswith('You said "Hello.".')
    assert [request.status for request in outcome.requests] == [429, 200]
    # Of its own accord the SDK waits half a second at most.
    assert outcome.waits[0] >= 0.99


def test_retried_in_vain(openai_sdk: Run) -> None:
    outcome = openai_sdk["retried_in_vain"]
    assert outcome.result["class"] == "InternalServerError"
    assert [request.status for request in outcome.requests] == [500, 500]


def test_abandoned(openai_sdk: Run) -> None:
    outcome = openai_sdk["abandoned"]
    assert outcome.result == ["assistant"]
    assert outcome.requests[0].outcome == "closed_by_client"


def test_asynchronous(openai_sdk: Run) -> None:
    result = openai_sdk["asynchronous"].result
    assert result["error"].items() >= {"class": "NotFoundError", "status_code": 404}.items()
    assert "echo" in result["models"]
    assert result["together"] == [f"number {number}" for number in range(10)]
    assert (result["streamed"], result["called"], result["retried"]) == ("one two", "get_weather", "stop")
    assert result["is_person"]


def test_nothing_is_there_that_the_sdk_does_not_know(openai_sdk: Run) -> None:
    chats = ("plain", "streamed", "tools", "parallel_tools", "refusal", "several_choices", "cut_short", "models")
    kinds = ("", "_streamed", "_tools", "_reasoning", "_in_error", "_asynchronous")
    unlike = openai_sdk.unlike(*chats, *(f"responses{kind}" for kind in kinds), "embeddings")
    # The last of version 2 demands a field that version 3 does not know.
    assert unlike.pop("responses_tools", []) in ([], ["ResponseFunctionCallArgumentsDoneEvent: name"])
    assert unlike == {}
