"""Scripts of the simulator: which replies and faults its requests get. Public as names of `ferrule.testing`."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypedDict, Union, cast

from ferrule.numeric import plain


class ReplyScript(TypedDict, total=False):
    """A scripted reply: content and speed. What is left out follows from the request and the script's `defaults`."""

    text: str
    reasoning: str
    tool_calls: list[dict[str, Any]]
    """Each with `name`, `arguments` (a dict, or text that may be wrong JSON on purpose) and perhaps `id`."""
    refusal: str
    content: list[dict[str, Any]]
    """Parts in order, where that matters: `{"text": ...}`, `{"reasoning": {"text": ..., "signature": ...}}`,
    `{"redacted_reasoning": ...}`, `{"tool_call": {...}}`, `{"refusal": ...}`."""
    echo: bool
    """Repeat the user's text."""
    tokens: int
    """Generate a text of this number of tokens."""
    json: bool
    """Generate JSON that fits the request's schema."""
    use_tools: bool
    """Call the request's tool."""
    reason: bool
    """Reason first."""
    usage: dict[str, int]
    """`input_tokens`, `output_tokens`, `cache_read_tokens`, `reasoning_tokens`; counted where left out."""
    finish_reason: str
    stop_sequence: str
    model: str
    id: str
    first_token_ms: int
    tokens_per_second: float
    chunk_tokens: int
    """Tokens per event of a stream; 1 by default."""
    chunk_chars: int
    split_bytes: list[int]
    """Write to the socket in chunks of these sizes, repeatedly."""
    split_delay_ms: int
    headers: dict[str, str]
    gzip: bool
    """Compress plain responses for clients that accept it."""


class Match(TypedDict, total=False):
    """Which requests a rule is for: those that match every given field. Texts may contain `*` and `?`."""

    provider: str
    """The provider's id, as in `base_url`; `openai` and `anthropic` also for their formats at no provider's address."""
    model: str
    dialect: str
    """A wire format, for instance `openai-chat`."""
    path: str
    stream: bool
    headers: dict[str, str]
    """By lower-case name."""
    text: str
    """The user's last text."""
    nth: int
    """Only the nth of the requests that match the other fields, counted from 1."""


class Rule(TypedDict, total=False):
    """What happens to some requests."""

    match: Match
    times: int
    """How many times the rule is used; without limit by default."""
    rate: float
    """The share of the matching requests that it is used for, 0 to 1, drawn with the simulator's seed."""
    after_ms: int
    """Milliseconds from when the rule was set until it begins to be used; 0 by default."""
    for_ms: int
    """For how many milliseconds it is used from then on; without an end by default."""
    reply: ReplyScript | str
    """The reply; a text stands for `{"text": ...}`."""
    fault: str | dict[str, Any]
    """The fault: a name, or `{name: {field: ...}}`. docs/simulator.md lists them."""


class Script(TypedDict, total=False):
    """What the simulator does with requests."""

    rules: Sequence[Rule]
    """Tried in order; the first that matches is used. If none does, the model's name decides what happens."""
    defaults: ReplyScript
    """For what replies leave out."""
    refuse: bool
    """Refuse connections, until the next script."""
    reset_connections: int
    """Reset this number of the next connections as soon as they are made."""


ScriptSource = Union[Script, "Sequence[Rule]", str, "os.PathLike[str]"]
"""A script: a dict, only its list of rules, JSON text, or the path (a `pathlib.Path`) of a JSON file."""


def rule(
    reply: ReplyScript | str | None = None,
    *,
    fault: str | dict[str, Any] | None = None,
    provider: str | None = None,
    model: str | None = None,
    dialect: str | None = None,
    path: str | None = None,
    stream: bool | None = None,
    headers: dict[str, str] | None = None,
    text: str | None = None,
    nth: int | None = None,
    times: int | None = None,
    rate: float | None = None,
    after: float | None = None,
    for_: float | None = None,
) -> Rule:
    """A rule of a script, from what it matches and what it does.

    `rule("Hello!", model="gpt-*")` is `{"match": {"model": "gpt-*"}, "reply": "Hello!"}`.

    Args:
        reply: The reply: a text, or a `ReplyScript`.
        fault: The fault: a name, or `{name: {field: ...}}`.
        provider: Only requests to the provider with this id; may contain `*` and `?`, like the other texts.
        model: Only requests for this model.
        dialect: Only requests in this wire format, for instance `openai-chat`.
        path: Only requests to this path.
        stream: Only streamed, or only plain requests.
        headers: Only requests with these headers, by lower-case name.
        text: Only requests in which the user's last text matches this.
        nth: Only the nth of the requests that match all of the above, counted from 1.
        times: How many times the rule is used; without limit by default.
        rate: The share of the matching requests that the rule is used for, 0 to 1; 1 by default.
        after: Seconds from when the rule is set until it begins to be used; 0 by default.
        for_: For how many seconds it is used from then on; without an end by default.
    """
    match = {
        "provider": provider,
        "model": model,
        "dialect": dialect,
        "path": path,
        "stream": stream,
        "headers": headers,
        "text": text,
    }
    fits = {name: value for name, value in (match | {"nth": nth}).items() if value is not None}
    fields = {
        "match": fits or None,
        "times": times,
        "rate": rate,
        "after_ms": None if after is None else round(after * 1000),
        "for_ms": None if for_ is None else round(for_ * 1000),
        "reply": reply,
        "fault": fault,
    }
    return cast("Rule", {name: value for name, value in fields.items() if value is not None})


def script_text(script: ScriptSource) -> str:
    """A script as JSON text."""
    if isinstance(script, str):
        return script
    if isinstance(script, os.PathLike):
        return Path(script).read_text("utf-8")
    return json.dumps(plain(script))
