"""Failures of routed calls, as the HTTP responses and transport errors that an SDK makes its own exceptions of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn, cast

from ferrule import errors
from ferrule.dropin.facts import RoutedCall
from ferrule.dropin.sdk import ErrorFacts, Sdk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrule.errors import FerruleError

# The first class that an error is an instance of says the status of one that came without.
_STATUSES: tuple[tuple[type[FerruleError], int], ...] = (
    (errors.AuthenticationError, 401),
    (errors.PermissionDeniedError, 403),
    (errors.NotFoundError, 404),
    (errors.ContentFilteredError, 400),
    (errors.InvalidRequestError, 400),
    (errors.QuotaExceededError, 429),
    (errors.RateLimitedError, 429),
    (errors.OverloadedError, 503),
    (errors.ResponseDecodeError, 502),
    (errors.ProviderError, 500),
    (errors.UnsupportedError, 400),
    (errors.ConfigError, 400),
)


def answer(error: FerruleError, sdk: Sdk, request: Any) -> Any:
    """The response that stands for `error`.

    Args:
        error: What the call ended with before it gave anything.
        sdk: Who is told.
        request: The HTTP request of the SDK.

    Raises:
        TransportError: httpx's, where no server answered; the SDK makes `APIConnectionError` or `APITimeoutError` of
            it.
    """
    facts = _facts(error)
    if facts is None:
        raise_transport_error(error, sdk, request)
    body = _own_body(error, sdk) or json.dumps(sdk.error_body(facts)).encode()
    # The engine has retried what can be retried.
    headers = {"content-type": "application/json", "x-should-retry": "false"}
    if facts.request_id is not None:
        headers[sdk.request_id_header] = facts.request_id
    delay = getattr(error, "retry_after", None)
    if delay is not None:
        headers["retry-after"] = f"{delay:g}"
    return sdk.httpx.Response(
        facts.status,
        headers=headers,
        content=body,
        request=request,
        extensions={"ferrule": RoutedCall(error)},
    )


def event(error: FerruleError, sdk: Sdk, request: Any) -> bytes:
    """The frame of a stream that says `error`, which broke it off.

    Raises:
        TransportError: httpx's, where it was not the provider that said so.
    """
    facts = _facts(error)
    if facts is None or isinstance(error, errors.ResponseDecodeError):
        raise_transport_error(error, sdk, request)
    return sdk.error_event(json.dumps(sdk.error_body(facts)))


def raise_transport_error(error: FerruleError, sdk: Sdk, request: Any) -> NoReturn:
    """Raises what httpx raises where no server answered, or no more."""
    httpx = sdk.httpx
    if isinstance(error, errors.ConnectTimeoutError):
        kind = httpx.ConnectTimeout
    elif isinstance(error, errors.TimeoutError):
        kind = httpx.ReadTimeout
    elif isinstance(error, errors.ConnectError):
        kind = httpx.ConnectError
    else:
        kind = httpx.RemoteProtocolError
    raise kind(str(error), request=request) from error


def _facts(error: FerruleError) -> ErrorFacts | None:
    """What the body says of an error; `None` where it has no status."""
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), None)
    if status is None:
        return None
    said: int | None = getattr(error, "status", None)
    if said is not None and said >= 400:
        status = said
    kind, code, param = (getattr(error, name, None) for name in ("error_type", "code", "param"))
    if isinstance(error, errors.ConfigError):
        if error.provider:  # It has no key, most often.
            status, code = 401, "invalid_api_key"
        elif error.model is None:  # The name led nowhere, before there was a call.
            status, code = 404, "model_not_found"
        else:  # None of a group's targets may be asked now.
            status = 503
    elif isinstance(error, errors.UnsupportedError):
        code, param = "unsupported_parameter", error.field
    elif isinstance(error, errors.ContextLengthError):
        code = code or "context_length_exceeded"
    elif isinstance(error, errors.QuotaExceededError):
        code = code or "insufficient_quota"
    return ErrorFacts(
        status=status,
        message=str(error),
        kind=kind,
        code=code,
        param=param,
        request_id=getattr(error, "request_id", None),
        overloaded=isinstance(error, errors.OverloadedError),
    )


def _own_body(error: FerruleError, sdk: Sdk) -> bytes | None:
    """The provider's own body, where it is in the form that the SDK reads."""
    text = getattr(error, "body", None)
    if not text or isinstance(error, errors.ResponseDecodeError):
        return None
    try:
        body: object = json.loads(text)
    except ValueError:  # Long ones are cut.
        return None
    expected = sdk.error_body(ErrorFacts(status=500, message=""))
    return text.encode() if _is_alike(body, expected) else None


def _is_alike(body: object, expected: Mapping[str, Any]) -> bool:
    """Whether a body has the fields that every error of the SDK's own provider has."""
    if not isinstance(body, dict):
        return False
    found = cast("dict[str, Any]", body)
    if found.get("type") != expected.get("type"):
        return False
    inner = found.get("error")
    return isinstance(inner, dict) and "type" in inner and isinstance(cast("dict[str, Any]", inner).get("message"), str)
