"""`botocore` takes the simulator for Amazon Bedrock.

`clients/botocore_client.py` is what runs; each test says what must come of the case of the same name. Every answer is
also held against botocore's description of the service.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Run

# The first test runs the SDK's whole script.
pytestmark = [pytest.mark.timeout(180), pytest.mark.parametrize("sdk", ["botocore-1"], indirect=True)]

THOUGHT = 'The question is "Why?". Let me think about it.'
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
PROFILE = "arn:aws:bedrock:us-west-2:123456789012:application-inference-profile/abc123"


def test_plain(sdk: Run) -> None:
    outcome = sdk["plain"]
    assert outcome.result.pop("request_id")
    assert outcome.result == {
        "message": {"role": "assistant", "content": [{"text": "Hello, world!"}]},
        "stop_reason": "end_turn",
        "usage": [4, 2, 6],
        "is_measured": True,
    }
    (request,) = outcome.requests
    assert (request.path, request.dialect, request.stream) == ("/bedrock/model/echo/converse", "bedrock", False)


def test_addressed(sdk: Run) -> None:
    outcome = sdk["addressed"]
    assert [request.model for request in outcome.requests] == [CLAUDE, PROFILE]
    assert [answer.rpartition(" of ")[2] for answer in outcome.result] == [f"{CLAUDE}.", f"{PROFILE}."]


def test_streamed(sdk: Run) -> None:
    outcome = sdk["streamed"]
    assert outcome.result == {
        "kinds": ["messageStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"],
        "text": "one two three",
        "thinking": "",
        "has_signature": False,
        "calls": [],
        "stop_reason": "end_turn",
        "total_tokens": 6,
    }
    assert outcome.requests[0].stream


def test_tools(sdk: Run) -> None:
    assert sdk["tools"].result == {
        "calls": [["get_weather", {"city": "city"}], ["get_time", {"zone": "utc"}]],
        "different_ids": 2,
        "stop_reasons": ["tool_use", "end_turn"],
        "answer": "The tool says: result of get_weather\nresult of get_time",
    }


def test_tools_streamed(sdk: Run) -> None:
    result = sdk["tools_streamed"].result
    assert (result["calls"], result["stop_reason"]) == ([["get_weather", {"city": "city"}]], "tool_use")


def test_thinking(sdk: Run) -> None:
    result = sdk["thinking"].result
    assert (result["thinking"], result["has_signature"]) == (THOUGHT, True)
    assert (result["streamed"]["thinking"], result["streamed"]["has_signature"]) == (THOUGHT, True)
    assert result["streamed"]["text"].startswith('You said "Why?".')
    assert result["answer"].startswith('You said "And then?".')


def test_cut_short(sdk: Run) -> None:
    assert sdk["cut_short"].result == ["max_tokens", 5]


def test_embeddings(sdk: Run) -> None:
    assert sdk["embeddings"].result == {"titan": [256], "tokens": 2, "cohere": [8, 8]}


def test_count_tokens(sdk: Run) -> None:
    assert sdk["count_tokens"].result == 2


def test_models(sdk: Run) -> None:
    assert "echo" in sdk["models"].result


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("status-400", "ValidationException"),
        ("status-403", "AccessDeniedException"),
        ("status-404", "ResourceNotFoundException"),
        ("status-408", "ModelTimeoutException"),
        ("status-429", "ThrottlingException"),
        ("status-500", "InternalServerException"),
        ("status-503", "ServiceUnavailableException"),
        ("streamed", "ThrottlingException"),
    ],
)
def test_failures(sdk: Run, model: str, kind: str) -> None:
    status = 429 if model == "streamed" else int(model.partition("-")[2])
    assert sdk["failures"].result[model] == {
        "class": kind,
        "status": status,
        "code": kind,
        "message": f"The simulated provider answers with status {status}.",
    }


def test_a_wrong_secret(sdk: Run) -> None:
    outcome = sdk["wrong_secret"]
    for result in outcome.result:
        assert result["message"].startswith("The request signature we calculated does not match the signature")
        assert (result["status"], result["code"]) == (403, "InvalidSignatureException")
    assert [request.status for request in outcome.requests] == [403, 403]


def test_all_else_is_signed_right(sdk: Run) -> None:
    """What botocore signs is what the simulator finds: names with colons, ARNs, streams, another service."""
    for name in ("plain", "addressed", "streamed", "embeddings", "count_tokens", "models"):
        for request in sdk[name].requests:
            assert request.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIASIMULATED/"), name
            assert request.status == 200, name


def test_a_reset(sdk: Run) -> None:
    assert sdk["failures"].result["reset"] == {"class": "ConnectionClosedError"}


def test_error_mid_stream(sdk: Run) -> None:
    result = sdk["error_mid_stream"].result
    assert (result["text"], result["code"]) == ("You said", "serviceUnavailableException")
    assert "The simulated provider failed in the middle." in result["message"]


def test_retried(sdk: Run) -> None:
    outcome = sdk["retried"]
    assert outcome.result[0].startswith('You said "Hello.".')
    assert outcome.result[1] == 1
    assert [request.status for request in outcome.requests] == [429, 200]


def test_frames(sdk: Run) -> None:
    """botocore checks both checksums of each."""
    outcome = sdk["frames"]
    assert outcome.result == {
        "media_type": "application/vnd.amazon.eventstream",
        "messages": ["event"],
        "contents": ["application/json"],
        "events": [
            "contentBlockDelta",
            "contentBlockStart",
            "contentBlockStop",
            "messageStart",
            "messageStop",
            "metadata",
        ],
        "left": 0,
    }
    # Bedrock pads what it sends, which it does not tell.
    assert {name.rpartition(".")[2] for name in outcome.unknown_fields} == {"p"}
    assert outcome.missing_fields == []


def test_the_answers_are_what_botocore_declares(sdk: Run) -> None:
    cases = ("plain", "addressed", "tools", "thinking", "cut_short", "count_tokens", "models")
    assert sdk.unlike(*cases) == {}
