"""Fault matrix: what goes wrong, and how a call ends that meets it, plain and streamed.

A table for reading; `test_matrix.py` runs each row in both dialects with both clients. A row's two ends say what is
right, by `docs/errors.md` and `docs/timeouts-and-retries.md`, whatever the code does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ferrule import Timeouts
from ferrule.errors import (
    AuthenticationError,
    ConnectError,
    ConnectTimeoutError,
    ContentFilteredError,
    ContextLengthError,
    FerruleError,
    FirstByteTimeoutError,
    IdleTimeoutError,
    InvalidRequestError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProviderError,
    QuotaExceededError,
    RateLimitedError,
    ResponseDecodeError,
    ServerError,
    StreamInterruptedError,
    StreamStalledError,
    TotalTimeoutError,
)

TEXT = "One two three four five."
BEGUN = "One two"  # The first two chunks, after which most faults strike.


@dataclass(frozen=True)
class End:
    """How a call ends."""

    error: type[FerruleError] | None = None
    """Exactly this class; `None`: it succeeds, with the whole text."""
    again: bool = False
    """Whether a call with a retry left makes another attempt, which then succeeds."""
    text: str | None = None
    """What `error.partial_reply` holds; `None`: nothing was delivered, so there is no response."""
    status: int | None = None
    """The status on the error."""


ANSWERED = End()


def again(error: type[FerruleError], status: int | None = None) -> End:
    return End(error, again=True, status=status)


def once(error: type[FerruleError], status: int | None = None) -> End:
    return End(error, status=status)


def after(text: str, error: type[FerruleError]) -> End:
    """An end after something was delivered: never repeated."""
    return End(error, text=text)


@dataclass(frozen=True)
class Row:
    """One fault."""

    name: str
    fault: str | dict[str, Any] | None
    plain: End
    streamed: End
    streamed_anthropic: End | None = None
    """Where Anthropic's format says something else."""
    timeouts: Timeouts = Timeouts(total=10)  # noqa: RUF009 - immutable
    lasts: float = 0.0
    """Seconds that it takes at least: the limit that is to pass."""
    longest_wait: float = 0.5
    """Seconds that its retry is scheduled after at most: by default the first back-off."""
    where: str = "simulator"
    """`simulator`, `refused` (no one listens), `silent` (someone listens and never speaks TLS) or `reset` (connections
    are reset as soon as they are made)."""

    def end(self, dialect: str, streamed: bool) -> End:
        if streamed and dialect == "anthropic" and self.streamed_anthropic is not None:
            return self.streamed_anthropic
        return self.streamed if streamed else self.plain


def same(name: str, fault: str | dict[str, Any] | None, end: End, **more: Any) -> Row:
    """A row whose ends are the same, plain and streamed."""
    return Row(name, fault, end, end, **more)


def status(code: int, end: End, **fields: Any) -> Row:
    name = f"status {code}" + "".join(f", {name}" for name in fields.pop("name", ()))
    return same(name, {"status": {"status": code, **fields}}, end)


def reported(kind: str, end: End) -> Row:
    """An error of this kind, in the dialect's own words, with the status that goes with it."""
    return same(f"reports {kind}", {"status": {"status": end.status, "error": {"kind": kind}}}, end)


STATUSES = [
    status(400, once(InvalidRequestError, 400)),
    status(401, once(AuthenticationError, 401)),
    status(402, once(QuotaExceededError, 402)),
    status(403, once(PermissionDeniedError, 403)),
    status(404, once(NotFoundError, 404)),
    status(405, once(InvalidRequestError, 405)),
    status(408, again(ServerError, 408)),
    status(409, again(InvalidRequestError, 409)),
    status(413, once(InvalidRequestError, 413)),
    status(415, once(InvalidRequestError, 415)),
    status(418, once(InvalidRequestError, 418)),
    status(422, once(InvalidRequestError, 422)),
    status(429, again(RateLimitedError, 429)),
    status(499, once(ProviderError, 499)),
    status(500, again(ServerError, 500)),
    status(501, once(ServerError, 501)),
    status(502, again(ServerError, 502)),
    status(503, again(OverloadedError, 503)),
    status(504, again(ServerError, 504)),
    status(520, again(ServerError, 520)),
    status(524, again(ServerError, 524)),
    status(529, again(OverloadedError, 529)),
    status(599, again(ServerError, 599)),
    # Headers decide over the status, and may ask for less than our own back-off.
    status(400, again(InvalidRequestError, 400), headers={"x-should-retry": "true"}, name=["should retry"]),
    status(500, once(ServerError, 500), headers={"x-should-retry": "false"}, name=["should not retry"]),
    # Bodies that are no error of the dialect.
    status(400, once(InvalidRequestError, 400), body="", name=["empty"]),
    status(401, once(AuthenticationError, 401), body="nope", name=["text"]),
    status(429, again(RateLimitedError, 429), body="", name=["empty"]),
    status(500, again(ServerError, 500), body="", name=["empty"]),
    status(500, again(ServerError, 500), body="Internal Server Error", name=["text"]),
    status(500, again(ServerError, 500), body=[1, 2], name=["array"]),
    status(500, again(ServerError, 500), body={"error": None}, name=["null error"]),
    status(500, again(ServerError, 500), body="x" * 3_000_000, name=["3 MB"]),
    status(503, again(OverloadedError, 503), body={"error": "loading"}, name=["word"]),
    # A redirect is followed to the same origin only, and only where it repeats the request.
    status(302, once(InvalidRequestError, 302), headers={"location": "/v1/elsewhere"}, name=["redirect"]),
    status(307, once(InvalidRequestError, 307), headers={"location": "http://127.0.0.2:9/"}, name=["other origin"]),
    status(307, once(InvalidRequestError, 307), name=["nowhere"]),
    same("overloaded", "overloaded", again(OverloadedError)),
]

KINDS = [
    reported("authentication", once(AuthenticationError, 401)),
    reported("permission_denied", once(PermissionDeniedError, 403)),
    reported("not_found", once(NotFoundError, 404)),
    reported("invalid_request", once(InvalidRequestError, 400)),
    reported("context_length", once(ContextLengthError, 400)),
    same(
        "reports content_filtered",
        {"status": {"status": 400, "error": {"kind": "content_filtered", "message": "blocked by content_filter"}}},
        once(ContentFilteredError, 400),
    ),
    reported("rate_limited", again(RateLimitedError, 429)),
    same(
        "reports quota_exceeded",
        {"status": {"status": 429, "error": {"kind": "quota_exceeded", "message": "Your credit balance is too low"}}},
        once(QuotaExceededError, 429),
    ),
    reported("overloaded", again(OverloadedError, 503)),
    reported("timeout", again(ServerError, 504)),
    reported("server", again(ServerError, 500)),
]

RATE_LIMITS = [
    same(
        f"rate limit, {kind}",
        {"rate_limit": {"retry": kind, "delay_ms": 50}},
        again(RateLimitedError, 429),
        # A date is in whole seconds, rounded up.
        longest_wait={"date": 2.0, "none": 0.5}.get(kind, 0.05),
    )
    for kind in ("seconds", "date", "milliseconds", "ratelimit_reset", "anthropic_reset", "message", "none")
]

NO_CONNECTION = [
    same("refused", None, again(ConnectError), where="refused"),
    same("reset when connected", None, again(ConnectError), where="reset"),
    same(
        "stall connecting",
        None,
        again(ConnectTimeoutError),
        where="silent",
        timeouts=Timeouts(connect=0.3, first_byte=0.1, idle=0.1, total=10),
        lasts=0.3,
    ),
    same(
        "stall connecting, total",
        None,
        once(TotalTimeoutError),
        where="silent",
        timeouts=Timeouts(connect=5, total=0.4),
        lasts=0.4,
    ),
]


def broken(how: str) -> list[Row]:
    """A connection that breaks: reset, or closed in good order."""

    def at(place: str, plain: End, streamed: End, **fields: Any) -> Row:
        more = "".join(f", {name} {value}" for name, value in fields.items())
        return Row(f"{how} {place}{more}", {how: {"at": place, **fields}}, plain, streamed)

    interrupted = again(StreamInterruptedError)
    return [
        at("before_headers", again(ConnectError), again(ConnectError)),
        at("after_headers", interrupted, interrupted),
        # What only opens a stream is not delivered, so that it can still be repeated.
        at("mid_event", interrupted, interrupted, after_chunks=0),
        at("mid_event", interrupted, after(BEGUN, StreamInterruptedError)),
        at("before_terminal", interrupted, after(TEXT, StreamInterruptedError)),
    ]


BROKEN = [*broken("reset"), *broken("close")]


def stall(at: str, limit: str, plain: End, streamed: End, timeouts: Timeouts, **fields: Any) -> Row:
    more = "".join(f", {name} {value}" for name, value in fields.items())
    lasts = getattr(timeouts, limit)
    fault = {"stall": {"at": at, **fields}}
    return Row(f"stall {at}{more}, {limit}", fault, plain, streamed, timeouts=timeouts, lasts=lasts)


# The limits that are not meant are as short or shorter: each has its own place, and its own error there.
FIRST_BYTE = Timeouts(connect=5, first_byte=0.4, idle=0.1, total=10)
IDLE = Timeouts(connect=5, first_byte=0.4, idle=0.4, total=10)
TOTAL = Timeouts(connect=5, first_byte=5, idle=5, total=0.5)

STALLS = [
    stall("before_headers", "first_byte", again(FirstByteTimeoutError), again(FirstByteTimeoutError), FIRST_BYTE),
    stall("before_headers", "total", once(TotalTimeoutError), once(TotalTimeoutError), TOTAL),
    stall("after_headers", "first_byte", again(FirstByteTimeoutError), again(FirstByteTimeoutError), FIRST_BYTE),
    stall("after_headers", "total", once(TotalTimeoutError), once(TotalTimeoutError), TOTAL),
    stall("mid_event", "idle", again(IdleTimeoutError), again(IdleTimeoutError), IDLE, after_chunks=0),
    stall("mid_event", "idle", again(IdleTimeoutError), after(BEGUN, StreamStalledError), IDLE),
    stall("mid_event", "total", once(TotalTimeoutError), after(BEGUN, TotalTimeoutError), TOTAL),
    stall("before_terminal", "idle", again(IdleTimeoutError), after(TEXT, StreamStalledError), IDLE),
    stall("before_terminal", "total", once(TotalTimeoutError), after(TEXT, TotalTimeoutError), TOTAL),
    same("stall before_headers, for a while", {"stall": {"at": "before_headers", "for_ms": 50}}, ANSWERED),
    same("stall after_headers, for a while", {"stall": {"at": "after_headers", "for_ms": 50}}, ANSWERED),
    same("stall mid_event, for a while", {"stall": {"at": "mid_event", "for_ms": 50}}, ANSWERED),
    same("stall before_terminal, for a while", {"stall": {"at": "before_terminal", "for_ms": 50}}, ANSWERED),
]

# Each byte is a sign of life, so only the limits that do not ask for one can pass.
SLOW_LORIS = [
    same(
        "slow loris, first_byte",
        {"slow_loris": {"byte_ms": 20}},
        again(FirstByteTimeoutError),
        timeouts=FIRST_BYTE,
        lasts=0.4,
    ),
    same("slow loris, total", {"slow_loris": {"byte_ms": 20}}, once(TotalTimeoutError), timeouts=TOTAL, lasts=0.5),
    same("slow loris, in a hurry", {"slow_loris": {"byte_ms": 0}}, ANSWERED),
]


def error_event(kind: str, plain: End, error: type[FerruleError], **fields: str) -> Row:
    fault = {"error_event": {"error": {"kind": kind, **fields}}}
    return Row(f"error event, {kind}", fault, plain, after(BEGUN, error))


CONTENTS = [
    Row("no terminal", "no_terminal", once(ResponseDecodeError), after(TEXT, StreamInterruptedError)),
    # What ended says why: nothing of it is missing, whatever marks the end of a stream.
    Row("no end marker", {"no_terminal": {"keep_finish": True}}, once(ResponseDecodeError), ANSWERED),
    Row(
        "truncated chunk",
        "truncated_chunk",
        again(StreamInterruptedError),
        after(BEGUN, StreamInterruptedError),
    ),
    Row(
        "truncated chunk, at once",
        {"truncated_chunk": {"after_chunks": 0}},
        again(StreamInterruptedError),
        again(StreamInterruptedError),
    ),
    Row("malformed JSON", "malformed_json", once(ResponseDecodeError), after(BEGUN, StreamInterruptedError)),
    Row(
        "malformed JSON, at once",
        {"malformed_json": {"after_chunks": 0}},
        once(ResponseDecodeError),
        once(ResponseDecodeError),
    ),
    error_event("overloaded", again(OverloadedError), OverloadedError),
    error_event("server", again(ServerError), ServerError),
    error_event("timeout", again(ServerError), ServerError),
    error_event("rate_limited", again(RateLimitedError), RateLimitedError),
    error_event("invalid_request", once(InvalidRequestError), InvalidRequestError),
    error_event("context_length", once(ContextLengthError), ContextLengthError),
    same("error event, at once", {"error_event": {"after_chunks": 0}}, again(OverloadedError)),
    same("wrong content type", "content_type", ANSWERED),
    same("wrong content type, binary", {"content_type": {"value": "application/octet-stream"}}, ANSWERED),
    same("wrong content type, nonsense", {"content_type": {"value": "nonsense"}}, ANSWERED),
    same("wrong content type, empty", {"content_type": {"value": ""}}, ANSWERED),
    # A stream that says it is a whole answer, or a page, is not read as a stream.
    Row(
        "wrong content type, JSON", {"content_type": {"value": "application/json"}}, ANSWERED, once(ResponseDecodeError)
    ),
    Row("wrong content type, page", {"content_type": {"value": "text/html"}}, ANSWERED, once(ResponseDecodeError)),
    same("html, 502", "html", again(ServerError, 502)),
    same("html, 504", {"html": {"status": 504}}, again(ServerError, 504)),
    same("html, 403", {"html": {"status": 403}}, once(PermissionDeniedError, 403)),
    same("html, 200", {"html": {"status": 200}}, once(ResponseDecodeError)),
    same("gzip", "gzip", ANSWERED),
    Row("empty", "empty", once(ResponseDecodeError), again(StreamInterruptedError)),
    same("100 MB line", "huge_line", once(ResponseDecodeError), timeouts=Timeouts(total=30)),
    same("1 MB line", {"huge_line": {"bytes": 1_000_000}}, ANSWERED),
]


def body(name: str, text: str, plain: End, streamed: End, *, content_type: str, code: int = 200) -> Row:
    """A body that no dialect has."""
    fault = {"status": {"status": code, "body": text, "headers": {"content-type": content_type}}}
    return Row(name, fault, plain, streamed)


JSON, EVENTS = "application/json", "text/event-stream"
DEEP = "[" * 200_000

HOSTILE = [
    body("200, text", "hello", once(ResponseDecodeError), again(StreamInterruptedError), content_type="text/plain"),
    body("200, deep JSON", DEEP, once(ResponseDecodeError), once(ResponseDecodeError), content_type=JSON),
    body(
        "200, another object", '{"hello": 1}', once(ResponseDecodeError), once(ResponseDecodeError), content_type=JSON
    ),
    body("200, null", "null", once(ResponseDecodeError), once(ResponseDecodeError), content_type=JSON),
    body("200, two objects", "{} {}", once(ResponseDecodeError), once(ResponseDecodeError), content_type=JSON),
    body("500, deep JSON", DEEP, again(ServerError), again(ServerError), content_type=JSON, code=500),
    body(
        "event, deep JSON",
        f"data: {DEEP}\n\n",
        once(ResponseDecodeError),
        once(ResponseDecodeError),
        content_type=EVENTS,
    ),
    body("event, text", "data: hello\n\n", once(ResponseDecodeError), once(ResponseDecodeError), content_type=EVENTS),
    body(
        "only comments",
        ": hello\n\n" * 1000,
        once(ResponseDecodeError),
        again(StreamInterruptedError),
        content_type=EVENTS,
    ),
    # An error under status 200 that says nothing of its class (docs/wire/errors.md, section 2).
    same(
        "200, some error",
        {"status": {"status": 200, "body": '{"error": "no"}', "headers": {"content-type": EVENTS}}},
        again(StreamInterruptedError),
    ),
    same(
        "a thousand headers", {"status": {"headers": {f"x-{n}": "y" for n in range(1000)}}}, once(ResponseDecodeError)
    ),
    same("a long header", {"status": {"headers": {"x-long": "y" * 1_000_000}}}, once(ResponseDecodeError)),
]

ROWS = [*HOSTILE, *STATUSES, *KINDS, *RATE_LIMITS, *NO_CONNECTION, *BROKEN, *STALLS, *SLOW_LORIS, *CONTENTS]
