"""Faults of the chaos run: what a provider does to a request that names it, and how a call may end that meets it."""

from __future__ import annotations

from typing import Any, NamedTuple

from ferrule.errors import (
    AuthenticationError,
    ConnectError,
    ContentFilteredError,
    ContextLengthError,
    FerruleError,
    FirstByteTimeoutError,
    IdleTimeoutError,
    InvalidRequestError,
    OverloadedError,
    PermissionDeniedError,
    QuotaExceededError,
    RateLimitedError,
    ResponseDecodeError,
    ServerError,
    StreamInterruptedError,
    StreamStalledError,
)

Errors = tuple[type[FerruleError], ...]


class Fault(NamedTuple):
    """What goes wrong.

    Attributes:
        script: The fault, as the simulator's scripts have it; `None` where only the pace is odd.
        errors: The classes of a call's error that may come of it; empty where the call succeeds all the same.
        reply: What else the rule's reply says.
    """

    script: Any
    errors: Errors = ()
    reply: dict[str, Any] = {}  # noqa: RUF012 - never changed


CUT: Errors = (StreamInterruptedError,)
SILENT: Errors = (FirstByteTimeoutError, IdleTimeoutError, StreamStalledError)
# A broken event or answer, and a stream of which it is not known whether it was whole.
BROKEN: Errors = (ResponseDecodeError, StreamInterruptedError)
HOUR = 3600


def _status(status: int, error: type[FerruleError], kind: str | None = None, **headers: str) -> Fault:
    fields: dict[str, Any] = {"status": status}
    if kind is not None:
        fields["error"] = {"kind": kind}
    if headers:
        fields["headers"] = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fault({"status": fields}, (error,))


FAULTS: dict[str, Fault] = {
    # Errors in the provider's words.
    "429": _status(429, RateLimitedError),
    "429-after": Fault({"rate_limit": {"retry": "milliseconds", "delay_ms": 30}}, (RateLimitedError,)),
    # The clock of the provider, or ours, has jumped: a date long past, and one in an hour.
    "429-past": _status(429, RateLimitedError, retry_after="Sat, 21 Nov 2015 10:00:00 GMT"),
    "429-future": _status(429, RateLimitedError, retry_after=str(HOUR)),
    "500": _status(500, ServerError),
    "503": _status(503, OverloadedError),
    "overloaded": Fault("overloaded", (OverloadedError,)),
    "401": _status(401, AuthenticationError),
    "402": _status(402, QuotaExceededError),
    "403": _status(403, PermissionDeniedError),
    "400": _status(400, InvalidRequestError),
    "context": _status(400, ContextLengthError, "context_length"),
    # Some formats have no code for it, and say it in the message.
    "filter": Fault(
        {"status": {"status": 400, "error": {"kind": "content_filtered", "message": "blocked by content_filter"}}},
        (ContentFilteredError,),
    ),
    "page": Fault("html", (ServerError,)),
    # Connections that break.
    "reset-early": Fault({"reset": {"at": "before_headers"}}, (ConnectError,)),
    "close-early": Fault({"close": {"at": "before_headers"}}, (ConnectError,)),
    "reset-headers": Fault({"reset": {"at": "after_headers"}}, CUT),
    "reset-mid": Fault({"reset": {"at": "mid_event", "after_chunks": 3}}, CUT),
    "close-mid": Fault({"close": {"at": "mid_event", "after_chunks": 5}}, CUT),
    "close-end": Fault({"close": {"at": "before_terminal"}}, CUT),
    "cut-chunk": Fault({"truncated_chunk": {"after_chunks": 4}}, CUT),
    # Silence, for ever and for a while.
    "no-response": Fault({"stall": {"at": "before_headers"}}, SILENT),
    "no-token": Fault({"stall": {"at": "after_headers"}}, SILENT),
    "stall": Fault({"stall": {"at": "mid_event", "after_chunks": 3}}, SILENT),
    "pause": Fault({"stall": {"at": "mid_event", "after_chunks": 2, "for_ms": 150}}),
    "slow-token": Fault(None, reply={"first_token_ms": 300}),
    "slow-tokens": Fault(None, reply={"tokens_per_second": 400}),
    "slow-bytes": Fault({"slow_loris": {"byte_ms": 0}}),
    # Answers that are not what they should be.
    "malformed": Fault({"malformed_json": {"after_chunks": 4}}, BROKEN),
    "malformed-first": Fault({"malformed_json": {"after_chunks": 0}}, BROKEN),
    # Cohere has no error event, but a finish reason that says so.
    "error-event": Fault({"error_event": {"after_chunks": 3, "error": {"kind": "server"}}}, (ServerError, *CUT)),
    "no-end": Fault("no_terminal", BROKEN),
    # Streams are complete with their finish reason; a plain answer without its end is not.
    "no-marker": Fault({"no_terminal": {"keep_finish": True}}, BROKEN),
    "empty": Fault("empty", BROKEN),
    "content-type": Fault("content_type"),
    "gzip": Fault("gzip"),
    "long-line": Fault({"huge_line": {"bytes": 200_000}}),
    "split": Fault(None, reply={"split_bytes": [1, 7, 64]}),
}
FINE = "fine"

# What whoever breaks a provider under way does to all its calls.
GONE: Errors = (ConnectError, StreamInterruptedError, *SILENT)
OUTAGE: Errors = (OverloadedError,)
REVOKED: Errors = (AuthenticationError,)


def is_harmless(code: str | None) -> bool:
    """Whether a call succeeds at a provider that does this."""
    return code == FINE or (code in FAULTS and not FAULTS[code].errors)


def may_answer(code: str) -> bool:
    """Whether a call may succeed at a provider that does this."""
    return is_harmless(code) or code == "no-marker"
