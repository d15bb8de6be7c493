"""Cases for OpenAI's Responses, which `openai_client.py` runs beside those for its Chat Completions."""

from __future__ import annotations

import json

import openai
from cases import case, error_of
from pydantic import BaseModel

WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather in a city.",
    "strict": True,
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
}
CLOCK = {
    "type": "function",
    "name": "get_time",
    "strict": True,
    "parameters": {
        "type": "object",
        "properties": {"zone": {"enum": ["utc", "local"]}},
        "required": ["zone"],
        "additionalProperties": False,
    },
}


class Person(BaseModel):
    name: str
    age: int


def user(text):
    return {"role": "user", "content": text}


@case
def responses(client, conforming):
    asked = {"model": "echo", "input": "Hello, world!", "instructions": "Be brief."}
    reply = conforming(client.responses.create(**asked))
    return {
        "text": reply.output_text,
        "kinds": [item.type for item in reply.output],
        "status": reply.status,
        "usage": [reply.usage.input_tokens, reply.usage.output_tokens, reply.usage.total_tokens],
        "id": reply.id,
        "object": reply.object,
    }


@case
def responses_streamed(client, conforming):
    events = [conforming(event) for event in client.responses.create(model="echo", input="one two three", stream=True)]
    with client.responses.stream(model="echo", input="one two three") as stream:
        helped = [event.type for event in stream]
        final = stream.get_final_response()
    return {
        "types": [event.type for event in events],
        "pieces": [event.delta for event in events if event.type == "response.output_text.delta"],
        "numbers": [event.sequence_number for event in events] == list(range(len(events))),
        "total_tokens": events[-1].response.usage.total_tokens,
        "helped": helped[-1],
        "final": final.output_text,
    }


@case
def responses_tools(client, conforming):
    asked = {
        "model": "any",
        "input": [user("Use the tools, please.")],
        "tools": [WEATHER, CLOCK],
    }
    first = conforming(client.responses.create(**asked))
    calls = [item for item in first.output if item.type == "function_call"]
    results = [
        {"type": "function_call_output", "call_id": call.call_id, "output": f"result of {call.name}"} for call in calls
    ]
    streamed = {}
    for event in client.responses.create(**asked, stream=True):
        if conforming(event).type == "response.function_call_arguments.done":
            streamed[event.output_index] = json.loads(event.arguments)
    asked["input"] += [*first.output, *results]
    second = conforming(client.responses.create(**asked))
    return {
        "calls": [[call.name, json.loads(call.arguments)] for call in calls],
        "streamed": streamed,
        "answer": second.output_text,
    }


@case
def responses_structured(client, conforming):
    reply = client.responses.parse(model="any", input="Who?", text_format=Person)
    return isinstance(reply.output_parsed, Person)


@case
def responses_reasoning(client, conforming):
    """The reasoning goes back, unread, with the next question."""
    asked = {
        "model": "any",
        "input": [user("Why?")],
        "reasoning": {"effort": "low", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
        "store": False,
    }
    first = conforming(client.responses.create(**asked))
    pieces = [
        event.delta
        for event in client.responses.create(**asked, stream=True)
        if conforming(event).type == "response.reasoning_summary_text.delta"
    ]
    thought = first.output[0]
    asked["input"] += [*first.output, user("And then?")]
    return {
        "kinds": [item.type for item in first.output],
        "summary": "".join(part.text for part in thought.summary),
        "encrypted": bool(thought.encrypted_content),
        "streamed": "".join(pieces),
        "reasoning_tokens": first.usage.output_tokens_details.reasoning_tokens,
        "answer": conforming(client.responses.create(**asked)).output_text,
    }


@case
def responses_in_error(client, conforming):
    impatient = client.with_options(max_retries=0)
    found = {
        status: error_of(
            lambda status=status: impatient.responses.create(model=f"status-{status}", input="Hello."),
            openai.APIStatusError,
        )["class"]
        for status in (400, 401, 404, 429, 500)
    }
    text = []

    def read():
        for event in client.responses.create(model="error-mid-stream", input="Hello.", stream=True):
            conforming(event)
            text.extend([event.delta] if event.type == "response.output_text.delta" else [])

    return {"classes": found, "error": error_of(read, openai.APIError), "text": "".join(text)}


@case
async def responses_asynchronous(client, conforming):
    reply = conforming(await client.responses.create(model="echo", input="Hello."))
    stream = await client.responses.create(model="echo", input="one two", stream=True)
    types = [conforming(event).type async for event in stream]
    return {"text": reply.output_text, "last": types[-1]}
