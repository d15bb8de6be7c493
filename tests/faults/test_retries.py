"""Retries: when an attempt is repeated, after how long, and when not, as `docs/timeouts-and-retries.md` says."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import pytest

from ferrule import Timeouts
from ferrule.errors import (
    ConnectError,
    FerruleError,
    FirstByteTimeoutError,
    OverloadedError,
    ProviderError,
    RateLimitedError,
    ServerError,
    TotalTimeoutError,
)
from ferrule.testing import rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ferrule import Attempt, Client
    from ferrule.testing import Simulator

DIALECTS = ("openai", "anthropic")


@pytest.fixture(autouse=True)
def no_connections_are_left(simulator: Simulator) -> Iterator[None]:
    yield
    assert simulator.wait_for_connections(0), f"{simulator.open_connections} connections are left"


@pytest.fixture
def client_options() -> dict[str, Any]:
    return {"timeout": 20}


def fails(fault: str | dict[str, Any], *, times: int | None = None) -> list[Any]:
    return [rule(fault=fault, times=times), rule("Hello!")]


def ask(client: Client, dialect: str, *, streamed: bool = False, **options: Any) -> list[Attempt]:
    """The attempts that it took to get the answer."""
    arguments = (f"{dialect}/simulated", "Hello?")
    if not streamed:
        reply = client.complete(*arguments, max_tokens=50, **options)
    else:
        with client.stream(*arguments, max_tokens=50, **options) as stream:
            list(stream)
        reply = stream.reply()
    assert reply.text == "Hello!"
    return list(reply.attempts)


def refused(client: Client, dialect: str, *, streamed: bool = False, **options: Any) -> FerruleError:
    """The error."""
    with pytest.raises(FerruleError) as caught:
        ask(client, dialect, streamed=streamed, **options)
    return caught.value


@pytest.fixture(autouse=True)
def scheduled(caplog: pytest.LogCaptureFixture) -> Callable[[], int]:
    """How many retries were scheduled so far, whether or not their attempts were made: the log has a line for each."""
    # Before there is a client: it asks for the level when it is made.
    caplog.set_level(logging.DEBUG, logger="ferrule")
    return lambda: sum("trying again" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("said", "delay_ms", "least", "most"),
    [
        ("seconds", 1000, 1.0, 1.0),
        ("seconds", 50, 0.05, 0.05),
        ("milliseconds", 50, 0.05, 0.05),
        ("ratelimit_reset", 50, 0.05, 0.05),
        ("message", 50, 0.05, 0.05),
        # A moment is only as far away as it still is when it is read; the date is in whole seconds, rounded up.
        ("date", 1000, 0.5, 2.0),
        ("anthropic_reset", 1000, 0.2, 1.0),
        ("none", 0, 0.375, 0.5),
    ],
)
def test_waits_as_long_as_the_provider_says(
    simulator: Simulator,
    client: Client,
    dialect: str,
    streamed: bool,
    said: str,
    delay_ms: int,
    least: float,
    most: float,
) -> None:
    simulator.set_script(fails({"rate_limit": {"retry": said, "delay_ms": delay_ms}}, times=1))
    began = time.perf_counter()
    first, second = ask(client, dialect, streamed=streamed)
    seconds = time.perf_counter() - began
    assert (first.status, first.waited) == (429, 0)
    assert second.outcome == "success"
    assert least - 0.001 <= second.waited <= most + 0.001
    assert seconds >= second.waited
    # What is recorded is what the server saw.
    times = [request.time for request in simulator.requests]
    assert times[1] - times[0] >= second.waited - 0.01


def test_milliseconds_come_before_seconds(simulator: Simulator, client: Client) -> None:
    headers = {"retry-after-ms": "40", "retry-after": "30"}
    simulator.set_script(fails({"status": {"status": 503, "headers": headers}}, times=1))
    assert ask(client, "openai")[1].waited == pytest.approx(0.04)


@pytest.mark.parametrize("value", ["-5", "NaN", "soon", ""])
def test_nonsense_is_no_delay(simulator: Simulator, client: Client, value: str) -> None:
    simulator.set_script(fails({"status": {"status": 503, "headers": {"retry-after": value}}}, times=1))
    assert 0.375 <= ask(client, "openai")[1].waited <= 0.5


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_other_statuses_may_name_a_delay_as_well(simulator: Simulator, client: Client, status: int) -> None:
    simulator.set_script(fails({"status": {"status": status, "headers": {"retry-after-ms": "30"}}}, times=1))
    first, second = ask(client, "openai")
    assert (first.status, second.waited) == (status, pytest.approx(0.03))


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_delay_beyond_the_deadline_fails_at_once(
    simulator: Simulator, client: Client, scheduled: Callable[[], int], dialect: str, streamed: bool
) -> None:
    simulator.set_script(fails({"rate_limit": {"delay_ms": 60_000}}))
    error = refused(client, dialect, streamed=streamed, timeout=1)
    assert type(error) is RateLimitedError
    assert error.retry_after == pytest.approx(60)
    assert (len(error.attempts), len(simulator.requests), scheduled()) == (1, 1, 0)


@pytest.mark.parametrize("asked", [121, 99_999_999_999])
def test_a_delay_beyond_two_minutes_fails_at_once(
    simulator: Simulator, client: Client, scheduled: Callable[[], int], asked: int
) -> None:
    simulator.set_script(fails({"status": {"status": 429, "headers": {"retry-after": str(asked)}}}))
    error = refused(client, "openai", timeout=600)
    assert type(error) is RateLimitedError
    assert error.retry_after == pytest.approx(asked)
    assert (len(error.attempts), len(simulator.requests), scheduled()) == (1, 1, 0)


@pytest.mark.parametrize("said", ["seconds", "date", "milliseconds", "ratelimit_reset", "anthropic_reset", "message"])
def test_the_error_says_how_long(simulator: Simulator, client: Client, said: str) -> None:
    simulator.set_script(fails({"rate_limit": {"retry": said, "delay_ms": 30_000}}))
    error = refused(client, "anthropic", max_retries=0)
    assert type(error) is RateLimitedError
    assert 25 < error.retry_after <= 31


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("max_retries", [0, 1, 3])
def test_gives_up_after_max_retries(
    simulator: Simulator, client: Client, dialect: str, streamed: bool, max_retries: int
) -> None:
    simulator.set_script(fails({"status": {"status": 503, "headers": {"retry-after-ms": "10"}}}))
    error = refused(client, dialect, streamed=streamed, max_retries=max_retries)
    assert type(error) is OverloadedError
    assert [attempt.status for attempt in error.attempts] == [503] * (max_retries + 1)
    assert [attempt.waited for attempt in error.attempts] == pytest.approx([0] + [0.01] * max_retries)
    assert len(simulator.requests) == max_retries + 1


def test_the_default_is_two_retries_that_wait_longer_each_time(simulator: Simulator, client: Client) -> None:
    simulator.set_script(fails("status"))
    error = refused(client, "openai")
    assert type(error) is ServerError
    first, second, third = (attempt.waited for attempt in error.attempts)
    assert first == 0
    assert 0.375 <= second <= 0.5
    assert 0.75 <= third <= 1.0


def test_the_attempts_say_what_went_wrong_each_time(simulator: Simulator, client: Client) -> None:
    quick = {"retry-after-ms": "10"}
    simulator.set_script(
        [
            rule(fault={"status": {"status": 500, "headers": quick}}, times=1),
            rule(fault={"stall": {"at": "before_headers"}}, times=1),
            rule(fault={"status": {"status": 429, "headers": quick}}, times=1),
            rule("Hello!"),
        ]
    )
    attempts = ask(client, "openai", max_retries=3, timeout=Timeouts(first_byte=0.3, total=20))
    assert [attempt.status for attempt in attempts] == [500, None, 429, None]
    assert "first-byte" in attempts[1].outcome
    assert attempts[1].duration >= 0.3
    assert attempts[3].outcome == "success"


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 413, 415, 422, 501])
def test_what_cannot_be_helped_is_tried_once(simulator: Simulator, client: Client, status: int) -> None:
    simulator.set_script(fails({"status": {"status": status}}, times=1))
    error = refused(client, "openai", max_retries=5)
    assert isinstance(error, ProviderError)
    assert (error.status, len(error.attempts), len(simulator.requests)) == (status, 1, 1)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_total_counts_the_retries_and_what_was_waited(
    simulator: Simulator, client: Client, scheduled: Callable[[], int], dialect: str, streamed: bool
) -> None:
    simulator.set_script(fails({"stall": {"at": "before_headers"}}))
    limits = Timeouts(first_byte=0.3, total=1.5)
    error = refused(client, dialect, streamed=streamed, max_retries=50, timeout=limits)
    # Two attempts of 0.3 s and the back-off between them leave less than the next back-off, 0.75 s at least.
    assert type(error) in (FirstByteTimeoutError, TotalTimeoutError)
    assert (len(error.attempts), len(simulator.requests), scheduled()) == (2, 2, 1)
    assert 0.375 <= error.attempts[1].waited <= 0.5


def test_a_connection_that_was_closed_meanwhile_is_replaced_at_once(simulator: Simulator, client: Client) -> None:
    """The server closes a kept connection just as it is used again: the usual race, and no reason to wait."""
    simulator.set_script([rule("Hello!")])
    ask(client, "openai")
    simulator.set_script(fails({"close": {"at": "before_headers"}}, times=1))
    first, second = ask(client, "openai")
    assert "broke off" in first.outcome
    assert second.waited == 0


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_nobody_listens(simulator: Simulator, scheduled: Callable[[], int], dialect: str, streamed: bool) -> None:
    from ferrule import Client

    providers = {dialect: {"base_url": simulator.refused_url, "api_key": "sk-simulated"}}
    with Client(providers=providers, max_retries=1, timeout=5) as client:
        error = refused(client, dialect, streamed=streamed)
    assert type(error) is ConnectError
    assert "refused" in str(error)
    assert (len(error.attempts), scheduled()) == (2, 1)
    assert 0.375 <= error.attempts[1].waited <= 0.5


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_refused_for_a_moment(
    simulator: Simulator, caplog: pytest.LogCaptureFixture, dialect: str, streamed: bool
) -> None:
    """The server comes back as soon as the first attempt has failed: its log line tells."""

    class ComeBack(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "trying again" in record.getMessage():
                simulator.set_script([rule("Hello!")])

    logger, handler = logging.getLogger("ferrule"), ComeBack()
    caplog.set_level(logging.DEBUG, logger="ferrule")
    logger.addHandler(handler)
    try:
        simulator.set_script({"refuse": True})
        with simulator.client(timeout=20) as client:
            attempts = ask(client, dialect, streamed=streamed)
    finally:
        logger.removeHandler(handler)
    assert len(attempts) == 2
    assert "cannot connect" in attempts[0].outcome


def test_an_error_carries_the_answer_that_it_is_made_of(simulator: Simulator, client: Client) -> None:
    headers = {"x-request-id": "req_of_a_gateway", "retry-after": "7"}
    body = {"error": {"message": "Too many of them.", "type": "tokens", "code": "rate_limit_exceeded", "param": "n"}}
    simulator.set_script(fails({"status": {"status": 429, "headers": headers, "body": body}}))
    error = refused(client, "openai", max_retries=0)
    assert type(error) is RateLimitedError
    assert (error.status, error.request_id, error.retry_after) == (429, "req_of_a_gateway", 7)
    assert (error.code, error.error_type, error.param) == ("rate_limit_exceeded", "tokens", "n")
    assert "Too many of them." in error.message
    assert "Too many of them." in error.body


def test_a_huge_error_is_kept_only_in_its_beginning(simulator: Simulator, client: Client) -> None:
    simulator.set_script(fails({"status": {"status": 500, "body": "x" * 5_000_000}}))
    error = refused(client, "openai", max_retries=0)
    assert len(error.body) < 100_000
    assert len(str(error)) < 10_000
