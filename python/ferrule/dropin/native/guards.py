"""Guards: whether a call may take the native path, or needs the SDK's own code.

It does wherever somebody put something into that code: a wrapper, a hook, a subclass, a transport, a logger. Functions
are judged by where they were defined, not by what they were when this module was imported.
"""

from __future__ import annotations

import logging
import os
import sys
from types import FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ferrule.dropin.native.facts import NativeFacts

SWITCH = "FERRULE_DROPIN"
"""The environment variable that switches the native path off: `sdk`."""

_METHODS = (
    "request",
    "_request",
    "_attempt_request",
    "_process_response",
    "_process_response_data",
    "_build_request",
    "_build_headers",
    "_prepare_url",
    "_prepare_options",
    "_prepare_request",
    "_make_status_error",
    "_send_request",
    "_should_retry",
    "_validate_headers",
    "auth_headers",
    "default_headers",
    "custom_auth",
    "_custom_auth",
    "qs",
)
"""Methods of a client that the native path stands for, where the version has them."""
# In some versions the last is a field of every client.
_INSTANCE = frozenset((*_METHODS, "post")) - {"_custom_auth"}
_OURS = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

_judged: dict[tuple[Any, ...], bool] = {}


def _code_file(function: Any) -> str:
    if type(function) is property:
        function = function.fget
    # Wrappers' proxies have the attributes of what they wrap, but not its type.
    return str(function.__code__.co_filename) if type(function) is FunctionType else ""


def _is_pristine(functions: tuple[Any, ...], places: tuple[str, ...]) -> bool:
    found = _judged.get(functions)
    if found is None:
        if len(_judged) > 256:
            _judged.clear()
        found = all(one is None or _code_file(one).startswith(places) for one in functions)
        _judged[functions] = found
    return found


class Guards:
    """The guards of one SDK."""

    def __init__(self, facts: NativeFacts, replaying: tuple[type, type]) -> None:
        self._facts = facts
        self._replaying = replaying
        httpx = facts.sdk.httpx
        self._places = (facts.package, _OURS)
        self._http_places = (os.path.dirname(os.path.abspath(httpx.__file__)),)
        self._httpx = httpx
        core = sys.modules.get("httpcore2" if httpx.__name__ == "httpx2" else "httpcore")
        self._core_places = (os.path.dirname(os.path.abspath(core.__file__ or "")),) if core else ()
        self._core = core
        self._logger = logging.getLogger(facts.sdk.name)

    def reason(self, client: Any, *, asynchronous: bool) -> str | None:
        """Why a call of `client` cannot take the native path; `None` where it can."""
        if os.environ.get(SWITCH) == "sdk":
            return "FERRULE_DROPIN=sdk"
        own = client.__dict__
        if not _INSTANCE.isdisjoint(own):
            return "a method of the client was replaced"
        kind = type(client)
        stream = self._facts.stream_classes[asynchronous]
        functions = (
            *(getattr(kind, name, None) for name in _METHODS),
            getattr(stream, "__stream__", None),
            getattr(stream, "_iter_events", None),
        )
        if not _is_pristine(functions, self._places):
            return "the SDK's code was changed, or a subclass has its own"
        http_client = client._client  # noqa: SLF001 - the SDK's
        if (why := self._of_http_client(http_client, asynchronous=asynchronous)) is not None:
            return why
        if client._strict_response_validation:  # noqa: SLF001 - the SDK's
            return "strict response validation"
        if client._idempotency_header is not None:  # noqa: SLF001 - the SDK's
            return "an idempotency header"
        if self._logger.isEnabledFor(logging.DEBUG):
            return "the SDK's logger is at DEBUG"
        return self._facts.own_guards(client)

    def _of_http_client(self, http_client: Any, *, asynchronous: bool) -> str | None:
        httpx = self._httpx
        if type(http_client._transport) is not self._replaying[asynchronous]:  # noqa: SLF001 - the library's
            return "an http_client of the caller's"
        if http_client.is_closed:
            return "the client is closed"
        hooks = http_client._event_hooks  # noqa: SLF001 - the library's
        # Azure's client has one for redirects, which are not followed here.
        if (hooks["request"] or hooks["response"]) and not _is_pristine(
            (*hooks["request"], *hooks["response"]), self._places[:1]
        ):
            return "event hooks"
        if http_client._mounts:  # noqa: SLF001 - the library's
            return "a proxy or another mount"
        if http_client._auth is not None:  # noqa: SLF001 - the library's
            return "authentication of the http_client"
        if "send" in http_client.__dict__ or "_transport_for_url" in http_client.__dict__:
            return "a method of the http_client was replaced"
        client_class = httpx.AsyncClient if asynchronous else httpx.Client
        transport = httpx.AsyncHTTPTransport if asynchronous else httpx.HTTPTransport
        handle = "handle_async_request" if asynchronous else "handle_request"
        functions = (client_class.send, client_class._transport_for_url, getattr(transport, handle))  # noqa: SLF001
        if not _is_pristine(functions, self._http_places):
            return f"{httpx.__name__} is instrumented or mocked"
        if self._core is not None:
            pool = self._core.AsyncConnectionPool if asynchronous else self._core.ConnectionPool
            if not _is_pristine((getattr(pool, handle),), self._core_places):
                return f"{self._core.__name__} is instrumented or mocked"
        return None
