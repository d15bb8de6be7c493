"""Argument names of other libraries: each is answered by what to write instead, and no secret is shown."""

from __future__ import annotations

import re
from typing import Any

import pytest

import ferrule
from ferrule import peer_names
from ferrule.base_client import BaseClient
from ferrule.options import CompletionOptions, EmbeddingOptions
from ferrule.testing import Simulator

ARGUMENTS = set(BaseClient.__init__.__kwdefaults__ or ())
OPTIONS = set(CompletionOptions.__annotations__)
SECRET = "sk-a-very-secret-value"
# Names that the issue and the libraries' documents have: the table has to know them.
EXPECTED = (
    "api_key base_url api_base api_version retries num_retries organization project http_client "
    "default_headers stream thinking functions function_call fallbacks max_completion_tokens "
    "max_output_tokens stop_sequences custom_llm_provider input instructions text request_timeout "
    "default_query azure_endpoint azure_ad_token openai_api_key model_name streaming callbacks verify "
    "proxies headers reasoning_effort response_model generation_config system_instruction contents "
    "num_predict max_tokens_to_sample auth_token previous_response_id mock_response caching top_logprobs "
    "web_search_options logit_bias "
)


def client_error(name: str) -> str:
    arguments: dict[str, Any] = {name: SECRET}
    with pytest.raises(TypeError) as caught:
        ferrule.Client(**arguments)
    return str(caught.value)


def call_error(name: str, *, streamed: bool = False) -> str:
    arguments: dict[str, Any] = {name: SECRET}
    with Simulator() as simulator, simulator.client() as client, pytest.raises(TypeError) as caught:
        (client.stream if streamed else client.complete)("openai/gpt", "Hi.", **arguments)
    return str(caught.value)


def test_the_table_has_what_people_bring() -> None:
    known = peer_names.ANYWHERE.keys()
    assert not [name for name in EXPECTED.split() if name not in known and name not in ARGUMENTS | OPTIONS]


def test_nothing_in_the_table_is_an_option_or_an_argument() -> None:
    assert not peer_names.CLIENT.keys() & ARGUMENTS
    assert not peer_names.CALL.keys() & OPTIONS
    assert not peer_names.OPERATION.keys() & EmbeddingOptions.__annotations__.keys()
    assert not peer_names.ANYWHERE.keys() & OPTIONS, "these are options by now: take them out of the table"


@pytest.mark.parametrize("name", sorted({*peer_names.ANYWHERE, *peer_names.CLIENT} - ARGUMENTS))
def test_a_client_answers_each(name: str) -> None:
    said = client_error(name)
    assert said.startswith(f"Client: unknown argument `{name}`: ")
    assert SECRET not in said
    assert "got an unexpected keyword" not in said


def test_calls_answer_each() -> None:
    with Simulator() as simulator, simulator.client() as client:
        for name in sorted({*peer_names.ANYWHERE, *peer_names.CALL} - OPTIONS):
            for call in (client.complete, client.stream):
                arguments: dict[str, Any] = {name: SECRET}
                with pytest.raises(TypeError) as caught:
                    call("openai/gpt", "Hi.", **arguments)
                said = str(caught.value)
                assert said.startswith(f"unknown option `{name}`: "), said
                assert SECRET not in said
        assert simulator.requests == []


def test_operations_answer_each() -> None:
    with Simulator() as simulator, simulator.client() as client:
        for name in sorted(peer_names.OPERATION):
            arguments: dict[str, Any] = {name: SECRET}
            with pytest.raises(TypeError, match=f"unknown option `{name}`: "):
                client.embed("openai/text-embedding-3-small", ["Hi."], **arguments)


async def test_asynchronous_clients_answer_the_same() -> None:
    with pytest.raises(TypeError, match="Client: unknown argument `api_base`: an address belongs to its provider"):
        ferrule.AsyncClient(api_base="http://x")  # type: ignore[arg-type]
    with Simulator() as simulator:
        async with simulator.async_client() as client:
            with pytest.raises(TypeError, match="unknown option `thinking`: write `reasoning`"):
                await client.complete("openai/gpt", "Hi.", thinking={})  # type: ignore[call-overload]


@pytest.mark.parametrize("name", sorted(peer_names.ANYWHERE))
def test_answers_name_options_and_arguments_that_there_are(name: str) -> None:
    answer = peer_names.ANYWHERE[name]
    for option in re.findall(r"^write `(\w+)`", answer):
        assert option in OPTIONS, answer
    for argument in re.findall(r"Client\((\w+)=", answer):
        assert argument in ARGUMENTS, answer


@pytest.mark.parametrize(
    "name", ["api_key", "my_api_key", "x_secret", "openai_token", "password2", "db_password", "apikeys"]
)
def test_a_secret_is_never_advised_into_the_body(name: str) -> None:
    for said in (call_error(name), call_error(name, streamed=True), client_error(name)):
        assert SECRET not in said
        assert "extra_body" not in said
        assert "belongs to its provider" in said


def test_other_names() -> None:
    assert "`temperature`" in call_error("temprature")
    assert "it is an option of a call: client.complete(model, messages, temperature=...)" in client_error("temperature")
    assert "did you mean `temperature`?" in client_error("temprature")
    assert "goes into `extra_body`" in call_error("wholly_new_thing")
    assert "ferrule.Client(providers=...)" in call_error("providers")
    assert "did you mean `max_retries`?" in client_error("max_retrys")
    assert "the prompt is the second argument" in client_error("messages")
    assert "takes no client of another library" in client_error("max_connections")
    assert "client.map(model, prompts, concurrency=...)" in client_error("concurrency")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("max-tokens", "did you mean `max_tokens`?"),
        ("maxRetries", "did you mean `max_retries`?"),
        ("temperature_", "did you mean `temperature`?"),
        ("headers_", "`extra_headers` in a call"),
        ("organisation", "OpenAI-Organization"),
        ("api_bas", "an address belongs to its provider"),
        ("logit_biases", "extra_body={'logit_bias': ...}"),
        ("numRetries", "write `max_retries`"),
        ("min_tokens", "extra_body={'min_tokens': ...}"),
        ("num_tokens", "did you mean `max_tokens`?"),
        ("auth_tokens", "a key belongs to its provider"),
        ("prompt_cache_key", "write `prompt_cache`"),
        ("continue_", "goes into `extra_body`"),
        ("max_iterations", "client.run(model, messages, tools=[...], max_steps=...)"),
        ("max_workers", "client.map(model, prompts, concurrency=...)"),
        ("rpm", 'Client(limits={"all": {"requests_per_minute": ...'),
        ("max_budget", 'Client(budgets={"daily": {"amount": ...'),
        ("image", "pathlib.Path('photo.png')"),
    ],
)
def test_names_that_are_nearly_one(name: str, said: str) -> None:
    assert said in call_error(name)
    assert said in call_error(name, streamed=True)


def test_answers_of_limits_and_budgets_are_arguments_that_work() -> None:
    limits: dict[str, ferrule.LimitOptions] = {"all": {"requests_per_minute": 5, "tokens_per_minute": 1000}}
    budgets: dict[str, ferrule.BudgetOptions] = {"daily": {"amount": 1, "window": "day"}}
    with ferrule.Client(limits=limits, budgets=budgets) as client:
        assert [limit.limit for limit in client.status().limits] == []
        assert "daily" in client.registry.budgets


def test_messages_that_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    with Simulator() as simulator, simulator.client(model="openai/echo") as client:
        assert client.complete(messages="hi").text == "hi"
        assert client.complete(None, "hi").text == "hi"
        assert client.complete(None, messages="hi").text == "hi"
        assert "".join(client.stream(messages="hi").text) == "hi"
        before = len(simulator.requests)
        for call in (client.complete, client.stream):
            with pytest.raises(TypeError, match=r"\('provider/model', 'the prompt'\), or \w+\(messages='the prompt'\)"):
                call("hi")  # type: ignore[call-overload]
            with pytest.raises(TypeError, match="unknown option `input`: the prompt is the second argument"):
                call(model="openai/echo", input="hi")  # type: ignore[call-overload]
        assert len(simulator.requests) == before


async def test_messages_that_are_missing_asynchronously() -> None:
    with Simulator() as simulator:
        async with simulator.async_client(model="openai/echo") as client:
            assert (await client.complete(messages="hi")).text == "hi"
            with pytest.raises(TypeError, match="expected a string or a list of messages, and there are none"):
                await client.complete("hi")  # type: ignore[call-overload]
            with pytest.raises(TypeError, match="expected a string or a list of messages, and there are none"):
                client.stream("hi")  # type: ignore[call-overload]
