"""Guards: whether a call may take the native path, or needs the SDK's own code.

It does wherever somebody put something into that code: a wrapper, a hook, a subclass, a transport, a logger. Functions
are judged by where they were defined, not by what they were when this module was imported.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from ferrule.dropin.native.pristine import CLIENT_METHODS, Definitions, are_pristine, bases
from ferrule.dropin.native.replay import SWITCH

if TYPE_CHECKING:
    from ferrule.dropin.native.facts import NativeFacts
    from ferrule.dropin.native.pristine import HttpLibrary

_METHODS = (
    "post",
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
_FUNCTIONS = (
    "prepare_request_data",
    "async_prepare_request_data",
    "openapi_dumps",
    "_merge_mappings",
    "construct_type",
)
"""Functions of the SDK's base module that the native path stands for, where the version has them."""
_STREAM_METHODS = ("__stream__", "_iter_events")
"""Methods of streams that the native path stands for, where the version has them."""
# In some versions `_custom_auth` is a field of every client.
_INSTANCE = frozenset(_METHODS) - {"_custom_auth"}
_HTTP_METHODS = frozenset(CLIENT_METHODS)
_TRANSPORT_METHODS = frozenset(("handle_request", "handle_async_request"))
_OURS = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Guards:
    """The guards of one SDK."""

    def __init__(self, facts: NativeFacts, replaying: tuple[type, type], library: HttpLibrary) -> None:
        self._facts = facts
        self._replaying = replaying
        self._library = library
        self._places = (facts.package, _OURS)
        self._logger = logging.getLogger(facts.sdk.name)
        self._definitions: dict[tuple[type, bool], Definitions] = {}

    def reason(self, client: Any, *, asynchronous: bool) -> str | None:
        """Why a call of `client` cannot take the native path; `None` where it can."""
        if os.environ.get(SWITCH) == "sdk":
            return "FERRULE_DROPIN=sdk"
        own = client.__dict__
        if not _INSTANCE.isdisjoint(own):
            return "a method of the client was replaced"
        kind = (type(client), asynchronous)
        definitions = self._definitions.get(kind) or self._definitions.setdefault(kind, self._defined(*kind))
        if not definitions.are_pristine():
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

    def _defined(self, kind: type, asynchronous: bool) -> Definitions:
        facts = self._facts
        stream = bases(facts.stream_classes[asynchronous], _STREAM_METHODS)
        return Definitions([*bases(kind, _METHODS), (vars(facts.base), _FUNCTIONS), *stream], self._places)

    def _of_http_client(self, http_client: Any, *, asynchronous: bool) -> str | None:
        transport = http_client._transport  # noqa: SLF001 - the library's
        if type(transport) is not self._replaying[asynchronous]:
            return "an http_client of the caller's"
        if http_client.is_closed:
            return "the client is closed"
        hooks = http_client._event_hooks  # noqa: SLF001 - the library's
        # Azure's client has one for redirects, which are not followed here.
        if (hooks["request"] or hooks["response"]) and not are_pristine(
            (*hooks["request"], *hooks["response"]), self._places[:1]
        ):
            return "event hooks"
        if http_client._mounts:  # noqa: SLF001 - the library's
            return "a proxy or another mount"
        if http_client._auth is not None:  # noqa: SLF001 - the library's
            return "authentication of the http_client"
        if not _HTTP_METHODS.isdisjoint(http_client.__dict__):
            return "a method of the http_client was replaced"
        if not _TRANSPORT_METHODS.isdisjoint(transport.__dict__):
            return "a method of the http_client's transport was replaced"
        library = self._library
        return library.changed_client(asynchronous=asynchronous) or library.changed_transport(asynchronous=asynchronous)
