"""The official `cohere` SDK as a client of the simulator: `python cohere_client.py http://host:port/cohere`.

`../test_cohere_sdk.py` says what must come of each case.
"""

from __future__ import annotations

import asyncio
import json
import sys

import cohere
import httpx
from cases import case, error_of, run
from cohere.core.api_error import ApiError
from conformity import Conformity
from tools import CLOCK, PERSON, WEATHER

DOCUMENTS = ["a cat", "the weather in Paris", "a dog"]


def asking(model, text, **options):
    return {"model": model, "messages": [{"role": "user", "content": text}], **options}


def text_of(message):
    return "".join(item.text for item in message.content if item.type == "text")


@case
def plain(client, conforming):
    reply = conforming(client.chat(**asking("echo", "Hello, world!", seed=7, p=0.9, k=3)))
    return {
        "content": [[item.type, item.text] for item in reply.message.content],
        "role": reply.message.role,
        "finish_reason": reply.finish_reason,
        "tokens": [reply.usage.tokens.input_tokens, reply.usage.tokens.output_tokens],
        "has_id": bool(reply.id),
    }


@case
def streamed(client, conforming):
    events = [conforming(event) for event in client.chat_stream(**asking("echo", "one two three"))]
    return {
        "types": [event.type for event in events],
        "pieces": [event.delta.message.content.text for event in events if event.type == "content-delta"],
        "finish_reason": events[-1].delta.finish_reason,
        "tokens": [events[-1].delta.usage.tokens.input_tokens, events[-1].delta.usage.tokens.output_tokens],
    }


@case
def tools(client, conforming):
    asked = asking("any", "Use the tools, please.", tools=[WEATHER, CLOCK])
    first = conforming(client.chat(**asked))
    results = [
        {"role": "tool", "tool_call_id": call.id, "content": f"result of {call.function.name}"}
        for call in first.message.tool_calls
    ]
    asked["messages"] += [first.message, *results]
    second = conforming(client.chat(**asked))
    calls = first.message.tool_calls
    return {
        "finish_reasons": [first.finish_reason, second.finish_reason],
        "calls": [[call.function.name, json.loads(call.function.arguments)] for call in calls],
        "different_ids": len({call.id for call in calls}),
        "answer": text_of(second.message),
    }


@case
def tools_streamed(client, conforming):
    asked = asking("any", "Hello.", tools=[WEATHER, CLOCK], tool_choice="REQUIRED")
    types, names, pieces = [], {}, {}
    for event in client.chat_stream(**asked):
        types.append(conforming(event).type)
        if event.type == "tool-call-start":
            names[event.index] = event.delta.message.tool_calls.function.name
        if event.type == "tool-call-delta":
            pieces.setdefault(event.index, []).append(event.delta.message.tool_calls.function.arguments)
    calls = [[names[index], json.loads("".join(pieces[index]))] for index in sorted(names)]
    return {"types": sorted(set(types)), "calls": calls, "finish_reason": event.delta.finish_reason}


@case
def structured(client, conforming):
    form = {"type": "json_object", "json_schema": PERSON}
    return sorted(json.loads(text_of(conforming(client.chat(**asking("any", "Who?", response_format=form))).message)))


@case
def thinking(client, conforming):
    asked = asking("any", "Why?", thinking={"type": "enabled", "token_budget": 100})
    content = conforming(client.chat(**asked)).message.content
    streamed = {"thinking": "", "text": ""}
    for event in client.chat_stream(**asked):
        if conforming(event).type == "content-delta":
            for kind in streamed:
                streamed[kind] += getattr(event.delta.message.content, kind) or ""
    return {"content": [[item.type, getattr(item, item.type)] for item in content], "streamed": streamed}


@case
def cut_short(client, conforming):
    reply = conforming(client.chat(**asking("long-50", "Go.", max_tokens=5)))
    return [reply.finish_reason, reply.usage.tokens.output_tokens]


@case
def embeddings(client, conforming):
    asked = {"model": "any", "input_type": "search_document", "texts": ["one", "two"]}
    floats = conforming(client.embed(**asked, embedding_types=["float"], output_dimension=16))
    return {"lengths": [len(vector) for vector in floats.embeddings.float_], "texts": floats.texts}


@case
def rerank(client, conforming):
    reply = conforming(client.rerank(model="any", query="weather in Paris", documents=DOCUMENTS, top_n=2))
    return {
        "places": [result.index for result in reply.results],
        "scores": [result.relevance_score for result in reply.results],
        "search_units": reply.meta.billed_units.search_units,
    }


@case
def models(client, conforming):
    return [model.name for model in conforming(client.models.list()).models]


@case
def failures(client, conforming):
    once = {"max_retries": 0}
    statuses = (400, 401, 403, 404, 422, 429, 498, 499, 500, 501, 503, 504)
    found = {}
    for status in statuses:
        asked = asking(f"status-{status}", "Hello.", request_options=once)
        found[f"status-{status}"] = failing(lambda asked=asked: client.chat(**asked))
    asked = asking("status-429", "Hello.", request_options=once)
    found["streamed"] = failing(lambda: list(client.chat_stream(**asked)))
    asked = asking("reset-headers", "Hello.", request_options=once)
    found["reset"] = error_of(lambda: client.chat(**asked), httpx.TransportError)
    asked = asking("stall-headers", "Hello.", request_options={"timeout_in_seconds": 0.3, **once})
    found["timeout"] = error_of(lambda: client.chat(**asked), httpx.TimeoutException)
    return found


def failing(call):
    try:
        call()
    except ApiError as error:
        return {"class": type(error).__name__, "status": error.status_code, "body": error.body}
    raise AssertionError("no error was raised")


@case
def retried(client, conforming):
    return text_of(conforming(client.chat(**asking("fail-once-rate-limit-seconds", "Hello."))).message)


@case
async def asynchronous(client, conforming):
    reply = conforming(await client.chat(**asking("echo", "Hello.")))
    streamed = [
        event.delta.message.content.text
        async for event in client.chat_stream(**asking("echo", "one two"))
        if conforming(event).type == "content-delta"
    ]
    called = conforming(await client.chat(**asking("any", "Use the tool, please.", tools=[WEATHER])))
    try:
        await client.chat(**asking("status-404", "Hello."))
        error = None
    except cohere.NotFoundError as raised:
        error = raised.body
    together = await asyncio.gather(*(client.chat(**asking("echo", f"number {number}")) for number in range(5)))
    ranked = conforming(await client.rerank(model="any", query="weather in Paris", documents=DOCUMENTS))
    return {
        "text": text_of(reply.message),
        "streamed": "".join(streamed),
        "called": called.message.tool_calls[0].function.name,
        "error": error,
        "together": [text_of(reply.message) for reply in together],
        "first": ranked.results[0].index,
    }


if __name__ == "__main__":
    settings = {"base_url": sys.argv[1], "api_key": "sk-oracle", "log_warning_experimental_features": False}
    run(
        lambda headers: cohere.ClientV2(**settings, httpx_client=httpx.Client(headers=headers, timeout=20)),
        lambda headers: cohere.AsyncClientV2(**settings, httpx_client=httpx.AsyncClient(headers=headers, timeout=20)),
        Conformity,
    )
