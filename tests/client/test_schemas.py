"""JSON schemas of types: definitions at the root, and every kind of type as a parameter and in an answer."""

# ruff: noqa: UP007, UP045 - programs still have them
from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import json
import pickle
import types
import uuid
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, Optional, TypedDict, TypeVar, Union

import pytest
from typing_extensions import NotRequired, Required

import ferrule
from ferrule.schema import schema_of
from ferrule.schema_check import SchemaMismatchError, check
from ferrule.structured import declare_format
from ferrule.testing import Simulator, rule
from ferrule.tools import function_tool

pydantic = pytest.importorskip("pydantic")
msgspec = pytest.importorskip("msgspec")

T = TypeVar("T")
Celsius = NewType("Celsius", float)


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Size(enum.IntEnum):
    SMALL = 1
    LARGE = 2


class Street(pydantic.BaseModel):
    name: str = pydantic.Field(min_length=1)
    color: Color


class Address(pydantic.BaseModel):
    street: Street
    others: list[Street] = []  # noqa: RUF012 - pydantic copies it


class Node(pydantic.BaseModel):
    value: int
    next: Optional[Node] = None


class Cat(pydantic.BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(pydantic.BaseModel):
    kind: Literal["dog"]


class Owner(pydantic.BaseModel):
    pet: Annotated[Union[Cat, Dog], pydantic.Field(discriminator="kind")]


class Point(msgspec.Struct):
    x: Annotated[int, msgspec.Meta(ge=0)]
    y: int = 0


class Line(msgspec.Struct):
    start: Point
    end: Point
    then: Optional[Line] = None


@dataclasses.dataclass
class Tree:
    value: int
    children: list[Tree] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Box(Generic[T]):
    content: T
    label: str = "box"


@pydantic.dataclasses.dataclass
class Checked:
    amount: int = pydantic.Field(ge=1)


class Place(TypedDict):
    city: Required[str]
    address: NotRequired[Address]
    line: NotRequired[Line]


class Pair(NamedTuple):
    left: int
    right: str = "r"


@dataclasses.dataclass
class Everything:
    address: Address
    line: Line
    place: Place
    pair: Pair
    tree: Tree
    pet: Cat | Dog
    boxes: list[Box[Point]]
    by_color: Literal[Color.RED, "green"]
    size: Size
    when: datetime.datetime
    identifier: uuid.UUID
    price: decimal.Decimal
    warmth: Celsius
    node: Annotated[Node, "A chain."] | None = None


def other_street() -> Any:
    class Street(pydantic.BaseModel):
        number: int

    class House(pydantic.BaseModel):
        street: Street

    return House


KINDS: dict[str, Any] = {
    "pydantic": Address,
    "recursive pydantic": Node,
    "tagged pydantic": Owner,
    "pydantic dataclass": Checked,
    "msgspec": Line,
    "dataclass": Everything,
    "recursive dataclass": Tree,
    "generic dataclass": Box[Address],
    "TypedDict": Place,
    "NamedTuple": Pair,
    "list": list[Address],
    "dict": dict[str, Line],
    "tuple": tuple[Address, Line],
    "union": Union[Address, Line],
    "union with None": Optional[Node],
    "PEP 604": Address | Line | None,
    "Annotated": Annotated[Address, "Where."],
}


def references(node: Any) -> set[str]:
    if isinstance(node, list):
        return {name for item in node for name in references(item)}
    if not isinstance(node, dict):
        return set()
    own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
    mapping = node.get("discriminator", {}).get("mapping", {}) if "oneOf" in node else {}
    return own | set(mapping.values()) | {name for inner in node.values() for name in references(inner)}


def assert_whole(schema: dict[str, Any]) -> None:
    """Every reference is to a definition at the root, and there are definitions nowhere else."""
    definitions = schema.get("$defs", {})
    assert references(schema) <= {f"#/$defs/{name}" for name in definitions}
    below = json.dumps({key: value for key, value in schema.items() if key != "$defs"})
    assert '"$defs"' not in below
    assert '"$defs"' not in json.dumps(definitions)
    assert "$ref" not in schema


@pytest.mark.parametrize("kind", KINDS)
def test_definitions_stand_at_the_root(kind: str) -> None:
    annotation = KINDS[kind]
    assert_whole(schema_of(annotation))

    def tool(first, second, more=None): ...  # type: ignore[no-untyped-def]

    tool.__annotations__ = {"first": annotation, "second": list[annotation], "more": Optional[annotation]}
    assert_whole(function_tool(tool)["function"]["parameters"])
    if schema_of(annotation).get("type") == "object":
        holder = dataclasses.make_dataclass("Holder", [("held", annotation), ("many", list[annotation])])
        assert_whole(declare_format(holder)[0]["json_schema"]["schema"])


def test_names_that_clash_are_told_apart() -> None:
    house = other_street()

    def move(here, there, again, node): ...  # type: ignore[no-untyped-def]

    move.__annotations__ = {"here": Address, "there": house, "again": house, "node": Node}
    parameters = function_tool(move)["function"]["parameters"]
    assert_whole(parameters)
    definitions = parameters["$defs"]
    assert set(definitions) == {"Street", "Street_2", "Color", "Node"}
    assert set(definitions["Street"]["properties"]) == {"name", "color"}
    assert set(definitions["Street_2"]["properties"]) == {"number"}
    assert parameters["properties"]["here"]["properties"]["street"] == {"$ref": "#/$defs/Street"}
    for name in ("there", "again"):
        assert parameters["properties"][name]["properties"]["street"] == {"$ref": "#/$defs/Street_2"}


def test_dataclasses_of_one_name_are_told_apart() -> None:
    def made() -> Any:
        kind = dataclasses.make_dataclass("Ring", [("next", Any)])
        kind.__annotations__["next"] = Optional[kind]
        return kind

    def tool(first, second): ...  # type: ignore[no-untyped-def]

    tool.__annotations__ = {"first": made(), "second": made()}
    parameters = function_tool(tool)["function"]["parameters"]
    assert_whole(parameters)
    assert set(parameters["$defs"]) == {"Ring", "Ring_2"}


EVERYTHING = {
    "address": {"street": {"name": "Gata", "color": "red"}, "others": []},
    "line": {"start": {"x": 1, "y": 2}, "end": {"x": 3, "y": 4}, "then": None},
    "place": {"city": "Oslo", "line": {"start": {"x": 1, "y": 2}, "end": {"x": 3, "y": 4}, "then": None}},
    "pair": {"left": 1, "right": "b"},
    "tree": {"value": 1, "children": [{"value": 2, "children": []}]},
    "pet": {"kind": "dog"},
    "boxes": [{"content": {"x": 1, "y": 0}, "label": "a"}],
    "by_color": "red",
    "size": 2,
    "when": "2026-11-30T02:00:00Z",
    "identifier": "12345678-1234-5678-1234-567812345678",
    "price": 1.5,
    "warmth": 20,
    "node": {"value": 1, "next": {"value": 2, "next": None}},
}
LINE = Line(Point(1, 2), Point(3, 4))
VALUE = Everything(
    Address(street=Street(name="Gata", color=Color.RED)),
    LINE,
    {"city": "Oslo", "line": LINE},
    Pair(1, "b"),
    Tree(1, [Tree(2)]),
    Dog(kind="dog"),
    [Box(Point(1), "a")],
    Color.RED,  # type: ignore[arg-type]
    Size.LARGE,
    datetime.datetime(2026, 11, 30, 2, tzinfo=datetime.timezone.utc),
    uuid.UUID("12345678-1234-5678-1234-567812345678"),
    decimal.Decimal("1.5"),
    Celsius(20.0),
    Node(value=1, next=Node(value=2)),
)


def without(place: str, value: Any = None) -> dict[str, Any]:
    """`EVERYTHING` with another value at a place."""
    changed: dict[str, Any] = json.loads(json.dumps(EVERYTHING))
    *steps, last = place.split(".")
    node = changed
    for step in steps:
        node = node[step]
    node[last] = value
    return changed


@pytest.mark.parametrize("streamed", [False, True])
def test_a_parsed_answer_is_of_the_types(streamed: bool) -> None:
    with Simulator([rule(json.dumps(EVERYTHING))]) as simulator, simulator.client() as client:
        if streamed:
            with client.stream("openai/gpt", "?", response_format=Everything) as stream:
                list(stream)
                reply = stream.reply()
        else:
            reply = client.complete("openai/gpt", "?", response_format=Everything)
        assert reply.parsed == VALUE
        assert pickle.loads(pickle.dumps(reply)).parsed == VALUE


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_parsed_answer_is_of_the_types_asynchronously(streamed: bool) -> None:
    with Simulator([rule(json.dumps(EVERYTHING))]) as simulator:
        async with simulator.async_client() as client:
            if streamed:
                async with client.stream("gemini/gemini-2.5-flash", "?", response_format=Everything) as stream:
                    async for _ in stream:
                        pass
                    reply = stream.reply()
            else:
                reply = await client.complete("gemini/gemini-2.5-flash", "?", response_format=Everything)
            assert reply.parsed == VALUE


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (without("size", 3), "`size` does not fit: expected one of"),
        (without("pair.left", "x"), "`pair.left` does not fit: expected integer"),
        (without("tree.children", {}), "`tree.children` does not fit: expected array"),
        (without("by_color", "blue"), "expected one of"),
        (without("when", "now"), "format date-time"),
        (without("address.street.name", ""), "minLength is 1"),
        (without("line.start.x", -1), "less than 0"),
        (without("unknown", 1), "`unknown` is not one of its properties"),
        (without("pet", {"kind": "cow"}), "`pet` does not fit: none of the alternatives fits"),
    ],
)
def test_what_no_provider_enforced_is_found_when_it_is_parsed(answer: Any, said: str) -> None:
    parse = declare_format(Everything)[1]
    reply: Any = types.SimpleNamespace(text=json.dumps(answer), refusal=None, finish_reason="stop", tool_calls=[])
    assert parse is not None
    with pytest.raises(SchemaMismatchError, match=said) as raised:
        parse(reply)
    assert isinstance(raised.value, ValueError)
    assert isinstance(raised.value, TypeError)


SCHEMA = {
    "type": "object",
    "properties": {
        "count": {"type": "integer", "minimum": 1, "multipleOf": 2},
        "name": {"type": "string", "pattern": "^a+$", "maxLength": 3},
        "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True, "maxItems": 2},
        "pair": {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}]},
        "node": {"$ref": "#/$defs/Node"},
        "pet": {"oneOf": [{"type": "integer"}, {"type": "number", "minimum": 5}]},
    },
    "required": ["count"],
    "$defs": {"Node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}},
}


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"count": 2, "name": "aa", "tags": ["a"], "pair": [1, "a"], "node": {"next": {}}, "pet": 1}, None),
        ({"count": 0}, "`count` does not fit: it is less than 1"),
        ({"count": 3}, "multiple of 2"),
        ({"count": 2.0}, None),
        ({"count": True}, "expected integer"),
        ({}, "`count` is missing"),
        ({"count": 2, "name": "b"}, "does not match"),
        ({"count": 2, "name": "aaaa"}, "maxLength is 3"),
        ({"count": 2, "tags": ["a", "a"]}, "there twice"),
        ({"count": 2, "pair": ["a", 1]}, r"`pair\[0\]`"),
        ({"count": 2, "node": {"next": {"next": 1}}}, "`node.next.next`"),
        ({"count": 2, "pet": 7}, "2 of the alternatives fit"),
    ],
)
def test_the_answer_to_a_schema_is_checked_against_all_of_it(
    answer: Any, said: str | None, wrapped: bool, streamed: bool
) -> None:
    response_format: Any = SCHEMA
    if wrapped:
        response_format = {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}
    with Simulator([rule(json.dumps(answer))]) as simulator, simulator.client() as client:
        if streamed:
            with client.stream("anthropic/claude", "?", response_format=response_format, max_tokens=99) as stream:
                list(stream)
                reply = stream.reply()
        else:
            reply = client.complete("anthropic/claude", "?", response_format=response_format, max_tokens=99)
    if said is None:
        assert reply.parsed == answer
    else:
        with pytest.raises(ValueError, match=said):
            _ = reply.parsed


@pytest.mark.parametrize(
    ("schema", "value", "fits"),
    [
        (True, 1, True),
        (False, 1, False),
        ({"const": 1}, 1.0, True),
        ({"const": 1}, True, False),
        ({"enum": [[1, {"a": None}]]}, [1, {"a": None}], True),
        ({"not": {"type": "string"}}, "a", False),
        ({"if": {"required": ["a"]}, "then": {"required": ["b"]}}, {"a": 1}, False),
        ({"if": {"required": ["a"]}, "else": {"required": ["b"]}}, {"b": 1}, True),
        ({"contains": {"const": 1}, "maxContains": 1}, [1, 1], False),
        ({"contains": {"const": 1}, "minContains": 0}, [], True),
        ({"patternProperties": {"^x": {"type": "integer"}}, "additionalProperties": False}, {"x1": 1}, True),
        ({"patternProperties": {"^x": {"type": "integer"}}, "additionalProperties": False}, {"y": 1}, False),
        ({"propertyNames": {"maxLength": 1}}, {"ab": 1}, False),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, False),
        ({"minProperties": 1}, {}, False),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}, 1, True),
        ({"$ref": "https://elsewhere.test/schema"}, 1, True),
        ({"type": "object", "properties": {"a": {"$ref": "#Anchor"}}}, {"a": 1}, True),
        ({"exclusiveMaximum": 1}, 1, False),
        ({"multipleOf": 0.1}, 0.3, True),
        ({"type": ["string", "null"]}, None, True),
        ({"format": "uuid"}, "x", False),
        ({"format": "ipv4"}, "127.0.0.1", True),
        ({"format": "ipv4"}, "127.0.0.256", False),
        ({"format": "email"}, "a@b", True),
        ({"format": "date"}, "2026-13-01", False),
        ({"format": "duration"}, "P1DT2H", True),
        ({"format": "of my own"}, "x", True),
        ({"pattern": "(?<name>x)"}, "y", True),
        ({"items": {"type": "integer"}, "prefixItems": [{"type": "string"}]}, ["a", 1], True),
        ({"items": False, "prefixItems": [{}]}, ["a", 1], False),
        ({"allOf": [{"minimum": 1}, {"maximum": 2}]}, 3, False),
    ],
)
def test_the_check_of_a_schema(schema: Any, value: Any, fits: bool) -> None:
    if fits:
        check(schema, value)
    else:
        with pytest.raises(SchemaMismatchError):
            check(schema, value)


def body_of(model: str, **options: Any) -> Any:
    with Simulator([rule("{}")]) as simulator, simulator.client() as client:
        client.complete(model, "?", max_tokens=9, **options)
        return simulator.requests[0].body


OPEN = {"type": "object", "properties": {"counts": {"type": "object", "additionalProperties": {"type": "integer"}}}}


class Counts(pydantic.BaseModel):
    counts: dict[str, int]


@pytest.mark.parametrize(
    "model",
    [
        "openai/gpt",
        "openai-responses/gpt",
        "anthropic/claude",
        "bedrock/claude",
        "groq/gpt-oss-20b",
        "mistral/m",
        "cohere/command",
    ],
)
def test_an_open_object_is_refused_with_advice(model: str) -> None:
    with pytest.raises(ferrule.UnsupportedError, match="`counts` may have any: list them, make it a list"):
        body_of(model, response_format=Counts)


@pytest.mark.parametrize("model", ["gemini/gemini-2.5-flash", "ollama/llama"])
def test_an_open_object_goes_to_those_who_take_it(model: str) -> None:
    assert "additionalProperties" in json.dumps(body_of(model, response_format=Counts))


def test_an_open_object_is_not_strict_where_that_is_dropped() -> None:
    with pytest.warns(UserWarning, match=r"response_format\.strict"):
        body = body_of("openai/gpt", response_format=Counts, drop_params=True)
    assert "strict" not in body["response_format"]["json_schema"]
    with pytest.warns(UserWarning, match="`response_format`"):
        assert "output_config" not in body_of("anthropic/claude", response_format=Counts, drop_params=True)
    tool = {"type": "function", "function": {"name": "f", "parameters": OPEN, "strict": True}}
    with pytest.raises(ferrule.UnsupportedError, match=r"tools\[0\]\.strict"):
        body_of("openai/gpt", tools=[tool])
    with pytest.warns(UserWarning, match=r"tools\[0\]\.strict"):
        function = body_of("openai/gpt", tools=[tool], drop_params=True)["tools"][0]["function"]
    assert function == {"name": "f", "parameters": OPEN}


def test_a_schema_without_strictness_is_sent_as_it_is() -> None:
    assert body_of("openai/gpt", response_format=OPEN)["response_format"]["json_schema"]["schema"] == OPEN


def test_types_of_the_module_and_of_functions_are_found() -> None:
    class Local(pydantic.BaseModel):
        x: int

    @dataclasses.dataclass
    class Holder:
        local: Local
        more: list[Holder]

    def tool(holder: Holder, local: Local) -> None: ...

    assert_whole(function_tool(tool)["function"]["parameters"])
    namespace = types.SimpleNamespace()
    namespace.annotated = {"a": "Nowhere"}

    def unknown(a): ...  # type: ignore[no-untyped-def]

    unknown.__annotations__ = namespace.annotated
    with pytest.raises(TypeError, match="`Nowhere`, which is not defined"):
        function_tool(unknown)
