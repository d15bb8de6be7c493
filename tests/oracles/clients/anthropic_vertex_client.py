"""The official `anthropic` SDK as a client of Vertex AI: `python anthropic_vertex_client.py http://host:port/vertex-anthropic`.

It has a token already, so that nobody has to hand one out. `../test_anthropic_vertex_sdk.py` says what must come of
each case; what is the same at Anthropic's own address is in `anthropic_client.py`.
"""

from __future__ import annotations

import sys

import anthropic
from anthropic_questions import WEATHER, asking
from cases import case, error_of, run
from conformity import Conformity


@case
def plain(client, conforming):
    reply = conforming(client.messages.create(**asking("echo", "Hello, world!", system="Be brief.")))
    return [reply.content[0].text, reply.stop_reason, reply.usage.output_tokens]


@case
def streamed(client, conforming):
    with client.messages.stream(**asking("echo", "one two three")) as stream:
        pieces = [event.text for event in stream if event.type == "text"]
        final = conforming(stream.get_final_message())
    return [pieces, final.stop_reason, final.usage.output_tokens]


@case
def tools(client, conforming):
    asked = asking("any", "Use the tool, please.", tools=[WEATHER])
    first = conforming(client.messages.create(**asked))
    (call,) = [block for block in first.content if block.type == "tool_use"]
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "22 degrees"}
    asked["messages"] += [{"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
    second = conforming(client.messages.create(**asked))
    return [first.stop_reason, call.name, call.input, second.content[0].text]


@case
def thinking(client, conforming):
    reply = conforming(
        client.messages.create(**asking("any", "Why?", thinking={"type": "enabled", "budget_tokens": 1024}))
    )
    return [block.type for block in reply.content]


@case
def counted(client, conforming):
    messages = asking("echo", "Hello, world!")["messages"]
    return conforming(client.messages.count_tokens(model="echo", messages=messages)).input_tokens


@case
def errors(client, conforming):
    ask = client.with_options(max_retries=0).messages.create
    return {
        name: error_of(lambda name=name: ask(**asking(name, "Hello.")), anthropic.APIStatusError)["class"]
        for name in ("status-400", "status-401", "status-404", "status-429", "status-500")
    }


@case
async def asynchronous(client, conforming):
    reply = conforming(await client.messages.create(**asking("echo", "Hello.")))
    stream = await client.messages.create(**asking("echo", "one two"), stream=True)
    pieces = [event.delta.text async for event in stream if conforming(event).type == "content_block_delta"]
    return [reply.content[0].text, pieces]


def make(kind):
    place = {"project_id": "oracle", "region": "global", "access_token": "sk-oracle"}
    base_url = f"{sys.argv[1]}/v1"
    return lambda headers: kind(**place, base_url=base_url, timeout=20, default_headers=headers)


if __name__ == "__main__":
    run(make(anthropic.AnthropicVertex), make(anthropic.AsyncAnthropicVertex), Conformity)
