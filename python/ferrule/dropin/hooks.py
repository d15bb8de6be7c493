"""Hooks of drop-in clients: what their methods do that the SDK's own do not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ferrule.dropin.route import Route, route_of

if TYPE_CHECKING:
    from ferrule.dropin.sdk import Sdk

_C = TypeVar("_C")

ROUTE = "_ferrule_route"
"""The attribute of a client that says where its calls go: a `Route`, `False` for nowhere else, or `None`."""
PLACEHOLDER_KEY = "not-needed-by-ferrule"
"""What a client has for a key that was given none, and whose calls are routed."""

patched_routes: dict[str, Route] = {}
"""Where the calls of all of an SDK's clients go while it is patched, by the SDK's name."""


def route_for(sdk: Sdk, client: Any) -> Route | None:
    """Where the calls of `client` go; `None` where they are not routed."""
    route: Route | bool | None = getattr(client, ROUTE, None)
    if route is None:
        return patched_routes.get(sdk.name)
    return route if isinstance(route, Route) else None


def routed(sdk: Sdk, client: Any, options: Any, *, asynchronous: bool) -> Any:
    """The twin that makes the request of `options`; `None` where it is not routed."""
    route = route_for(sdk, client)
    if route is None or options.method.lower() != "post" or client.is_closed():
        return None
    path = options.url.partition("?")[0]
    if path not in sdk.formats or not isinstance(options.json_data, Mapping) or options.files:
        return None
    from ferrule.dropin.twin import carry, twin_of  # only programs that route need it

    # Where the caller is the SDK itself, nothing else of it is used: options are made for each call.
    if callable(options.post_parser):
        options.post_parser = carry(options.post_parser)
    return twin_of(sdk, client, route, asynchronous=asynchronous)


def construct(client: Any, argument: Any, official: Callable[..., None], given: dict[str, Any]) -> None:
    """Runs the SDK's constructor, for a client that may do without a key.

    Args:
        client: What is made.
        argument: What `ferrule=` is. A derived class runs the constructor of its base without it.
        official: The SDK's constructor.
        given: Its arguments.
    """
    kept: Route | bool | None = client.__dict__.get(ROUTE)
    route = kept if argument is None else route_of(argument)
    client.__dict__[ROUTE] = route
    with_key(official, given, is_routed=isinstance(route, Route))


def with_key(official: Callable[..., None], given: dict[str, Any], *, is_routed: bool) -> None:
    """Runs the SDK's constructor with a placeholder where it misses a key that routed calls do not need."""
    if not is_routed or given.get("api_key") is not None:
        official(**given)
        return
    try:
        official(**given)
    except Exception as error:
        if "api_key" not in str(error):
            raise
        official(**{**given, "api_key": PLACEHOLDER_KEY})


def rerouted(client: Any, copied: _C, argument: Any) -> _C:
    """`copied`, a copy of `client`, whose calls go where those of `client` go, or where `ferrule=` says."""
    cast("Any", copied).__dict__[ROUTE] = client.__dict__.get(ROUTE) if argument is None else route_of(argument)
    return copied


THREADS = "_supports_message_threads"
"""What of a client says whether Anthropic's helpers leave conversations with the server, in versions that can."""


def supports_threads(sdk: Sdk, client: Any, official: Any) -> bool:
    """Whether they do: not with whoever a call is routed to.

    Args:
        sdk: The SDK.
        client: The client.
        official: Where the SDK says it.
    """
    return route_for(sdk, client) is None and bool(getattr(official, THREADS))
