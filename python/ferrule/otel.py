"""OpenTelemetry spans and metrics of calls, by the GenAI semantic conventions: `ferrule.otel.instrument()`.

Needs `pip install ferrule[otel]`. Each call is a span `{operation} {model}` of kind CLIENT under the caller's current
one, and is counted in the conventions' histograms. docs/observability.md lists attributes and metrics.
"""

from __future__ import annotations

import json
import os
import time
import weakref
from typing import TYPE_CHECKING, Any

import ferrule
from ferrule._native import ReasoningDelta, RefusalDelta, Reply, TextDelta, ToolCallDelta, ToolCallStart
from ferrule.errors import ConfigError, FerruleError
from ferrule.intercepting import add_tracer, remove_tracer
from ferrule.otel_attributes import (
    OPERATIONS,
    Addresses,
    content_attributes,
    error_type,
    provider_name,
    request_attributes,
    response_attributes,
)
from ferrule.tool_watching import add_watcher, remove_watcher

try:
    from opentelemetry import metrics, trace
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ImportError as error:
    raise ConfigError("ferrule.otel needs OpenTelemetry's API: pip install 'ferrule[otel]'") from error

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Span, TracerProvider

    from ferrule._native import ToolCall
    from ferrule.base_client import BaseClient
    from ferrule.call_layers import Call
    from ferrule.run_events import ToolResult
    from ferrule.typing_compat import Self

__all__ = ["Instrumentation", "instrument", "uninstrument"]

CONTENT_VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
"""The environment variable by which OpenTelemetry's own instrumentations are asked for contents."""

_DURATIONS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
_FIRST_CHUNKS = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0]
_CHUNKS = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5]
_TOKENS = [4**power for power in range(14)]
_DELTAS = (TextDelta, ReasoningDelta, RefusalDelta, ToolCallStart, ToolCallDelta)

_instrumentations: list[Instrumentation] = []


class Instrumentation:
    """The spans and metrics of a client's calls, or of all clients', until `uninstrument`.

    Attributes:
        capture_content: Whether spans have the contents of messages.
        propagate: Whether the trace context is sent to providers.
    """

    def __init__(
        self,
        client: ferrule.Client | ferrule.AsyncClient | None,
        tracer_provider: TracerProvider | None,
        meter_provider: MeterProvider | None,
        *,
        capture_content: bool,
        propagate: bool,
    ) -> None:
        self.capture_content = capture_content
        self.propagate = propagate
        self._client = None if client is None else weakref.ref(client)
        version = ferrule.__version__
        self.tracer = trace.get_tracer("ferrule", version, tracer_provider)
        meter = metrics.get_meter("ferrule", version, meter_provider)

        def histogram(name: str, unit: str, description: str, bounds: Sequence[float]) -> Any:
            made = meter.create_histogram(
                name, unit=unit, description=description, explicit_bucket_boundaries_advisory=bounds
            )
            return made.record

        self.record_duration = histogram(
            "gen_ai.client.operation.duration", "s", "GenAI operation duration.", _DURATIONS
        )
        self.record_first_chunk = histogram(
            "gen_ai.client.operation.time_to_first_chunk", "s", "Time to receive the first chunk.", _FIRST_CHUNKS
        )
        self.record_chunk = histogram(
            "gen_ai.client.operation.time_per_output_chunk", "s", "Time per output chunk.", _CHUNKS
        )
        self.record_tokens = histogram(
            "gen_ai.client.token.usage", "{token}", "Number of input and output tokens used.", _TOKENS
        )
        self._addresses: weakref.WeakKeyDictionary[Any, Addresses] = weakref.WeakKeyDictionary()
        self._propagator = TraceContextTextMapPropagator()

    def uninstrument(self) -> None:
        """Ends it: calls that begin from now on have no spans. Does nothing the second time."""
        if self not in _instrumentations:
            return
        _instrumentations.remove(self)
        client = None if self._client is None else self._client()
        if self._client is None or client is not None:
            remove_tracer(self, client)
        remove_watcher(self)

    def covers(self, client: Any) -> bool:
        """Whether it is that of `client`; `None` for all clients."""
        return self._client is None if client is None else self._client is not None and self._client() is client

    def begin(self, call: Call, client: BaseClient | None) -> CallSpan:
        """Starts the span of a call. Called for each by `call_layers.py`."""
        return CallSpan(self, call, client)

    def tool_span(self, call: ToolCall, owner: Any) -> ToolSpan | None:
        """The span of a tool's call. Called for each by `tool_execution.py`."""
        if self._client is not None and (owner is None or self._client() is not owner):
            return None
        return ToolSpan(self, call)

    def address(self, client: BaseClient | None, provider: str) -> dict[str, Any]:
        """Where a provider of a client is."""
        if client is None:
            return {}
        addresses = self._addresses.get(client)
        if addresses is None:
            addresses = self._addresses[client] = Addresses()
        return addresses.attributes(client, provider)

    def inject(self, span: Span, options: dict[str, Any]) -> None:
        """Puts the trace context into the headers of a call; a caller's own stay."""
        headers: dict[str, str] = {}
        self._propagator.inject(headers, trace.set_span_in_context(span))
        if headers:
            given = options.get("extra_headers") or {}
            mine = {name.lower() for name in given}
            if "traceparent" not in mine:
                options["extra_headers"] = {**given, **headers}


class CallSpan:
    """The span of one call, and what is measured of it."""

    def __init__(self, to: Instrumentation, call: Call, client: BaseClient | None) -> None:
        self._to = to
        self._call = call
        self._client = client
        self._started = time.perf_counter()
        self._began = time.monotonic()
        self._last: float | None = None
        self._gaps: list[float] = []
        self._first: float | None = None
        self._latest: Any = None
        self._is_over = False
        operation = OPERATIONS.get(call.operation, call.operation)
        provider, model = _asked(call, client)
        self._common: dict[str, Any] = {"gen_ai.operation.name": operation}
        if provider:
            self._common["gen_ai.provider.name"] = provider_name(provider)
        if model:
            self._common["gen_ai.request.model"] = model
        self._address = to.address(client, provider)
        attributes = {**self._common, **self._address, **request_attributes(call)}
        name = f"{operation} {model}" if model else operation
        self._span = to.tracer.start_span(name, kind=trace.SpanKind.CLIENT, attributes=attributes)
        if to.propagate:
            to.inject(self._span, call.options)

    def received_from(self, received: Any) -> None:
        """Takes the function that gives what was received so far."""
        self._received = received

    _received: Any = None

    def delivered(self, value: Any) -> None:
        """A reply, a dict, a batch of a stream, or its end."""
        if self._is_over:
            return
        if self._call.operation == "stream":
            if value is not None:
                self._batch(value)
                return
            self._end(self._received(), None)
        elif self._call.operation == "speech":
            if value is None:
                self._end(self._latest, None)
            elif isinstance(value, list) and value and isinstance(value[0], dict):
                self._latest = value[0]
        else:
            self._end(value, None)

    def _batch(self, events: Any) -> None:
        for event in events:
            if isinstance(event, _DELTAS):
                at = event.received_at
                if self._last is None:
                    self._first = max(at - self._began, 0.0)
                else:
                    self._gaps.append(max(at - self._last, 0.0))
                self._last = at

    def failed(self, error: BaseException) -> None:
        """The call raised `error`."""
        if not self._is_over:
            partial = error.partial_reply if isinstance(error, FerruleError) else None
            self._end(partial, error)

    def closed(self) -> None:
        """The reader left the call."""
        if self._is_over:
            return
        if self._call.operation in ("stream", "speech"):
            reply = self._received() if self._call.operation == "stream" and self._received else self._latest
            self._span.set_attribute("ferrule.ending", "closed")
            self._end(reply, None)
        else:
            self._end(None, None, kind="cancelled")

    def _end(self, value: Any, error: BaseException | None, kind: str | None = None) -> None:
        self._is_over = True
        span, common = self._span, self._common
        duration = time.perf_counter() - self._started
        found = response_attributes(value)
        attempts = _attempts(value, error)
        provider = attempts[-1].provider if attempts else None
        if provider:
            common["gen_ai.provider.name"] = provider_name(provider)
            self._address = self._to.address(self._client, provider)
        if self._first is not None:
            found["gen_ai.response.time_to_first_chunk"] = self._first
        kind = error_type(error) if error is not None else kind
        if kind is not None:
            found["error.type"] = kind
            # Never the message, in which a provider may repeat what it was sent.
            span.set_status(trace.Status(trace.StatusCode.ERROR, kind))
            if isinstance(status := getattr(error, "status", None), int):
                found["http.response.status_code"] = status
            if (request := getattr(error, "request_id", None)) is not None:
                found["ferrule.request_id"] = request
            if attempts:
                found["ferrule.attempts"] = len(attempts)
        self._measure(value, duration, kind)
        if span.is_recording():
            if self._to.capture_content:
                found |= content_attributes(self._call, value)
            span.set_attributes({**common, **self._address, **found})
            for attempt in attempts if len(attempts) > 1 or error is not None else ():
                self._tell(attempt)
        span.end()

    def _tell(self, attempt: Any) -> None:
        described = {
            "ferrule.target": attempt.target,
            "ferrule.attempt.outcome": "skipped" if attempt.skipped else attempt.reason or "success",
            "ferrule.attempt.duration": attempt.duration,
        }
        if attempt.status is not None:
            described["http.response.status_code"] = attempt.status
        self._span.add_event("ferrule.attempt", described, timestamp=int(attempt.started * 1e9))

    def _measure(self, value: Any, duration: float, kind: str | None) -> None:
        to = self._to
        labels = {**self._common, **self._address}
        model = value.model if isinstance(value, Reply) else value.get("model") if isinstance(value, dict) else None
        if model:
            labels["gen_ai.response.model"] = model
        context = trace.set_span_in_context(self._span)
        to.record_duration(duration, labels if kind is None else {**labels, "error.type": kind}, context=context)
        if self._first is not None:
            to.record_first_chunk(self._first, labels, context=context)
            for gap in self._gaps:
                to.record_chunk(gap, labels, context=context)
        usage = value.usage if isinstance(value, Reply) else value.get("usage") if isinstance(value, dict) else None
        if usage is not None:
            for name, tokens in (("input", usage.input_tokens), ("output", usage.output_tokens)):
                if tokens is not None:
                    to.record_tokens(tokens, {**labels, "gen_ai.token.type": name}, context=context)


class ToolSpan:
    """The span of a tool's call: the current one while the tool runs."""

    def __init__(self, to: Instrumentation, call: ToolCall) -> None:
        self._to = to
        attributes = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": call.name,
            "gen_ai.tool.type": "function",
        }
        if call.id:
            attributes["gen_ai.tool.call.id"] = call.id
        if to.capture_content:
            attributes["gen_ai.tool.call.arguments"] = call.arguments_json
        self._entered = to.tracer.start_as_current_span(
            f"execute_tool {call.name}",
            kind=trace.SpanKind.INTERNAL,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        )
        self._span: Any = None

    def __enter__(self) -> Self:
        self._span = self._entered.__enter__()
        return self

    def ended(self, result: ToolResult) -> None:
        """The tool returned, or raised."""
        if result.error is not None:
            kind = error_type(result.error)
            self._span.set_attribute("error.type", kind)
            self._span.set_status(trace.Status(trace.StatusCode.ERROR, kind))
        elif self._to.capture_content:
            said = [_said(block) for block in result.message.to_dict()["content"]]
            self._span.set_attribute("gen_ai.tool.call.result", "\n".join(said))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            self._span.set_attribute("error.type", error_type(error))
        self._entered.__exit__(kind, error, traceback)


def _said(block: Any) -> str:
    """The text of a part of a tool's message."""
    content = block.get("content") if isinstance(block, dict) else block
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, default=str)


def _attempts(value: Any, error: BaseException | None) -> Sequence[Any]:
    if isinstance(error, FerruleError) and error.attempts:
        return error.attempts
    if isinstance(value, Reply):
        return value.attempts
    return value.get("attempts") or () if isinstance(value, dict) else ()


def _asked(call: Call, client: BaseClient | None) -> tuple[str, str]:
    """The provider that is asked first, and the model as it is asked for; the group's name where it is one."""
    named = call.model
    if client is None:
        return "", named if isinstance(named, str) else ""
    try:
        provider, model = client._resolve(named)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - ours
    except (FerruleError, TypeError, ValueError):
        return "", named if isinstance(named, str) else ""
    is_group = isinstance(named, str) and named in client.registry.groups
    return provider, str(named) if is_group else model


def instrument(
    client: ferrule.Client | ferrule.AsyncClient | None = None,
    *,
    tracer_provider: TracerProvider | None = None,
    meter_provider: MeterProvider | None = None,
    capture_content: bool | None = None,
    propagate: bool = True,
) -> Instrumentation:
    """Makes OpenTelemetry spans and metrics of calls that begin from now on.

    A client is instrumented once: a second call replaces what the first one set.

    Args:
        client: The client; by default all of them, those that are made later included.
        tracer_provider: Where spans go; the global one by default.
        meter_provider: Where metrics go; the global one by default.
        capture_content: Whether spans have the messages, instructions, tools and answers. By default what the variable
            `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT` says (`true`, `span_only`, `span_and_event`), else not.
        propagate: Whether providers are sent the W3C trace context (`traceparent`, `tracestate`; never baggage).
            Default true.

    Returns:
        What ends it: `uninstrument()`.
    """
    uninstrument(client)
    if capture_content is None:
        asked = os.environ.get(CONTENT_VARIABLE, "").strip().lower()
        capture_content = asked in ("true", "1", "span_only", "span_and_event")
    made = Instrumentation(
        client, tracer_provider, meter_provider, capture_content=capture_content, propagate=propagate
    )
    _instrumentations.append(made)
    add_tracer(made, client)
    add_watcher(made)
    return made


def uninstrument(client: ferrule.Client | ferrule.AsyncClient | None = None) -> None:
    """Ends what `instrument(client)` began. Does nothing where that is nothing.

    Args:
        client: The client that was given to `instrument`; `None` for what was said of all clients.
    """
    for one in [one for one in _instrumentations if one.covers(client)]:
        one.uninstrument()
