"""Fallbacks, all the way from the configuration: with keys of their own, for operations, and when they are unusable."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING, Any

import pytest

import ferrule

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ferrule.testing import Simulator

KEY, ROTATED = "sk-of-the-fallback-1", "sk-of-the-fallback-2"


@pytest.fixture
def nowhere() -> str:
    """An address where nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


def providers(nowhere: str, fallback: dict[str, Any], **more: Any) -> dict[str, Any]:
    first = {"base_url": nowhere, "api_key": "sk-of-the-first", "fallback": "second", **more}
    return {"providers": {"first": first, "second": fallback}}


def printing(text: str) -> dict[str, Any]:
    return {"command": [sys.executable, "-c", f"print({text!r})"]}


@pytest.mark.parametrize("source", ["file", "command"])
def test_a_fallback_is_asked_with_its_own_key(
    simulator: Simulator, tmp_path: Path, key_sent: Callable[[], str], nowhere: str, source: str
) -> None:
    (tmp_path / "key").write_text(KEY)
    key = {"file": str(tmp_path / "key")} if source == "file" else printing(KEY)
    config = providers(nowhere, {"base_url": simulator.openai_base_url, "api_key": key})
    with ferrule.Client(config=config) as client:
        reply = client.complete("first/x", "Hi.")
        assert [attempt.provider for attempt in reply.attempts] == ["first", "second"]
        assert key_sent() == KEY
        assert "".join(client.stream("first/x", "Hi.").text) == "Yes."
        assert key_sent() == KEY


def test_a_built_in_fallback_is_asked_with_its_key_from_a_file(
    simulator: Simulator, tmp_path: Path, key_sent: Callable[[], str], nowhere: str
) -> None:
    (tmp_path / "key").write_text(KEY)
    openai = {"base_url": simulator.openai_base_url, "api_key": {"file": str(tmp_path / "key")}}
    first = {"base_url": nowhere, "fallback": "openai"}
    with ferrule.Client(config={"providers": {"first": first, "openai": openai}}) as client:
        assert client.complete("first/x", "Hi.").attempts[-1].provider == "openai"
    assert key_sent() == KEY


def test_the_key_of_a_fallback_is_not_fetched_before_it_is_asked(simulator: Simulator, tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = [sys.executable, "-c", f"open({str(log)!r}, 'a').write('run.'); print({KEY!r})"]
    fallback = {"base_url": simulator.openai_base_url, "api_key": {"command": command}}
    with ferrule.Client(config=providers(simulator.openai_base_url, fallback)) as client:
        client.complete("first/x", "Hi.")
    assert not log.exists()


def test_a_fallback_without_its_key_leaves_the_first_failure(simulator: Simulator, nowhere: str) -> None:
    fallback = {"base_url": simulator.openai_base_url, "api_key": {"file": "/nowhere/key"}}
    with ferrule.Client(config=providers(nowhere, fallback), max_retries=0) as client:
        with pytest.raises(ferrule.FerruleError) as failed:
            client.complete("first/x", "Hi.")
        assert failed.value.attempts[0].provider == "first"
    assert simulator.requests == []


def test_operations_fall_back(simulator: Simulator, nowhere: str) -> None:
    fallback = {"base_url": simulator.openai_base_url, "api_key": printing(KEY)}
    with ferrule.Client(config=providers(nowhere, fallback)) as client:
        assert client.embed("first/x", ["a", "b"]).attempts[-1].provider == "second"
        assert len(client.embed("first/x", ["a", "b", "c"], batch_size=1)) == 3
        with pytest.raises(ferrule.FerruleError):
            client.models("first")
        assert set(client.usage().by_provider()) == {"second"}


def test_a_fallback_that_is_unusable_refuses_nobody(simulator: Simulator) -> None:
    # Snowflake's address needs an account that is not given.
    config = {"providers": {"first": {"base_url": simulator.openai_base_url, "fallback": "snowflake"}}}
    with ferrule.Client(config=config) as client:
        assert client.complete("first/x", "Hi.").text == "Yes."
        with pytest.raises(ferrule.ConfigError, match="account"):
            client.complete("snowflake/x", "Hi.")


def test_a_key_that_was_rotated_is_read_again(
    simulator: Simulator, tmp_path: Path, key_sent: Callable[[], str]
) -> None:
    from ferrule.testing import rule

    file = tmp_path / "key"
    file.write_text(KEY)
    config = {"providers": {"mine": {"base_url": simulator.openai_base_url, "api_key": {"file": str(file)}}}}
    with ferrule.Client(config=config) as client:
        client.complete("mine/x", "Hi.")
        file.write_text(ROTATED)
        client.complete("mine/x", "Hi.")
        assert key_sent() == KEY
        simulator.set_script([rule(fault={"status": {"status": 401}}, times=1), rule("Yes.")])
        assert len(client.complete("mine/x", "Hi.").attempts) == 2
        assert key_sent() == ROTATED


async def test_a_loop_goes_on_while_a_command_runs(simulator: Simulator, tmp_path: Path) -> None:
    import asyncio

    go = tmp_path / "go"
    wait = f"import os, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)\nprint({KEY!r})"
    key = {"command": [sys.executable, "-c", wait]}
    fields: Any = {"base_url": simulator.openai_base_url, "api_key": key}
    async with ferrule.AsyncClient(config={"providers": {"mine": fields}}) as client:
        call = asyncio.create_task(client.complete("mine/x", "Hi."))
        # The loop runs this while the command waits for it.
        await asyncio.to_thread(go.write_text, "")
        assert (await call).text == "Yes."


def test_another_file_for_a_key_is_read(simulator: Simulator, tmp_path: Path, key_sent: Callable[[], str]) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text(KEY)
    other.write_text(ROTATED)
    fields: dict[str, Any] = {"base_url": simulator.openai_base_url, "api_key": {"file": str(one)}}
    with ferrule.Client(config={"providers": {"mine": fields}}) as client:
        client.complete("mine/x", "Hi.")
        client.registry.aliases.register("fast", "mine/x")
        client.complete("fast", "Hi.")
        assert key_sent() == KEY
        client.registry.providers.replace("mine", {**fields, "api_key": {"file": str(other)}})
        client.complete("mine/x", "Hi.")
        assert key_sent() == ROTATED
        other.write_text(KEY)
        client.reload()
        client.complete("mine/x", "Hi.")
        assert key_sent() == KEY
