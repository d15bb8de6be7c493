"""Ferrule takes the LiteLLM proxy for a provider, on OpenAI's address and on Anthropic's.

LiteLLM reads our requests and writes the answers we read with code that has nothing in common with ours. Some answers
it makes up itself, others it asks the simulator for: `litellm.yaml` says which. It is started, watched and stopped by
`ferrule.sidecar`.
"""

from __future__ import annotations

import logging
import os
import sysconfig
import threading
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import environment
import pytest

import ferrule
import weather
from ferrule.sidecar import Sidecar
from ferrule.testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIGURATION = Path(__file__).with_name("litellm.yaml")
GREETING = "Hello from the LiteLLM proxy, word by word."

pytestmark = [
    pytest.mark.real_server,
    # LiteLLM takes its time to start.
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.name == "nt", reason="a process group is what ends the proxy"),
    pytest.mark.skipif(
        bool(sysconfig.get_config_var("Py_GIL_DISABLED")), reason="LiteLLM needs orjson, which needs the lock"
    ),
]


class Proxy(Sidecar):
    """A running LiteLLM proxy, all that it said, and how to call it."""

    def providers(self, key: str = "sk-oracle") -> dict[str, Any]:
        return {
            "openai": {"base_url": f"{self.base_url}/v1", "api_key": key},
            "anthropic": {"base_url": self.base_url, "api_key": key},
            "litellm": {"base_url": self.base_url, "api_key": key},
        }


def command() -> list[str]:
    program = environment.programs_of("litellm") / "litellm"
    return [str(program), "--host", "{host}", "--port", "{port}", "--config", "{config}", "--telemetry", "False"]


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a proxy, with a simulator that it asks."""
    with Simulator() as simulator:
        yield {
            "HOME": str(tmp_path_factory.mktemp("litellm")),
            "PYTHONUNBUFFERED": "1",
            # It would fetch its price list from GitHub.
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "NOWHERE": simulator.refused_url,
            "SIMULATOR_OPENAI": simulator.openai_base_url,
            "SIMULATOR_ANTHROPIC": simulator.anthropic_base_url,
        }


@pytest.fixture(scope="module")
def proxy(variables: dict[str, str]) -> Iterator[Proxy]:
    with Proxy(command(), config=CONFIGURATION, api_key="sk-oracle", environment=variables) as running:
        group = running.pid
        yield running
    assert not running.running
    assert is_empty(group)


def is_empty(group: int) -> bool:
    """Whether the last process of a group is gone, which is a moment after it was told to go."""
    pause = threading.Event()
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        pause.wait(0.05)
    return False


@pytest.fixture(autouse=True)
def what_litellm_said(proxy: Proxy, caplog: pytest.LogCaptureFixture) -> None:
    """Stands in the report of a test that failed."""
    caplog.set_level(logging.DEBUG, "ferrule.sidecar")


@pytest.fixture(params=["sync", "async"])
def caller(request: pytest.FixtureRequest, proxy: Proxy) -> Caller:
    return Caller(proxy.providers(), request.param == "async")


class Caller:
    """Calls with either client, in the same words."""

    def __init__(self, providers: dict[str, Any], asynchronous: bool) -> None:
        # LiteLLM's process was seen to end by a fault of its own memory (SIGSEGV in Python's collector). The sidecar
        # starts it again, which takes seconds; so many attempts outlast that.
        self._settings = {"providers": providers, "timeout": 90, "max_retries": 8}
        self._asynchronous = asynchronous

    async def complete(self, model: str, messages: Any = "Why?", **options: Any) -> ferrule.Reply:
        options = {"max_tokens": 3000, **options}
        if self._asynchronous:
            async with ferrule.AsyncClient(**self._settings) as client:
                return await client.complete(model, messages, **options)
        with ferrule.Client(**self._settings) as client:
            return client.complete(model, messages, **options)

    async def stream(self, model: str, **options: Any) -> tuple[list[Any], ferrule.Reply]:
        options = {"max_tokens": 3000, **options}
        if self._asynchronous:
            async with (
                ferrule.AsyncClient(**self._settings) as client,
                client.stream(model, "Why?", **options) as stream,
            ):
                return [event async for event in stream], stream.reply()
        with ferrule.Client(**self._settings) as client, client.stream(model, "Why?", **options) as stream:
            return list(stream), stream.reply()

    async def models(self, provider: str) -> list[str]:
        if self._asynchronous:
            async with ferrule.AsyncClient(**self._settings) as client:
                return [model.id for model in await client.models(provider)]
        with ferrule.Client(**self._settings) as client:
            return [model.id for model in client.models(provider)]


both_dialects = pytest.mark.parametrize("dialect", ["openai", "anthropic"])
both_upstreams = pytest.mark.parametrize("upstream", ["openai", "anthropic"])


def kinds(events: list[Any]) -> list[str]:
    """The names of the events' types, each run of one type once."""
    names = [type(event).__name__ for event in events if not isinstance(event, ferrule.UsageUpdate)]
    return [name for place, name in enumerate(names) if place == 0 or names[place - 1] != name]


@both_dialects
async def test_a_plain_call(caller: Caller, dialect: str) -> None:
    reply = await caller.complete(f"{dialect}/greeting")
    assert (reply.text, reply.finish_reason) == (GREETING, "stop")
    assert (reply.provider, reply.model) == (dialect, "greeting")
    assert reply.usage.input_tokens > 0
    assert reply.usage.output_tokens > 0
    assert [attempt.outcome for attempt in reply.attempts] == ["success"]


@both_dialects
async def test_a_stream(caller: Caller, dialect: str) -> None:
    events, reply = await caller.stream(f"{dialect}/greeting")
    assert kinds(events) == ["TextDelta", "Finish"]
    assert (reply.text, reply.finish_reason) == (GREETING, "stop")
    assert reply.usage.output_tokens > 0


async def test_a_tool_call_that_litellm_made_up(caller: Caller) -> None:
    reply = await caller.complete("openai/weather", tools=[weather.OPENAI_TOOL])
    assert reply.text == "Let me look."
    (call,) = reply.tool_calls
    assert (call.id, call.name, call.arguments) == ("call_weather", "get_weather", {"city": "Paris"})


@both_upstreams
@both_dialects
async def test_text_that_litellm_translated(caller: Caller, dialect: str, upstream: str) -> None:
    model = f"{dialect}/{upstream}-long-20"
    whole = await caller.complete(model, "Why?")
    events, streamed = await caller.stream(model)
    assert kinds(events) == ["TextDelta", "Finish"]
    assert sum(isinstance(event, ferrule.TextDelta) for event in events) > 1
    assert whole.text == streamed.text
    assert whole.usage.output_tokens == streamed.usage.output_tokens == 20
    assert whole.finish_reason == streamed.finish_reason == "stop"


@both_upstreams
@both_dialects
async def test_tools_that_litellm_translated(caller: Caller, dialect: str, upstream: str) -> None:
    model = f"{dialect}/{upstream}-any"
    asked = {"role": "user", "content": "Use the tool, please."}
    first = await caller.complete(model, [asked], tools=[weather.OPENAI_TOOL])
    (call,) = first.tool_calls
    assert (call.name, call.arguments, first.finish_reason) == ("get_weather", {"city": "city"}, "tool_calls")
    result = {"role": "tool", "tool_call_id": call.id, "content": "22 degrees"}
    second = await caller.complete(model, [asked, first.message, result], tools=[weather.OPENAI_TOOL])
    assert (second.text, second.finish_reason) == ("The tool says: 22 degrees", "stop")

    events, reply = await caller.stream(model, tools=[weather.OPENAI_TOOL], tool_choice="required")
    assert kinds(events) == ["ToolCallStart", "ToolCallDelta", "ToolCallEnd", "Finish"]
    assert [(call.name, call.arguments) for call in reply.tool_calls] == [("get_weather", {"city": "city"})]
    assert reply.finish_reason == "tool_calls"


@both_dialects
async def test_reasoning_that_litellm_passed_on(caller: Caller, dialect: str) -> None:
    model = f"{dialect}/{dialect}-reasoning"
    whole = await caller.complete(model)
    events, streamed = await caller.stream(model)
    assert kinds(events) == ["ReasoningDelta", "TextDelta", "Finish"]
    assert whole.reasoning == streamed.reasoning == 'The question is "Why?". Let me think about it.'
    assert whole.text == streamed.text
    if dialect == "anthropic":
        assert all(reply.message.content[0]["signature"] for reply in (whole, streamed))


@pytest.mark.parametrize("streamed", [False, True])
@both_dialects
@pytest.mark.parametrize(
    ("model", "kind", "status", "text"),
    [
        ("limited", ferrule.RateLimitedError, 429, "this is a mock rate limit error"),
        ("broken", ferrule.ServerError, 500, "this is a mock internal server error"),
        ("too-long", ferrule.ContextLengthError, 400, "this is a mock context window exceeded error"),
        # LiteLLM does not say 404.
        ("unknown", ferrule.InvalidRequestError, 400, "model=unknown"),
    ],
)
async def test_errors(
    caller: Caller, dialect: str, model: str, kind: type[ferrule.ProviderError], status: int, text: str, streamed: bool
) -> None:
    call = caller.stream if streamed else caller.complete
    with pytest.raises(kind, match=text) as caught:
        await call(f"{dialect}/{model}", max_retries=0)
    assert type(caught.value) is kind
    assert caught.value.status == status
    assert caught.value.request_id
    assert (caught.value.provider, caught.value.model) == (dialect, model)


@both_dialects
async def test_an_error_in_the_middle_of_a_stream(caller: Caller, dialect: str) -> None:
    with pytest.raises(ferrule.ProviderError, match="The simulated provider failed in the middle") as caught:
        await caller.stream(f"{dialect}/{dialect}-error-mid-stream")
    assert caught.value.status is None
    assert 'You said "Why?"'.startswith(caught.value.partial_reply.text)
    assert caught.value.partial_reply.text


@both_dialects
async def test_a_wrong_key(proxy: Proxy, dialect: str) -> None:
    for asynchronous in (False, True):
        caller = Caller(proxy.providers("sk-wrong"), asynchronous)
        for call in (
            caller.complete(f"{dialect}/greeting"),
            caller.stream(f"{dialect}/greeting"),
            caller.models(dialect),
        ):
            with pytest.raises(ferrule.AuthenticationError, match="not one of ours") as caught:
                await call
            assert caught.value.status == 401
            assert len(caught.value.attempts) == 1


@both_dialects
async def test_a_failure_is_retried(caller: Caller, dialect: str) -> None:
    model = f"{dialect}/openai-fail-once-503"
    whole = await caller.complete(model)
    _, streamed = await caller.stream(model)
    for reply in (whole, streamed):
        failed, _ = reply.attempts
        assert failed.status == 503
        assert reply.text


@both_dialects
async def test_models(caller: Caller, dialect: str) -> None:
    assert {"greeting", "weather", "limited", "broken", "too-long"} <= set(await caller.models(dialect))


def price(usage: ferrule.Usage) -> Decimal:
    return usage.input_tokens * Decimal("0.001") + usage.output_tokens * Decimal("0.002")


async def test_as_a_provider_of_its_own(caller: Caller) -> None:
    """LiteLLM says in headers what an answer cost, by the prices in `litellm.yaml`, and which model it was."""
    whole = await caller.complete("litellm/priced")
    assert (whole.provider, whole.model, whole.text) == ("litellm", "priced", GREETING)
    assert (whole.cost.total, whole.cost.is_reported) == (price(whole.usage), True)
    assert whole.cost.source == "litellm"
    assert whole.to_dict()["extra"]["litellm_model_id"] == "the-priced-one"

    events, streamed = await caller.stream("litellm/priced")
    assert kinds(events) == ["TextDelta", "Finish"]
    # The headers of a stream come before anybody knows; its last chunk tells.
    assert (streamed.cost.total, streamed.cost.is_reported) == (price(streamed.usage), True)
    assert streamed.text == GREETING


def test_a_client_starts_its_own(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    spawned = {"spawn": True, "spawn_config": str(CONFIGURATION), "command": command()}
    with ferrule.Client(providers={"litellm": spawned}, timeout=30) as client:
        (sidecar,) = client.sidecars
        group = sidecar.pid
        assert client.complete("litellm/greeting", "Why?").text == GREETING
        with client.stream("litellm/greeting", "Why?") as stream:
            assert len([event for event in stream if isinstance(event, ferrule.TextDelta)]) > 1
        assert sidecar.api_key not in repr(client) + repr(sidecar)
    assert not sidecar.running
    assert is_empty(group)
