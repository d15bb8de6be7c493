"""Observers: which events of calls are delivered, where, in which order, and that none of it harms a call."""

from __future__ import annotations

import asyncio
import functools
import gc
import os
import pickle
import sys
import threading
import time
import weakref
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

import ferrule
from ferrule.testing import Simulator, rule

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator

KINDS = ("request", "response", "error", "retry", "failover", "breaker", "stream_end")
SECRET = "the-secret-of-the-prompt"
FAULT = rule(fault={"status": {"status": 503}})


class Seen:
    """The events that were seen, and on which threads."""

    def __init__(self, client: ferrule.Client | ferrule.AsyncClient, kinds: tuple[str, ...] = KINDS) -> None:
        self.events: list[Any] = []
        self.threads: set[int] = set()
        self.kinds: list[str] = []
        self.subscriptions = [client.on(kind, functools.partial(self.take, kind)) for kind in kinds]  # type: ignore[call-overload]

    def take(self, kind: str, event: ferrule.ObserverEvent) -> None:
        self.events.append(event)
        self.kinds.append(kind)
        self.threads.add(threading.get_ident())

    def of(self, kind: str) -> list[Any]:
        return [event for known, event in zip(self.kinds, self.events, strict=True) if known == kind]


@pytest.fixture
def two() -> Iterator[dict[str, Simulator]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(Simulator()) for name in ("one", "two")}


def settings(two: dict[str, Simulator], **more: Any) -> dict[str, Any]:
    providers = {
        name: {"base_url": simulator.openai_base_url, "dialect": "openai-chat", "api_key": f"sk-{SECRET}-{name}"}
        for name, simulator in two.items()
    }
    return {
        "config": False,
        "providers": providers,
        "groups": {"all": {"targets": ["one/m", "two/m"], "strategy": "sequential"}},
        "retry": {"backoff": 0.01, "backoff_max": 0.02},
        **more,
    }


@pytest.mark.parametrize("streamed", [False, True])
def test_a_call_tells_its_story_in_order(two: dict[str, Simulator], streamed: bool) -> None:
    two["one"].set_script([FAULT])
    with ferrule.Client(**settings(two)) as client:
        seen = Seen(client)
        if streamed:
            with client.stream("all", SECRET, metadata={"user": "7"}) as stream:
                text = "".join(stream.text)
        else:
            text = client.complete("all", SECRET, metadata={"user": "7"}).text
        assert text
        expected = ["request", "error", "failover", "request", "response"]
        assert seen.kinds == expected + (["stream_end"] if streamed else [])
        first, error, failover, second, response, *end = seen.events
        assert (first.target, first.attempt, first.model) == ("one/m", 1, "all")
        assert isinstance(error, ferrule.ErrorEvent)
        assert (error.error, error.status, error.reason) == (ferrule.OverloadedError, 503, "overloaded")
        assert not error.ends_call
        assert error.duration
        assert error.duration > 0
        assert (failover.target, failover.next_target, failover.skipped) == ("one/m", "two/m", None)
        assert (second.target, second.attempt, second.provider) == ("two/m", 2, "two")
        assert isinstance(response, ferrule.ResponseEvent)
        ended: Any = end[0] if streamed else response
        assert ended.usage is not None
        assert ended.usage.output_tokens
        if streamed:
            assert response.usage is None
            assert (ended.ending, ended.error) == ("complete", None)
            assert ended.duration >= ended.time_to_first_token > 0
        assert {event.call for event in seen.events} == {first.call}
        assert all(event.metadata == {"user": "7"} for event in seen.events)
        times = [event.time for event in seen.events]
        assert times == sorted(times)
        assert abs(times[0] - time.time()) < 60
        assert seen.threads == {threading.get_ident()}


def test_the_asynchronous_client_tells_on_its_loop(two: dict[str, Simulator]) -> None:
    two["one"].set_script([FAULT])

    async def main() -> None:
        order: list[str] = []
        async with ferrule.AsyncClient(**settings(two)) as client:
            seen = Seen(client)

            @client.on("failover")
            async def moved(event: ferrule.FailoverEvent) -> None:
                order.append(f"begin {event.call}")
                await asyncio.sleep(0.01)
                order.append(f"end {event.call}")

            replies = await asyncio.gather(*(client.complete("all", SECRET) for _ in range(3)))
            assert [reply.provider for reply in replies] == ["two"] * 3
            async with client.stream("all", SECRET) as stream:
                assert [text async for text in stream.text]
            assert seen.threads == {threading.get_ident()}
            for call in {event.call for event in seen.events}:
                kinds = [kind for kind, event in zip(seen.kinds, seen.events, strict=True) if event.call == call]
                assert [kind for kind in kinds if kind != "stream_end"] == [
                    "request",
                    "error",
                    "failover",
                    "request",
                    "response",
                ]
            assert moved.__name__ == "moved"
        # Closing the client waits for what is still at work; one event after the other.
        assert len(order) == 8
        assert all(order[place].split() == ["begin", order[place + 1].split()[1]] for place in range(0, 8, 2))

    asyncio.run(main())


def test_an_event_is_seen_while_the_call_goes_on(two: dict[str, Simulator]) -> None:
    two["one"].set_script([FAULT])
    two["two"].set_script([rule({"text": "late", "first_token_ms": 400})])

    async def main() -> None:
        async with ferrule.AsyncClient(**settings(two)) as client:
            moved = asyncio.Event()
            client.on("failover", lambda _: moved.set())
            call = asyncio.create_task(client.complete("all", "hello"))
            await asyncio.wait_for(moved.wait(), 5)
            assert not call.done()
            assert (await call).text == "late"

    asyncio.run(main())
    with ferrule.Client(**settings(two)) as client:
        times: list[float] = []
        client.on("failover", lambda _: times.append(time.monotonic()))
        client.complete("all", "hello")
        assert time.monotonic() - times[0] > 0.2


def test_a_retry_says_when_and_how(two: dict[str, Simulator]) -> None:
    two["one"].set_script([rule(fault={"status": {"status": 503}}, times=1)])
    with ferrule.Client(**settings(two)) as client:
        seen = Seen(client)
        client.complete("one/m", "hello")
        assert seen.kinds == ["request", "error", "retry", "request", "response"]
        retry = seen.of("retry")[0]
        assert (retry.target, retry.how, retry.error) == ("one/m", "retried", ferrule.OverloadedError)
        assert 0 < retry.delay <= 0.1
        assert seen.of("request")[1].waited == pytest.approx(retry.delay)


def test_the_last_error_ends_the_call(two: dict[str, Simulator]) -> None:
    for simulator in two.values():
        simulator.set_script([rule(fault={"status": {"status": 400}})])
    with ferrule.Client(**settings(two, max_retries=0)) as client:
        seen = Seen(client)
        with pytest.raises(ferrule.InvalidRequestError):
            client.complete("all", "hello")
        with pytest.raises(ferrule.UnsupportedError):
            client.complete("one/m", "hello", top_k=3)
        ends = [event.ends_call for event in seen.of("error")]
        assert ends == [True, True]
        refused, unsent = seen.of("error")
        assert (refused.error, refused.attempt, refused.status) == (ferrule.InvalidRequestError, 1, 400)
        assert (unsent.error, unsent.attempt, unsent.duration) == (ferrule.UnsupportedError, None, None)
        assert not seen.of("failover")


def test_breakers_tell_how_they_change(two: dict[str, Simulator]) -> None:
    two["one"].set_script([FAULT])
    breaker = {"failures": 2, "open": 0.1, "open_max": 0.1}
    with ferrule.Client(**settings(two, breaker=breaker)) as client:
        seen = Seen(client, ("breaker", "failover"))
        for _ in range(3):
            client.complete("all", "hello")
        opened = seen.of("breaker")[0]
        assert (opened.target, opened.before, opened.after) == ("one/m", "closed", "open")
        assert 0 < opened.reopens_in <= 0.1
        assert opened.call is not None
        two["one"].set_script([])
        deadline = time.monotonic() + 5
        while client.complete("all", "hello").provider != "one":
            assert time.monotonic() < deadline
            time.sleep(0.01)
        changes = [(event.before, event.after) for event in seen.of("breaker")]
        assert changes[-2:] == [("open", "half_open"), ("half_open", "closed")]
        seen.events.clear()
        seen.kinds.clear()
        client.breaker("all").open()
        client.breaker("one/m").reset()
        assert [(event.target, event.before, event.after, event.call) for event in seen.events] == [
            ("one/m", "closed", "forced_open", None),
            ("two/m", "closed", "forced_open", None),
            ("one/m", "forced_open", "closed", None),
        ]


def test_a_target_that_is_passed_over_is_a_failover(two: dict[str, Simulator]) -> None:
    with ferrule.Client(**settings(two)) as client:
        client.breaker("one/m").open()
        seen = Seen(client, ("failover", "request"))
        reply = client.complete("all", "hello")
        assert reply.provider == "two"
        if reply.attempts[0].skipped:
            (moved,) = seen.of("failover")
            assert moved.skipped == "its circuit breaker is open"
            assert (moved.next_target, moved.error, moved.attempt) == ("two/m", None, None)


@pytest.mark.parametrize("streamed", [False, True])
def test_a_failing_observer_is_logged_and_breaks_nothing(
    two: dict[str, Simulator], log: io.StringIO, streamed: bool
) -> None:
    def fails(event: ferrule.RequestEvent) -> None:
        raise ZeroDivisionError("of the observer")

    with ferrule.Client(**settings(two)) as client:
        client.on("request", fails, name="my observer")
        after = Seen(client, ("request", "response"))
        if streamed:
            with client.stream("one/m", "hello") as stream:
                assert "".join(stream.text)
        else:
            assert client.complete("one/m", "hello").text
        assert after.kinds == ["request", "response"]
    assert "observer my observer of request failed" in log.getvalue()
    assert "of the observer" in log.getvalue()

    async def main() -> None:
        async def fails_later(event: ferrule.ResponseEvent) -> None:
            await asyncio.sleep(0)
            raise ZeroDivisionError("later")

        async with ferrule.AsyncClient(**settings(two)) as client:
            client.on("response", fails_later)
            assert (await client.complete("one/m", "hello")).text

    asyncio.run(main())
    assert "fails_later of response failed" in log.getvalue()


def test_what_cannot_be_observed_is_an_error_at_on(two: dict[str, Simulator]) -> None:
    async def awaited(event: Any) -> None: ...

    class Awaited:
        async def __call__(self, event: Any) -> None: ...

    client = ferrule.Client(**settings(two))
    with pytest.raises(ValueError, match="'requests' is not a kind of event; there are request, response"):
        client.on("requests", print)  # type: ignore[call-overload]
    for function in (awaited, functools.partial(awaited), Awaited()):
        with pytest.raises(TypeError, match="no event loop"):
            client.on("request", function)
    with pytest.raises(TypeError, match="expected a function"):
        client.on("request", "print")  # type: ignore[call-overload]
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        client.on("request", print)


def test_a_function_that_returns_an_awaitable_is_logged(two: dict[str, Simulator], log: io.StringIO) -> None:
    async def awaited(event: Any) -> None: ...

    with ferrule.Client(**settings(two)) as client:
        client.on("request", lambda event: awaited(event))
        client.complete("one/m", "hello")
    assert "cannot be awaited" in log.getvalue()


def test_a_subscription_ends(two: dict[str, Simulator]) -> None:
    with ferrule.Client(**settings(two)) as client:
        seen: list[Any] = []
        subscription = client.on("request", seen.append, name="list")
        assert (subscription.name, subscription.event, subscription.active) == ("list", "request", True)
        client.complete("one/m", "hello")
        subscription.cancel()
        subscription.cancel()
        client.complete("one/m", "hello")
        assert (len(seen), subscription.active) == (1, False)
        with client.on("request", seen.append) as inner:
            client.complete("one/m", "hello")
        assert not inner.active
        client.complete("one/m", "hello")
        assert len(seen) == 2
        last = client.on("response", seen.append)
    assert not last.active


def test_a_stream_that_is_left_or_cut_says_so(two: dict[str, Simulator]) -> None:
    two["one"].set_script(
        [
            rule({"tokens": 200, "tokens_per_second": 50}, text="left"),
            rule({"tokens": 50}, fault={"truncated_chunk": {"after_chunks": 5}}, text="cut"),
        ]
    )
    with ferrule.Client(**settings(two)) as client:
        seen = Seen(client, ("stream_end", "error"))
        with client.stream("one/m", "left") as stream:
            next(stream.text)
        assert [event.ending for event in seen.of("stream_end")] == ["closed"], "at the latest when it was left"
        with pytest.raises(ferrule.StreamInterruptedError), client.stream("one/m", "cut") as stream:
            list(stream)
        assert [event.ending for event in seen.of("stream_end")] == ["closed", "interrupted"]
        assert seen.of("stream_end")[1].error is ferrule.StreamInterruptedError
        assert [event.error for event in seen.of("error")] == [ferrule.StreamInterruptedError]

    async def main() -> None:
        async with ferrule.AsyncClient(**settings(two)) as client:
            seen = Seen(client, ("stream_end", "error"))
            async with client.stream("one/m", "left") as stream:
                async for _ in stream.text:
                    break
        assert [event.ending for event in seen.events] == ["closed"]

    asyncio.run(main())


def test_a_cancelled_call_says_so(two: dict[str, Simulator]) -> None:
    two["one"].set_script([rule({"text": "late", "first_token_ms": 5000})])

    async def main() -> None:
        async with ferrule.AsyncClient(**settings(two)) as client:
            seen = Seen(client)
            call = asyncio.create_task(client.complete("one/m", "hello"))
            while "request" not in seen.kinds:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
        (error,) = seen.of("error")
        assert (error.error, error.reason, error.ends_call, error.attempt) == (None, "cancelled", True, 1)

    asyncio.run(main())


def test_threads_see_the_events_of_their_own_calls(two: dict[str, Simulator]) -> None:
    with ferrule.Client(**settings(two)) as client:
        threads: dict[int, set[int]] = {}
        client.on("request", lambda event: threads.setdefault(event.call or 0, set()).add(threading.get_ident()))
        client.on("response", lambda event: threads.setdefault(event.call or 0, set()).add(threading.get_ident()))
        # The identity of a thread that has ended is given to another.
        all_alive = threading.Barrier(4, timeout=30)

        def work() -> None:
            all_alive.wait()
            for _ in range(5):
                client.complete("one/m", "x")

        workers = [threading.Thread(target=work) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert len(threads) == 20
    assert all(len(of_call) == 1 for of_call in threads.values())
    assert len(set.union(*threads.values())) == 4


def test_two_loops_see_the_events_of_their_own_calls(two: dict[str, Simulator]) -> None:
    client = ferrule.AsyncClient(**settings(two))
    where: dict[str, set[int]] = {"a": set(), "b": set()}

    async def observe(event: ferrule.ResponseEvent) -> None:
        where[event.metadata["loop"]].add(id(asyncio.get_running_loop()))

    client.on("response", observe)
    loops: dict[str, int] = {}

    async def main(name: str) -> None:
        loops[name] = id(asyncio.get_running_loop())
        await asyncio.gather(*(client.complete("one/m", "hello", metadata={"loop": name}) for _ in range(5)))
        for _ in range(200):
            if where[name]:
                break
            await asyncio.sleep(0.005)

    workers = [threading.Thread(target=lambda name=name: asyncio.run(main(name))) for name in where]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert where == {name: {loop} for name, loop in loops.items()}


def test_observers_outlast_a_reload(two: dict[str, Simulator]) -> None:
    with ferrule.Client(**settings(two)) as client:
        seen = Seen(client, ("request",))
        client.complete("one/m", "hello")
        client.registry.aliases.register("mine", "two/m")
        client.complete("mine", "hello")
        assert [(event.model, event.target) for event in seen.events] == [("one/m", "one/m"), ("mine", "two/m")]


def test_the_model_is_what_the_caller_asked_for(two: dict[str, Simulator]) -> None:
    with ferrule.Client(**settings(two, model="all")) as client:
        seen = Seen(client, ("response",))
        client.complete(messages="hello")
        client.complete(["one/m", "two/m"], "hello")
        assert [event.model for event in seen.events] == ["all", "one/m, two/m"]


def test_operations_and_raw_calls_are_observed(two: dict[str, Simulator]) -> None:
    with ferrule.Client(**settings(two)) as client:
        seen = Seen(client)
        client.embed("one/text-embedding-3-small", ["a", "b"])
        assert seen.kinds == ["request", "response"]
        assert seen.events[-1].usage.input_tokens
        client.health(["one"])
        client.models("one")
        assert seen.kinds == ["request", "response"], "what asks no model is no call"


def test_events_have_neither_contents_nor_keys(two: dict[str, Simulator]) -> None:
    two["one"].set_script([rule(fault={"status": {"status": 503, "error": {"message": f"you said {SECRET}"}}})])
    two["two"].set_script([rule(f"answer {SECRET}")])
    with ferrule.Client(**settings(two)) as client:
        seen = Seen(client)
        client.complete("all", SECRET)
        with client.stream("all", SECRET) as stream:
            list(stream)
        assert len(seen.events) >= 10
        assert SECRET not in repr(seen.events)
        for event in seen.events:
            assert SECRET.encode() not in pickle.dumps(event)
            assert type(pickle.loads(pickle.dumps(event))) is type(event)
            with pytest.raises(AttributeError):
                event.time = 0


def test_observers_may_call_and_subscribe(two: dict[str, Simulator]) -> None:
    with ferrule.Client(**settings(two)) as client:
        replies: list[str] = []
        inner: list[Any] = []

        def ask(event: ferrule.ResponseEvent) -> None:
            if event.model == "one/m":
                client.on("request", inner.append)
                replies.append(client.complete("two/m", "hello").provider)

        client.on("response", ask)
        client.complete("one/m", "hello")
        assert (replies, len(inner)) == (["two"], 1)


def test_observers_do_not_keep_a_client(two: dict[str, Simulator]) -> None:
    def use() -> weakref.ref[ferrule.Client]:
        client = ferrule.Client(**settings(two))
        client.on("request", lambda event: client.registry)
        client.complete("one/m", "hello")
        return weakref.ref(client)

    gone = use()
    for _ in range(5):
        gc.collect()
    assert gone() is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_observes_its_own_calls(two: dict[str, Simulator]) -> None:
    with ferrule.Client(**settings(two)) as client:
        seen = Seen(client)
        client.complete("one/m", "hello")
        before = len(seen.events)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                client.complete("two/m", "hello")
                client.breaker("two/m").open()
                status = 0 if seen.kinds[before:] == ["request", "response", "breaker"] else 2
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert len(seen.events) == before


def test_map_and_runs_are_observed(two: dict[str, Simulator]) -> None:
    with ferrule.Client(**settings(two)) as client:
        seen = Seen(client, ("response",))
        assert len(list(client.map("one/m", ["a", "b", "c"]))) == 3
        assert len({event.call for event in seen.events}) == 3


def test_the_shared_client_is_observed(ferrule_simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ferrule_simulator.environment().items():
        monkeypatch.setenv(name, value)
    seen: list[ferrule.ResponseEvent] = []
    subscription = ferrule.on("response", seen.append)
    ferrule.complete("openai/echo", "hello")
    assert [event.target for event in seen] == ["openai/echo"]
    ferrule.reset()
    assert not subscription.active


def test_a_slow_observer_drops_the_oldest_and_says_so(two: dict[str, Simulator], log: io.StringIO) -> None:
    from ferrule import observers

    async def main() -> None:
        async with ferrule.AsyncClient(**settings(two)) as client:
            go = asyncio.Event()
            numbers: list[float] = []

            async def slow(event: ferrule.RequestEvent) -> None:
                await go.wait()
                numbers.append(event.time)

            client.on("request", slow)
            inner = client._observers
            assert inner is not None
            fields = {"call": 1, "model": "m", "metadata": {}, "target": None, "provider": None, "attempt": 1}
            most = observers._MAX_WAITING
            for number in range(most + 5):
                inner.deliver([("request", {**fields, "time": float(number), "waited": 0.0})], 0)
                if number == 0:
                    await asyncio.sleep(0)
            go.set()
        assert numbers == [0.0, *(float(number) for number in range(5, most + 5))]

    asyncio.run(main())
    assert "4 events were dropped: observer" in log.getvalue()


def test_an_observer_that_interrupts_is_heard(two: dict[str, Simulator]) -> None:
    def interrupt(event: ferrule.RequestEvent) -> None:
        raise KeyboardInterrupt

    with ferrule.Client(**settings(two)) as client:
        client.on("request", interrupt)
        with pytest.raises(KeyboardInterrupt):
            client.complete("one/m", "hello")


def test_clients_without_observers_load_nothing_of_them() -> None:
    import subprocess

    program = (
        "import sys, ferrule; client = ferrule.Client(config=False); assert 'ferrule.observers' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
