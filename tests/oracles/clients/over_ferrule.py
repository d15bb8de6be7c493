"""A client's script whose httpx and httpx2 clients all have Ferrule's transport: `python over_ferrule.py SCRIPT URL`.

The tests of the script then say of `ferrule.httpx` what they say of the SDK: nothing of it is to change. It runs in an
oracle's environment, where Ferrule is found by `PYTHONPATH`.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from ferrule.httpx import AsyncFerruleTransport, FerruleTransport, libraries

sent = 0


class Transport(FerruleTransport):
    def handle_request(self, request):
        global sent
        sent += 1
        return super().handle_request(request)


class AsyncTransport(AsyncFerruleTransport):
    async def handle_async_request(self, request):
        global sent
        sent += 1
        return await super().handle_async_request(request)


def use(client, theirs, ours):
    def make(self, *, transport=None, **options):
        # SDKs make the library's own for their clients, with options of the socket.
        return ours(**options) if transport is None or type(transport) is theirs else transport

    client._init_transport = make


for module in libraries.installed():
    use(module.Client, module.HTTPTransport, Transport)
    use(module.AsyncClient, module.AsyncHTTPTransport, AsyncTransport)

sys.argv = [str(Path(__file__).with_name(sys.argv[1])), *sys.argv[2:]]
runpy.run_path(sys.argv[0], run_name="__main__")
assert sent > 10, f"only {sent} requests went over Ferrule's transport"
