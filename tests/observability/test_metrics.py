"""Prometheus metrics: what is counted, that the maintained library reads it, and the server that is scraped."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import prometheus_client
import pytest
from prometheus_client.parser import text_string_to_metric_families

import ferrule
from ferrule import metrics
from ferrule.intercepting import remove_tracer
from ferrule.metrics_text import MAX_SERIES, Counter
from ferrule.testing import Simulator, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

M = "openai/gpt-5-mini"
SECRET = "the-secret-of-the-prompt"
DASHBOARD = Path(__file__).parents[2] / "docs" / "assets" / "grafana-dashboard.json"


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator([rule("one two three four")]) as simulator:
        yield simulator


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Other tests' clients are not measured."""
    yield
    for collector in metrics._collectors.values():
        remove_tracer(collector, None)
    metrics._collectors.clear()


def read(text: str) -> dict[tuple[str, ...], float]:
    """The samples by name and labels."""
    return {
        (sample.name, *(f"{name}={value}" for name, value in sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_calls_tokens_and_cost_are_there_at_the_first_reading(sim: Simulator) -> None:
    with sim.client() as client:
        cost = client.complete(M, SECRET).cost
        client.embed("openai/text-embedding-3-small", ["a"])
        found = read(client.metrics())
        of_model = ("provider=openai", "model=gpt-5-mini")
        assert cost is not None
        assert found[("ferrule_calls_total", *of_model, "outcome=answered")] == 1
        assert found[("ferrule_calls_total", *of_model, "outcome=failed")] == 0
        assert found[("ferrule_tokens_total", *of_model, "kind=output")] == client.usage().total().output_tokens
        assert found[("ferrule_cost_dollars_total", *of_model)] == pytest.approx(float(cost.total))
        assert found["ferrule_info", f"version={ferrule.__version__}"] == 1


def test_histograms_and_attempts_are_counted_from_then_on() -> None:
    fault = rule(fault={"status": {"status": 503}}, provider="openai")
    groups: Any = {"fast": {"targets": [M, "groq/llama-3.3-70b-versatile"]}}
    with Simulator([fault, rule("one two three four")]) as sim, sim.client(groups=groups, max_retries=0) as client:
        client.metrics()
        with client.stream("fast", SECRET) as stream:
            list(stream)
        client.complete("groq/llama-3.3-70b-versatile", "Hi")
        with pytest.raises(ferrule.OverloadedError):
            client.complete(M, "Hi")
        text = client.metrics()
        found = read(text)
    groq = ("provider=groq", "model=llama-3.3-70b-versatile")
    openai = ("provider=openai", "model=gpt-5-mini")
    assert found[("ferrule_call_duration_seconds_count", "operation=stream", *groq)] == 1
    assert found[("ferrule_call_duration_seconds_count", "operation=complete", *groq)] == 1
    assert found[("ferrule_call_duration_seconds_bucket", "operation=stream", *groq, "le=+Inf")] == 1
    assert found[("ferrule_time_to_first_token_seconds_count", *groq)] == 1
    assert found[("ferrule_time_between_tokens_seconds_count", *groq)] == 3
    assert found[("ferrule_attempts_total", *openai, "outcome=overloaded")] == 2
    assert found[("ferrule_attempts_total", *groq, "outcome=success")] == 2
    assert found[("ferrule_errors_total", "operation=complete", *openai, "error=OverloadedError")] == 1
    moved = (f"target={M}", "next_target=groq/llama-3.3-70b-versatile", "reason=overloaded")
    assert found[("ferrule_failovers_total", *moved)] == 1
    assert found["ferrule_breaker_state", f"target={M}", "state=closed"] == 1
    assert found["ferrule_in_flight", f"target={M}"] == 0
    assert SECRET not in text


def test_metadata_becomes_labels_where_that_is_asked_for(sim: Simulator) -> None:
    with sim.client() as client:
        for team in ("a", "b", "b"):
            client.complete(M, "Hi", metadata={"team-id": team, "user": SECRET})
        assert SECRET not in client.metrics()
        found = read(client.metrics(labels=["team-id"]))
        key = ("provider=openai", "model=gpt-5-mini", "metadata_team_id=b", "outcome=answered")
        assert found[("ferrule_calls_total", *key)] == 2
        with pytest.raises(TypeError, match="labels: expected a list"):
            client.metrics(labels="team")


def test_the_number_of_series_is_bounded() -> None:
    counter = Counter("c_total", "Counts.", ("model",))
    for number in range(MAX_SERIES + 50):
        counter.add((f"model {number}",))
    samples = counter.family().samples
    assert len(samples) == MAX_SERIES + 1
    assert ("c_total", {"model": "other"}, 50) in samples


def test_labels_are_escaped(sim: Simulator) -> None:
    with sim.client() as client:
        client.complete(M, "Hi", metadata={"team": 'a "b"\\\n'})
        (sample,) = (
            sample
            for family in text_string_to_metric_families(client.metrics(labels=("team",)))
            for sample in family.samples
            if sample.name == "ferrule_cost_dollars_total"
        )
        assert sample.labels["metadata_team"] == 'a "b"\\\n'


def test_a_registry_of_the_library_collects_it(sim: Simulator) -> None:
    with sim.client() as client:
        registry = prometheus_client.CollectorRegistry()
        registry.register(metrics.Collector(client))
        with client.stream(M, "Hi") as stream:
            list(stream)
        theirs = prometheus_client.generate_latest(registry).decode()
        assert read(theirs)["ferrule_calls_total", "model=gpt-5-mini", "outcome=answered", "provider=openai"] == 1
        count = ("ferrule_call_duration_seconds_count", "model=gpt-5-mini", "operation=stream", "provider=openai")
        assert read(theirs)[count] == 1


def test_the_server_is_scraped_for_all_clients(sim: Simulator) -> None:
    with sim.client() as early, metrics.start_server(0) as server, sim.client() as late:
        early.complete("openai/gpt-4o", "Hi")
        late.complete("openai/gpt-4o", "Hi")
        with urllib.request.urlopen(server.url, timeout=10) as response:
            assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            found = read(response.read().decode())
        of_model = ("provider=openai", "model=gpt-4o")
        assert found[("ferrule_calls_total", *of_model, "outcome=answered")] >= 2
        assert found[("ferrule_call_duration_seconds_count", "operation=complete", *of_model)] >= 2
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"http://127.0.0.1:{server.port}/secret", timeout=10)


async def test_the_asynchronous_client_has_them(sim: Simulator) -> None:
    async with sim.async_client() as client:
        client.metrics()
        await client.complete(M, "Hi")
        async with client.stream(M, "Hi") as stream:
            async for _ in stream:
                break
        found = read(client.metrics())
        of_model = ("provider=openai", "model=gpt-5-mini")
        assert found[("ferrule_call_duration_seconds_count", "operation=complete", *of_model)] == 1
        assert found[("ferrule_call_duration_seconds_count", "operation=stream", *of_model)] == 1


def test_every_metric_of_the_dashboard_exists() -> None:
    groups: Any = {"fast": {"targets": [M, "groq/llama-3.3-70b-versatile"]}}
    options: Any = {"groups": groups, "breaker": {"failures": 1}, "retry": {"backoff": 0.001}}
    script = [rule(fault={"status": {"status": 503}}, provider="openai"), rule("one two three")]
    with Simulator(script) as sim, sim.client(**options) as client:
        client.metrics()
        with client.stream("fast", "Hi") as stream:
            list(stream)
        with pytest.raises(ferrule.FerruleError):
            client.complete(M, "Hi")
        found = {name for name, *_ in read(client.metrics())}
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    assert len(expressions) > 10
    used = {name for expression in expressions for name in re.findall(r"\bferrule_\w+", expression)}
    assert used <= found
    variables = {one["query"]["query"] for one in dashboard["templating"]["list"] if one["type"] == "query"}
    assert {name for text in variables for name in re.findall(r"\bferrule_\w+", text)} <= found
