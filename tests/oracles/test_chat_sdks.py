"""The official `groq`, `together` and `openai` SDKs, made alike, take the simulator for Groq, Together and Azure.

What runs are `groq_client.py`, `together_client.py` and `azure_openai_client.py` in `clients/`; each test says what
must come of the case of the same name. Every answer is also checked against the SDK's own models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Run

# The first test runs the SDK's whole script.
pytestmark = pytest.mark.timeout(180)

groq = pytest.mark.parametrize("sdk", ["groq-1", "groq-1+ferrule"], indirect=True)
together = pytest.mark.parametrize("sdk", ["together-3", "together-3+ferrule"], indirect=True)
# The last that lists the models of the API that chats.
together_2 = pytest.mark.parametrize("sdk", ["together-2"], indirect=True)
azure = pytest.mark.parametrize("sdk", ["azure_openai-3"], indirect=True)
alike = pytest.mark.parametrize(
    "sdk", ["groq-1", "together-3", "azure_openai-3", "groq-1+ferrule", "together-3+ferrule"], indirect=True
)


@alike
def test_plain(sdk: Run) -> None:
    outcome = sdk["plain"]
    assert outcome.result == {
        "text": "Hello, world!",
        "role": "assistant",
        "finish_reason": "stop",
        "usage": [2, 2, 4],
        "model": "echo",
    }
    (request,) = outcome.requests
    assert (request.path, request.headers.get("authorization"), request.headers.get("api-key")) in {
        ("/groq/openai/v1/chat/completions", "Bearer sk-oracle", None),
        ("/together/v1/chat/completions", "Bearer sk-oracle", None),
        ("/azure-deployments/openai/deployments/echo/chat/completions", None, "sk-oracle"),
    }
    assert request.dialect == "openai-chat"


@alike
def test_streamed(sdk: Run) -> None:
    outcome = sdk["streamed"]
    # At Groq it comes unasked, with the reason why the answer ended.
    usages = [6] if outcome.requests[0].path.startswith("/groq/") else []
    assert outcome.result == {
        "pieces": ["one", " two", " three"],
        "finish_reasons": ["stop"],
        "ids": 1,
        "usages": usages,
    }


@alike
def test_tools(sdk: Run) -> None:
    outcome = sdk["tools"]
    identifiers = outcome.result.pop("ids")
    assert outcome.result == {
        "finish_reasons": ["tool_calls", "stop"],
        "calls": [["get_weather", {"city": "city"}], ["get_time", {"zone": "utc"}]],
        "answer": "The tool says: result of get_weather\nresult of get_time",
    }
    _, second = outcome.requests
    assert [message["tool_call_id"] for message in second.body["messages"][2:]] == identifiers


@alike
def test_tools_streamed(sdk: Run) -> None:
    assert sdk["tools_streamed"].result == {
        "calls": [["get_weather", {"city": "city"}]],
        "finish_reasons": ["tool_calls"],
    }


@alike
def test_structured(sdk: Run) -> None:
    assert sdk["structured"].result == ["age", "name"]


@alike
def test_reasoning(sdk: Run) -> None:
    """Where each has it: in `reasoning`, at Azure in `reasoning_content`."""
    thought = 'The question is "Why?". Let me think about it.'
    result = sdk["reasoning"].result
    assert result["reasoning"] == thought
    assert result["streamed"] == [thought, result["text"]]


@alike
def test_cut_short(sdk: Run) -> None:
    assert sdk["cut_short"].result == ["length", 5]


@alike
def test_embeddings(sdk: Run) -> None:
    assert sdk["embeddings"].result == {"lengths": [8, 8], "places": [0, 1]}


@groq
def test_models(sdk: Run) -> None:
    result = sdk["models"].result
    assert "echo" in result["listed"]
    assert result["one"] == "echo"


@together_2
def test_the_models_are_a_list_and_nothing_around_it(sdk: Run) -> None:
    outcome = sdk["models"]
    assert "echo" in outcome.result["listed"]
    assert outcome.result["types"] == ["chat"]
    assert (outcome.unknown_fields, outcome.missing_fields) == ([], [])
    assert [request.path for request in outcome.requests] == ["/together/models"]


@groq
def test_refused(sdk: Run) -> None:
    error = sdk["refused"].result
    assert (error["class"], error["status_code"]) == ("BadRequestError", 400)
    assert "n" in error["message"]


@alike
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
def test_errors(sdk: Run, model: str, kind: str) -> None:
    error = sdk["errors"].result[model]
    status = int(model.partition("-")[2])
    assert (error["class"], error["status_code"]) == (kind, status)
    assert f"The simulated provider answers with status {status}." in error["message"]


@alike
def test_errors_that_are_not_the_provider_s(sdk: Run) -> None:
    found = sdk["errors"].result
    assert found["wrong key"]["class"] == "AuthenticationError"
    assert found["reset"]["class"] == "APIConnectionError"
    assert found["timeout"]["class"] == "APITimeoutError"


@alike
def test_error_mid_stream(sdk: Run) -> None:
    result = sdk["error_mid_stream"].result
    assert result["text"] == "You said"
    assert result["error"]["class"] == "APIError"
    assert "The simulated provider failed in the middle." in result["error"]["message"]


@alike
def test_retried(sdk: Run) -> None:
    outcome = sdk["retried"]
    assert outcome.result.startswith('You said "Hello.".')
    assert [request.status for request in outcome.requests] == [429, 200]
    # Of its own accord the SDK waits half a second at most.
    assert outcome.waits[0] >= 0.99


@alike
def test_asynchronous(sdk: Run) -> None:
    result = sdk["asynchronous"].result
    assert result["error"].items() >= {"class": "NotFoundError", "status_code": 404}.items()
    assert (result["text"], result["streamed"], result["called"]) == ("Hello.", "one two", "get_weather")
    assert result["together"] == [f"number {number}" for number in range(5)]


@together
def test_rerank(sdk: Run) -> None:
    assert sdk["rerank"].result == {"places": [1, 0], "scores": [1.0, 0.0]}


@azure
def test_deployments_are_in_the_address_of_everything(sdk: Run) -> None:
    assert sdk["pictures"].result
    assert sdk["speech"].result
    for case, path in (
        ("embeddings", "any/embeddings"),
        ("pictures", "pictures/images/generations"),
        ("speech", "voice/audio/speech"),
    ):
        (request,) = sdk[case].requests
        assert request.path == f"/azure-deployments/openai/deployments/{path}"
        assert request.query == "api-version=2024-10-21"


@azure
def test_microsoft_s_tokens(sdk: Run) -> None:
    outcome = sdk["token"]
    assert outcome.result == "Hello."
    assert [request.headers["authorization"] for request in outcome.requests] == ["Bearer sk-token"]


@azure
def test_the_answers_are_what_openai_declares(sdk: Run) -> None:
    cases = ("plain", "streamed", "tools", "tools_streamed", "structured", "embeddings", "pictures", "token")
    assert sdk.unlike(*cases) == {}
    assert sdk.unlike("reasoning") == {
        "reasoning": ["ChatCompletionMessage.reasoning_content", "ChoiceDelta.reasoning_content"]
    }


@groq
def test_the_answers_are_what_groq_declares(sdk: Run) -> None:
    cases = ("plain", "streamed", "tools", "tools_streamed", "structured", "reasoning", "embeddings", "models")
    # OpenAI's messages have it, and Groq's as well, where it is not declared.
    known = {"ChatCompletionMessage.refusal"}
    assert {name for fields in sdk.unlike(*cases).values() for name in fields} <= known


@together
def test_the_answers_are_what_together_declares(sdk: Run) -> None:
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
    assert {name for fields in sdk.unlike(*cases).values() for name in fields} <= known
