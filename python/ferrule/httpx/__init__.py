"""httpx transport and clients on Ferrule's Rust core, for every SDK that takes an HTTP client.

    from ferrule.httpx import Client

    client = OpenAI(http_client=Client(timeout=600, follow_redirects=True))

`Client` and `AsyncClient` are `httpx.Client` and `httpx.AsyncClient` with our transport inside; where only httpx2 is
installed they are httpx2's (`ferrule.httpx2` has those in any case). `FerruleTransport` and `AsyncFerruleTransport`
go into a client of either library as `transport=`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrule.httpx import libraries as _libraries

_libraries.require()

if TYPE_CHECKING:
    from ferrule.httpx.clients import AsyncClient, Client
    from ferrule.httpx.transports import AsyncFerruleTransport, FerruleTransport

__all__ = ["AsyncClient", "AsyncFerruleTransport", "Client", "FerruleTransport"]


def __getattr__(name: str) -> Any:
    # The drop-in clients use what is below this package without the classes, whose making imports httpx and httpx2.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module = import_module(f"{__name__}.{'clients' if name.endswith('Client') else 'transports'}")
    made = globals()[name] = getattr(module, name)
    return made


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
