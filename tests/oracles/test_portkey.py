"""Ferrule asks the simulator through the Portkey gateway, which reads our requests and writes the answers we read.

Headers say to the gateway which provider to call; their values are not secret, though `portkey` ends in `key`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import environment
import pytest

import ferrule
import weather
from ferrule.sidecar import Sidecar
from ferrule.testing import Simulator, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.real_server,
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.name == "nt", reason="a process group is what ends the gateway"),
]

KEY = "sk-oracle-of-portkey"
UPSTREAMS = ["openai", "anthropic"]
every = pytest.mark.parametrize("upstream", UPSTREAMS)
CALL = {"tool_calls": [{"name": "get_weather", "arguments": {"city": "Oslo"}}]}
SCRIPT = [
    rule({"text": "Hello \U0001f600 there."}, text="*greet*"),
    rule(CALL, text="*weather*"),
    rule(fault={"rate_limit": {"retry": "seconds", "delay_ms": 1000}}, text="*limit*"),
    rule(fault={"status": {"status": 400}}, text="*wrong*"),
]


@pytest.fixture(scope="module")
def gateway() -> Iterator[str]:
    program = environment.directory("portkey") / "node_modules/@portkey-ai/gateway/build/start-server.js"
    assert environment.is_installed("portkey"), "run `make test-oracles`"
    with Sidecar(["node", str(program), "--port={port}", "--headless"], readiness_path="/") as running:
        yield running.base_url


@pytest.fixture(scope="module")
def upstreams() -> Iterator[Simulator]:
    with Simulator(SCRIPT) as simulator:
        yield simulator


@pytest.fixture
def providers(gateway: str, upstreams: Simulator) -> dict[str, Any]:
    hosts = {"openai": upstreams.openai_base_url, "anthropic": f"{upstreams.anthropic_base_url}/v1"}
    return {
        name: {
            "base_url": f"{gateway}/v1",
            "dialect": "openai-chat",
            "api_key": KEY,
            "headers": {"x-portkey-provider": name, "x-portkey-custom-host": host},
        }
        for name, host in hosts.items()
    }


def settings(providers: dict[str, Any]) -> dict[str, Any]:
    return {"providers": {f"through-{name}": fields for name, fields in providers.items()}, "max_retries": 0}


PROMPTS: list[tuple[str, dict[str, Any]]] = [("greet", {}), ("weather", {"tools": [weather.OPENAI_TOOL]})]
both = pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])


def check(reply: ferrule.Reply, prompt: str) -> None:
    if prompt == "greet":
        assert (reply.text, reply.finish_reason) == ("Hello \U0001f600 there.", "stop")
        return
    (call,) = reply.tool_calls
    assert (call.name, call.arguments, reply.finish_reason) == ("get_weather", {"city": "Oslo"}, "tool_calls")


@every
@both
async def test_text_and_calls(providers: dict[str, Any], upstream: str, asynchronous: bool) -> None:
    model = f"through-{upstream}/a-model"
    for prompt, options in PROMPTS:
        if asynchronous:
            async with ferrule.AsyncClient(**settings(providers)) as client:
                check(await client.complete(model, prompt, max_tokens=100, **options), prompt)
        else:
            with ferrule.Client(**settings(providers)) as blocking:
                check(blocking.complete(model, prompt, max_tokens=100, **options), prompt)


# `requirements/portkey.json` holds @hono/node-server at 1.13.8: from 1.14 on its `Response` keeps the headers of the
# response that it is made from, which `fetch` made immutable. The gateway (1.9.8 and 1.15.2) then answers every stream
# with status 500 (`TypeError: immutable`, where its `updateHeaders` appends one).
@every
@both
async def test_streams(providers: dict[str, Any], upstream: str, asynchronous: bool) -> None:
    model = f"through-{upstream}/a-model"
    for prompt, options in PROMPTS:
        if asynchronous:
            async with (
                ferrule.AsyncClient(**settings(providers)) as client,
                client.stream(model, prompt, max_tokens=100, **options) as stream,
            ):
                assert [event async for event in stream]
                check(stream.reply(), prompt)
        else:
            with (
                ferrule.Client(**settings(providers)) as blocking,
                blocking.stream(model, prompt, max_tokens=100, **options) as plain,
            ):
                assert list(plain)
                check(plain.reply(), prompt)


@every
def test_errors_keep_their_class(providers: dict[str, Any], upstream: str) -> None:
    model = f"through-{upstream}/a-model"
    with ferrule.Client(**settings(providers)) as client:
        with pytest.raises(ferrule.RateLimitedError):
            client.complete(model, "limit", max_tokens=10)
        with pytest.raises(ferrule.InvalidRequestError):
            client.complete(model, "wrong", max_tokens=10)


def test_the_name_of_a_provider_is_no_secret(providers: dict[str, Any]) -> None:
    headers = {"x-portkey-provider": "provider-that-nobody-has", "x-portkey-custom-host": "http://127.0.0.1:9"}
    fields = {**providers["openai"], "headers": headers}
    client = ferrule.Client(providers={"mine": fields}, max_retries=0)
    with client, pytest.raises(ferrule.FerruleError) as caught:
        client.complete("mine/a-model", "greet")
    assert "***" not in str(caught.value)
    assert KEY not in str(caught.value)
