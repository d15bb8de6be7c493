"""`failover_on`: each word moves a call on after failures of its kind, in a group or in a call, and no others do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from callers import KINDS, Caller, Kind

import ferrule
from ferrule import Timeouts
from ferrule.testing import rule

if TYPE_CHECKING:
    from group_targets import Targets


class Case(NamedTuple):
    """What a provider does, and what it comes to.

    Attributes:
        fault: What the first target does to every request.
        error: The class of the call's error where it does not move on.
        reply: What else its answers say.
    """

    fault: Any
    error: type[ferrule.FerruleError]
    reply: dict[str, Any] = {}  # noqa: RUF012 - never changed


def status(number: int, kind: str | None = None) -> Any:
    return {"status": {"status": number, **({"error": {"kind": kind}} if kind else {})}}


CASES = {
    "connect": Case({"reset": {"at": "before_headers"}}, ferrule.ConnectError),
    "timeout": Case({"stall": {"at": "before_headers"}}, ferrule.TimeoutError),
    "server_error": Case(status(500), ferrule.ServerError),
    "overloaded": Case(status(503), ferrule.OverloadedError),
    "rate_limited": Case(status(429), ferrule.RateLimitedError),
    "quota_exceeded": Case(status(402), ferrule.QuotaExceededError),
    "authentication": Case(status(401), ferrule.AuthenticationError),
    "interrupted": Case({"reset": {"at": "after_headers"}}, ferrule.StreamInterruptedError),
    "unreadable": Case("empty", ferrule.FerruleError),
    "model_unavailable": Case(status(404), ferrule.NotFoundError),
    "context_length": Case(status(400, "context_length"), ferrule.ContextLengthError),
    "content_filter": Case(status(400, "content_filtered"), ferrule.ContentFilteredError),
    "invalid_request": Case(status(400), ferrule.InvalidRequestError),
}
# A stream that ends without an event broke off; a plain answer without a content cannot be read.
OF_STREAMS = {"unreadable": Case({"malformed_json": {"after_chunks": 0}}, ferrule.FerruleError)}
SHORT: dict[str, Any] = {"timeout": Timeouts(first_byte=0.3, idle=0.3)}

pytestmark = pytest.mark.parametrize("kind", KINDS, ids=str)


@pytest.mark.parametrize("word", CASES)
@pytest.mark.parametrize("place", ["group", "call"])
def test_a_word_moves_on_and_the_others_do_not(targets: Targets, kind: Kind, word: str, place: str) -> None:
    case = (OF_STREAMS if kind.streamed else {}).get(word, CASES[word])
    targets.script("one", rule("From one.", fault=case.fault))
    others = [other for other in CASES if other != word]
    for words, moves in (([word], True), (others, False), ([], False)):
        group = {"failover_on": words} if place == "group" else {"failover_on": ["connect"]}
        options: dict[str, Any] = {**SHORT, "retry": "none"}
        if place == "call":
            options["routing"] = ferrule.Routing(failover_on=words)
        with Caller(kind, targets.settings(targets=["one/m", "two/m"], **group)) as caller:
            ended = caller.call("all", **options)
            if moves:
                assert ended.reply is not None, ended.error
                assert (ended.reply.provider, ended.asked) == ("two", ["one/m", "two/m"])
            else:
                assert isinstance(ended.error, case.error), (words, ended.error, ended.attempts)
                assert ended.asked == ["one/m"]
            assert ended.attempts[0].reason == word, ended.attempts
