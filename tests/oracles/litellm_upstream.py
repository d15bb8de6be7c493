"""An upstream of litellm's functions on loopback: the answers of each case, and what it was asked.

Plain Python, as it answers both litellm and `ferrule.litellm`.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Written at once: two small packets would wait for each other.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: Upstream

    def log_message(self, *_: Any) -> None:
        pass

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("content-length") or 0))
        # Not every function of litellm passes headers on; their addresses have the case.
        first, _, rest = self.path[1:].partition("/")
        named = first in self.server.scripts
        case = first if named else self.headers.get("x-case", "")
        try:
            body = json.loads(content)
        except ValueError:
            body = None
        with self.server.counting:
            seen = self.server.requests.setdefault(case, [])
            place = len(seen)
            self.server.order.append(case)
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen.append(
                {"path": f"/{rest}" if named else self.path, "body": body, "headers": headers, "size": len(content)}
            )
        script = self.server.scripts[case]
        status, headers, answer = script[min(place, len(script) - 1)]
        if status == 0:
            self.close_connection = True
            return
        data = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {"content-type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Upstream(ThreadingHTTPServer):
    """The server; `scripts` has each case's answers: status, headers and body, the last one for all further tries.

    `order` has the case of each request, as they came.
    """

    daemon_threads = True

    def __init__(self, scripts: dict[str, list[Any]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.counting = threading.Lock()
        self.scripts = scripts
        self.requests: dict[str, list[dict[str, Any]]] = {}
        self.order: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *ending: object) -> None:
        self.shutdown()
        super().__exit__(*ending)
