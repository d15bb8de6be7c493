"""Chaos in short, with a fixed seed; and each invariant finds what is made wrong on purpose."""

from __future__ import annotations

import copy
import ctypes
import json
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import chaos_run
import pytest
from chaos_calls import TOTAL, Observed
from chaos_invariants import (
    INVARIANTS,
    LONG_ENOUGH,
    WAVE_CHECKS,
    Outage,
    Resources,
    Seen,
    breakers_do_their_part,
    memory_is_flat,
    nothing_leaks,
    violations,
)
from chaos_memory import Memory, memory

import ferrule

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaos_run import Report

SEED = 20261130
WAVES = 2


@pytest.fixture(scope="module")
def ran() -> tuple[Report, Seen]:
    """A short run, and its last wave."""
    report, [seen] = chaos_run.chaos(SEED, 0, waves=WAVES, calls=120)
    return report, seen


@pytest.mark.timeout(300)
def test_every_invariant_holds(ran: tuple[Report, Seen]) -> None:
    report, _ = ran
    print(report.table())
    assert not report.violations, report.table()
    assert report.calls == WAVES * 120
    assert report.succeeded > report.failed > 0, "faults were met, and most calls were answered all the same"
    assert report.left > 0
    assert report.requests > report.calls, "calls moved on"
    assert report.outages
    assert report.events
    assert len(report.by_error) >= 4


def test_the_report_says_how_to_repeat_a_run(ran: tuple[Report, Seen]) -> None:
    report, seen = ran
    for name in INVARIANTS:
        assert name in report.table()
    assert json.loads(report.to_json())["is_right"] is (not report.violations)
    wrong = replace(seen, planned=seen.planned + 1)
    broken = replace(report, violations=violations(wrong))
    assert f"CHAOS_SEED={SEED}" in broken.table()
    assert json.loads(broken.to_json())["is_right"] is False


def test_a_seed_plans_the_same_calls() -> None:
    def plan(seed: int) -> Any:
        return chaos_run.planned(seed, 1, 50, chaos_run.random.Random(f"{seed}-1"))

    assert plan(1) == plan(1)
    assert plan(1) != plan(2)


def _one(seen: Seen, fits: Callable[[Observed], bool]) -> Observed:
    return next(one for one in seen.calls if fits(one))


def _replied(one: Observed) -> bool:
    return one.reply is not None and one.call.kind == "text" and one.call.streamed


def _failed(one: Observed) -> bool:
    return isinstance(one.error, ferrule.ProviderError) and one.error.partial_reply is None


def _ended_twice(seen: Seen) -> None:
    _one(seen, _replied).ends = 2


def _never_ended(seen: Seen) -> None:
    seen.calls.pop()


def _counted_twice(seen: Seen) -> None:
    nonce = _one(seen, _replied).call.nonce
    seen.ledger[nonce] = replace(seen.ledger[nonce], calls=2)


def _not_counted(seen: Seen) -> None:
    del seen.ledger[_one(seen, _replied).call.nonce]


def _late(seen: Seen) -> None:
    seen.calls[0].elapsed = TOTAL + 2 + 3 * seen.lag


def _another_error(seen: Seen) -> None:
    one = _one(seen, _failed)
    assert isinstance(one.error, ferrule.ProviderError)
    one.error = ferrule.NotFoundError("no", provider=one.error.provider, attempts=one.error.attempts)


def _a_strange_error(seen: Seen) -> None:
    _one(seen, _failed).error = KeyError("x")


def _failed_for_nothing(seen: Seen) -> None:
    one = _one(seen, lambda one: any(attempt.reason not in (None, "timeout") for attempt in one.attempts))
    seen.disturbed = {}
    one.call = replace(one.call, faults=dict.fromkeys(one.call.faults, "fine"))


def _lost_text(seen: Seen) -> None:
    one = _one(seen, _replied)
    one.text = one.text[:5] + one.text[6:]


def _repeated_text(seen: Seen) -> None:
    one = _one(seen, _replied)
    one.text = one.text[:9] + one.text[5:]


def _mixed_text(seen: Seen) -> None:
    first, second = [one for one in seen.calls if _replied(one)][:2]
    first.text, second.text = second.text, first.text
    first.reply, second.reply = second.reply, first.reply


def _wrong_beginning(seen: Seen) -> None:
    one = _one(seen, _failed)
    one.text = "x"


def _other_arguments(seen: Seen) -> None:
    one = _one(seen, lambda one: one.reply is not None and one.call.kind == "tool")
    one.call = replace(one.call, nonce="n0")
    seen.ledger["n0"] = ferrule.UsageTotals(calls=1)


def _other_usage(seen: Seen) -> None:
    one = _one(seen, _replied)
    one.call = replace(one.call, usage=one.call.usage + 1)


def _other_ledger(seen: Seen) -> None:
    nonce = _one(seen, _replied).call.nonce
    seen.ledger[nonce] = replace(seen.ledger[nonce], output_tokens=seen.ledger[nonce].output_tokens + 1)


def _cost_of_a_failure(seen: Seen) -> None:
    nonce = _one(seen, _failed).call.nonce
    seen.ledger[nonce] = replace(seen.ledger[nonce], input_tokens=1)


def _untold_request(seen: Seen) -> None:
    one = _one(seen, _replied)
    assert one.reply is not None
    requests = seen.requests[one.reply.provider]
    requests += [request for request in requests if one.call.nonce in str(request.body)] * 9


def _unasked_answer(seen: Seen) -> None:
    one = _one(seen, _replied)
    assert one.reply is not None
    seen.disturbed = {}
    seen.requests[one.reply.provider] = []


def _a_place_is_taken(seen: Seen) -> None:
    seen.in_flight = {**seen.in_flight, "chat/m": 1}


def _a_task_is_left(seen: Seen) -> None:
    seen.tasks = 1


@pytest.mark.parametrize(
    ("invariant", "breaks"),
    [
        ("ends once", _ended_twice),
        ("ends once", _never_ended),
        ("ends once", _counted_twice),
        ("ends once", _not_counted),
        ("deadline", _late),
        ("right error", _another_error),
        ("right error", _a_strange_error),
        ("unprovoked failure", _failed_for_nothing),
        ("text", _lost_text),
        ("text", _repeated_text),
        ("text", _mixed_text),
        ("text", _wrong_beginning),
        ("text", _other_arguments),
        ("usage", _other_usage),
        ("usage", _other_ledger),
        ("usage", _cost_of_a_failure),
        ("requests", _untold_request),
        ("requests", _unasked_answer),
        ("left over", _a_place_is_taken),
        ("left over", _a_task_is_left),
    ],
)
def test_an_invariant_finds_what_is_wrong(
    ran: tuple[Report, Seen], invariant: str, breaks: Callable[[Seen], None]
) -> None:
    """What a fault of the engine would look like, made by hand in a wave that was right."""
    _, seen = ran
    wrong = replace(
        seen,
        calls=[copy.copy(one) for one in seen.calls],
        ledger=dict(seen.ledger),
        requests={name: list(requests) for name, requests in seen.requests.items()},
    )
    assert not list(WAVE_CHECKS[invariant](wrong))
    breaks(wrong)
    found = list(WAVE_CHECKS[invariant](wrong))
    assert found
    assert {one.invariant for one in found} == {invariant}


RIGHT = Outage(
    lasted=1.6,
    concurrency=8,
    failures=5,
    shortest=0.16,
    asked=12,
    served=80,
    calls=80,
    opened=True,
    probes=1,
    is_back=True,
    closed=True,
)


@pytest.mark.parametrize(
    "wrong",
    [{"asked": 80}, {"served": 79}, {"opened": False}, {"probes": 2}, {"is_back": False}, {"closed": False}],
    ids=str,
)
def test_the_breakers_check_finds_what_is_wrong(wrong: dict[str, Any]) -> None:
    assert not list(breakers_do_their_part(RIGHT))
    assert list(breakers_do_their_part(replace(RIGHT, **wrong)))


def test_a_client_without_breakers_is_found_out() -> None:
    """A run that is broken on purpose: nothing keeps calls away from a provider that is down."""
    run = chaos_run.Run(SEED, 10)
    try:
        run.clients.sync.close()
        run.clients.sync = ferrule.Client(**run.world.settings() | {"breaker": {"failures": 0, "failure_rate": 0}})
        run.outage()
    finally:
        run.close()
    assert "breaker" in {violation.invariant for violation in run.report.violations}
    assert run.report.outages[0].probes > 1


def test_leaks_and_growth_are_found() -> None:
    before = chaos_run.resources()
    assert not list(nothing_leaks(before, before))
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        with open("/dev/null") as _:
            found = [violation.text for violation in nothing_leaks(before, chaos_run.resources())]
    finally:
        stop.set()
        thread.join()
    assert len(found) == 2
    assert "/dev/null" in found[0]
    assert list(nothing_leaks(before, Resources(before.descriptors, before.threads, connections=1)))


STEADY = Memory(resident=80.0, heap=14.0, blocks=100_000)


@pytest.mark.parametrize("name", ["heap", "blocks"])
def test_what_grows_by_a_hundredth_a_wave_is_found(name: str) -> None:
    waves = 4 * LONG_ENOUGH
    assert not list(memory_is_flat([STEADY] * waves))
    grows = [replace(STEADY, **{name: getattr(STEADY, name) * (1 + number / 100)}) for number in range(waves)]
    [found] = memory_is_flat(grows)
    assert found.invariant == "memory"
    # What a wave leaves behind for a moment is no growth.
    odd = [replace(one, **{name: getattr(one, name) * 1.5}) if number % 3 else one for number, one in enumerate(grows)]
    assert list(memory_is_flat(odd))
    assert not list(memory_is_flat([replace(STEADY, **{name: 1.5 * getattr(STEADY, name)}), STEADY] * LONG_ENOUGH))


def test_what_is_resident_may_grow_a_little() -> None:
    waves = 4 * LONG_ENOUGH
    assert not list(memory_is_flat([replace(STEADY, resident=75 + 0.1 * number) for number in range(waves)]))
    [found] = memory_is_flat([replace(STEADY, resident=75 + number) for number in range(waves)])
    assert "resident" in found.text
    assert not list(memory_is_flat([replace(STEADY, heap=None)] * waves))


def test_what_is_in_use_is_measured() -> None:
    before = memory()
    library = ctypes.CDLL(None)
    library.malloc.restype = ctypes.c_void_p
    library.malloc.argtypes = [ctypes.c_size_t]
    library.free.argtypes = [ctypes.c_void_p]
    held = [library.malloc(10_000) for _ in range(500)]
    objects = [object() for _ in range(50_000)]
    after = memory()
    assert after.blocks > before.blocks + 50_000
    if before.heap is not None:
        assert after.heap is not None
        assert after.heap > before.heap + 4.9
    for one in held:
        library.free(one)
    del objects, held
    freed = memory()
    assert freed.blocks < after.blocks - 49_000
    if freed.heap is not None:
        assert after.heap is not None
        assert freed.heap < after.heap - 4.9
