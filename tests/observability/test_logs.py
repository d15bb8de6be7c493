"""Structured logs: one record for each call, with its fields, and JSON."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.trace import TracerProvider

import ferrule
from ferrule import logs
from ferrule.testing import Simulator, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

M = "openai/gpt-5-mini"
SECRET = "the-secret-of-the-prompt"
FAULT = {
    "status": 429,
    "body": json.dumps({"error": {"message": SECRET}}),
    "headers": {"x-request-id": "req-7"},
}


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logs.LOGGER)
    return caplog


@pytest.fixture
def client() -> Iterator[ferrule.Client]:
    script = [
        rule(fault={"status": FAULT}, model="gpt-4o"),
        rule("one two three"),
    ]
    with Simulator(script) as simulator, simulator.client(max_retries=0) as made:
        yield made


def test_each_call_is_a_record_with_its_fields(client: ferrule.Client, log: pytest.LogCaptureFixture) -> None:
    with logs.log_calls(client) as calls:
        reply = client.complete(M, SECRET, metadata={"team": "a"})
        with client.stream(M, SECRET) as stream:
            list(stream)
        with client.stream(M, SECRET) as stream:
            next(stream)
        client.embed("openai/text-embedding-3-small", SECRET)
        with pytest.raises(ferrule.RateLimitedError):
            client.complete("openai/gpt-4o", SECRET)
    calls.close()
    client.complete(M, SECRET)
    made: list[Any] = log.records
    plain, streamed, left, embedded, failed = made
    assert (plain.levelno, plain.operation, plain.provider, plain.model) == (
        logging.INFO,
        "complete",
        "openai",
        "gpt-5-mini",
    )
    assert (plain.outcome, plain.finish_reason, plain.attempts, plain.metadata) == (
        "answered",
        "stop",
        1,
        {"team": "a"},
    )
    assert (plain.request_id, plain.response_id) == (reply.request_id, reply.id)
    assert plain.cost == float(reply.cost.total)  # type: ignore[union-attr]
    assert plain.output_tokens == reply.usage.output_tokens
    assert plain.duration > 0
    assert plain.time_to_first_token is None
    assert plain.getMessage().startswith("complete openai/gpt-5-mini: answered in 0.")
    assert 0 < streamed.time_to_first_token <= streamed.duration
    assert (left.outcome, embedded.operation, embedded.input_tokens) == ("left", "embed", 3)
    assert (failed.levelno, failed.outcome, failed.error, failed.status) == (
        logging.WARNING,
        "failed",
        "RateLimitedError",
        429,
    )
    assert failed.request_id == "req-7"
    assert all(SECRET not in str(vars(record)) for record in log.records)


def test_records_become_lines_of_json(client: ferrule.Client, log: pytest.LogCaptureFixture) -> None:
    with logs.log_calls(client):
        client.complete(M, SECRET, metadata={"team": "ø"})
    line = logs.JsonFormatter().format(log.records[0])
    assert "\n" not in line
    found = json.loads(line)
    assert (found["level"], found["logger"], found["provider"], found["metadata"]) == (
        "INFO",
        "ferrule.calls",
        "openai",
        {"team": "ø"},
    )
    assert found["time"].endswith("Z")
    assert "error" not in found
    assert "args" not in found
    try:
        raise ValueError("two\nlines")
    except ValueError:
        record = logging.getLogger("x").makeRecord("x", logging.ERROR, "f", 1, "m %s", ("a",), None)
        record.exc_info = __import__("sys").exc_info()
    found = json.loads(logs.JsonFormatter().format(record))
    assert found["message"] == "m a"
    assert "ValueError: two" in found["exception"]


def test_a_line_has_the_current_trace(client: ferrule.Client, log: pytest.LogCaptureFixture) -> None:
    tracer = TracerProvider().get_tracer("test")
    with logs.log_calls(), tracer.start_as_current_span("caller") as span:
        client.complete(M, "Hi")
        found = json.loads(logs.JsonFormatter().format(log.records[0]))
    assert found["trace_id"] == f"{span.get_span_context().trace_id:032x}"
    assert found["span_id"] == f"{span.get_span_context().span_id:016x}"


def test_nothing_is_made_below_the_level(client: ferrule.Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, logs.LOGGER)
    with logs.log_calls(client):
        client.complete(M, "Hi")
    assert not caplog.records
