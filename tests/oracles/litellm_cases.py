"""Cases of litellm's functions, made of tables: what is called, with which arguments, and what the upstream answers.

Plain Python, as it runs where litellm is and where Ferrule is. The same seed gives the same cases.
"""

from __future__ import annotations

import json
import random
from typing import Any

Case = dict[str, Any]
MESSAGES = [{"role": "user", "content": "hi"}]

PARAMETERS: dict[str, list[Any]] = {
    "temperature": [0, 0.3, 1, 1.5, 2],
    "top_p": [0.1, 1],
    "n": [1, 2, 3],
    "stop": ["a", ["a"], ["a", "b"]],
    "max_tokens": [1, 100],
    "max_completion_tokens": [5, 4096],
    "presence_penalty": [-2, 0.5],
    "frequency_penalty": [0, 1.5],
    "logit_bias": [{"1": 2}, {"50256": -100}],
    "user": ["u", "user-1"],
    "response_format": [
        {"type": "json_object"},
        {"type": "text"},
        {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object", "properties": {}}}},
    ],
    "seed": [0, 7],
    "tools": [
        [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}],
        [
            {
                "type": "function",
                "function": {
                    "name": "weather",
                    "description": "d",
                    "strict": True,
                    "parameters": {
                        "type": "object",
                        "properties": {"city": {"type": "string", "enum": ["a", "b"]}},
                        "required": ["city"],
                        "additionalProperties": False,
                    },
                },
            },
            {"type": "function", "function": {"name": "g"}},
        ],
    ],
    "tool_choice": ["auto", "none", "required", {"type": "function", "function": {"name": "f"}}],
    "parallel_tool_calls": [True, False],
    "logprobs": [True, False],
    "top_logprobs": [0, 3],
    "service_tier": ["auto", "flex"],
    "store": [True, False],
    "prediction": [{"type": "content", "content": "x"}],
    "modalities": [["text"], ["text", "audio"]],
    "audio": [{"voice": "alloy", "format": "wav"}],
    "web_search_options": [{}, {"search_context_size": "low"}],
    "functions": [[{"name": "f", "parameters": {"type": "object", "properties": {}}}]],
    "function_call": ["auto", {"name": "f"}],
    "safety_identifier": ["s"],
    "prompt_cache_key": ["k"],
    "extra_body": [{"z": 1}, {"temperature": 0.9, "nested": {"a": [1, None]}}],
    "unknown_parameter": [1, "x", [1, 2], {"a": None}],
    "guided_json": [{"type": "object"}],
    "top_k": [3],
    "metadata": [{"team": "search"}, {"n": 1}],
    "temperature_of_none": [None],
}
"""Parameters and their values, for a provider that takes OpenAI's."""

CONVERSATIONS: list[list[dict[str, Any]]] = [
    MESSAGES,
    [{"role": "system", "content": "be"}, {"role": "user", "content": "hi"}],
    [{"role": "developer", "content": "be"}, {"role": "user", "content": "hi"}],
    [{"role": "user", "content": "hi", "name": "bob"}],
    [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}],
    [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "what"},
                {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}},
            ],
        }
    ],
    [
        {"role": "user", "content": "w"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "12"},
    ],
    [
        {"role": "user", "content": "w"},
        {"role": "assistant", "content": "a", "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "12"},
    ],
    [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}, {"role": "user", "content": "ha"}],
    [{"role": "user", "content": "\u00e4\u4e2d\U0001f600"}],
    [{"role": "user", "content": ""}],
    [{"role": "user", "content": "x", "unknown": {"a": 1}}],
]

ERROR_BODIES: list[Any] = [
    {"error": {"message": "bad thing", "type": "t", "code": "c", "param": "p"}},
    {"error": {"message": "only a message"}},
    {"error": {"message": "with numbers", "code": 17, "type": None, "param": None}},
    {"error": {"message": "a\nb \u00e4", "type": "x"}},
    {
        "error": {
            "message": "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 "
            "tokens.",
            "type": "invalid_request_error",
            "param": "messages",
            "code": "context_length_exceeded",
        }
    },
    {
        "error": {
            "message": "Your request was rejected as a result of our safety system.",
            "type": "invalid_request_error",
            "param": None,
            "code": "content_policy_violation",
        }
    },
]
STATUSES = (400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 520, 529)


def completion_body(choices: list[Any] | None = None, **more: Any) -> dict[str, Any]:
    """A chat completion."""
    usual = [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi"}}]
    body: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1700000000,
        "model": "gpt-4o-2024-08-06",
        "choices": usual if choices is None else choices,
        "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
    }
    return {**body, **more}


def sse(*chunks: Any, done: bool = True) -> str:
    """A stream of chunks."""
    lines = [f"data: {chunk if isinstance(chunk, str) else json.dumps(chunk)}\n\n" for chunk in chunks]
    return "".join(lines) + ("data: [DONE]\n\n" if done else "")


def chunk(delta: Any, reason: str | None = None, index: int = 0, **more: Any) -> dict[str, Any]:
    """A chunk of a stream."""
    choice = {"index": index, "delta": delta, "finish_reason": reason}
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 17, "model": "gpt-4o-2024-08-06"}
    return {**head, "choices": [choice], **more}


def usage_chunk(**usage: Any) -> dict[str, Any]:
    """The last chunk, with the tokens used."""
    used = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7, **usage}
    return {**chunk({}), "choices": [], "usage": used}


STREAM = sse(
    chunk({"role": "assistant", "content": ""}),
    chunk({"content": "Hel"}),
    chunk({"content": "lo"}),
    chunk({}, "stop"),
    usage_chunk(),
)
STREAMED = [(200, {"content-type": "text/event-stream"}, STREAM)]


class Table:
    """The cases, by number."""

    def __init__(self) -> None:
        self.cases: list[Case] = []
        self.random = random.Random(11)

    def add(
        self, kind: str, arguments: dict[str, Any], script: list[Any] | None = None, function: str = "completion"
    ) -> None:
        self.cases.append(
            {
                "id": f"{kind}-{len(self.cases)}",
                "kind": kind,
                "function": function,
                "arguments": arguments,
                "script": [(200, {}, completion_body())] if script is None else script,
            }
        )

    def chat(self, kind: str, script: list[Any] | None = None, **arguments: Any) -> None:
        given = {"model": "openai/gpt-4o", "messages": MESSAGES, "max_retries": 0, **arguments}
        if given.get("stream") and script is None:
            script = STREAMED
        self.add(kind, given, script)


def parameters(table: Table) -> None:
    for name, values in PARAMETERS.items():
        for value in values:
            for stream in (False, True):
                table.chat("parameter", **{name: value}, **({"stream": True} if stream else {}))
    for conversation in CONVERSATIONS:
        for stream in (False, True):
            table.chat("conversation", messages=conversation, **({"stream": True} if stream else {}))
    names = [name for name in PARAMETERS if name != "metadata"]
    for _ in range(1200):
        chosen = table.random.sample(names, table.random.randint(2, 9))
        given: dict[str, Any] = {name: table.random.choice(PARAMETERS[name]) for name in chosen}
        given["messages"] = table.random.choice(CONVERSATIONS)
        if table.random.random() < 0.3:
            given["stream"] = True
            if table.random.random() < 0.5:
                given["stream_options"] = {"include_usage": True}
        given["model"] = table.random.choice(["openai/gpt-4o", "openai/my-own/model", "hosted_vllm/m", "gpt-4.1-mini"])
        table.chat("combination", **given)


def drops(table: Table) -> None:
    strict = {"tools": PARAMETERS["tools"][1], "temperature": 0.2, "top_p": 0.4, "user": "u"}
    for dropped in (["temperature"], ["top_p", "user"], ["tools[*].function.strict"], ["nothing"]):
        table.chat("drop", additional_drop_params=dropped, **strict)


def errors(table: Table) -> None:
    for status in STATUSES:
        for body in ERROR_BODIES:
            for stream in (False, True):
                headers = {"x-request-id": f"req-{status}"}
                table.chat("error", [(status, headers, body)], **({"stream": True} if stream else {}))
    for status in (400, 404, 500):
        for model in ("hosted_vllm/m", "openai/my-own/model"):
            table.chat("error", [(status, {}, ERROR_BODIES[0])], model=model)
    for body in ("not json", "null", "[]"):
        table.chat("unreadable", [(200, {}, body)])
    table.chat("unreadable", [(0, {}, "")])


def tries(table: Table) -> None:
    soon = {"retry-after-ms": "1"}
    error = {"error": {"message": "later"}}
    ok = (200, {}, completion_body())
    for status in (408, 409, 429, 500, 502, 503, 529):
        for failures in (0, 1, 2, 3):
            for retries in (0, 1, 2, 3):
                script = [(status, soon, error)] * failures + [ok]
                table.chat("tries", script, max_retries=retries)
    for status in (400, 401, 403, 404, 422):
        table.chat("tries", [(status, soon, error)], max_retries=2)


REASONS = (
    "stop",
    "length",
    "tool_calls",
    "function_call",
    "content_filter",
    "eos",
    "max_tokens",
    "tool_use",
    "zzz",
    None,
)


def _message(table: Table) -> dict[str, Any]:
    pick = table.random
    message: dict[str, Any] = {"role": "assistant", "content": pick.choice(["x", "", None, "\u00e4\U0001f600", "a\nb"])}
    if pick.random() < 0.4:
        message["tool_calls"] = [
            {"id": f"call_{place}", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
            for place in range(pick.randint(1, 3))
        ]
    for name, values in {
        "refusal": [None, "no"],
        "reasoning_content": ["think", None],
        "annotations": [[], None],
        "function_call": [None, {"name": "f", "arguments": "{}"}],
        "foo": [1, {"a": 2}],
    }.items():
        if pick.random() < 0.3:
            message[name] = pick.choice(values)
    return message


USAGES: list[Any] = [
    {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
    {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7, "prompt_tokens_details": {"cached_tokens": 3}},
    {
        "prompt_tokens": 50,
        "completion_tokens": 20,
        "total_tokens": 70,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 4, "accepted_prediction_tokens": 0},
    },
    {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
]


def answers(table: Table) -> None:
    for _ in range(800):
        pick = table.random
        choices = []
        for index in range(pick.choice([1, 1, 1, 2])):
            choice: dict[str, Any] = {"index": index, "message": _message(table)}
            if pick.random() < 0.9:
                choice["finish_reason"] = pick.choice(REASONS)
            if pick.random() < 0.2:
                choice["logprobs"] = {"content": [{"token": "a", "logprob": -1.0, "bytes": [1], "top_logprobs": []}]}
            if pick.random() < 0.2:
                choice["stop_reason"] = "a"
            choices.append(choice)
        more: dict[str, Any] = {"usage": pick.choice(USAGES)}
        perhaps: dict[str, Any] = {"system_fingerprint": "fp", "service_tier": "default", "extra": {"a": [1]}}
        more.update({name: value for name, value in perhaps.items() if pick.random() < 0.3})
        table.chat("answer", [(200, {}, completion_body(choices, **more))])


def streams(table: Table) -> None:
    for _ in range(300):
        pick = table.random
        chunks = [chunk({"role": "assistant", "content": ""})] if pick.random() < 0.7 else []
        chunks += [chunk({"content": pick.choice(["a", " b", "\u00e4", "\n"])}) for _ in range(pick.randint(1, 5))]
        reason = "stop"
        if pick.random() < 0.4:
            reason = "tool_calls"
            for place in range(pick.randint(1, 2)):
                call = {"index": place, "id": f"call_{place}", "type": "function"}
                chunks.append(chunk({"tool_calls": [{**call, "function": {"name": "f", "arguments": ""}}]}))
                for piece in ('{"a"', ": 1}"):
                    chunks.append(chunk({"tool_calls": [{"index": place, "function": {"arguments": piece}}]}))
        if pick.random() < 0.2:
            chunks.insert(1, chunk({"reasoning_content": "think"}))
        chunks.append(chunk({}, pick.choice([reason, "length"])))
        chunks.append(usage_chunk())
        include = {"stream_options": {"include_usage": True}} if pick.random() < 0.5 else {}
        table.chat("stream", [(200, {"content-type": "text/event-stream"}, sse(*chunks))], stream=True, **include)
    cut = [chunk({"role": "assistant", "content": "a"}), chunk({"content": "b"})]
    for last in ([], [{"error": {"message": "boom", "code": "server_error"}}], ["{bad"]):
        body = sse(*cut, *last, done=False)
        table.chat("broken", [(200, {"content-type": "text/event-stream"}, body)], stream=True)


def operations(table: Table) -> None:
    vectors = {
        "object": "list",
        "data": [{"object": "embedding", "index": place, "embedding": [0.5, place]} for place in range(2)],
        "model": "text-embedding-3-small",
        "usage": {"prompt_tokens": 3, "total_tokens": 3},
    }
    for given in ({}, {"dimensions": 2}, {"user": "u"}, {"dimensions": 2, "unknown": 1}):
        arguments = {"model": "openai/text-embedding-3-small", "input": ["a", "b"], "max_retries": 0, **given}
        table.add("embedding", arguments, [(200, {}, vectors)], "embedding")
    for status in STATUSES:
        arguments = {"model": "openai/text-embedding-3-small", "input": ["a"], "max_retries": 0}
        table.add("embedding-error", arguments, [(status, {}, ERROR_BODIES[0])], "embedding")
    text = {
        "id": "cmpl-1",
        "object": "text_completion",
        "created": 17,
        "model": "gpt-3.5-turbo-instruct",
        "choices": [{"text": "hello", "index": 0, "logprobs": None, "finish_reason": "length"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12},
    }
    for given in ({}, {"max_tokens": 7}, {"temperature": 0.1, "stop": ["a"]}, {"suffix": "s", "echo": True}):
        arguments = {"model": "gpt-3.5-turbo-instruct", "prompt": "Say", "max_retries": 0, **given}
        table.add("text", arguments, [(200, {}, text)], "text_completion")
        chat = {"model": "openai/gpt-4o", "prompt": "Say", "max_retries": 0, **given}
        table.add("text-chat", chat, None, "text_completion")
    images = {"created": 17, "data": [{"url": "http://x/y.png", "revised_prompt": "r"}, {"b64_json": "aGk="}]}
    for given in ({}, {"n": 2}, {"size": "1024x1024", "quality": "hd"}):
        arguments = {"model": "openai/dall-e-3", "prompt": "cat", "max_retries": 0, **given}
        table.add("image", arguments, [(200, {}, images)], "image_generation")


def mocks(table: Table) -> None:
    named = ["RateLimitError", "ContextWindowExceededError", "InternalServerError"]
    for text in ("yo", "a longer answer, with words", ""):
        table.chat("mock", mock_response=text)
        table.chat("mock", mock_response=text, stream=True)
    for name in named:
        table.chat("mock", mock_response=f"litellm.{name}")
    calls = [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    table.chat("mock", mock_response="a", mock_tool_calls=calls)
    table.chat("mock", mock_response="yo", n=2)
    table.chat("mock", mock_timeout=True, timeout=0.01)


def every() -> list[Case]:
    """All cases."""
    table = Table()
    for make in (parameters, drops, errors, tries, answers, streams, operations, mocks):
        make(table)
    # Every seventh is asked asynchronously as well.
    for case in [one for one in table.cases if one["function"] in ("completion", "embedding")][::7]:
        name = f"{case['id']}-async"
        table.cases.append({**case, "id": name, "function": f"a{case['function']}"})
    return table.cases
