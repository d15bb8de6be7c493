"""Many prompts at once: order, errors, laziness, and every way of leaving early."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
import types
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

import ferrule
from ferrule.testing import Simulator, rule

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

MODEL = "openai/gpt-5-mini"
SCRIPT = [
    rule(fault="rate_limit", text="*limited*"),
    rule({"text": "slow", "first_token_ms": 300}, text="*slow*"),
    rule({"text": "never", "first_token_ms": 600_000}, text="*never*"),
    rule({"echo": True}),
]


@pytest.fixture
def script() -> Any:
    return SCRIPT


@pytest.fixture
def client_options() -> dict[str, Any]:
    return {"max_retries": 0}


def texts(outcomes: list[Any]) -> list[str]:
    return [outcome.text if isinstance(outcome, ferrule.Reply) else type(outcome).__name__ for outcome in outcomes]


def test_replies_come_in_the_order_of_the_prompts(client: ferrule.Client) -> None:
    prompts = ["slow", *(f"prompt {number}" for number in range(20)), "limited", "last"]
    outcomes = list(client.map(MODEL, prompts, concurrency=4))
    assert texts(outcomes) == [*prompts[:-2], "RateLimitedError", "last"]


def test_unordered_replies_come_when_they_are_there(client: ferrule.Client) -> None:
    prompts = ["slow", *(f"prompt {number}" for number in range(20)), "limited"]
    outcomes = texts(list(client.map(MODEL, prompts, concurrency=4, ordered=False)))
    assert sorted(outcomes) == sorted([*prompts[:-1], "RateLimitedError"])
    assert outcomes[0] != "slow"


def test_conversations_options_and_the_default_model(simulator: Simulator) -> None:
    @dataclass
    class City:
        name: str

    with simulator.client(model=MODEL) as client:
        prompts = [[{"role": "user", "content": f"prompt {number}"}] for number in range(3)]
        outcomes = list(client.map(None, prompts, system="Be brief.", metadata={"team": "a"}))
        assert texts(outcomes) == ["prompt 0", "prompt 1", "prompt 2"]
        assert client.usage().by_metadata("team")["a"].calls == 3
        simulator.set_script([rule({"json": True})])
        parsed = [reply.parsed for reply in client.map(None, ["a", "b", "c"], response_format=City)]  # type: ignore[union-attr]
    assert [type(city) for city in parsed] == [City] * 3
    assert simulator.requests[0].body["messages"][0]["content"] == "Be brief."


def test_a_long_generator_is_taken_as_there_is_room(client: ferrule.Client) -> None:
    taken = 0

    def prompts() -> Iterator[str]:
        nonlocal taken
        for number in range(2_000_000):
            taken += 1
            yield f"prompt {number}"

    replies = client.map(MODEL, prompts(), concurrency=4)
    for number, reply in zip(range(100), replies, strict=False):
        assert reply.text == f"prompt {number}"  # type: ignore[union-attr]
        assert taken <= number + 1 + 4 * 9
    replies.close()
    assert list(replies) == []
    assert taken < 200


def test_a_slow_first_reply_does_not_let_the_others_pile_up(simulator: Simulator, client: ferrule.Client) -> None:
    taken = 0

    def prompts() -> Iterator[str]:
        nonlocal taken
        yield "never"
        while True:
            taken += 1
            yield f"prompt {taken}"

    replies = client.map(MODEL, prompts(), concurrency=4)
    waiting = threading.Thread(target=lambda: next(replies, None), daemon=True)
    waiting.start()
    assert simulator.wait_for_requests(36, 20)
    assert taken <= 4 * 9
    simulator.stop()  # which ends the call that never ends
    waiting.join(20)
    assert not waiting.is_alive()


def test_at_most_so_many_are_in_flight(simulator: Simulator, client: ferrule.Client) -> None:
    simulator.set_script([rule({"text": "x", "first_token_ms": 20})])
    assert len(list(client.map(MODEL, ["prompt"] * 30, concurrency=3))) == 30
    assert len({request.connection for request in simulator.requests}) <= 3


def leave_by_break(replies: Any) -> None:
    for _ in replies:
        break


def leave_by_close(replies: Any) -> None:
    next(replies)
    replies.close()


def leave_by_with(replies: Any) -> None:
    with replies:
        next(replies)


@pytest.mark.parametrize("leave", [leave_by_break, leave_by_close, leave_by_with])
def test_leaving_early_ends_the_calls_in_flight(simulator: Simulator, client: ferrule.Client, leave: Any) -> None:
    leave(client.map(MODEL, ["prompt", *["never"] * 5]))
    gc.disable()  # What is dropped is gone at once, not when garbage is collected.
    try:
        assert simulator.wait_for_answers(10)
    finally:
        gc.enable()
    assert {request.outcome for request in simulator.requests} <= {"answered", "closed_by_client"}
    # The client goes on.
    assert client.complete(MODEL, "prompt").text == "prompt"


def test_what_the_prompts_raise_comes_after_the_replies_before_it(simulator: Simulator, client: ferrule.Client) -> None:
    def prompts() -> Iterator[str]:
        yield "slow"
        yield "prompt"
        raise LookupError("the file ended")

    replies = client.map(MODEL, prompts())
    assert texts([next(replies), next(replies)]) == ["slow", "prompt"]
    with pytest.raises(LookupError, match="the file ended"):
        next(replies)
    assert list(replies) == []
    broken: list[Any] = ["prompt", [{"role": "user", "content": 3}], "prompt"]
    replies = client.map(MODEL, broken)
    assert texts([next(replies)]) == ["prompt"]
    with pytest.raises(ValueError, match="content"):
        next(replies)


def test_what_cannot_be_sent_is_the_outcome_of_its_prompt(client: ferrule.Client) -> None:
    document = {
        "type": "document",
        "source": {"type": "base64", "media_type": "application/x-unheard-of", "data": "AA=="},
    }
    outcomes = list(client.map("cohere/command-a-03-2025", ["a", [{"role": "user", "content": [document]}], "b"]))
    assert texts(outcomes)[1] == "UnsupportedError"
    assert len(outcomes) == 3


@pytest.mark.parametrize(
    ("arguments", "options", "error", "said"),
    [
        ((MODEL, "one text"), {}, TypeError, "prompts: expected a list"),
        ((MODEL, {"a": "b"}), {}, TypeError, "prompts: expected a list"),
        ((MODEL, 3), {}, TypeError, "prompts: expected a list"),
        ((MODEL, ["a"]), {"concurrency": 0}, TypeError, "concurrency: expected a whole number"),
        ((MODEL, ["a"]), {"temprature": 1}, TypeError, "unknown option `temprature`"),
        (("nobody-has-this", ["a"]), {}, ferrule.ConfigError, "nobody-has-this"),
    ],
)
def test_mistakes_are_raised_at_once(
    client: ferrule.Client, arguments: Any, options: Any, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        client.map(*arguments, **options)


def test_a_function_as_a_provider_answers_on_a_loop_of_its_own(client: ferrule.Client) -> None:
    @client.provider("mine")
    async def mine(request: ferrule.ProviderRequest) -> str:
        await asyncio.sleep(0)
        return f"{request.messages[-1]['content']}!"

    assert texts(list(client.map("mine/model", ["a", "b"]))) == ["a!", "b!"]


def test_the_bar_is_on_standard_error_and_only_where_it_is_asked_for(
    client: ferrule.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    list(client.map(MODEL, ["prompt"] * 3))
    assert capsys.readouterr() == ("", "")
    list(client.map(MODEL, ["prompt", "limited", "prompt"], progress=True))
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "3/3" in shown.err
    assert "1 failed" in shown.err
    for _ in client.map(MODEL, (text for text in ["prompt"] * 5), progress=True):
        break
    for thread in [thread for thread in threading.enumerate() if "Refresh" in type(thread).__name__]:
        thread.join(10)  # It was told to end.
        assert not thread.is_alive()


def test_a_bar_without_rich_says_what_is_missing(client: ferrule.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "ferrule.map_progress", raising=False)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    with pytest.raises(ferrule.ConfigError, match="progress: the progress bar needs the package `rich`"):
        client.map(MODEL, ["prompt"], progress=True)


PROGRAM = """
import sys, ferrule
from ferrule.testing import Simulator, rule
with Simulator([rule({"text": "x", "first_token_ms": 600000})]) as simulator, simulator.client() as client:
    try:
        replies = client.map("openai/gpt-5-mini", ["a"] * 3)
        print("ready", flush=True)
        list(replies)
    except KeyboardInterrupt:
        assert simulator.wait_for_answers(10)
        print([request.outcome for request in simulator.requests])
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no signal to send to one process only")
def test_ctrl_c_ends_the_calls_in_flight() -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        outcomes = process.communicate(timeout=30)[0].strip()
    # It may come before the first call is started.
    assert set(outcomes.strip("[]").split(", ")) <= {"'closed_by_client'", "'open'", ""}
    assert process.returncode == 0


async def test_asynchronously_from_any_iterable(simulator: Simulator) -> None:
    async def prompts() -> AsyncIterator[str]:
        for number in range(20):
            await asyncio.sleep(0)
            yield f"prompt {number}"
        yield "limited"

    expected = [*(f"prompt {number}" for number in range(20)), "RateLimitedError"]
    async with simulator.async_client(max_retries=0) as client:
        given = [*expected[:-1], "limited"]
        assert texts([outcome async for outcome in client.map(MODEL, given, concurrency=4)]) == expected
        assert texts([outcome async for outcome in client.map(MODEL, prompts(), concurrency=4)]) == expected
        unordered = texts([outcome async for outcome in client.map(MODEL, prompts(), ordered=False)])
        assert sorted(unordered) == sorted(expected)


async def test_asynchronously_leaving_early_ends_the_calls(simulator: Simulator) -> None:
    async def prompts() -> AsyncIterator[str]:
        yield "prompt"
        yield "never"
        await asyncio.Event().wait()

    async with simulator.async_client(max_retries=0) as client:
        async for _ in client.map(MODEL, ["prompt", *["never"] * 5]):
            break
        async with client.map(MODEL, prompts()) as replies:
            assert texts([await replies.__anext__()]) == ["prompt"]
            task = asyncio.ensure_future(replies.__anext__())
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert await asyncio.to_thread(simulator.wait_for_answers, 10)
        assert [reply async for reply in replies] == []


async def test_asynchronously_what_the_prompts_raise_comes_last(simulator: Simulator) -> None:
    async def prompts() -> AsyncIterator[str]:
        yield "slow"
        raise LookupError("the file ended")

    async with simulator.async_client(max_retries=0) as client:
        replies = client.map(MODEL, prompts())
        assert texts([await replies.__anext__()]) == ["slow"]
        with pytest.raises(LookupError, match="the file ended"):
            await replies.__anext__()


class Shell:
    """What IPython's shell has where it is the kernel of a notebook."""

    kernel = object()


def test_a_notebook_shows_a_bar_of_its_own(client: ferrule.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    class Handle:
        def update(self, bar: Any) -> None:
            shown.append(bar._repr_html_())

    def display(bar: Any, *, display_id: bool) -> Handle:
        assert display_id
        shown.append(bar._repr_html_())
        return Handle()

    page = types.ModuleType("IPython.display")
    page.display = display  # type: ignore[attr-defined]
    ipython = types.ModuleType("IPython")
    ipython.get_ipython = Shell  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", page)
    assert len(list(client.map(MODEL, ["a", "limited", "b"], progress=True))) == 3
    assert shown[0].startswith('<progress value="1" max="3"></progress> 1/3')
    assert shown[-1].startswith('<progress value="3" max="3"></progress> 3/3 1 failed, $0.')
    list(client.map(MODEL, iter(["a"]), progress=True))
    assert shown[-1].startswith("1 $0.")


def test_a_message_is_not_a_prompt(client: ferrule.Client) -> None:
    message: Any = {"role": "user", "content": "a"}
    with pytest.raises(TypeError, match=r"prompts: each is a text or a list of messages, not one message"):
        list(client.map(MODEL, [message]))
    assert len(list(client.map(MODEL, [[message]]))) == 1
