"""Process whose clocks jump while it makes calls: `python clock_child.py CHECK URL-OF-MAIN URL-OF-SPARE`."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from typing import Any

import pytest
from chaos_clock import jump, pause

import ferrule

DAY = 24 * 3600.0
STEPS = (DAY, -2 * DAY, 3600.0, -3600.0, 0.0)


def client_of(main: str, spare: str, **settings: Any) -> ferrule.Client:
    providers: dict[str, Any] = {
        "main": {"base_url": main, "api_key": "test"},
        "spare": {"base_url": spare, "api_key": "test"},
    }
    groups: dict[str, Any] = {"all": {"targets": ["main/m", "spare/m"]}}
    given = {"providers": providers, "groups": groups, "retry": "none", **settings}
    return ferrule.Client(config=False, **given)


def providers_of(client: ferrule.Client, calls: int = 1) -> list[str | None]:
    return [client.complete("all", "Hello?").provider for _ in range(calls)]


def state_of(client: ferrule.Client) -> str:
    target = client.status().target("main/m")
    assert target is not None
    return target.breaker


def soon(seconds: float, **clocks: float) -> threading.Thread:
    """Makes the clocks jump in a moment."""

    def act() -> None:
        pause(seconds)
        jump(**clocks)

    thread = threading.Thread(target=act)
    thread.start()
    return thread


def breaker(main: str, spare: str) -> None:
    """It is open for as long as the steady clock says. The main provider fails twice, and is well after that."""
    settings = {"breaker": {"failures": 2, "open": 60, "open_max": 60}}
    with client_of(main, spare, **settings) as client:
        assert providers_of(client, 2) == ["spare", "spare"]
        assert state_of(client) == "open"
        for step in STEPS:
            jump(wall=step)
            assert providers_of(client) == ["spare"], step
            assert state_of(client) == "open", step
        # The jitter shortens the time by a fifth at most.
        jump(wall=-DAY, steady=45)
        assert state_of(client) == "open"
        jump(wall=-DAY, steady=61)
        assert state_of(client) == "half_open"
        assert providers_of(client) == ["main"]
        assert state_of(client) == "closed"
        jump(steady=30 * DAY)
        assert providers_of(client, 3) == ["main"] * 3


def under_way(main: str, spare: str) -> None:
    """Calls neither end early nor late where the clock on the wall jumps. The main provider answers after 0.4 s."""
    with client_of(main, spare, timeout=20) as client:
        for number, step in enumerate(STEPS):
            began = time.monotonic()
            thread = soon(0.15, wall=step)
            if number % 2:
                reply = client.complete("all", "Hello?")
            else:
                with client.stream("all", "Hello?") as stream:
                    list(stream)
                reply = stream.reply()
            thread.join()
            assert reply.provider == "main", reply.attempts
            assert 0.3 < time.monotonic() - began < 10
            assert reply.stats.duration is not None
            assert 0.3 < reply.stats.duration < 10, reply.stats


def deadline(main: str, spare: str) -> None:
    """A call whose time is over by the steady clock ends at once. The main provider does not answer."""

    async def asynchronously() -> None:
        providers: dict[str, Any] = {"main": {"base_url": main, "api_key": "test"}}
        async with ferrule.AsyncClient(config=False, providers=providers, timeout=300) as client:
            thread = soon(0.3, steady=7200, wall=-DAY)
            with pytest.raises(ferrule.TotalTimeoutError):
                await client.complete("main/m", "Hello?")
            thread.join()

    with client_of(main, spare, timeout=300) as client:
        thread = soon(0.3, steady=3600)
        with pytest.raises(ferrule.TotalTimeoutError) as caught:
            client.complete("main/m", "Hello?")
        assert len(caught.value.attempts) == 1
        thread.join()
    asyncio.run(asynchronously())


def key(main: str, spare: str) -> None:
    """A key rests for as long as the steady clock says. The main provider limits the first request for a minute."""
    providers: dict[str, Any] = {"main": {"base_url": main, "api_keys": ["key-number-one-aaaa", "key-number-two-bbbb"]}}
    with ferrule.Client(config=False, providers=providers, retry="none") as client:
        reply = client.complete("main/m", "Hello?")
        limited, used = (attempt.key for attempt in reply.attempts)
        assert limited != used
        for step in STEPS:
            jump(wall=step)
            [rests] = [one for one in client.status().keys if one.key == limited]
            assert (rests.state, rests.models) == ("rate_limited", ("m",))
            assert rests.usable_in is not None
            assert 50 < rests.usable_in <= 60
            assert {client.complete("main/m", "Hello?").attempts[0].key for _ in range(4)} == {used}
        jump(steady=61)
        assert {client.complete("main/m", "Hello?").attempts[0].key for _ in range(4)} == {used, limited}


CHECKS = {check.__name__: check for check in (breaker, under_way, deadline, key)}

if __name__ == "__main__":
    name, main_url, spare_url = sys.argv[1:]
    CHECKS[name](main_url, spare_url)
