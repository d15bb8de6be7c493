"""Tools from plain functions: the declaration that the model reads."""

from __future__ import annotations

import dataclasses
import enum
import functools
import json
from typing import (  # noqa: UP035 - programs still have it
    Annotated,
    Any,
    List,
    Literal,
    NamedTuple,
    Optional,
    TypedDict,
    Union,
)

import pytest
from typing_extensions import NotRequired, Required, Unpack

from ferrule.testing import Simulator
from ferrule.tools import declare, function_tool


class Unit(enum.Enum):
    CELSIUS = "c"
    FAHRENHEIT = "f"


@dataclasses.dataclass
class Place:
    city: str
    country: str = "CH"


class Window(TypedDict, total=False):
    since: str


def properties(function: Any) -> dict[str, Any]:
    return function_tool(function)["function"]["parameters"]["properties"]


def test_the_whole_declaration() -> None:
    def weather(city: str, days: int = 3, unit: Optional[Unit] = None) -> str:  # noqa: UP045
        """Looks at the
        weather.

        More that the model need not read.

        Args:
            city: Where, with the
                country.
            days (int): How far ahead: at most a week.

        Returns:
            Words.
        """
        return city

    assert function_tool(weather) == {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "Looks at the weather.",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {"type": "string", "description": "Where, with the country."},
                    "days": {"type": "integer", "default": 3, "description": "How far ahead: at most a week."},
                    "unit": {"anyOf": [{"enum": ["c", "f"]}, {"type": "null"}], "default": None},
                },
                "required": ["city"],
                "additionalProperties": False,
            },
        },
    }


def test_every_kind_of_parameter() -> None:
    def every(
        text: str,
        whole: int,
        number: float,
        truth: bool,
        nothing: None,
        anything: Any,
        texts: list[str],
        things: List,  # noqa: UP006
        table: dict[str, int],
        pair: tuple[int, str],
        row: tuple[int, ...],
        either: int | str,
        old_either: Union[int, None],  # noqa: UP007
        word: Literal["a", 1],
        unit: Unit,
        told: Annotated[str, "A word."],
        place: Place,
        places: list[Place],
        window: Window,
    ) -> None: ...

    place = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "country": {"type": "string", "default": "CH"}},
        "required": ["city"],
        "additionalProperties": False,
    }
    assert properties(every) == {
        "text": {"type": "string"},
        "whole": {"type": "integer"},
        "number": {"type": "number"},
        "truth": {"type": "boolean"},
        "nothing": {"type": "null"},
        "anything": {},
        "texts": {"type": "array", "items": {"type": "string"}},
        "things": {"type": "array"},
        "table": {"type": "object", "additionalProperties": {"type": "integer"}},
        "pair": {
            "type": "array",
            "prefixItems": [{"type": "integer"}, {"type": "string"}],
            "minItems": 2,
            "maxItems": 2,
        },
        "row": {"type": "array", "items": {"type": "integer"}},
        "either": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
        "old_either": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "word": {"enum": ["a", 1]},
        "unit": {"enum": ["c", "f"]},
        "told": {"type": "string", "description": "A word."},
        "place": place,
        "places": {"type": "array", "items": place},
        "window": {
            "type": "object",
            "properties": {"since": {"type": "string"}},
            "required": [],
            "additionalProperties": False,
        },
    }


def test_pydantic_and_msgspec_parameters_bring_their_own_schema() -> None:
    pydantic = pytest.importorskip("pydantic")
    msgspec = pytest.importorskip("msgspec")

    class Model(pydantic.BaseModel):
        city: str = pydantic.Field(description="Where.")

    class Struct(msgspec.Struct):
        city: str

    def weather(model, struct): ...

    weather.__annotations__ = {"model": Model, "struct": Struct}
    declared = properties(weather)
    assert declared["model"]["properties"]["city"]["description"] == "Where."
    assert declared["struct"]["properties"]["city"] == {"type": "string"}


def test_methods_and_callable_objects() -> None:
    class Station:
        def weather(self, city: str) -> str:
            """Looks."""
            return city

    declared = function_tool(Station().weather)["function"]
    assert (declared["name"], list(declared["parameters"]["properties"])) == ("weather", ["city"])


async def looked_up(city: str) -> str:
    return city


def test_functions_without_docstring_and_asynchronous_ones() -> None:
    declared = function_tool(looked_up)["function"]
    assert declared["name"] == "looked_up"
    assert "description" not in declared


def no_hint(city): ...


def no_schema(city: type) -> None: ...


def several(*cities: str) -> None: ...


def named(**cities: str) -> None: ...


@dataclasses.dataclass
class Chain:
    rest: Optional[Chain] = None  # noqa: UP045


def endless(chain: Chain) -> None: ...


def wrong_keys(table: dict[int, str]) -> None: ...


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (int, "int has no signature that can be read"),
        (no_hint, r"no_hint\(\): parameter `city` has no type hint"),
        (no_schema, r"no_schema\(\): parameter `city`.*has no JSON schema"),
        (several, r"several\(\): `\*cities`"),
        (named, r"named\(\): `\*cities`"),
        (wrong_keys, r"wrong_keys\(\): parameter `table`.*keys must be strings"),
    ],
)
def test_what_cannot_be_declared_is_named(function: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        function_tool(function)


@pytest.mark.parametrize("tools", ["weather", b"weather", {"name": "weather"}, 7])
def test_tools_are_a_list(tools: Any) -> None:
    with pytest.raises(TypeError, match="tools: expected a list"):
        declare(tools)


@pytest.mark.parametrize("model", ["openai/tools", "anthropic/tools"])
def test_a_function_is_called_and_answered(model: str) -> None:
    def weather(place: Place, unit: Unit = Unit.CELSIUS) -> str:
        """Looks at the weather."""
        return f"Sunny in {place.city}."

    with Simulator() as simulator:
        client = simulator.client()
        reply = client.complete(model, "Use the tool.", tools=[weather])
        (call,) = reply.tool_calls
        assert call.name == "weather"
        assert isinstance(call.arguments["place"]["city"], str)
        result = {"role": "tool", "tool_call_id": call.id, "content": "Sunny."}
        conversation = [{"role": "user", "content": "Use the tool."}, reply.message, result]
        assert "Sunny." in client.complete(model, conversation, tools=[weather]).text


class Station:
    """A weather station."""

    def __call__(self, city: str, days: int = 2) -> str:
        """Looks once.

        Args:
            city: Where.
        """
        return f"{city} {days}"

    @classmethod
    def of(cls, name: str) -> str:
        """By its name."""
        return name

    @staticmethod
    def plain(name: str) -> str:
        """Without one."""
        return name


class Pair(NamedTuple):
    left: int
    right: str = "r"


class Filter(TypedDict):
    since: Required[str]
    until: NotRequired[str]


def looks(city: str, *, key: str, unit: Literal["c", "f"] = "c") -> str:
    """Looks.

    Args:
        city: Where.
        key: Of the service.
    """
    return f"{city}{key}{unit}"


@functools.wraps(looks)
def wrapped(*args: Any, **kwargs: Any) -> Any:
    return looks(*args, **kwargs)


def filtered(city: str, **period: Unpack[Filter]) -> None: ...


@pytest.mark.parametrize(
    ("tool", "name", "description", "parameters", "required"),
    [
        (Station(), "Station", "Looks once.", {"city", "days"}, ["city"]),
        (Station().__call__, "Station", "Looks once.", {"city", "days"}, ["city"]),
        (Station.of, "of", "By its name.", {"name"}, ["name"]),
        (Station().plain, "plain", "Without one.", {"name"}, ["name"]),
        (looks, "looks", "Looks.", {"city", "key", "unit"}, ["city", "key"]),
        (wrapped, "looks", "Looks.", {"city", "key", "unit"}, ["city", "key"]),
        # What is fixed is not the model's to give, and not its to see.
        (functools.partial(looks, key="secret"), "looks", "Looks.", {"city", "unit"}, ["city"]),
        (functools.partial(functools.partial(looks, "Oslo"), key="secret"), "looks", "Looks.", {"unit"}, []),
        (functools.partial(Station(), days=3), "Station", "Looks once.", {"city"}, ["city"]),
        (filtered, "filtered", None, {"city", "since", "until"}, ["city", "since"]),
        (Place, "Place", None, {"city", "country"}, ["city"]),
        (Filter, "Filter", None, {"since", "until"}, ["since"]),
    ],
)
def test_every_kind_of_callable(
    tool: Any, name: str, description: str | None, parameters: set[str], required: list[str]
) -> None:
    declared = function_tool(tool)["function"]
    assert declared["name"] == name
    assert declared.get("description") == description
    assert set(declared["parameters"]["properties"]) == parameters
    assert declared["parameters"]["required"] == required
    assert "secret" not in str(declared)


def test_notes_of_annotated() -> None:
    pydantic = pytest.importorskip("pydantic")
    msgspec = pytest.importorskip("msgspec")

    def noted(
        words: Annotated[str, pydantic.Field(description="Words.", min_length=1, pattern="^a")],
        number: Annotated[int, pydantic.Field(ge=1, lt=10, multiple_of=2)],
        items: Annotated[list[int], pydantic.Field(min_length=1, max_length=3)],
        meta: Annotated[int, msgspec.Meta(description="A number.", ge=0)] = 1,
        told: Annotated[int | None, "Perhaps."] = None,
        old: int = pydantic.Field(3, description="In the old way.", le=5),
        needed: int = pydantic.Field(description="In the old way."),
    ) -> None: ...

    assert function_tool(noted)["function"]["parameters"] == {
        "type": "object",
        "properties": {
            "words": {"type": "string", "description": "Words.", "minLength": 1, "pattern": "^a"},
            "number": {"type": "integer", "minimum": 1, "exclusiveMaximum": 10, "multipleOf": 2},
            "items": {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 3},
            "meta": {"type": "integer", "description": "A number.", "minimum": 0, "default": 1},
            "told": {"anyOf": [{"type": "integer"}, {"type": "null"}], "description": "Perhaps.", "default": None},
            "old": {"type": "integer", "default": 3, "description": "In the old way.", "maximum": 5},
            "needed": {"type": "integer", "description": "In the old way."},
        },
        "required": ["words", "number", "items", "needed"],
        "additionalProperties": False,
    }


class Hidden:
    pass


@dataclasses.dataclass
class Options:
    words: list[str] = dataclasses.field(default_factory=list)
    when: str = dataclasses.field(default_factory=lambda: "never called")


@pytest.mark.parametrize(
    ("annotation", "default", "expected"),
    [
        (int, 3, {"default": 3}),
        (str, "", {"default": ""}),
        (bool, False, {"default": False}),
        (Optional[int], None, {"default": None}),  # noqa: UP045
        (Unit, Unit.CELSIUS, {"default": "c"}),
        (list[int], [1], {"default": [1]}),
        (list[int], (1,), {"default": [1]}),
        (dict[str, int], {"a": 1}, {"default": {"a": 1}}),
        (Place, Place("Bern"), {"default": {"city": "Bern", "country": "CH"}}),
        (Pair, Pair(1), {"default": {"left": 1, "right": "r"}}),
        (float, float("inf"), {}),
        (Any, Hidden(), {}),
    ],
)
def test_defaults_are_in_the_schema(annotation: Any, default: Any, expected: dict[str, Any]) -> None:
    def tool(value=default): ...  # type: ignore[no-untyped-def]

    tool.__annotations__ = {"value": annotation}
    parameters = function_tool(tool)["function"]["parameters"]
    assert parameters["required"] == []
    value = parameters["properties"]["value"]
    assert {key: value[key] for key in ("default",) if key in value} == expected


def test_default_factories_are_not_called_unless_they_make_something_empty() -> None:
    def tool(options: Options) -> None: ...

    options = properties(tool)["options"]
    assert options["properties"]["words"]["default"] == []
    assert "default" not in options["properties"]["when"]
    assert options["required"] == []


@pytest.mark.parametrize(
    "model",
    [
        "openai/tools",
        "anthropic/tools",
        "gemini/gemini-2.5-flash",
        "bedrock/claude",
        "cohere/c",
        "ollama/o",
        "openai-responses/gpt",
        "mistral/m",
        "groq/g",
    ],
)
def test_defaults_and_definitions_reach_every_provider(model: str) -> None:
    def tool(chain: Chain, count: int = 3, unit: Literal["c", "f"] = "c") -> None:
        """A tool."""

    with Simulator() as simulator:
        simulator.client().complete(model, "Hello.", tools=[tool], max_tokens=9)
        body = json.dumps(simulator.requests[0].body)
    assert '"default": 3' in body
    assert body.count('"$ref": "#/$defs/Chain"') == body.count('"$ref"')
    assert ('"$defs"' in body) == ('"$ref"' in body)


def test_a_lambda_has_no_name() -> None:
    with pytest.raises(TypeError, match="not a valid name of a tool"):
        function_tool(lambda: None)
