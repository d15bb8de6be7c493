"""numpy's numbers, and others that say which number they are, wherever a number is taken."""

from __future__ import annotations

import decimal
import fractions
import json
from typing import Any

import pytest

import ferrule
from ferrule.catalog import estimate_cost
from ferrule.numeric import as_integer, as_number, plain
from ferrule.schema_check import SchemaMismatchError
from ferrule.testing import Simulator, rule

numpy = pytest.importorskip("numpy")


class Seven:
    def __index__(self) -> int:
        return 7


INTEGERS = [numpy.int64(7), numpy.int8(7), numpy.uint32(7), numpy.array(7), Seven()]
FLOATS = [numpy.float32(0.5), numpy.float64(0.5), numpy.float16(0.5), decimal.Decimal("0.5"), fractions.Fraction(1, 2)]

COUNTS = ["max_tokens", "top_k", "n", "seed", "max_retries", "logprobs", "reasoning"]
NUMBERS = ["temperature", "top_p", "frequency_penalty", "presence_penalty", "timeout"]
WRONG = [True, numpy.bool_(True), "7", b"7", numpy.array([7, 8]), object()]


@pytest.fixture
def simulator() -> Any:
    with Simulator() as simulator:
        yield simulator


def names(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__name__}"


def asked(simulator: Simulator, **options: Any) -> Any:
    with simulator.client(drop_params=True) as client:
        client.complete("openrouter/echo", "Hello.", **options)
    return simulator.requests[-1].body


@pytest.mark.parametrize("value", INTEGERS, ids=names)
@pytest.mark.parametrize("option", [*COUNTS, *NUMBERS])
def test_integers_in_options(simulator: Simulator, option: str, value: Any) -> None:
    expected = asked(simulator, **{option: 1 if option.endswith("penalty") or option == "top_p" else 7})
    given = numpy.int64(1) if option.endswith("penalty") or option == "top_p" else value
    assert asked(simulator, **{option: given}) == expected


@pytest.mark.parametrize("value", FLOATS, ids=names)
@pytest.mark.parametrize("option", NUMBERS)
def test_floats_in_options(simulator: Simulator, option: str, value: Any) -> None:
    assert asked(simulator, **{option: value}) == asked(simulator, **{option: 0.5})


@pytest.mark.parametrize("value", WRONG, ids=names)
@pytest.mark.parametrize("option", ["max_tokens", "seed", "temperature"])
def test_what_is_no_number_is_refused(simulator: Simulator, option: str, value: Any) -> None:
    with pytest.raises(TypeError, match=option):
        asked(simulator, **{option: value})


@pytest.mark.parametrize("value", FLOATS, ids=names)
def test_a_float_is_no_count(simulator: Simulator, value: Any) -> None:
    with pytest.raises(TypeError, match="max_tokens: expected a whole number"):
        asked(simulator, max_tokens=value)


@pytest.mark.parametrize("value", [*INTEGERS, *FLOATS, numpy.bool_(True)], ids=names)
def test_numbers_in_what_is_sent_as_json(simulator: Simulator, value: Any) -> None:
    number = plain(value)
    assert type(number) in (int, float, bool)
    arguments = {"a": value, "deep": [value, {"b": (value,)}]}
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}
    parameters = {"type": "object", "properties": {"a": {"type": "number", "default": value, "enum": [value]}}}
    tool = {"type": "function", "function": {"name": "f", "parameters": parameters}}
    messages = [
        {"role": "user", "content": "Hello."},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "Done."},
    ]
    with simulator.client() as client:
        client.complete(
            "openai/echo", messages, tools=[tool], extra_body={"prediction": {"y": [value]}}, metadata={"a": "b"}
        )
    body: Any = simulator.requests[-1].body
    assert body["prediction"] == {"y": [number]}
    assert json.loads(body["messages"][1]["tool_calls"][0]["function"]["arguments"]) == {
        "a": number,
        "deep": [number, {"b": [number]}],
    }
    declared = body["tools"][0]["function"]["parameters"]["properties"]["a"]
    assert (declared["default"], declared["enum"]) == (number, [number])
    message = ferrule.Message("assistant", tool_calls=[call])
    assert message.tool_calls[0].arguments["a"] == number


@pytest.mark.parametrize("value", [numpy.array([1, 2]), numpy.array([1.5]), object()], ids=names)
def test_arrays_are_no_numbers(simulator: Simulator, value: Any) -> None:
    with pytest.raises(TypeError, match=r"extra_body\.x: .* has no JSON form"):
        asked(simulator, extra_body={"x": value})


@pytest.mark.parametrize("value", INTEGERS, ids=names)
def test_integers_of_other_operations(simulator: Simulator, value: Any) -> None:
    with simulator.client() as client:
        embedded = client.embed("openai/text-embedding-3-small", ["a"] * 8, dimensions=value, batch_size=value)
        assert len(embedded.vectors[0]) == 7
        assert len([request for request in simulator.requests if request.body["dimensions"] == 7]) == 2
        client.rerank("cohere/rerank", "q", ["a"] * 8, top_n=value)
        assert simulator.requests[-1].body["top_n"] == 7
        client.images.generate("openai/gpt-image-1", "a", n=value)
        assert simulator.requests[-1].body["n"] == 7
        estimate = client.estimate_cost("openai/gpt-4o", value, max_tokens=value, cached_tokens=value)
        assert estimate == client.estimate_cost("openai/gpt-4o", 7, max_tokens=7, cached_tokens=7)
    assert estimate_cost("openai/gpt-4o", input_tokens=value, output_tokens=value) == estimate_cost(
        "openai/gpt-4o", input_tokens=7, output_tokens=7
    )


@pytest.mark.parametrize("value", INTEGERS, ids=names)
def test_integers_in_the_configuration(simulator: Simulator, value: Any) -> None:
    model = {"context_window": value, "prices": {"input_mtok": numpy.float32(0.5)}}
    quirks = {"parameters": [{"name": "a", "json": "1"}], "temperature_max": value}
    # OpenAI's own address refuses a field that it does not know.
    provider = {"base_url": simulator.url + "/openai-chat/v1", "api_key": "k", "quirks": quirks}
    with ferrule.Client(
        config=False,
        providers={"mine": provider},
        models={"mine/m": model},
        max_retries=value,
        timeout=ferrule.Timeouts(total=value, connect=numpy.float32(0.5)),
    ) as client:
        assert client.capabilities("mine/m").context_window == 7
        assert client.complete("mine/m", "Hello.", temperature=value).text
    with ferrule.Client(config=False, timeout=value) as client:
        assert "Client" in repr(client)


@pytest.mark.parametrize("value", [*INTEGERS, *FLOATS], ids=names)
def test_seconds_between_two_looks_at_the_configuration(value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[Any] = []
    monkeypatch.setattr("ferrule.configuration.watch._run", lambda watch, closed, interval: waited.append(interval))
    with ferrule.Client(config=False, watch=value):
        pass
    assert [type(seconds) for seconds in waited] in ([int], [float])


@pytest.mark.parametrize("value", ["yes", -1, float("nan"), float("inf"), object()])
def test_what_is_no_time_between_two_looks(value: Any) -> None:
    with pytest.raises(TypeError, match="watch: expected"):
        ferrule.Client(config=False, watch=value)


def test_numbers_of_a_proxy() -> None:
    proxy = ferrule.Sidecar(["sleep", "1"], port=numpy.int64(4321), startup_timeout=numpy.float32(0.5))
    assert (proxy.port, proxy.base_url) == (4321, "http://127.0.0.1:4321")


def test_numbers_of_functions_scripts_and_schemas() -> None:
    script = [rule({"text": '{"a": 8}', "usage": {"input_tokens": numpy.int64(7)}})]
    with Simulator(script) as simulator, simulator.client() as client:
        schema = {"type": "object", "properties": {"a": {"type": "integer", "maximum": numpy.int64(7)}}}
        reply = client.complete("openai/gpt", "?", response_format=schema)
        assert reply.usage.input_tokens == 7
        with pytest.raises(SchemaMismatchError, match="more than 7"):
            _ = reply.parsed

        @client.provider("mine")
        async def mine(request: ferrule.ProviderRequest) -> Any:
            return {"content": "Hello.", "score": numpy.float32(0.5), "rank": numpy.int64(7)}

        assert client.complete("mine/m", "Hello.").text == "Hello."


def test_plain_numbers() -> None:
    assert [as_integer(value) for value in INTEGERS] == [7] * len(INTEGERS)
    assert [as_number(value) for value in FLOATS] == [0.5] * len(FLOATS)
    assert all(as_integer(value) is None for value in [*FLOATS, *WRONG, None])
    assert all(as_number(value) is None for value in [*WRONG, None])
    assert plain({"a": [numpy.int64(1), {"b": numpy.bool_(True)}, "c", None]}) == {"a": [1, {"b": True}, "c", None]}
