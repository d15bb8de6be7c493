"""Secrets: a key shows in no repr, error, log, dictionary or pickle."""

from __future__ import annotations

import json
import pickle
import traceback
from typing import TYPE_CHECKING, Any

import pytest

import ferrule
from ferrule.testing import Simulator, rule

if TYPE_CHECKING:
    import io

CANARY = "sk-canary-4f9a8b7c6d5e4f3a2b1c0d"
HEADER = "hdr-canary-0a1b2c3d4e5f6a7b8c9d"
MODELS = ["openai/gpt", "anthropic/claude"]


def client(simulator: Simulator, **options: Any) -> ferrule.Client:
    providers = simulator.providers()
    for provider in providers.values():
        provider["api_key"] = CANARY
        provider["headers"] = {"x-gateway-key": HEADER}
    return ferrule.Client(providers=providers, **options)


def assert_hidden(*texts: object) -> None:
    for text in texts:
        assert CANARY not in str(text)
        assert HEADER not in str(text)


def told(error: BaseException) -> list[object]:
    fields = {name: str(value) for name, value in vars(error).items()}
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return [repr(error), str(error), fields, trace, pickle.dumps(error).decode("latin-1")]


@pytest.mark.parametrize("model", MODELS)
def test_after_success(log: io.StringIO, model: str) -> None:
    with Simulator() as simulator:
        ours = client(simulator)
        reply = ours.complete(model, "Hi.")
        stream = ours.stream(model, "Hi.")
        events = list(stream)
        sent = [repr(request) for request in simulator.requests]
        assert CANARY in str(simulator.requests[0].headers), "or this tries nothing"
        assert HEADER in str(simulator.requests[0].headers), "or this tries nothing"
    assert_hidden(
        repr(ours), vars(ours), repr(ours._native), repr(reply), json.dumps(reply.to_dict()), repr(reply.attempts)
    )
    assert_hidden(repr(stream), repr(events), repr(stream.reply().to_dict()), sent)
    assert_hidden(pickle.dumps(reply).decode("latin-1"))
    assert "attempt" in log.getvalue()
    assert_hidden(log.getvalue())


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    "fault",
    [
        # Providers do repeat the key that they refuse.
        {"status": {"status": 401, "body": {"error": {"message": f"Incorrect API key provided: {CANARY}."}}}},
        {"status": {"status": 400, "body": f"<html>authorization: Bearer {CANARY} x-gateway-key: {HEADER}"}},
        {"status": {"status": 503, "body": {"error": {"message": f"{HEADER} {CANARY}", "code": CANARY}}}},
        {"status": {"status": 500, "headers": {"x-request-id": CANARY, "request-id": CANARY}}},
        {"error_event": {"after_chunks": 1, "error": {"kind": "server", "message": f"key {CANARY} broke"}}},
        {"close": {"at": "mid_event"}},
        "empty",
        "malformed_json",
    ],
)
def test_after_failure(log: io.StringIO, model: str, streamed: bool, fault: Any) -> None:
    with Simulator([rule("one two three four", fault=fault)]) as simulator:
        ours = client(simulator, max_retries=1)
        ask = (lambda: list(ours.stream(model, "Hi."))) if streamed else (lambda: ours.complete(model, "Hi."))
        with pytest.raises(ferrule.FerruleError) as failed:
            ask()
    assert_hidden(*told(failed.value), log.getvalue())


@pytest.mark.parametrize(
    "settings",
    [
        {"api_key": CANARY, "base_url": "not a url"},
        {"api_key": CANARY, "base_url": "ftp://host"},
        {"api_key": CANARY, "dialect": "latin"},
        {"api_key": f"{CANARY}\nmore", "base_url": "http://127.0.0.1:9"},
        {"api_key": [CANARY]},
        {"api_key": CANARY, "headers": {"x-gateway-key": f"{HEADER}\r\n"}},
        {"api_key": CANARY, "headers": {"x-gateway-key": [HEADER]}},
        {"base_url": f"https://user:{CANARY}@ [host"},
    ],
)
def test_wrong_settings(settings: Any) -> None:
    with pytest.raises((ferrule.ConfigError, TypeError, ValueError)) as failed:
        ferrule.Client(providers={"openai": settings}).complete("openai/gpt", "Hi.")
    # The program's own source is in the traceback; the words are ours.
    assert_hidden(repr(failed.value), str(failed.value), vars(failed.value))
