"""The official `mistralai` SDK as a client of the simulator: `python mistralai_client.py http://host:port/mistral`.

`../test_mistralai_sdk.py` says what must come of each case.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys

import httpx2
from cases import case, error_of, run
from conformity import Conformity, keep_unknown_fields
from pydantic import BaseModel
from tools import CLOCK, WEATHER

keep_unknown_fields()

from mistralai.client import Mistral, errors, utils  # noqa: E402

PATIENT = utils.RetryConfig("backoff", utils.BackoffStrategy(10, 50, 1.5, 20_000), retry_connection_errors=True)


class Person(BaseModel, extra="ignore"):
    name: str
    age: int


class Family(BaseModel, extra="ignore"):
    members: list[Person]


def asking(model, text, **options):
    return {"model": model, "messages": [{"role": "user", "content": text}], **options}


def arguments_of(call):
    given = call.function.arguments
    return json.loads(given) if isinstance(given, str) else given


@case
def plain(client, conforming):
    reply = conforming(client.chat.complete(**asking("echo", "Hello, world!", random_seed=7)))
    return {
        "text": reply.choices[0].message.content,
        "finish_reason": reply.choices[0].finish_reason,
        "usage": [reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.total_tokens],
        "model": reply.model,
    }


@case
def streamed(client, conforming):
    with client.chat.stream(**asking("echo", "one two three")) as stream:
        chunks = [conforming(event.data) for event in stream]
    choices = [choice for chunk in chunks for choice in chunk.choices]
    return {
        "pieces": [choice.delta.content for choice in choices if choice.delta.content],
        "finish_reasons": [choice.finish_reason for choice in choices if choice.finish_reason],
        "usages": [chunk.usage.total_tokens for chunk in chunks if chunk.usage],
        "place_of_usage": [place for place, chunk in enumerate(chunks, 1 - len(chunks)) if chunk.usage],
    }


@case
def tools(client, conforming):
    asked = asking("any", "Use the tools, please.", tools=[WEATHER, CLOCK])
    first = conforming(client.chat.complete(**asked)).choices[0]
    results = [
        {"role": "tool", "tool_call_id": call.id, "name": call.function.name, "content": f"{call.function.name}: yes"}
        for call in first.message.tool_calls
    ]
    asked["messages"] += [first.message, *results]
    second = conforming(client.chat.complete(**asked)).choices[0]
    return {
        "finish_reasons": [first.finish_reason, second.finish_reason],
        "calls": [[call.function.name, arguments_of(call)] for call in first.message.tool_calls],
        "ids": [call.id for call in first.message.tool_calls],
        "answer": second.message.content,
    }


@case
def tools_streamed(client, conforming):
    calls, finish_reasons = [], []
    with client.chat.stream(**asking("any", "Hello.", tools=[WEATHER, CLOCK], tool_choice="any")) as stream:
        for event in stream:
            for choice in conforming(event.data).choices:
                finish_reasons += [choice.finish_reason] if choice.finish_reason else []
                # A piece of a call is a whole call at Mistral.
                calls += [[call.function.name, arguments_of(call)] for call in choice.delta.tool_calls or []]
    return {"calls": calls, "finish_reasons": finish_reasons}


@case
def structured(client, conforming):
    asked = {kind: client.chat.parse(kind, **asking("any", "Who?")) for kind in (Person, Family)}
    return [isinstance(reply.choices[0].message.parsed, kind) for kind, reply in asked.items()]


@case
def log_probabilities(client, conforming):
    """They and `top_k` are taken; the simulator has none to tell."""
    asked = asking("echo", "Hello.", logprobs=True, top_logprobs=2, top_k=5)
    return conforming(client.chat.complete(**asked)).choices[0].message.content


@case
def reasoning(client, conforming):
    asked = asking("reasoning", "Why?", prompt_mode="reasoning")
    content = conforming(client.chat.complete(**asked)).choices[0].message.content
    streamed = {}
    with client.chat.stream(**asked) as stream:
        for event in stream:
            for choice in conforming(event.data).choices:
                parts = choice.delta.content or []
                for part in [parts] if isinstance(parts, str) else parts:
                    kind, text = ("text", part) if isinstance(part, str) else read_part(part)
                    streamed[kind] = streamed.get(kind, "") + text
    return {"content": [read_part(part) for part in content], "streamed": streamed}


def read_part(part):
    if part.type == "thinking":
        return [part.type, "".join(piece.text for piece in part.thinking)]
    return [part.type, part.text]


@case
def cut_short(client, conforming):
    reply = conforming(client.chat.complete(**asking("long-50", "Go.", max_tokens=5)))
    return [reply.choices[0].finish_reason, reply.usage.completion_tokens]


@case
def embeddings(client, conforming):
    reply = conforming(client.embeddings.create(model="any", inputs=["one", "two"]))
    return {"lengths": [len(item.embedding) for item in reply.data], "places": [item.index for item in reply.data]}


@case
def models(client, conforming):
    return [model.id for model in client.models.list().data]


@case
def refused(client, conforming):
    """Mistral's ids of calls have nine letters and digits."""
    call = {"id": "call_1", "type": "function", "function": {"name": "get_time", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "Hello."},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "noon"},
    ]
    return failing(lambda: client.chat.complete(model="echo", messages=messages))


@case
def failures(client, conforming):
    names = [f"status-{status}" for status in (400, 401, 403, 404, 422, 429, 500, 503)]
    found = {name: failing(lambda name=name: client.chat.complete(**asking(name, "Hello."))) for name in names}
    found["streamed"] = failing(lambda: client.chat.stream(**asking("status-429", "Hello.")))
    found["reset"] = error_of(lambda: client.chat.complete(**asking("reset-headers", "Hello.")), httpx2.TransportError)
    impatient = asking("stall-headers", "Hello.", timeout_ms=300)
    found["timeout"] = error_of(lambda: client.chat.complete(**impatient), httpx2.TimeoutException)
    return found


def failing(call):
    try:
        call()
    except errors.MistralError as error:
        return {"class": type(error).__name__, "status": error.status_code, "body": json.loads(error.body)}
    raise AssertionError("no error was raised")


@case
def retried(client, conforming):
    reply = client.chat.complete(**asking("fail-once-rate-limit-seconds", "Hello."), retries=PATIENT)
    return reply.choices[0].message.content


@case
async def asynchronous(client, conforming):
    reply = conforming(await client.chat.complete_async(**asking("echo", "Hello.")))
    async with await client.chat.stream_async(**asking("echo", "one two")) as stream:
        streamed = [choice.delta.content or "" async for event in stream for choice in conforming(event.data).choices]
    parsed = await client.chat.parse_async(Person, **asking("any", "Who?"))
    try:
        await client.chat.complete_async(**asking("status-404", "Hello."))
        status = None
    except errors.SDKError as error:
        status = error.status_code
    together = await asyncio.gather(
        *(client.chat.complete_async(**asking("echo", f"number {number}")) for number in range(5))
    )
    return {
        "text": reply.choices[0].message.content,
        "streamed": "".join(streamed),
        "is_person": isinstance(parsed.choices[0].message.parsed, Person),
        "status": status,
        "together": [reply.choices[0].message.content for reply in together],
    }


@contextlib.contextmanager
def make(headers):
    with httpx2.Client(headers=headers, timeout=20) as http:
        yield Mistral(api_key="sk-oracle", server_url=sys.argv[1], client=http)


@contextlib.asynccontextmanager
async def make_async(headers):
    async with httpx2.AsyncClient(headers=headers, timeout=20) as http:
        yield Mistral(api_key="sk-oracle", server_url=sys.argv[1], async_client=http)


if __name__ == "__main__":
    run(make, make_async, Conformity)
