"""Peculiarities of single providers: Replicate's predictions, ruvLLM's stand-in, addresses with more than a path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import ferrule

if TYPE_CHECKING:
    from ferrule.testing import Simulator


def paths(simulator: Simulator) -> list[tuple[str, str]]:
    return [(request.method, request.path.removeprefix("/replicate/v1")) for request in simulator.requests]


class TestReplicate:
    def test_it_waits(self, simulator: Simulator) -> None:
        with simulator.client(only=["replicate"]) as client:
            assert client.complete("replicate/owner/echo", "Hello there.").text == "Hello there."
        (request,) = simulator.requests
        assert request.path == "/replicate/v1/models/owner/echo/predictions"
        assert request.headers["prefer"] == "wait"

    def test_what_is_not_over_is_asked_for_again(self, simulator: Simulator) -> None:
        with simulator.client(only=["replicate"]) as client:
            reply = client.complete("replicate/echo", "Hello there.", extra_headers={"prefer": "respond-async"})
        assert reply.text == "Hello there."
        assert reply.usage.input_tokens
        create, get = paths(simulator)
        assert create == ("POST", "/models/echo/predictions")
        assert get[0] == "GET"
        assert get[1].startswith("/predictions/")

    def test_a_stream_is_read_and_then_its_figures(self, simulator: Simulator) -> None:
        with simulator.client(only=["replicate"]) as client, client.stream("replicate/echo", "Hello there.") as stream:
            assert "".join(stream.text) == "Hello there."
            assert stream.reply().usage.output_tokens
        assert [path.rpartition("/")[2] for _, path in paths(simulator)][1] == "stream"
        assert [method for method, _ in paths(simulator)] == ["POST", "GET", "GET"]

    def test_leaving_cancels_the_prediction(self, simulator: Simulator) -> None:
        with simulator.client(only=["replicate"]) as client:
            with client.stream("replicate/stall-mid-event", "Hello there.") as stream:
                next(stream.text)
            assert simulator.wait_for_requests(3)
        method, path = paths(simulator)[-1]
        assert (method, path.rpartition("/")[2]) == ("POST", "cancel")


class TestRuvllm:
    def test_ollama_answers_where_it_is_away(self, simulator: Simulator) -> None:
        away: Any = {**simulator.providers(["ruvllm", "ollama"]), "ruvllm": {"base_url": simulator.refused_url}}
        with ferrule.Client(providers=away, max_retries=0) as client:
            reply = client.complete("ruvllm/echo", "Hello there.")
            assert reply.text == "Hello there."
            assert reply.provider == "ollama"
            with client.stream("ruvllm/echo", "Hello there.") as stream:
                assert "".join(stream.text) == "Hello there."
        assert [(request.dialect, request.model) for request in simulator.requests] == [("ollama", "echo")] * 2
        assert [attempt.provider for attempt in reply.attempts] == ["ruvllm", "ollama"]

    def test_it_answers_itself_where_it_is_there(self, simulator: Simulator) -> None:
        with simulator.client(only=["ruvllm", "ollama"], max_retries=0) as client:
            assert client.complete("ruvllm/echo", "Hello there.").provider == "ruvllm"
        alone: Any = simulator.providers(["ruvllm", "ollama"])
        alone["ruvllm"]["fallback"] = "none"
        with ferrule.Client(providers=alone, max_retries=0) as client, pytest.raises(ferrule.ServerError):
            client.complete("ruvllm/status-500", "Hello there.")
        assert {request.dialect for request in simulator.requests} == {"ruvllm"}


class TestMistral:
    def test_the_schema_of_an_answer_stays_whole(self, simulator: Simulator) -> None:
        place = {"type": "object", "properties": {"name": {"type": "string"}}, "additionalProperties": False}
        schema = {
            "type": "object",
            "properties": {"place": {"$ref": "#/$defs/Place"}},
            "required": ["place"],
            "additionalProperties": False,
            "$defs": {"Place": place},
        }
        tool = {"name": "look", "description": "Looks.", "parameters": {**schema, "$schema": "https://s.test"}}
        wanted: Any = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}
        with simulator.client(only=["mistral", "codestral"], max_retries=0) as client:
            for provider in ("mistral", "codestral"):
                client.complete(f"{provider}/any", "Where?", response_format=wanted)
                client.complete(f"{provider}/any", "Where?", tools=[tool])
        for answer, with_tool in (simulator.requests[:2], simulator.requests[2:]):
            assert answer.body["response_format"] == wanted
            # A compiler of grammars reads those of tools, which has not taken it all.
            assert with_tool.body["tools"][0]["function"]["parameters"] == {
                "type": "object",
                "properties": {"place": {"type": "object", "properties": {"name": {"type": "string"}}}},
                "required": ["place"],
            }

    def test_log_probabilities_are_asked_for(self, simulator: Simulator) -> None:
        with simulator.client(only=["mistral"], max_retries=0) as client:
            client.complete("mistral/echo", "Hello there.", logprobs=2, top_k=5)
        body = simulator.requests[0].body
        assert (body["logprobs"], body["top_logprobs"], body["top_k"]) == (True, 2, 5)


OWN = {"project_id": "my-project", "version": "2024-05-31"}
"""What watsonx wants to know beside."""


class TestWatsonx:
    def test_vectors_come_in_requests_of_a_thousand(self, simulator: Simulator) -> None:
        texts = [f"text {number}" for number in range(1001)]
        with simulator.client(only=["watsonx"]) as client:
            vectors = client.embed("watsonx/ibm/slate-125m-english-rtrvr-v2", texts, extra_body=OWN)
            usage = vectors.usage
        assert (len(vectors), vectors.provider) == (1001, "watsonx")
        assert usage is not None
        assert usage.input_tokens == 2002
        first, second = sorted(simulator.requests, key=lambda request: -len(request.body["inputs"]))
        assert (first.path, first.query) == ("/watsonx/ml/v1/text/embeddings", "version=2024-05-31")
        assert first.dialect == "watsonx"
        model = {"model_id": "ibm/slate-125m-english-rtrvr-v2", "project_id": "my-project"}
        assert first.body == {**model, "inputs": texts[:1000]}
        assert second.body == {**model, "inputs": texts[1000:]}

    @pytest.mark.parametrize("option", [{"dimensions": 5}, {"input_type": "query"}, {"user": "u-1"}])
    def test_what_it_has_no_field_for_is_refused(self, simulator: Simulator, option: Any) -> None:
        with simulator.client(only=["watsonx"]) as client:
            with pytest.raises(ferrule.UnsupportedError) as refused:
                client.embed("watsonx/x", "Hello there.", **option)
            assert refused.value.field in option
            with pytest.warns(UserWarning, match="watsonx cannot carry"):
                assert len(client.embed("watsonx/x", "Hello there.", drop_params=True, **option)) == 1

    def test_documents_are_put_in_order(self, simulator: Simulator) -> None:
        documents = ["a cat", "the weather in Paris", "a dog"]
        with simulator.client(only=["watsonx"]) as client:
            ranking = client.rerank("watsonx/ranker", "weather in Paris", documents, top_n=2, extra_body=OWN)
        assert (ranking[0].index, ranking[0].document) == (1, "the weather in Paris")
        assert len(ranking) == 2
        assert ranking.usage is not None
        assert ranking.usage.input_tokens
        (request,) = simulator.requests
        assert (request.path, request.query) == ("/watsonx/ml/v1/text/rerank", "version=2024-05-31")
        assert request.body == {
            "model_id": "ranker",
            "query": "weather in Paris",
            "inputs": [{"text": text} for text in documents],
            "parameters": {"return_options": {"top_n": 2}},
            "project_id": "my-project",
        }

    def test_failures_are_its_own(self, simulator: Simulator) -> None:
        with simulator.client(only=["watsonx"], max_retries=0) as client:
            with pytest.raises(ferrule.RateLimitedError):
                client.embed("watsonx/status-429", "Hello there.")
            with pytest.raises(ferrule.NotFoundError):
                client.rerank("watsonx/status-404", "Hello", ["there"])


@pytest.mark.parametrize(
    ("model", "path", "query"),
    [
        (
            "azure-deployments/echo",
            "/azure-deployments/openai/deployments/echo/chat/completions",
            "api-version=2024-10-21",
        ),
        ("azure-ai/echo", "/azure-ai/models/chat/completions", "api-version=2024-05-01-preview"),
        ("gemini/echo", "/gemini/v1beta/models/echo:generateContent", ""),
        (
            "vertex/echo",
            "/vertex/v1/projects/sim-project/locations/us-central1/publishers/google/models/echo:generateContent",
            "",
        ),
        ("gemini/tunedModels/echo", "/gemini/v1beta/tunedModels/echo:generateContent", ""),
        (
            "vertex/projects/other/locations/us-central1/endpoints/echo",
            "/vertex/v1/projects/other/locations/us-central1/endpoints/echo:generateContent",
            "",
        ),
        (
            "vertex/projects/example.com:other/locations/global/publishers/google/models/echo",
            "/vertex/v1/projects/example.com%3Aother/locations/global/publishers/google/models/echo:generateContent",
            "",
        ),
        (
            "vertex/publishers/meta/models/echo",
            "/vertex/v1/projects/sim-project/locations/us-central1/publishers/meta/models/echo:generateContent",
            "",
        ),
        (
            "vertex-express/publishers/meta/models/echo",
            "/vertex-express/v1/publishers/meta/models/echo:generateContent",
            "",
        ),
        (
            "vertex-express/projects/../locations/../endpoints/echo",
            "/vertex-express/v1/publishers/google/models/projects%2F..%2Flocations%2F..%2Fendpoints%2Fecho:generateContent",
            "",
        ),
        (
            "vertex-anthropic/projects/other/locations/eu/publishers/anthropic/models/echo",
            "/vertex-anthropic/v1/projects/other/locations/eu/publishers/anthropic/models/echo:rawPredict",
            "",
        ),
        ("bedrock/echo", "/bedrock/model/echo/converse", ""),
        ("cloudflare/echo", "/cloudflare/client/v4/accounts/sim-account/ai/v1/chat/completions", ""),
        ("litellm/echo", "/litellm/chat/completions", ""),
    ],
)
def test_addresses(simulator: Simulator, model: str, path: str, query: str) -> None:
    with simulator.client() as client:
        assert client.complete(model, "Hello there.").text == "Hello there."
    (request,) = simulator.requests
    assert (request.path, request.query) == (path, query)


def test_models_of_a_publisher_are_nobody_s_project(simulator: Simulator) -> None:
    with simulator.client(only=["vertex", "vertex-anthropic"]) as client:
        assert "echo" in [model.id for model in client.models("vertex")]
        assert client.health(["vertex", "vertex-anthropic"])[0].authorised
    assert {request.path for request in simulator.requests} == {
        "/vertex/v1beta1/publishers/google/models",
        "/vertex-anthropic/v1beta1/publishers/anthropic/models",
    }


def test_vectors_and_counts_are_asked_of_an_endpoint(simulator: Simulator) -> None:
    endpoint = "projects/other/locations/us-central1/endpoints/7"
    claude = "projects/other/locations/eu/publishers/anthropic/models"
    with simulator.client(only=["vertex", "vertex-anthropic"]) as client:
        assert len(client.embed(f"vertex/{endpoint}", "Hello there.")) == 1
        assert client.count_tokens(f"vertex/{endpoint}", "Hello there.").tokens == 2
        assert client.count_tokens(f"vertex-anthropic/{claude}/claude-x", "Hello there.").tokens == 2
    assert [request.path for request in simulator.requests] == [
        f"/vertex/v1/{endpoint}:predict",
        f"/vertex/v1/{endpoint}:countTokens",
        f"/vertex-anthropic/v1/{claude}/count-tokens:rawPredict",
    ]
    assert simulator.requests[2].body["model"] == "claude-x"


def test_deployments_are_in_the_address_of_everything(simulator: Simulator) -> None:
    with simulator.client() as client:
        assert len(client.embed("azure-deployments/vectors", "Hello there.")) == 1
        assert client.images.generate("azure-deployments/pictures", "a ferrule").images
        assert client.audio.speech("azure-deployments/voice", "Hello.", voice="alloy").read()
    deployments = "/azure-deployments/openai/deployments"
    assert [(request.path, request.query) for request in simulator.requests] == [
        (f"{deployments}/vectors/embeddings", "api-version=2024-10-21"),
        (f"{deployments}/pictures/images/generations", "api-version=2024-10-21"),
        (f"{deployments}/voice/audio/speech", "api-version=2024-10-21"),
    ]


def test_the_proxy_is_told_its_own_names_and_the_fireworks_theirs(simulator: Simulator) -> None:
    with simulator.client() as client:
        client.complete("litellm/litellm_proxy/echo", "Hello there.")
        client.complete("fireworks/echo", "Hello there.")
    assert [request.body["model"] for request in simulator.requests] == ["echo", "accounts/fireworks/models/echo"]


def test_togethers_list_of_models_has_nothing_around_it(simulator: Simulator) -> None:
    with simulator.client(only=["together"]) as client:
        models = client.models("together")
    assert "echo" in [model.id for model in models]
    assert {model.provider for model in models} == {"together"}
    assert {model.raw["organization"] for model in models} == {"ferrule-sim"}
