"""httpx transport and clients on Ferrule's Rust core, for every SDK that takes an HTTP client.

    from ferrule.httpx import Client

    client = OpenAI(http_client=Client(timeout=600, follow_redirects=True))

`Client` and `AsyncClient` are `httpx.Client` and `httpx.AsyncClient` with our transport inside; where only httpx2 is
installed they are httpx2's (`ferrule.httpx2` has those in any case). `FerruleTransport` and `AsyncFerruleTransport`
go into a client of either library as `transport=`.
"""

from __future__ import annotations

from ferrule.httpx.clients import AsyncClient, Client
from ferrule.httpx.transports import AsyncFerruleTransport, FerruleTransport

__all__ = ["AsyncClient", "AsyncFerruleTransport", "Client", "FerruleTransport"]
