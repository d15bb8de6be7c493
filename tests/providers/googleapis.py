"""Google's hosts, simulated: a proxy that answers requests to any `*.googleapis.com` with a simulator's responses.

Addresses that nobody configures are seen as they leave, with their host and over TLS. `googleapis.pem` holds the
certificate, which only tests trust, and its key.
"""

from __future__ import annotations

import http.client
import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrule.testing import Simulator

CERTIFICATE = Path(__file__).with_name("googleapis.pem")


class GoogleApis:
    """The proxy's address, and what was asked through it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[str] = []
        """The whole addresses."""


@contextmanager
def played(simulator: Simulator, provider: str) -> Iterator[GoogleApis]:
    """Google's hosts, where the simulator answers as `provider`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)

    class Inside(BaseHTTPRequestHandler):
        """What comes out of the tunnel."""

        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            apis.asked.append(f"https://{self.headers['host']}{self.path}")
            body = self.rfile.read(int(self.headers["content-length"]))
            upstream = http.client.HTTPConnection(simulator.url.removeprefix("http://"), timeout=20)
            upstream.request("POST", f"/{provider}{self.path}", body, dict(self.headers.items()))
            answer = upstream.getresponse()
            content = answer.read()
            upstream.close()
            self.send_response(answer.status)
            self.send_header("content-type", answer.headers["content-type"])
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    class Tunnel(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            self.send_response(200)
            self.end_headers()
            with context.wrap_socket(self.connection, server_side=True) as inside:
                Inside(inside, self.client_address, server)
            self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Tunnel) as server:
        # Not waited for at the end: a client may keep its connection for a while.
        server.daemon_threads = True
        server.block_on_close = False
        apis = GoogleApis(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield apis
        finally:
            server.shutdown()
            thread.join()
