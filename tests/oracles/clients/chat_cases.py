"""Cases for the SDKs that are made alike from OpenAI's form of chat: groq's, together's, and OpenAI's own for Azure."""

from __future__ import annotations

import asyncio
import json
import sys

from cases import case, described, error_of
from tools import CLOCK, PERSON, WEATHER


def sdk_of(client):
    """The package that `client` is from, where its errors are."""
    return sys.modules[type(client).__module__.partition(".")[0]]


def asking(model, text, **options):
    return {"model": model, "messages": [{"role": "user", "content": text}], **options}


@case
def plain(client, conforming):
    reply = conforming(client.chat.completions.create(**asking("echo", "Hello, world!")))
    return {
        "text": reply.choices[0].message.content,
        "role": reply.choices[0].message.role,
        "finish_reason": reply.choices[0].finish_reason,
        "usage": [reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.total_tokens],
        "model": reply.model,
    }


@case
def streamed(client, conforming):
    chunks = [
        conforming(chunk) for chunk in client.chat.completions.create(**asking("echo", "one two three"), stream=True)
    ]
    choices = [choice for chunk in chunks for choice in chunk.choices]
    return {
        "pieces": [choice.delta.content for choice in choices if choice.delta.content],
        "finish_reasons": [choice.finish_reason for choice in choices if choice.finish_reason],
        "ids": len({chunk.id for chunk in chunks}),
        "usages": [chunk.usage.total_tokens for chunk in chunks if chunk.usage],
    }


@case
def tools(client, conforming):
    asked = asking("any", "Use the tools, please.", tools=[WEATHER, CLOCK])
    first = conforming(client.chat.completions.create(**asked)).choices[0]
    results = [
        {"role": "tool", "tool_call_id": call.id, "content": f"result of {call.function.name}"}
        for call in first.message.tool_calls
    ]
    asked["messages"] += [first.message.to_dict(), *results]
    second = conforming(client.chat.completions.create(**asked)).choices[0]
    return {
        "finish_reasons": [first.finish_reason, second.finish_reason],
        "calls": [[call.function.name, json.loads(call.function.arguments)] for call in first.message.tool_calls],
        "ids": [call.id for call in first.message.tool_calls],
        "answer": second.message.content,
    }


@case
def tools_streamed(client, conforming):
    asked = asking("any", "Hello.", tools=[WEATHER, CLOCK], tool_choice="required")
    names, pieces, finish_reasons = {}, {}, []
    for chunk in client.chat.completions.create(**asked, stream=True):
        for choice in conforming(chunk).choices:
            finish_reasons += [choice.finish_reason] if choice.finish_reason else []
            for call in choice.delta.tool_calls or []:
                names.setdefault(call.index, call.function.name)
                pieces.setdefault(call.index, []).append(call.function.arguments or "")
    calls = [[names[index], json.loads("".join(pieces[index]))] for index in sorted(names)]
    return {"calls": calls, "finish_reasons": finish_reasons}


@case
def structured(client, conforming):
    form = {"type": "json_schema", "json_schema": {"name": "person", "schema": PERSON}}
    reply = conforming(client.chat.completions.create(**asking("any", "Who?", response_format=form)))
    return sorted(json.loads(reply.choices[0].message.content))


def thought_of(message):
    """The reasoning of a message or a delta, by either of the names there are."""
    return getattr(message, "reasoning", None) or getattr(message, "reasoning_content", None)


@case
def reasoning(client, conforming):
    asked = asking("reasoning", "Why?")
    reply = conforming(client.chat.completions.create(**asked))
    chunks = [conforming(chunk) for chunk in client.chat.completions.create(**asked, stream=True)]
    deltas = [choice.delta for chunk in chunks for choice in chunk.choices]
    return {
        "reasoning": thought_of(reply.choices[0].message),
        "text": reply.choices[0].message.content,
        "streamed": [
            "".join(thought_of(delta) or "" for delta in deltas),
            "".join(delta.content or "" for delta in deltas),
        ],
    }


@case
def cut_short(client, conforming):
    reply = conforming(client.chat.completions.create(**asking("long-50", "Go.", max_tokens=5)))
    return [reply.choices[0].finish_reason, reply.usage.completion_tokens]


@case
def embeddings(client, conforming):
    reply = conforming(client.embeddings.create(model="any", input=["one", "two"]))
    return {"lengths": [len(item.embedding) for item in reply.data], "places": [item.index for item in reply.data]}


@case
def errors(client, conforming):
    sdk = sdk_of(client)

    def ask(model, **options):
        client_then = client.with_options(max_retries=0, **options)
        return lambda: client_then.chat.completions.create(**asking(model, "Hello."))

    names = [f"status-{status}" for status in (400, 401, 403, 404, 409, 422, 429, 500, 503)]
    found = {name: error_of(ask(name), sdk.APIStatusError) for name in names}
    found["wrong key"] = error_of(ask("echo", api_key="sk-invalid"), sdk.APIStatusError)
    found["reset"] = error_of(ask("reset-headers"), sdk.APIConnectionError)
    found["timeout"] = error_of(ask("stall-headers", timeout=0.3), sdk.APITimeoutError)
    return found


@case
def error_mid_stream(client, conforming):
    text = []
    stream = client.chat.completions.create(**asking("error-mid-stream", "Hello."), stream=True)

    def read():
        text.extend(conforming(chunk).choices[0].delta.content or "" for chunk in stream)

    return {"error": error_of(read, sdk_of(client).APIError), "text": "".join(text)}


@case
def retried(client, conforming):
    reply = conforming(client.chat.completions.create(**asking("fail-once-rate-limit-seconds", "Hello.")))
    return reply.choices[0].message.content


@case
async def asynchronous(client, conforming):
    reply = conforming(await client.chat.completions.create(**asking("echo", "Hello.")))
    stream = await client.chat.completions.create(**asking("echo", "one two"), stream=True)
    streamed = [choice.delta.content or "" async for chunk in stream for choice in conforming(chunk).choices]
    called = conforming(
        await client.chat.completions.create(**asking("any", "Hello.", tools=[WEATHER], tool_choice="required"))
    )
    try:
        await client.chat.completions.create(**asking("status-404", "Hello."))
        error = None
    except sdk_of(client).NotFoundError as raised:
        error = described(raised)
    together = await asyncio.gather(
        *(client.chat.completions.create(**asking("echo", f"number {number}")) for number in range(5))
    )
    return {
        "text": reply.choices[0].message.content,
        "streamed": "".join(streamed),
        "called": called.choices[0].message.tool_calls[0].function.name,
        "error": error,
        "together": [reply.choices[0].message.content for reply in together],
    }
