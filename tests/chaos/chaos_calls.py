"""Calls of the chaos run: planned by a seed, made with either client, and noted as they end."""

from __future__ import annotations

import asyncio
import json
import time
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaos_faults import FAULTS, FINE
from chaos_world import MODEL, PROVIDERS, USAGES, tag

import ferrule
from ferrule import Timeouts

if TYPE_CHECKING:
    import random

SILENCE = 1.5
TOTAL = 15.0
LIMITS = Timeouts(connect=5, first_byte=SILENCE, idle=SILENCE, total=TOTAL)
WORDS = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliett")


ROUTINGS: tuple[dict[str, Any] | None, ...] = (
    None,
    None,
    {"strategy": "least_busy"},
    {"first_token": 1.0},
    {"session": "a conversation"},
    {"max_targets": 2},
    {"exclude": "cohere"},
    {"continue_streams": True},
    {"continue_streams": True, "hedge": 0.2},
    {"hedge": 0.05},
)
"""What calls say of their routing."""


@dataclass(frozen=True)
class Planned:
    """A call to make.

    Attributes:
        nonce: Its own name, which its request and its answer carry.
        kind: `text`, `history` (a text after a call of a tool), `structured` or `tool`.
        model: A group or a target.
        faults: What each provider does to it, by name.
        usage: Which figures its provider reports.
        streamed: Whether it is a stream.
        asynchronous: Whether it is made with the asynchronous client.
        leaves_after: Its caller goes away: after so many events of a stream, or after so many milliseconds.
        routing: Routing options of the call.
    """

    nonce: str
    kind: str
    model: str
    faults: dict[str, str]
    usage: int
    streamed: bool
    asynchronous: bool
    leaves_after: int | None = None
    routing: dict[str, Any] | None = None

    @property
    def head(self) -> str:
        tags = "".join(tag(provider, code) for provider, code in self.faults.items())
        return f"{tags}(usage {self.usage}){'(tool)' if self.kind == 'tool' else '(echo)'}"

    @property
    def prompt(self) -> str:
        """The user's last text."""
        if self.kind == "structured":
            return json.dumps({"head": self.head, "nonce": self.nonce, "check": zlib.crc32(self.nonce.encode())})
        body = " ".join(f"{word}{self.nonce}" for word in WORDS)
        return f"{self.head} {body} {zlib.crc32(body.encode())}"

    @property
    def expected(self) -> str:
        """The text of its answer."""
        return "" if self.kind == "tool" else self.prompt

    def messages(self) -> list[dict[str, Any]]:
        last: dict[str, Any] = {"role": "user", "content": self.prompt}
        if self.kind != "history":
            return [last]
        call = {"id": f"call-{self.nonce}", "type": "function", "function": {"name": "note", "arguments": "{}"}}
        return [
            {"role": "user", "content": "Look it up."},
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": f"call-{self.nonce}", "content": "Nothing."},
            {"role": "assistant", "content": "There is nothing."},
            last,
        ]

    def options(self) -> dict[str, Any]:
        options: dict[str, Any] = {"max_tokens": 500, "timeout": LIMITS, "metadata": {"nonce": self.nonce}}
        nonce = {"type": "string", "enum": [self.nonce]}
        schema = {"type": "object", "properties": {"nonce": nonce}, "required": ["nonce"]}
        function = {"name": "note", "description": "Notes it.", "parameters": schema}
        if self.kind in ("tool", "history"):
            options["tools"] = [{"type": "function", "function": function}]
        if self.kind == "tool":
            options["tool_choice"] = "required"
        if self.kind == "structured":
            options["response_format"] = Note
        if self.routing is not None:
            options["routing"] = self.routing
        return options


@dataclass
class Note:
    """What structured answers are."""

    head: str
    nonce: str
    check: int


@dataclass
class Observed:
    """How a call ended, as its caller saw it.

    Attributes:
        call: The call.
        ends: How often it ended.
        text: The text that its caller was given, event by event; of a plain call that of its reply.
        reply: Its reply.
        error: Its error.
        left: Whether its caller went away.
        elapsed: How long it took, in seconds.
        problem: What the caller saw that no call should show.
        continued: How often another target went on with it.
    """

    call: Planned
    ends: int = 0
    text: str = ""
    reply: ferrule.Reply | None = None
    error: BaseException | None = None
    left: bool = False
    elapsed: float = 0.0
    problem: str | None = None
    continued: int = 0

    @property
    def attempts(self) -> list[ferrule.Attempt]:
        if self.reply is not None:
            return list(self.reply.attempts)
        return list(self.error.attempts) if isinstance(self.error, ferrule.FerruleError) else []


def _routing(model: str, drawn: dict[str, Any] | None) -> dict[str, Any] | None:
    """What was drawn, but for what would leave a call of one target nobody to ask."""
    return None if drawn is not None and model.startswith(f"{drawn.get('exclude')}/") else drawn


def planned(seed: int, wave: int, count: int, draw: random.Random) -> list[Planned]:
    """The calls of a wave."""
    codes = list(FAULTS)
    calls = []
    for number in range(count):
        faulty = draw.choice((0.0, 0.2, 0.5, 0.9))
        faults = {name: draw.choice(codes) if draw.random() < faulty else FINE for name in PROVIDERS}
        streamed, asynchronous = draw.random() < 0.6, draw.random() < 0.6
        leaves = draw.random() < 0.06 and (streamed or asynchronous)
        model = "all" if draw.random() < 0.85 else f"{draw.choice(PROVIDERS)}/{MODEL}"
        calls.append(
            Planned(
                nonce=f"n{seed}x{wave}x{number}",
                kind=draw.choice(("text", "text", "history", "structured", "tool")),
                model=model,
                faults=faults,
                usage=draw.randrange(USAGES),
                streamed=streamed,
                asynchronous=asynchronous,
                leaves_after=draw.randrange(1, 20) if leaves else None,
                routing=_routing(model, draw.choice(ROUTINGS)),
            )
        )
    return calls


def make(client: ferrule.Client, call: Planned) -> Observed:
    """Makes a call with the synchronous client."""
    observed, began = Observed(call), time.monotonic()
    try:
        if not call.streamed:
            observed.reply = client.complete(call.model, call.messages(), **call.options())
            observed.text = observed.reply.text
        else:
            with client.stream(call.model, call.messages(), **call.options()) as stream:
                for number, event in enumerate(stream):
                    _take(observed, event)
                    if call.leaves_after is not None and number >= call.leaves_after:
                        observed.left = True
                        break
            observed.reply = None if observed.left else stream.reply()
    except Exception as error:  # any other class than Ferrule's is a finding
        # Without the frames, which hold the client and its loop.
        observed.error = error.with_traceback(None)
    observed.ends += 1
    observed.elapsed = time.monotonic() - began
    return observed


async def make_async(client: ferrule.AsyncClient, call: Planned) -> Observed:
    """Makes a call with the asynchronous client; one whose caller leaves is cancelled."""
    observed, began = Observed(call), time.monotonic()
    task = asyncio.ensure_future(_read(client, call, observed))
    if call.leaves_after is not None:
        await asyncio.wait([task], timeout=call.leaves_after / 1000)
        observed.left = task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass
    except Exception as error:
        observed.error = error.with_traceback(None)
    observed.ends += 1
    observed.elapsed = time.monotonic() - began
    return observed


async def _read(client: ferrule.AsyncClient, call: Planned, observed: Observed) -> None:
    if not call.streamed:
        observed.reply = await client.complete(call.model, call.messages(), **call.options())
        observed.text = observed.reply.text
        return
    async with client.stream(call.model, call.messages(), **call.options()) as stream:
        async for event in stream:
            _take(observed, event)
    observed.reply = stream.reply()


def _take(observed: Observed, event: Any) -> None:
    if observed.reply is not None or observed.error is not None:
        observed.problem = "an event came after the end"
    if isinstance(event, ferrule.TextDelta):
        observed.text += event.text
    elif isinstance(event, ferrule.Continued):
        observed.continued += 1
        if event.how == "restart":
            observed.text = ""
