"""Cursor's command line: started for each call, read line by line, and gone with its children when the call is over."""

from __future__ import annotations

import asyncio
import json
import os
import select
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import ferrule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ferrule import Client

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in waits for signals, and on a named pipe")


@pytest.fixture
def providers(cursor_agent: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {"cursor-cli": cursor_agent}


@pytest.fixture
def client(providers: dict[str, dict[str, Any]]) -> Iterator[Client]:
    with ferrule.Client(providers=providers, max_retries=0, timeout=20) as client:
        yield client


@pytest.fixture
def alive(tmp_path: Path) -> Iterator[int]:
    """What the program and its child hold open for as long as they live: reading comes to an end when both are gone."""
    os.mkfifo(tmp_path / "alive")
    # Opened so, it waits for nobody.
    descriptor = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    yield descriptor
    os.close(descriptor)


def read(descriptor: int) -> bytes:
    """The next that comes; nothing at the end."""
    ready, _, _ = select.select([descriptor], [], [], 20)
    assert ready, "it is still alive"
    return os.read(descriptor, 100)


def workspace(folder: Path) -> dict[str, Any]:
    return {"extra_body": {"workspace": str(folder)}}


def test_it_is_started_with_the_model_the_prompt_and_the_key(client: Client, tmp_path: Path) -> None:
    messages = [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "Hello there."},
    ]
    client.complete("cursor-cli/gpt-5", messages, **workspace(tmp_path))
    started = json.loads((tmp_path / "started.json").read_text())
    assert started["arguments"] == [
        "-p",
        "--output-format",
        "stream-json",
        "--stream-partial-output",
        "--model=gpt-5",
        f"--workspace={tmp_path}",
    ]
    assert "Be short." in started["prompt"]
    assert started["prompt"].rstrip().endswith("Hello there.")
    assert started["key"] == "sk-simulated"


def test_repeats_are_said_once(client: Client) -> None:
    reply = client.complete("cursor-cli/auto", "Hello, hello, hello.")
    assert reply.text == "Hello, hello, hello."
    assert reply.model == "auto"
    # What was read from the cache is part of the input.
    assert (reply.usage.input_tokens, reply.usage.cache_read_tokens, reply.usage.output_tokens) == (120, 100, 5)
    with client.stream("cursor-cli/auto", "Hello, hello, hello.") as stream:
        pieces = list(stream.text)
    assert pieces == ["Hell", "o, h", "ello", ", he", "llo."]


def test_thinking_is_reasoning(client: Client) -> None:
    reply = client.complete("cursor-cli/thinking", "Hello.")
    assert (reply.reasoning, reply.text) == ("A greeting.", "Hello.")
    with client.stream("cursor-cli/thinking", "Hello.") as stream:
        events = list(stream)
    assert [event.text for event in events if isinstance(event, ferrule.ReasoningDelta)] == ["A greet", "ing."]


def test_what_the_agent_does_is_handed_on_as_it_is(client: Client) -> None:
    with client.stream("cursor-cli/tools", "What is this?") as stream:
        events = list(stream)
        reply = stream.reply()
    unknown = [event for event in events if isinstance(event, ferrule.Unknown)]
    assert [event.name for event in unknown] == ["tool_call", "tool_call", "something_new"]
    started, completed = (event.data for event in unknown[:2])
    assert started["tool_call"] == {"readToolCall": {"args": {"path": "README.md"}}}
    # Longer than one read.
    assert len(completed["tool_call"]["readToolCall"]["result"]["success"]["content"]) == 100_000
    assert reply.text == "Let me look. It is a readme."
    assert reply.tool_calls == []


@pytest.mark.parametrize(
    ("model", "expected", "words"),
    [
        ("not-logged-in", ferrule.AuthenticationError, "not logged in"),
        ("status-500", ferrule.ServerError, "the service is unavailable"),
        ("error", ferrule.ServerError, "The model is not available."),
        ("no-result", ferrule.StreamInterruptedError, None),
    ],
)
@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
def test_failures(
    client: Client, model: str, expected: type[ferrule.FerruleError], words: str | None, streamed: bool
) -> None:
    def ask() -> None:
        if streamed:
            with client.stream(f"cursor-cli/{model}", "Hello.") as stream:
                list(stream)
        else:
            client.complete(f"cursor-cli/{model}", "Hello.")

    with pytest.raises(expected, match=words) as raised:
        ask()
    assert raised.value.provider == "cursor-cli"
    if model == "no-result" and streamed:
        assert raised.value.partial_reply.text == "Half of it"  # type: ignore[attr-defined]


def test_a_program_that_is_not_there() -> None:
    settings: Any = {"cursor-cli": {"command": ["no-such-program"]}}
    with (
        ferrule.Client(providers=settings, max_retries=0) as client,
        pytest.raises(ferrule.ConnectError, match=r"cannot start no-such-program: .*is it installed"),
    ):
        client.complete("cursor-cli/auto", "Hello.")


def test_leaving_a_stream_ends_the_program_and_its_children(client: Client, alive: int, tmp_path: Path) -> None:
    with client.stream("cursor-cli/stall", "Hello.", **workspace(tmp_path)) as stream:
        assert next(stream.text) == "Working"
        assert read(alive) == b"here\n"
    assert read(alive) == b""


async def test_cancelling_a_call_ends_the_program_and_its_children(providers: Any, alive: int, tmp_path: Path) -> None:
    async with ferrule.AsyncClient(providers=providers, max_retries=0) as client:
        call = asyncio.create_task(client.complete("cursor-cli/stall", "Hello.", **workspace(tmp_path)))
        assert await asyncio.to_thread(read, alive) == b"here\n"
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await asyncio.to_thread(read, alive) == b""


def test_running_out_of_time_ends_the_program_and_its_children(client: Client, alive: int, tmp_path: Path) -> None:
    with (
        pytest.raises(ferrule.IdleTimeoutError),
        client.stream(
            "cursor-cli/stall", "Hello.", timeout=ferrule.Timeouts(idle=0.3), **workspace(tmp_path)
        ) as stream,
    ):
        list(stream)
    assert read(alive) == b"here\n"
    assert read(alive) == b""


def test_a_program_that_stays_after_its_result_is_not_waited_for(client: Client, alive: int, tmp_path: Path) -> None:
    reply = client.complete("cursor-cli/lingers", "Hello.", **workspace(tmp_path))
    assert reply.text == "Hello."
    assert read(alive) == b"here\n"
    assert read(alive) == b""


CALLER = """
import sys
import ferrule

settings = {"cursor-cli": {"command": sys.argv[2:], "api_key": "sk-simulated"}}
with ferrule.Client(providers=settings, max_retries=0) as client:
    client.complete("cursor-cli/stall", "Hello.", extra_body={"workspace": sys.argv[1]})
"""


def test_a_caller_that_is_killed_takes_the_program_and_its_children_along(
    cursor_agent: dict[str, Any], alive: int, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", CALLER, str(tmp_path), *cursor_agent["command"]]
    with subprocess.Popen(command) as caller:
        try:
            assert read(alive) == b"here\n"
        finally:
            caller.kill()
    assert read(alive) == b""
