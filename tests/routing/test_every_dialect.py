"""Failover from every dialect: streams that are cut at each of their events, and content filters that refuse."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from callers import KINDS, Caller, Ended, Kind

import ferrule
from ferrule import Continued
from ferrule.testing import Simulator, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = "One two three four five six."

# Providers whose format is the dialect's, and a model of theirs.
MAINS = {
    "openai": "gpt-5-mini",
    "openai-responses": "gpt-5-mini",
    "anthropic": "claude-haiku-4-5",
    "gemini": "gemini-2.5-flash",
    "vertex": "gemini-2.5-flash",
    "bedrock": "anthropic.claude-haiku-4-5-20251001-v1:0",
    "mistral": "mistral-small-latest",
    "cohere": "command-a-03-2025",
    "ollama": "llama3.2",
    "watsonx": "ibm/granite-3-8b-instruct",
}
EVENTS = 14
"""More than the longest of the streams has chunks."""


class World:
    """A provider of each dialect, which fails, and one that goes on."""

    def __init__(self, main: Simulator, spare: Simulator) -> None:
        self.main, self.spare = main, spare
        spare.set_script([rule(TEXT)])

    def settings(self, **options: Any) -> dict[str, Any]:
        names = [name for name in MAINS if name != "openai-responses"]
        providers: dict[str, Any] = dict(self.main.providers(names))
        own = {"base_url": self.main.openai_base_url, "api_key": "test", "dialect": "openai-responses"}
        providers["openai-responses"] = own
        prefix = {"base_url": self.spare.anthropic_base_url, "api_key": "test", "dialect": "anthropic"}
        anew = {"base_url": self.spare.openai_base_url, "api_key": "test", "dialect": "openai-chat"}
        providers |= {"prefix": prefix, "anew": anew}
        return {"config": False, "providers": providers, "timeout": 20, "retry": "none", **options}


@pytest.fixture
def world() -> Iterator[World]:
    with ExitStack() as stack:
        yield World(stack.enter_context(Simulator()), stack.enter_context(Simulator()))


def cuts(place: int) -> dict[str, Any]:
    """What breaks a stream off after so many chunks."""
    return {
        "close": {"close": {"at": "mid_event", "after_chunks": place}},
        "reset": {"reset": {"at": "mid_event", "after_chunks": place}},
        "malformed": {"malformed_json": {"after_chunks": place}},
        "error": {"error_event": {"after_chunks": place}},
        "chunk": {"truncated_chunk": {"after_chunks": place}},
    }


def is_whole_or_an_error(ended: Ended, what: Any) -> None:
    """Without `continue_streams`: what was delivered is the beginning of an answer, and its end is no success."""
    assert TEXT.startswith(ended.text), what
    if ended.reply is not None:
        # Nothing was delivered of the broken one, or nothing was missing.
        assert ended.text == ended.reply.text == TEXT, (what, ended.attempts)
        return
    assert isinstance(ended.error, ferrule.FerruleError)
    assert isinstance(ended.error, (ferrule.StreamInterruptedError, ferrule.ProviderError)), (what, ended.error)
    partial = ended.error.partial_reply if hasattr(ended.error, "partial_reply") else None
    assert partial is not None, (what, ended.error)
    assert partial.text == ended.text, what
    assert len(ended.asked) == 1, what


def is_whole(ended: Ended, what: Any) -> None:
    """With `continue_streams`: the caller has the whole answer once, and is told where another target went on."""
    assert ended.error is None, (what, ended.error, ended.attempts)
    assert ended.reply is not None
    assert ended.text == ended.reply.text == TEXT, (what, ended.text, ended.reply.text)
    continued = [event for event in ended.events if isinstance(event, Continued)]
    assert len(continued) <= 1, what


@pytest.mark.parametrize("main", MAINS)
@pytest.mark.parametrize("asynchronous", [False, True])
def test_streams_that_are_cut_at_any_event(world: World, main: str, asynchronous: bool) -> None:
    whole = broken = 0
    breaker = {"failures": 0, "failure_rate": 0}
    with Caller(Kind(True, asynchronous), world.settings(breaker=breaker)) as caller:
        for place in range(EVENTS):
            for name, fault in cuts(place).items():
                world.main.set_script([rule(TEXT, fault=fault)])
                model, what = f"{main}/{MAINS[main]}", (main, name, place)
                ended = caller.call([model, "anew/gpt-5-mini"])
                is_whole_or_an_error(ended, what)
                whole, broken = whole + (ended.reply is not None), broken + (ended.reply is None)
                for spare in ("prefix/claude-haiku-4-5", "anew/gpt-5-mini"):
                    routing = ferrule.Routing(continue_streams=True)
                    is_whole(caller.call([model, spare], routing=routing), (*what, spare))
    assert whole >= len(cuts(0)), "one that breaks off before anything came is replaced"
    assert broken > EVENTS / 2


FILTERED: Any = {"text": "", "finish_reason": "content_filter"}
REFUSED: Any = {
    "status": {"status": 400, "error": {"kind": "content_filtered", "message": "blocked by content_filter"}}
}


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("main", MAINS)
@pytest.mark.parametrize("how", ["finish reason", "error"])
def test_content_filters(world: World, main: str, kind: Kind, how: str) -> None:
    failing = rule(FILTERED) if how == "finish reason" else rule(fault=REFUSED)
    world.main.set_script([failing])
    model = f"{main}/{MAINS[main]}"
    groups = {
        "usual": {"targets": [model, "anew/gpt-5-mini"]},
        "around": {"targets": [model, "prefix/claude-haiku-4-5"], "content_filter_fallback": ["anew/gpt-5-mini"]},
    }
    with Caller(kind, world.settings(groups=groups)) as caller:
        stops = caller.call("usual")
        assert stops.asked == [model]
        if how == "error":
            assert isinstance(stops.error, ferrule.ContentFilteredError)
        else:
            assert stops.reply is not None
            assert stops.reply.finish_reason in ("content_filter", "refusal")
        around = caller.call("around")
        assert around.reply is not None, around.error
        assert (around.reply.text, around.asked) == (TEXT, [model, "anew/gpt-5-mini"])
        routed = caller.call("usual", routing={"failover_on": ["content_filter"]})
        assert routed.reply is not None
        assert [attempt.reason for attempt in routed.attempts] == ["content_filter", None]
