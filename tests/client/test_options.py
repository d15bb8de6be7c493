"""Options of calls, each in both dialects: the exact request that is sent, or the error that names the option."""

from __future__ import annotations

import re
import typing
import warnings
from typing import Any

import pytest

import ferrule
from ferrule.testing import Simulator, rule
from weather import ANTHROPIC_TOOL, OPENAI_TOOL

MODELS = {"openai": "openai/gpt-5-mini", "anthropic": "anthropic/claude-sonnet-4-5"}
# What leaves without any option.
PLAIN = {
    "openai": {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "Hi."}]},
    "anthropic": {
        "model": "claude-sonnet-4-5",
        "max_tokens": 4096,
        "messages": [{"role": "user", "content": "Hi."}],
    },
}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
CLOSED = SCHEMA | {"additionalProperties": False}
TOOLS = {"openai": {"tools": [OPENAI_TOOL]}, "anthropic": {"tools": [ANTHROPIC_TOOL]}}
BREAKPOINT = [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]
USER_TURN = PLAIN["openai"]["messages"]

# A field that only Anthropic has, which refuses those that it does not know.
# Fields without an option, which each provider takes.
FURTHER: dict[str, Any] = {
    "openai": {"moderation": {"skills": [1, None]}},
    "anthropic": {"container": {"skills": [1, None]}},
}

# The option, what it adds to OpenAI's body, what to Anthropic's; a string is the field that cannot be carried.
CARRIED: list[tuple[dict[str, Any], dict[str, Any] | str, dict[str, Any] | str]] = [
    (
        {"system": "Be brief."},
        {"messages": [{"role": "system", "content": "Be brief."}, *USER_TURN]},
        {"system": "Be brief."},
    ),
    (
        {"system": BREAKPOINT},
        {
            "messages": [
                {
                    "role": "system",
                    "content": [{"type": "text", "text": "Be brief.", "prompt_cache_breakpoint": {"mode": "explicit"}}],
                },
                *USER_TURN,
            ]
        },
        {"system": BREAKPOINT},
    ),
    ({"tools": [OPENAI_TOOL]}, TOOLS["openai"], TOOLS["anthropic"]),
    ({"tools": [ANTHROPIC_TOOL]}, TOOLS["openai"], TOOLS["anthropic"]),
    (
        {"reasoning": "low"},
        {"reasoning_effort": "low"},
        {"max_tokens": 6144, "thinking": {"type": "enabled", "budget_tokens": 2048}},
    ),
    ({"reasoning": "none"}, {"reasoning_effort": "none"}, {"thinking": {"type": "disabled"}}),
    (
        {"reasoning": 2000},
        "reasoning.budget_tokens",
        {"max_tokens": 6096, "thinking": {"type": "enabled", "budget_tokens": 2000}},
    ),
    (
        {"reasoning": {"effort": "high", "budget_tokens": 3000}},
        "reasoning.budget_tokens",
        {"max_tokens": 7096, "thinking": {"type": "enabled", "budget_tokens": 3000}},
    ),
    ({"response_format": "text"}, {"response_format": {"type": "text"}}, {}),
    ({"response_format": "json"}, {"response_format": {"type": "json_object"}}, "response_format"),
    (
        {"response_format": SCHEMA | {"title": "A place"}},
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "A_place", "schema": SCHEMA | {"title": "A place"}},
            }
        },
        # The API refuses an object that is not closed.
        {"output_config": {"format": {"type": "json_schema", "schema": CLOSED | {"title": "A place"}}}},
    ),
    ({"temperature": 0.5}, {"temperature": 0.5}, {"temperature": 0.5}),
    ({"temperature": 1.5}, {"temperature": 1.5}, "temperature"),
    ({"top_p": 0.9}, {"top_p": 0.9}, {"top_p": 0.9}),
    ({"top_k": 4}, "top_k", {"top_k": 4}),
    ({"frequency_penalty": 0.1}, {"frequency_penalty": 0.1}, "frequency_penalty"),
    ({"presence_penalty": -0.2}, {"presence_penalty": -0.2}, "presence_penalty"),
    ({"max_tokens": 100}, {"max_completion_tokens": 100}, {"max_tokens": 100}),
    ({"stop": "END"}, {"stop": "END"}, {"stop_sequences": ["END"]}),
    ({"stop": ["END", "STOP"]}, {"stop": ["END", "STOP"]}, {"stop_sequences": ["END", "STOP"]}),
    ({"seed": -7}, {"seed": -7}, "seed"),
    ({"n": 2}, {"n": 2}, "n"),
    ({"logprobs": True}, {"logprobs": True}, "logprobs"),
    ({"logprobs": 3}, {"logprobs": True, "top_logprobs": 3}, "logprobs"),
    ({"metadata": {"run": "7"}}, {}, {}),
    # OpenAI takes labels of what it stores only.
    (
        {"provider_metadata": {"run": "7"}, "extra_body": {"store": True}},
        {"metadata": {"run": "7"}, "store": True},
        "provider_metadata.run",
    ),
    ({"safety_identifier": "u-1"}, {"safety_identifier": "u-1"}, "safety_identifier"),
    ({"service_tier": "flex"}, {"service_tier": "flex"}, {"service_tier": "flex"}),
    ({"verbosity": "low"}, {"verbosity": "low"}, "verbosity"),
    ({"betas": ["b"]}, "betas", {}),
    ({"prompt_cache": False}, {}, {}),
    ({"user": "u-1"}, {"user": "u-1"}, {"metadata": {"user_id": "u-1"}}),
    ({"extra_body": FURTHER}, FURTHER["openai"], FURTHER["anthropic"]),
    (
        {"max_tokens": 100, "extra_body": {"max_tokens": 7}},
        {"max_completion_tokens": 100, "max_tokens": 7},
        {"max_tokens": 7},
    ),
]
CHOICES: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({"tool_choice": "auto"}, {"tool_choice": "auto"}, {"tool_choice": {"type": "auto"}}),
    ({"tool_choice": "none"}, {"tool_choice": "none"}, {"tool_choice": {"type": "none"}}),
    ({"tool_choice": "required"}, {"tool_choice": "required"}, {"tool_choice": {"type": "any"}}),
    *(
        (
            {"tool_choice": named},
            {"tool_choice": {"type": "function", "function": {"name": "get_weather"}}},
            {"tool_choice": {"type": "tool", "name": "get_weather"}},
        )
        for named in (
            "get_weather",
            {"type": "function", "function": {"name": "get_weather"}},
            {"type": "tool", "name": "get_weather"},
        )
    ),
    (
        {"parallel_tool_calls": False},
        {"parallel_tool_calls": False},
        {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
    ),
]
CASES = [
    *CARRIED,
    *(
        ({"tools": [OPENAI_TOOL]} | given, TOOLS["openai"] | ours, TOOLS["anthropic"] | theirs)
        for given, ours, theirs in CHOICES
    ),
]


@pytest.fixture
def script() -> list[Any]:
    return [rule("Yes.")]


def named(options: dict[str, Any]) -> str:
    return re.sub(r"\W+", "-", str(options))[:60]


@pytest.mark.parametrize("provider", MODELS)
@pytest.mark.parametrize("case", CASES, ids=[named(case[0]) for case in CASES])
def test_what_leaves(simulator: Simulator, client: ferrule.Client, provider: str, case: tuple[Any, ...]) -> None:
    options, *expected = case
    if options.get("extra_body") is FURTHER:
        options = {"extra_body": FURTHER[provider]}
    added = expected[list(MODELS).index(provider)]
    if isinstance(added, dict):
        client.complete(MODELS[provider], "Hi.", **options)
        assert simulator.requests[0].body == PLAIN[provider] | added
        return
    with pytest.raises(ferrule.UnsupportedError, match=f"`{re.escape(added)}`") as refused:
        client.complete(MODELS[provider], "Hi.", **options)
    assert refused.value.field == added
    assert simulator.requests == []


@pytest.mark.parametrize("provider", MODELS)
@pytest.mark.parametrize("case", CASES, ids=[named(case[0]) for case in CASES])
def test_a_stream_asks_for_the_same(
    simulator: Simulator, client: ferrule.Client, provider: str, case: tuple[Any, ...]
) -> None:
    options, *expected = case
    if options.get("extra_body") is FURTHER:
        options = {"extra_body": FURTHER[provider]}
    added = expected[list(MODELS).index(provider)]
    streamed: dict[str, Any] = {"stream": True}
    if provider == "openai":
        streamed["stream_options"] = {"include_usage": True}
    if isinstance(added, dict):
        list(client.stream(MODELS[provider], "Hi.", **options))
        assert simulator.requests[0].body == PLAIN[provider] | streamed | added
        return
    with pytest.raises(ferrule.UnsupportedError, match=f"`{re.escape(added)}`"):
        list(client.stream(MODELS[provider], "Hi.", **options))


DROPPED = [
    (provider, {name: value for name, value in options.items() if name != "extra_body"}, expected[place])
    for options, *expected in CASES
    for place, provider in enumerate(MODELS)
    if isinstance(expected[place], str)
]


@pytest.mark.parametrize(("provider", "options", "field"), DROPPED)
def test_dropping_leaves_it_out_and_warns_where_the_call_is(
    simulator: Simulator, client: ferrule.Client, provider: str, options: dict[str, Any], field: str
) -> None:
    rest = {"reasoning_effort": "high"} if provider == "openai" and isinstance(options.get("reasoning"), dict) else {}
    with warnings.catch_warnings(record=True) as plain:
        warnings.simplefilter("always")
        client.complete(MODELS[provider], "Hi.", drop_params=True, **options)
    assert simulator.requests[0].body == PLAIN[provider] | rest
    with warnings.catch_warnings(record=True) as streamed:
        warnings.simplefilter("always")
        stream = client.stream(MODELS[provider], "Hi.", drop_params=True, **options)
        next(stream)
    for warned in (plain, streamed):
        assert f"`{field}`" in str(warned[0].message)
        assert {(warning.category, warning.filename) for warning in warned} == {(UserWarning, __file__)}
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Said once.
        list(stream)


async def test_dropping_warns_where_the_awaited_call_is(simulator: Simulator) -> None:
    async with simulator.async_client() as client:
        with pytest.warns(UserWarning, match="`seed`") as warned:
            await client.complete(MODELS["anthropic"], "Hi.", seed=1, drop_params=True)
        with pytest.warns(UserWarning, match="`seed`") as streamed:
            async for _ in client.stream(MODELS["anthropic"], "Hi.", seed=1, drop_params=True):
                pass
    assert [warning.filename for warning in [*warned, *streamed]] == [__file__] * 2


@pytest.mark.parametrize("provider", MODELS)
def test_headers_and_query(simulator: Simulator, client: ferrule.Client, provider: str) -> None:
    client.complete(
        MODELS[provider],
        "Hi.",
        extra_headers={"X-Trace": "7", "User-Agent": "mine"},
        extra_query={"a b": "c&d", "e": ""},
    )
    request = simulator.requests[0]
    assert (request.headers["x-trace"], request.headers["user-agent"]) == ("7", "mine")
    assert request.query == "a+b=c%26d&e="
    assert request.headers["content-type"] == "application/json"
    if provider == "anthropic":
        assert request.headers["anthropic-version"] == "2023-06-01"
        assert request.headers["x-api-key"]
    else:
        assert request.headers["authorization"].startswith("Bearer ")


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\0"])
def test_a_header_cannot_smuggle_another(simulator: Simulator, client: ferrule.Client, value: str) -> None:
    with pytest.raises(ferrule.ConfigError, match="header x"):
        client.complete("openai/gpt", "Hi.", extra_headers={"x": value})
    assert simulator.requests == []


@pytest.mark.parametrize("option", ferrule.CompletionOptions.__annotations__)
@pytest.mark.parametrize("provider", MODELS)
def test_none_is_as_good_as_absent(simulator: Simulator, client: ferrule.Client, provider: str, option: str) -> None:
    client.complete(MODELS[provider], "Hi.", **{option: None})
    assert simulator.requests[0].body == PLAIN[provider]


def test_every_option_is_tried_here() -> None:
    tried = {name for options, *_ in CASES for name in options}
    elsewhere = {
        "hooks",
        "retries_on_invalid",
        "timeout",
        "max_retries",
        "retry",
        "routing",
        "drop_params",
        "extra_headers",
        "extra_query",
    }
    assert tried | elsewhere == set(ferrule.CompletionOptions.__annotations__)
    assert set(WRONG) == set(ferrule.CompletionOptions.__annotations__)


WRONG: dict[str, list[Any]] = {
    "system": [object(), b"text"],
    "tools": ["weather", {"name": "weather"}, 7, [7]],
    "tool_choice": [7, {}, "requird", "get_weather"],  # the last one is not among the tools
    "parallel_tool_calls": ["yes", 1],
    "response_format": ["yaml", 7, {"no": "schema"}, complex],
    "retries_on_invalid": ["two", -1, 1.5, 2],  # 2: without a format that a reply could fail to fit
    "reasoning": ["hugh", "High", True, 1.5, {"how": "much"}, {"budget_tokens": "many"}],
    "temperature": ["hot", True, float("nan")],
    "top_p": ["0.9"],
    "top_k": [-1, 1.5],
    "frequency_penalty": ["low"],
    "presence_penalty": [[0.1]],
    "max_tokens": ["100", -1, 1.5, True, 2**70],
    "stop": [7, [7], {"END": 1}],
    "seed": ["7", 0.5, True],
    "n": ["2", True],
    "logprobs": ["all", -1, 1.5],
    "metadata": [["a"], {"a": 1}, {1: "a"}],
    "provider_metadata": [["a"], {"a": 1}],
    "service_tier": [7],
    "safety_identifier": [7],
    "verbosity": [7],
    "betas": [7, [7]],
    "prompt_cache": ["2h", 7],
    "user": [7],
    "timeout": ["soon", 0, -1, True, float("inf"), (1, 2)],
    "max_retries": ["twice", -1, 1.5, True, 2**40],
    "retry": ["sometimes", 7, True, {"backoff": -1}, {"budget": 2}, {"max_retries": "two"}],
    "routing": [7, "fast", {"strategy": 7}],
    "drop_params": [1, "yes"],
    "extra_headers": ["x: y", {"x": 1}],
    "extra_query": ["a=b", {"a": 1}],
    "extra_body": [[1], {"a": object()}, {1: 2}],
    "hooks": [7, "request", print, [print], [("request",)]],
}


@pytest.mark.parametrize(("option", "value"), [(option, value) for option, values in WRONG.items() for value in values])
def test_a_wrong_value_names_its_option(simulator: Simulator, client: ferrule.Client, option: str, value: Any) -> None:
    with pytest.raises((TypeError, ValueError, ferrule.ConfigError), match=rf"^(a key of )?{option}\b"):
        client.complete("openai/gpt", "Hi.", **{option: value})
    assert simulator.requests == []


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("temprature", "temperature"),
        ("max_token", "max_tokens"),
        ("tool", "tools"),
        ("stops", "stop"),
        ("timeouts", "timeout"),
    ],
)
def test_a_wrong_name_suggests_the_right_one(client: ferrule.Client, wrong: str, right: str) -> None:
    with pytest.raises(TypeError, match=f"`{wrong}`; did you mean `{right}`"):
        client.complete("openai/gpt", "Hi.", **{wrong: 1})
    with pytest.raises(TypeError, match=r"`zzz`.*extra_body"):
        client.stream("openai/gpt", "Hi.", zzz=1)


def test_the_options_of_the_caller_stay_as_they_are(client: ferrule.Client) -> None:
    def weather(city: str) -> str:
        """Look."""
        return city

    options: dict[str, Any] = {"tools": [weather], "response_format": SCHEMA}
    client.complete("openai/gpt", "Hi.", **options)
    assert options == {"tools": [weather], "response_format": SCHEMA}


@pytest.mark.parametrize(
    ("fault", "timeout", "error"),
    [
        ({"stall": {"at": "before_headers"}}, 0.1, ferrule.TotalTimeoutError),
        ({"stall": {"at": "before_headers"}}, ferrule.Timeouts(total=0.1), ferrule.TotalTimeoutError),
        ({"stall": {"at": "before_headers"}}, ferrule.Timeouts(first_byte=0.1), ferrule.FirstByteTimeoutError),
        ({"stall": {"at": "mid_event"}}, ferrule.Timeouts(idle=0.1), ferrule.IdleTimeoutError),
    ],
)
@pytest.mark.parametrize("of", ["the call", "the client"])
def test_timeouts(fault: dict[str, Any], timeout: Any, error: type[Exception], of: str) -> None:
    with Simulator([rule("one two three four", fault=fault)]) as simulator:
        if of == "the call":
            client, options = simulator.client(max_retries=0), {"timeout": timeout}
        else:
            client, options = simulator.client(max_retries=0, timeout=timeout), {}
        with pytest.raises(error), client.stream("openai/gpt", "Hi.", **options) as stream:
            list(stream)
        assert issubclass(error, TimeoutError)
        assert simulator.wait_for_connections()


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_retries(retries: int) -> None:
    with Simulator([rule(fault={"rate_limit": {"retry": "milliseconds", "delay_ms": 1}})]) as simulator:
        with pytest.raises(ferrule.RateLimitedError) as limited:
            simulator.client().complete("openai/gpt", "Hi.", max_retries=retries)
        assert len(limited.value.attempts) == len(simulator.requests) == retries + 1
        simulator.clear()
        with pytest.raises(ferrule.RateLimitedError):
            simulator.client(max_retries=retries).complete("openai/gpt", "Hi.")
        assert len(simulator.requests) == retries + 1


@pytest.mark.parametrize("value", [-1, 1.5, "2", True, 2**40])
def test_a_wrong_number_of_retries_of_a_client(value: Any) -> None:
    with pytest.raises(TypeError, match="max_retries"):
        ferrule.Client(max_retries=value)


def test_the_types_of_options_resolve() -> None:
    assert set(ferrule.Timeouts._fields) == {"connect", "first_byte", "idle", "total"}
    assert typing.is_typeddict(ferrule.CompletionOptions)
