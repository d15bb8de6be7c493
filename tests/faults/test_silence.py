"""Silence: keep-alive options on every connection, by which the system notices a dead peer."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
from typing import TYPE_CHECKING

import pytest

import ferrule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrule.testing import Simulator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at the process's sockets in /proc")

TCP_USER_TIMEOUT = 18  # Not in `socket` before Python 3.12.


def sockets_to(port: int) -> Iterator[socket.socket]:
    """This process's own connections to `port`, whoever made them."""
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            if not os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
                continue
            with socket.socket(fileno=os.dup(int(name))) as found:
                if found.family in (socket.AF_INET, socket.AF_INET6) and found.getpeername()[1] == port:
                    yield found


def options(port: int) -> list[dict[str, int]]:
    return [
        {
            "unacknowledged": found.getsockopt(socket.IPPROTO_TCP, TCP_USER_TIMEOUT),
            "keep-alive": found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
            "first probe": found.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
            "next probe": found.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
            "probes": found.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT),
        }
        for found in sockets_to(port)
    ]


# After a minute of silence in all: 15 s until the first probe, three more times 15 s without an answer; what was sent
# is acknowledged within 30 s.
WATCHED = {"unacknowledged": 30_000, "keep-alive": 1, "first probe": 15, "next probe": 15, "probes": 3}


def test_a_connection_is_watched(simulator: Simulator) -> None:
    with simulator.client() as client:
        client.complete("openai/echo", "hi")
        assert options(int(simulator.url.rpartition(":")[2])) == [WATCHED]
        with client.stream("openai/slow-20", "one two") as stream:
            next(iter(stream))
            assert WATCHED in options(int(simulator.url.rpartition(":")[2]))


class Waiting:
    """Accepts connections and says nothing."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.came = threading.Event()
        self._connections: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._connections.append(connection)
                connection.recv(1)
                self.came.set()

    def close(self) -> None:
        for each in (self._listener, *self._connections):
            each.close()


@pytest.fixture
def waiting() -> Iterator[Waiting]:
    waiting = Waiting()
    yield waiting
    waiting.close()


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("proxy", [None, "http", "https", "socks4", "socks4a", "socks5", "socks5h"])
def test_so_is_one_to_a_proxy_and_one_that_is_encrypted(
    waiting: Waiting, monkeypatch: pytest.MonkeyPatch, scheme: str, proxy: str | None
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    base_url = f"{scheme}://127.0.0.1:{waiting.port}/v1"
    if proxy is not None:
        monkeypatch.setenv("all_proxy", f"{proxy}://127.0.0.1:{waiting.port}")
        base_url = f"{scheme}://192.0.2.1/v1"
    client = ferrule.Client(providers={"own": {"dialect": "openai-chat", "base_url": base_url}}, max_retries=0)
    with client, client.stream("own/m", "hi", timeout=20):
        assert waiting.came.wait(10)
        assert options(waiting.port) == [WATCHED]
