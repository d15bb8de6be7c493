"""Twins: the SDK's own client over a transport that routes, which makes the routed calls of a drop-in client.

A twin has nothing of its front's server: no key, address, default header or retry. The engine has its own.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, cast

from ferrule.dropin.transport import transports

if TYPE_CHECKING:
    from ferrule.dropin.facts import RoutedCall
    from ferrule.dropin.route import Route
    from ferrule.dropin.sdk import Sdk

NAME = "_ferrule"
"""The attribute in which objects of the SDK's have the facts of their call."""
USUAL_RETRIES = 2
"""The SDKs' default."""
_TWIN = "_ferrule_twin"
_KEY = "ferrule"


def attach(target: Any, facts: RoutedCall | None) -> None:
    """Gives an object of the SDK's the facts of its call; what has no attributes goes without."""
    fields = getattr(target, "__dict__", None)
    if facts is not None and fields is not None:
        # As the SDKs do with the request's id: it is no field, so it is neither compared nor dumped.
        fields[NAME] = facts


def _attach_by(response: Any, target: Any) -> Any:
    attach(target, response.extensions.get("ferrule"))
    return target


@functools.cache
def _twin_class(official: type, asynchronous: bool) -> type:
    base: Any = official

    class Facts(base):  # type: ignore[misc]
        """Gives what it makes the facts of the call."""

        _ferrule_route = False

        def _process_response_data(self, **given: Any) -> Any:
            made = super()._process_response_data(**given)
            response = given["response"]
            # A stream has them itself, its chunks do not.
            return made if "ferrule_stream" in response.extensions else _attach_by(response, made)

        def _make_status_error(self, *positional: Any, **given: Any) -> Any:
            return _attach_by(given["response"], super()._make_status_error(*positional, **given))

    class Twin(Facts):
        def _process_response(self, **given: Any) -> Any:
            return _attach_by(given["response"], super()._process_response(**given))

    class AsyncTwin(Facts):
        async def _process_response(self, **given: Any) -> Any:
            return _attach_by(given["response"], await super()._process_response(**given))

    return AsyncTwin if asynchronous else Twin


def _make(sdk: Sdk, client: Any, route: Route, max_retries: int | None, asynchronous: bool) -> Any:
    official = (sdk.async_clients if asynchronous else sdk.clients)[0]
    transport, async_transport = transports(sdk.httpx)
    if asynchronous:
        http_client = sdk.httpx.AsyncClient(transport=async_transport(sdk, route, max_retries), trust_env=False)
    else:
        http_client = sdk.httpx.Client(transport=transport(sdk, route, max_retries), trust_env=False)
    given: dict[str, Any] = {}
    if getattr(client, "_middleware", None):
        given["middleware"] = client._middleware  # noqa: SLF001 - the SDK's
    twin = _twin_class(official, asynchronous)(
        api_key=_KEY,
        base_url=sdk.base_url,
        timeout=client.timeout,
        max_retries=0,
        http_client=http_client,
        _strict_response_validation=client._strict_response_validation,  # noqa: SLF001 - the SDK's
        **given,
    )
    # What the environment adds for the provider's own servers.
    twin._custom_headers, twin._custom_query = {}, {}  # noqa: SLF001 - the SDK's
    if hasattr(twin, "_copy_open_telemetry"):
        twin._set_open_telemetry(client._copy_open_telemetry(None))  # noqa: SLF001 - the SDK's
    return twin


def twin_of(sdk: Sdk, client: Any, route: Route, *, asynchronous: bool) -> Any:
    """The twin of `client`, made anew where the client's settings were changed."""
    # Retries that nobody asked for are the engine's own.
    max_retries = None if client.max_retries == USUAL_RETRIES else int(client.max_retries)
    middleware = getattr(client, "_middleware", None)
    state = (route, client.timeout, max_retries, client._strict_response_validation, middleware)  # noqa: SLF001
    kept: tuple[Any, Any] | None = client.__dict__.get(_TWIN)
    if kept is not None and kept[0] == state:
        return kept[1]
    twin = _make(sdk, client, route, max_retries, asynchronous)
    client.__dict__[_TWIN] = (state, twin)
    return twin


def carry(post_parser: Any) -> Any:
    """`post_parser`, whose result has the facts of what it was given."""

    def parse(parsed: Any) -> Any:
        made = post_parser(parsed)
        attach(made, cast("RoutedCall | None", getattr(parsed, NAME, None)))
        return made

    return parse
