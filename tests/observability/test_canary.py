"""Canary: a secret, planted wherever one can be configured or sent, is in no span, metric, log or error of a call."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import ferrule
from ferrule import logs, otel
from ferrule.testing import Simulator, rule

if TYPE_CHECKING:
    import pytest

CANARY = "canary-4f1a9c77e2"


def test_no_secret_is_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers, meters = TracerProvider(), MeterProvider([reader])
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    echo = json.dumps({"error": {"message": f"you sent {CANARY}", "code": "bad"}})
    script = [rule(fault={"status": {"status": 400, "body": echo}}, model="refused"), rule(f"an answer: {CANARY}")]
    with Simulator(script) as simulator:
        provider: Any = {
            "base_url": simulator.openai_base_url,
            "dialect": "openai-chat",
            "api_keys": [f"sk-{CANARY}-one", f"sk-{CANARY}-two"],
            "headers": {"x-secret": CANARY},
            "query": {"token": CANARY},
        }
        errors: list[ferrule.FerruleError] = []
        with ferrule.Client(config=False, providers={"mine": provider}, max_retries=0) as client:
            client.metrics()
            otel.instrument(client, tracer_provider=tracers, meter_provider=meters)
            with logs.log_calls(client):
                for model in ("mine/refused", "mine/m"):
                    options: Any = {
                        "system": CANARY,
                        "user": CANARY,
                        "extra_headers": {"x-more": CANARY},
                        "extra_query": {"more": CANARY},
                        "extra_body": {"prompt_cache_key": CANARY},
                    }
                    try:
                        client.complete(model, CANARY, **options)
                        with client.stream(model, CANARY, **options) as stream:
                            list(stream)
                    except ferrule.FerruleError as error:
                        errors.append(error)
            text = client.metrics()
        assert any(CANARY in str(request.headers) for request in simulator.requests)
    assert len(errors) == 1
    spans = "".join(span.to_json() for span in exporter.get_finished_spans())
    assert spans.count('"name": "chat ') == 3
    assert CANARY not in spans
    assert CANARY not in text
    data = reader.get_metrics_data()
    assert data is not None
    assert CANARY not in data.to_json()
    assert caplog.records
    lines = [logs.JsonFormatter().format(record) for record in caplog.records if record.name.startswith("ferrule")]
    assert lines
    assert CANARY not in "".join(lines)
    tracers.shutdown()
    meters.shutdown()
