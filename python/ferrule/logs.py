"""Structured logs of calls: `log_calls` writes one record for each, and `JsonFormatter` writes records as JSON.

The fields are the record's own attributes (`extra`), so that every formatter and handler of structured logs finds them.
docs/logging.md lists them.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import weakref
from typing import TYPE_CHECKING, Any

import ferrule
from ferrule._native import Reply
from ferrule.call_times import CallTimes, who_answered
from ferrule.errors import FerruleError
from ferrule.intercepting import add_tracer, remove_tracer

if TYPE_CHECKING:
    from types import TracebackType

    from ferrule.call_layers import Call
    from ferrule.typing_compat import Self

__all__ = ["CallLog", "JsonFormatter", "log_calls"]

LOGGER = "ferrule.calls"
"""The name of the logger."""

_logger = logging.getLogger(LOGGER)
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class CallLog:
    """What has calls logged, until `close`. In a `with` statement it does so until the end of the block."""

    def __init__(self, client: ferrule.Client | ferrule.AsyncClient | None, level: int, error_level: int) -> None:
        self._client = None if client is None else weakref.ref(client)
        self._level = level
        self._error_level = error_level
        self._is_open = True
        add_tracer(self, client)

    def begin(self, call: Call, client: Any) -> CallTimes:  # noqa: ARG002 - other tracers ask for it
        """Watches a call. Called for each by `call_layers.py`."""
        return CallTimes(call, self._ended)

    def close(self) -> None:
        """Ends it: calls that begin from now on are not logged. Does nothing the second time."""
        client = None if self._client is None else self._client()
        if self._is_open and (self._client is None or client is not None):
            remove_tracer(self, client)
        self._is_open = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _ended(self, times: CallTimes, value: Any, error: BaseException | None) -> None:
        level = self._level if error is None else self._error_level
        if not _logger.isEnabledFor(level):
            return
        fields = fields_of(times, value, error)
        target = f"{fields['provider'] or '?'}/{fields['model'] or '?'}"
        _logger.log(
            level, "%s %s: %s in %.3f s", times.call.operation, target, fields["outcome"], times.duration, extra=fields
        )


def fields_of(times: CallTimes, value: Any, error: BaseException | None) -> dict[str, Any]:
    """The fields of the record of a call. None has contents of prompts or answers, messages of errors, or keys."""
    call = times.call
    provider, model = who_answered(call, value, error)
    if isinstance(value, Reply):
        usage: Any = value.usage
        cost, request, response = value.cost, value.request_id, value.id or None
        reason, attempts = value.finish_reason, len(value.attempts)
    else:
        found = value if isinstance(value, dict) else {}
        usage, cost = found.get("usage"), found.get("cost")
        request, response, reason = found.get("request_id"), found.get("id"), None
        attempts = len(found.get("attempts") or ())
    if isinstance(error, FerruleError):
        attempts = len(error.attempts)
        request = getattr(error, "request_id", None)
    outcome = "failed" if error is not None else "left" if times.left else "answered"
    return {
        "operation": call.operation,
        "provider": provider,
        "model": model,
        "requested_model": call.model if isinstance(call.model, str) else None,
        "outcome": outcome,
        "finish_reason": reason,
        "duration": round(times.duration, 6),
        "time_to_first_token": None if times.first is None else round(times.first, 6),
        "input_tokens": None if usage is None else usage.input_tokens,
        "output_tokens": None if usage is None else usage.output_tokens,
        "cost": None if cost is None else float(cost.total),
        "request_id": request,
        "response_id": response,
        "attempts": attempts,
        "error": None if error is None else type(error).__name__,
        "status": getattr(error, "status", None),
        "metadata": dict(call.options.get("metadata") or {}),
    }


def log_calls(
    client: ferrule.Client | ferrule.AsyncClient | None = None,
    *,
    level: int = logging.INFO,
    error_level: int = logging.WARNING,
) -> CallLog:
    """Has each call that begins from now on logged when it ends, by the logger `ferrule.calls`.

    Args:
        client: The client; by default all of them, those that are made later included.
        level: The level of calls that were answered. Default INFO.
        error_level: The level of calls that raised an error. Default WARNING.

    Returns:
        What ends it: `close()`.
    """
    return CallLog(client, level, error_level)


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON: `time`, `level`, `logger`, `message`, and the record's `extra` fields.

    Fields that are `None` are left out. Where OpenTelemetry is loaded and a span is current, its `trace_id` and
    `span_id` are written as well. It is for any logger.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, Any] = {
            "time": f"{moment}.{int(record.created % 1 * 1e6):06d}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD and value is not None}
        line |= _trace()
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def _trace() -> dict[str, str]:
    trace: Any = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return {}
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {"trace_id": trace.format_trace_id(context.trace_id), "span_id": trace.format_span_id(context.span_id)}
