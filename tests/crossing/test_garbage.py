"""Garbage collection: what is dropped without being closed ends upstream, and leaves nothing."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import TYPE_CHECKING

import pytest

from ferrule.testing import rule

if TYPE_CHECKING:
    from ferrule.testing import Simulator

pytestmark = pytest.mark.filterwarnings("error")
MODELS = ["openai/gpt", "anthropic/claude"]


@pytest.fixture
def endless(simulator: Simulator) -> Simulator:
    simulator.set_script([rule({"tokens": 100_000, "tokens_per_second": 500})])
    return simulator


@pytest.mark.parametrize("model", MODELS)
def test_a_dropped_stream_ends_upstream(endless: Simulator, model: str) -> None:
    client = endless.client()
    for way in (iter, lambda stream: stream.text, lambda stream: stream.batches()):
        endless.clear()
        stream = client.stream(model, "Go.")
        reader = way(stream)
        next(reader)
        del stream, reader
        assert endless.wait_for_connections()
        assert endless.requests[0].outcome == "closed_by_client"


@pytest.mark.parametrize("model", MODELS)
async def test_a_dropped_stream_in_a_loop_ends_upstream(endless: Simulator, model: str) -> None:
    client = endless.async_client()
    for way in (aiter, lambda stream: stream.text):
        endless.clear()
        stream = client.stream(model, "Go.")
        reader = way(stream)
        await anext(reader)
        del stream, reader
        assert await asyncio.to_thread(endless.wait_for_connections)
        assert endless.requests[0].outcome == "closed_by_client"


async def test_a_stream_nobody_read_ends_upstream(endless: Simulator) -> None:
    client = endless.async_client()
    stream = client.stream("openai/gpt", "Go.")
    assert await asyncio.to_thread(endless.wait_for_requests, 1)
    del stream
    assert await asyncio.to_thread(endless.wait_for_connections)


def test_a_stream_in_a_cycle_ends_with_it(endless: Simulator) -> None:
    stream = endless.client().stream("openai/gpt", "Go.")
    next(stream)
    stream.itself = stream
    del stream
    assert endless.open_connections == 1
    gc.collect()
    assert endless.wait_for_connections()


def test_a_parser_that_leads_back_to_the_call_is_collected(endless: Simulator) -> None:
    class Format:
        """A JSON schema type, as pydantic's are, that knows the stream it is for."""

        @classmethod
        def model_json_schema(cls) -> dict[str, object]:
            return {"type": "object", "properties": {}}

        @classmethod
        def model_validate_json(cls, text: str) -> str:
            return text

    Format.stream = endless.client().stream("openai/gpt", "Go.", response_format=Format)
    gone = weakref.ref(Format.stream)
    del Format
    gc.collect()
    assert gone() is None
    assert endless.wait_for_connections()


def test_a_task_left_waiting_by_its_loop_is_collected(simulator: Simulator) -> None:
    simulator.set_script([rule(fault={"stall": {"at": "after_headers"}})])
    client = simulator.async_client()

    async def begin() -> weakref.ref[object]:
        stream = client.stream("openai/gpt", "Go.")
        waiting = asyncio.ensure_future(anext(stream))
        waiting._log_destroy_pending = False  # asyncio's own words about it are not what is tried here.
        await asyncio.sleep(0)
        return weakref.ref(stream)

    loop = asyncio.new_event_loop()
    gone = loop.run_until_complete(begin())
    loop.close()
    del loop
    gc.collect()
    assert gone() is None
    assert simulator.wait_for_connections()


def test_clients_are_freed(simulator: Simulator) -> None:
    clients = [simulator.client() for _ in range(3)]
    for client in clients:
        client.complete("openai/echo", "Hi.")
    gone = [weakref.ref(client) for client in clients]
    del client, clients
    assert [reference() for reference in gone] == [None] * 3
    assert simulator.wait_for_connections()
