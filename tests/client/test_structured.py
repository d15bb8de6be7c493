"""Structured output: a schema goes out, a value of the type comes back."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
import pathlib
from typing import Any, Optional, TypedDict

import pytest

import ferrule
from ferrule.testing import Simulator, rule

pydantic = pytest.importorskip("pydantic")
msgspec = pytest.importorskip("msgspec")

MODELS = ["openai/gpt", "anthropic/claude"]
ANSWER = {"city": "Bern", "unit": "c", "days": [{"high": 21.5, "note": None}]}


class Unit(enum.Enum):
    CELSIUS = "c"


@dataclasses.dataclass
class Day:
    high: float
    note: Optional[str] = None  # noqa: UP045


@dataclasses.dataclass
class Forecast:
    city: str
    unit: Unit
    days: list[Day]


class DayModel(pydantic.BaseModel):
    high: float
    note: Optional[str] = None  # noqa: UP045


class ForecastModel(pydantic.BaseModel):
    city: str
    unit: Unit
    days: list[DayModel]


class DayStruct(msgspec.Struct):
    high: float
    note: Optional[str] = None  # noqa: UP045


class ForecastStruct(msgspec.Struct):
    city: str
    unit: Unit
    days: list[DayStruct]


class ForecastDict(TypedDict):
    city: str
    unit: Unit
    days: list[Day]


VALUES = {
    Forecast: Forecast("Bern", Unit.CELSIUS, [Day(21.5)]),
    ForecastModel: ForecastModel(city="Bern", unit=Unit.CELSIUS, days=[DayModel(high=21.5)]),
    ForecastStruct: ForecastStruct("Bern", Unit.CELSIUS, [DayStruct(21.5)]),
}


def ask(model: str, response_format: Any, answer: str, *, streamed: bool = False) -> tuple[ferrule.Reply, Any]:
    """The reply, and the body that asked for it."""
    with Simulator([rule(answer)]) as simulator:
        client = simulator.client()
        if streamed:
            stream = client.stream(model, "Weather?", response_format=response_format)
            list(stream)
            return stream.reply(), simulator.requests[0].body
        return client.complete(model, "Weather?", response_format=response_format), simulator.requests[0].body


def schema_in(body: Any) -> Any:
    if "output_config" in body:
        return body["output_config"]["format"]["schema"]
    assert body["response_format"]["type"] == "json_schema"
    assert body["response_format"]["json_schema"]["strict"] is True
    return body["response_format"]["json_schema"]["schema"]


def assert_strict(schema: Any) -> None:
    """As strict providers want it, at every depth."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            assert schema["additionalProperties"] is False
            assert set(schema["required"]) == set(schema["properties"])
        assert "default" not in schema
        for inner in schema.values():
            assert_strict(inner)
    elif isinstance(schema, list):
        for inner in schema:
            assert_strict(inner)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kind", VALUES)
def test_types(kind: type, model: str, streamed: bool) -> None:
    reply, body = ask(model, kind, json.dumps(ANSWER), streamed=streamed)
    assert reply.parsed == VALUES[kind]
    assert type(reply.parsed) is kind
    assert reply.parsed is reply.parsed, "read once"
    schema = schema_in(body)
    assert set(schema["properties"]) == {"city", "unit", "days"}
    assert_strict(schema)


@pytest.mark.parametrize("model", MODELS)
def test_typed_dictionaries(model: str) -> None:
    reply, body = ask(model, ForecastDict, json.dumps(ANSWER))
    assert reply.parsed["city"] == "Bern"
    assert_strict(schema_in(body))


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    "response_format",
    [
        "json",
        {"type": "json_object"},
        {"type": "object", "properties": {"city": {"type": "string"}}},
        {"type": "json_schema", "json_schema": {"name": "forecast", "schema": {"type": "object"}}},
    ],
)
def test_json_and_schemas_give_what_the_json_says(response_format: Any, streamed: bool) -> None:
    reply, _ = ask("openai/gpt", response_format, json.dumps(ANSWER), streamed=streamed)
    assert reply.parsed == ANSWER


@pytest.mark.parametrize("kind", ["json", Forecast, list[int], {"type": "object"}])
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("Here it is: [1]", "the answer is not JSON: .*, in 'Here it is"),
        ("  ", "the answer is empty"),
        ("[1", "not JSON"),
    ],
)
def test_what_is_no_json_is_shown(kind: Any, answer: str, said: str) -> None:
    reply, _ = ask("openai/gpt", kind, answer)
    with pytest.raises(json.JSONDecodeError, match=said):
        _ = reply.parsed


@dataclasses.dataclass
class Job:
    folder: pathlib.Path
    takes: datetime.timedelta = datetime.timedelta(minutes=1)


def test_paths_and_durations() -> None:
    reply, body = ask("openai/gpt", Job, json.dumps({"folder": "/data", "takes": 90.5}))
    assert reply.parsed == Job(pathlib.Path("/data"), datetime.timedelta(seconds=90.5))
    assert "A duration in seconds." in json.dumps(body)

    def start(job: Job, wait: datetime.timedelta = datetime.timedelta(0)) -> datetime.timedelta:
        """Starts a job."""
        return job.takes + wait

    call = ferrule.ToolCall("1", "start", json.dumps({"job": {"folder": "x"}, "wait": 5}))
    assert json.loads(json.dumps(call.run([start]).to_dict()))["content"][0]["content"] == json.dumps("PT65S")


def test_text_is_not_parsed() -> None:
    assert ask("openai/gpt", "text", "{}")[0].parsed is None


@pytest.mark.parametrize(
    ("kind", "answer", "error"),
    [
        ("json", "It is sunny.", json.JSONDecodeError),
        (Forecast, "It is sunny.", json.JSONDecodeError),
        (Forecast, "[]", TypeError),
        (Forecast, '{"city": "Bern"}', TypeError),
        (Forecast, '{"city": "Bern", "unit": "kelvin", "days": []}', ValueError),
        (ForecastModel, '{"city": "Bern"}', pydantic.ValidationError),
        (ForecastStruct, '{"city": 7}', msgspec.ValidationError),
    ],
)
def test_an_answer_that_does_not_fit_is_an_error_when_it_is_read(kind: Any, answer: str, error: type) -> None:
    reply, _ = ask("openai/gpt", kind, answer)
    assert reply.text == answer
    for _ in range(2):
        with pytest.raises(error):
            _ = reply.parsed


@pytest.mark.parametrize(
    ("response_format", "said"),
    [
        ("yaml", 'expected "json"'),
        (7, 'expected "json"'),
        ({"city": "string"}, "neither a JSON schema nor"),
        ({"type": "json_schema"}, "has its schema in `json_schema`"),
        ({"type": "json_schema", "json_schema": {"name": "x"}}, "has its schema in `json_schema`"),
        ({"type": "objekt"}, "'objekt' is not a type of JSON Schema"),
        ({"type": "object", "properties": {"a": {"type": "str"}}}, "'str' is not a type of JSON Schema"),
        ({"type": ["string", "none"]}, "'none' is not a type of JSON Schema"),
        (complex, "has no JSON schema"),
        (list[complex], "has no JSON schema"),
        (type("Plain", (), {}), "has no JSON schema"),
    ],
)
def test_what_is_no_format_is_named(response_format: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        ask("openai/gpt", response_format, "{}")
