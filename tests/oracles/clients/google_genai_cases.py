"""Cases for the `google-genai` SDK, whichever of its two services it calls: the Gemini API, or Vertex AI.

The SDK's models refuse fields that they do not know, but its converters drop some before: each plain answer is asked
for once more without the SDK, and its models read that. `../test_google_genai_sdk.py` says what must come of each case.
"""

from __future__ import annotations

import asyncio
import json
import urllib.request

from cases import case, error_of, run
from conformity import Conformity
from google.genai import errors, types
from pydantic import BaseModel

WEATHER = types.FunctionDeclaration(
    name="get_weather",
    description="The weather in a city.",
    parameters_json_schema={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
CLOCK = types.FunctionDeclaration(
    name="get_time",
    description="The time in a zone.",
    parameters=types.Schema(
        type="OBJECT", properties={"zone": types.Schema(type="STRING", enum=["utc", "local"])}, required=["zone"]
    ),
)
THINKING = types.ThinkingConfig(include_thoughts=True, thinking_budget=128)
MANUAL = types.AutomaticFunctionCallingConfig(disable=True)


KEY = {}
"""The header with the key, for what is asked without the SDK."""
ADDRESS = []
"""The address of the collection of models, for the same."""


class Person(BaseModel):
    name: str
    age: int


def asking(model, text, **config):
    return {"model": model, "contents": text, "config": types.GenerateContentConfig(**config)}


def pieces_of(response):
    return [
        ["thought" if part.thought else "text", part.text]
        for candidate in response.candidates
        # The last piece of a stream may say nothing.
        for part in (candidate.content.parts if candidate.content else [])
        if part.text is not None
    ]


@case
def plain(client, conforming):
    reply = conforming(
        client.models.generate_content(**asking("echo", "Hello, world!", temperature=0, system_instruction="Be brief."))
    )
    usage = reply.usage_metadata
    return {
        "text": reply.text,
        "role": reply.candidates[0].content.role,
        "finish_reason": reply.candidates[0].finish_reason.name,
        "usage": [usage.prompt_token_count, usage.candidates_token_count, usage.total_token_count],
        "model": reply.model_version,
        "has_id": bool(reply.response_id),
    }


@case
def strict(client, conforming):
    """What the models make of answers that no converter has touched."""

    def ask(body):
        headers = {"content-type": "application/json", **KEY, "x-case": "strict"}
        address = f"{ADDRESS[0]}/models/any:generateContent"
        with urllib.request.urlopen(urllib.request.Request(address, json.dumps(body).encode(), headers)) as answer:
            return json.load(answer)

    contents = [{"role": "user", "parts": [{"text": "Use the tool, please."}]}]
    tools = [{"functionDeclarations": [{"name": "get_weather", "description": "The weather."}]}]
    asked = {
        "plain": {"contents": contents},
        "tools": {"contents": contents, "tools": tools},
        "thinking": {"contents": contents, "generationConfig": {"thinkingConfig": {"includeThoughts": True}}},
    }
    return {
        name: len(types.GenerateContentResponse.model_validate(ask(body)).candidates) for name, body in asked.items()
    }


@case
def streamed(client, conforming):
    asked = asking("echo", "one two three")
    chunks = [conforming(chunk) for chunk in client.models.generate_content_stream(**asked)]
    return {
        "pieces": [chunk.text for chunk in chunks if chunk.text],
        "finish_reasons": [
            candidate.finish_reason.name
            for chunk in chunks
            for candidate in chunk.candidates or []
            if candidate.finish_reason
        ],
        "total_tokens": chunks[-1].usage_metadata.total_token_count,
        "ids": len({chunk.response_id for chunk in chunks}),
    }


@case
def tools(client, conforming):
    config = {"tools": [types.Tool(function_declarations=[WEATHER, CLOCK])], "automatic_function_calling": MANUAL}
    asked = asking("any", "Use the tools, please.", **config)
    first = conforming(client.models.generate_content(**asked))
    results = [
        types.Part.from_function_response(name=call.name, response={"result": f"result of {call.name}"})
        for call in first.function_calls
    ]
    for result, call in zip(results, first.function_calls, strict=True):
        result.function_response.id = call.id
    asked["contents"] = [
        types.UserContent(asked["contents"]),
        first.candidates[0].content,
        types.Content(role="user", parts=results),
    ]
    second = conforming(client.models.generate_content(**asked))
    return {
        "calls": [[call.name, call.args] for call in first.function_calls],
        "finish_reasons": [reply.candidates[0].finish_reason.name for reply in (first, second)],
        "answer": second.text,
    }


@case
def tools_streamed(client, conforming):
    anything = types.ToolConfig(function_calling_config=types.FunctionCallingConfig(mode="ANY"))
    config = {"tools": [types.Tool(function_declarations=[WEATHER, CLOCK])], "tool_config": anything}
    asked = asking("any", "Hello.", **config, automatic_function_calling=MANUAL)
    calls = []
    for chunk in client.models.generate_content_stream(**asked):
        calls += [[call.name, call.args] for call in conforming(chunk).function_calls or []]
    return calls


@case
def automatic_tools(client, conforming):
    """The SDK calls the function itself, and sends its result back."""
    cities = []

    def get_weather(city: str) -> str:
        """The weather in a city."""
        cities.append(city)
        return "22 degrees"

    reply = client.models.generate_content(**asking("any", "Use the tool, please.", tools=[get_weather]))
    return {"text": reply.text, "cities": cities}


@case
def structured(client, conforming):
    form = {"response_mime_type": "application/json", "response_schema": Person}
    reply = client.models.generate_content(**asking("any", "Who?", **form))
    return isinstance(reply.parsed, Person)


@case
def thinking(client, conforming):
    """The thought and its signature of the first answer go back with the second question."""
    asked = asking("any", "Why?", thinking_config=THINKING)
    reply = conforming(client.models.generate_content(**asked))
    streamed = {"thought": "", "text": ""}
    for chunk in client.models.generate_content_stream(**asked):
        for kind, text in pieces_of(conforming(chunk)):
            streamed[kind] += text
    signatures = [part.thought_signature for part in reply.candidates[0].content.parts if part.thought_signature]
    asked["contents"] = [types.UserContent("Why?"), reply.candidates[0].content, types.UserContent("And then?")]
    return {
        "pieces": pieces_of(reply),
        "streamed": streamed,
        "signatures": len(signatures),
        "thought_tokens": reply.usage_metadata.thoughts_token_count,
        "answer": pieces_of(conforming(client.models.generate_content(**asked)))[-1][1],
    }


@case
def cut_short(client, conforming):
    reply = conforming(client.models.generate_content(**asking("long-50", "Go.", max_output_tokens=5)))
    return [reply.candidates[0].finish_reason.name, reply.usage_metadata.candidates_token_count]


@case
def chat(client, conforming):
    """The SDK keeps the conversation."""
    talk = client.chats.create(model="echo")
    answers = [talk.send_message("One.").text, talk.send_message("Two.").text]
    return {"answers": answers, "history": [content.role for content in talk.get_history()]}


@case
def count_tokens(client, conforming):
    return conforming(client.models.count_tokens(model="any", contents="one two")).total_tokens


@case
def embeddings(client, conforming):
    config = types.EmbedContentConfig(output_dimensionality=16)
    both = conforming(client.models.embed_content(model="any", contents=["one", "two"], config=config))
    return [len(embedding.values) for embedding in both.embeddings]


@case
def models(client, conforming):
    listed = [conforming(model).name for model in client.models.list()]
    return {"listed": listed, "one": conforming(client.models.get(model="echo")).name}


@case
def failures(client, conforming):
    names = [f"status-{status}" for status in (400, 401, 403, 404, 429, 500, 503)]
    found = {
        name: failing(lambda name=name: client.models.generate_content(**asking(name, "Hello."))) for name in names
    }
    asked = asking("status-429", "Hello.")
    found["streamed"] = failing(lambda: list(client.models.generate_content_stream(**asked)))
    impatient = asking("stall-headers", "Hello.", http_options=types.HttpOptions(timeout=300))
    found["timeout"] = error_of(lambda: client.models.generate_content(**impatient), Exception)
    return found


def failing(call):
    try:
        call()
    except errors.APIError as error:
        return {"class": type(error).__name__, "code": error.code, "status": error.status, "message": error.message}
    raise AssertionError("no error was raised")


@case
def error_mid_stream(client, conforming):
    text = []

    def read():
        asked = asking("error-mid-stream", "Hello.")
        text.extend(chunk.text for chunk in client.models.generate_content_stream(**asked))

    return {"error": failing(read), "text": "".join(text)}


@case
def retried(client, conforming):
    patient = types.HttpOptions(retry_options=types.HttpRetryOptions(attempts=3, initial_delay=0.05))
    return client.models.generate_content(**asking("fail-once-503", "Hello.", http_options=patient)).text


@case
async def asynchronous(client, conforming):
    reply = conforming(await client.models.generate_content(**asking("echo", "Hello.")))
    stream = await client.models.generate_content_stream(**asking("echo", "one two"))
    streamed = [conforming(chunk).text or "" async for chunk in stream]
    config = {"tools": [types.Tool(function_declarations=[WEATHER])], "automatic_function_calling": MANUAL}
    called = conforming(await client.models.generate_content(**asking("any", "Use the tool, please.", **config)))
    try:
        await client.models.generate_content(**asking("status-404", "Hello."))
        status = None
    except errors.ClientError as error:
        status = error.status
    together = await asyncio.gather(
        *(client.models.generate_content(**asking("echo", f"number {number}")) for number in range(5))
    )
    return {
        "text": reply.text,
        "streamed": "".join(streamed),
        "called": called.function_calls[0].name,
        "status": status,
        "together": [reply.text for reply in together],
        "models": [model.name async for model in await client.models.list()],
    }


def run_with(make, models_address, key):
    """Runs all cases.

    Args:
        make: Makes a client from its HTTP options.
        models_address: What stands before `/models/`.
        key: The header with the key.
    """
    ADDRESS.append(models_address)
    KEY.update(key)

    def make_sync(headers):
        return make({"headers": headers, "timeout": 20_000})

    def make_async(headers):
        return make_sync(headers).aio

    run(make_sync, make_async, Conformity)
