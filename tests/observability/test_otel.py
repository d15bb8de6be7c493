"""OpenTelemetry: spans and metrics by the conventions' own names, in the in-memory exporters."""

from __future__ import annotations

import asyncio
import gc
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes as gen_ai
from opentelemetry.semconv._incubating.metrics import gen_ai_metrics
from opentelemetry.semconv.attributes import error_attributes, http_attributes, server_attributes
from opentelemetry.trace import SpanKind, StatusCode

import ferrule
from ferrule import otel
from ferrule.testing import Simulator, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.sdk.trace import ReadableSpan

M = "openai/gpt-5-mini"
SECRET = "the-secret-of-the-prompt"
ANSWER = "the secret answer of three"
OWN = re.compile(r"ferrule\.")


class Telemetry:
    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.reader = InMemoryMetricReader()
        self.meters = MeterProvider([self.reader])

    def instrument(self, client: Any = None, **options: Any) -> otel.Instrumentation:
        return otel.instrument(client, tracer_provider=self.tracers, meter_provider=self.meters, **options)

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self.exporter.get_finished_spans())

    def points(self) -> dict[str, list[Any]]:
        data = self.reader.get_metrics_data()
        found: dict[str, list[Any]] = {}
        for resource in data.resource_metrics if data else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    found[metric.name] = list(metric.data.data_points)
        return found


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    made = Telemetry()
    yield made
    otel.uninstrument()
    made.tracers.shutdown()
    made.meters.shutdown()


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator([rule(ANSWER)]) as simulator:
        yield simulator


def known() -> set[str]:
    """The names of attributes that the conventions have."""
    modules = (gen_ai, error_attributes, server_attributes, http_attributes)
    return {value for one in modules for name, value in vars(one).items() if name.isupper() and isinstance(value, str)}


def check_names(span: ReadableSpan) -> None:
    strange = [name for name in span.attributes or {} if name not in known() and not OWN.match(name)]
    assert not strange, strange


def test_a_plain_call_is_a_span(sim: Simulator, telemetry: Telemetry) -> None:
    with sim.client() as client:
        telemetry.instrument(client)
        reply = client.complete(
            M, SECRET, max_tokens=50, seed=7, stop=["END"], system=SECRET, metadata={"team": "a"}, n=1
        )
    (span,) = telemetry.spans
    check_names(span)
    attributes = dict(span.attributes or {})
    assert span.name == "chat gpt-5-mini"
    assert span.kind is SpanKind.CLIENT
    assert span.status.status_code is StatusCode.UNSET
    address, port = sim.openai_base_url.split("/")[2].split(":")
    assert attributes.pop("ferrule.cost") == float(reply.cost.total)  # type: ignore[union-attr]
    assert attributes == {
        gen_ai.GEN_AI_OPERATION_NAME: gen_ai.GenAiOperationNameValues.CHAT.value,
        gen_ai.GEN_AI_PROVIDER_NAME: gen_ai.GenAiProviderNameValues.OPENAI.value,
        gen_ai.GEN_AI_REQUEST_MODEL: "gpt-5-mini",
        gen_ai.GEN_AI_REQUEST_MAX_TOKENS: 50,
        gen_ai.GEN_AI_REQUEST_SEED: 7,
        gen_ai.GEN_AI_REQUEST_STOP_SEQUENCES: ("END",),
        gen_ai.GEN_AI_RESPONSE_ID: reply.id,
        gen_ai.GEN_AI_RESPONSE_MODEL: "gpt-5-mini",
        gen_ai.GEN_AI_RESPONSE_FINISH_REASONS: ("stop",),
        gen_ai.GEN_AI_USAGE_INPUT_TOKENS: reply.usage.input_tokens,
        gen_ai.GEN_AI_USAGE_OUTPUT_TOKENS: reply.usage.output_tokens,
        gen_ai.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: 0,
        gen_ai.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS: 0,
        server_attributes.SERVER_ADDRESS: address,
        server_attributes.SERVER_PORT: int(port),
        "ferrule.request_id": reply.request_id,
        "ferrule.attempts": 1,
        "ferrule.metadata.team": "a",
    }


def test_a_stream_is_a_span_with_the_metrics_of_its_chunks(sim: Simulator, telemetry: Telemetry) -> None:
    with sim.client() as client:
        telemetry.instrument(client)
        with client.stream(M, SECRET, temperature=1) as stream:
            text = "".join(stream.text)
    assert text == ANSWER
    (span,) = telemetry.spans
    check_names(span)
    attributes = dict(span.attributes or {})
    assert attributes[gen_ai.GEN_AI_REQUEST_STREAM] is True
    assert attributes[gen_ai.GEN_AI_RESPONSE_FINISH_REASONS] == ("stop",)
    assert attributes[gen_ai.GEN_AI_USAGE_OUTPUT_TOKENS]
    first = attributes[gen_ai.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK]
    assert 0 < first < 60  # type: ignore[operator]
    points = telemetry.points()
    assert set(points) == {
        gen_ai_metrics.GEN_AI_CLIENT_OPERATION_DURATION,
        gen_ai_metrics.GEN_AI_CLIENT_OPERATION_TIME_TO_FIRST_CHUNK,
        gen_ai_metrics.GEN_AI_CLIENT_OPERATION_TIME_PER_OUTPUT_CHUNK,
        gen_ai_metrics.GEN_AI_CLIENT_TOKEN_USAGE,
    }
    (duration,) = points[gen_ai_metrics.GEN_AI_CLIENT_OPERATION_DURATION]
    assert duration.count == 1
    assert duration.explicit_bounds[0] == 0.01
    assert {name for name in duration.attributes if name not in known()} == set()
    assert duration.attributes[gen_ai.GEN_AI_REQUEST_MODEL] == "gpt-5-mini"
    assert duration.attributes[gen_ai.GEN_AI_RESPONSE_MODEL] == "gpt-5-mini"
    (chunks,) = points[gen_ai_metrics.GEN_AI_CLIENT_OPERATION_TIME_PER_OUTPUT_CHUNK]
    assert chunks.count == len(ANSWER.split()) - 1
    tokens = points[gen_ai_metrics.GEN_AI_CLIENT_TOKEN_USAGE]
    assert {one.attributes[gen_ai.GEN_AI_TOKEN_TYPE] for one in tokens} == {"input", "output"}


def test_contents_are_there_only_when_they_are_asked_for(
    sim: Simulator, telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def add(text: str, number: int = 1) -> str:
        """Adds."""
        return text * number

    def call(client: ferrule.Client) -> dict[str, Any]:
        telemetry.exporter.clear()
        client.complete(M, [{"role": "user", "content": SECRET}], system="be " + SECRET, tools=[add])
        return dict(telemetry.spans[0].attributes or {})

    with sim.client() as client:
        telemetry.instrument(client)
        found = call(client)
        assert SECRET not in str(found)
        assert ANSWER not in str(found)
        telemetry.instrument(client, capture_content=True)
        found = call(client)
        check_names(telemetry.spans[0])
        assert json.loads(found[gen_ai.GEN_AI_INPUT_MESSAGES]) == [
            {"role": "user", "parts": [{"type": "text", "content": SECRET}]}
        ]
        assert json.loads(found[gen_ai.GEN_AI_SYSTEM_INSTRUCTIONS]) == [{"type": "text", "content": "be " + SECRET}]
        assert json.loads(found[gen_ai.GEN_AI_OUTPUT_MESSAGES]) == [
            {"role": "assistant", "parts": [{"type": "text", "content": ANSWER}], "finish_reason": "stop"}
        ]
        assert json.loads(found[gen_ai.GEN_AI_TOOL_DEFINITIONS])[0]["function"]["name"] == "add"
        monkeypatch.setenv(otel.CONTENT_VARIABLE, "span_only")
        telemetry.instrument(client)
        assert SECRET in str(call(client))
        # What an interceptor took out is not there.
        with client.intercept("request", lambda request: request.replace_text(lambda _: "masked")):
            assert SECRET not in str(call(client))


def test_the_conversation_with_tools_is_in_the_contents(telemetry: Telemetry) -> None:
    def weather(city: str) -> str:
        """The weather."""
        return f"sunny in {city}"

    script = [
        rule({"tool_calls": [{"name": "weather", "arguments": {"city": "Oslo"}}]}, times=1),
        rule("It is sunny."),
    ]
    with Simulator(script) as sim, sim.client() as client:
        telemetry.instrument(client, capture_content=True)
        assert client.run(M, "Weather?", tools=[weather]).text == "It is sunny."
    spans = [span for span in telemetry.spans if span.name.startswith("chat")]
    assert len(spans) == 2
    first, second = (dict(span.attributes or {}) for span in spans)
    (part,) = json.loads(first[gen_ai.GEN_AI_OUTPUT_MESSAGES])[0]["parts"]  # type: ignore[arg-type]
    assert (part["type"], part["name"]) == ("tool_call", "weather")
    last = json.loads(second[gen_ai.GEN_AI_INPUT_MESSAGES])[-1]  # type: ignore[arg-type]
    assert last["parts"][0]["type"] == "tool_call_response"
    assert "sunny in Oslo" in str(last["parts"][0]["response"])


def test_the_callers_span_is_the_parent_and_is_passed_upstream(sim: Simulator, telemetry: Telemetry) -> None:
    with sim.client() as client:
        telemetry.instrument(client)
        token = context.attach(baggage.set_baggage("user", SECRET))
        try:
            with telemetry.tracers.get_tracer("test").start_as_current_span("the caller") as parent:
                client.complete(M, "Hi", extra_headers={"x-mine": "1"})
                client.embed("openai/text-embedding-3-small", "Hi")
                list(client.map(M, ["a", "b"]))
        finally:
            context.detach(token)
        telemetry.instrument(client, propagate=False)
        client.complete(M, "Hi")
    spans = telemetry.spans
    mine = [span for span in spans if span.name != "the caller"]
    assert len(mine) == 5
    for span, request in zip(mine[:2], sim.requests, strict=False):
        assert span.parent is not None
        assert span.parent.span_id == parent.get_span_context().span_id
        version, trace_id, span_id, _ = request.headers["traceparent"].split("-")
        assert (version, trace_id) == ("00", trace.format_trace_id(span.get_span_context().trace_id))
        assert span_id == trace.format_span_id(span.get_span_context().span_id)
    assert sim.requests[0].headers["x-mine"] == "1"
    assert all("baggage" not in request.headers and SECRET not in str(request.headers) for request in sim.requests)
    assert {span.parent.span_id for span in mine[2:4] if span.parent} == {parent.get_span_context().span_id}
    assert "traceparent" not in sim.requests[-1].headers


def test_errors_have_their_class_and_not_what_was_said(telemetry: Telemetry) -> None:
    body = json.dumps({"error": {"message": f"bad: {SECRET}"}})
    options: Any = {"max_retries": 1, "retry": {"backoff": 0.001, "backoff_max": 0.001}}
    fault = {"status": {"status": 429, "body": body}}
    with Simulator([rule(fault=fault)]) as sim, sim.client(**options) as client:
        telemetry.instrument(client)
        with pytest.raises(ferrule.RateLimitedError):
            client.complete(M, SECRET)
        with client.stream(M, SECRET) as stream, pytest.raises(ferrule.RateLimitedError):
            list(stream)
    for span in telemetry.spans:
        check_names(span)
        assert span.status.status_code is StatusCode.ERROR
        attributes = dict(span.attributes or {})
        assert attributes[error_attributes.ERROR_TYPE] == "RateLimitedError"
        assert attributes[http_attributes.HTTP_RESPONSE_STATUS_CODE] == 429
        assert [event.attributes["ferrule.attempt.outcome"] for event in span.events] == ["rate_limited"] * 2  # type: ignore[index]
        assert SECRET not in span.to_json()
    points = telemetry.points()[gen_ai_metrics.GEN_AI_CLIENT_OPERATION_DURATION]
    assert [point.attributes[error_attributes.ERROR_TYPE] for point in points] == ["RateLimitedError"]
    assert points[0].count == 2


def test_a_group_names_who_answered(telemetry: Telemetry) -> None:
    script = [rule(fault={"status": {"status": 503}}, provider="openai"), rule("ok")]
    groups: Any = {"fast": {"targets": ["openai/gpt-5-mini", "groq/llama-3.3-70b-versatile"]}}
    with Simulator(script) as sim, sim.client(groups=groups, max_retries=0) as client:
        telemetry.instrument(client)
        assert client.complete("fast", "Hi").provider == "groq"
        with pytest.raises(ferrule.ConfigError):
            client.complete("nosuch", "Hi")
    first, second = telemetry.spans
    assert first.name == "chat fast"
    attributes = dict(first.attributes or {})
    assert attributes[gen_ai.GEN_AI_PROVIDER_NAME] == "groq"
    assert attributes[gen_ai.GEN_AI_RESPONSE_MODEL] == "llama-3.3-70b-versatile"
    assert [event.attributes["ferrule.target"] for event in first.events] == [  # type: ignore[index]
        "openai/gpt-5-mini",
        "groq/llama-3.3-70b-versatile",
    ]
    assert second.name == "chat nosuch"
    assert (second.attributes or {})[error_attributes.ERROR_TYPE] == "ConfigError"


def test_a_stream_that_is_left_ends_its_span(sim: Simulator, telemetry: Telemetry) -> None:
    with sim.client() as client:
        telemetry.instrument(client)
        with client.stream(M, "Hi") as stream:
            next(stream)
        dropped = client.stream(M, "Hi")
        next(dropped)
        del dropped
    assert [dict(span.attributes or {})["ferrule.ending"] for span in telemetry.spans] == ["closed"] * 2
    assert all(span.status.status_code is StatusCode.UNSET for span in telemetry.spans)


def test_a_stream_that_the_collector_finds_ends_its_span_with_the_next_call(
    sim: Simulator, telemetry: Telemetry
) -> None:
    with sim.client() as client:
        telemetry.instrument(client)
        stream: Any = client.stream(M, "Hi")
        next(stream)
        stream.itself = stream
        del stream
        gc.collect()
        client.complete(M, "Hi")
    left, plain = telemetry.spans
    assert (left.attributes or {})["ferrule.ending"] == "closed"
    assert "ferrule.ending" not in (plain.attributes or {})


def test_other_operations_are_spans(sim: Simulator, telemetry: Telemetry) -> None:
    with sim.client() as client:
        telemetry.instrument(client)
        client.embed("openai/text-embedding-3-small", ["a", "b"], dimensions=256)
        client.rerank("cohere/rerank-v3.5", "q", ["a"])
        client.images.generate("openai/gpt-image-1", "a cat")
        client.audio.speech("openai/tts-1", "Hi", voice="alloy").read()
        client.audio.transcribe("openai/whisper-1", ("a.wav", b"RIFF"))
    assert [span.name for span in telemetry.spans] == [
        "embeddings text-embedding-3-small",
        "rerank rerank-v3.5",
        "generate_content gpt-image-1",
        "generate_content tts-1",
        "transcribe whisper-1",
    ]
    for span in telemetry.spans:
        check_names(span)
    attributes = [dict(span.attributes or {}) for span in telemetry.spans]
    assert attributes[0][gen_ai.GEN_AI_EMBEDDINGS_DIMENSION_COUNT] == 256
    assert attributes[0][gen_ai.GEN_AI_USAGE_INPUT_TOKENS]
    assert attributes[1][gen_ai.GEN_AI_PROVIDER_NAME] == "cohere"
    assert [one.get(gen_ai.GEN_AI_OUTPUT_TYPE) for one in attributes[2:]] == ["image", "speech", "text"]


def test_all_clients_are_instrumented_at_once_and_no_more(sim: Simulator, telemetry: Telemetry) -> None:
    with sim.client() as early:
        instrumentation = telemetry.instrument()
        with sim.client() as late:
            early.complete(M, "Hi")
            late.complete(M, "Hi")
            assert len(telemetry.spans) == 2
            telemetry.instrument()
            early.complete(M, "Hi")
            assert len(telemetry.spans) == 3
            instrumentation.uninstrument()
            early.complete(M, "Hi")
            assert len(telemetry.spans) == 4
            otel.uninstrument()
            early.complete(M, "Hi")
            late.complete(M, "Hi")
            assert len(telemetry.spans) == 4


async def test_the_asynchronous_client_is_instrumented(sim: Simulator, telemetry: Telemetry) -> None:
    async with sim.async_client() as client:
        telemetry.instrument(client)
        tracer = telemetry.tracers.get_tracer("test")

        async def one(number: int) -> int:
            with tracer.start_as_current_span(f"caller {number}") as span:
                async with client.stream(M, "Hi") as stream:
                    async for _ in stream:
                        pass
                await client.complete(M, "Hi")
                return span.get_span_context().span_id

        parents = await asyncio.gather(*(one(number) for number in range(5)))
        found = [span.parent.span_id for span in telemetry.spans if span.parent]
        assert sorted(found) == sorted([*parents, *parents])
        with pytest.raises(ferrule.CallRefusedError):
            await client.complete(M, "Hi", hooks=[("request", lambda request: request.refuse())])
        assert (telemetry.spans[-1].attributes or {})[error_attributes.ERROR_TYPE] == "CallRefusedError"
        slow = asyncio.create_task(client.complete(M, "Hi", hooks=[("request", _sleep)]))
        await asyncio.sleep(0.01)
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow
        assert (telemetry.spans[-1].attributes or {})[error_attributes.ERROR_TYPE] == "cancelled"


async def _sleep(_: Any) -> None:
    await asyncio.sleep(60)


def test_the_names_of_providers_are_those_of_the_conventions() -> None:
    from ferrule.otel_attributes import _PROVIDERS

    assert set(_PROVIDERS.values()) <= {one.value for one in gen_ai.GenAiProviderNameValues}


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("content", [False, True])
def test_tools_are_spans_too(telemetry: Telemetry, is_async: bool, content: bool) -> None:
    inside: list[Any] = []

    def look(city: str) -> str:
        """Looks."""
        inside.append(trace.get_current_span().get_span_context().span_id)
        return f"sunny in {city}"

    async def look_later(city: str) -> str:
        """Looks."""
        await asyncio.sleep(0)
        return look(city)

    def broken() -> str:
        """Fails."""
        raise LookupError(SECRET)

    name = "look_later" if is_async else "look"
    calls = [{"name": name, "arguments": {"city": "Oslo"}}, {"name": "broken", "arguments": {}}]
    tracer = telemetry.tracers.get_tracer("test")
    with Simulator([rule({"tool_calls": calls}, times=1), rule("Sunny.")]) as sim, sim.client() as client:
        telemetry.instrument(client, capture_content=content)
        with tracer.start_as_current_span("caller") as caller:
            run = client.run(M, "Weather?", tools=[look_later if is_async else look, broken])
        assert run.text == "Sunny."
        with sim.client() as other:
            sim.set_script([rule({"tool_calls": calls}, times=1), rule("Sunny.")])
            other.run(M, "Weather?", tools=[look_later if is_async else look, broken])
    spans = {span.name: span for span in telemetry.spans if span.name.startswith("execute_tool")}
    assert len([span for span in telemetry.spans if span.name.startswith("execute_tool")]) == 2
    good, bad = spans[f"execute_tool {name}"], spans["execute_tool broken"]
    for span in (good, bad):
        check_names(span)
        assert span.parent is not None
        assert span.parent.span_id == caller.get_span_context().span_id
        assert (span.attributes or {})[gen_ai.GEN_AI_OPERATION_NAME] == "execute_tool"
        assert (span.attributes or {})[gen_ai.GEN_AI_TOOL_CALL_ID]
    assert good.context is not None
    assert inside[0] == good.context.span_id
    found = dict(good.attributes or {})
    assert (found.get(gen_ai.GEN_AI_TOOL_CALL_RESULT) == "sunny in Oslo") == content
    assert ("Oslo" in str(found)) == content
    assert (bad.attributes or {})[error_attributes.ERROR_TYPE] == "LookupError"
    assert SECRET not in bad.to_json()


async def test_tools_of_an_asynchronous_run_are_spans(telemetry: Telemetry) -> None:
    async def look(city: str) -> str:
        """Looks."""
        return city

    def look_too(city: str) -> str:
        """Looks."""
        return city

    calls = [{"name": name, "arguments": {"city": "Oslo"}} for name in ("look", "look_too")]
    with Simulator([rule({"tool_calls": calls}, times=1), rule("Sunny.")]) as sim:
        async with sim.async_client() as client:
            telemetry.instrument()
            await client.run(M, "Weather?", tools=[look, look_too])
            otel.uninstrument()
    names = sorted(span.name for span in telemetry.spans)
    assert names == ["chat gpt-5-mini", "chat gpt-5-mini", "execute_tool look", "execute_tool look_too"]
