"""Response formats that are not objects: wrapped for the provider, unwrapped for the user."""

# ruff: noqa: UP007, UP045 - unions are written in both ways
from __future__ import annotations

import dataclasses
import datetime
import enum
import json
import pickle
from typing import Annotated, Any, Literal, NewType, Optional, TypedDict, Union

import pytest

import ferrule
from ferrule.schema_check import SchemaMismatchError
from ferrule.testing import Simulator, rule

pydantic = pytest.importorskip("pydantic")
msgspec = pytest.importorskip("msgspec")

MODELS = ["openai/gpt", "anthropic/claude", "gemini/gemini-2.5-flash", "mistral/any"]


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Model(pydantic.BaseModel):
    name: str


class Names(pydantic.RootModel[list[str]]):
    pass


class Root(pydantic.RootModel[Model]):
    pass


class Struct(msgspec.Struct):
    name: str


@dataclasses.dataclass
class Cat:
    kind: Literal["cat"]
    name: str


@dataclasses.dataclass
class Dog:
    kind: Literal["dog"]
    name: str
    colour: Optional[Colour] = None


class Keys(TypedDict):
    name: str


UserId = NewType("UserId", int)

CASES: list[tuple[Any, Any, Any]] = [
    (list[str], ["a", "b"], ["a", "b"]),
    (list[Model], [{"name": "a"}], [Model(name="a")]),
    (list[Struct], [{"name": "a"}], [Struct("a")]),
    (list[Dog], [{"kind": "dog", "name": "Rex", "colour": "red"}], [Dog("dog", "Rex", Colour.RED)]),
    (list[Keys], [{"name": "a"}], [{"name": "a"}]),
    (tuple[int, ...], [1, 2], (1, 2)),
    (set[int], [1, 2], {1, 2}),
    (Literal["yes", "no"], "yes", "yes"),
    (Colour, "blue", Colour.BLUE),
    (bool, True, True),
    (int, 7, 7),
    (float, 7, 7.0),
    (str, "text", "text"),
    (datetime.date, "2026-11-30", datetime.date(2026, 11, 30)),
    (Union[Cat, Dog], {"kind": "dog", "name": "Rex"}, Dog("dog", "Rex")),
    (Union[Model, list[int]], [1], [1]),
    (Cat | Dog, {"kind": "cat", "name": "Tom"}, Cat("cat", "Tom")),
    (Optional[Model], None, None),
    (Optional[Model], {"name": "a"}, Model(name="a")),
    (Annotated[int, "A number of people."], 3, 3),
    (UserId, 3, 3),
    (Names, ["a"], Names(["a"])),
    (pydantic.TypeAdapter(list[Model]), [{"name": "a"}], [Model(name="a")]),
    (pydantic.TypeAdapter(Union[int, str]), 7, 7),
]


def ask(model: str, response_format: Any, answer: Any, *, streamed: bool = False) -> tuple[ferrule.Reply, Any]:
    with Simulator([rule(answer if isinstance(answer, str) else json.dumps(answer))]) as simulator:
        client = simulator.client()
        if streamed:
            with client.stream(model, "?", response_format=response_format) as stream:
                list(stream)
                return stream.reply(), simulator.requests[0].body
        return client.complete(model, "?", response_format=response_format), simulator.requests[0].body


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(("kind", "answer", "value"), CASES, ids=lambda one: str(one)[:40])
def test_values_are_wrapped_and_unwrapped(kind: Any, answer: Any, value: Any, streamed: bool) -> None:
    reply, body = ask("openai/gpt", kind, {"value": answer}, streamed=streamed)
    assert reply.parsed == value
    assert type(reply.parsed) is type(value)
    schema = body["response_format"]["json_schema"]["schema"]
    assert schema["type"] == "object"
    assert list(schema["properties"]) == ["value"]
    assert schema["required"] == ["value"]
    # A model that is not held to the schema may leave the wrapper out.
    assert ask("openai/gpt", kind, json.dumps(answer))[0].parsed == value


@pytest.mark.parametrize("model", MODELS)
def test_every_wire_format_gets_an_object(model: str) -> None:
    reply, body = ask(model, list[Model], {"value": [{"name": "a"}]})
    assert reply.parsed == [Model(name="a")]
    assert '"value"' in json.dumps(body)


def test_objects_are_not_wrapped() -> None:
    for kind in (Model, Root, pydantic.TypeAdapter(Model), Keys, Struct):
        reply, body = ask("openai/gpt", kind, {"name": "a"})
        assert list(body["response_format"]["json_schema"]["schema"]["properties"]) == ["name"]
        assert reply.parsed is not None
    assert ask("openai/gpt", Root, {"name": "a"})[0].parsed == Root(Model(name="a"))


def test_replies_with_them_pickle() -> None:
    reply, _ = ask("openai/gpt", list[Cat], {"value": [{"kind": "cat", "name": "Tom"}]})
    assert pickle.loads(pickle.dumps(reply)).parsed == [Cat("cat", "Tom")]


@pytest.mark.parametrize(
    ("kind", "answer", "place"),
    [
        (list[Cat], {"value": [{"kind": "cat", "name": 7}]}, "[0].name"),
        (list[Cat], {"value": [{"kind": "cat"}]}, "[0]"),
        (list[Cat], {"value": [{"kind": "cow", "name": "x"}]}, "[0].kind"),
        (Union[Cat, Dog], {"value": {"kind": "dog", "name": "Rex", "colour": "green"}}, "colour"),
        (Union[Cat, Dog], {"value": {"kind": "dog", "name": 7}}, "name"),
        (list[Dog | None], {"value": [None, {"kind": "dog", "name": []}]}, "[1].name"),
        (Colour, {"value": "green"}, ""),
        (Literal["yes", "no"], {"value": "perhaps"}, ""),
        (bool, {"value": 1}, ""),
        (int, {"value": True}, ""),
        (list[int], {"values": [1]}, ""),
        (Keys, {"nam": "a"}, ""),
        (Keys, {"name": 7}, "name"),
    ],
)
def test_what_does_not_fit_is_named_with_its_path(kind: Any, answer: Any, place: str) -> None:
    reply, _ = ask("openai/gpt", kind, answer)
    with pytest.raises(SchemaMismatchError) as caught:
        _ = reply.parsed
    assert caught.value.place == place
    assert (f"`{place}`" if place else "the answer") in str(caught.value)


def test_a_missing_name_is_said() -> None:
    with pytest.raises(SchemaMismatchError, match=r"`\[0\]` does not fit: `name` is missing"):
        _ = ask("openai/gpt", list[Dog], {"value": [{"kind": "dog"}]})[0].parsed
    with pytest.raises(SchemaMismatchError, match="`name` is missing"):
        _ = ask("openai/gpt", Union[Cat, Dog], {"value": {"kind": "dog"}})[0].parsed


FENCES = [
    "```json\n{}\n```",
    "```\n{}\n```",
    "Here it is:\n\n```json\n{}\n```\nAnything else?",
    "  ```JSON\r\n{}\r\n```  ",
    "```json\n{}```",
]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("fence", FENCES)
@pytest.mark.parametrize("kind", [Model, Keys, Struct, "json"])
def test_a_fenced_answer_is_read(kind: Any, fence: str, streamed: bool) -> None:
    reply, _ = ask(
        "openai/gpt", kind, fence.replace("{}", '{"name": "a ``` b"}'.replace(" ``` ", " ")), streamed=streamed
    )
    name = reply.parsed["name"] if isinstance(reply.parsed, dict) else reply.parsed.name
    assert name == "a b"


def test_fences_inside_an_answer_stay() -> None:
    assert ask("openai/gpt", Model, {"name": "```\ncode\n```"})[0].parsed == Model(name="```\ncode\n```")


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("kind", [Model, Keys, Struct, list[Cat], "json"])
def test_an_answer_that_was_cut_off_says_so(kind: Any, streamed: bool) -> None:
    script = {"text": '{"name": "a', "finish_reason": "length"}
    for model in ("openai/gpt", "anthropic/claude"):
        with Simulator([rule(script)]) as simulator, simulator.client() as client:
            format_ = kind if model.startswith("openai") or kind != "json" else Model
            if streamed:
                with client.stream(model, "?", response_format=format_) as stream:
                    list(stream)
                reply = stream.reply()
            else:
                reply = client.complete(model, "?", response_format=format_)
        with pytest.raises(ferrule.ParseError, match=r"the answer was cut off after .* tokens.*`max_tokens`") as caught:
            _ = reply.parsed
        assert caught.value.reason == "length"
        assert caught.value.partial_reply == reply
        assert isinstance(caught.value, ValueError)


def test_a_refusal_says_so() -> None:
    for model in ("openai/gpt", "anthropic/claude"):
        with Simulator([rule({"refusal": "I cannot help with that."})]) as simulator, simulator.client() as client:
            reply = client.complete(model, "?", response_format=Model)
        with pytest.raises(ferrule.ParseError, match="the model refused to answer") as caught:
            _ = reply.parsed
        assert caught.value.reason == "refusal"


def test_tool_calls_instead_of_an_answer() -> None:
    def look(place: str) -> str:
        return place

    script = {"tool_calls": [{"name": "look", "arguments": {"place": "Oslo"}}]}
    with Simulator([rule(script)]) as simulator, simulator.client() as client:
        reply = client.complete("openai/gpt", "?", response_format=Model, tools=[look])
    with pytest.raises(ferrule.ParseError, match="the model called `look` instead of answering"):
        _ = reply.parsed
