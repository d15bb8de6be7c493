"""Ends of streams: read to the end, left half-way, closed, interrupted; whichever way they were read."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

import ferrule
from ferrule.testing import rule

if TYPE_CHECKING:
    from ferrule.testing import Simulator

WORDS = "one two three four five six seven eight"
MODELS = ["openai/gpt", "anthropic/claude"]
ENDLESS = [rule({"tokens": 100_000, "tokens_per_second": 500})]
CUT = [rule({"text": WORDS, "tokens_per_second": 200}, fault={"close": {"at": "mid_event", "after_chunks": 3}})]


@pytest.fixture
def words(simulator: Simulator) -> Simulator:
    simulator.set_script([rule({"text": WORDS, "tokens_per_second": 400})])
    return simulator


@pytest.mark.parametrize("model", MODELS)
def test_events_texts_and_batches_mix(words: Simulator, model: str) -> None:
    with words.client() as client, client.stream(model, "Go.") as stream:
        texts = []
        for event in stream:
            if isinstance(event, ferrule.TextDelta):
                texts.append(event.text)
                break
        for text in stream.text:
            texts.append(text)
            break
        for batch in stream.batches():
            assert batch
            texts += [event.text for event in batch if isinstance(event, ferrule.TextDelta)]
            break
        texts += list(stream.text)
        assert "".join(texts) == WORDS == stream.reply().text
        assert list(stream) == list(stream.text) == list(stream.batches()) == []


@pytest.mark.parametrize("model", MODELS)
async def test_events_texts_and_batches_mix_in_a_loop(words: Simulator, model: str) -> None:
    async with words.async_client() as client, client.stream(model, "Go.") as stream:
        texts = []
        async for event in stream:
            if isinstance(event, ferrule.TextDelta):
                texts.append(event.text)
                break
        async for text in stream.text:
            texts.append(text)
            break
        batches = stream.batches()
        async for batch in batches:
            assert batch
            texts += [event.text for event in batch if isinstance(event, ferrule.TextDelta)]
            break
        await batches.aclose()
        texts += [text async for text in stream.text]
        assert "".join(texts) == WORDS == stream.reply().text
        assert [event async for event in stream] == []
        assert [text async for text in stream.text] == []
        assert [batch async for batch in stream.batches()] == []


@pytest.mark.parametrize("model", MODELS)
def test_leaving_a_stream_closes_its_connection(simulator: Simulator, model: str) -> None:
    simulator.set_script(ENDLESS)
    with simulator.client() as client:
        with client.stream(model, "Go.") as stream:
            next(stream.text)
        assert simulator.wait_for_connections()
        assert simulator.requests[0].outcome == "closed_by_client"
        assert list(stream) == []
        assert stream.reply().text
        assert stream.reply().finish_reason is None
        stream.close()


@pytest.mark.parametrize("model", MODELS)
async def test_leaving_a_stream_in_a_loop_closes_its_connection(simulator: Simulator, model: str) -> None:
    simulator.set_script(ENDLESS)
    async with simulator.async_client() as client:
        async with client.stream(model, "Go.") as stream:
            async for _ in stream.text:
                break
        assert await asyncio.to_thread(simulator.wait_for_connections)
        assert simulator.requests[0].outcome == "closed_by_client"
        assert [event async for event in stream] == []
        assert stream.reply().text
        await stream.aclose()


async def test_an_error_in_the_program_closes_the_stream(simulator: Simulator) -> None:
    simulator.set_script(ENDLESS)

    async def fail(client: ferrule.AsyncClient) -> None:
        async with client.stream("openai/gpt", "Go.") as stream:
            async for _ in stream:
                raise ZeroDivisionError

    async with simulator.async_client() as client:
        with pytest.raises(ZeroDivisionError):
            await fail(client)
        assert await asyncio.to_thread(simulator.wait_for_connections)


async def test_closing_ends_the_wait_of_another_task(simulator: Simulator) -> None:
    simulator.set_script([rule(fault={"stall": {"at": "after_headers"}})])
    async with simulator.async_client() as client:
        stream = client.stream("openai/gpt", "Go.")
        reading = asyncio.ensure_future(anext(stream))
        assert await asyncio.to_thread(simulator.wait_for_requests, 1)
        await stream.aclose()
        with pytest.raises(StopAsyncIteration):
            await asyncio.wait_for(reading, 5)


def test_closing_ends_the_wait_of_another_thread(simulator: Simulator) -> None:
    simulator.set_script([rule(fault={"stall": {"at": "after_headers"}})])
    with simulator.client() as client:
        stream = client.stream("openai/gpt", "Go.")
        events: list[ferrule.Event] = []
        reading = threading.Thread(target=lambda: events.extend(stream))
        reading.start()
        assert simulator.wait_for_requests(1)
        stream.close()
        reading.join(5)
        assert not reading.is_alive()
        assert events == []


async def test_a_second_reader_is_told(simulator: Simulator) -> None:
    simulator.set_script([rule(fault={"stall": {"at": "after_headers"}})])
    async with simulator.async_client() as client, client.stream("openai/gpt", "Go.") as stream:
        first = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="read it from one task"):
            await anext(stream)
        first.cancel()
        await asyncio.wait([first])


@pytest.mark.parametrize("model", MODELS)
def test_the_reply_grows_with_what_is_received(words: Simulator, model: str) -> None:
    with words.client() as client, client.stream(model, "Go.") as stream:
        first = next(stream.text)
        during = stream.reply().text
        assert WORDS.startswith(during)
        assert during.startswith(first)
        list(stream)
        after = stream.reply()
        assert (after.text, after.finish_reason, len(after.attempts)) == (WORDS, "stop", 1)
        assert after.usage.output_tokens == 8
        assert after.stats.duration >= after.stats.time_to_first_token > 0


@pytest.mark.parametrize("model", MODELS)
def test_before_anything_is_received_the_reply_is_empty(simulator: Simulator, model: str) -> None:
    simulator.set_script([rule(fault={"stall": {"at": "before_headers"}})])
    with simulator.client() as client, client.stream(model, "Go.") as stream:
        reply = stream.reply()
    assert (reply.text, reply.finish_reason, reply.tool_calls, reply.choices) == ("", None, [], [])
    assert (reply.provider, reply.message.role) == (model.split("/")[0], "assistant")


@pytest.mark.parametrize("model", MODELS)
def test_an_interrupted_stream_keeps_what_came(simulator: Simulator, model: str) -> None:
    simulator.set_script(CUT)
    with simulator.client() as client, client.stream(model, "Go.") as stream:
        texts = []
        with pytest.raises(ferrule.StreamInterruptedError) as interrupted:
            texts.extend(stream.text)
        assert list(stream) == []
    assert interrupted.value.partial_reply is not None
    assert WORDS.startswith(stream.reply().text)
    assert interrupted.value.partial_reply.text == stream.reply().text == "one two three"


@pytest.mark.parametrize("model", MODELS)
async def test_an_interrupted_stream_in_a_loop_keeps_what_came(simulator: Simulator, model: str) -> None:
    simulator.set_script(CUT)
    async with simulator.async_client() as client, client.stream(model, "Go.") as stream:
        texts = []

        async def read() -> None:
            async for text in stream.text:
                texts.append(text)  # noqa: PERF401 - the error comes between them

        with pytest.raises(ferrule.StreamInterruptedError) as interrupted:
            await read()
        assert "".join(texts) == "one two three" == interrupted.value.partial_reply.text == stream.reply().text
        assert [event async for event in stream] == []


def test_a_closed_client_says_so_and_its_streams_go_on(words: Simulator) -> None:
    client = words.client()
    stream = client.stream("openai/gpt", "Go.")
    next(stream)
    client.close()
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        client.complete("openai/gpt", "Go.")
    assert WORDS.endswith("".join(stream.text))
    assert stream.reply().text == WORDS


def test_nothing_comes_after_closing_even_if_it_was_there(simulator: Simulator) -> None:
    simulator.set_script([rule({"text": WORDS, "split_bytes": [1_000_000]})])
    with simulator.client() as client, client.stream("openai/gpt", "Go.") as stream:
        assert simulator.wait_for_requests(1)
        assert simulator.wait_for_answers()
        next(stream)
        stream.close()
        assert list(stream) == []
