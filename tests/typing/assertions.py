"""Types that checkers see: checked by mypy --strict and pyright (`make types`), never run.

A `type: ignore` stands where a mistake has to be found; both checkers complain where it is not needed.
"""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true
# ruff: noqa: UP007, UP045, TC004 - unions are written in both ways; nothing here runs

from __future__ import annotations

import dataclasses
import enum
from typing import TYPE_CHECKING, Any, Literal, Optional, TypedDict, Union

import msgspec
import pydantic

import ferrule

if TYPE_CHECKING:
    from typing_extensions import assert_type


class Model(pydantic.BaseModel):
    name: str


@dataclasses.dataclass
class Data:
    name: str


class Keys(TypedDict):
    name: str


class Struct(msgspec.Struct):
    name: str


class Colour(enum.Enum):
    RED = "red"


def plain(client: ferrule.Client) -> None:
    model = "openai/gpt-5-mini"
    assert_type(client.complete(model, "Hi.", response_format=Model), ferrule.Reply[Model])
    assert_type(client.complete(model, "Hi.", response_format=Model).parsed, Model)
    assert_type(client.complete(model, "Hi.", response_format=Data).parsed, Data)
    assert_type(client.complete(model, "Hi.", response_format=Keys).parsed, Keys)
    assert_type(client.complete(model, "Hi.", response_format=Struct).parsed, Struct)
    assert_type(client.complete(model, "Hi.", response_format=Colour).parsed, Colour)
    assert_type(client.complete(model, "Hi.", response_format=bool).parsed, bool)
    assert_type(client.complete(model, "Hi.", response_format=list[Model]).parsed, list[Model])
    assert_type(client.complete(model, "Hi.", response_format=dict[str, int]).parsed, dict[str, int])
    adapter = pydantic.TypeAdapter(list[int])
    assert_type(client.complete(model, "Hi.", response_format=adapter).parsed, list[int])
    assert_type(client.complete(messages="Hi.", response_format=Model).parsed, Model)
    assert_type(client.complete(None, "Hi.", response_format=Model, temperature=0, retries_on_invalid=2).parsed, Model)


def without_a_class(client: ferrule.Client, schema: dict[str, Any]) -> None:
    assert_type(client.complete("m", "Hi."), ferrule.Reply[Any])
    assert_type(client.complete("m", "Hi.", response_format="json"), ferrule.Reply[Any])
    assert_type(client.complete("m", "Hi.", response_format=schema), ferrule.Reply[Any])
    assert_type(client.complete("m", "Hi.", response_format=Union[Model, Data]), ferrule.Reply[Any])
    assert_type(client.complete("m", "Hi.", response_format=Optional[Model]), ferrule.Reply[Any])
    assert_type(client.complete("m", "Hi.", response_format=Literal["a", "b"]), ferrule.Reply[Any])


def streamed(client: ferrule.Client) -> None:
    with client.stream("m", "Hi.", response_format=Model) as stream:
        assert_type(stream, ferrule.Stream[Model])
        for partial in stream.partials():
            assert_type(partial, Model)
        assert_type(stream.partial, Optional[Model])
        assert_type(stream.reply(), ferrule.Reply[Model])
        assert_type(stream.reply().parsed, Model)
    assert_type(client.stream(messages="Hi.", response_format=list[Data]), ferrule.Stream[list[Data]])
    assert_type(client.stream("m", "Hi."), ferrule.Stream[Any])


async def awaited(client: ferrule.AsyncClient) -> None:
    assert_type(await client.complete("m", "Hi.", response_format=Model), ferrule.Reply[Model])
    assert_type(await client.complete(messages="Hi."), ferrule.Reply[Any])
    async with client.stream("m", "Hi.", response_format=Model) as stream:
        assert_type(stream, ferrule.AsyncStream[Model])
        async for partial in stream.partials():
            assert_type(partial, Model)
        assert_type(stream.reply().parsed, Model)


def runs(client: ferrule.Client) -> None:
    run = client.run("m", "Hi.", tools=[weather], response_format=Model, max_steps=3, temperature=0)
    assert_type(run, ferrule.Run[Model])
    assert_type(run.reply.parsed, Model)
    assert_type(run.replies, list[ferrule.Reply[Model]])
    assert_type(client.run("m", "Hi.", tools=[weather]), ferrule.Run[Any])
    with client.stream_run("m", "Hi.", tools=[weather], response_format=list[Data]) as streamed:
        assert_type(streamed.run().reply.parsed, list[Data])
    client.run("m", "Hi.", tools=[weather], temprature=1)  # type: ignore[call-overload]


async def awaited_runs(client: ferrule.AsyncClient) -> None:
    assert_type((await client.run("m", "Hi.", tools=[], response_format=Model)).reply.parsed, Model)
    async with client.stream_run("m", "Hi.", tools=[], response_format=Model) as streamed:
        assert_type(streamed.run(), ferrule.Run[Model])
    async for reply in client.map("m", ["Hi."], response_format=Model):
        assert_type(reply, Union[ferrule.Reply[Model], ferrule.FerruleError])


def many(client: ferrule.Client) -> None:
    for reply in client.map("m", ["Hi."], response_format=Model, retries_on_invalid=2, progress=True):
        assert_type(reply, Union[ferrule.Reply[Model], ferrule.FerruleError])
    assert_type(client.map("m", ["Hi."]), ferrule.Replies[Any])


def shared() -> None:
    assert_type(ferrule.complete("m", "Hi.", response_format=Model).parsed, Model)
    assert_type(ferrule.complete(messages="Hi.", response_format=Model).parsed, Model)
    assert_type(ferrule.stream("m", "Hi.", response_format=Model), ferrule.Stream[Model])


def alone(reply: ferrule.Reply, stream: ferrule.Stream) -> None:
    assert_type(reply, ferrule.Reply[Any])
    assert_type(stream, ferrule.Stream[Any])
    assert_type(reply.parsed, Any)


def any_reply(reply: ferrule.Reply[Model]) -> ferrule.Reply:
    return reply


def conversation() -> ferrule.Messages:
    return [ferrule.Message("user", "Hi."), {"role": "assistant", "content": "Hello."}]


def weather(city: str) -> str:
    return city


def literals(client: ferrule.Client) -> None:
    client.complete("m", "Hi.", reasoning="high", tools=[weather], tool_choice="auto")
    client.complete("m", "Hi.", tools=[weather], tool_choice=weather)
    client.complete("m", "Hi.", reasoning={"effort": "a new word"}, tool_choice={"type": "a new word"})
    client.complete("m", "Hi.", reasoning=2000, timeout=ferrule.Timeouts(total=3))
    client.complete("m", "Hi.", reasoning="hugh")  # type: ignore[call-overload]
    client.complete("m", "Hi.", tool_choice="requird")  # type: ignore[call-overload]
    ferrule.Message("usr", "Hi.")  # type: ignore[arg-type]


def mistakes(client: ferrule.Client) -> None:
    client.complete("Hi.")  # type: ignore[call-overload]
    client.complete("m", "Hi.", temprature=1)  # type: ignore[call-overload]
    client.complete("m", "Hi.", temperature="hot")  # type: ignore[call-overload]
    client.stream("m", "Hi.", retries_on_invalid=2)  # type: ignore[call-overload]
    ferrule.Client(api_key="a key")  # type: ignore[arg-type]
