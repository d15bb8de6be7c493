"""The official `anthropic` SDK as a client of the simulator: `python anthropic_client.py http://host:port`.

Runs with version 1 and 2 alike; `../test_anthropic_sdk.py` says what must come of each case.
"""

from __future__ import annotations

import asyncio
import sys

import anthropic
from anthropic_questions import CLOCK, WEATHER, asking
from cases import case, described, error_of, run
from conformity import Conformity
from pydantic import BaseModel


class Person(BaseModel):
    name: str
    age: int


@case
def plain(client, conforming):
    reply = conforming(client.messages.create(**asking("echo", "Hello, world!", system="Be brief.")))
    return {
        "content": [[block.type, block.text] for block in reply.content],
        "stop_reason": reply.stop_reason,
        "usage": [reply.usage.input_tokens, reply.usage.output_tokens],
        "id": reply.id,
        "request_id": reply._request_id,
        "role": reply.role,
    }


@case
def streamed(client, conforming):
    events = [conforming(event) for event in client.messages.create(**asking("echo", "one two three"), stream=True)]
    return {
        "types": [event.type for event in events],
        "pieces": [event.delta.text for event in events if event.type == "content_block_delta"],
        "stop_reason": next(event.delta.stop_reason for event in events if event.type == "message_delta"),
        "output_tokens": next(event.usage.output_tokens for event in events if event.type == "message_delta"),
    }


@case
def streamed_with_helper(client, conforming):
    with client.messages.stream(**asking("echo", "one two three")) as stream:
        pieces = list(stream.text_stream)
        reply = stream.get_final_message()
    return {"pieces": pieces, "text": reply.content[0].text, "output_tokens": reply.usage.output_tokens}


@case
def tools(client, conforming):
    asked = asking("any", "Use the tool, please.", tools=[WEATHER])
    first = conforming(client.messages.create(**asked))
    (call,) = [block for block in first.content if block.type == "tool_use"]
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "22 degrees"}
    asked["messages"] += [{"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
    second = conforming(client.messages.create(**asked))
    return {
        "stop_reasons": [first.stop_reason, second.stop_reason],
        "call": [call.name, call.input],
        "id": call.id,
        "answer": second.content[0].text,
    }


@case
def tools_streamed(client, conforming):
    asked = asking("any", "Hello.", tools=[WEATHER, CLOCK], tool_choice={"type": "tool", "name": "get_time"})
    with client.messages.stream(**asked) as stream:
        events = {event.type for event in stream}
        reply = stream.get_final_message()
    return {
        "events": sorted(events),
        "stop_reason": reply.stop_reason,
        "calls": [[block.name, block.input] for block in reply.content],
    }


@case
def parallel_tools(client, conforming):
    asked = asking("any", "Use the tools, please.", tools=[WEATHER, CLOCK])
    first = conforming(client.messages.create(**asked))
    with client.messages.stream(**asked) as stream:
        streamed = stream.get_final_message()
    single = client.messages.create(**asked, tool_choice={"type": "auto", "disable_parallel_tool_use": True})
    results = [
        {"type": "tool_result", "tool_use_id": block.id, "content": f"result of {block.name}", "is_error": bool(place)}
        for place, block in enumerate(first.content)
    ]
    asked["messages"] += [{"role": "assistant", "content": first.content}, {"role": "user", "content": results}]
    return {
        "names": [block.name for block in first.content],
        "different_ids": len({block.id for block in first.content}),
        "streamed": [[block.name, block.input] for block in streamed.content],
        "single": len(single.content),
        "answer": conforming(client.messages.create(**asked)).content[0].text,
    }


@case
def tool_runner(client, conforming):
    """The SDK's own loop, which calls the function and sends its result back."""
    cities = []

    @anthropic.beta_tool
    def get_weather(city: str) -> str:
        """The weather in a city.

        Args:
            city: Its name.
        """
        cities.append(city)
        return "22 degrees"

    runner = client.beta.messages.tool_runner(**asking("any", "Use the tool, please.", tools=[get_weather]))
    return {"stop_reasons": [conforming(reply).stop_reason for reply in runner], "cities": cities}


@case
def structured(client, conforming):
    reply = client.messages.parse(**asking("any", "Who?", output_format=Person))
    with client.messages.stream(**asking("any", "Who?", output_format=Person)) as stream:
        streamed = stream.get_final_message()
    return {"is_person": isinstance(reply.parsed_output, Person), "same": streamed.parsed_output == reply.parsed_output}


@case
def thinking(client, conforming):
    """The thinking of the first answer goes back with the tool's result, as Anthropic demands."""
    asked = asking("any", "Use the tool.", tools=[WEATHER], thinking={"type": "enabled", "budget_tokens": 1024})
    first = conforming(client.messages.create(**asked))
    thought, call = first.content
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "22 degrees"}
    asked["messages"] += [{"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
    second = conforming(client.messages.create(**asked))
    return {
        "types": [[block.type for block in reply.content] for reply in (first, second)],
        "thinking": thought.thinking,
        "signature": thought.signature,
        "thinking_tokens": first.usage.output_tokens_details.thinking_tokens,
        "answer": second.content[-1].text,
    }


@case
def thinking_streamed(client, conforming):
    asked = asking("any", "Why?", thinking={"type": "enabled", "budget_tokens": 1024})
    for event in client.messages.create(**asked, stream=True):
        conforming(event)
    with client.messages.stream(**asked) as stream:
        events = [event.type for event in stream]
        thought, answer = stream.get_final_message().content
    return {
        "content": [[thought.type, thought.thinking], [answer.type, answer.text]],
        "signature": thought.signature,
        "thinking_events": events.count("thinking"),
        "signature_events": events.count("signature"),
    }


@case
def thinking_redacted(client, conforming):
    reply = conforming(client.messages.create(**asking("any", "Why?")))
    return [block.to_dict() for block in reply.content]


@case
def cached(client, conforming):
    text = {"type": "text", "text": "A long text.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    usage = conforming(client.messages.create(**asking("any", [text]))).usage
    return {
        "input": usage.input_tokens,
        "read": usage.cache_read_input_tokens,
        "written": usage.cache_creation_input_tokens,
        "5m": usage.cache_creation.ephemeral_5m_input_tokens,
        "1h": usage.cache_creation.ephemeral_1h_input_tokens,
    }


@case
def stopped(client, conforming):
    stopped = conforming(client.messages.create(**asking("echo", "one two three", stop_sequences=["two"])))
    cut = conforming(client.messages.create(**asking("long-50", "Go.") | {"max_tokens": 5}))
    return {
        "stopped": [stopped.stop_reason, stopped.stop_sequence, stopped.content[0].text],
        "cut": [cut.stop_reason, cut.usage.output_tokens],
    }


@case
def models(client, conforming):
    listed = [conforming(model) for model in client.models.list()]
    one = conforming(client.models.retrieve("echo"))
    return {"listed": [model.id for model in listed], "one": [one.id, one.type, one.created_at.year]}


@case
def count_tokens(client, conforming):
    few = conforming(client.messages.count_tokens(model="any", messages=asking("any", "one two")["messages"]))
    more = client.messages.count_tokens(
        model="any", messages=asking("any", "one two")["messages"], system="three", tools=[WEATHER]
    )
    return [few.input_tokens, more.input_tokens]


@case
def errors(client, conforming):
    def ask(model, **options):
        return lambda: client.with_options(max_retries=0, **options).messages.create(**asking(model, "Hello."))

    names = [f"status-{status}" for status in (400, 401, 403, 404, 413, 422, 429, 500, 503, 529)]
    found = {name: error_of(ask(name), anthropic.APIStatusError) for name in [*names, "context-length", "overloaded"]}
    found["wrong key"] = error_of(ask("echo", api_key="sk-invalid"), anthropic.APIStatusError)
    found["html"] = error_of(ask("html"), anthropic.APIStatusError)
    found["reset"] = error_of(ask("reset-headers"), anthropic.APIConnectionError)
    found["timeout"] = error_of(ask("stall-headers", timeout=0.3), anthropic.APITimeoutError)
    return found


@case
def error_mid_stream(client, conforming):
    text = []

    def read():
        with client.messages.stream(**asking("error-mid-stream", "Hello.")) as stream:
            text.extend(stream.text_stream)

    return {"error": error_of(read, anthropic.APIError), "text": "".join(text)}


@case
def retried(client, conforming):
    return client.messages.create(**asking("fail-twice-529", "Hello.")).content[0].text


@case
def retried_after_a_reset(client, conforming):
    return client.messages.create(**asking("fail-once-reset-headers", "Hello.")).content[0].text


@case
def retried_after_seconds(client, conforming):
    with client.messages.stream(**asking("fail-once-rate-limit-seconds", "Hello.")) as stream:
        return stream.get_final_text()


@case
def retried_after_milliseconds(client, conforming):
    return client.messages.create(**asking("fail-once-rate-limit-ms", "Hello.")).content[0].text


@case
def retried_in_vain(client, conforming):
    patient = client.with_options(max_retries=1)
    return error_of(lambda: patient.messages.create(**asking("status-500", "Hello.")), anthropic.APIStatusError)


@case
def abandoned(client, conforming):
    with client.messages.create(**asking("slow-5", "Hello."), stream=True) as stream:
        return [event.type for event, _ in zip(stream, range(1), strict=False)]


@case
async def asynchronous(client, conforming):
    async def ask(text):
        return conforming(await client.messages.create(**asking("echo", text))).content[0].text

    together = await asyncio.gather(*(ask(f"number {number}") for number in range(10)))
    stream = await client.messages.create(**asking("echo", "one two"), stream=True)
    types = [conforming(event).type async for event in stream]
    async with client.messages.stream(
        **asking("any", "Hello.", tools=[WEATHER], tool_choice={"type": "any"})
    ) as helper:
        called = (await helper.get_final_message()).content[0].name
    parsed = await client.messages.parse(**asking("any", "Who?", output_format=Person))
    try:
        await client.messages.create(**asking("status-404", "Hello."))
        error = None
    except anthropic.NotFoundError as raised:
        error = described(raised)
    retried = await client.messages.create(**asking("fail-once-503", "Hello."))
    return {
        "together": together,
        "types": sorted(set(types)),
        "called": called,
        "is_person": isinstance(parsed.parsed_output, Person),
        "error": error,
        "retried": retried.stop_reason,
        "models": [model.id async for model in client.models.list()],
    }


if __name__ == "__main__":
    settings = {"base_url": sys.argv[1], "api_key": "sk-oracle", "timeout": 20}
    run(
        lambda headers: anthropic.Anthropic(**settings, default_headers=headers),
        lambda headers: anthropic.AsyncAnthropic(**settings, default_headers=headers),
        Conformity,
    )
