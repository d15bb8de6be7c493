"""Tool calls: arguments as the function's types, results and errors as messages for the model."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import datetime
import decimal
import enum
import functools
import json
import threading
import uuid
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Optional, TypedDict, Union

import msgspec
import numpy
import pydantic
import pytest
from typing_extensions import Unpack

import ferrule
from ferrule.testing import Simulator, rule

UTC = datetime.timezone.utc


class Unit(enum.Enum):
    CELSIUS = "c"
    FAHRENHEIT = "f"


class Size(enum.IntEnum):
    SMALL = 1


@dataclasses.dataclass
class Place:
    city: str
    since: datetime.date | None = None
    tags: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Trip:
    stops: list[Place]
    by_day: dict[str, Place]


class Model(pydantic.BaseModel):
    name: str
    when: datetime.datetime
    size: int = pydantic.Field(default=1, ge=1)


class Struct(msgspec.Struct):
    name: str
    at: datetime.date


class Window(TypedDict, total=False):
    since: datetime.date
    unit: Unit


class Pair(NamedTuple):
    left: int
    right: str = "r"


def call(name: str, arguments: Any) -> ferrule.ToolCall:
    return ferrule.ToolCall("call_1", name, arguments if isinstance(arguments, str) else json.dumps(arguments))


def told(message: ferrule.Message) -> tuple[Any, bool]:
    """What a message tells the model, and whether as an error."""
    assert message.role == "tool"
    (block,) = message.to_dict()["content"]
    assert block["tool_use_id"] == "call_1"
    return block["content"], block.get("is_error", False)


def received(annotation: Any, value: Any) -> Any:
    """What arrives of a value at a parameter of this type."""
    arrived = []

    def tool(given):
        arrived.append(given)
        return "ok"

    tool.__annotations__ = {"given": annotation}
    assert told(call("tool", {"given": value}).run([tool])) == ("ok", False)
    return arrived[0]


@pytest.mark.parametrize(
    ("annotation", "value", "arrives"),
    [
        (int, 3.0, 3),
        (float, 3, 3.0),
        (bool, True, True),
        (Unit, "f", Unit.FAHRENHEIT),
        (Size, 1, Size.SMALL),
        (datetime.date, "2026-01-02", datetime.date(2026, 1, 2)),
        (
            datetime.datetime,
            "2026-01-02T03:04:05Z",
            datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc),
        ),
        (datetime.time, "03:04:05", datetime.time(3, 4, 5)),
        (uuid.UUID, "12345678-1234-5678-1234-567812345678", uuid.UUID("12345678-1234-5678-1234-567812345678")),
        (decimal.Decimal, 1.5, decimal.Decimal("1.5")),
        (Optional[datetime.date], None, None),  # noqa: UP045
        (Optional[datetime.date], "2026-01-02", datetime.date(2026, 1, 2)),  # noqa: UP045
        (Union[int, Place], {"city": "Oslo"}, Place("Oslo")),  # noqa: UP007
        (Annotated[Unit, "A unit."], "c", Unit.CELSIUS),
        (Literal["a", "b"], "b", "b"),
        (Place, {"city": "Oslo", "since": "2026-01-02"}, Place("Oslo", datetime.date(2026, 1, 2))),
        (list[Place], [{"city": "Oslo"}], [Place("Oslo")]),
        (set[Unit], ["c", "f"], {Unit.CELSIUS, Unit.FAHRENHEIT}),
        (tuple[Unit, int], ["c", 2], (Unit.CELSIUS, 2)),
        (dict[str, Place], {"a": {"city": "Oslo"}}, {"a": Place("Oslo")}),
        (
            Trip,
            {"stops": [{"city": "Oslo"}], "by_day": {"mon": {"city": "Bergen", "tags": ["wet"]}}},
            Trip([Place("Oslo")], {"mon": Place("Bergen", tags=["wet"])}),
        ),
        (Window, {"since": "2026-01-02", "unit": "f"}, {"since": datetime.date(2026, 1, 2), "unit": Unit.FAHRENHEIT}),
        (Pair, {"left": 1, "right": "x"}, Pair(1, "x")),
        (
            Model,
            {"name": "n", "when": "2026-01-02T03:04:05"},
            Model(name="n", when=datetime.datetime(2026, 1, 2, 3, 4, 5)),  # noqa: DTZ001 - as the model wrote it
        ),
        (list[Model], [], []),
        (Struct, {"name": "n", "at": "2026-01-02"}, Struct("n", datetime.date(2026, 1, 2))),
    ],
)
def test_arguments_arrive_as_the_types_of_the_parameters(annotation: Any, value: Any, arrives: Any) -> None:
    arrived = received(annotation, value)
    assert arrived == arrives
    assert type(arrived) is type(arrives)


def test_what_is_left_out_is_the_default() -> None:
    def tool(
        a: int,
        /,
        b: Unit = Unit.CELSIUS,
        *,
        c: Place | None = None,
        d: int = pydantic.Field(default=4, ge=0),
        e: list[int] = pydantic.Field(default_factory=list),  # noqa: B008
        **window: Unpack[Window],
    ) -> Any:
        return [a, b, c, d, e, window]

    assert told(call("tool", {"a": 1}).run([tool]))[0] == '[1, "c", null, 4, [], {}]'
    given = {"a": 1, "b": "f", "c": {"city": "Oslo"}, "d": 5, "e": [1], "since": "2026-01-02"}
    assert json.loads(told(call("tool", given).run([tool]))[0]) == [
        1,
        "f",
        {"city": "Oslo", "since": None, "tags": []},
        5,
        [1],
        {"since": "2026-01-02"},
    ]
    # A model that has to give every argument says null for one that it leaves out.
    assert (
        told(call("tool", {"a": 1, "b": None, "d": None, "since": None}).run([tool]))[0] == '[1, "c", null, 4, [], {}]'
    )


class Station:
    def weather(self, city: str) -> str:
        return f"rain in {city}"

    def __call__(self, city: str) -> str:
        return f"sun in {city}"


def weather(city: str, days: int) -> str:
    return f"{city}: {days}"


@pytest.mark.parametrize(
    ("tool", "name", "said"),
    [
        (Station().weather, "weather", "rain in Oslo"),
        (Station(), "Station", "sun in Oslo"),
        (functools.partial(weather, days=3), "weather", "Oslo: 3"),
        (Place, "Place", '{"city": "Oslo", "since": null, "tags": []}'),
        (ferrule.Tool(weather, name="forecast", parameters={"type": "object"}), "forecast", None),
        (ferrule.Tool(lambda city: city.upper(), name="shout", parameters={"type": "object"}), "shout", "OSLO"),
    ],
)
def test_everything_that_can_be_a_tool_can_be_called(tool: Any, name: str, said: str | None) -> None:
    text, is_error = told(call(name, {"city": "Oslo"}).run([tool]))
    if said is None:
        assert is_error
        assert "missing 1 required positional argument" in text
    else:
        assert (text, is_error) == (said, False)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (("nope", {}), "there is no tool `nope`; the tools are: `place`, `model`"),
        (("place", "{city"), "the arguments of `place` are not JSON"),
        (("place", "[1]"), "not a JSON object"),
        (("place", {}), "the arguments do not fit: `place` is missing"),
        (("place", {"place": {"city": 3}}), "`place.city` does not fit: expected string; it is 3"),
        (("place", {"place": {"city": "a"}, "extra": 1}), "`extra` is not one of its properties"),
        (("place", {"place": {"city": "a", "since": "soon"}}), "`place.since`"),
        (("model", {"model": {"name": "n", "when": "2026-01-02T03:04:05", "size": 0}}), "less than 1"),
    ],
)
def test_arguments_that_do_not_fit_are_told_to_the_model(made: tuple[str, Any], said: str) -> None:
    def place(place: Place) -> None:
        raise AssertionError("it must not be called")

    def model(model: Model) -> None:
        raise AssertionError("it must not be called")

    text, is_error = told(call(*made).run([place, model]))
    assert is_error
    assert said in text


def test_models_leave_out_arguments_where_there_are_none() -> None:
    def tool() -> int:
        return 1

    for arguments in ("", "null", "{}", "  "):
        assert told(call("tool", arguments).run([tool])) == ("1", False)


def test_what_a_tool_raises_is_told_to_the_model() -> None:
    def tool() -> None:
        raise LookupError("no such city")

    def silent() -> None:
        raise RuntimeError

    assert told(call("tool", {}).run([tool, silent])) == ("LookupError: no such city", True)
    assert told(call("silent", {}).run([tool, silent])) == ("RuntimeError", True)
    assert told(call("tool", {}).error("closed on Sundays")) == ("Error: closed on Sundays", True)


def test_what_ends_the_program_is_not_told_to_the_model() -> None:
    def tool() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        call("tool", {}).run([tool])


IMAGE = [
    {"type": "text", "text": "seen"},
    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}},
]


class Recursive:
    def to_dict(self) -> Any:
        return {"self": self}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("text", "text"),
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        (float("nan"), '"nan"'),
        (Unit.FAHRENHEIT, '"f"'),
        ([1, "å"], '[1, "å"]'),
        ((1, 2), "[1, 2]"),
        ({3, 1, 2}, "[1, 2, 3]"),
        pytest.param(frozenset({"b", "a"}), '["a", "b"]', id="frozenset"),  # its repr depends on the process
        (range(3), "[0, 1, 2]"),
        (collections.deque([1]), "[1]"),
        ({"a": 1}.keys(), '["a"]'),
        ({"a": 1}.values(), "[1]"),
        ({1: "a", Unit.CELSIUS: "b", datetime.date(2026, 1, 2): "c"}, '{"1": "a", "c": "b", "2026-01-02": "c"}'),
        (datetime.datetime(2026, 1, 2, 3, tzinfo=datetime.timezone.utc), '"2026-01-02T03:00:00+00:00"'),
        (datetime.timedelta(minutes=1.5), '"PT90S"'),
        (decimal.Decimal("12.50"), '"12.50"'),
        (uuid.UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (Path("a/b"), '"a/b"'),
        (Place("Oslo", datetime.date(2026, 1, 2)), '{"city": "Oslo", "since": "2026-01-02", "tags": []}'),
        (Pair(1), '{"left": 1, "right": "r"}'),
        (Struct("n", datetime.date(2026, 1, 2)), '{"name": "n", "at": "2026-01-02"}'),
        ([Model(name="n", when=datetime.datetime(2026, 1, 2, tzinfo=UTC))], '[{"name": "n", "when": "2026-01-02T00:00:00Z", "size": 1}]'),  # noqa: E501
        (numpy.float32(0.5), "0.5"),
        (numpy.array([[1, 2]]), "[[1, 2]]"),
        (ferrule.ToolCall("a", "b").arguments, "{}"),
        (IMAGE, IMAGE),
        (IMAGE[1], IMAGE[1:]),
        ({"type": "image", "of": "JSON"}, '{"type": "image", "of": "JSON"}'),
        ([{"type": "note", "text": "JSON"}], '[{"type": "note", "text": "JSON"}]'),
        ([], "[]"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)  # fmt: skip
def test_a_result_that_is_not_text_is_json(value: Any, text: Any) -> None:
    assert told(call("tool", {}).result(value)) == (text, False)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (b"abc", "a tool's result is bytes, which JSON cannot hold; decode them"),
        ({"photo": [b"abc"]}, r"`result\['photo'\]\[0\]` is bytes"),
        (Place("Oslo", tags=[object()]), r"`result\.tags\[0\]` is of type object"),  # type: ignore[list-item]
        ((item for item in [1]), "of type generator, which JSON cannot hold; return text"),
        ({(1, 2): 3}, "not text in a key"),
        (Recursive(), "nested too deeply, or contains itself"),
        (Model.model_construct(name=b"\xff", when=None), "of type Model"),
    ],
)
def test_a_result_that_json_cannot_hold_is_named(value: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        call("tool", {}).result(value)

    def tool() -> Any:
        return value

    text, is_error = told(call("tool", {}).run([tool]))
    assert is_error
    assert text.startswith("TypeError: a tool's result")


def test_a_long_result_is_cut_with_a_note() -> None:
    def tool() -> Any:
        return "x" * 250_000

    text, _ = told(call("tool", {}).run([tool]))
    assert text.startswith("x" * 100_000 + "\n[The result is cut: these are its first 100,000 of 250,000 characters.]")
    short = ferrule.Tool(tool, max_result_length=3)
    assert told(call("tool", {}).run([short]))[0].startswith("xxx\n[The result is cut")
    shown = ferrule.Tool(lambda: [{"type": "text", "text": "abcdef"}, *IMAGE], name="tool", max_result_length=4)
    first, image = told(call("tool", {}).run([shown]))[0]
    assert first["text"].startswith("abcd\n[The result is cut")
    assert image["type"] == "image"
    # What the program says itself is not cut.
    assert told(call("tool", {}).result("x" * 250_000))[0] == "x" * 250_000


def test_an_asynchronous_tool_without_a_loop_runs_on_one_of_its_own() -> None:
    async def tool(city: str) -> str:
        await asyncio.sleep(0)
        return f"{city} on {threading.current_thread().name}"

    assert told(call("tool", {"city": "Oslo"}).run([tool])) == ("Oslo on ferrule-tools", False)


async def test_arun_awaits_on_the_loop_of_the_caller() -> None:
    loop, context = asyncio.get_running_loop(), threading.current_thread()

    async def asynchronous() -> bool:
        return asyncio.get_running_loop() is loop

    def synchronous() -> bool:
        return threading.current_thread() is context

    def returns_an_awaitable() -> Any:
        return asynchronous()

    tools = [asynchronous, synchronous, returns_an_awaitable]
    assert told(await call("asynchronous", {}).arun(tools)) == ("true", False)
    assert told(await call("synchronous", {}).arun(tools)) == ("false", False)
    assert told(await call("returns_an_awaitable", {}).arun(tools)) == ("true", False)
    assert told(await call("unknown", {}).arun(tools))[1]


PROVIDERS = ["openai", "openai-responses", "anthropic", "gemini", "bedrock", "cohere", "ollama"]


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("failed", [False, True])
def test_every_provider_takes_the_message(provider: str, failed: bool) -> None:
    def weather(city: str) -> str:
        """Looks."""
        if failed:
            raise LookupError("no such city")
        return "12 degrees"

    with Simulator() as simulator, simulator.client() as client:
        asked = [{"role": "user", "content": "Use the tool."}]
        reply = client.complete(f"{provider}/tools", asked, tools=[weather], max_tokens=100)
        (made,) = reply.tool_calls
        client.complete(
            f"{provider}/tools", [*asked, reply.message, made.run([weather])], tools=[weather], max_tokens=100
        )
        sent = json.dumps(simulator.requests[-1].body)
    assert ("LookupError: no such city" if failed else "12 degrees") in sent


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_provider_takes_a_picture_as_a_result(provider: str) -> None:
    def look(city: str) -> Any:
        """Looks."""
        return IMAGE[1]

    calls = {"tool_calls": [{"name": "look", "arguments": {"city": city}} for city in ("Oslo", "Bergen")]}
    with Simulator([rule(calls, times=1), rule("Nice.")]) as simulator, simulator.client() as client:
        run = client.run(f"{provider}/a-model", "Look.", tools=[look], max_tokens=100)
        assert run.text == "Nice."
        body = simulator.requests[-1].body
    sent = json.dumps(body)
    assert sent.count("iVBORw0KGgo=") == 2
    # Formats whose results are text show it right after all of them.
    if provider in ("openai", "cohere"):
        *_, first, second, shown = body["messages"]
        assert (first["role"], second["role"], shown["role"]) == ("tool", "tool", "user")
        assert "message after the tool results" in json.dumps(first["content"])
        assert [part["type"] for part in shown["content"]] == ["text", "image_url", "image_url"]


@pytest.mark.parametrize(
    ("tools", "said"),
    [
        ("weather", "tools: expected a list"),
        ([3], "expected functions or `Tool` objects, not int"),
        ([{"type": "function", "function": {"name": "f"}}], "'f' is a declaration without a function to call"),
        ([{"name": "f", "input_schema": {}}], "'f' is a declaration without a function to call"),
        ([weather, weather], "two tools are called `weather`"),
    ],
)
def test_what_is_not_a_tool_is_named(tools: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        call("weather", {}).run(tools)
    with pytest.raises(TypeError, match="Tool: expected a function"):
        ferrule.Tool("weather")  # type: ignore[arg-type]
