"""Errors: their tree, their fields, and that they pickle whole."""

from __future__ import annotations

import builtins
import functools
import json
import pickle
import re
from pathlib import Path
from typing import Any

import pytest

import ferrule
from ferrule import errors
from ferrule.testing import Simulator, rule

TREE = {
    "FerruleError": "Exception",
    "ProviderError": "FerruleError",
    "AuthenticationError": "ProviderError",
    "PermissionDeniedError": "ProviderError",
    "NotFoundError": "ProviderError",
    "InvalidRequestError": "ProviderError",
    "ContextLengthError": "InvalidRequestError",
    "ContentFilteredError": "ProviderError",
    "RateLimitedError": "ProviderError",
    "QuotaExceededError": "ProviderError",
    "OverloadedError": "ProviderError",
    "ServerError": "ProviderError",
    "ResponseDecodeError": "ServerError",
    "ConnectError": "FerruleError",
    "TimeoutError": "FerruleError",
    "ConnectTimeoutError": "TimeoutError",
    "FirstByteTimeoutError": "TimeoutError",
    "IdleTimeoutError": "TimeoutError",
    "TotalTimeoutError": "TimeoutError",
    "StreamInterruptedError": "FerruleError",
    "StreamStalledError": "StreamInterruptedError",
    "BudgetExceededError": "FerruleError",
    "ParseError": "FerruleError",
    "ConfigError": "FerruleError",
    "UnsupportedError": "FerruleError",
    "CallRefusedError": "FerruleError",
}
ROOT = Path(__file__).parents[2]
WIRE_ERRORS = ROOT / "crates/wire/src/model/error.rs"
CLASSES = [getattr(errors, name) for name in TREE]
OF_PROVIDERS = {
    "status": 429,
    "code": "slow_down",
    "error_type": "requests",
    "param": "model",
    "request_id": "req-1",
    "retry_after": 1.5,
    "body": "{}",
}


def test_the_tree() -> None:
    found = {
        name: found.__bases__[0].__name__
        for name, found in vars(errors).items()
        if isinstance(found, type) and issubclass(found, Exception)
    }
    assert found == TREE
    assert issubclass(ferrule.TimeoutError, builtins.TimeoutError)
    assert all(getattr(ferrule, name) is getattr(errors, name) for name in TREE)


@functools.cache
def attempts() -> Any:
    with Simulator() as simulator, pytest.raises(ferrule.ServerError) as failed:
        simulator.client(max_retries=0).complete("openai/status-500", "Hi.")
    return failed.value.attempts


@functools.cache
def reply() -> ferrule.Reply:
    with Simulator() as simulator:
        return simulator.client().complete("openai/echo", "Hi.")


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickling_keeps_every_field(kind: type[errors.FerruleError], protocol: int) -> None:
    fields: dict[str, Any] = {"provider": "openai", "model": "gpt", "attempts": attempts(), "partial_reply": reply()}
    if issubclass(kind, errors.ProviderError):
        fields |= OF_PROVIDERS
    if kind is errors.UnsupportedError:
        fields["field"] = "seed"
    error = kind("What happened.", **fields)
    error.note = "of the program"
    again = pickle.loads(pickle.dumps(error, protocol))
    assert type(again) is kind
    assert (str(again), again.args, again.note) == ("What happened.", error.args, "of the program")
    for name, value in fields.items():
        assert shown(getattr(again, name)) == shown(value), name


def shown(value: Any) -> Any:
    return value.to_dict() if isinstance(value, ferrule.Reply) else repr(value)


@pytest.mark.parametrize("kind", CLASSES)
def test_made_by_hand_without_anything(kind: type[errors.FerruleError]) -> None:
    error = pickle.loads(pickle.dumps(kind()))
    assert (error.message, error.provider, error.attempts, error.partial_reply) == ("", None, (), None)


def test_what_an_error_of_a_provider_says() -> None:
    answer = {
        "status": 404,
        "headers": {"x-request-id": "req-7"},
        "body": {"error": {"message": "No such model.", "type": "t", "code": "model_not_found", "param": "model"}},
    }
    with Simulator([rule(fault={"status": answer})]) as simulator, pytest.raises(ferrule.NotFoundError) as failed:
        simulator.client().complete("openai/gpt-9", "Hi.")
    error = failed.value
    assert (error.provider, error.model, error.status) == ("openai", "gpt-9", 404)
    assert (error.code, error.error_type, error.param) == ("model_not_found", "t", "model")
    assert (error.request_id, error.retry_after) == ("req-7", None)
    assert json.loads(error.body or "") == answer["body"]
    assert str(error).startswith("openai/gpt-9: No such model.")
    assert [attempt.status for attempt in error.attempts] == [404]
    assert error.partial_reply is None


def test_attempts_and_the_asked_for_delay_are_on_the_error() -> None:
    limit = {"rate_limit": {"retry": "milliseconds", "delay_ms": 30}}
    with Simulator([rule(fault=limit)]) as simulator, pytest.raises(ferrule.RateLimitedError) as failed:
        simulator.client(max_retries=1).complete("anthropic/claude", "Hi.")
    assert failed.value.retry_after == pytest.approx(0.03)
    first, second = failed.value.attempts
    assert (first.status, second.status) == (429, 429)
    assert (first.waited, second.waited >= 0.03) == (0, True)


def test_connecting_nowhere() -> None:
    with Simulator() as simulator:
        client = ferrule.Client(providers={"here": {"base_url": simulator.refused_url}}, max_retries=1, timeout=10)
        with pytest.raises(ferrule.ConnectError) as failed:
            client.complete("here/model", "Hi.")
    assert (failed.value.provider, failed.value.model, len(failed.value.attempts)) == ("here", "model", 2)


def test_an_error_says_nothing_twice() -> None:
    """One error, raised once: a stream that failed is at its end."""
    with Simulator([rule(fault={"status": {"status": 400}})]) as simulator:
        stream = simulator.client().stream("openai/gpt", "Hi.")
        with pytest.raises(ferrule.InvalidRequestError):
            next(stream)
        assert list(stream) == []


def test_an_answer_that_cannot_be_read_has_its_own_class() -> None:
    script = [rule(fault={"status": {"status": 200, "body": "[]"}})]
    with Simulator(script) as simulator, pytest.raises(ferrule.ResponseDecodeError) as failed:
        simulator.client().complete("openai/gpt", "Hi.")
    assert isinstance(failed.value, ferrule.ServerError)
    assert len(failed.value.attempts) == 1


def test_the_document_has_the_tree() -> None:
    listed = re.findall(r"^([ │├└─]*)(\w+Error)\b", (ROOT / "docs" / "errors.md").read_text("utf-8"), re.MULTILINE)
    above: list[str] = []
    found: dict[str, str] = {}
    for indent, name in listed:
        depth = len(indent) // 4
        above[depth:] = [name]
        found[name] = above[depth - 1] if depth else "Exception"
    assert found == TREE


def test_the_engine_raises_the_classes_there_are_and_knows_every_kind() -> None:
    table = (ROOT / "crates/python/src/errors.rs").read_text("utf-8")
    raised = set(re.findall(r'"(\w+Error)"', table))
    # The others are only bases, or raised in Python: when a reply is read, and by interceptors.
    assert raised == set(TREE) - {"FerruleError", "TimeoutError", "ParseError", "CallRefusedError"}
    kinds = re.search(r"pub enum ErrorKind \{(.*?)\n\}", WIRE_ERRORS.read_text("utf-8"), re.DOTALL)
    assert kinds is not None
    assert set(re.findall(r"^    (\w+),", kinds[1], re.MULTILINE)) == set(re.findall(r"\(ErrorKind::(\w+),", table))
