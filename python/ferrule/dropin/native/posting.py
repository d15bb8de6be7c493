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
    routed = route_for(native.facts.sdk, client)
    call = None if routed else native.prepare(client, path, given, asynchronous=False)
    if call is None:
        return post(path, **given)
    if native.facts.is_asked(client):
        call.prepared = client._prepare_options(native.options(call))  # noqa: SLF001 - the SDK's
    key = native.find_template(call)
    if key is not None:
        options = call.prepared
        if options is None:
            options = client._prepare_options(native.options(call))  # noqa: SLF001 - the SDK's
        request = client._build_request(options, retries_taken=0)  # noqa: SLF001 - the SDK's
        client._prepare_request(request)  # noqa: SLF001 - the SDK's
        native.keep_template(call, key, request)
    if call.template is False:
        with Waiting(None, call.prepared):
            return post(path, **given)
    try:
        return native.send(call)
    except Surprise as surprise:
        native.counts.fallback += 1
        with Waiting(surprise.outcome, call.prepared):
            return post(path, **given)


async def native_post_async(
    native: NativePath, client: Any, path: str, given: dict[str, Any], post: Callable[..., Any]
) -> Any:
    """As `native_post`, for an asynchronous client."""
    routed = route_for(native.facts.sdk, client)
    call = None if routed else native.prepare(client, path, given, asynchronous=True)
    if call is None:
        return await post(path, **given)
    if native.facts.is_asked(client):
        call.prepared = await client._prepare_options(native.options(call))  # noqa: SLF001 - the SDK's
    key = native.find_template(call)
    if key is not None:
        options = call.prepared
        if options is None:
            options = await client._prepare_options(native.options(call))  # noqa: SLF001 - the SDK's
        request = client._build_request(options, retries_taken=0)  # noqa: SLF001 - the SDK's
        await client._prepare_request(request)  # noqa: SLF001 - the SDK's
        native.keep_template(call, key, request)
    if call.template is False:
        with Waiting(None, call.prepared):
            return await post(path, **given)
    try:
        return await native.send_async(call)
    except Surprise as surprise:
        native.counts.fallback += 1
        with Waiting(surprise.outcome, call.prepared):
            return await post(path, **given)
