"""Runs: a model and its tools in turns, with each client, plain and streamed."""

from __future__ import annotations

import asyncio
import contextvars
import copy
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

import ferrule
from ferrule.testing import Simulator, rule

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MODEL = "openai/gpt-5-mini"
WAYS = ["run", "stream_run", "async run", "async stream_run"]
PROVIDERS = ["openai", "openai-responses", "anthropic", "gemini", "bedrock", "cohere", "ollama"]
every_way = pytest.mark.parametrize("way", WAYS)


def made(simulator: Simulator, way: str, messages: Any = "Go.", *, model: str = MODEL, **options: Any) -> ferrule.Run:
    """A run, made in one of the four ways."""
    return followed(simulator, way, messages, model=model, **options)[0]


def followed(
    simulator: Simulator, way: str, messages: Any = "Go.", *, model: str = MODEL, **options: Any
) -> tuple[ferrule.Run, list[Any]]:
    """A run and its events, if it has any."""
    if not way.startswith("async"):
        with simulator.client(max_retries=0) as client:
            if way == "run":
                return client.run(model, messages, **options), []
            with client.stream_run(model, messages, **options) as stream:
                events = list(stream)
            return stream.run(), events

    async def main() -> tuple[ferrule.Run, list[Any]]:
        async with simulator.async_client(max_retries=0) as client:
            if way == "async run":
                return await client.run(model, messages, **options), []
            async with client.stream_run(model, messages, **options) as stream:
                events = [event async for event in stream]
            return stream.run(), events

    return asyncio.run(main())


def calling(*calls: tuple[str, Any]) -> Any:
    return {"tool_calls": [{"name": name, "arguments": arguments} for name, arguments in calls]}


def results(run: ferrule.Run) -> list[tuple[Any, bool]]:
    """What the model was told, and whether as an error."""
    blocks = [
        block
        for message in run.messages
        if isinstance(message, ferrule.Message) and message.role == "tool"
        for block in message.to_dict()["content"]
    ]
    return [(block.get("content", ""), block.get("is_error", False)) for block in blocks]


def weather(city: str) -> dict[str, Any]:
    """The weather in a city."""
    if city == "Atlantis":
        raise LookupError("no such city")
    return {"city": city, "degrees": 12}


async def population(city: str) -> int:
    """How many people live in a city."""
    await asyncio.sleep(0)
    return 709_000


TWO_STEPS = [
    rule(calling(("weather", {"city": "Oslo"}), ("population", {"city": "Oslo"})), times=1),
    rule(calling(("weather", {"city": "Atlantis"}), ("wether", {}), ("weather", {"town": "Oslo"})), times=1),
    rule("It rains."),
]


@every_way
@pytest.mark.parametrize(
    "provider", ["openai", "openai-responses", "anthropic", "gemini", "bedrock", "cohere", "ollama"]
)
def test_a_model_and_its_tools_take_turns(provider: str, way: str) -> None:
    with Simulator(TWO_STEPS) as simulator:
        model = {"openai": MODEL, "anthropic": "anthropic/claude-sonnet-4-5"}.get(provider, f"{provider}/a-model")
        run = made(simulator, way, model=model, tools=[weather, population], max_tokens=100)
        assert len(simulator.requests) == 3
        # What was told to the model last is in the last request.
        assert "no such city" in json.dumps(simulator.requests[-1].body)
        # The conversation goes on.
        with simulator.client() as client:
            again = client.complete(model, [*run.messages, {"role": "user", "content": "And now?"}], max_tokens=100)
            assert again.text == "It rains."
    assert (run.stopped, run.text, run.reply.text, len(run.replies)) == ("answer", "It rains.", "It rains.", 3)
    assert results(run) == [
        ('{"city": "Oslo", "degrees": 12}', False),
        ("709000", False),
        ("LookupError: no such city", True),
        ("Error: there is no tool `wether`; the tools are: `weather`, `population`", True),
        ('Error: the arguments do not fit: `city` is missing; it is {"town": "Oslo"}', True),
    ]
    assert run.pending == []
    assert run.usage.input_tokens == sum(reply.usage.input_tokens or 0 for reply in run.replies)
    if provider in ("openai", "anthropic"):
        costs = [reply.cost for reply in run.replies]
        assert run.cost is not None
        assert run.cost.total == sum(cost.total for cost in costs if cost is not None)
        assert run.cost.quantities["output_tokens"] == run.usage.output_tokens
    assert pickle.loads(pickle.dumps(run)).messages == run.messages


@pytest.mark.parametrize("way", ["stream_run", "async stream_run"])
def test_the_events_of_a_run(way: str) -> None:
    with Simulator(TWO_STEPS) as simulator:
        run, events = followed(simulator, way, tools=[weather, population])
    kinds = [
        type(event).__name__
        for event in events
        if isinstance(event, (ferrule.StepStart, ferrule.ToolResult, ferrule.StepEnd, ferrule.ToolCallStart))
    ]
    one = ["StepStart", "ToolCallStart", "ToolCallStart", "ToolResult", "ToolResult", "StepEnd"]
    two = ["StepStart", *["ToolCallStart"] * 3, *["ToolResult"] * 3, "StepEnd"]
    assert kinds == [*one, *two, "StepStart", "StepEnd"]
    assert "".join(event.text for event in events if isinstance(event, ferrule.TextDelta)) == "It rains."
    told = [event for event in events if isinstance(event, ferrule.ToolResult)]
    looked = next(result for result in told if result.call.name == "weather")
    assert (looked.value, looked.is_error, looked.error) == ({"city": "Oslo", "degrees": 12}, False, None)
    assert looked.text == '{"city": "Oslo", "degrees": 12}'
    assert looked.duration >= 0
    failed = [result for result in told if result.is_error]
    assert sorted(type(result.error).__name__ for result in failed) == [
        "ArgumentsError",
        "ArgumentsError",
        "LookupError",
    ]
    ends = [event for event in events if isinstance(event, ferrule.StepEnd)]
    assert [(end.step, end.reply) for end in ends] == list(enumerate(run.replies, 1))


def test_the_text_of_a_run() -> None:
    with Simulator(TWO_STEPS) as simulator, simulator.client() as client:
        stream = client.stream_run(MODEL, "Go.", tools=[weather, population])
        assert "".join(stream.text) == "It rains."

    async def main() -> str:
        async with simulator.async_client() as client:
            stream = client.stream_run(MODEL, "Go.", tools=[weather, population])
            return "".join([text async for text in stream.text])

    with Simulator(TWO_STEPS) as simulator:
        assert asyncio.run(main()) == "It rains."


FOR_EVER = [rule(calling(("weather", {"city": "Oslo"})))]


@every_way
def test_a_limit_of_steps(way: str) -> None:
    with Simulator(FOR_EVER) as simulator:
        run = made(simulator, way, tools=[weather], max_steps=3)
        assert len(simulator.requests) == 3
        assert (run.stopped, len(run.replies), len(results(run))) == ("steps", 3, 3)
        # What it has done is not lost, and it goes on from there.
        simulator.set_script([rule("Enough.")])
        more = made(simulator, way, run.messages, tools=[weather])
    assert (more.stopped, more.text, len(more.messages)) == ("answer", "Enough.", len(run.messages) + 1)


@every_way
def test_a_limit_of_cost(way: str) -> None:
    with Simulator(FOR_EVER) as simulator:
        first = made(simulator, way, tools=[weather], max_steps=1).cost
        assert first is not None
        run = made(simulator, way, tools=[weather], max_cost=first.total * Decimal("1.5"))
        assert (run.stopped, len(run.replies)) == ("cost", 2)
        assert run.pending == []
        # A cost that is not known cannot be kept below a limit.
        unknown = made(simulator, way, tools=[weather], max_cost=5, model="openai/unheard-of")
    assert (unknown.stopped, len(unknown.replies), unknown.cost) == ("cost", 1, None)


def slow_weather(city: str) -> str:
    threading.Event().wait(30)
    return "late"


async def slow_population(city: str) -> str:
    await asyncio.sleep(30)
    return "late"


@every_way
@pytest.mark.parametrize("parallel", [True, False])
def test_a_limit_of_time_while_tools_run(way: str, parallel: bool) -> None:
    script = [
        rule(calling(("slow_weather", {"city": "a"}), ("slow_population", {"city": "b"}), ("weather", {"city": "c"})))
    ]
    with Simulator(script) as simulator:
        tools = [slow_weather, slow_population, weather]
        run = made(simulator, way, tools=tools, timeout=1.5, parallel=parallel)
    late = ("Error: the tool did not finish within the time limit of the run", True)
    done = ('{"city": "c", "degrees": 12}', False) if parallel else late
    assert (run.stopped, results(run)) == ("time", [late, late, done])


@every_way
def test_a_limit_of_time_while_the_model_answers(way: str) -> None:
    slow = {"text": "one two three four", "first_token_ms": 100, "tokens_per_second": 1}
    with Simulator([rule(calling(("weather", {"city": "Oslo"})), nth=1), rule(slow)]) as simulator:
        run = made(simulator, way, tools=[weather], timeout=2.0)
    assert (run.stopped, len(run.replies), len(results(run))) == ("time", 1, 1)
    if "stream" in way:
        assert run.partial_reply is not None
        assert run.partial_reply.text.startswith("one")
    with Simulator([rule({"text": "x", "first_token_ms": 600_000})]) as simulator:
        run = made(simulator, way, tools=[weather], timeout=0.2)
    assert (run.stopped, run.replies, run.text) == ("time", [], "")
    with pytest.raises(LookupError, match="it stopped before the model answered"):
        _ = run.reply


@every_way
def test_the_limits_of_a_call_stay_those_of_the_client(way: str) -> None:
    with Simulator([rule({"text": "x", "first_token_ms": 600_000})]) as simulator:
        with pytest.raises(ferrule.FirstByteTimeoutError):
            made(simulator, way, tools=[weather], timeout=ferrule.Timeouts(first_byte=0.1, total=30))
        options = {"timeout": 0.1, "max_retries": 0}
        with simulator.client(**options) as client, pytest.raises(ferrule.TotalTimeoutError):
            client.run(MODEL, "Go.", tools=[weather], timeout=30)


@every_way
def test_an_error_of_the_model_has_what_was_done(way: str) -> None:
    script = [rule(calling(("weather", {"city": "Oslo"})), nth=1), rule(fault="rate_limit")]
    with Simulator(script) as simulator, pytest.raises(ferrule.RateLimitedError) as caught:
        made(simulator, way, tools=[weather])
    run = caught.value.partial_run
    assert run is not None
    assert (run.stopped, len(run.replies), len(results(run))) == (None, 1, 1)
    assert pickle.loads(pickle.dumps(caught.value)).partial_run.messages == run.messages
    # It goes on from there, and the tool is not called again.
    with Simulator([rule("It rains.")]) as simulator:
        assert made(simulator, way, run.messages, tools=[]).text == "It rains."


def approvals(*said: Any) -> tuple[Callable[[ferrule.ToolCall], Any], list[str]]:
    """An `approve` that says these one after the other, and the calls it was asked about."""
    asked: list[str] = []
    answers = iter(said)

    def approve(call: ferrule.ToolCall) -> Any:
        asked.append(f"{call.name} {call.arguments['city']}")
        return next(answers)

    return approve, asked


TWO_CALLS = calling(("weather", {"city": "Oslo"}), ("weather", {"city": "Bergen"}), ("nope", {}))


@every_way
def test_approval_by_call(way: str) -> None:
    approve, asked = approvals(True, "Ask about Trondheim instead.")
    with Simulator([rule(TWO_CALLS, nth=1), rule("Done.")]) as simulator:
        run = made(simulator, way, tools=[weather], approve=approve)
    # What cannot be called needs no approval.
    assert asked == ["weather Oslo", "weather Bergen"]
    assert run.stopped == "answer"
    assert results(run)[:2] == [('{"city": "Oslo", "degrees": 12}', False), ("Ask about Trondheim instead.", False)]


@every_way
def test_a_run_without_approval_stops_and_goes_on(way: str) -> None:
    called: list[str] = []

    def weather(city: str) -> str:
        called.append(city)
        return city

    with Simulator([rule(TWO_CALLS, nth=1), rule("Done.")]) as simulator:
        approve, asked = approvals(True, False)
        run = made(simulator, way, tools=[weather], approve=approve)
        assert (run.stopped, called, len(simulator.requests)) == ("approval", [], 1)
        assert [call.name for call in run.pending] == ["weather", "weather", "nope"]
        # The calls of the step are asked again.
        kept = pickle.loads(pickle.dumps(run)).messages
        approve, asked = approvals(True, True)
        more = made(simulator, way, kept, tools=[weather], approve=approve)
        assert (more.stopped, sorted(called), len(asked)) == ("answer", ["Bergen", "Oslo"], 2)
        assert [told for told, _ in results(more)][:2] == ["Oslo", "Bergen"]
        # Some of them are answered by hand, in whatever form.
        first, second, third = run.pending
        by_hand = [first.result("dry"), {"role": "tool", "tool_call_id": second.id, "content": "wet"}]
        more = made(simulator, way, [*run.messages, *by_hand], tools=[weather])
        assert [told for told, _ in results(more)] == [
            "dry",
            "Error: there is no tool `nope`; the tools are: `weather`",
        ]
        # They may have been kept as JSON in between.
        written = json.loads(json.dumps([message.to_dict() for message in [*run.messages, by_hand[0]]]))  # type: ignore[union-attr]
        more = made(simulator, way, [*written, by_hand[1]], tools=[weather])
        assert [text for text, _ in results(more)] == ["Error: there is no tool `nope`; the tools are: `weather`"]
        # An answer may stand with something else in one message, in Anthropic's form.
        block = {"type": "tool_result", "tool_use_id": first.id, "content": "dry"}
        mixed = {"role": "user", "content": [block, {"type": "text", "text": "Stop here."}]}
        made(simulator, way, [*run.messages, mixed], tools=[weather])
        roles = [message["role"] for message in simulator.requests[-1].body["messages"]]
        assert roles == ["user", "assistant", "tool", "tool", "tool", "user"]
        # Or the user says something else.
        instead = {"role": "user", "content": "No, never mind."}
        more = made(simulator, way, [*run.messages, third.error("no"), instead], tools=[weather])
        sent = json.dumps(simulator.requests[-1].body["messages"])
    assert more.text == "Done."
    assert sent.count("did not approve") == 2
    assert sent.index("did not approve") < sent.index("never mind")


@every_way
def test_approval_may_be_asynchronous(way: str) -> None:
    async def approve(call: ferrule.ToolCall) -> bool:
        await asyncio.sleep(0)
        return call.arguments["city"] == "Oslo"

    with Simulator([rule(TWO_CALLS)]) as simulator:
        assert made(simulator, way, tools=[weather], approve=approve).stopped == "approval"
        allowed = [rule(calling(("weather", {"city": "Oslo"})), nth=1), rule("Done.")]
        simulator.set_script(allowed)
        assert made(simulator, way, tools=[weather], approve=approve).stopped == "answer"


@every_way
def test_nothing_is_begun_when_the_time_is_over(way: str) -> None:
    called: list[str] = []

    def approve(call: ferrule.ToolCall) -> bool:
        time.sleep(0.4)
        return True

    with Simulator([rule(calling(("weather", {"city": "Oslo"})))]) as simulator:
        tool = ferrule.Tool(called.append, name="weather", parameters={"type": "object"})
        run = made(simulator, way, tools=[tool], approve=approve, timeout=0.3)
    assert (run.stopped, called, run.pending) == ("time", [], [])


@every_way
def test_an_approval_that_says_nothing_is_a_mistake(way: str) -> None:
    with Simulator([rule(TWO_CALLS)]) as simulator, pytest.raises(TypeError, match="approve: expected True, False"):
        made(simulator, way, tools=[weather], approve=lambda call: None)


@every_way
def test_tools_run_at_once_unless_told_otherwise(way: str) -> None:
    together = threading.Barrier(2, timeout=20)
    calls = [rule(calling(("meet", {"who": "a"}), ("meet", {"who": "b"})), nth=1), rule("Done.")]

    def meet(who: str) -> str:
        together.wait()
        return who

    with Simulator(calls) as simulator:
        assert results(made(simulator, way, tools=[meet])) == [("a", False), ("b", False)]
    order: list[str] = []
    at_once = 0

    async def alone(who: str) -> str:
        nonlocal at_once
        at_once += 1
        assert at_once == 1
        order.append(who)
        await asyncio.sleep(0.01)
        at_once -= 1
        return who

    tool = ferrule.Tool(alone, name="meet")
    with Simulator(calls) as simulator:
        run = made(simulator, way, tools=[tool], parallel=False)
    assert (order, results(run)) == (["a", "b"], [("a", False), ("b", False)])


@every_way
def test_any_number_of_calls(way: str) -> None:
    threads: set[str] = set()

    def count(number: int) -> int:
        threads.add(threading.current_thread().name)
        return number

    many = calling(*(("count", {"number": number}) for number in range(100)))
    with Simulator([rule(many, nth=1), rule("Done.")]) as simulator:
        run = made(simulator, way, tools=[count])
    assert [told for told, _ in results(run)] == [str(number) for number in range(100)]
    assert threads == {"ferrule-tool"}


place: contextvars.ContextVar[str] = contextvars.ContextVar("place")


@every_way
def test_tools_see_the_context_variables_of_the_caller(way: str) -> None:
    def where() -> str:
        return place.get("nowhere")

    token = place.set("here")
    try:
        with Simulator([rule(calling(("where", {})), nth=1), rule("Done.")]) as simulator:
            assert results(made(simulator, way, tools=[where])) == [("here", False)]
    finally:
        place.reset(token)


@every_way
def test_a_choice_that_demands_a_call_holds_until_one_was_made(way: str) -> None:
    with Simulator([rule(calling(("weather", {"city": "Oslo"})), nth=1), rule("Done.")]) as simulator:
        made(simulator, way, tools=[weather], tool_choice="required", temperature=0.5)
        choices = [request.body.get("tool_choice") for request in simulator.requests]
        assert choices == ["required", None]
        assert [request.body["temperature"] for request in simulator.requests] == [0.5, 0.5]


@every_way
def test_a_provider_that_asks_to_go_on_is_asked_again(way: str) -> None:
    paused = rule({"text": "Searching ...", "finish_reason": "pause"}, nth=1)
    with Simulator([paused, rule("Found.")]) as simulator:
        run = made(simulator, way, model="anthropic/claude-sonnet-4-5", tools=[weather], max_tokens=100)
    assert (run.stopped, len(run.replies), run.text) == ("answer", 2, "Found.")


@every_way
def test_structured_answers(way: str) -> None:
    @dataclass
    class Report:
        city: str

    with Simulator([rule(calling(("weather", {"city": "Oslo"})), nth=1), rule({"json": True})]) as simulator:
        run = made(simulator, way, tools=[weather], response_format=Report)
    assert isinstance(run.reply.parsed, Report)


@every_way
def test_the_messages_of_the_caller_are_left_alone(way: str) -> None:
    messages = [{"role": "user", "content": "Go."}]
    before = copy.deepcopy(messages)
    with Simulator(TWO_STEPS) as simulator:
        run = made(simulator, way, messages, tools=[weather, population])
    assert messages == before
    assert run.messages[0] == messages[0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"tools": [weather], "max_steps": 0}, "max_steps: expected a whole number, 1 or more"),
        ({"tools": [weather], "max_cost": -1}, "max_cost: expected a positive number of dollars"),
        ({"tools": [weather], "timeout": "soon"}, "timeout: expected a positive number of seconds"),
        ({"tools": [weather], "approve": True}, "approve: expected a function"),
        ({"tools": [weather], "parallel": 3}, "parallel: expected True or False, not 3"),
        ({"tools": [weather], "max_step": 3}, "unknown option `max_step`"),
        ({"tools": weather}, "tools: expected a list"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "a declaration without a function"),
    ],
)
def test_mistakes_are_raised_before_anything_is_sent(options: dict[str, Any], said: str) -> None:
    with Simulator() as simulator:
        for way in WAYS:
            with pytest.raises(TypeError, match=said):
                made(simulator, way, **options)
        with pytest.raises(TypeError, match="messages: expected text or a list"):
            made(simulator, "run", {"role": "user", "content": "Go."}, tools=[weather])
        assert simulator.requests == []


def test_a_tool_of_the_provider_is_declared_as_it_is() -> None:
    hosted = {"type": "web_search_20250305", "name": "web_search"}
    with Simulator([rule("Found.")]) as simulator, simulator.client() as client:
        client.run("anthropic/claude-sonnet-4-5", "Go.", tools=[hosted, weather], max_tokens=100)
        assert simulator.requests[0].body["tools"][0] == hosted


async def test_cancelling_reaches_the_model_and_the_tools() -> None:
    events: list[str] = []
    started = asyncio.Event()

    async def endless(city: str) -> str:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            events.append("tool cancelled")
        return "never"

    async def cancelled(awaitable: Awaitable[Any], when: Awaitable[Any]) -> None:
        task = asyncio.ensure_future(awaitable)
        await when
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)

    tool = ferrule.Tool(endless, name="weather")
    with Simulator(FOR_EVER) as simulator:
        async with simulator.async_client() as client:
            await cancelled(client.run(MODEL, "Go.", tools=[tool]), started.wait())
            assert events == ["tool cancelled"]
            started.clear()
            async with client.stream_run(MODEL, "Go.", tools=[tool]) as stream:
                await cancelled(_all(stream), started.wait())
            assert events == ["tool cancelled"] * 2
            simulator.set_script([rule({"text": "x", "first_token_ms": 600_000})])
            count = len(simulator.requests)
            await cancelled(
                client.run(MODEL, "Go.", tools=[tool]), asyncio.to_thread(simulator.wait_for_requests, count + 1, 10)
            )
            assert await asyncio.to_thread(simulator.wait_for_answers, 10)


async def _all(stream: Any) -> None:
    async for _ in stream:
        pass


def test_closing_a_stream_ends_the_run() -> None:
    cancelled = threading.Event()

    async def endless(city: str) -> str:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return "never"

    slow = ferrule.Tool(endless, name="slow")
    script = [rule(calling(("weather", {"city": "Oslo"}), ("slow", {"city": "Oslo"})))]
    with Simulator(script) as simulator, simulator.client() as client:
        with client.stream_run(MODEL, "Go.", tools=[weather, slow]) as stream:
            for event in stream:
                if isinstance(event, ferrule.ToolResult):
                    break
        assert cancelled.wait(10)
        assert (stream.run().stopped, len(stream.run().replies)) == (None, 1)
        assert list(stream) == []
        simulator.set_script([rule({"text": "a b c d", "tokens_per_second": 1})])
        with client.stream_run(MODEL, "Go.", tools=[weather]) as stream:
            for event in stream:
                if isinstance(event, ferrule.TextDelta):
                    break
        assert simulator.wait_for_answers(10)


PROGRAM = """
import asyncio, threading, ferrule
from ferrule.testing import Simulator, rule

started, cancelled = threading.Event(), threading.Event()

def slow() -> str:
    started.wait()
    print("ready", flush=True)
    threading.Event().wait(60)
    return "late"

async def endless() -> str:
    started.set()
    try:
        await asyncio.sleep(60)
    finally:
        cancelled.set()

calls = {"tool_calls": [{"name": "endless", "arguments": {}}, {"name": "slow", "arguments": {}}]}
with Simulator([rule(calls)]) as simulator, simulator.client() as client:
    try:
        client.run("openai/gpt-5-mini", "Go.", tools=[slow, endless])
    except KeyboardInterrupt:
        print("interrupted", cancelled.wait(20), flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no signal to send to one process only")
def test_ctrl_c_does_not_wait_for_tools() -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        # The tool would sleep for longer than this bound.
        said = process.communicate(timeout=50)[0].split()
    assert said == ["interrupted", "True"]
    assert process.returncode == 0


def test_sums_know_what_they_do_not_know() -> None:
    usage = {"input_tokens": 3, "output_tokens": 4}
    with Simulator([rule({"text": "a", "usage": usage})]) as simulator, simulator.client() as client:
        known = client.run(MODEL, "Go.", tools=[])
        unknown = client.run("openai/unheard-of", "Go.", tools=[])
    assert (known.usage.input_tokens, known.usage.output_tokens, known.usage.total_tokens) == (3, 4, 7)
    assert known.usage.cache_write_tokens is None
    assert known.cost is not None
    both = ferrule.Run([], [*known.replies, *unknown.replies])
    assert (both.usage.input_tokens, both.cost) == (6, None)
    twice = ferrule.Run([], known.replies * 2).cost
    assert twice is not None
    assert twice.total == known.cost.total * 2
    assert twice.breakdown == {name: amount * 2 for name, amount in known.cost.breakdown.items()}
    assert (twice.source, twice.source_date) == (known.cost.source, known.cost.source_date)
    assert ferrule.Run([]).cost is None
    assert ferrule.Run([]).usage.input_tokens is None


def test_a_run_and_a_reply_of_several_are_added_up_alike() -> None:
    priced: dict[str, Any] = {"text": "a", "usage": {"input_tokens": 3, "output_tokens": 4}}
    with Simulator([rule(priced)]) as simulator, simulator.client() as client:
        replies = {name: client.complete(f"{name}/m", "Go.") for name in ("openai", "openrouter", "groq", "anthropic")}
        replies["priced"] = client.complete(MODEL, "Go.")
    for last in replies.values():
        for first in replies.values():
            run = ferrule.Run([], [first, last])
            reply = last._after([first])
            assert run.usage == reply.usage
            assert run.cost == reply.cost


def test_a_stream_of_a_run_is_short_in_a_notebook() -> None:
    with Simulator() as simulator, simulator.client() as client:
        stream = client.stream_run("openai/gpt-5-mini", "Hello!", tools=[weather])
        assert repr(stream) == "<RunStream: not over, 0 replies so far>"
        with stream:
            assert "".join(stream.text)
        assert repr(stream) == "<RunStream: answer, 1 replies so far>"
