"""Costs of calls: replies plain, streamed and interrupted, and a client's sums."""

from __future__ import annotations

import asyncio
import pickle
import threading
from decimal import Decimal
from typing import Any

import pytest

import ferrule
import ferrule.catalog
from ferrule.testing import Simulator, rule

USAGE = {"input_tokens": 1_000_000, "output_tokens": 100_000, "cache_read_tokens": 400_000}
# gpt-4.1: 2 for a million input tokens, 0.5 read from the cache, 8 output.
COST = Decimal("0.6") * 2 + Decimal("0.4") * Decimal("0.5") + Decimal("0.1") * 8
MODEL = "openai/gpt-4.1"


@pytest.fixture
def script() -> list[Any]:
    return [rule({"text": "One two three.", "usage": USAGE})]


def test_plain_and_streamed_replies_cost_the_same(simulator: Simulator) -> None:
    client = simulator.client()
    plain = client.complete(MODEL, "Hi.").cost
    with client.stream(MODEL, "Hi.") as stream:
        list(stream)
        streamed = stream.reply().cost
    assert plain is not None
    assert plain == streamed
    assert plain.total == COST
    assert float(plain) == float(COST)
    assert plain.breakdown == {
        "cache_read_tokens": Decimal("0.2"),
        "input_tokens": Decimal("1.2"),
        "output_tokens": Decimal("0.8"),
    }
    assert plain.quantities == {"cache_read_tokens": 400_000, "input_tokens": 600_000, "output_tokens": 100_000}
    assert (plain.currency, plain.source, plain.is_reported) == ("USD", "genai-prices", False)
    assert plain.source_date == "2025-07-04", "when genai-prices last compared this price with OpenAI's page"
    assert plain.source_version is not None


def test_a_cost_survives_json_and_pickle(simulator: Simulator) -> None:
    reply = simulator.client().complete(MODEL, "Hi.")
    assert reply.cost is not None
    assert pickle.loads(pickle.dumps(reply.cost)) == reply.cost
    assert pickle.loads(pickle.dumps(reply)).cost == reply.cost
    assert reply.to_dict()["cost"]["total"] == "2.2"
    unknown = simulator.client().complete("openai/nobody-knows", "Hi.")
    assert unknown.cost is None
    assert pickle.loads(pickle.dumps(unknown)).cost is None


def test_an_interrupted_stream_costs_what_is_known_of_it() -> None:
    # Anthropic reports the input at the start and the whole output at the end.
    cut = rule({"text": "One two three four five.", "usage": USAGE}, fault={"close": {"at": "before_terminal"}})
    with Simulator([cut]) as simulator:
        client = simulator.client(max_retries=0)
        stream = client.stream("anthropic/claude-sonnet-4-5", "Hi.")
        with pytest.raises(ferrule.StreamInterruptedError) as caught:
            list(stream)
        received = caught.value.partial_reply
        assert received is not None
        assert received.cost is not None
        assert received.cost.quantities["cache_read_tokens"] == 400_000
        total = client.usage().total()
        assert (total.calls, total.interrupted, total.failed, total.unknown_cost) == (1, 1, 0, 0)
        assert total.cost == received.cost.total

        # OpenAI reports nothing before the end.
        with client.stream(MODEL, "Hi.") as stream, pytest.raises(ferrule.StreamInterruptedError) as caught:
            list(stream)
        assert caught.value.partial_reply is not None
        assert caught.value.partial_reply.cost is None
        assert client.usage().by_model()[MODEL].unknown_cost == 1


def test_own_prices_count_first(simulator: Simulator) -> None:
    client = simulator.client(models={MODEL: {"prices": {"input_mtok": 1, "output_mtok": "0"}}})
    cost = client.complete(MODEL, "Hi.").cost
    assert cost is not None
    assert (cost.total, cost.source, cost.source_date) == (Decimal(1), "configuration", None)
    with pytest.raises(ValueError, match=r'models\."openai/x": there is no field `context`'):
        simulator.client(models={"openai/x": {"context": 1}})


def test_usage_is_summed_up_by_what_calls_have_in_common(simulator: Simulator) -> None:
    client = simulator.client()
    client.complete(MODEL, "Hi.", metadata={"team": "a"})
    client.complete(MODEL, "Hi.", metadata={"team": "b"})
    with client.stream(MODEL, "Hi.", metadata={"team": "a"}) as stream:
        list(stream)
    client.complete("openai/nobody-knows", "Hi.")
    client.complete("anthropic/claude-sonnet-4-5", "Hi.")
    tracker = client.usage()
    known = tracker.by_model()[MODEL]
    assert (known.calls, known.failed, known.interrupted, known.unknown_cost) == (3, 0, 0, 0)
    assert (known.cost, known.input_tokens, known.cache_read_tokens) == (3 * COST, 3_000_000, 1_200_000)
    assert tracker.by_provider()["openai"].calls == 4
    assert tracker.by_provider()["openai"].unknown_cost == 1
    assert {key: totals.calls for key, totals in tracker.by_metadata("team").items()} == {"a": 2, "b": 1, None: 2}
    assert tracker.by_alias()[None].calls == tracker.total().calls == 5
    tracker.reset()
    assert tracker.total() == ferrule.UsageTotals()


def test_failed_calls_count_as_such() -> None:
    with Simulator([rule(fault={"status": {"status": 400}})]) as simulator:
        client = simulator.client()
        with pytest.raises(ferrule.InvalidRequestError):
            client.complete(MODEL, "Hi.")
        with pytest.raises(ferrule.InvalidRequestError), client.stream(MODEL, "Hi.") as stream:
            list(stream)
        total = client.usage().total()
        assert (total.calls, total.failed, total.cost, total.unknown_cost) == (2, 2, 0, 0)


def test_a_stream_that_is_closed_early_counts_once(simulator: Simulator) -> None:
    client = simulator.client()
    with client.stream(MODEL, "Hi.") as stream:
        next(iter(stream))
    stream.close()
    del stream
    assert client.usage().total().calls == 1


def test_threads_and_tasks_count_each_call_once(simulator: Simulator) -> None:
    client = simulator.client()

    def work() -> None:
        for _ in range(10):
            client.complete(MODEL, "Hi.")
            with client.stream(MODEL, "Hi.") as stream:
                list(stream)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = client.usage().total()
    assert (total.calls, total.cost) == (80, 80 * COST)

    async def tasks() -> ferrule.UsageTotals:
        async with simulator.async_client() as client:

            async def one(number: int) -> Any:
                if number % 2:
                    return await client.complete(MODEL, "Hi.")
                async with client.stream(MODEL, "Hi.") as stream:
                    return [event async for event in stream]

            await asyncio.gather(*(one(number) for number in range(20)))
            return client.usage().total()

    total = asyncio.run(tasks())
    assert (total.calls, total.cost) == (20, 20 * COST)


def test_the_catalog_from_python() -> None:
    model = ferrule.catalog.find("openai/gpt-4o")
    assert model is not None
    assert (model.id, model.provider, model.context_window, model.max_output_tokens) == (
        "gpt-4o",
        "openai",
        128000,
        16384,
    )
    assert (model.input_modalities, model.output_modalities) == (("text", "image"), ("text",))
    assert (model.tools, model.structured_output, model.reasoning, model.deprecated) == (True, True, False, None)
    assert model.category == "balanced"
    assert model.prices()["input_mtok"] == Decimal("2.5")
    assert repr(model) == "CatalogModel('openai/gpt-4o')"
    assert ferrule.catalog.find("gpt-4o") is not None
    assert ferrule.catalog.find("openai/nobody-knows") is None
    with pytest.raises(ValueError, match=r"nobody-knows.*it is not known"):
        ferrule.catalog.find("nobody-knows")
    assert len(ferrule.catalog.models()) > 2000
    assert {model.provider for model in ferrule.catalog.models("openai")} == {"openai"}
    assert ferrule.catalog.source()["name"] == "genai-prices"


def test_costs_are_estimated() -> None:
    cost = ferrule.catalog.estimate_cost(MODEL, USAGE)
    assert cost is not None
    assert cost.total == COST
    cost = ferrule.catalog.estimate_cost(MODEL, input_tokens=1_000_000, output_tokens=0, batch=True)
    assert cost is not None
    assert cost.total == 1
    cost = ferrule.catalog.estimate_cost(MODEL, input_tokens=1_000_000, output_tokens=0, service_tier="priority")
    assert cost is not None
    assert cost.total == Decimal("3.5")
    assert ferrule.catalog.estimate_cost(MODEL, input_tokens=5) is None
    with pytest.raises(ValueError, match="there is no quantity `tokens`"):
        ferrule.catalog.estimate_cost(MODEL, {"tokens": 5})
    with pytest.raises(ValueError, match=r"usage\.input_tokens: expected a whole number"):
        ferrule.catalog.estimate_cost(MODEL, {"input_tokens": -5})
    with pytest.raises(TypeError, match="not both"):
        ferrule.catalog.estimate_cost(MODEL, USAGE, input_tokens=5)


@pytest.mark.parametrize(
    "model",
    [
        "openai/m",
        "openai-responses/m",
        "anthropic/m",
        "gemini/m",
        "bedrock/m",
        "cohere/m",
        "ollama/m",
        "groq/m",
        "mistral/m",
    ],
)
def test_labels_are_ours_and_go_to_nobody(model: str, simulator: Simulator) -> None:
    with simulator.client() as client:
        client.complete(model, "Hi.", metadata={"team": "a-team-of-ours"})
        with client.stream(model, "Hi.", metadata={"team": "a-team-of-ours"}) as stream:
            list(stream)
        totals = client.usage().by_metadata("team")["a-team-of-ours"]
    assert (totals.calls, totals.failed) == (2, 0)
    assert totals.output_tokens > 0
    assert not [request for request in simulator.requests if "a-team-of-ours" in f"{request.body}{request.headers}"]
