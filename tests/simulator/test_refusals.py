"""Refusals: histories, roles, schemas and paths that providers refuse, the strict simulator refuses in their words."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from ferrule.testing import Simulator

CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
ANTHROPIC_CALL = {"type": "tool_use", "id": "call_1", "name": "f", "input": {}}
GEMINI_CALL = {"functionCall": {"name": "f", "args": {}}}
BEDROCK_CALL = {"toolUse": {"toolUseId": "call_1", "name": "f", "input": {}}}
USER = {"role": "user", "content": "Hello"}


def chat(*messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"model": "echo", "messages": [USER, *messages], **fields}


def anthropic(*messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"model": "echo", "max_tokens": 9, "messages": [USER, *messages], **fields}


def gemini(*contents: dict[str, Any]) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}, *contents]}


def bedrock(*messages: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"text": "Hello"}]}, *messages]}


def responses(*items: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"model": "echo", "input": [{"role": "user", "content": "Hello"}, *items], **fields}


ASKS = {"role": "assistant", "content": None, "tool_calls": [CALL]}
ANSWERS = {"role": "tool", "tool_call_id": "call_1", "content": "1"}
STRAY = ANSWERS | {"tool_call_id": "call_2"}
RESULT = {"type": "tool_result", "tool_use_id": "call_1", "content": "1"}
AWS_RESULT = {"toolResult": {"toolUseId": "call_1", "content": [{"text": "1"}]}}
GEMINI_RESULT = {"functionResponse": {"name": "f", "response": {"a": 1}}}
ITEM = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "1"}
TOOL = {"type": "function", "function": {"name": "f"}}
OPEN = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
STRICT = {"type": "json_schema", "json_schema": {"name": "x", "strict": True, "schema": OPEN}}

CHAT, RESPONSES, CLAUDE = "/v1/chat/completions", "/v1/responses", "/v1/messages"
GEMINI, BEDROCK = "/gemini/v1beta/models/echo:generateContent", "/bedrock/model/echo/converse"

REFUSED = {
    "openai: call without a result": (CHAT, chat(ASKS, USER), "did not have response messages: call_1"),
    "openai: call at the end": (CHAT, chat(ASKS), "did not have response messages: call_1"),
    "openai: result without a call": (CHAT, chat(STRAY), "must be a response to a preceeding message"),
    "openai: result of another call": (CHAT, chat(ASKS, STRAY), "must be a response to a preceeding message"),
    "openai: role": (
        CHAT,
        chat({"role": "bot", "content": "x"}),
        "Invalid value: 'bot'. Supported values are: 'system'",
    ),
    "openai: unknown field": (CHAT, chat(top_k=5), "Unknown parameter: 'top_k'."),
    "openai: unknown field of a message": (
        CHAT,
        chat(USER | {"cache": True}),
        "Unknown parameter: 'messages[1].cache'.",
    ),
    "openai: unknown kind of part": (
        CHAT,
        chat({"role": "user", "content": [{"type": "image", "url": "https://x"}]}),
        "Invalid value: 'image'. Supported values are: 'text', 'image_url', 'input_audio', and 'file'.",
    ),
    "openai: choice without tools": (
        CHAT,
        chat(tool_choice="auto"),
        "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.",
    ),
    "openai: parallel without tools": (
        CHAT,
        chat(parallel_tool_calls=False),
        "'parallel_tool_calls' is only allowed when 'tools' are specified.",
    ),
    "openai: choice of another tool": (
        CHAT,
        chat(tools=[TOOL], tool_choice={"type": "function", "function": {"name": "g"}}),
        "Tool choice 'g' not found in 'tools' parameter.",
    ),
    "openai: tool's name": (
        CHAT,
        chat(tools=[TOOL, {"type": "function", "function": {"name": "look it up"}}]),
        "Invalid 'tools[1].function.name': string does not match pattern.",
    ),
    "openai: temperature": (
        CHAT,
        chat(temperature=2.5),
        "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 2.5 instead.",
    ),
    "azure: role": (
        "/azure/openai/v1/chat/completions",
        chat({"role": "bot", "content": "x"}),
        "Invalid value: 'bot'. Supported values are: 'system'",
    ),
    "groq: role": (
        "/groq/openai/v1/chat/completions",
        chat({"role": "bot", "content": "x"}),
        "'messages.1' : discriminator property 'role' has invalid value",
    ),
    "mistral: role": (
        "/mistral/v1/chat/completions",
        chat({"role": "bot", "content": "x"}),
        "Input tag 'bot' found using 'role' does not match any of the expected tags: ",
    ),
    "anthropic: role": (
        CLAUDE,
        anthropic({"role": "bot", "content": "x"}),
        "messages.1.role: Input should be 'user' or 'assistant'",
    ),
    "anthropic: unknown kind of block": (
        CLAUDE,
        anthropic({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x"}}]}),
        "messages.1.content.0: Input tag 'image_url' found using 'type' does not match any of the expected tags: ",
    ),
    "openai: metadata": (
        CHAT,
        chat(metadata={"a": "b"}),
        "'metadata' parameter is only allowed when 'store' is enabled",
    ),
    "openai: schema": (
        CHAT,
        chat(response_format=STRICT),
        "Invalid schema for response_format 'x': In context=(), 'add",
    ),
    "openai: tool's schema": (
        CHAT,
        chat(tools=[{"type": "function", "function": {"name": "f", "strict": True, "parameters": OPEN}}]),
        "Invalid schema for function 'f'",
    ),
    "openai: path": ("/chat/completions", chat(), "Invalid URL (POST /chat/completions)"),
    "openai: path twice": ("/v1/chat/completions/chat/completions", chat(), "Invalid URL"),
    "openai: version twice": ("/v1/v1/chat/completions", chat(), "Invalid URL (POST /v1/v1/chat/completions)"),
    "openai: path at its address": ("/openai/chat/completions", chat(), "Invalid URL"),
    "anthropic: path": ("/messages", anthropic(), ""),
    "anthropic: path at its address": ("/anthropic/v1/v1/messages", anthropic(), ""),
    "deepseek: call without a result": (
        "/deepseek/chat/completions",
        chat(ASKS, USER),
        "insufficient tool messages following tool_calls message",
    ),
    "mistral: call without a result": (
        "/mistral/v1/chat/completions",
        chat(ASKS | {"content": "", "tool_calls": [CALL | {"id": "abcdefghi"}]}, USER),
        "Not the same number of function calls and responses",
    ),
    "responses: call without a result": (RESPONSES, responses(ITEM), "No tool output found for function call call_1."),
    "responses: result without a call": (RESPONSES, responses(OUTPUT), "No tool call found for function call output"),
    "anthropic: call without a result": (
        CLAUDE,
        anthropic({"role": "assistant", "content": [ANTHROPIC_CALL]}, USER),
        "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: call_1",
    ),
    "anthropic: result without a call": (
        CLAUDE,
        anthropic({"role": "assistant", "content": "Hi"}, {"role": "user", "content": [RESULT]}),
        "messages.2.content.0: unexpected `tool_use_id` found in `tool_result` blocks: call_1",
    ),
    "anthropic: schema": (
        CLAUDE,
        anthropic(output_config={"format": {"type": "json_schema", "schema": OPEN}}),
        "'additionalProperties' must be explicitly set to false",
    ),
    "gemini: call without a result": (
        GEMINI,
        gemini({"role": "model", "parts": [GEMINI_CALL]}, {"role": "user", "parts": [{"text": "x"}]}),
        "number of function response parts is equal to the number of function call parts",
    ),
    "gemini: result without a call": (
        GEMINI,
        gemini({"role": "user", "parts": [GEMINI_RESULT]}),
        "function response turn comes immediately after a function call turn",
    ),
    "bedrock: call without a result": (
        BEDROCK,
        bedrock({"role": "assistant", "content": [BEDROCK_CALL]}, {"role": "user", "content": [{"text": "x"}]}),
        "Expected toolResult blocks at messages.2.content for the following Ids: call_1",
    ),
    "bedrock: result without a call": (
        BEDROCK,
        bedrock({"role": "assistant", "content": [{"text": "x"}]}, {"role": "user", "content": [AWS_RESULT]}),
        "exceeds the number of toolUse blocks of previous turn",
    ),
}

SPACED = {"type": "object", "properties": {"a": {"type": "string"}}, "required": []}
TAKEN = {
    "openai": (CHAT, chat(ASKS, ANSWERS, USER)),
    "openai: stored metadata": (CHAT, chat(metadata={"a": "b"}, store=True)),
    # Written with spaces, as `json.dumps` does.
    "mistral: a tool": (
        "/mistral/v1/chat/completions",
        chat(tools=[{"type": "function", "function": {"name": "f", "parameters": SPACED}}]),
    ),
    "openai's format, nobody's address": ("/openai-chat/v1/chat/completions", chat(top_k=5)),
    "openai at its address": ("/openai/v1/chat/completions", chat()),
    "responses: late result": (RESPONSES, responses(ITEM, {"role": "user", "content": "x"}, OUTPUT)),
    "responses: remembered call": (RESPONSES, responses(OUTPUT, previous_response_id="resp_1")),
    "anthropic": (CLAUDE, anthropic({"role": "assistant", "content": [ANTHROPIC_CALL]}, USER | {"content": [RESULT]})),
    "gemini": (
        GEMINI,
        gemini({"role": "model", "parts": [GEMINI_CALL]}, {"role": "user", "parts": [GEMINI_RESULT]}),
    ),
    "bedrock": (
        BEDROCK,
        bedrock({"role": "assistant", "content": [BEDROCK_CALL]}, {"role": "user", "content": [AWS_RESULT]}),
    ),
    "a local server": ("/vllm/v1/chat/completions", chat(ASKS, USER)),
}


def post(simulator: Simulator, path: str, body: dict[str, Any]) -> tuple[int, str]:
    headers = {"content-type": "application/json", "authorization": "Bearer x"}
    if path.endswith("/messages"):
        headers["anthropic-version"] = "2023-06-01"
    request = urllib.request.Request(simulator.url + path, json.dumps(body).encode(), headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=20) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.fixture(scope="module")
def simulators():
    with Simulator() as strict, Simulator(strict=False) as lenient:
        yield strict, lenient


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_provider_refuses_is_refused_in_its_words(case: str, simulators: tuple[Simulator, Simulator]) -> None:
    path, body, words = REFUSED[case]
    strict, lenient = simulators
    status, text = post(strict, path, body)
    assert status in (400, 404, 422), text
    assert words in text
    if path != "/messages":
        assert post(lenient, path, body)[0] == 200


@pytest.mark.parametrize("case", TAKEN)
def test_what_a_provider_takes_is_taken(case: str, simulators: tuple[Simulator, Simulator]) -> None:
    path, body = TAKEN[case]
    status, text = post(simulators[0], path, body)
    assert status == 200, text
