"""The official `mistralai` SDK takes the simulator for Mistral.

`clients/mistralai_client.py` is what runs; each test says what must come of the case of the same name. Every answer is
also checked against the SDK's own models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Run

# The first test runs the SDK's whole script.
pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.parametrize("sdk", ["mistralai-3", "mistralai-3+ferrule"], indirect=True),
]

THOUGHT = 'The question is "Why?". Let me think about it.'


def test_plain(sdk: Run) -> None:
    outcome = sdk["plain"]
    assert outcome.result == {"text": "Hello, world!", "finish_reason": "stop", "usage": [2, 2, 4], "model": "echo"}
    (request,) = outcome.requests
    assert (request.path, request.dialect) == ("/mistral/v1/chat/completions", "openai-chat")
    assert request.headers["authorization"] == "Bearer sk-oracle"
    assert request.body["random_seed"] == 7


def test_streamed(sdk: Run) -> None:
    """Usage comes unasked, in the piece that says why the answer ended, which is the last."""
    assert sdk["streamed"].result == {
        "pieces": ["one", " two", " three"],
        "finish_reasons": ["stop"],
        "usages": [6],
        "place_of_usage": [0],
    }


def test_tools(sdk: Run) -> None:
    outcome = sdk["tools"]
    identifiers = outcome.result.pop("ids")
    assert outcome.result == {
        "finish_reasons": ["tool_calls", "stop"],
        "calls": [["get_weather", {"city": "city"}], ["get_time", {"zone": "utc"}]],
        "answer": "The tool says: get_weather: yes\nget_time: yes",
    }
    assert [len(identifier) for identifier in identifiers] == [9, 9]
    assert all(identifier.isalnum() for identifier in identifiers)
    _, second = outcome.requests
    assert [message["tool_call_id"] for message in second.body["messages"][2:]] == identifiers


def test_tools_streamed(sdk: Run) -> None:
    assert sdk["tools_streamed"].result == {
        "calls": [["get_weather", {"city": "city"}]],
        "finish_reasons": ["tool_calls"],
    }


def test_structured(sdk: Run) -> None:
    outcome = sdk["structured"]
    assert outcome.result == [True, True]
    formats = [request.body["response_format"] for request in outcome.requests]
    assert [one["type"] for one in formats] == ["json_schema"] * 2
    # What its own client sends, Mistral takes: strictness, and definitions that are referred to.
    schemas = [one["json_schema"]["schema"] for one in formats]
    assert [schema["additionalProperties"] for schema in schemas] == [False, False]
    assert all(one["json_schema"]["strict"] for one in formats)
    assert schemas[1]["properties"]["members"]["items"] == {"$ref": "#/$defs/Person"}


def test_log_probabilities(sdk: Run) -> None:
    outcome = sdk["log_probabilities"]
    assert outcome.result == "Hello."
    body = outcome.requests[0].body
    assert (body["logprobs"], body["top_logprobs"], body["top_k"]) == (True, 2, 5)


def test_reasoning(sdk: Run) -> None:
    """Where Mistral has it: in a part of the content."""
    result = sdk["reasoning"].result
    assert [kind for kind, _ in result["content"]] == ["thinking", "text"]
    assert result["content"][0][1] == THOUGHT
    assert result["streamed"] == dict(result["content"])


def test_cut_short(sdk: Run) -> None:
    assert sdk["cut_short"].result == ["length", 5]


def test_embeddings(sdk: Run) -> None:
    assert sdk["embeddings"].result == {"lengths": [8, 8], "places": [0, 1]}


def test_models(sdk: Run) -> None:
    assert "echo" in sdk["models"].result


def test_refused(sdk: Run) -> None:
    error = sdk["refused"].result
    assert error["status"] == 400
    assert error["body"]["object"] == "error"


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("status-400", "SDKError"),
        ("status-401", "SDKError"),
        ("status-403", "SDKError"),
        ("status-404", "SDKError"),
        ("status-422", "HTTPValidationError"),
        ("status-429", "SDKError"),
        ("status-500", "SDKError"),
        ("status-503", "SDKError"),
        ("streamed", "SDKError"),
    ],
)
def test_failures(sdk: Run, model: str, kind: str) -> None:
    error = sdk["failures"].result[model]
    status = 429 if model == "streamed" else int(model.partition("-")[2])
    assert (error["class"], error["status"]) == (kind, status)
    assert error["body"]["object"] == "error"
    assert f"The simulated provider answers with status {status}." in error["body"]["message"]


def test_failures_that_are_not_mistral_s(sdk: Run) -> None:
    found = sdk["failures"].result
    assert found["reset"]["class"] in {"ReadError", "RemoteProtocolError"}
    assert found["timeout"]["class"] == "ReadTimeout"


def test_retried(sdk: Run) -> None:
    outcome = sdk["retried"]
    assert outcome.result.startswith('You said "Hello.".')
    assert [request.status for request in outcome.requests] == [429, 200]
    # Of its own accord the SDK waits a second at most with these settings, mostly much less.
    assert outcome.waits[0] >= 0.99


def test_asynchronous(sdk: Run) -> None:
    assert sdk["asynchronous"].result == {
        "text": "Hello.",
        "streamed": "one two",
        "is_person": True,
        "status": 404,
        "together": [f"number {number}" for number in range(5)],
    }


def test_the_answers_are_what_the_sdk_declares(sdk: Run) -> None:
    cases = ("plain", "streamed", "tools", "tools_streamed", "reasoning", "embeddings")
    # What OpenAI's answers have beside.
    known = {
        "AssistantMessage.refusal",
        "UsageInfo.completion_tokens_details",
        "UsageInfo.prompt_tokens_details",
    }
    assert {name for fields in sdk.unlike(*cases).values() for name in fields} <= known
