"""Shared client of `ferrule.complete` and `ferrule.stream`: when it reads the environment again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

import ferrule
from ferrule.testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def without_a_shared_client(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "FERRULE_MODEL"):
        monkeypatch.delenv(name, raising=False)
    ferrule.reset()
    yield
    ferrule.reset()


def set_variables(monkeypatch: pytest.MonkeyPatch, simulator: Simulator) -> None:
    for name, value in simulator.environment().items():
        monkeypatch.setenv(name, value)


def test_a_key_that_is_set_after_the_error_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ferrule.ConfigError, match="OPENAI_API_KEY"):
        ferrule.complete("openai/echo", "Hi.")
    with pytest.raises(ferrule.ConfigError, match="OPENAI_API_KEY"):
        list(ferrule.stream("openai/echo", "Hi."))
    with Simulator() as simulator:
        set_variables(monkeypatch, simulator)
        assert ferrule.complete("openai/echo", "Hi.").text == "Hi."


@pytest.mark.parametrize("streamed", [True, False])
def test_a_key_that_is_set_without_an_error_before_is_seen(monkeypatch: pytest.MonkeyPatch, streamed: bool) -> None:
    with Simulator() as simulator:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-simulated")
        monkeypatch.setenv("OPENAI_BASE_URL", simulator.openai_base_url)
        assert ferrule.complete("openai/echo", "Hi.").text == "Hi."
        set_variables(monkeypatch, simulator)
        if streamed:
            with ferrule.stream("anthropic/echo", "Hi.") as stream:
                assert "".join(stream.text) == "Hi."
                assert stream.reply().text == "Hi."
        else:
            assert ferrule.complete("anthropic/echo", "Hi.").text == "Hi."


def test_a_default_model_that_is_set_later_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    with Simulator() as simulator:
        set_variables(monkeypatch, simulator)
        with pytest.raises(ferrule.ConfigError, match="no default"):
            ferrule.complete(messages="Hi.")
        monkeypatch.setenv("FERRULE_MODEL", "openai/echo")
        assert ferrule.complete(messages="Hi.").text == "Hi."
        assert "".join(ferrule.stream(messages="Hi.").text) == "Hi."


def test_it_is_kept_between_calls_and_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    with Simulator() as first, Simulator() as second:
        set_variables(monkeypatch, first)
        ferrule.complete("openai/echo", "Hi.")
        set_variables(monkeypatch, second)
        ferrule.complete("openai/echo", "Hi.")
        assert (len(first.requests), len(second.requests)) == (2, 0)
        assert first.open_connections == 1
        ferrule.reset()
        assert first.wait_for_connections(0)
        ferrule.complete("openai/echo", "Hi.")
        assert (len(first.requests), len(second.requests)) == (2, 1)
        ferrule.reset()
        ferrule.reset()


def test_resetting_leaves_calls_in_flight_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with Simulator() as simulator:
        set_variables(monkeypatch, simulator)
        with ferrule.stream("openai/long-50", "Hi.") as stream:
            next(stream)
            ferrule.reset()
            assert len("".join(stream.text)) > 50


def test_threads_share_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with Simulator() as simulator:
        set_variables(monkeypatch, simulator)
        made: list[Any] = []
        original = ferrule.Client.__init__
        monkeypatch.setattr(
            ferrule.Client, "__init__", lambda self, **options: (made.append(1), original(self, **options))[1]
        )
        threads = [threading.Thread(target=lambda: ferrule.complete("openai/echo", "Hi.")) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(simulator.requests) == 8
        assert len(made) == 1


def test_the_fixture_resets_it(pytester: pytest.Pytester, tmp_path: Path) -> None:
    pytester.makepyfile(
        """
        import ferrule, pytest

        @pytest.mark.parametrize("number", [1, 2])
        def test_my_program(ferrule_simulator, monkeypatch, number):
            for name, value in ferrule_simulator.environment().items():
                monkeypatch.setenv(name, value)
            assert ferrule.complete("openai/echo", "Hello").text == "Hello"
            assert len(ferrule_simulator.requests) == 1

        def test_nothing_is_left():
            with pytest.raises(ferrule.ConfigError):
                ferrule.complete("openai/echo", "Hello")
        """
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=3)
