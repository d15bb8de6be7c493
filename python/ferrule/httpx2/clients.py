"""httpx2 clients with our transports inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrule.httpx import libraries
from ferrule.httpx.own_transport import with_transport
from ferrule.httpx.transports import AsyncFerruleTransport, FerruleTransport

if TYPE_CHECKING:
    import httpx2 as module
else:
    module = libraries.library("httpx2").module


class Client(module.Client):
    """`httpx2.Client` whose connections are the Rust core's.

    Takes the arguments of `httpx2.Client`, and does as it does: redirects, cookies, authentication, event hooks,
    `mounts` and the rest are its own. `verify`, `cert`, `trust_env`, `http1`, `http2`, `proxy` and `limits` go to the
    transport, as do `retries` and `breaker`; `FerruleTransport` says what they mean. A `transport` of the user's own
    is used instead of ours.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**with_transport(FerruleTransport, options))


class AsyncClient(module.AsyncClient):
    """`httpx2.AsyncClient` whose connections are the Rust core's, as `Client` is."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**with_transport(AsyncFerruleTransport, options))
