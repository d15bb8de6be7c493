"""Every provider is sent everything that a request can hold, with leave to drop: what comes to it is what it takes.

The simulator refuses what the provider would refuse (`server/emulated` in `crates/wire`), so a quirk that is not
applied to some corner of a request fails here with the provider's own words.
"""

from __future__ import annotations

import base64
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from table import PROVIDERS, Provider

import ferrule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrule import Client
    from ferrule.testing import Simulator


def function(name: str, **fields: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, **fields}}


def call(identifier: str, name: str, arguments: str) -> dict[str, Any]:
    return {"id": identifier, "type": "function", "function": {"name": name, "arguments": arguments}}


def schema(name: str, kind: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: {"$ref": "#/$defs/Place"}},
        "required": [name],
        "additionalProperties": False,
        "$defs": {"Place": {"type": kind}},
    }


WEATHER = function("get_weather", description="Looks.", parameters=schema("city", "string"), strict=True)
TIME = function("get_time", parameters={"type": "object", "properties": {}})
FREE_TEXT = {"type": "custom", "custom": {"name": "write"}}
ANSWER = {
    "type": "json_schema",
    "json_schema": {"name": "answer", "schema": schema("number", "integer"), "strict": True},
}
PICTURE = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()

HISTORY = [
    {"role": "system", "content": "Be brief."},
    {"role": "developer", "content": "Be kind."},
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "One."},
            {"type": "text", "text": "Two.", "cache_control": {"type": "ephemeral"}},
        ],
    },
    {"role": "user", "content": "Three.", "name": "ann"},
    {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "Both, I think.", "signature": "c2lnbmVk"},
            {"type": "text", "text": "Let me see."},
        ],
        "tool_calls": [
            call("call_with_a_long_id_1", "get_weather", '{"city":"Paris"}'),
            call("call_with_a_long_id_2", "get_time", "{}"),
        ],
    },
    {
        "role": "tool",
        "tool_call_id": "call_with_a_long_id_1",
        "content": [{"type": "text", "text": "Sunny"}, {"type": "text", "text": " and warm."}],
    },
    {"role": "tool", "tool_call_id": "call_with_a_long_id_2", "content": "Noon."},
    {"role": "user", "content": "Thanks."},
]
SETTINGS: dict[str, Any] = {
    "temperature": 0.7,
    "top_p": 0.9,
    "top_k": 40,
    "frequency_penalty": 0.5,
    "presence_penalty": 0.2,
    "max_tokens": 100,
    "stop": ["zzz"],
    "seed": 7,
    "n": 1,
    "logprobs": 2,
    "provider_metadata": {"key": "value"},
    "service_tier": "auto",
    "safety_identifier": "u-1",
    "verbosity": "low",
    "betas": ["context-1m-2025-08-07"],
    "prompt_cache": "1h",
    "user": "u-1",
    "parallel_tool_calls": False,
    "tools": [WEATHER],
}
SUBSET = {
    "type": "allowed_tools",
    "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "get_time"}}]},
}

CASES: dict[str, tuple[Any, dict[str, Any]]] = {
    "a history": (HISTORY, {"tools": [WEATHER, TIME]}),
    "all settings": ("Hello.", SETTINGS),
    "several answers": ("Hello.", {"n": 2}),
    "hot": ("Hello.", {"temperature": 1.9}),
    "cold": ("Hello.", {"temperature": 0.0}),
    "a tool must be called": ("Hello.", {"tools": [WEATHER, TIME], "tool_choice": "required"}),
    "no tool may be called": ("Hello.", {"tools": [WEATHER, TIME], "tool_choice": "none"}),
    "one tool must be called": ("Hello.", {"tools": [WEATHER, TIME], "tool_choice": "get_time"}),
    "one tool may be called": ("Hello.", {"tools": [WEATHER, TIME], "tool_choice": SUBSET}),
    "a tool that takes text": ("Hello.", {"tools": [FREE_TEXT, TIME]}),
    "any JSON": ("Answer in JSON.", {"response_format": "json"}),
    "JSON by a schema": ("Hello.", {"response_format": ANSWER}),
    "JSON and tools": ("Hello.", {"response_format": ANSWER, "tools": [WEATHER]}),
    "much thought": ("Hello.", {"reasoning": "high", "max_tokens": 9000}),
    "no thought": ("Hello.", {"reasoning": "none"}),
    "so much thought": ("Hello.", {"reasoning": {"budget_tokens": 2048}, "max_tokens": 9000}),
    "a picture": (
        [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is it?"},
                    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PICTURE}"}},
                ],
            }
        ],
        {},
    ),
    "an answer that is begun": (
        [{"role": "user", "content": "Hello."}, {"role": "assistant", "content": "Good"}],
        {},
    ),
}
NOT_SENT = {
    "system",
    "metadata",
    "hooks",
    "retries_on_invalid",
    "timeout",
    "max_retries",
    "retry",
    "routing",
    "drop_params",
    "extra_headers",
    "extra_query",
    "extra_body",
}
"""Options that are not fields of a provider's own, or go as they are."""


def test_every_option_is_sent() -> None:
    sent = {name for _, options in CASES.values() for name in options}
    assert sent | NOT_SENT == set(ferrule.CompletionOptions.__annotations__)


@pytest.fixture(scope="module")
def client(simulator: Simulator) -> Iterator[Client]:
    settings: Any = simulator.providers()
    for provider, options in settings.items():
        options["base_url"] = simulator.base_url(provider)
    with ferrule.Client(providers=settings, max_retries=0, timeout=20, drop_params=True) as client:
        yield client


@pytest.mark.parametrize(
    "provider",
    [provider for provider in PROVIDERS if provider.chats and provider.dialect != "cursor-cli"],
    ids=lambda provider: provider.id,
)
def test_what_comes_to_a_provider_is_what_it_takes(provider: Provider, client: Client, simulator: Simulator) -> None:
    refused: list[str] = []
    for name, (messages, options) in CASES.items():
        if "provider_metadata" in options and provider.id in ("openai", "azure"):
            # OpenAI takes labels of what it stores only.
            options = {**options, "extra_body": {"store": True}}
        for streamed in (False, True):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # Each of them drops something else.
                try:
                    if streamed:
                        with client.stream(f"{provider.id}/simulated", messages, **options) as stream:
                            reply = [*stream] and stream.reply()
                    else:
                        reply = client.complete(f"{provider.id}/simulated", messages, **options)
                except ferrule.FerruleError as error:
                    refused.append(f"{name}: {error}")
                    continue
            assert reply.text or reply.tool_calls, name
    assert refused == []
    assert all(request.status in (200, 201) for request in simulator.requests)
