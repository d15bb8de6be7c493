"""Prometheus metrics of clients: `client.metrics()`, a server to scrape, and a collector for `prometheus_client`.

Counters of calls, tokens and cost are those of `client.usage()`, so they are whole whenever they are first read.
Histograms, attempts, retries and failovers are counted from the first reading on: read once at the start, or start the
server then. docs/observability.md lists the metrics.
"""

from __future__ import annotations

import collections
import http.server
import re
import threading
import weakref
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import ferrule
from ferrule.call_times import CallTimes, who_answered
from ferrule.errors import ConfigError
from ferrule.intercepting import add_tracer, every_client
from ferrule.metrics_text import CONTENT_TYPE, Counter, Family, Histogram, Series, text_of
from ferrule.operations.status import status_of

if TYPE_CHECKING:
    from types import TracebackType

    from ferrule.base_client import BaseClient
    from ferrule.call_layers import Call
    from ferrule.typing_compat import Self

__all__ = ["Collector", "MetricsServer", "start_server", "text"]

_DURATIONS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 600)
_FIRST_TOKENS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 20, 40)
_BETWEEN_TOKENS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_STATES = ("closed", "open", "half_open", "forced_open", "excluded")
_TOKENS = ("input", "output", "cache_read", "cache_write", "reasoning")

_Sums = dict[tuple[str, ...], "collections.Counter[str]"]
"""What calls used, by labels."""

_collectors: dict[tuple[str, ...], Collector] = {}
"""Those of all clients, by their labels."""
_making = threading.Lock()


class Collector:
    """The metrics of a client, or of all clients of the process together.

    It has the method `collect` of `prometheus_client`: `prometheus_client.REGISTRY.register(Collector())` adds
    Ferrule's metrics to those that a program has already.

    Args:
        client: The client; by default all of them, those that are made later included.
        labels: Keys of the calls' `metadata` that become labels `metadata_<key>` of the counters of calls, tokens and
            cost. Keep to keys with few values: of more than 1,000 label sets the rest counts as `other`.
    """

    def __init__(
        self, client: ferrule.Client | ferrule.AsyncClient | None = None, *, labels: Sequence[str] = ()
    ) -> None:
        if isinstance(labels, str):
            raise TypeError(f"labels: expected a list of keys of metadata, not {labels!r}")
        self._labels = tuple(labels)
        self._client = None if client is None else weakref.ref(client)
        # A dropped stream may be reported while we hold it.
        self._lock = threading.RLock()
        self._observed: weakref.WeakSet[Any] = weakref.WeakSet()
        # What was last read of each client, and the sum of those that are gone: counters only grow.
        self._read: dict[weakref.ref[Any], _Sums] = {}
        self._gone: _Sums = {}
        of_call = ("operation", "provider", "model")
        of_target = ("provider", "model")
        self._durations = Histogram(
            "ferrule_call_duration_seconds", "Seconds of whole calls, retries included.", of_call, _DURATIONS
        )
        self._first = Histogram(
            "ferrule_time_to_first_token_seconds", "Seconds to the first token of streams.", of_target, _FIRST_TOKENS
        )
        self._between = Histogram(
            "ferrule_time_between_tokens_seconds", "Seconds between the chunks of streams.", of_target, _BETWEEN_TOKENS
        )
        self._errors = Counter("ferrule_errors_total", "Calls that raised an error, by its class.", (*of_call, "error"))
        self._attempts = Counter(
            "ferrule_attempts_total", "Requests to providers, by outcome.", (*of_target, "outcome")
        )
        self._retries = Counter("ferrule_retries_total", "Attempts that were repeated.", (*of_target, "reason"))
        self._failovers = Counter(
            "ferrule_failovers_total", "Calls that went on to another target.", ("target", "next_target", "reason")
        )
        self._breakers = Counter("ferrule_breaker_changes_total", "Changes of circuit breakers.", ("target", "state"))
        if client is not None:
            self._observe(client)
        add_tracer(self, client)

    # What it is notified of.

    def begin(self, call: Call, client: Any) -> CallTimes:
        """Watches a call. Called for each by `call_layers.py`."""
        if client is not None and client not in self._observed:
            self._observe(client)
        return CallTimes(call, self.ended)

    def _observe(self, client: ferrule.Client | ferrule.AsyncClient) -> None:
        with self._lock:
            if client in self._observed:
                return
            self._observed.add(client)
        # The client has the functions, and they are not to keep the collector.
        me = weakref.ref(self)

        def observer(kind: str) -> Any:
            def observe(event: Any) -> None:
                collector = me()
                if collector is not None:
                    collector._take(kind, event)  # noqa: SLF001 - itself

            return observe

        watched: Any = client
        for kind in ("response", "error", "retry", "failover", "breaker"):
            watched.on(kind, observer(kind), name=f"ferrule.metrics of {kind}")

    def _take(self, kind: str, event: Any) -> None:
        model = None if event.target is None else event.target.partition("/")[2]
        with self._lock:
            if kind == "response":
                self._attempts.add((event.provider, model, "success"))
            elif kind == "error":
                if event.attempt is not None:
                    self._attempts.add((event.provider, model, event.reason))
            elif kind == "retry":
                self._retries.add((event.provider, model, event.reason))
            elif kind == "failover":
                self._failovers.add((event.target, event.next_target, event.reason or "skipped"))
            else:
                self._breakers.add((event.target, event.after))

    def ended(self, times: CallTimes, value: Any, error: BaseException | None) -> None:
        """A call ended. Called once for each."""
        call = times.call
        provider, model = who_answered(call, value, error)
        with self._lock:
            self._durations.observe((call.operation, provider, model), (times.duration,))
            if times.first is not None:
                self._first.observe((provider, model), (times.first,))
                if times.gaps:
                    self._between.observe((provider, model), times.gaps)
            if error is not None:
                self._errors.add((call.operation, provider, model, type(error).__name__))

    # What it says.

    def families(self) -> list[Family]:
        """All metrics, as they are now."""
        clients = self._clients()
        made = [Family("ferrule_info", "gauge", "The version of Ferrule.")]
        made[0].add({"version": ferrule.__version__}, 1)
        made += self._usage(clients)
        with self._lock:
            counted = (self._durations, self._first, self._between, self._errors, self._attempts, self._retries)
            made += [one.family() for one in (*counted, self._failovers, self._breakers)]
        return [*made, *_status(clients)]

    def text(self) -> str:
        """All metrics, in the text format of Prometheus."""
        return text_of(self.families())

    def collect(self) -> Iterator[Any]:
        """All metrics, for a registry of `prometheus_client`.

        Raises:
            ConfigError: `prometheus_client` is not installed.
        """
        try:
            from prometheus_client.metrics_core import Metric
        except ImportError as error:
            raise ConfigError("collect needs prometheus_client: pip install prometheus_client") from error
        for family in self.families():
            metric = Metric(family.name.removesuffix("_total"), family.help, family.kind)
            for name, labels, value in family.samples:
                metric.add_sample(name, labels, value)
            yield metric

    def describe(self) -> list[Any]:
        """Nothing: a registry need not collect to know the names."""
        return []

    def _clients(self) -> list[BaseClient]:
        if self._client is None:
            return cast("list[BaseClient]", every_client())
        client = self._client()
        return [] if client is None else [client]

    def _usage(self, clients: list[BaseClient]) -> list[Family]:
        names = ["provider", "model", *(f"metadata_{_label(key)}" for key in self._labels)]
        series = Series(names)
        with self._lock:
            for client in clients:
                self._read[weakref.ref(client)] = self._sums(client)
            for one in [one for one in self._read if one() is None]:
                _merge(self._gone, self._read.pop(one))
            every: _Sums = {}
            for one_sums in (self._gone, *self._read.values()):
                _merge(every, one_sums)
        sums: _Sums = {}
        for key, found in every.items():
            _merge(sums, {series.key(key): found})
        calls = Family("ferrule_calls_total", "counter", "Calls that ended, by outcome.")
        tokens = Family("ferrule_tokens_total", "counter", "Tokens that providers reported, by kind.")
        cost = Family("ferrule_cost_dollars_total", "counter", "Cost in US dollars, where it is known.")
        unknown = Family("ferrule_unknown_cost_calls_total", "counter", "Calls whose cost is not known.")
        for key, found in sorted(sums.items()):
            labels = series.named(key)
            answered = found["calls"] - found["failed"] - found["interrupted"]
            for outcome, count in (
                ("answered", answered),
                ("failed", found["failed"]),
                ("interrupted", found["interrupted"]),
            ):
                calls.add({**labels, "outcome": outcome}, count)
            for kind in _TOKENS:
                tokens.add({**labels, "kind": kind}, found[f"{kind}_tokens"])
            cost.add(labels, float(found["cost"]))
            unknown.add(labels, found["unknown_cost"])
        return [calls, tokens, cost, unknown]

    def _sums(self, client: BaseClient) -> _Sums:
        """What the calls of a client used, by labels."""
        sums: _Sums = {}
        for row in client._native.usage_rows():  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - ours
            key = (row["provider"], row["model"], *(row["metadata"].get(key) or "" for key in self._labels))
            figures = {name: value for name, value in row.items() if isinstance(value, (int, Decimal))}
            _merge(sums, {key: collections.Counter(figures)})
        return sums


def _merge(sums: _Sums, more: _Sums) -> None:
    for key, figures in more.items():
        sums.setdefault(key, collections.Counter()).update(figures)


def _status(clients: list[BaseClient]) -> list[Family]:
    breakers = Family("ferrule_breaker_state", "gauge", "1 for the state that a target's circuit breaker has.")
    flying = Family("ferrule_in_flight", "gauge", "Calls under way at a target.")
    states: dict[str, set[str]] = {}
    counts: collections.Counter[str] = collections.Counter()
    for client in clients:
        try:
            targets = status_of(client._native).targets  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - ours
        except RuntimeError:  # It is closed.
            continue
        for target in targets:
            states.setdefault(target.name, set()).add(target.breaker)
            counts[target.name] += target.in_flight
    series = Series(("target",))
    for name in sorted(states):
        labels = series.named(series.key((name,)))
        if labels["target"] != name:
            break
        for state in _STATES:
            breakers.add({**labels, "state": state}, state in states[name])
        flying.add(labels, counts[name])
    return [breakers, flying]


def _label(key: str) -> str:
    return re.sub(r"\W", "_", key, flags=re.ASCII)


def collector_of(client: Any, labels: Sequence[str] = ()) -> Collector:
    """The collector of a client, or of all for `None`: always the same for the same labels."""
    known: dict[tuple[str, ...], Collector]
    with _making:
        known = _collectors if client is None else client.__dict__.setdefault("_metric_collectors", {})
        key = (labels,) if isinstance(labels, str) else tuple(labels)
        if key not in known:
            known[key] = Collector(client, labels=labels)
        return known[key]


def text(client: ferrule.Client | ferrule.AsyncClient | None = None, *, labels: Sequence[str] = ()) -> str:
    """The metrics in the text format of Prometheus, for a route `/metrics` of one's own.

    Args:
        client: The client; by default all of the process together.
        labels: As `Collector` takes them.
    """
    return collector_of(client, labels).text()


class MetricsServer:
    """A server of `/metrics`, in a thread of its own. Use it in a `with` statement, or `close` it.

    Attributes:
        host: The address that it listens at.
        port: The port.
    """

    def __init__(self, collector: Collector, host: str, port: int) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                is_known = self.path.partition("?")[0] in ("/", "/metrics")
                body = collector.text().encode() if is_known else b"not found: see /metrics\n"
                self.send_response(200 if is_known else 404)
                self.send_header("Content-Type", CONTENT_TYPE)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the library's name
                """Scrapes are not worth a line."""

        self._server = http.server.ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self.host = host
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, name="ferrule-metrics", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """The address to scrape."""
        return f"http://{self.host}:{self.port}/metrics"

    def close(self) -> None:
        """Stops the server."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def start_server(
    port: int = 9464,
    host: str = "127.0.0.1",
    *,
    client: ferrule.Client | ferrule.AsyncClient | None = None,
    labels: Sequence[str] = (),
) -> MetricsServer:
    """Starts a server that Prometheus scrapes, in a thread.

    Args:
        port: The port; 0 for a free one. Default 9464.
        host: The address to listen at: this machine only by default, `"0.0.0.0"` for all.
        client: The client whose metrics it has; by default all of the process together.
        labels: As `Collector` takes them.

    Returns:
        The server, to `close`.

    Raises:
        OSError: The port is taken.
    """
    return MetricsServer(collector_of(client, labels), host, port)
