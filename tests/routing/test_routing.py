"""`routing=` of a call: filters, sessions, strategies, limits and dry runs, for plain calls, streams and operations."""

# Functions of one line are what is tested.
# pyright: reportUnknownLambdaType=false

from __future__ import annotations

import asyncio
import collections
from typing import TYPE_CHECKING, Any

import pytest
from group_targets import Targets, whole, whole_async

import ferrule
from ferrule.testing import rule

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BROKEN = rule(fault={"status": {"status": 500}})
QUICK: Any = {"max_retries": 0}


def skipped(reply: Any) -> dict[str, str]:
    """The targets that were passed over, and why."""
    return {one.target: one.outcome.removeprefix("skipped: ") for one in reply.attempts if one.skipped}


@pytest.fixture(params=["plain", "streamed"])
def streamed(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "streamed")


@pytest.mark.parametrize(
    ("routing", "provider"),
    [
        ({"only": "two"}, "two"),
        ({"only": ["three/m", "two/m"]}, "two"),
        ({"only": ["three/*"]}, "three"),
        ({"exclude": ["one"]}, "two"),
        ({"exclude": ["one/m", "t*o"]}, "three"),
        ({"tags": "batch"}, "two"),
        ({"tags": ["batch", "eu-west"]}, "three"),
        ({"tags": ["eu-west"]}, "three"),
        ({"only": ["eu-west"]}, "three"),
        ({"only": ["three@eu-west"]}, "three"),
        ({"only": ["three/m@eu-west"]}, "three"),
    ],
)
def test_filters_choose_targets(targets: Targets, routing: dict[str, Any], provider: str, streamed: bool) -> None:
    group = [
        "one/m",
        {"model": "two/m", "tags": ["batch"]},
        {"model": "three/m", "tags": ["batch", "slow"], "provider": {"region": "eu-west"}},
    ]
    settings = targets.settings(targets=group)
    with ferrule.Client(**settings) as client:
        reply = whole(client, "all", streamed=streamed, routing=ferrule.Routing(**routing))
        assert reply.provider == provider
        assert len(skipped(reply)) + len(client.route("all", routing=routing).targets) == 3
        assert all(attempt.next for attempt in reply.attempts if attempt.skipped)

    async def asynchronously() -> None:
        async with ferrule.AsyncClient(**settings) as client:
            reply = await whole_async(client, "all", streamed=streamed, routing=routing)
            assert reply.provider == provider

    asyncio.run(asynchronously())


def test_nothing_left_is_an_error_that_says_what_filtered_whom(targets: Targets, streamed: bool) -> None:
    group = ["one/m", {"model": "two/m", "tags": ["batch"]}, "three/m"]
    with ferrule.Client(**targets.settings(targets=group)) as client:
        routing = ferrule.Routing(only=["one", "two"], exclude=["two"], tags=["batch"])
        with pytest.raises(ferrule.ConfigError) as caught:
            whole(client, "all", streamed=streamed, routing=routing)
        message = str(caught.value)
        assert "group 'all'" in message
        assert "one/m: does not have the tag 'batch'" in message
        assert "two/m: is excluded by 'two'" in message
        assert "three/m: is not listed in `only`" in message
        assert [one.skipped for one in caught.value.attempts] == [True] * 3
        with pytest.raises(ferrule.ConfigError, match="one/m: is excluded by 'one'"):
            client.complete("one/m", "Hello?", routing={"exclude": ["one"]})
    assert targets.asked("one") == targets.asked("two") == targets.asked("three") == 0


def test_filters_hold_for_fallbacks_of_the_group_too(targets: Targets) -> None:
    long = rule(fault={"status": {"status": 400, "error": {"kind": "context_length"}}})
    targets.script("one", long)
    settings = targets.settings(targets=["one/m"], context_fallback=["two/m", "three/m"])
    with ferrule.Client(**settings) as client:
        assert client.complete("all", "Hello?").provider == "two"
        assert client.complete("all", "Hello?", routing={"exclude": ["two"]}).provider == "three"
        # Standing by is not being asked.
        with pytest.raises(ferrule.ConfigError, match="no target of the group"):
            client.complete("all", "Hello?", routing={"only": ["two"]})


PIXEL = "data:image/png;base64,iVBORw0KGgo="


def look(city: str) -> str:
    """Looks at a city."""
    return city


@pytest.mark.parametrize(
    ("facts", "messages", "options", "lacking"),
    [
        ({"tools": False}, "Hi", {"tools": [look]}, "tools"),
        ({"structured_output": False}, "Hi", {"response_format": {"type": "object", "properties": {}}}, "schema"),
        (
            {"input_modalities": ["text"]},
            [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": PIXEL}}]}],
            {},
            "images",
        ),
    ],
)
def test_a_request_goes_only_where_it_can(
    targets: Targets, facts: dict[str, Any], messages: Any, options: dict[str, Any], lacking: str, streamed: bool
) -> None:
    with ferrule.Client(**targets.settings(), models={"one/m": facts}) as client:
        if streamed:
            with client.stream("all", messages, max_tokens=50, **options) as stream:
                list(stream)
            reply = stream.reply()
        else:
            reply = client.complete("all", messages, max_tokens=50, **options)
        assert reply.provider == "two", "what is not known of a model is not lacking"
        assert skipped(reply) == {"one/m": f"its model does not support {lacking}"}
        assert whole(client, "all", streamed=streamed).provider == "one"
        # Asked for by its name it is asked, whatever the catalog knows.
        assert client.complete("one/m", messages, max_tokens=50, **options).provider == "one"
    only: dict[str, Any] = dict.fromkeys(("one/m", "two/m", "three/m"), facts)
    client = ferrule.Client(**targets.settings(), models=only)
    with client, pytest.raises(ferrule.ConfigError, match=f"one/m: its model does not support {lacking}"):
        client.complete("all", messages, max_tokens=50, **options)


def test_a_prompt_goes_where_it_fits(targets: Targets, streamed: bool) -> None:
    windows = {"one/m": {"context_window": 1000}, "two/m": {"context_window": 2000}, "three/m": {"context_window": 10}}
    prompt = "word " * 1200  # About 1500 tokens.
    with ferrule.Client(**targets.settings(), models=windows) as client:
        assert whole(client, "all", streamed=streamed).provider == "one"
        plan = client.route("all", prompt, stream=streamed)
        assert [one.name for one in plan.targets] == ["two/m"]
        assert {one.name for one in plan.passed_over} == {"one/m", "three/m"}
        assert client.complete("all", prompt, max_tokens=50).provider == "two"
        # An estimate does not refuse a call: who is left decides.
        assert client.complete("all", prompt * 3, max_tokens=50).provider == "one"
    fallback = targets.settings(targets=["one/m", "three/m"], context_fallback=["two/m"])
    with ferrule.Client(**fallback, models=windows) as client:
        reply = client.complete("all", prompt, max_tokens=50)
        assert reply.provider == "two"
        assert set(skipped(reply)) == {"one/m", "three/m"}


def test_a_session_stays_with_a_healthy_target(targets: Targets, streamed: bool) -> None:
    with ferrule.Client(**targets.settings(strategy="weighted_random")) as client:
        homes = {}
        for number in range(12):
            routing = ferrule.Routing(session=f"conversation {number}")
            found = {whole(client, "all", streamed=streamed, routing=routing).provider for _ in range(3)}
            assert len(found) == 1, "the same conversation, the same target"
            homes[number] = found.pop()
        assert len(set(homes.values())) > 1, "conversations are spread"
        client.breaker("one/m").open()
        for number, home in homes.items():
            routing = ferrule.Routing(session=f"conversation {number}")
            now = whole(client, "all", streamed=streamed, routing=routing).provider
            assert now != "one"
            assert home in ("one", now), "only those of the target that is out move"
        client.breaker("one/m").reset()
        for number, home in homes.items():
            routing = ferrule.Routing(session=f"conversation {number}")
            assert whole(client, "all", streamed=streamed, routing=routing).provider == home


def test_a_sticky_group_tells_conversations_by_their_beginning(targets: Targets) -> None:
    def conversation(number: int, turns: int) -> list[dict[str, str]]:
        messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": f"Question {number}."}]
        for turn in range(turns):
            messages += [{"role": "assistant", "content": "Yes."}, {"role": "user", "content": f"And {turn}?"}]
        return messages

    for sticky in (True, False):
        with ferrule.Client(**targets.settings(strategy="weighted_random", sticky=sticky)) as client:
            moved, used = 0, set()
            for number in range(12):
                found = {client.complete("all", conversation(number, turns)).provider for turns in range(3)}
                moved += len(found) > 1
                used |= found
            assert (moved == 0) == sticky
            assert len(used) > 1


def test_max_targets_limits_who_is_asked(targets: Targets, streamed: bool) -> None:
    for name in ("one", "two"):
        targets.script(name, BROKEN)
    with ferrule.Client(**targets.settings()) as client:
        assert whole(client, "all", streamed=streamed, **QUICK).provider == "three"
        with pytest.raises(ferrule.ServerError) as caught:
            whole(client, "all", streamed=streamed, routing={"max_targets": 2}, **QUICK)
        assert [one.target for one in caught.value.attempts] == ["one/m", "two/m"]
        # Who is passed over was not asked.
        client.breaker("one/m").open()
        assert whole(client, "all", streamed=streamed, routing={"max_targets": 2}, **QUICK).provider == "three"
        client.breaker("one/m").reset()
        with pytest.raises(ferrule.ServerError) as caught:
            whole(client, "all", streamed=streamed, routing={"max_targets": 1}, max_retries=1, retry={"backoff": 0.01})
        assert [one.target for one in caught.value.attempts] == ["one/m", "one/m"]


def test_failover_on_and_strategy_of_a_call_win_over_the_groups(targets: Targets, streamed: bool) -> None:
    targets.script("one", BROKEN)
    with ferrule.Client(**targets.settings(failover_on=["timeout"])) as client:
        with pytest.raises(ferrule.ServerError):
            whole(client, "all", streamed=streamed, **QUICK)
        routing: dict[str, Any] = {"failover_on": ["server_error"]}
        assert whole(client, "all", streamed=streamed, routing=routing, **QUICK).provider == "two"
    targets.script("one")
    with ferrule.Client(**targets.settings()) as client:
        found = [
            whole(client, "all", streamed=streamed, routing={"strategy": "round-robin"}).provider for _ in range(6)
        ]
        assert sorted(found[:3]) == sorted(found[3:]) == ["one", "three", "two"]
        models = ["one/m", "two/m", "three/m"]
        found = [
            whole(client, models, streamed=streamed, routing={"strategy": "round-robin"}).provider for _ in range(6)
        ]
        assert sorted(found[:3]) == sorted(found[3:]) == ["one", "three", "two"], (
            "a group of the moment takes turns too"
        )
        assert whole(client, "all", streamed=streamed).provider == "one"


@pytest.mark.parametrize("of_group", [False, True])
def test_a_silent_target_is_left_after_first_token(targets: Targets, of_group: bool, streamed: bool) -> None:
    targets.script("one", rule(fault={"stall": {"at": "before_headers"}}))
    routing: Any = None if of_group else ferrule.Routing(first_token=0.2)
    settings = targets.settings(**({"first_token": 0.2} if of_group else {}))
    with ferrule.Client(**settings) as client:
        reply = whole(client, "all", streamed=streamed, routing=routing)
        assert reply.provider == "two"
        assert reply.attempts[0].duration < 5


def test_a_function_orders_the_targets(targets: Targets, streamed: bool) -> None:
    seen: list[Sequence[ferrule.RoutingTarget]] = []

    def last_first(targets: Sequence[ferrule.RoutingTarget]) -> list[ferrule.RoutingTarget]:
        seen.append(targets)
        return list(reversed(targets))

    targets.script("three", BROKEN)
    settings = targets.settings(
        strategy=last_first, targets=["one/m", {"model": "two/m", "tags": ["a"], "weight": 3}, "three/m"]
    )
    with ferrule.Client(**settings) as client:
        reply = whole(client, "all", streamed=streamed, **QUICK)
        assert [one.target for one in reply.attempts] == ["three/m", "two/m"]
        assert len(seen) == 1, "once for each call"
        views = seen[0]
        assert [one.name for one in views] == ["one/m", "two/m", "three/m"]
        assert (views[1].tags, views[1].weight, views[1].available, views[1].in_flight) == (("a",), 3.0, True, 0)
        with pytest.raises(AttributeError):
            views[0].weight = 2  # type: ignore[misc]
        assert client.status().groups[0].strategy.endswith("last_first")
        # A call's own wins over the group's, by name or function.
        assert whole(client, "all", streamed=streamed, routing={"strategy": "sequential"}).provider == "one"
        chosen: list[Callable[[Any], Any]] = [
            lambda them: [them[1]],
            lambda _: ["two/m"],
            lambda _: [1],
            lambda _: 1,
            lambda them: (one for one in them if one.provider == "two"),
            lambda them: [them[1], *them],
        ]
        for function in chosen:
            reply = whole(client, "all", streamed=streamed, routing=ferrule.Routing(strategy=function))
            assert reply.provider == "two"
        assert skipped(whole(client, "all", streamed=streamed, routing={"strategy": chosen[0]})) == {
            "one/m": "the strategy did not choose it",
            "three/m": "the strategy did not choose it",
        }
        # Filters come first.
        routing = ferrule.Routing(strategy=lambda them: [them[0]], exclude=["one"])
        assert whole(client, "all", streamed=streamed, routing=routing).provider == "two"

    async def asynchronously() -> None:
        async with ferrule.AsyncClient(**settings) as client:
            reply = await whole_async(client, "all", streamed=streamed, **QUICK)
            assert reply.provider == "two"

    asyncio.run(asynchronously())


async def _asynchronous(targets: Any) -> Any:
    return targets


def test_an_error_in_a_function_is_the_calls(targets: Targets) -> None:
    def failing(_: Any) -> Any:
        raise KeyError("nothing there")

    def failing_later(them: Any) -> Any:
        yield them[0]
        raise KeyError("nothing there")

    old: list[Any] = []
    cases: list[tuple[Any, str]] = [
        (failing, "failing failed: KeyError: 'nothing there'"),
        (failing_later, "failing_later failed: KeyError"),
        (_asynchronous, "_asynchronous is asynchronous"),
        (lambda _: None, "failed: TypeError"),
        (lambda _: [], "returned no target"),
        (lambda _: [7], "returned 7, which is not among the targets of the call: one/m, two/m, three/m"),
        (lambda _: [-1], "returned -1"),
        (lambda _: [True], "returned True"),
        (lambda _: ["four/m"], "returned 'four/m'"),
        (lambda _: old, "returned 'one/m', which is not among"),
    ]
    with ferrule.Client(**targets.settings()) as client:
        client.complete("all", "Hello?", routing={"strategy": lambda them: old.append(them[0]) or them})
        client.registry.groups.register("rest", {"targets": ["two/m", "three/m"]})
        for function, said in cases:
            with pytest.raises(ferrule.ConfigError, match="strategy: ") as caught:
                client.complete(
                    "rest" if "old" in said or said.startswith("returned 'one") else "all",
                    "Hello?",
                    routing={"strategy": function},
                )
            assert said in str(caught.value)
        with pytest.raises(ferrule.ConfigError) as caught:
            client.complete("all", "Hello?", routing={"strategy": failing})
        assert isinstance(caught.value.__cause__, KeyError)

        def own(_: Any) -> Any:
            raise ferrule.RateLimitedError("not now")

        with pytest.raises(ferrule.RateLimitedError, match="not now"):
            client.complete("all", "Hello?", routing={"strategy": own})
        replies = list(client.map("all", ["a", "b"], routing={"strategy": lambda them: them[1:]}))
        assert [getattr(one, "provider", one) for one in replies] == ["two", "two"]
    assert targets.asked("one") == 1


def test_a_dry_run_says_the_order_and_why_and_asks_nobody(targets: Targets) -> None:
    settings = targets.settings(
        strategy="round_robin",
        targets=["one/m", "two/m", {"model": "three/m", "tags": ["eu"]}],
        context_fallback=["two/n"],
    )
    with ferrule.Client(**settings) as client:
        plan: Any = client.complete("all", "Hello?", routing=ferrule.Routing(dry_run=True, exclude=["one"]))
        assert isinstance(plan, ferrule.RoutingPlan)
        assert plan.strategy == "round_robin"
        assert sorted((one.name, one.reason) for one in plan.targets if one.role == "target") == [
            ("three/m", "in turns"),
            ("two/m", "in turns"),
        ]
        assert [(one.name, one.role) for one in plan.targets[2:]] == [("two/n", "context_fallback")]
        assert [(one.name, one.reason) for one in plan.passed_over] == [("one/m", "is excluded by 'one'")]
        assert "in turns" in str(plan)
        assert "not one/m: is excluded by 'one'" in str(plan)
        # Nobody's turn is over.
        first = client.complete("all", "Hello?").provider
        second = client.complete("all", "Hello?").provider
        plans = [client.route("all", "Hello?") for _ in range(4)]
        third = {"one", "two", "three"} - {str(first), str(second)}
        assert {plan.targets[0].provider for plan in plans} == third
        client.breaker("one/m").open()
        plan = client.route("all", routing={"max_targets": 1, "strategy": "sequential"})
        client.breaker("one/m").reset()
        assert plan.targets[0].reason == "cannot take a call now"
        plan = client.route("all", routing={"strategy": lambda them: them[2:]})
        assert (plan.targets[0].name, plan.targets[0].reason) == ("three/m", "chosen by the strategy function")
        assert client.route("one/m").targets[0].name == "one/m"
        embedded: Any = client.embed("one/m", "Hello.", routing={"dry_run": True})
        assert isinstance(embedded, ferrule.RoutingPlan)
        for call in (
            lambda: client.stream("all", "Hello?", routing=ferrule.Routing(dry_run=True)),
            lambda: client.map("all", ["Hello?"], routing={"dry_run": True}),
            lambda: client.run("all", "Hello?", tools=[look], routing={"dry_run": True}),
            lambda: client.rerank("one/m", "a", ["b"], routing={"dry_run": True}),
        ):
            with pytest.raises(TypeError, match=r"routing\.dry_run.*client\.route"):
                call()

    async def asynchronously() -> None:
        async with ferrule.AsyncClient(**settings) as client:
            plan: Any = await client.complete("all", "Hello?", routing=ferrule.Routing(dry_run=True))
            assert isinstance(plan, ferrule.RoutingPlan)
            assert (await client.route("all", "Hello?", stream=True)).strategy == "round_robin"

    asyncio.run(asynchronously())
    assert sum(targets.asked(name) for name in ("one", "two", "three")) == 2


def test_operations_are_routed_too(targets: Targets) -> None:
    group = [{"model": "one/e", "same_as": "x/e", "tags": ["eu"]}, {"model": "three/e", "same_as": "x/e"}]
    settings = targets.settings()
    settings["groups"]["vectors"] = {"targets": group}
    with ferrule.Client(**settings) as client:
        assert client.embed("vectors", "Hello.").provider == "one"
        reply = client.embed("vectors", ["Hello.", "There."], routing={"exclude": ["one"]})
        assert reply.provider == "three"
        assert skipped(reply) == {"one/e": "is excluded by 'one'"}
        assert client.embed("vectors", "Hello.", routing={"strategy": lambda them: them[1:]}).provider == "three"
        found = collections.Counter(
            client.embed("vectors", "Hello.", routing={"strategy": "round_robin"}).provider for _ in range(4)
        )
        assert found == {"one": 2, "three": 2}
        assert client.rerank(["one/r", "three/r"], "a", ["a", "b"], routing={"only": "three"}).provider == "three"
        with pytest.raises(ferrule.ConfigError, match="does not have the tag"):
            client.images.generate("one/i", "A tree.", routing={"tags": ["eu"]})


def test_who_cannot_carry_the_request_or_has_no_key_is_told(targets: Targets, streamed: bool) -> None:
    settings = targets.settings(targets=["openai/m", "two/m", "one/m"])
    with ferrule.Client(**settings) as client:
        reply = whole(client, "all", streamed=streamed, seed=7)
        assert reply.provider == "one"
        told = skipped(reply)
        assert "seed" in told["two/m"]
        if "openai/m" in told:
            assert "key" in told["openai/m"]
        with pytest.raises(ferrule.UnsupportedError) as caught:
            client.complete("two/m", "Hello?", seed=7)
        assert not caught.value.attempts
