"""Limits and budgets in configuration files: what is wrong is named with its file and line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import ferrule

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("[limits.a]\nrequests_per_minute = -1\n", 2, "a whole number, 0 or more"),
        ("[limits.a]\nscope = 'team'\nconcurrency = 1\n", 2, "metadata.<label>"),
        ("[limits.a]\nscope = 'all'\n", 1, "requests_per_minute = 600"),
        ("[limits.a]\nrequest_per_minute = 1\n", 2, "requests_per_minute"),
        ("[limits.a]\nconcurrency = 1\nwhen_full = 'block'\n", 3, "wait, refuse"),
        ("[limits.a]\nconcurrency = 1\nmatch = ['x']\n", 3, "needs a scope"),
        ("[budgets.a]\nwindow = 'day'\n", 1, "`amount` is missing"),
        ("[budgets.a]\namount = -5\n", 2, "a number of dollars"),
        ("[budgets.a]\namount = 5\nwindow = 'fortnight'\n", 3, "rolling 24h"),
        ("[budgets.a]\namount = 5\ntime_zone = 'Oslo'\n", 3, "Europe/Oslo"),
        ("[budgets.a]\namount = 5\nmode = 'degrade'\n", 1, "`degrade_to` is missing"),
        ("[budgets.a]\namount = 5\nat = 0.5\n", 3, 'mode = "degrade"'),
        ("state = 'sqlite://x.db'\n", 1, "sqlite:///absolute/path"),
        ("model = 'a/b'\nstate = 'redis://localhost'\n", 2, "Redis is not supported yet"),
        ("state = 3\n", 1, "expected a string"),
        ("on_state_loss = 'wait'\n", 1, "local, open, closed"),
        ("usage_days = 'all'\n", 1, "a number"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    file = tmp_path / "ferrule.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(ferrule.ConfigError) as caught:
        ferrule.Client(config=str(file))
    assert f"{file}:{line}" in str(caught.value)
    assert message in str(caught.value)


def test_a_group_that_is_not_there_is_refused() -> None:
    budget: ferrule.BudgetOptions = {"amount": 5, "mode": "degrade", "degrade_to": "nowhere"}
    with pytest.raises(ferrule.ConfigError, match=r"budgets\.a\.degrade_to"):
        ferrule.Client(config=False, budgets={"a": budget})


def test_arguments_are_added_to_the_file_s(tmp_path: Path) -> None:
    file = tmp_path / "ferrule.toml"
    file.write_text("state = 'memory'\n[limits.a]\nconcurrency = 3\n[budgets.b]\namount = 50.00\n", "utf-8")
    with ferrule.Client(
        config=str(file), limits={"a": {"requests_per_day": 9}}, budgets={"b": {"window": "day"}}
    ) as client:
        assert client.registry.limits.get("a") == {"concurrency": 3, "requests_per_day": 9}
        assert client.registry.budgets.get("b") == {"amount": 50.0, "window": "day"}
        with pytest.raises(ferrule.ConfigError, match="there is no budget 'c'"):
            client.registry.budgets.get("c")
