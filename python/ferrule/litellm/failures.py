"""Failures of calls as litellm's exceptions: by status, and by what Ferrule found the error to be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ferrule import errors
from ferrule.litellm import exceptions

if TYPE_CHECKING:
    from ferrule.errors import FerruleError

_BY_STATUS: dict[int, type[exceptions.LiteLLMError]] = {
    400: exceptions.BadRequestError,
    401: exceptions.AuthenticationError,
    404: exceptions.NotFoundError,
    408: exceptions.Timeout,
    422: exceptions.BadRequestError,
    429: exceptions.RateLimitError,
    500: exceptions.InternalServerError,
    502: exceptions.BadGatewayError,
    503: exceptions.ServiceUnavailableError,
    504: exceptions.Timeout,
}
_UNREADABLE = (errors.ResponseDecodeError, errors.ConnectError)


def exception_of(error: FerruleError, provider: str, model: str, api_base: str | None = None) -> Exception:
    """The exception of litellm's for `error`.

    Args:
        error: What Ferrule raised.
        provider: The provider, by litellm's name.
        model: The model that was called.
        api_base: Where it was called.
    """
    title = _title(provider)
    body = _error_object(error)
    said = (body or {}).get("message") if isinstance((body or {}).get("message"), str) else None
    said = said or _own_words(error)
    context: dict[str, Any] = {"model": model, "llm_provider": provider, "url": api_base}
    if isinstance(error, errors.ProviderError):
        context["request_id"] = error.request_id
        context["text"] = error.body or ""
        context["answered"] = error.status
        context["litellm_response_headers"] = _headers(error)
    if isinstance(error, errors.StreamInterruptedError):
        return _mid_stream(error, said, title, context)
    if isinstance(error, errors.BudgetExceededError):
        return exceptions.BudgetExceededError(float(error.spent or 0), float(error.amount or 0), said)
    if isinstance(error, errors.ContextLengthError):
        return exceptions.ContextWindowExceededError(f"ContextWindowExceededError: {title} - {said}", **context)
    if isinstance(error, errors.ContentFilteredError):
        return exceptions.ContentPolicyViolationError(
            f"ContentPolicyViolationError: {title} - {said}", body=body, **context
        )
    if isinstance(error, errors.UnsupportedError):
        from ferrule.litellm.parameters import unsupported
        from ferrule.litellm.providers import Provider

        return unsupported(Provider(provider, provider, model, False), [error.field or said])
    if isinstance(error, errors.TimeoutError):
        return exceptions.Timeout(f"Timeout Error: {title} - {said}", **context)
    if isinstance(error, errors.ConfigError):
        kind = exceptions.AuthenticationError if "key" in said else exceptions.BadRequestError
        return kind(f"{kind.__name__}: {title} - {said}", **context)
    if isinstance(error, _UNREADABLE):
        context.pop("answered", None)
        return exceptions.InternalServerError(f"InternalServerError: {title} - {said}", **context)
    return _by_status(error, said, title, body, context)


def _by_status(
    error: FerruleError, said: str, title: str, body: dict[str, Any] | None, context: dict[str, Any]
) -> Exception:
    status = getattr(error, "status", None) or _status_of(error)
    kind = _BY_STATUS.get(status)
    if kind is None:
        return exceptions.APIError(status_code=status, message=f"APIError: {title} - {said}", **context)
    if kind is exceptions.BadRequestError:
        return kind(f"{title} - {said}", body=body, **context)
    if kind is exceptions.Timeout:
        return kind(f"Timeout Error: {title} - {said}", exception_status_code=status, **context)
    carried = body if kind in (exceptions.RateLimitError, exceptions.InternalServerError) else None
    return kind(f"{kind.__name__}: {title} - {said}", body=carried, **context)


def _status_of(error: FerruleError) -> int:
    for kind, status in (
        (errors.AuthenticationError, 401),
        (errors.PermissionDeniedError, 403),
        (errors.NotFoundError, 404),
        (errors.QuotaExceededError, 429),
        (errors.RateLimitedError, 429),
        (errors.OverloadedError, 503),
        (errors.ServerError, 500),
        (errors.InvalidRequestError, 400),
    ):
        if isinstance(error, kind):
            return status
    return 500


def broken_off(error: FerruleError, provider: str, model: str, api_base: str | None, text: str) -> Exception:
    """The exception for an error after `text` of a stream was delivered."""
    raised = exception_of(error, provider, model, api_base)
    if isinstance(raised, exceptions.MidStreamFallbackError):
        return raised
    return exceptions.MidStreamFallbackError(
        getattr(raised, "message", str(raised)),
        model=model,
        llm_provider=provider,
        original_exception=raised,
        generated_content=text,
        url=api_base,
    )


def _mid_stream(error: FerruleError, said: str, title: str, context: dict[str, Any]) -> Exception:
    partial = error.partial_reply
    cause = exceptions.APIConnectionError(f"APIConnectionError: {title} - {said}", **context)
    text = partial.text if partial is not None else ""
    return exceptions.MidStreamFallbackError(
        cause.message,
        original_exception=cause,
        generated_content=text,
        is_pre_first_chunk=not text,
        **context,
    )


def _title(provider: str) -> str:
    if provider in ("openai", "text-completion-openai"):
        return "OpenAIException"
    return f"{provider.capitalize()}Exception"


def _error_object(error: FerruleError) -> dict[str, Any] | None:
    """The provider's error object, as openai's exceptions have it in `body`."""
    text = getattr(error, "body", None)
    if not text:
        return None
    try:
        found = json.loads(text)
    except ValueError:
        return None
    inner = found.get("error", found) if isinstance(found, dict) else None
    if isinstance(inner, str):
        return {"message": inner}
    return inner if isinstance(inner, dict) else None


def _own_words(error: FerruleError) -> str:
    """Ferrule's message, without the target that it begins with: that is in the exception's fields."""
    text = error.message
    prefix = f"{error.provider}/{error.model}: "
    return text[len(prefix) :] if text.startswith(prefix) else text


def _headers(error: errors.ProviderError) -> dict[str, str]:
    """The headers that are known of the response."""
    found = dict(getattr(error, "headers", None) or ())
    if error.request_id is not None:
        found.setdefault("x-request-id", error.request_id)
    if error.retry_after is not None:
        found.setdefault("retry-after", f"{error.retry_after:g}")
    return found
