"""Clients of calls: one for each provider, address and key, kept while they are used."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, TypeVar

from ferrule import greenlets
from ferrule.async_client import AsyncClient
from ferrule.bridge import running
from ferrule.client import Client
from ferrule.operations.servers import start_request
from ferrule.settling import settle
from ferrule.waiting import bridge_of, wait_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

_Kind = TypeVar("_Kind", "SyncCaller", "AsyncCaller")
Key = tuple[Any, ...]

MOST = 128
"""How many clients are kept; of more, the one that was not used for longest is closed."""


class SyncCaller(Client):
    """A client that can also send a request as it is."""

    def use_tokens(self, sources: dict[str, Callable[[], Any]]) -> None:
        """Has targets of groups authorised by tokens, by the key that stands for the source."""
        if sources:
            self._live.register_tokens_of_keys(sources)

    def request(self, provider: str, path: str, body: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """Posts `body` to `path`. Returns the head of the response and its body."""
        head, pieces = self.open(provider, path, body)
        return head, b"".join(pieces)

    def open(self, provider: str, path: str, body: dict[str, Any]) -> tuple[dict[str, Any], Iterator[bytes]]:
        """Posts `body` to `path`. Returns the head of the response, and its body as it comes."""
        hub = greenlets.current()
        flight = start_request(self._native, self._provider_id(provider), "POST", path, body, bridge_of(hub))
        head, *first = wait_for(flight, hub)

        def pieces() -> Iterator[bytes]:
            yield from first
            while (batch := wait_for(flight, hub)) is not None:
                yield from batch

        return head, pieces()


class AsyncCaller(AsyncClient):
    """An asynchronous client that can also send a request as it is."""

    def use_tokens(self, sources: dict[str, Callable[[], Any]]) -> None:
        """Has targets of groups authorised by tokens, by the key that stands for the source."""
        if sources:
            self._live.register_tokens_of_keys(sources)

    async def request(self, provider: str, path: str, body: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """Posts `body` to `path`. Returns the head of the response and its body."""
        head, pieces = await self.open(provider, path, body)
        return head, b"".join([piece async for piece in pieces])

    async def open(self, provider: str, path: str, body: dict[str, Any]) -> tuple[dict[str, Any], AsyncIterator[bytes]]:
        """Posts `body` to `path`. Returns the head of the response, and its body as it comes."""
        loop, bridge = running()
        flight = start_request(self._native, self._provider_id(provider), "POST", path, body, bridge)
        head, *first = await settle(flight, loop)

        async def pieces() -> AsyncIterator[bytes]:
            for piece in first:
                yield piece
            while (batch := await settle(flight, loop)) is not None:
                for piece in batch:
                    yield piece

        return head, pieces()


_sync: OrderedDict[Key, SyncCaller] = OrderedDict()
_async: OrderedDict[Key, AsyncCaller] = OrderedDict()
_changing = threading.Lock()


_NOT_SETTINGS = ("timeout", "tokens", "environment")
"""What of a client's options is not a setting of its provider."""


def provider_settings(options: Key) -> dict[str, Any]:
    """The settings of a provider that `options` are."""
    return {
        name: dict(value) if isinstance(value, tuple) else value for name, value in options if name not in _NOT_SETTINGS
    }


def arguments(provider: str, options: Key) -> dict[str, Any]:
    """The arguments of a client that calls `provider` with `options`.

    A call fails or is repeated for itself, as in litellm: no circuit breaker stands between it and the provider.
    """
    settings = provider_settings(options)
    return {
        "timeout": dict(options).get("timeout"),
        "config": False,
        "providers": {provider: settings} if settings else None,
        "breaker": {"failures": 0, "failure_rate": 0},
        "retry": {"budget": 1.0},
    }


def sync_client(provider: str, options: Key) -> SyncCaller:
    """The client that calls `provider` with `options`."""
    key = (provider, options)
    found = _sync.get(key)
    return found if found is not None else _made(_sync, key, SyncCaller)


def async_client(provider: str, options: Key) -> AsyncCaller:
    """The asynchronous client that calls `provider` with `options`."""
    key = (provider, options)
    found = _async.get(key)
    return found if found is not None else _made(_async, key, AsyncCaller)


def _made(kept: OrderedDict[Key, _Kind], key: Key, kind: type[_Kind]) -> _Kind:
    with _changing:
        found = kept.get(key)
        if found is not None:
            return found
        made = kind(**arguments(*key))
        tokens = dict(key[1]).get("tokens")
        if tokens is not None:
            made.token_provider(key[0])(tokens)
        kept[key] = made
        oldest = kept.popitem(last=False)[1] if len(kept) > MOST else None
    if oldest is not None and isinstance(oldest, SyncCaller):
        oldest.close()  # Calls in flight go on; the asynchronous one closes when it is collected.
    return made


def close() -> None:
    """Closes the clients. Later calls make new ones."""
    with _changing:
        clients = list(_sync.values())
        _sync.clear()
        _async.clear()
    for client in clients:
        client.close()
