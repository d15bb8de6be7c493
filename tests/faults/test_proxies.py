"""Proxies of the environment: one that cannot be used is an error that names its variable; SOCKS takes IPv6."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

import ferrule

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy")
UNUSABLE = (
    "ftp://proxy:1",
    "quic://proxy:1",
    "http://",
    "proxy:port",
    "http://proxy:99999",
    "http//proxy",
    "socks5://",
)
ANSWER = b'{"id":"1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}'  # noqa: E501


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def client(address: str) -> ferrule.Client:
    return ferrule.Client(providers={"own": {"dialect": "openai-chat", "base_url": address}}, max_retries=0, timeout=20)


@pytest.mark.parametrize("value", UNUSABLE)
@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_a_setting_that_cannot_be_used_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ferrule.ConfigError, match=name):
        client("http://provider.invalid/v1").complete("own/m", "hi")


def exactly(connection: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        received += connection.recv(count - len(received)) or pytest.fail("the connection ended")
    return received


@pytest.fixture
def proxy() -> Iterator[tuple[int, list[tuple[int, bytes, int]]]]:
    """The port of a SOCKS 5 proxy that answers in the place of any server, and where it was asked to connect to."""
    asked: list[tuple[int, bytes, int]] = []

    def serve(connection: socket.socket) -> None:
        with connection:
            _, methods = exactly(connection, 2)
            exactly(connection, methods)
            connection.sendall(b"\5\0")
            kind = exactly(connection, 4)[3]
            length = {1: 4, 4: 16}.get(kind) or exactly(connection, 1)[0]
            host = exactly(connection, length)
            asked.append((kind, host, int.from_bytes(exactly(connection, 2), "big")))
            connection.sendall(b"\5\0\0\1\0\0\0\0\0\0")
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER))

    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield listener.getsockname()[1], asked
    listener.close()


@pytest.mark.parametrize("scheme", ["socks", "socks5", "socks5h"])
@pytest.mark.parametrize(
    ("host", "kind", "sent"),
    [
        ("[2001:db8::7]", 4, socket.inet_pton(socket.AF_INET6, "2001:db8::7")),
        ("192.0.2.7", 1, bytes((192, 0, 2, 7))),
        ("provider.invalid", 3, b"provider.invalid"),
    ],
)
def test_socks_is_asked_for_what_the_address_says(
    monkeypatch: pytest.MonkeyPatch,
    proxy: tuple[int, list[tuple[int, bytes, int]]],
    scheme: str,
    host: str,
    kind: int,
    sent: bytes,
) -> None:
    port, asked = proxy
    if scheme == "socks5" and kind == 3:
        pytest.skip("the name is looked up here")
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://127.0.0.1:{port}")
    assert client(f"http://{host}:8080/v1").complete("own/m", "hi").text == "hi"
    assert asked == [(kind, sent, 8080)]
