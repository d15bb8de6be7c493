"""Client mixins with the native path: `ferrule.dropin.clients` with the SDK's `post` behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ferrule.dropin.clients import AsyncDropIn, SyncDropIn
from ferrule.dropin.native.posting import native_post, native_post_async
from ferrule.dropin.native.replay import claim, prepared_options

if TYPE_CHECKING:
    from ferrule.dropin.native.call import NativePath


# What follows in the bases is the SDK's class, of which nothing is known here.
_Base: Any = object


class SyncPrepared(_Base):  # type: ignore[misc]
    """A synchronous client that asks for its key or token once for each attempt, replayed or not."""

    def _prepare_options(self, options: Any) -> Any:
        prepared = prepared_options()
        return super()._prepare_options(options) if prepared is None else prepared


class AsyncPrepared(_Base):  # type: ignore[misc]
    """An asynchronous client that asks for its key or token once for each attempt, replayed or not."""

    async def _prepare_options(self, options: Any) -> Any:
        prepared = prepared_options()
        return await super()._prepare_options(options) if prepared is None else prepared


class SyncOverRust(SyncDropIn):
    """A synchronous client whose requests are sent over the Rust core's connections, where it has no HTTP client."""

    _ferrule_native: ClassVar[NativePath]

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        if given.get("http_client") is None:
            self._ferrule_native.install(self, asynchronous=False)


class AsyncOverRust(AsyncDropIn):
    """The same for an asynchronous client."""

    _ferrule_native: ClassVar[NativePath]

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        if given.get("http_client") is None:
            self._ferrule_native.install(self, asynchronous=True)


class SyncNative(SyncOverRust, SyncPrepared):
    """A synchronous client, whose usual calls take the native path."""

    def post(self, path: str, **given: Any) -> Any:
        """The SDK's `post`, on the native path where that is the same."""
        return native_post(self._ferrule_native, self, path, given, super().post)

    def _prepare_request(self, request: Any) -> None:
        super()._prepare_request(request)
        claim(request)


class AsyncNative(AsyncOverRust, AsyncPrepared):
    """An asynchronous client, whose usual calls take the native path."""

    async def post(self, path: str, **given: Any) -> Any:
        """The SDK's `post`, on the native path where that is the same."""
        return await native_post_async(self._ferrule_native, self, path, given, super().post)

    async def _prepare_request(self, request: Any) -> None:
        await super()._prepare_request(request)
        claim(request)


class AzurePrepared(_Base):  # type: ignore[misc]
    """`SyncPrepared` once more, before a class that prepares options in its own way."""

    def _prepare_options(self, options: Any) -> Any:
        prepared = prepared_options()
        return super()._prepare_options(options) if prepared is None else prepared


class AsyncAzurePrepared(_Base):  # type: ignore[misc]
    """`AsyncPrepared` once more, before a class that prepares options in its own way."""

    async def _prepare_options(self, options: Any) -> Any:
        prepared = prepared_options()
        return await super()._prepare_options(options) if prepared is None else prepared
