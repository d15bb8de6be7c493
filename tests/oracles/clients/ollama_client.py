"""The official `ollama` SDK as a client of the simulator: `python ollama_client.py http://host:port/ollama`.

`../test_ollama_sdk.py` says what must come of each case.
"""

from __future__ import annotations

import asyncio
import base64
import sys

from cases import case, error_of, run
from conformity import Conformity, keep_unknown_fields
from pydantic import BaseModel

keep_unknown_fields()

import ollama  # noqa: E402

IMAGE = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(16)).decode()


class Person(BaseModel, extra="ignore"):
    name: str
    age: int


def get_weather(city: str) -> str:
    """The weather in a city.

    Args:
        city: Its name.
    """
    return f"22 degrees in {city}"


def get_time(zone: str) -> str:
    """The time in a zone.

    Args:
        zone: Its name.
    """
    return f"noon in {zone}"


def asking(model, text, **options):
    return {"model": model, "messages": [{"role": "user", "content": text}], **options}


@case
def plain(client, conforming):
    options = {"seed": 7, "temperature": 0}
    reply = conforming(client.chat(**asking("echo", "Hello, world!", options=options, keep_alive="5m")))
    return {
        "text": reply.message.content,
        "role": reply.message.role,
        "done": [reply.done, reply.done_reason],
        "tokens": [reply.prompt_eval_count, reply.eval_count],
        "model": reply.model,
    }


@case
def streamed(client, conforming):
    chunks = [conforming(chunk) for chunk in client.chat(**asking("echo", "one two three"), stream=True)]
    return {
        "pieces": [chunk.message.content for chunk in chunks if chunk.message.content],
        "done": [chunk.done_reason for chunk in chunks if chunk.done],
        "tokens": [chunks[-1].prompt_eval_count, chunks[-1].eval_count],
    }


@case
def tools(client, conforming):
    asked = asking("any", "Use the tools, please.", tools=[get_weather, get_time])
    first = conforming(client.chat(**asked)).message
    results = [
        {"role": "tool", "tool_name": call.function.name, "content": f"{call.function.name}: yes"}
        for call in first.tool_calls
    ]
    asked["messages"] += [first, *results]
    second = conforming(client.chat(**asked)).message
    return {
        "calls": [[call.function.name, call.function.arguments] for call in first.tool_calls],
        "answer": second.content,
    }


@case
def tools_streamed(client, conforming):
    asked = asking("any", "Use the tools, please.", tools=[get_weather, get_time])
    calls = []
    for chunk in client.chat(**asked, stream=True):
        calls += [[call.function.name, call.function.arguments] for call in conforming(chunk).message.tool_calls or []]
    return calls


@case
def structured(client, conforming):
    reply = conforming(client.chat(**asking("any", "Who?", format=Person.model_json_schema())))
    return isinstance(Person.model_validate_json(reply.message.content), Person)


@case
def thinking(client, conforming):
    asked = asking("any", "Why?", think=True)
    message = conforming(client.chat(**asked)).message
    chunks = [conforming(chunk).message for chunk in client.chat(**asked, stream=True)]
    return {
        "thinking": message.thinking,
        "text": message.content,
        "streamed": ["".join(getattr(chunk, name) or "" for chunk in chunks) for name in ("thinking", "content")],
    }


@case
def images(client, conforming):
    messages = [{"role": "user", "content": "What is it?", "images": [IMAGE]}]
    return conforming(client.chat(model="echo", messages=messages)).message.content


@case
def cut_short(client, conforming):
    reply = conforming(client.chat(**asking("long-50", "Go.", options={"num_predict": 5})))
    return [reply.done_reason, reply.eval_count]


@case
def embeddings(client, conforming):
    reply = conforming(client.embed(model="any", input=["one", "two"]))
    single = conforming(client.embed(model="any", input="one", dimensions=4))
    return [len(vector) for vector in [*reply.embeddings, *single.embeddings]]


@case
def models(client, conforming):
    return [model.model for model in conforming(client.list()).models]


@case
def running(client, conforming):
    """What a server tells of its models beside their names."""
    return {
        "running": [model.model for model in conforming(client.ps()).models],
        "capabilities": conforming(client.show("echo")).capabilities,
    }


@case
def failures(client, conforming):
    names = [f"status-{status}" for status in (400, 401, 403, 404, 429, 500, 503)]
    found = {name: failing(lambda name=name: client.chat(**asking(name, "Hello."))) for name in names}
    found["streamed"] = failing(lambda: list(client.chat(**asking("status-404", "Hello."), stream=True)))
    found["reset"] = error_of(lambda: client.chat(**asking("reset-headers", "Hello.")), Exception)
    return found


def failing(call):
    try:
        call()
    except ollama.ResponseError as error:
        return [error.status_code, error.error]
    raise AssertionError("no error was raised")


@case
def error_mid_stream(client, conforming):
    pieces = []

    def read():
        stream = client.chat(**asking("error-mid-stream", "Hello."), stream=True)
        pieces.extend(conforming(chunk).message.content for chunk in stream)

    return {"error": failing(read), "text": "".join(pieces)}


@case
async def asynchronous(client, conforming):
    reply = conforming(await client.chat(**asking("echo", "Hello.")))
    stream = await client.chat(**asking("echo", "one two"), stream=True)
    streamed = [conforming(chunk).message.content async for chunk in stream]
    called = conforming(await client.chat(**asking("any", "Use the tool, please.", tools=[get_weather])))
    try:
        await client.chat(**asking("status-404", "Hello."))
        status = None
    except ollama.ResponseError as error:
        status = error.status_code
    together = await asyncio.gather(*(client.chat(**asking("echo", f"number {number}")) for number in range(5)))
    return {
        "text": reply.message.content,
        "streamed": "".join(streamed),
        "called": called.message.tool_calls[0].function.name,
        "status": status,
        "together": [reply.message.content for reply in together],
        "vectors": len((await client.embed(model="any", input=["one", "two"])).embeddings),
    }


if __name__ == "__main__":
    settings = {"host": sys.argv[1], "timeout": 20}
    run(
        lambda headers: ollama.Client(**settings, headers=headers),
        lambda headers: ollama.AsyncClient(**settings, headers=headers),
        Conformity,
    )
