"""Costs against genai-prices' own arithmetic: every model of its data, at times, tiers and variants that matter.

What differs, and why, is in docs/decisions/2026-11-25-prices.md; the tests here name each case.
"""

from __future__ import annotations

import datetime
import decimal
import random
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings, strategies as st

from ferrule._native import NativeCatalog

genai_prices = pytest.importorskip("genai_prices", reason="genai-prices needs Python 3.11")

from genai_prices import types  # noqa: E402
from genai_prices.data import providers  # noqa: E402
from genai_prices.data_snapshot import get_snapshot  # noqa: E402
from genai_prices.units import _get_registry  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

UTC = datetime.timezone.utc
CATALOG = NativeCatalog()
UNITS = _get_registry().units
ROWS = [(provider, model) for provider in providers for model in provider.models]
# Not exact in decimal, so it depends on where it is rounded.
HOURS = {"audio_seconds", "input_audio_seconds", "output_audio_seconds"}


def ours(name: str) -> str:
    return {"output_reasoning_tokens": "reasoning_tokens"}.get(name, name)


def times(model: types.ModelInfo) -> list[datetime.datetime]:
    """Now, and both sides of each date and hour at which a price of the model changes."""
    constraints = [] if isinstance(model.prices, types.ModelPrice) else [price.constraint for price in model.prices]
    constraints += [variant.constraint for variant in model.price_variants or ()]
    found = {datetime.datetime(2026, 11, 25, 12, tzinfo=UTC)}
    second = datetime.timedelta(seconds=1)
    for constraint in constraints:
        if isinstance(constraint, types.StartDateConstraint):
            start = datetime.datetime.combine(constraint.start_date, datetime.time(), UTC)
            found |= {start, start - second}
        elif constraint is not None:
            for time in (constraint.start_time, constraint.end_time):
                edge = datetime.datetime.combine(datetime.date(2026, 11, 25), time)
                found |= {edge, edge - second}
    return sorted(found)


def contexts(model: types.ModelInfo) -> list[dict[str, str]]:
    return [{}, *({**variant.when} for variant in model.price_variants or ()), {"processing": "batch", "speed": "fast"}]


def thresholds(price: types.ModelPrice) -> Iterator[int]:
    for value in price.__dict__.values():
        if isinstance(value, types.TieredPrices):
            for tier in value.tiers:
                yield from (tier.start, tier.start + 1)


def usage(price: types.ModelPrice, choose: random.Random) -> dict[str, int]:
    """A consistent usage: each whole holds its parts, so that genai-prices takes it."""
    names = [unit.usage_key for unit in UNITS.values() if getattr(price, unit.price_key) is not None]
    names = [name for name in names if name != "requests"]
    figures: dict[str, int] = {}
    # Parts before wholes; a whole is what its parts are together, and something.
    for name in sorted(names, key=lambda name: -len(UNITS[name].dimensions)):
        own = choose.choice([0, 1, choose.randrange(1000), choose.randrange(3_000_000), choose.randrange(10**9)])
        parts = [part for part in figures if UNITS[name].dimensions.items() < UNITS[part].dimensions.items()]
        figures[name] = own + sum(figures[part] for part in parts)
    for name in ("input_tokens", "output_tokens"):
        figures.setdefault(name, choose.randrange(1000))
    limits = list(thresholds(price))
    if limits and choose.random() < 0.7:
        least = figures["input_tokens"]
        figures["input_tokens"] = max(least, choose.choice(limits))
    return figures


def expected(
    provider: Any, model: Any, figures: dict[str, int], at: datetime.datetime, context: dict[str, str]
) -> Decimal:
    return model.calc_price(
        types.Usage(**figures), provider, genai_request_timestamp=at, price_context=context or None
    ).total_price


def is_written_by_us(model: types.ModelInfo) -> bool:
    """Whether ours are other prices, or none: those that depend on the hour, or of which the comments alone tell an end
    (tools/catalog.toml; crates/catalog/tests/costs.rs)."""
    if "the page does not publish the post-promotion" in (model.price_comments or ""):
        return True
    prices = [] if isinstance(model.prices, types.ModelPrice) else model.prices
    return any(isinstance(price.constraint, types.TimeOfDateConstraint) for price in prices)


def has_price(model: Any, at: datetime.datetime, context: dict[str, str]) -> bool:
    return any(value is not None for value in model.get_prices(at, context or None).__dict__.values())


def check(provider: Any, model: Any, figures: dict[str, int], at: datetime.datetime, context: dict[str, str]) -> None:
    cost = CATALOG.price(
        provider.id,
        model.id,
        {ours(name): count for name, count in figures.items()},
        at=at.timestamp(),
        context=context,
    )
    about = f"{provider.id}/{model.id} {figures} {at} {context}"
    if not has_price(model, at, context):
        assert cost is None, about  # genai-prices says 0
        return
    theirs = expected(provider, model, figures, at, context)
    assert cost is not None, about
    with decimal.localcontext(decimal.Context(prec=60)):
        assert cost.total == sum(cost.breakdown.values(), Decimal(0)), about
        error = abs(cost.total - theirs)
    if HOURS & figures.keys():
        assert error <= Decimal("1e-23") + theirs * Decimal("1e-26"), about
    else:
        assert cost.total == theirs, about


# What our search finds under a model's id; some models of theirs cannot be found by it, in their search neither.
FOUND = [
    (provider, model)
    for provider, model in ROWS
    if provider.find_model(model.id, all_providers=providers) is model and not is_written_by_us(model)
]


def test_most_models_are_found_by_their_id() -> None:
    assert len(FOUND) > 2200


@pytest.mark.parametrize("provider", providers, ids=lambda provider: provider.id)
def test_every_model_costs_what_genai_prices_says(provider: Any) -> None:
    choose = random.Random(provider.id)
    for owner, model in FOUND:
        if owner is provider and not re.fullmatch("whisper-large-v3(-turbo)?", model.id):
            for at in times(model):
                for context in contexts(model):
                    for _ in range(3):
                        check(provider, model, usage(model.get_prices(at, context or None), choose), at, context)


@settings(max_examples=400, deadline=None)
@given(st.integers(0, len(FOUND) - 1), st.integers(), st.integers(1577836800, 1893456000))
def test_any_usage_at_any_time(row: int, seed: int, seconds: int) -> None:
    provider, model = FOUND[row]
    at = datetime.datetime.fromtimestamp(seconds, UTC)
    choose = random.Random(seed)
    context = choose.choice(contexts(model))
    if provider.id != "groq":
        check(provider, model, usage(model.get_prices(at, context or None), choose), at, context)


def names() -> Iterator[str]:
    """Names as they are met: ids, what the patterns name, dates and prefixes added."""
    choose = random.Random(7)
    for _, model in ROWS:
        yield model.id
        texts = re.findall(r"(?:equals|starts_with|contains|ends_with)='([^']+)'", repr(model.match))
        for text in texts[:6]:
            yield text
            yield choose.choice(
                [f"{text}-20251001", f"{text}-2025-10-01", f"us.{text}-v1:0", text.upper(), f"{text}@latest"]
            )


def test_names_mean_the_same_models() -> None:
    everything = sorted(set(names()))
    assert len(everything) > 5000
    choose = random.Random(3)
    snapshot = get_snapshot()
    for provider in providers:
        own = {model.id for model in provider.models}
        for name in [*own, *choose.sample(everything, 800)]:
            theirs = provider.find_model(name, all_providers=snapshot.providers)
            found = CATALOG.find(provider.id, name)
            assert (found and found.id) == (theirs and theirs.id), f"{provider.id}/{name}"


def test_a_request_for_so_much_is_counted_as_ten_seconds_by_groq_alone() -> None:
    """Groq's minimum is genai-prices' special case; ours counts what was reported."""
    cost = CATALOG.price("groq", "whisper-large-v3", {"audio_seconds": 1, "input_audio_seconds": 1})
    groq = next(provider for provider in providers if provider.id == "groq")
    theirs = types.Usage(audio_seconds=10, input_audio_seconds=10)
    price = groq.find_model("whisper-large-v3").calc_price(theirs, groq).total_price
    assert cost is not None
    assert abs(cost.total * 10 - price) < Decimal("1e-20")


@pytest.mark.parametrize(
    ("figures", "message"),
    [
        ({"input_tokens": 1, "output_tokens": 1, "cache_read_tokens": 2}, "cannot exceed"),
        ({"input_tokens": 10, "output_tokens": 1, "cache_read_tokens": 6, "cache_write_tokens": 6}, "totals 12"),
    ],
)
def test_what_they_refuse_we_charge_as_reported(figures: dict[str, int], message: str) -> None:
    anthropic = next(provider for provider in providers if provider.id == "anthropic")
    model = anthropic.find_model("claude-sonnet-4-5")
    with pytest.raises(ValueError, match=message):
        model.calc_price(types.Usage(**figures), anthropic)
    cost = CATALOG.price("anthropic", "claude-sonnet-4-5", figures)
    assert cost is not None
    assert cost.quantities.get("input_tokens") is None
