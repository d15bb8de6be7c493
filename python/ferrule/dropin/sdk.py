"""SDKs: what differs between those whose clients have a drop-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


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

    # No dataclass: importing and running that module costs more than all else that is loaded here.
    def __init__(
        self,
        *,
        name: str,
        httpx: Any,
        clients: tuple[type, ...],
        async_clients: tuple[type, ...],
        formats: Mapping[str, str],
        base_path: str,
        request_id_header: str,
        own_query: frozenset[str],
        error_body: Callable[[ErrorFacts], Mapping[str, Any]],
        error_event: Callable[[str], bytes],
    ) -> None:
        self.name, self.httpx = name, httpx
        self.clients, self.async_clients = clients, async_clients
        self.formats, self.base_path = formats, base_path
        self.request_id_header, self.own_query = request_id_header, own_query
        self.error_body, self.error_event = error_body, error_event

    @property
    def base_url(self) -> str:
        """The base URL of routed calls; nothing is ever sent there."""
        return f"http://ferrule.invalid{self.base_path}"


class ErrorFacts(NamedTuple):
    """What an error's body says."""

    status: int
    message: str
    kind: str | None = None
    code: str | None = None
    param: str | None = None
    request_id: str | None = None
    overloaded: bool = False
