"""Comparing a framework as it is with the same framework on Ferrule: what it made, what it sent, over whose sockets.

Python says of each connection that its own sockets make (`sys.addaudithook`), whatever library makes it; the Rust
core's are not among them. So a call that went anywhere but through the core is seen.
"""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from ferrule.testing import Simulator

# What differs between any two requests, or says how often and on which connection it was sent.
VOLATILE = frozenset(
    ("host", "connection", "content-length", "traceparent", "tracestate", "x-stainless-read-timeout", "idempotency-key")
)

_ports: list[int] = []


def _listen(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        _ports.append(arguments[1][1])


sys.addaudithook(_listen)


def differences(one: Any, other: Any, place: str = "") -> list[str]:
    """Where two results differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        names = [*one, *(name for name in other if name not in one)]
        gone = object()
        return [
            found
            for name in names
            for found in differences(one.get(name, gone), other.get(name, gone), f"{place}.{name}")
        ]
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [found for at, (a, b) in pairs for found in differences(a, b, f"{place}[{at}]")]
    return [] if one == other and type(one) is type(other) else [f"{place}: {one!r} but {other!r} on Ferrule"]


@dataclasses.dataclass
class Came:
    """What came of a run."""

    result: Any
    requests: list[dict[str, Any]]
    python_connections: int
    """How many connections to the simulator Python's own sockets made."""


def came_of(run: Callable[[], Any], simulator: Simulator) -> Came:
    """Runs something against the simulator, from its beginning."""
    port = int(simulator.url.rpartition(":")[2])
    simulator.clear()
    _ports.clear()
    result = run()
    requests = [
        {
            "path": one.path,
            "body": one.body,
            "headers": {name: value for name, value in one.headers.items() if name not in VOLATILE},
        }
        for one in simulator.requests
    ]
    return Came(result, requests, _ports.count(port))


def alike(
    run: Callable[[], Any],
    simulator: Simulator,
    way: Callable[[], AbstractContextManager[Any]],
    other: Callable[[], Any] | None = None,
    *,
    sent_alike: bool = True,
) -> Came:
    """Asserts that a framework does the same on Ferrule, and that its calls are the Rust core's.

    Args:
        run: What is done with the framework, as it is; gives what is compared.
        simulator: Who answers.
        way: What is in place while it is done on Ferrule: a patch.
        other: What is done on Ferrule, where its lines are others.
        sent_alike: Whether the requests are compared whole: paths, bodies and headers.

    Returns:
        What came of it on Ferrule.
    """
    before = came_of(run, simulator)
    assert before.python_connections, "the run without Ferrule made no call"
    with way():
        found = came_of(other or run, simulator)
    assert not differences(before.result, found.result)
    if sent_alike:
        assert not differences(before.requests, found.requests)
    else:
        assert len(found.requests) == len(before.requests)
    assert found.python_connections == 0, f"{found.python_connections} connections were not the Rust core's"
    return found


@contextlib.contextmanager
def fast(statistics: Callable[[], dict[str, Any]], calls: int) -> Iterator[None]:
    """Asserts that the Rust core made this number of calls on the native path, and the SDK's code none."""
    before = statistics()
    yield
    after = statistics()
    assert after["guards"] == before["guards"], after["guards"]
    assert after["fallback"] == before["fallback"]
    assert after["fast"] - before["fast"] == calls
