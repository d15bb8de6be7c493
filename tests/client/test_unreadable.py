"""Unreadable responses: the error has what came, without the key."""

from __future__ import annotations

import contextlib
import pickle
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

import ferrule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY = "sk-canary-5f3a9c7e21"


class Page(BaseHTTPRequestHandler):
    """Answers everything with a page that has the key in it."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        body = f"<html><title>Sign in</title>{self.headers['authorization']}{'x' * 50_000}</html>".encode()
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("x-request-id", "req_1")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        # A client that has seen enough of it closes.
        with contextlib.suppress(ConnectionError):
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture
def client() -> Iterator[ferrule.Client]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        own: dict[str, Any] = {"own": {"dialect": "openai-chat", "base_url": address, "api_key": KEY}}
        with ferrule.Client(config=False, providers=own, max_retries=0) as client:
            yield client
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("kind", ["plain", "streamed", "embed"])
def test_an_unreadable_answer_keeps_its_status_and_body(client: ferrule.Client, kind: str) -> None:
    calls: dict[str, Callable[[], object]] = {
        "plain": lambda: client.complete("own/m", "Hi"),
        "streamed": lambda: list(client.stream("own/m", "Hi")),
        "embed": lambda: client.embed("own/m", "Hi"),
    }
    with pytest.raises(ferrule.ResponseDecodeError) as caught:
        calls[kind]()
    for error in (caught.value, pickle.loads(pickle.dumps(caught.value))):
        assert (error.status, error.request_id) == (200, "req_1")
        assert error.body is not None
        assert error.body.startswith("<html><title>Sign in</title>Bearer ***")
        assert len(error.body) < 8_000
        assert KEY not in f"{error}{error.body}{error!r}"
