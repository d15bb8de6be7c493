"""SDKs: what differs between those whose clients have a drop-in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, eq=False)
class Sdk:
    """One SDK, as it is installed.

    Attributes:
        name: The package's name, as `ferrule.patch` takes it.
        httpx: The module of the HTTP client that this version of the SDK uses: `httpx` or `httpx2`.
        clients: The official classes of synchronous clients that have no base class among them.
        async_clients: The same for asynchronous clients.
        formats: The wire format for each path that can be routed.
        base_path: What stands before those paths in the addresses of routed calls.
        request_id_header: The response header from which the SDK takes the request's id.
        own_query: Parameters of the URL that are the SDK's own.
        error_body: The body of an error: of its status, type, code, parameter, message and request id.
        error_event: An error inside a stream, as the SDK reads it, of its body.
    """

    name: str
    httpx: Any
    clients: tuple[type, ...]
    async_clients: tuple[type, ...]
    formats: Mapping[str, str]
    base_path: str
    request_id_header: str
    own_query: frozenset[str]
    error_body: Callable[[ErrorFacts], Mapping[str, Any]]
    error_event: Callable[[str], bytes]

    @property
    def base_url(self) -> str:
        """The base URL of routed calls; nothing is ever sent there."""
        return f"http://ferrule.invalid{self.base_path}"


@dataclass(frozen=True)
class ErrorFacts:
    """What an error's body says."""

    status: int
    message: str
    kind: str | None = None
    code: str | None = None
    param: str | None = None
    request_id: str | None = None
    overloaded: bool = False
