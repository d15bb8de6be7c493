"""Logging: the engine's records come out of Python's `logging`, in order, and none where logging is off."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ferrule.testing import Simulator, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMITED_TWICE = [rule(fault={"rate_limit": {"retry": "milliseconds", "delay_ms": 1}}, times=2), rule("Yes.")]
TOLD = ["begins", "trying again", "begins", "trying again", "begins", "succeeded"]


@pytest.fixture
def debugging() -> Iterator[None]:
    logger = logging.getLogger("ferrule")
    logger.setLevel(logging.DEBUG)
    yield
    logger.setLevel(logging.NOTSET)


def assert_told(records: list[logging.LogRecord]) -> None:
    assert {record.name for record in records} == {"ferrule"}
    messages = [record.getMessage() for record in records]
    assert len(messages) == len(TOLD)
    assert all(part in message for part, message in zip(TOLD, messages, strict=True)), messages


@pytest.mark.usefixtures("debugging")
def test_retries_are_told_in_order(caplog: pytest.LogCaptureFixture) -> None:
    with Simulator(LIMITED_TWICE) as simulator:
        simulator.client().complete("openai/gpt", "Hi.")
    assert_told(caplog.records)
    assert all('provider="openai" model="gpt"' in record.getMessage() for record in caplog.records)


@pytest.mark.usefixtures("debugging")
def test_retries_of_a_stream_in_a_loop_are_told_in_order(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with simulator.async_client() as client, client.stream("anthropic/claude", "Hi.") as stream:
            async for _ in stream:
                pass

    with Simulator(LIMITED_TWICE) as simulator:
        asyncio.run(main())
    assert_told([record for record in caplog.records if record.name == "ferrule"])


def test_nothing_is_told_where_nobody_asked(caplog: pytest.LogCaptureFixture) -> None:
    with Simulator(LIMITED_TWICE) as simulator:
        simulator.client().complete("openai/gpt", "Hi.")
    assert caplog.records == []


PROGRAM = """
import sys, ferrule
ferrule.complete("openai/gpt", "Hi.")
sys.exit("logging" in sys.modules)
"""


def test_a_program_that_does_not_log_never_loads_logging() -> None:
    with Simulator(LIMITED_TWICE) as simulator:
        environment = os.environ | simulator.environment()
        command = [sys.executable, "-c", PROGRAM]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
