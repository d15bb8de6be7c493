"""Methods of an SDK's own classes while it is patched: what the subclasses do, on the classes themselves.

Each passes calls on where the patch is over: an object that was made meanwhile, or somebody's wrapper, may hold it.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from ferrule.dropin import hooks
from ferrule.dropin.native.posting import native_post, native_post_async
from ferrule.dropin.native.replay import claim, prepared_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrule.dropin.native.call import NativePath


class Methods:
    """The methods of a class of synchronous clients.

    Args:
        native: The native path of the SDK.
        official: The class.
        is_patched: Whether the patch is in place.
    """

    def __init__(self, native: NativePath, official: Any, is_patched: Callable[[], bool]) -> None:
        self._native, self._official, self._is_patched = native, official, is_patched
        self._sdk = native.facts.sdk

    def made(self) -> dict[str, Any]:
        """The methods by their names."""
        found = {"__init__": self._init(), "request": self._request()}
        if self._native.takes(self._official):
            found |= {
                "post": self._post(),
                "_prepare_request": self._prepare_request(),
                "_prepare_options": self._prepare_options(),
            }
        return found

    def _original(self, name: str) -> Callable[..., Any]:
        """The method that the class has, its own or what it inherits when it is called, with the client first."""
        official = self._official
        own: Any = official.__dict__.get(name)

        @functools.wraps(getattr(official, name) if own is None else own)
        def original(self: Any, *positional: Any, **given: Any) -> Any:
            # What instrumentations put there does not see the client where it is called without being bound.
            bound = getattr(super(official, self), name) if own is None else own.__get__(self, type(self))
            return bound(*positional, **given)

        return original

    _asynchronous = False

    def _init(self) -> Any:
        original, native, is_patched = self._original("__init__"), self._native, self._is_patched
        asynchronous = self._asynchronous

        @functools.wraps(original)
        def __init__(self: Any, **given: Any) -> None:  # noqa: N807 - it becomes one
            is_routed = hooks.route_for(native.facts.sdk, self) is not None
            hooks.with_key(functools.partial(original, self), given, is_routed=is_routed)
            if is_patched() and given.get("http_client") is None:
                native.install(self, asynchronous=asynchronous)

        return __init__

    def _request(self) -> Any:
        original, sdk = self._original("request"), self._sdk

        @functools.wraps(original)
        def request(self: Any, cast_to: Any, options: Any, *, stream: bool = False, stream_cls: Any = None) -> Any:
            twin = hooks.routed(sdk, self, options, asynchronous=False)
            if twin is None:
                return original(self, cast_to, options, stream=stream, stream_cls=stream_cls)
            return twin.request(cast_to, options, stream=stream, stream_cls=stream_cls)

        return request

    def _post(self) -> Any:
        original, native, is_patched = self._original("post"), self._native, self._is_patched

        @functools.wraps(original)
        def post(self: Any, path: str, **given: Any) -> Any:
            inherited = functools.partial(original, self)
            if not is_patched() or hasattr(type(self), "_ferrule_native"):  # One of ours has been here.
                return inherited(path, **given)
            return native_post(native, self, path, given, inherited)

        return post

    def _prepare_request(self) -> Any:
        original = self._original("_prepare_request")

        @functools.wraps(original)
        def _prepare_request(self: Any, request: Any) -> None:
            original(self, request)
            claim(request)

        return _prepare_request

    def _prepare_options(self) -> Any:
        original = self._original("_prepare_options")

        @functools.wraps(original)
        def _prepare_options(self: Any, options: Any) -> Any:
            prepared = prepared_options()
            return original(self, options) if prepared is None else prepared

        return _prepare_options


class AsyncMethods(Methods):
    """The methods of a class of asynchronous clients."""

    _asynchronous = True

    def _request(self) -> Any:
        original, sdk = self._original("request"), self._sdk

        @functools.wraps(original)
        async def request(
            self: Any, cast_to: Any, options: Any, *, stream: bool = False, stream_cls: Any = None
        ) -> Any:
            twin = hooks.routed(sdk, self, options, asynchronous=True)
            if twin is None:
                return await original(self, cast_to, options, stream=stream, stream_cls=stream_cls)
            return await twin.request(cast_to, options, stream=stream, stream_cls=stream_cls)

        return request

    def _post(self) -> Any:
        original, native, is_patched = self._original("post"), self._native, self._is_patched

        @functools.wraps(original)
        async def post(self: Any, path: str, **given: Any) -> Any:
            inherited = functools.partial(original, self)
            if not is_patched() or hasattr(type(self), "_ferrule_native"):
                return await inherited(path, **given)
            return await native_post_async(native, self, path, given, inherited)

        return post

    def _prepare_request(self) -> Any:
        original = self._original("_prepare_request")

        @functools.wraps(original)
        async def _prepare_request(self: Any, request: Any) -> None:
            await original(self, request)
            claim(request)

        return _prepare_request

    def _prepare_options(self) -> Any:
        original = self._original("_prepare_options")

        @functools.wraps(original)
        async def _prepare_options(self: Any, options: Any) -> Any:
            prepared = prepared_options()
            return await original(self, options) if prepared is None else prepared

        return _prepare_options
