"""`ferrule.Routing`: what it takes, how it is checked, copied and shown; and the same-named settings of groups."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

import ferrule


def test_a_routing_is_frozen_and_can_be_compared_hashed_pickled_and_shown() -> None:
    only = ["openai"]
    routing = ferrule.Routing(strategy="lowest-cost", only=only, tags="eu", first_token=2, dry_run=True)
    only.append("azure")
    assert routing.only == ("openai",)
    assert (
        repr(routing) == "Routing(strategy='lowest-cost', only=('openai',), tags=('eu',), first_token=2, dry_run=True)"
    )
    assert repr(ferrule.Routing()) == "Routing()"
    assert repr(ferrule.Routing(hedge=False, continue_streams=False)) == "Routing(hedge=False, continue_streams=False)"
    again = pickle.loads(pickle.dumps(routing))
    assert again == routing
    assert hash(again) == hash(routing)
    with pytest.raises(FrozenInstanceError):
        routing.session = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("strategy", "lowst_cost", "did you mean 'lowest_cost'"),
        ("strategy", 3, "the name of a strategy, or a function"),
        ("only", 3, "a list of strings"),
        ("exclude", [None], r"exclude\[0\]: expected a string"),
        ("tags", {"a": object()}.values(), r"tags\[0\]: expected a string"),
        ("session", "", "expected a name of the conversation"),
        ("session", 7, "expected a string"),
        ("max_targets", 0, "1 or more"),
        ("max_targets", 2**40, "1 or more"),
        ("hedge", "soon", "True, False or a positive number of seconds"),
        ("hedge", 0, "True, False or a positive number of seconds"),
        ("continue_streams", 1, "True or False"),
        ("first_token", float("nan"), "a positive number of seconds"),
        ("failover_on", ["tiemout"], 'no reason "tiemout"; there are connect, timeout'),
        ("failover_on", "timeout", "a list of strings"),
        ("dry_run", 1, "True or False"),
    ],
)
def test_a_wrong_value_is_an_error_that_names_the_field(field: str, value: Any, said: str) -> None:
    with pytest.raises((TypeError, ValueError), match=rf"routing\.{field}.*{said}|routing\.{said}"):
        ferrule.Routing(**{field: value})


def test_a_mapping_is_checked_in_the_same_way() -> None:
    with ferrule.Client(config=False) as client:
        with pytest.raises(TypeError, match=r"unknown field `routing\.olny`; there are strategy, only"):
            client.complete("openai/m", "Hi", routing={"olny": ["openai"]})
        with pytest.raises(TypeError, match=r"routing\.max_targets: expected a whole number, 1 or more"):
            client.embed("openai/m", "Hi", routing={"max_targets": -1})
        with pytest.raises(TypeError, match=r"routing: expected a ferrule\.Routing or a dict"):
            client.stream("openai/m", "Hi", routing=3)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("hedge", "soon", "expected True, False or a number of seconds above 0, not str"),
        ("continue_streams", 1, "expected bool, not int"),
        ("first_token", 0, "expected a number of seconds above 0"),
        ("sticky", "yes", "expected bool, not str"),
        ("strategy", "fastest", "'fastest' is not a routing strategy"),
    ],
)
def test_the_settings_of_a_group_are_checked_in_the_same_way(field: str, value: Any, said: str) -> None:
    groups: Any = {"g": {"targets": ["openai/m"], field: value}}
    with pytest.raises(ferrule.ConfigError, match=f"{field}.*{said}"):
        ferrule.Client(config=False, groups=groups)
