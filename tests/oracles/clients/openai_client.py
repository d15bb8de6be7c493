"""The official `openai` SDK as a client of the simulator: `python openai_client.py http://host:port/v1`.

Runs with version 2 and 3 alike. The cases of Responses are in `responses_cases.py`; `../test_openai_sdk.py` says what
must come of each.
"""

from __future__ import annotations

import asyncio
import json
import sys

import openai
import responses_cases  # noqa: F401 - the cases are what it is for
from cases import case, described, error_of, run
from conformity import Conformity
from pydantic import BaseModel

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city.",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
CLOCK = {
    "type": "function",
    "function": {
        "name": "get_time",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"zone": {"enum": ["utc", "local"]}},
            "required": ["zone"],
            "additionalProperties": False,
        },
    },
}


class Person(BaseModel):
    name: str
    age: int


def user(text):
    return {"role": "user", "content": text}


@case
def plain(client, conforming):
    reply = conforming(client.chat.completions.create(model="echo", messages=[user("Hello, world!")]))
    return {
        "text": reply.choices[0].message.content,
        "finish_reason": reply.choices[0].finish_reason,
        "usage": reply.usage.to_dict(),
        "id": reply.id,
        "request_id": reply._request_id,
        "object": reply.object,
    }


@case
def streamed(client, conforming):
    options = {"include_usage": True}
    text, finish_reasons, usages, ids = [], [], [], set()
    for chunk in client.chat.completions.create(
        model="echo", messages=[user("one two three four")], stream=True, stream_options=options
    ):
        conforming(chunk)
        ids.add(chunk.id)
        if chunk.usage:
            usages.append((len(chunk.choices), chunk.usage.total_tokens))
        for choice in chunk.choices:
            text.append(choice.delta.content or "")
            finish_reasons += [choice.finish_reason] if choice.finish_reason else []
    return {"pieces": [t for t in text if t], "finish_reasons": finish_reasons, "usages": usages, "ids": len(ids)}


@case
def streamed_with_helper(client, conforming):
    options = {"include_usage": True}
    with client.chat.completions.stream(
        model="echo", messages=[user("one two three")], stream_options=options
    ) as stream:
        events = [event.type for event in stream]
        reply = stream.get_final_completion()
    return {
        "events": sorted(set(events)),
        "text": reply.choices[0].message.content,
        "total_tokens": reply.usage.total_tokens,
    }


@case
def tools(client, conforming):
    messages = [user("Use the tool, please.")]
    first = conforming(client.chat.completions.create(model="any", messages=messages, tools=[WEATHER]))
    (call,) = first.choices[0].message.tool_calls
    messages += [first.choices[0].message, {"role": "tool", "tool_call_id": call.id, "content": "22 degrees"}]
    second = conforming(client.chat.completions.create(model="any", messages=messages, tools=[WEATHER]))
    return {
        "finish_reasons": [first.choices[0].finish_reason, second.choices[0].finish_reason],
        "call": [call.type, call.function.name, json.loads(call.function.arguments)],
        "id": call.id,
        "answer": second.choices[0].message.content,
    }


@case
def tools_streamed(client, conforming):
    with client.chat.completions.stream(
        model="any", messages=[user("Hello.")], tools=[WEATHER, CLOCK], tool_choice="required"
    ) as stream:
        events = {event.type for event in stream}
        choice = stream.get_final_completion().choices[0]
    return {
        "events": sorted(events),
        "finish_reason": choice.finish_reason,
        "calls": [[call.function.name, call.function.parsed_arguments] for call in choice.message.tool_calls],
    }


@case
def parallel_tools(client, conforming):
    messages = [user("Use the tools, please.")]
    both = [WEATHER, CLOCK]
    first = conforming(client.chat.completions.create(model="any", messages=messages, tools=both)).choices[0].message
    results = [
        {"role": "tool", "tool_call_id": call.id, "content": f"result of {call.function.name}"}
        for call in first.tool_calls
    ]
    second = conforming(client.chat.completions.create(model="any", messages=[*messages, first, *results], tools=both))
    single = client.chat.completions.create(model="any", messages=messages, tools=both, parallel_tool_calls=False)
    pieces = {}
    for chunk in client.chat.completions.create(model="any", messages=messages, tools=both, stream=True):
        for call in conforming(chunk).choices[0].delta.tool_calls or []:
            pieces.setdefault(call.index, []).append(call.function.arguments or "")
    return {
        "names": [call.function.name for call in first.tool_calls],
        "different_ids": len({call.id for call in first.tool_calls}),
        "answer": second.choices[0].message.content,
        "single": len(single.choices[0].message.tool_calls),
        "streamed": {index: json.loads("".join(arguments)) for index, arguments in pieces.items()},
    }


@case
def structured(client, conforming):
    asked = {"model": "any", "messages": [user("Who?")], "response_format": Person}
    message = client.chat.completions.parse(**asked).choices[0].message
    with client.chat.completions.stream(**asked) as stream:
        streamed = stream.get_final_completion().choices[0].message
    return {"is_person": isinstance(message.parsed, Person), "same": streamed.parsed == message.parsed}


@case
def refusal(client, conforming):
    reply = conforming(client.chat.completions.create(model="any", messages=[user("Hello.")]))
    return {"refusal": reply.choices[0].message.refusal, "text": reply.choices[0].message.content}


@case
def reasoning(client, conforming):
    asked = {"model": "any", "messages": [user("Why?")], "reasoning_effort": "low"}
    reply = conforming(client.chat.completions.create(**asked))
    pieces = []
    for chunk in client.chat.completions.create(**asked, stream=True):
        pieces += [getattr(choice.delta, "reasoning_content", None) or "" for choice in conforming(chunk).choices]
    return {
        "reasoning": reply.choices[0].message.reasoning_content,
        "streamed": "".join(pieces),
        "reasoning_tokens": reply.usage.completion_tokens_details.reasoning_tokens,
        "text": reply.choices[0].message.content,
    }


@case
def several_choices(client, conforming):
    asked = {"model": "echo", "messages": [user("Hello.")], "n": 2}
    reply = conforming(client.chat.completions.create(**asked))
    streamed = {
        choice.index for chunk in client.chat.completions.create(**asked, stream=True) for choice in chunk.choices
    }
    return {
        "choices": [[choice.index, choice.message.content] for choice in reply.choices],
        "streamed": sorted(streamed),
    }


@case
def cut_short(client, conforming):
    reply = conforming(client.chat.completions.create(model="long-50", messages=[user("Go.")], max_completion_tokens=5))
    return {"finish_reason": reply.choices[0].finish_reason, "tokens": reply.usage.completion_tokens}


@case
def models(client, conforming):
    listed = [conforming(model) for model in client.models.list()]
    return {"listed": [model.id for model in listed], "one": conforming(client.models.retrieve("echo")).id}


@case
def embeddings(client, conforming):
    asked = {"model": "any", "input": ["one", "two"]}
    reply = conforming(client.embeddings.create(**asked, dimensions=16))
    floats = conforming(client.embeddings.create(**asked, dimensions=16, encoding_format="float"))
    near = [
        abs(left - right) < 1e-6
        for one, other in zip(reply.data, floats.data, strict=True)
        for left, right in zip(one.embedding, other.embedding, strict=True)
    ]
    return {"lengths": [len(item.embedding) for item in reply.data], "near": all(near), "tokens": reply.usage.to_dict()}


@case
def errors(client, conforming):
    def ask(model, **options):
        return lambda: client.with_options(max_retries=0, **options).chat.completions.create(
            model=model, messages=[user("Hello.")]
        )

    names = [f"status-{status}" for status in (400, 401, 403, 404, 409, 422, 429, 500, 503)]
    found = {name: error_of(ask(name), openai.APIStatusError) for name in [*names, "context-length", "overloaded"]}
    found["wrong key"] = error_of(ask("echo", api_key="sk-invalid"), openai.APIStatusError)
    found["html"] = error_of(ask("html"), openai.APIStatusError)
    found["reset"] = error_of(ask("reset-headers"), openai.APIConnectionError)
    found["timeout"] = error_of(ask("stall-headers", timeout=0.3), openai.APITimeoutError)
    return found


@case
def error_mid_stream(client, conforming):
    text = []
    stream = client.chat.completions.create(model="error-mid-stream", messages=[user("Hello.")], stream=True)

    def read():
        text.extend(conforming(chunk).choices[0].delta.content or "" for chunk in stream)

    return {"error": error_of(read, openai.APIError), "text": "".join(text)}


@case
def retried(client, conforming):
    reply = client.chat.completions.create(model="fail-twice-503", messages=[user("Hello.")])
    return reply.choices[0].message.content


@case
def retried_after_a_reset(client, conforming):
    reply = client.chat.completions.create(model="fail-once-reset-headers", messages=[user("Hello.")])
    return reply.choices[0].message.content


@case
def retried_after_seconds(client, conforming):
    asked = {"model": "fail-once-rate-limit-seconds", "messages": [user("Hello.")]}
    return "".join(
        chunk.choices[0].delta.content or "" for chunk in client.chat.completions.create(**asked, stream=True)
    )


@case
def retried_after_milliseconds(client, conforming):
    reply = client.chat.completions.create(model="fail-once-rate-limit-ms", messages=[user("Hello.")])
    return reply.choices[0].message.content


@case
def retried_in_vain(client, conforming):
    patient = client.with_options(max_retries=1)
    return error_of(
        lambda: patient.chat.completions.create(model="status-500", messages=[user("Hello.")]), openai.APIStatusError
    )


@case
def abandoned(client, conforming):
    with client.chat.completions.create(model="slow-5", messages=[user("Hello.")], stream=True) as stream:
        return [chunk.choices[0].delta.role for chunk, _ in zip(stream, range(1), strict=False)]


@case
async def asynchronous(client, conforming):
    async def ask(text):
        reply = conforming(await client.chat.completions.create(model="echo", messages=[user(text)]))
        return reply.choices[0].message.content

    together = await asyncio.gather(*(ask(f"number {number}") for number in range(10)))
    stream = await client.chat.completions.create(model="echo", messages=[user("one two")], stream=True)
    streamed = "".join([conforming(chunk).choices[0].delta.content or "" async for chunk in stream])
    async with client.chat.completions.stream(
        model="any", messages=[user("Hello.")], tools=[WEATHER], tool_choice="required"
    ) as helper:
        called = (await helper.get_final_completion()).choices[0].message.tool_calls[0].function.name
    parsed = await client.chat.completions.parse(model="any", messages=[user("Who?")], response_format=Person)
    try:
        await client.chat.completions.create(model="status-404", messages=[user("Hello.")])
        error = None
    except openai.NotFoundError as raised:
        error = described(raised)
    retried = await client.chat.completions.create(model="fail-once-503", messages=[user("Hello.")])
    return {
        "together": together,
        "streamed": streamed,
        "called": called,
        "is_person": isinstance(parsed.choices[0].message.parsed, Person),
        "error": error,
        "retried": retried.choices[0].finish_reason,
        "models": [model.id async for model in client.models.list()],
    }


if __name__ == "__main__":
    settings = {"base_url": sys.argv[1], "api_key": "sk-oracle", "timeout": 20}
    run(
        lambda headers: openai.OpenAI(**settings, default_headers=headers),
        lambda headers: openai.AsyncOpenAI(**settings, default_headers=headers),
        # Version 3 has it no more.
        lambda: Conformity({"name"} if openai.__version__.startswith("2.") else ()),
    )
