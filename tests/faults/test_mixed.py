"""Mixed faults: many at once on one client, in the middle of tool calls, and every status there is."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from cells import no_new_threads
from matrix import ANSWERED, BEGUN, ROWS, TEXT

from ferrule import ToolCallDelta
from ferrule.errors import (
    AuthenticationError,
    FerruleError,
    InvalidRequestError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProviderError,
    QuotaExceededError,
    RateLimitedError,
    ServerError,
    StreamInterruptedError,
)
from ferrule.testing import Simulator, rule

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from ferrule import AsyncClient, Client

DIALECTS = ("openai", "anthropic")


def run_uvloop(main: Coroutine[Any, Any, Any]) -> Any:
    try:
        import uvloop
    except ImportError:
        main.close()
        pytest.skip("uvloop is not made for this system")
    return uvloop.run(main)


@pytest.mark.parametrize("run", [asyncio.run, run_uvloop], ids=["asyncio", "uvloop"])
def test_a_hundred_faults_at_once_on_one_client(run: Callable[..., Any]) -> None:
    """What breaks one call leaves the others alone, though they share a client, its connections and a loop."""
    # Without those that wait for a limit (so many calls at once may be slower than it) or fill the memory.
    rows = [row for row in ROWS if row.where == "simulator" and not row.lasts and row.name != "100 MB line"]
    cells = [(row, dialect, streamed) for row in rows for dialect in DIALECTS for streamed in (False, True)]
    rules = [rule(TEXT, fault=row.fault, model=f"row-{number}") for number, row in enumerate(rows)]

    async def text_of(client: AsyncClient, model: str, streamed: bool) -> str:
        options: dict[str, Any] = {"max_tokens": 50, "max_retries": 0, "timeout": 30}
        if not streamed:
            return (await client.complete(model, "Hello!", **options)).text
        async with client.stream(model, "Hello!", **options) as stream:
            return "".join([text async for text in stream.text])

    async def everything(simulator: Simulator) -> list[Any]:
        async with simulator.async_client() as client:
            calls = []
            for row, dialect, streamed in cells:
                calls.append(text_of(client, f"{dialect}/row-{rows.index(row)}", streamed))
                calls.append(text_of(client, f"{dialect}/sound", streamed))
            ends = await asyncio.gather(*calls, return_exceptions=True)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return ends

    with Simulator([*rules, rule(TEXT)]) as simulator:
        with no_new_threads():
            ends = run(everything(simulator))
        assert simulator.wait_for_connections(0)
    assert ends[1::2] == [TEXT] * len(cells)
    for (row, dialect, streamed), end in zip(cells, ends[::2], strict=True):
        right = row.end(dialect, streamed)
        if right == ANSWERED:
            assert end == TEXT, row.name
        else:
            assert type(end) is right.error, (row.name, dialect, streamed)
            assert (end.partial_reply and end.partial_reply.text) == right.text, (row.name, dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("fault", ["reset", "close", "truncated_chunk"])
def test_a_tool_call_that_was_cut_is_kept_as_far_as_it_came(dialect: str, fault: str) -> None:
    call = {"name": "get_weather", "arguments": {"city": "Paris", "day": "tomorrow"}}
    content = [{"reasoning": {"text": "I wonder."}}, {"text": "Let me see."}, {"tool_call": call}]
    # Two chunks of reasoning, three of text, then those of the arguments.
    script = [rule({"content": content, "chunk_chars": 6}, fault={fault: {"after_chunks": 5}})]
    arguments: list[str] = []

    def read(client: Client) -> None:
        for event in client.stream(f"{dialect}/simulated", "Hello!", max_tokens=50):
            if type(event) is ToolCallDelta:
                arguments.append(event.arguments)  # noqa: PERF401 - what came before the error counts

    with Simulator(script) as simulator, simulator.client() as client:
        with pytest.raises(StreamInterruptedError) as caught:
            read(client)
        response = caught.value.partial_reply
        assert (response.reasoning, response.text) == ("I wonder.", "Let me see.")
        assert len(caught.value.attempts) == 1
        [cut] = response.tool_calls
        assert cut.name == "get_weather"
        said = json.dumps(call["arguments"], separators=(",", ":"))
        assert said.startswith("".join(arguments))
        assert len("".join(arguments)) < len(said)


def test_an_error_of_no_known_class_breaks_the_stream_off() -> None:
    """OpenAI's format only: the simulator gives every error of Anthropic's one of its own types."""
    error = {"message": "The dog ate it.", "type": "no_such_type", "code": "no_such_code"}
    with Simulator([rule(TEXT, fault={"error_event": {"error": error}})]) as simulator, simulator.client() as client:
        stream = client.stream("openai/simulated", "Hello!")
        with pytest.raises(StreamInterruptedError, match="The dog ate it") as caught:
            list(stream)
        assert caught.value.partial_reply.text == BEGUN
        assert len(caught.value.attempts) == 1
        with pytest.raises(StreamInterruptedError, match="The dog ate it"):
            client.complete("openai/simulated", "Hello!", max_retries=0)


def class_of(status: int) -> type[FerruleError]:
    """What a status means where the body says nothing (docs/wire/errors.md, section 2)."""
    known = {
        401: AuthenticationError,
        402: QuotaExceededError,
        403: PermissionDeniedError,
        404: NotFoundError,
        408: ServerError,
        424: ServerError,
        429: RateLimitedError,
        498: OverloadedError,
        499: ProviderError,
        503: OverloadedError,
        529: OverloadedError,
    }
    return known.get(status, InvalidRequestError if status < 500 else ServerError)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_error_status_has_its_class(dialect: str) -> None:
    rules = [rule(fault={"status": {"status": code, "body": ""}}, model=f"empty-{code}") for code in range(400, 600)]
    with Simulator(rules) as simulator, simulator.client(max_retries=0) as client:
        for status in range(400, 600):
            with pytest.raises(ProviderError) as caught:
                client.complete(f"{dialect}/empty-{status}", "Hello!", max_tokens=50)
            assert type(caught.value) is class_of(status), status
            assert caught.value.status == status
        # An answer that was read to its end leaves its connection to the next, whatever it said.
        assert {request.connection for request in simulator.requests} == {simulator.requests[0].connection}
