"""Routes: the Ferrule client that an SDK's calls go to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ferrule._native import Flight, LoopBridge
    from ferrule.base_client import BaseClient


class Route:
    """Where an SDK's calls go."""

    def __init__(self, client: BaseClient | None) -> None:
        self._client = client

    @property
    def client(self) -> BaseClient:
        """The client, or the one that the whole program shares."""
        if self._client is not None:
            return self._client
        from ferrule import shared_client  # only programs that route need it

        return shared_client.shared()

    def start(
        self, wire_format: str, path: str, body: bytes, options: dict[str, Any], bridge: LoopBridge | None
    ) -> Flight:
        """Starts the call that `body` asks for."""
        native = self.client._native  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - ours
        return native.wire_call(wire_format, path, body, options, bridge=bridge)

    def reload(self) -> bool:
        """Reads the shared client's configuration again, where something missing may have come. False for others."""
        if self._client is not None:
            return False
        from ferrule import shared_client

        shared_client.shared().reload()
        return True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Route) and other._client is self._client

    def __hash__(self) -> int:
        return hash(id(self._client))


def route_of(argument: Any) -> Route | bool | None:
    """What `ferrule=` says: a client, `True` for the one that the whole program shares, `False` for never, or nothing.

    Returns:
        A route; `False` where calls are never routed; `None` where nothing is said.

    Raises:
        TypeError: It is neither a client nor a truth value.
    """
    if argument is None or argument is False:
        return None if argument is None else False
    if argument is True:
        return Route(None)
    from ferrule.base_client import BaseClient  # only programs that route need it

    if isinstance(argument, BaseClient):
        return Route(argument)
    raise TypeError(
        f"ferrule: expected a ferrule.Client, a ferrule.AsyncClient, True or False, not {type(argument).__name__}"
    )
