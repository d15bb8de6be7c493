"""Instrumentations, each switched on with somewhere to keep what it sees: functions that give what was seen.

What is another one each time is left out: ids, times, durations.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Collect = Callable[[], list[Any]]


def _tracing() -> tuple[Any, Collect]:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider, lambda: [span_as_dict(span) for span in exporter.get_finished_spans()]


def span_as_dict(span: Any) -> Any:
    return {
        "name": span.name,
        "kind": str(span.kind),
        "status": [str(span.status.status_code), span.status.description],
        "attributes": {name: value for name, value in sorted(span.attributes.items()) if not _is_volatile(name)},
        "events": [
            [event.name, {name: value for name, value in event.attributes.items() if "stacktrace" not in name}]
            for event in span.events
        ],
        "has_parent": span.parent is not None,
    }


_VOLATILE = ("time_to", "duration", "completion_start_time", "ttft", "elapsed")


def _is_volatile(name: str) -> bool:
    return any(word in name for word in _VOLATILE)


def opentelemetry(sdk: str) -> Collect:
    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "true"
    provider, spans = _tracing()
    if sdk == "anthropic":
        from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor

        AnthropicInstrumentor().instrument(tracer_provider=provider)
        return spans
    from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    logs, reader = InMemoryLogRecordExporter(), InMemoryMetricReader()
    loggers = LoggerProvider()
    loggers.add_log_record_processor(SimpleLogRecordProcessor(logs))
    meters = MeterProvider(metric_readers=[reader])
    OpenAIInstrumentor().instrument(tracer_provider=provider, logger_provider=loggers, meter_provider=meters)

    def collect() -> list[Any]:
        found = spans()
        for one in logs.get_finished_logs():
            record = one.log_record
            found.append({"event": record.event_name, "body": record.body, "attributes": dict(record.attributes or {})})
        for resource in reader.get_metrics_data().resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    points = [[dict(point.attributes), point.count] for point in metric.data.data_points]
                    found.append({"metric": metric.name, "points": sorted(points, key=str)})
        return found

    return collect


def openinference(sdk: str) -> Collect:
    provider, spans = _tracing()
    if sdk == "anthropic":
        from openinference.instrumentation.anthropic import AnthropicInstrumentor as Instrumentor
    else:
        from openinference.instrumentation.openai import OpenAIInstrumentor as Instrumentor  # type: ignore[assignment]
    Instrumentor().instrument(tracer_provider=provider)
    return spans


def langfuse(sdk: str) -> Collect:
    from langfuse import Langfuse
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    client = Langfuse(
        public_key="pk",
        secret_key="sk",
        span_exporter=exporter,
        tracer_provider=TracerProvider(),
        base_url="http://127.0.0.1:1",
    )
    importlib.import_module("langfuse.openai")  # which wraps the SDK's methods

    def collect() -> list[Any]:
        client.flush()
        return [span_as_dict(span) for span in exporter.get_finished_spans()]

    return collect


def sentry(sdk: str) -> Collect:
    import sentry_sdk
    from sentry_sdk.integrations.anthropic import AnthropicIntegration
    from sentry_sdk.integrations.openai import OpenAIIntegration
    from sentry_sdk.transport import Transport

    envelopes: list[Any] = []

    class Keeping(Transport):
        def capture_envelope(self, envelope: Any) -> None:
            envelopes.append(envelope)

    kind = OpenAIIntegration if sdk == "openai" else AnthropicIntegration
    sentry_sdk.init(
        dsn="http://key@127.0.0.1:1/1",
        transport=Keeping,
        traces_sample_rate=1.0,
        send_default_pii=True,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[kind(include_prompts=True)],
    )
    transaction = sentry_sdk.start_transaction(name="program")
    transaction.__enter__()

    def collect() -> list[Any]:
        transaction.__exit__(None, None, None)
        sentry_sdk.flush()
        found: list[Any] = []
        for envelope in envelopes:
            for item in envelope.items:
                payload = item.payload.json or {}
                for span in payload.get("items", ()):
                    data = {name: value["value"] for name, value in span["attributes"].items()}
                    hidden = ("thread.", "server.", "process.", "sentry.segment.")
                    data = {
                        name: value
                        for name, value in data.items()
                        if not name.startswith(hidden) and not _is_volatile(name)
                    }
                    found.append([span["name"], span["status"], data])
                for value in payload.get("exception", {}).get("values", ()):
                    found.append([value["type"], value["value"], value.get("mechanism")])
        return found

    return collect


def ddtrace(sdk: str) -> Collect:
    os.environ |= {"DD_TRACE_AGENT_URL": "http://127.0.0.1:1", "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false"}
    os.environ |= {"DD_REMOTE_CONFIGURATION_ENABLED": "false", "DD_TRACE_STARTUP_LOGS": "false"}
    import ddtrace as library
    from ddtrace.trace import TraceFilter, tracer

    spans: list[Any] = []

    class Keeping(TraceFilter):
        def process_trace(self, trace: Any) -> Any:
            spans.extend(trace)

    tracer.configure(trace_processors=[Keeping()])
    library.patch(raise_errors=True, **{sdk: True})

    def collect() -> list[Any]:
        hidden = ("_dd.", "runtime-id", "language", "process_id", "error.stack", "duration")
        found = []
        for span in spans:
            tags = {**span.get_tags(), **span.get_metrics()}
            tags = {name: value for name, value in tags.items() if not name.startswith(hidden)}
            found.append([span.name, span.resource, span.error, tags])
        return found

    return collect


def newrelic(sdk: str) -> Collect:
    os.environ |= {"NEW_RELIC_LICENSE_KEY": "0" * 40, "NEW_RELIC_APP_NAME": "program"}
    os.environ |= {"NEW_RELIC_DEVELOPER_MODE": "true", "NEW_RELIC_AI_MONITORING_ENABLED": "true"}
    import newrelic.agent as agent
    from newrelic.api.transaction import Transaction

    events: list[Any] = []
    record = Transaction.record_custom_event

    def recorded(self: Any, event_type: str, params: Any) -> Any:
        hidden = ("id", "span_id", "trace_id", "transaction_id", "completion_id", "duration", "timestamp", "time")
        kept = {name: value for name, value in params.items() if name not in hidden and not _is_volatile(name)}
        events.append([event_type, kept])
        return record(self, event_type, params)

    Transaction.record_custom_event = recorded  # type: ignore[method-assign]
    agent.initialize()
    application = agent.register_application(timeout=10)
    task = agent.BackgroundTask(application, name="program")
    task.__enter__()

    def collect() -> list[Any]:
        task.__exit__(None, None, None)
        return events

    return collect
