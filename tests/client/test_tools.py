"""Tools from plain functions: the declaration that the model reads."""

from __future__ import annotations

import dataclasses
import enum
from typing import Annotated, Any, List, Literal, Optional, TypedDict, Union  # noqa: UP035 - programs still have it

import pytest

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
                    "days": {"type": "integer", "description": "How far ahead: at most a week."},
                    "unit": {"anyOf": [{"enum": ["c", "f"]}, {"type": "null"}]},
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
        "properties": {"city": {"type": "string"}, "country": {"type": "string"}},
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
        (no_hint, r"no_hint\(\): parameter `city` has no type hint"),
        (no_schema, r"no_schema\(\): parameter `city`.*has no JSON schema"),
        (several, r"several\(\): `\*cities`"),
        (named, r"named\(\): `\*cities`"),
        (endless, r"endless\(\): parameter `chain`.*contains itself"),
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
