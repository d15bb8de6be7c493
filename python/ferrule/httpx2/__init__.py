"""httpx2 clients on Ferrule's Rust core: `ferrule.httpx` for SDKs that accept httpx2's clients only.

from ferrule.httpx2 import Client

client = Anthropic(http_client=Client(timeout=600, follow_redirects=True))
"""

from __future__ import annotations

from ferrule.httpx.transports import AsyncFerruleTransport, FerruleTransport
from ferrule.httpx2.clients import AsyncClient, Client

__all__ = ["AsyncClient", "AsyncFerruleTransport", "Client", "FerruleTransport"]
