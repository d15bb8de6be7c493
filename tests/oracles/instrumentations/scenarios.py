"""Calls of a program that an instrumentation watches: plain, streamed, with tools, failing, raw and by helpers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Calls = dict[str, Callable[[], Any]]
    AsyncCalls = dict[str, Callable[[], Awaitable[Any]]]

HELLO: Any = [{"role": "user", "content": "Hello, world!"}]
USES: Any = [{"role": "user", "content": "Please use the tool."}]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL: Any = {"type": "function", "function": {"name": "get_weather", "parameters": PARAMETERS}}
OWN_TOOL: Any = {"name": "get_weather", "description": "The weather.", "input_schema": PARAMETERS}


def plain(value: Any) -> Any:
    if isinstance(value, list):
        return [plain(item) for item in value]
    dump = getattr(value, "to_dict", None) or getattr(value, "model_dump", None)
    return dump(mode="json") if dump is not None else value if value is None else str(value)


def outcome(call: Callable[[], Any]) -> Any:
    try:
        return plain(call())
    except Exception as error:
        return [type(error).__name__, str(error)]


async def outcomes(calls: AsyncCalls) -> dict[str, Any]:
    found = {}
    for label, call in calls.items():
        try:
            found[label] = plain(await call())
        except Exception as error:
            found[label] = [type(error).__name__, str(error)]
    return found


def openai(package: Any, url: str) -> Calls:
    client = package.OpenAI(max_retries=0)
    chat = client.chat.completions
    many = {"model": "gpt-4o", "messages": HELLO, "temperature": 0.5, "max_tokens": 50, "seed": 7, "user": "ada"}

    def helper() -> Any:
        with chat.stream(model="gpt-4o", messages=HELLO) as stream:
            return [event.type for event in stream]

    def broken_off() -> Any:
        stream = chat.create(model="gpt-4o", messages=HELLO, stream=True)
        first = next(iter(stream))
        stream.close()
        return first

    return {
        "plain": lambda: chat.create(**many),
        "tools": lambda: chat.create(model="gpt-4o", messages=USES, tools=[TOOL]),
        "streamed": lambda: list(chat.create(**many, stream=True, stream_options={"include_usage": True})),
        "streamed-tools": lambda: list(chat.create(model="gpt-4o", messages=USES, tools=[TOOL], stream=True)),
        "status-400": lambda: chat.create(model="status-400", messages=HELLO),
        "status-429": lambda: list(chat.create(model="status-429", messages=HELLO, stream=True)),
        "error-mid-stream": lambda: list(chat.create(model="error-mid-stream", messages=HELLO, stream=True)),
        "broken-off": broken_off,
        "raw": lambda: chat.with_raw_response.create(model="gpt-4o", messages=HELLO).parse(),
        "helper": helper,
        "responses": lambda: client.responses.create(model="gpt-4o", input="Hello!", instructions="Be kind."),
        "responses-streamed": lambda: list(client.responses.create(model="gpt-4o", input="Hello!", stream=True)),
        "embeddings": lambda: client.embeddings.create(model="text-embedding-3-small", input=["Hello", "you"]),
        "models": lambda: [one.id for one in client.models.list()],
    }


def openai_async(package: Any, url: str) -> AsyncCalls:
    async def streamed() -> Any:
        client = package.AsyncOpenAI(max_retries=0)
        options: Any = {"include_usage": True}
        stream = await client.chat.completions.create(
            model="gpt-4o", messages=HELLO, stream=True, stream_options=options
        )
        return [chunk async for chunk in stream]

    async def made(of: Callable[[Any], Any]) -> Any:
        return await of(package.AsyncOpenAI(max_retries=0))

    return {
        "async-plain": lambda: made(lambda client: client.chat.completions.create(model="gpt-4o", messages=HELLO)),
        "async-streamed": streamed,
        "async-status-500": lambda: made(
            lambda client: client.chat.completions.create(model="status-500", messages=HELLO)
        ),
        "async-responses": lambda: made(lambda client: client.responses.create(model="gpt-4o", input="Hello!")),
        "async-embeddings": lambda: made(
            lambda client: client.embeddings.create(model="text-embedding-3-small", input="Hello")
        ),
    }


def anthropic(package: Any, url: str) -> Calls:
    client = package.Anthropic(max_retries=0)
    messages = client.messages
    usual: Any = {"model": "claude-sonnet-4-5", "max_tokens": 50, "messages": HELLO}

    def helper() -> Any:
        with messages.stream(**usual) as stream:
            return [*stream.text_stream, plain(stream.get_final_message())]

    return {
        "plain": lambda: messages.create(**usual, system="Be kind."),
        "tools": lambda: messages.create(**{**usual, "messages": USES}, tools=[OWN_TOOL]),
        "streamed": lambda: list(messages.create(**usual, stream=True)),
        "streamed-tools": lambda: list(messages.create(**{**usual, "messages": USES}, tools=[OWN_TOOL], stream=True)),
        "status-400": lambda: messages.create(**{**usual, "model": "status-400"}),
        "overloaded": lambda: list(messages.create(**{**usual, "model": "overloaded"}, stream=True)),
        "error-mid-stream": lambda: list(messages.create(**{**usual, "model": "error-mid-stream"}, stream=True)),
        "raw": lambda: messages.with_raw_response.create(**usual).parse(),
        "helper": helper,
        "count": lambda: messages.count_tokens(model="claude-sonnet-4-5", messages=HELLO),
    }


def anthropic_async(package: Any, url: str) -> AsyncCalls:
    usual: Any = {"model": "claude-sonnet-4-5", "max_tokens": 50, "messages": HELLO}

    async def streamed() -> Any:
        stream = await package.AsyncAnthropic(max_retries=0).messages.create(**usual, stream=True)
        return [event async for event in stream]

    async def helper() -> Any:
        async with package.AsyncAnthropic(max_retries=0).messages.stream(**usual) as stream:
            return [text async for text in stream.text_stream]

    async def created(**given: Any) -> Any:
        return await package.AsyncAnthropic(max_retries=0).messages.create(**{**usual, **given})

    return {
        "async-plain": created,
        "async-streamed": streamed,
        "async-helper": helper,
        "async-status-500": lambda: created(model="status-500"),
    }
