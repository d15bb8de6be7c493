"""Partial values: a structured answer as it grows."""

# ruff: noqa: UP007, UP045 - unions are written in both ways
from __future__ import annotations

import dataclasses
import enum
import json
from typing import Any, NamedTuple, Optional, TypedDict, Union

import pytest
from hypothesis import given, strategies as st

import ferrule
from ferrule.growing_json import GrowingJson
from ferrule.partial_values import PartialValue
from ferrule.structured import declare_format
from ferrule.testing import Simulator, rule

pydantic = pytest.importorskip("pydantic")
msgspec = pytest.importorskip("msgspec")


class Unit(enum.Enum):
    CELSIUS = "celsius"


@dataclasses.dataclass(frozen=True)
class Day:
    high: float
    note: str


@dataclasses.dataclass
class Forecast:
    city: str
    unit: Unit
    day: Day
    days: list[Day]
    source: Optional[str] = "measured"

    def __post_init__(self) -> None:
        assert self.city is not None


class DayModel(pydantic.BaseModel):
    high: float
    note: str


class ForecastModel(pydantic.BaseModel):
    city: str
    unit: Unit
    day: DayModel
    days: list[DayModel]
    source: Optional[str] = "measured"


class DayStruct(msgspec.Struct):
    high: float
    note: str


class ForecastStruct(msgspec.Struct):
    city: str
    unit: Unit
    day: DayStruct
    days: list[DayStruct]
    source: Optional[str] = "measured"


class DayTuple(NamedTuple):
    high: float
    note: str


class ForecastKeys(TypedDict):
    city: str
    unit: Unit
    days: list[DayTuple]


ANSWER = {
    "city": "Bern \u00e9\U0001f600",
    "unit": "celsius",
    "day": {"high": 21.5, "note": "hot"},
    "days": [{"high": 1.5, "note": "a"}, {"high": 2, "note": "b"}],
}


def partials(kind: Any, text: str, size: int = 1) -> list[Any]:
    growing = PartialValue(declare_format(kind)[1])  # type: ignore[arg-type]
    seen: list[Any] = []
    for start in range(0, len(text), size):
        growing.feed(text[start : start + size])
        value = growing.value()
        if not seen or value != seen[-1]:
            seen.append(value)
    return seen


@pytest.mark.parametrize("kind", [Forecast, ForecastModel, ForecastStruct])
def test_an_object_grows_in_its_own_class(kind: Any) -> None:
    seen = [one for one in partials(kind, json.dumps(ANSWER)) if one is not None]
    assert all(type(one) is kind for one in seen)
    assert seen[0].city is None or seen[0].city == ""
    assert [one.city for one in seen if one.city][:3] == ["B", "Be", "Ber"]
    assert {one.unit for one in seen} == {None, Unit.CELSIUS}
    assert {len(one.days or []) for one in seen} == {0, 1, 2}
    assert {one.day.high for one in seen if one.day} == {None, 21.5}
    assert [one.day.note for one in seen if one.day and one.day.note][:3] == ["h", "ho", "hot"]
    assert seen[0].source == "measured"
    last = seen[-1]
    assert (last.city, last.unit, len(last.days)) == ("Bern \u00e9\U0001f600", Unit.CELSIUS, 2)
    assert last.days[1].note == "b"


def test_typed_dictionaries_and_json_grow() -> None:
    answer = {key: ANSWER[key] for key in ("city", "unit", "days")}
    seen = [one for one in partials(ForecastKeys, json.dumps(answer)) if one]
    assert seen[0] == {"city": ""} or seen[0] == {"city": "B"}
    assert seen[-1]["days"] == [DayTuple(1.5, "a"), DayTuple(2, "b")]
    for format_ in ("json", {"type": "object", "properties": {}}):
        seen = partials(format_, json.dumps(ANSWER))
        assert seen[-1] == ANSWER
        assert {"city": "Be"} in seen
    # What was seen does not change when more comes.
    assert len({json.dumps(one) for one in seen if one}) == len([one for one in seen if one])


@pytest.mark.parametrize("kind", [list[Day], list[DayModel], list[DayStruct], pydantic.TypeAdapter(list[DayModel])])
@pytest.mark.parametrize("wrapped", [True, False])
def test_lists_grow_item_by_item(kind: Any, wrapped: bool) -> None:
    text = json.dumps({"value": ANSWER["days"]} if wrapped else ANSWER["days"])
    seen = [one for one in partials(kind, text) if one]
    assert [len(one) for one in seen] == [1, 2]
    assert seen[1][0].note == "a"
    assert seen[1][1].high == 2


def test_lists_of_plain_items() -> None:
    assert partials(list[str], '{"value": ["ab", "c"]}') == [None, [], ["ab"], ["ab", "c"]]
    assert partials(list[int], '{"value": [12, 3]}') == [None, [], [12], [12, 3]]
    assert partials(str, '{"value": "abc"}')[-2:] == ["ab", "abc"]
    assert partials(bool, '{"value": true}') == [None, True]
    assert partials(Unit, '{"value": "celsius"}') == [None, Unit.CELSIUS]
    assert partials(Union[Day, DayTuple], json.dumps({"value": ANSWER["day"]}))[-1] == Day(21.5, "hot")
    assert partials("json", '```json\n{"a": "b"}\n```')[-1] == {"a": "b"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(JSON.filter(lambda value: isinstance(value, (dict, list, str))), st.integers(1, 7), st.booleans())
def test_any_json_in_any_pieces_is_read_whole(value: Any, size: int, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    growing = GrowingJson()
    for start in range(0, len(text), size):
        assert not growing.is_whole
        growing.feed(text[start : start + size])
    assert growing.is_whole
    assert growing.value == value


@given(st.text(alphabet='{}[]",:\\u0dtrue1 \n`'), st.integers(1, 5))
def test_what_is_not_json_is_no_error(text: str, size: int) -> None:
    growing = GrowingJson()
    for start in range(0, len(text), size):
        growing.feed(text[start : start + size])


@pytest.mark.parametrize("model", ["openai/gpt", "anthropic/claude", "gemini/gemini-2.5-flash"])
@pytest.mark.parametrize("kind", [Forecast, ForecastModel, ForecastStruct])
def test_a_stream_gives_them(model: str, kind: Any) -> None:
    with Simulator([rule({"text": json.dumps(ANSWER)})]) as simulator, simulator.client() as client:
        with client.stream(model, "?", response_format=kind) as stream:
            seen = list(stream.partials())
        assert all(type(one) is kind for one in seen)
        assert seen[-1] == stream.reply().parsed
        assert stream.partial == seen[-1]


async def test_an_asynchronous_stream_gives_them() -> None:
    with Simulator([rule({"text": json.dumps(ANSWER)})]) as simulator:
        async with (
            simulator.async_client() as client,
            client.stream("openai/gpt", "?", response_format=Forecast) as stream,
        ):
            seen = [one async for one in stream.partials()]
            assert seen[-1] == stream.reply().parsed
            assert stream.partial == seen[-1]


def test_the_last_one_is_checked() -> None:
    with (
        Simulator([rule({"text": '{"city": 7}'})]) as simulator,
        simulator.client() as client,
        client.stream("openai/gpt", "?", response_format=Forecast) as stream,
        pytest.raises(ValueError, match="`unit` is missing"),
    ):
        list(stream.partials())
    script = {"text": '{"city": "Be', "finish_reason": "length"}
    with (
        Simulator([rule(script)]) as simulator,
        simulator.client() as client,
        client.stream("openai/gpt", "?", response_format=Forecast) as stream,
    ):
        with pytest.raises(ferrule.ParseError, match="cut off"):
            list(stream.partials())
        assert stream.partial is not None
        assert stream.partial.city == "Be"


def test_without_a_format_there_are_none() -> None:
    with Simulator() as simulator, simulator.client() as client, client.stream("openai/echo", "?") as stream:
        with pytest.raises(TypeError, match="there is no `response_format`"):
            stream.partials()
        with pytest.raises(TypeError, match="there is no `response_format`"):
            _ = stream.partial
