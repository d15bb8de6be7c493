"""Invariants of the chaos run: what must hold of every wave of calls, whatever was done to the providers.

Each check is a function of what was seen, so that a test can show what it finds in a wave that was made wrong.
"""

from __future__ import annotations

import zlib
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from chaos_calls import TOTAL, Note, Observed
from chaos_faults import FAULTS, FINE, SILENT, is_harmless, may_answer
from chaos_world import cost_of, usage_of

import ferrule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from chaos_calls import Planned
    from chaos_faults import Errors
    from chaos_memory import Memory

    from ferrule import UsageTotals
    from ferrule.testing import RecordedRequest


@dataclass(frozen=True)
class Violation:
    """What does not hold.

    Attributes:
        invariant: The name of the check.
        call: The call it was seen in; empty where it is of no single one.
        text: What was seen.
    """

    invariant: str
    call: str
    text: str

    def __str__(self) -> str:
        return f"{self.invariant}: {self.call}: {self.text}" if self.call else f"{self.invariant}: {self.text}"


@dataclass
class Seen:
    """What was seen of a wave.

    Attributes:
        calls: How each call ended.
        planned: How many calls were made.
        ledger: The usage of each call in the clients' ledgers, by its nonce.
        requests: What each provider got.
        disturbed: The errors that may come of what was done to each provider under way.
        in_flight: The calls that the clients' status has under way at each target, after the last one ended.
        tasks: The tasks that are left on the asynchronous client's loop.
        lag: By how many seconds this machine was late, at most.
    """

    calls: list[Observed]
    planned: int
    ledger: dict[str, UsageTotals]
    requests: dict[str, list[RecordedRequest]]
    disturbed: dict[str, Errors] = field(default_factory=dict)
    in_flight: dict[str, int] = field(default_factory=dict)
    tasks: int = 0
    lag: float = 0.0


def ends_once(seen: Seen) -> Iterator[Violation]:
    """Every call ends exactly once, for its caller and in the ledger."""
    if len(seen.calls) != seen.planned:
        yield Violation("ends once", "", f"{len(seen.calls)} of {seen.planned} calls ended")
    for one in seen.calls:
        nonce = one.call.nonce
        counted = seen.ledger[nonce].calls if nonce in seen.ledger else 0
        if one.ends != 1:
            yield Violation("ends once", nonce, f"ended {one.ends} times")
        if counted != 1:
            yield Violation("ends once", nonce, f"counted {counted} times in the ledger")
        if one.reply is not None and one.error is not None:
            yield Violation("ends once", nonce, "succeeded and failed")
        if one.reply is None and one.error is None and not one.left:
            yield Violation("ends once", nonce, "neither succeeded nor failed")


def before_its_deadline(seen: Seen) -> Iterator[Violation]:
    """Every call ends before its deadline. The tolerance is the machine's: a second, and three times its worst lag."""
    for one in seen.calls:
        if one.elapsed > TOTAL + 1 + 3 * seen.lag:
            yield Violation("deadline", one.call.nonce, f"took {one.elapsed:.1f} s of {TOTAL} s")


def _may_fail_with(seen: Seen, one: Observed, provider: str) -> Errors:
    code = one.call.faults[provider]
    errors = () if code == FINE else FAULTS[code].errors
    errors += seen.disturbed.get(provider, ())
    if one.elapsed >= TOTAL - 0.1:
        errors += (ferrule.TotalTimeoutError,)
    # Both sides run in this process: where it waits for a processor, a provider that does nothing wrong is silent.
    return (*errors, *SILENT)


OF_PROVIDERS = (ferrule.ProviderError, ferrule.ConnectError, ferrule.TimeoutError, ferrule.StreamInterruptedError)


def the_right_error(seen: Seen) -> Iterator[Violation]:
    """A call that fails has the class of what its last provider did to it."""
    for one in seen.calls:
        if one.error is None:
            continue
        nonce, error = one.call.nonce, one.error
        if not isinstance(error, ferrule.FerruleError):
            yield Violation("right error", nonce, f"{type(error).__name__}: {error}")
        elif isinstance(error, ferrule.ConfigError):
            if not any(ferrule.ConfigError in errors for errors in seen.disturbed.values()):
                yield Violation("right error", nonce, f"nobody switched a target off: {error}")
        elif error.provider not in one.call.faults:
            yield Violation("right error", nonce, f"of the provider {error.provider!r}: {error}")
        elif error.attempts and all(attempt.skipped for attempt in error.attempts):
            # Every breaker is open: the error is the last one that the target had, of any call.
            if not isinstance(error, OF_PROVIDERS):
                yield Violation("right error", nonce, f"nobody was asked: {type(error).__name__}: {error}")
        elif type(error) not in (allowed := _may_fail_with(seen, one, error.provider)):
            names = [kind.__name__ for kind in allowed]
            code = one.call.faults[error.provider]
            text = f"{type(error).__name__} ({error}) of {error.provider}, which did {code}: expected one of {names}"
            yield Violation("right error", nonce, text)


def no_failure_unprovoked(seen: Seen) -> Iterator[Violation]:
    """No attempt fails, but by a timeout, at a provider that did nothing to it."""
    for one in seen.calls:
        for attempt in one.attempts:
            failed = not attempt.skipped and attempt.outcome != "success"
            provoked = attempt.provider in seen.disturbed or not is_harmless(one.call.faults.get(attempt.provider))
            was_slower = attempt.outcome.startswith("cancelled")
            if failed and attempt.reason != "timeout" and not was_slower and not provoked:
                code = one.call.faults.get(attempt.provider)
                yield Violation("unprovoked failure", one.call.nonce, f"{attempt.target}, {code}: {attempt.outcome}")


def text_is_whole(seen: Seen) -> Iterator[Violation]:
    """No text is lost, repeated or mixed between calls; what was delivered of a broken stream is its beginning."""
    for one in seen.calls:
        call, nonce = one.call, one.call.nonce
        if one.problem:
            yield Violation("text", nonce, one.problem)
        if one.reply is None:
            if not call.expected.startswith(one.text):
                yield Violation("text", nonce, f"delivered {one.text!r} of {call.expected!r}")
            partial = getattr(one.error, "partial_reply", None)
            if partial is not None and call.streamed and partial.text != one.text:
                yield Violation("text", nonce, f"delivered {one.text!r}, and keeps {partial.text!r}")
            if one.text and one.error is not None and partial is None:
                yield Violation("text", nonce, f"delivered {one.text!r}, and keeps nothing")
            continue
        if call.kind == "tool":
            arguments = [made.arguments for made in one.reply.tool_calls]
            if arguments != [{"nonce": nonce}]:
                yield Violation("text", nonce, f"calls its tool with {arguments}")
        elif (one.text, one.reply.text) != (call.expected, call.expected):
            yield Violation("text", nonce, f"delivered {one.text!r}, replied {one.reply.text!r}, not {call.expected!r}")
        elif call.kind == "structured":
            note = one.reply.parsed
            if note != Note(call.head, nonce, zlib.crc32(nonce.encode())):
                yield Violation("text", nonce, f"parsed {note!r}")
        code = call.faults[one.reply.provider]
        # Faults that strike after so many chunks of text may miss an answer without text.
        if not may_answer(code) and call.streamed and call.kind != "tool":
            yield Violation("text", nonce, f"a success of {one.reply.provider}, which did {code}")


def _known_of(one: Observed, provider: str | None) -> list[tuple[int, int, Decimal]]:
    """The tokens and the cost that providers may have reported for a call that `provider` answered, or nobody did.

    Anthropic's format alone reports the prompt when a stream begins: for each attempt there that came to nothing, and
    for those that were cancelled because another target was faster, it may have done so.
    """
    call = one.call
    input_tokens, output_tokens, cost = 0, 0, Decimal(0)
    if provider is not None:
        usage = usage_of(provider, call.usage)
        input_tokens, output_tokens = usage["input_tokens"], usage["output_tokens"]
        cost = cost_of(provider, usage, call.model)
    begun = usage_of("messages", call.usage) | {"output_tokens": 1}
    failed = [made for made in one.attempts if made.provider == "messages" and made.outcome != "success"]
    most = len(failed) if call.streamed and not one.left else 0
    of_one = cost_of("messages", begun, call.model)
    return [
        (input_tokens + times * begun["input_tokens"], output_tokens + times, cost + times * of_one)
        for times in range(most + 1)
    ]


def usage_is_what_was_reported(seen: Seen) -> Iterator[Violation]:
    """Usage and cost are what the providers reported, on the reply and in the ledger; unknown where a call was cut."""
    for one in seen.calls:
        row = seen.ledger.get(one.call.nonce)
        if row is None:
            continue  # `ends_once` says so.
        found = _wrong_of_reply(one, row) if one.reply is not None else _wrong_of_failure(one, row)
        yield from (Violation("usage", one.call.nonce, text) for text in found)


def _wrong_of_reply(one: Observed, row: UsageTotals) -> Iterator[str]:
    reply = one.reply
    assert reply is not None
    known = _known_of(one, reply.provider)
    cost = reply.cost.total if reply.cost is not None else None
    given = (reply.usage.input_tokens, reply.usage.output_tokens, cost)
    # A reply has what its own targets used: one, unless it was continued.
    if given not in (known if one.continued else known[:1]):
        yield f"{reply.provider} reported {known[0]}, the reply has {given}"
    counted = (row.input_tokens, row.output_tokens, row.cost)
    if counted not in known or row.unknown_cost:
        yield f"{reply.provider} reported {known}, the ledger has {row}"
    if row.failed or row.interrupted:
        yield f"succeeded, and the ledger has {row}"


MOST_BEGUN = 3
"""Attempts at one provider that may have begun before a call was left."""


def _may_be_reported(call: Planned, row: UsageTotals) -> bool:
    """Whether providers may have reported what was counted of a call that its caller left: one of them all of it or
    nothing, after attempts at the one of Anthropic's format that reported their beginning.
    """
    reported = [usage_of(provider, call.usage) for provider in call.faults]
    begun = usage_of("messages", call.usage)["input_tokens"]
    return any(
        row.input_tokens - times * begun in {0, *(usage["input_tokens"] for usage in reported)}
        and row.output_tokens - times in {0, *(usage["output_tokens"] for usage in reported)}
        for times in range(MOST_BEGUN + 1)
    )


def _wrong_of_failure(one: Observed, row: UsageTotals) -> Iterator[str]:
    partial = getattr(one.error, "partial_reply", None)
    if one.left:
        if not _may_be_reported(one.call, row):
            yield f"was left, and nobody reported {row.input_tokens} and {row.output_tokens} tokens"
        return
    # One whose end alone was missing may have been reported whole.
    known = _known_of(one, None)
    if partial is not None:
        known += _known_of(one, partial.provider)
    if (row.input_tokens, row.output_tokens, row.cost) not in known and not row.unknown_cost:
        yield f"reported were {known}, the ledger has {row}"
    if (row.interrupted, row.failed) != ((1, 0) if partial is not None else (0, 1)):
        yield f"{'was cut' if partial is not None else 'failed'}, and the ledger has {row}"
    if partial is not None:
        given = (partial.usage.input_tokens or 0, partial.usage.output_tokens or 0)
        if given not in [figures[:2] for figures in known]:
            yield f"reported were {known}, the partial reply has {partial.usage}"


def requests_are_told(seen: Seen) -> Iterator[Violation]:
    """A provider gets no request that the caller is not told of, and no call answers that the provider did not get."""
    got: Counter[tuple[str, str]] = Counter()
    nonces = {one.call.nonce for one in seen.calls}
    for provider, requests in seen.requests.items():
        for request in requests:
            text = str(request.body)
            named = {nonce for nonce in _nonces(text) if nonce in nonces}
            if len(named) > 1:
                yield Violation("requests", "", f"{provider} got one request with {sorted(named)}")
            got.update((nonce, provider) for nonce in named)
    for one in seen.calls:
        if one.left:
            continue
        for provider in seen.requests:
            told = [one for one in one.attempts if one.provider == provider and not one.skipped]
            arrived = got[one.call.nonce, provider]
            if arrived > len(told):
                yield Violation("requests", one.call.nonce, f"{provider} got {arrived}, the attempts are {told}")
            # Of one that was stopped the last requests are not known.
            was_stopped = ferrule.ConnectError in seen.disturbed.get(provider, ())
            if not arrived and not was_stopped and any(attempt.outcome == "success" for attempt in told):
                yield Violation("requests", one.call.nonce, f"{provider} answered what it did not get")


def _nonces(text: str) -> Iterator[str]:
    rest = text
    while (at := rest.find("n")) >= 0:
        end = at + 1
        while end < len(rest) and (rest[end].isdigit() or rest[end] == "x"):
            end += 1
        if end > at + 1:
            yield rest[at:end]
        rest = rest[max(end, at + 1) :]


def nothing_is_left(seen: Seen) -> Iterator[Violation]:
    """When the last call of a wave ended, no place at a target is taken, and no task is left."""
    for target, count in seen.in_flight.items():
        if count:
            yield Violation("left over", "", f"{count} calls are under way at {target} after all have ended")
    if seen.tasks:
        yield Violation("left over", "", f"{seen.tasks} tasks are left on the loop")


@dataclass
class Outage:
    """What was seen of an outage of the first target of a group.

    Attributes:
        lasted: Its seconds, from the first request to the last call's end.
        concurrency: How many calls were made at a time.
        failures: The failures in a row that open a breaker.
        shortest: The shortest time that a breaker is open, in seconds, jitter taken off.
        asked: The requests that the target got during the outage.
        served: The calls that somebody else answered.
        calls: The calls that were made.
        opened: Whether its breaker was seen open.
        probes: The requests that it got after its recovery before it could have answered the first of them.
        is_back: Whether it answered calls again in the end.
        closed: Whether its breaker was closed in the end.
    """

    lasted: float
    concurrency: int
    failures: int
    shortest: float
    asked: int
    served: int
    calls: int
    opened: bool
    probes: int
    is_back: bool
    closed: bool


def breakers_do_their_part(outage: Outage) -> Iterator[Violation]:
    """A provider that is down gets no more than what opens its breaker, and probes; after its recovery it is back."""
    # What was under way when the breaker opened still arrives.
    most = outage.failures + outage.concurrency + int(outage.lasted / outage.shortest) + 1
    if outage.asked > most:
        text = f"{outage.asked} requests in an outage of {outage.lasted:.1f} s, at most {most} were to be"
        yield Violation("breaker", "", text)
    if not outage.opened:
        yield Violation("breaker", "", f"did not open in {outage.calls} calls of an outage")
    if outage.served != outage.calls:
        yield Violation("breaker", "", f"{outage.calls - outage.served} calls of an outage failed")
    if not outage.is_back or not outage.closed:
        yield Violation("breaker", "", f"after the recovery: back {outage.is_back}, closed {outage.closed}")
    if outage.probes > 1:
        yield Violation("breaker", "", f"{outage.probes} probes at a time")


@dataclass(frozen=True)
class Resources:
    """What the process has open."""

    descriptors: tuple[str, ...]
    threads: int
    connections: int = 0


def nothing_leaks(before: Resources, after: Resources) -> Iterator[Violation]:
    """When the clients are closed and the simulators stopped, the process has what it had before."""
    if len(after.descriptors) > len(before.descriptors):
        more = sorted((Counter(after.descriptors) - Counter(before.descriptors)).elements())
        yield Violation("leak", "", f"{len(after.descriptors)} descriptors are open; not before: {more}")
    if after.threads > before.threads:
        yield Violation("leak", "", f"{after.threads} threads run, {before.threads} did before")
    if after.connections:
        yield Violation("leak", "", f"{after.connections} connections are open after the clients were closed")


LONG_ENOUGH = 20
"""Waves below which memory is not judged: pools and caches are still filling."""


def memory_is_flat(waves: list[Memory]) -> Iterator[Violation]:
    """What is in use does not grow: in the last quarter of a long run no more than in the second one.

    A wave may leave something behind that is freed a moment later, so that the least of each quarter is compared. What
    is resident is no more than in a wide bound: it says how memory is divided rather than whether it is in use.
    """
    if len(waves) < LONG_ENOUGH:
        return
    quarter = len(waves) // 4
    before, after = waves[quarter : 2 * quarter], waves[-quarter:]
    figures: dict[str, tuple[Callable[[Memory], float | None], float, float]] = {
        "MB of the heap are in use": (lambda one: one.heap, 1.03, 1),
        "blocks of Python's are in use": (lambda one: one.blocks, 1.02, 1000),
        "MB are resident": (lambda one: one.resident, 1.25, 16),
    }
    for what, (figure, factor, more) in figures.items():
        had, has = (min(figure(one) or 0 for one in part) for part in (before, after))
        if has > had * factor + more:
            yield Violation("memory", "", f"{has:.1f} {what} in the last quarter, {had:.1f} were in the second one")


WAVE_CHECKS: dict[str, Callable[[Seen], Iterable[Violation]]] = {
    "ends once": ends_once,
    "deadline": before_its_deadline,
    "right error": the_right_error,
    "unprovoked failure": no_failure_unprovoked,
    "text": text_is_whole,
    "usage": usage_is_what_was_reported,
    "requests": requests_are_told,
    "left over": nothing_is_left,
}
INVARIANTS = (*WAVE_CHECKS, "breaker", "leak", "memory")


def violations(seen: Seen) -> list[Violation]:
    """All that does not hold of a wave."""
    return [found for check in WAVE_CHECKS.values() for found in check(seen)]
