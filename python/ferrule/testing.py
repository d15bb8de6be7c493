"""Simulator of providers for tests: a local server that answers like the real ones, and fails as scripted.

Use it to test programs that call models, with any client. The server is `crates/sim`; this module is its Python
interface. The command `ferrule sim` starts the same server, and the pytest fixture `ferrule_simulator` provides one.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import ferrule
from ferrule import AsyncClient, Client, ProviderOptions
from ferrule._native import NativeSimulator, provider_table
from ferrule.cassettes import Cassette, record
from ferrule.made_replies import reply
from ferrule.mocking import Mock, MockedCall, Route, mock
from ferrule.simulator_scripts import Match, ReplyScript, Rule, Script, ScriptSource, rule, script_text
from ferrule.typing_compat import Self

__all__ = [
    "Cassette",
    "Match",
    "Mock",
    "MockedCall",
    "RecordedRequest",
    "ReplyScript",
    "Route",
    "Rule",
    "Script",
    "ScriptSource",
    "Simulator",
    "mock",
    "record",
    "reply",
    "rule",
]

_DUMMY_KEY = "sk-simulated"


@dataclass(frozen=True)
class RecordedRequest:
    """A request that the simulator received, and its outcome.

    Attributes:
        method: `POST`, `GET`, ...
        path: The path, without the query.
        headers: The headers as received, by lower-case name. They include keys, so the `repr` leaves them out.
        body: The body: a value if it is JSON, else text.
        query: The query, without `?`.
        dialect: The wire format, for instance `openai-chat`; `None` if the request was not a completion.
        model: The requested model.
        stream: Whether a stream was requested.
        status: The status of the response; `None` while there is none.
        fault: The scripted fault.
        outcome: `open`, `answered`, `cut` (by the simulator) or `closed_by_client`.
        bytes_sent: How many bytes of the response body were sent.
        connection: The number of its connection: requests that share one have the same.
        http_version: `HTTP/1.1` or `HTTP/2.0`.
        time: When it was received, in seconds since the simulator started.
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
    # A request whose body is still being received has no method yet.
    head: dict[str, Any] = {"method": "", "path": "", "headers": {}}
    time = entry.pop("time_ms") / 1000
    return RecordedRequest(**(head | entry), time=time)


class Simulator:
    """A running server that speaks the providers' wire formats. It listens until `stop`.

    Use it in a `with` statement. It is ready once it has been created, within milliseconds.

    Args:
        script: The replies and faults: see `ScriptSource`. Without a script, the model's name selects the behaviour
            (`echo`, `tools`, `long-1000`, `fail-once-503`, ...; docs/simulator.md lists them).
        host: The address to listen on.
        port: The port; 0 for any free port.
        seed: The seed of random choices: the same seed gives the same choices.
        require_key: Whether a request without a key is refused: with 401, or 403 for Amazon.
        strict: Whether to refuse what the provider refuses, with its error messages: unknown fields, tool calls
            without results, unknown roles, schemas that it cannot enforce, wrong paths. Default true.
        aws_credentials: AWS secret access keys by access key id. A request signed with one of them is refused if
            the signature is wrong; if any are given, a request signed with another is refused. The simulator
            always knows `AKIASIMULATED` with the secret `sk-simulated`.
        record_limit: How many requests are kept; the oldest are dropped.
        http2_streams: How many streams an HTTP/2 connection may have open at the same time.

    Raises:
        OSError: The address cannot be used.
        ValueError: The script is not valid; the message names the field.
    """

    def __init__(
        self,
        script: ScriptSource | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int = 0,
        require_key: bool = False,
        strict: bool = True,
        aws_credentials: Mapping[str, str] | None = None,
        record_limit: int = 1000,
        http2_streams: int = 100,
    ) -> None:
        text = None if script is None else script_text(script)
        self._native = NativeSimulator(
            text,
            host=host,
            port=port,
            seed=seed,
            require_key=require_key,
            strict=strict,
            aws_credentials=dict(aws_credentials or {}),
            record_limit=record_limit,
            http2_streams=http2_streams,
        )

    def __repr__(self) -> str:
        return f"Simulator(url={self.url!r})"

    @property
    def url(self) -> str:
        """Its URL, for instance `http://127.0.0.1:41234`."""
        return _url(self._native.address)

    @property
    def openai_base_url(self) -> str:
        """The base URL for OpenAI's clients (`OPENAI_BASE_URL`)."""
        return f"{self.url}/v1"

    @property
    def anthropic_base_url(self) -> str:
        """The base URL for Anthropic's clients (`ANTHROPIC_BASE_URL`)."""
        return self.url

    @property
    def refused_url(self) -> str:
        """A URL at which connections are refused."""
        return _url(self._native.refused_address)

    def base_url(self, provider: str) -> str:
        """The base URL at which the simulator is one provider: with its wire format, quirks and errors.

        Args:
            provider: The id of a built-in provider, for instance `groq`.

        Raises:
            ValueError: The provider is unknown, or is a program and has no URL.
        """
        row = _rows().get(provider)
        if row is None:
            raise ValueError(f"there is no built-in provider {provider!r}")
        if not row["base_url"]:
            raise ValueError(f"{provider} is a program on this machine and has no URL")
        _, _, rest = row["base_url"].partition("://")
        path = "".join(rest.partition("/")[1:])
        for placeholder in row["placeholders"]:
            filled = placeholder["default"] or f"sim-{placeholder['name'].replace('_', '-')}"
            path = path.replace(f"{{{placeholder['name']}}}", filled)
        return f"{self.url}/{provider}{path}"

    def providers(self, only: Iterable[str] | None = None) -> dict[str, ProviderOptions]:
        """The `providers` of a `Client` that calls the simulator as any built-in provider that has a URL.

        `openai` and `anthropic` are at `openai_base_url` and `anthropic_base_url`, as for the official clients; the
        others, with their quirks, are at `base_url(provider)`.

        Args:
            only: The ids of the providers to include; all by default. A bare model name resolves to the one provider
                among them that offers it.

        Raises:
            ValueError: A provider is unknown, or is a program and has no URL.
        """
        wanted = [name for name, row in _rows().items() if row["base_url"]] if only is None else only
        return {provider: self._provider(provider) for provider in wanted}

    def _provider(self, provider: str) -> ProviderOptions:
        own = {"openai": self.openai_base_url, "anthropic": self.anthropic_base_url}
        options: ProviderOptions = {"base_url": own.get(provider) or self.base_url(provider)}
        authentication = _rows()[provider]["authentication"]
        if authentication == "watsonx":
            # A key would first be exchanged for a token at IBM.
            options["headers"] = {"authorization": f"Bearer {_DUMMY_KEY}"}
        elif authentication != "none":
            options["api_key"] = _DUMMY_KEY
        return options

    def environment(self) -> dict[str, str]:
        """The environment variables that make programs call the simulator, also with the official clients."""
        return {
            "OPENAI_BASE_URL": self.openai_base_url,
            "OPENAI_API_KEY": _DUMMY_KEY,
            "ANTHROPIC_BASE_URL": self.anthropic_base_url,
            "ANTHROPIC_API_KEY": _DUMMY_KEY,
        }

    def client(self, *, only: Iterable[str] | None = None, **options: Any) -> Client:
        """A client of the simulator.

        Args:
            only: The ids of the providers to simulate: see `providers`.
            **options: As `ferrule.Client` takes them.
        """
        return ferrule.Client(providers=self.providers(only), **options)

    def async_client(self, *, only: Iterable[str] | None = None, **options: Any) -> AsyncClient:
        """An asynchronous client of the simulator.

        Args:
            only: The ids of the providers to simulate: see `providers`.
            **options: As `ferrule.AsyncClient` takes them.
        """
        return ferrule.AsyncClient(providers=self.providers(only), **options)

    def set_script(self, script: ScriptSource) -> None:
        """Replaces the script. Responses that have begun continue as they began.

        Args:
            script: As `Simulator` takes it.

        Raises:
            ValueError: The script is not valid; the old one stays.
        """
        self._native.set_script(script_text(script))

    def add_rules(self, *rules: Rule) -> None:
        """Adds rules before those of the script. The existing rules keep their counts and times.

        Args:
            *rules: Rules, as returned by `rule`. The first is tried first.

        Raises:
            ValueError: A rule is not valid; none is added.
        """
        self._native.add_rules(script_text(list(rules)))

    def fail(
        self,
        target: str = "*",
        fault: str | dict[str, Any] | None = None,
        *,
        status: int | None = None,
        after: float = 0.0,
        for_: float | None = None,
        times: int | None = None,
        rate: float | None = None,
    ) -> None:
        """Makes calls of a target fail, after a given time and for a given time. The script applies to other calls.

        `fail("openai", status=503, after=2, for_=10)` is an outage of OpenAI that begins in two seconds and lasts ten
        seconds. Call it several times to combine outages; later ones take precedence.

        Args:
            target: The provider's id, or `provider/model`; both may contain `*` and `?`. Default: everything.
            fault: The fault: a name, or `{name: {field: ...}}`; docs/simulator.md lists them.
            status: Short for the fault of an error with this status. The default without a fault is 503.
            after: Seconds from now until it begins.
            for_: How many seconds it lasts; unlimited by default.
            times: The maximum number of calls that fail; unlimited by default.
            rate: The share of the calls that fail, 0 to 1; 1 by default.

        Raises:
            TypeError: `fault` and `status` are both given.
            ValueError: The fault is not valid.
        """
        if fault is not None and status is not None:
            raise TypeError("fail: give `fault` or `status`, not both")
        provider, _, model = target.partition("/")
        self.add_rules(
            rule(
                fault=fault if fault is not None else {"status": {"status": status or 503}},
                provider=provider,
                model=model or None,
                times=times,
                rate=rate,
                after=after,
                for_=for_,
            )
        )

    @property
    def requests(self) -> list[RecordedRequest]:
        """The requests received since the start or the last `clear`, oldest first."""
        return [_recorded(entry) for entry in json.loads(self._native.requests_json())]

    def clear(self) -> None:
        """Deletes the recorded requests."""
        self._native.clear_requests()

    @property
    def open_connections(self) -> int:
        """How many connections are open."""
        return self._native.open_connections

    def wait_for_requests(self, count: int, timeout: float = 5.0) -> bool:
        """Waits until `count` requests were received since the start or the last `clear`.

        Args:
            count: The number of requests.
            timeout: The maximum number of seconds to wait.

        Returns:
            Whether they were received in time.
        """
        return self._native.wait_for_requests(count, timeout)

    def wait_for_connections(self, at_most: int = 0, timeout: float = 5.0) -> bool:
        """Waits until at most `at_most` connections are open: a client that disconnects is noticed a moment later.

        Args:
            at_most: How many connections may remain.
            timeout: The maximum number of seconds to wait.

        Returns:
            Whether that happened in time.
        """
        return self._native.wait_for_connections(at_most, timeout)

    def wait_for_answers(self, timeout: float = 5.0) -> bool:
        """Waits until no response is open.

        Args:
            timeout: The maximum number of seconds to wait.

        Returns:
            Whether that happened in time.
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


@functools.cache
def _rows() -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in provider_table()}


def _url(address: tuple[str, int]) -> str:
    host, port = address
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
