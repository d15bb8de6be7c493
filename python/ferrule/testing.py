"""Providers to practise on: a real server here that answers like the real ones, and fails on script.

For tests of programs that call models, whatever client they use. The server is `crates/sim`; here it gets a
shape for Python. `ferrule sim` is the same on the command line, and the pytest fixture `ferrule_simulator` in
tests.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Union, cast

from ferrule._native import NativeSimulator

if TYPE_CHECKING:
    import sys
    from collections.abc import Iterable, Mapping, Sequence
    from types import TracebackType

    if sys.version_info >= (3, 11):
        from typing import Self
    else:
        from typing_extensions import Self

    from ferrule.client import AsyncClient, Client
    from ferrule.configuration.providers import Row
    from ferrule.options import ProviderOptions

__all__ = ["Match", "RecordedRequest", "ReplyScript", "Rule", "Script", "ScriptSource", "Simulator", "rule"]

_DUMMY_KEY = "sk-simulated"


class ReplyScript(TypedDict, total=False):
    """What to answer, and how fast. What is left out follows from the request and the script's `defaults`."""

    text: str
    reasoning: str
    tool_calls: list[dict[str, Any]]
    """Each with `name`, `arguments` (a dict, or text that may be wrong JSON on purpose) and perhaps `id`."""
    refusal: str
    content: list[dict[str, Any]]
    """Parts in order, where that matters: `{"text": ...}`, `{"reasoning": {"text": ..., "signature": ...}}`,
    `{"redacted_reasoning": ...}`, `{"tool_call": {...}}`, `{"refusal": ...}`."""
    echo: bool
    """Say what the user said."""
    tokens: int
    """Say something of so many tokens."""
    json: bool
    """Say something that fits the request's schema."""
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
    """Tokens in one event of a stream; 1 by default."""
    chunk_chars: int
    split_bytes: list[int]
    """Write to the socket in pieces of these sizes, over and over."""
    split_delay_ms: int
    headers: dict[str, str]
    gzip: bool
    """Compress plain answers for clients that accept it."""


class Match(TypedDict, total=False):
    """Which requests: those that fit every field given. Texts may have `*` and `?`."""

    model: str
    dialect: str
    """A wire format, for instance `openai-chat`."""
    path: str
    stream: bool
    headers: dict[str, str]
    """By lower-case name."""
    text: str
    """What the user said last."""
    nth: int
    """Only this one of the requests that fit the other fields, counted from 1."""


class Rule(TypedDict, total=False):
    """What to do with some requests."""

    match: Match
    times: int
    """Use the rule so many times; without end by default."""
    rate: float
    """The share of the requests it is used for, 0 to 1, drawn with the simulator's seed."""
    reply: ReplyScript | str
    """What to answer; a text stands for `{"text": ...}`."""
    fault: str | dict[str, Any]
    """What goes wrong: a name, or `{name: {field: ...}}`. docs/simulator.md lists them."""


class Script(TypedDict, total=False):
    """What the simulator does."""

    rules: Sequence[Rule]
    """Tried in order; the first that fits is used. Where none fits, the model's name says what happens."""
    defaults: ReplyScript
    """For what a reply leaves out."""
    refuse: bool
    """Refuse connections, until the next script."""
    reset_connections: int
    """Reset so many of the next connections as soon as they are made."""


ScriptSource = Union[Script, "Sequence[Rule]", str, "os.PathLike[str]"]
"""A script: a dict, only its list of rules, JSON text, or the path (a `pathlib.Path`) of a JSON file."""


def rule(
    reply: ReplyScript | str | None = None,
    *,
    fault: str | dict[str, Any] | None = None,
    model: str | None = None,
    dialect: str | None = None,
    path: str | None = None,
    stream: bool | None = None,
    headers: dict[str, str] | None = None,
    text: str | None = None,
    nth: int | None = None,
    times: int | None = None,
    rate: float | None = None,
) -> Rule:
    """A rule of a script, with what it matches and what it does side by side.

    `rule("Hello!", model="gpt-*")` is `{"match": {"model": "gpt-*"}, "reply": "Hello!"}`.

    Args:
        reply: What to answer: a text, or a `ReplyScript`.
        fault: What goes wrong: a name, or `{name: {field: ...}}`.
        model: For which models; may have `*` and `?`.
        dialect: A wire format, for instance `openai-chat`.
        path: For which addresses.
        stream: For streamed, or for plain calls only.
        headers: For requests with these headers, by lower-case name.
        text: For requests in which the user's last text fits this.
        nth: Only for this one of the requests that fit all above, counted from 1.
        times: Use the rule so many times.
        rate: Use it for this share of the requests, 0 to 1.
    """
    match = {
        "model": model,
        "dialect": dialect,
        "path": path,
        "stream": stream,
        "headers": headers,
        "text": text,
    }
    fits = {name: value for name, value in (match | {"nth": nth}).items() if value is not None}
    fields = {"match": fits or None, "times": times, "rate": rate, "reply": reply, "fault": fault}
    return cast("Rule", {name: value for name, value in fields.items() if value is not None})


@dataclass(frozen=True)
class RecordedRequest:
    """A request that the simulator received, and what became of it.

    Attributes:
        method: `POST`, `GET`, ...
        path: The address, without the query.
        headers: By lower-case name, as they came: keys included, which is why the `repr` leaves them out.
        body: What was sent: read from JSON, else text.
        query: What stands after `?`.
        dialect: The wire format, for instance `openai-chat`; `None` where it was no completion.
        model: The model asked for.
        stream: Whether a stream was asked for.
        status: The status it was answered with; `None` while there is none.
        fault: What went wrong on script.
        outcome: `open`, `answered`, `cut` (by the simulator) or `closed_by_client`.
        bytes_sent: How much of the answer's body was sent.
        connection: The number of its connection: requests that share one have the same.
        http_version: `HTTP/1.1` or `HTTP/2.0`.
        time: When it came, in seconds since the simulator started.
    """

    method: str
    path: str
    headers: dict[str, str] = field(repr=False)
    body: Any = field(repr=False)
    query: str = ""
    dialect: str | None = None
    model: str | None = None
    stream: bool | None = None
    status: int | None = None
    fault: str | None = None
    outcome: str = "open"
    bytes_sent: int = 0
    connection: int = 0
    http_version: str = ""
    time: float = 0.0


def _recorded(entry: dict[str, Any]) -> RecordedRequest:
    # A request whose body is still coming has no method yet.
    head: dict[str, Any] = {"method": "", "path": "", "headers": {}}
    time = entry.pop("time_ms") / 1000
    return RecordedRequest(**(head | entry), time=time)


class Simulator:
    """A running server that speaks like the providers. Listens from the start until `stop`.

    Use it in a `with` statement; it is ready when it is made, in milliseconds.

    Args:
        script: What to answer and what goes wrong: see `ScriptSource`. Without one, models' names say what
            happens (`echo`, `tools`, `long-1000`, `fail-once-503`, ...; docs/simulator.md lists them).
        host: The address to listen on.
        port: The port; 0 for any that is free.
        seed: For what is drawn at random: with the same seed the same is drawn.
        require_key: Whether a request without a key is refused: 401, or 403 by Amazon.
        aws_credentials: Secret access keys by the ids of their access keys. Requests that are signed with one of
            them are refused where the signature is not right; with any of another, where one is given. The
            simulator always knows `AKIASIMULATED` with the secret `sk-simulated`.
        record_limit: How many requests are kept; the oldest are dropped.
        http2_streams: How many streams an HTTP/2 connection may have open at once.

    Raises:
        OSError: The address cannot be had.
        ValueError: The script cannot be used; the text names the field.
    """

    def __init__(
        self,
        script: ScriptSource | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int = 0,
        require_key: bool = False,
        aws_credentials: Mapping[str, str] | None = None,
        record_limit: int = 1000,
        http2_streams: int = 100,
    ) -> None:
        text = None if script is None else _text(script)
        self._native = NativeSimulator(
            text,
            host=host,
            port=port,
            seed=seed,
            require_key=require_key,
            aws_credentials=dict(aws_credentials or {}),
            record_limit=record_limit,
            http2_streams=http2_streams,
        )

    def __repr__(self) -> str:
        return f"Simulator(url={self.url!r})"

    @property
    def url(self) -> str:
        """Where it listens, for instance `http://127.0.0.1:41234`."""
        return _url(self._native.address)

    @property
    def openai_base_url(self) -> str:
        """The base URL for clients of OpenAI: `OPENAI_BASE_URL`."""
        return f"{self.url}/v1"

    @property
    def anthropic_base_url(self) -> str:
        """The base URL for clients of Anthropic: `ANTHROPIC_BASE_URL`."""
        return self.url

    @property
    def refused_url(self) -> str:
        """An address on which connections are refused."""
        return _url(self._native.refused_address)

    def base_url(self, provider: str) -> str:
        """The base URL at which the simulator speaks as one provider: its wire format, its quirks, its errors.

        Args:
            provider: The id of a built-in provider, for instance `groq`.

        Raises:
            ValueError: There is no such provider, or it is a program and has no address.
        """
        row = _rows().get(provider)
        if row is None:
            raise ValueError(f"there is no built-in provider {provider!r}")
        if not row["base_url"]:
            raise ValueError(f"{provider} is a program on this machine and has no address")
        _, _, rest = row["base_url"].partition("://")
        path = "".join(rest.partition("/")[1:])
        for placeholder in row["placeholders"]:
            filled = placeholder["default"] or f"sim-{placeholder['name'].replace('_', '-')}"
            path = path.replace(f"{{{placeholder['name']}}}", filled)
        return f"{self.url}/{provider}{path}"

    def providers(self, only: Iterable[str] | None = None) -> dict[str, ProviderOptions]:
        """What `Client(providers=...)` needs to call the simulator as any built-in provider that has an address.

        `openai` and `anthropic` are at `openai_base_url` and `anthropic_base_url`, as the official clients have them;
        the others, and with them their quirks, are at `base_url(provider)`.

        Args:
            only: The ids of those that are wanted; all by default. A bare name of a model leads to the one provider
                among them that offers it.

        Raises:
            ValueError: There is no such provider, or it is a program and has no address.
        """
        wanted = [name for name, row in _rows().items() if row["base_url"]] if only is None else only
        return {provider: self._provider(provider) for provider in wanted}

    def _provider(self, provider: str) -> ProviderOptions:
        own = {"openai": self.openai_base_url, "anthropic": self.anthropic_base_url}
        options: ProviderOptions = {"base_url": own.get(provider) or self.base_url(provider)}
        authentication = _rows()[provider]["authentication"]
        if authentication == "watsonx":
            # A key would be exchanged for a token at IBM, first.
            options["headers"] = {"authorization": f"Bearer {_DUMMY_KEY}"}
        elif authentication != "none":
            options["api_key"] = _DUMMY_KEY
        return options

    def environment(self) -> dict[str, str]:
        """The environment variables that make programs call the simulator, with the official clients too."""
        return {
            "OPENAI_BASE_URL": self.openai_base_url,
            "OPENAI_API_KEY": _DUMMY_KEY,
            "ANTHROPIC_BASE_URL": self.anthropic_base_url,
            "ANTHROPIC_API_KEY": _DUMMY_KEY,
        }

    def client(self, *, only: Iterable[str] | None = None, **options: Any) -> Client:
        """A client of the simulator.

        Args:
            only: The ids of the providers that are the simulator: see `providers`.
            **options: As `ferrule.Client` takes them.
        """
        from ferrule.client import Client

        return Client(providers=self.providers(only), **options)

    def async_client(self, *, only: Iterable[str] | None = None, **options: Any) -> AsyncClient:
        """An asynchronous client of the simulator.

        Args:
            only: The ids of the providers that are the simulator: see `providers`.
            **options: As `ferrule.AsyncClient` takes them.
        """
        from ferrule.client import AsyncClient

        return AsyncClient(providers=self.providers(only), **options)

    def set_script(self, script: ScriptSource) -> None:
        """Replaces the script. Answers that have begun go on as they began.

        Raises:
            ValueError: The script cannot be used; the old one stays.
        """
        self._native.set_script(_text(script))

    @property
    def requests(self) -> list[RecordedRequest]:
        """What it received since the start or the last `clear`, oldest first."""
        return [_recorded(entry) for entry in json.loads(self._native.requests_json())]

    def clear(self) -> None:
        """Forgets what it received."""
        self._native.clear_requests()

    @property
    def open_connections(self) -> int:
        """How many connections are open."""
        return self._native.open_connections

    def wait_for_requests(self, count: int, timeout: float = 5.0) -> bool:
        """Waits until `count` requests were received since the start or the last `clear`.

        Args:
            count: How many.
            timeout: Seconds to wait at most.

        Returns:
            Whether they were in time.
        """
        return self._native.wait_for_requests(count, timeout)

    def wait_for_connections(self, at_most: int = 0, timeout: float = 5.0) -> bool:
        """Waits until at most `at_most` connections are open: a client that leaves is noticed a moment later.

        Args:
            at_most: How many may be left.
            timeout: Seconds to wait at most.

        Returns:
            Whether that came about in time.
        """
        return self._native.wait_for_connections(at_most, timeout)

    def wait_for_answers(self, timeout: float = 5.0) -> bool:
        """Waits until no answer is open.

        Args:
            timeout: Seconds to wait at most.

        Returns:
            Whether that came about in time.
        """
        return self._native.wait_for_answers(timeout)

    def stop(self) -> None:
        """Closes every connection and the port. Does nothing the second time."""
        self._native.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


def _rows() -> dict[str, Row]:
    # The whole configuration comes with it: only where it is needed.
    from ferrule.configuration import providers

    return providers.rows()


def _url(address: tuple[str, int]) -> str:
    host, port = address
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _text(script: ScriptSource) -> str:
    if isinstance(script, str):
        return script
    if isinstance(script, os.PathLike):
        return Path(script).read_text("utf-8")
    return json.dumps(script)
