"""Posting: the SDK's `post` with the native path before it, for drop-in classes and patched ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrule.dropin.hooks import route_for
from ferrule.dropin.native.call import NativePath, Surprise
from ferrule.dropin.native.replay import Waiting

if TYPE_CHECKING:
    from collections.abc import Callable


def native_post(native: NativePath, client: Any, path: str, given: dict[str, Any], post: Callable[..., Any]) -> Any:
    """Makes a call on the native path; by `post`, the SDK's own, where it cannot be made there.

    Args:
        native: The path of the SDK.
        client: The SDK's client.
        path: The path of the call.
        given: The other arguments of `post`.
        post: The SDK's own method.
    """
    prepared = None if route_for(native.facts.sdk, client) else native.prepare(client, path, given, asynchronous=False)
    if prepared is None:
        return post(path, **given)
    call, building = prepared
    if building is not None:
        key, options = building
        request = client._build_request(client._prepare_options(options), retries_taken=0)  # noqa: SLF001 - the SDK's
        client._prepare_request(request)  # noqa: SLF001 - the SDK's
        if not native.keep_template(call, key, request):
            return post(path, **given)
    try:
        return native.send(call)
    except Surprise as surprise:
        native.counts.fallback += 1
        with Waiting(surprise.outcome):
            return post(path, **given)


async def native_post_async(
    native: NativePath, client: Any, path: str, given: dict[str, Any], post: Callable[..., Any]
) -> Any:
    """As `native_post`, for an asynchronous client."""
    prepared = None if route_for(native.facts.sdk, client) else native.prepare(client, path, given, asynchronous=True)
    if prepared is None:
        return await post(path, **given)
    call, building = prepared
    if building is not None:
        key, options = building
        options = await client._prepare_options(options)  # noqa: SLF001 - the SDK's
        request = client._build_request(options, retries_taken=0)  # noqa: SLF001 - the SDK's
        await client._prepare_request(request)  # noqa: SLF001 - the SDK's
        if not native.keep_template(call, key, request):
            return await post(path, **given)
    try:
        return await native.send_async(call)
    except Surprise as surprise:
        native.counts.fallback += 1
        with Waiting(surprise.outcome):
            return await post(path, **given)
