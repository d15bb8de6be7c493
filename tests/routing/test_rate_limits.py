"""Rate limits that providers report in their headers, and where traffic goes then."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from group_targets import Targets, whole

import ferrule
from ferrule.testing import Simulator, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

EVERYWHERE = [False, True]

FORMS: dict[str, dict[str, str]] = {
    "openai requests": {
        "x-ratelimit-limit-requests": "100",
        "x-ratelimit-remaining-requests": "{}",
        "x-ratelimit-reset-requests": "59s",
    },
    "openai tokens": {
        "x-ratelimit-limit-requests": "1000",
        "x-ratelimit-remaining-requests": "999",
        "x-ratelimit-limit-tokens": "100000",
        "x-ratelimit-remaining-tokens": "{}000",
        "x-ratelimit-reset-tokens": "59s",
    },
    "anthropic": {
        "anthropic-ratelimit-requests-limit": "100",
        "anthropic-ratelimit-requests-remaining": "100",
        "anthropic-ratelimit-input-tokens-limit": "100000",
        "anthropic-ratelimit-input-tokens-remaining": "{}000",
    },
    "cerebras": {"x-ratelimit-limit-requests-day": "100", "x-ratelimit-remaining-requests-day": "{}"},
    "mistral": {"x-ratelimitbysize-limit-minute": "100000", "x-ratelimitbysize-remaining-minute": "{}000"},
    "openrouter": {"x-ratelimit-limit": "100", "x-ratelimit-remaining": "{}"},
    "together": {"x-tokenlimit-limit": "100000", "x-tokenlimit-remaining": "{}000"},
    "hugging face": {"ratelimit": '"api";r={};t=60', "ratelimit-policy": '"fixed window";"api";q=100;w=300'},
    "early draft": {"ratelimit-limit": "100", "ratelimit-remaining": "{}"},
    "cohere": {"x-trial-endpoint-call-limit": "100", "x-trial-endpoint-call-remaining": "{}"},
}


def left(form: dict[str, str], count: int) -> dict[str, str]:
    return {name: value.replace("{}", str(count)) for name, value in form.items()}


@pytest.fixture
def client(targets: Targets) -> Iterator[ferrule.Client]:
    with ferrule.Client(**targets.settings(strategy="rate_limit_aware"), max_retries=0) as client:
        yield client


@pytest.mark.parametrize("streamed", EVERYWHERE)
@pytest.mark.parametrize("form", FORMS)
def test_traffic_goes_where_the_larger_share_is_left(
    client: ferrule.Client, targets: Targets, form: str, streamed: bool
) -> None:
    for name, count in (("one", 10), ("two", 80), ("three", 40)):
        targets.script(name, rule({"text": f"From {name}.", "headers": left(FORMS[form], count)}))
        whole(client, f"{name}/m", streamed=streamed)
    assert [whole(client, "all", streamed=streamed).provider for _ in range(10)] == ["two"] * 10


@pytest.mark.parametrize("streamed", EVERYWHERE)
def test_a_refusal_says_as_much_as_an_answer(client: ferrule.Client, targets: Targets, streamed: bool) -> None:
    limits = FORMS["openai requests"]
    for name, count in (("one", 90), ("two", 80), ("three", 40)):
        targets.script(name, rule({"text": f"From {name}.", "headers": left(limits, count)}))
        whole(client, f"{name}/m", streamed=streamed)
    assert whole(client, "all", streamed=streamed).provider == "one"
    refused = {"status": {"status": 429, "headers": {**left(limits, 0), "x-ratelimit-reset-requests": "600s"}}}
    targets.script("one", rule(fault=refused, times=1))
    with contextlib.suppress(ferrule.RateLimitedError):
        whole(client, "one/m", streamed=streamed)
    assert [whole(client, "all", streamed=streamed).provider for _ in range(5)] == ["two"] * 5
    # Without a word of what is left, too.
    targets.script("two", rule(fault="rate_limit", times=1))
    with contextlib.suppress(ferrule.RateLimitedError):
        whole(client, "two/m", streamed=streamed)
    assert whole(client, "all", streamed=streamed).provider == "three"


def test_the_keys_of_a_provider_have_a_limit_each(targets: Targets) -> None:
    """What is left of a target is what is left of all its keys."""
    limits = FORMS["openai requests"]

    def of(key: str, count: int) -> Any:
        return rule({"text": "Yes.", "headers": left(limits, count)}, headers={"authorization": f"*{key}"})

    targets.script("one", of("first-key-0123", 0), of("second-key-012", 90))
    targets.script("three", rule({"text": "Yes.", "headers": left(limits, 20)}))
    options = targets.settings(strategy="rate_limit_aware", targets=["one/m", "three/m"])
    del options["providers"]["one"]["api_key"]
    options["providers"]["one"]["api_keys"] = ["first-key-0123", "second-key-012"]
    with ferrule.Client(**options) as client:
        for name in ("one", "one", "three"):
            client.complete(f"{name}/m", "Hello?")
        # 45 of 100, whichever key was used last.
        assert [client.complete("all", "Hello?").provider for _ in range(6)] == ["one"] * 6


def test_limits_of_a_minute_count_for_usage(targets: Targets) -> None:
    """A limit of a day is not taken for one of a minute."""
    day = {"x-ratelimit-limit-requests-day": "14400", "x-ratelimit-remaining-requests-day": "14000"}
    minute = {"x-ratelimit-limit-requests-minute": "1000", "x-ratelimit-remaining-requests-minute": "900"}
    targets.script("one", rule({"text": "Yes.", "headers": day}))
    targets.script("three", rule({"text": "Yes.", "headers": minute}))
    options = targets.settings(strategy="usage_based", targets=["one/m", "three/m"])
    with ferrule.Client(**options) as client:
        for name in ("one", "three"):
            client.complete(f"{name}/m", "Hello?")
        asked = [client.complete("all", "Hello?").provider for _ in range(20)]
    assert asked.count("three") >= 15, "10 a minute against 1000"


def test_a_limit_that_is_not_said_is_the_most_that_was_left() -> None:
    """Azure says what is left, and of what not always."""
    with Simulator() as low, Simulator() as high:
        providers: dict[str, Any] = {
            name: {"base_url": simulator.openai_base_url, "api_key": f"key-of-{name}"}
            for name, simulator in (("low", low), ("high", high))
        }
        group: Any = {"targets": ["low/m", "high/m"], "strategy": "rate_limit_aware"}
        with ferrule.Client(config=False, providers=providers, groups={"all": group}) as client:
            for simulator, counts in ((low, (100, 20)), (high, (100, 60))):
                for count in counts:
                    headers = {"x-ratelimit-remaining-tokens": str(count)}
                    simulator.set_script([rule({"text": "Yes.", "headers": headers})])
                    client.complete("low/m" if simulator is low else "high/m", "Hello?")
            assert [client.complete("all", "Hello?").provider for _ in range(5)] == ["high"] * 5
