"""The errors of Ferrule, one tree.

    FerruleError
    +-- ProviderError                the provider answered with an error
    |   +-- AuthenticationError      the key is missing, wrong or expired
    |   +-- PermissionDeniedError    the key may not do this
    |   +-- NotFoundError            no such model, deployment or address
    |   +-- InvalidRequestError      the request itself is wrong
    |   |   +-- ContextLengthError   the prompt is longer than the model can read
    |   +-- ContentFilteredError     a safety filter refused
    |   +-- RateLimitedError         too many requests or tokens for now
    |   +-- QuotaExceededError       nothing left to spend
    |   +-- OverloadedError          the provider is too busy
    |   +-- ServerError              the provider failed, or its answer cannot be read
    +-- ConnectError                 no connection
    +-- TimeoutError                 (also the built-in TimeoutError)
    |   +-- ConnectTimeoutError      to connect
    |   +-- FirstByteTimeoutError    for the first byte of the answer
    |   +-- IdleTimeoutError         between two pieces of the answer
    |   +-- TotalTimeoutError        for the whole call
    +-- StreamInterruptedError       a stream broke off; `response` is what came before it
    +-- ConfigError                  the settings are not usable
    +-- UnsupportedError             the provider's dialect cannot carry a field

The engine raises them (`crates/python/src/errors.rs`). All of them pickle; none holds a key.
"""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ferrule._native import Attempt, Reply


class FerruleError(Exception):
    """The root of all errors of Ferrule.

    Attributes:
        message: What happened, in words.
        provider: The id of the provider asked; `None` where no call was made.
        model: The model asked for.
        attempts: Every attempt of the call, the last one last.
        response: The reply as far as it was received, where a stream broke off after it had begun; else `None`.
    """

    def __init__(
        self,
        message: str = "",
        *,
        provider: str | None = None,
        model: str | None = None,
        attempts: Sequence[Attempt] = (),
        response: Reply | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.provider = provider
        self.model = model
        self.attempts = tuple(attempts)
        self.response = response

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        fields = dict(self.__dict__)
        return _rebuild, (type(self), fields.pop("message", ""), fields)


def _rebuild(kind: type[FerruleError], message: str, fields: dict[str, Any]) -> FerruleError:
    error = kind(message)
    error.__dict__.update(fields)
    return error


class ProviderError(FerruleError):
    """The provider answered with an error.

    Attributes:
        status: The HTTP status; `None` for an error inside a stream.
        code: The provider's code, as text.
        error_type: The provider's type of error.
        param: The parameter at fault, where the provider names it.
        request_id: The provider's id of the request, for its support.
        retry_after: Seconds the provider asks to wait; `None` where it does not say.
        body: The beginning of the answer's body, credentials masked.
    """

    def __init__(
        self,
        message: str = "",
        *,
        status: int | None = None,
        code: str | None = None,
        error_type: str | None = None,
        param: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        body: str | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(message, **fields)
        self.status = status
        self.code = code
        self.error_type = error_type
        self.param = param
        self.request_id = request_id
        self.retry_after = retry_after
        self.body = body


class AuthenticationError(ProviderError):
    """The key is missing, wrong or expired."""


class PermissionDeniedError(ProviderError):
    """The key may not do this."""


class NotFoundError(ProviderError):
    """No such model, deployment or address."""


class InvalidRequestError(ProviderError):
    """The request itself is wrong."""


class ContextLengthError(InvalidRequestError):
    """The prompt is longer than the model can read."""


class ContentFilteredError(ProviderError):
    """A safety filter refused."""


class RateLimitedError(ProviderError):
    """Too many requests or tokens for now; `retry_after` may say for how long."""


class QuotaExceededError(ProviderError):
    """Nothing left to spend."""


class OverloadedError(ProviderError):
    """The provider is too busy."""


class ServerError(ProviderError):
    """The provider failed, or its answer cannot be read."""


class ConnectError(FerruleError):
    """No connection: the name, the address, TLS, or it broke before an answer."""


class TimeoutError(FerruleError, builtins.TimeoutError):  # noqa: A001 - it is one
    """A time limit passed; the subclass tells which."""


class ConnectTimeoutError(TimeoutError):
    """No connection within `timeout.connect` seconds."""


class FirstByteTimeoutError(TimeoutError):
    """No byte of an answer within `timeout.first_byte` seconds."""


class IdleTimeoutError(TimeoutError):
    """The answer stopped for longer than `timeout.idle` seconds."""


class TotalTimeoutError(TimeoutError):
    """The whole call took longer than `timeout.total` seconds."""


class StreamInterruptedError(FerruleError):
    """A stream broke off before its end; `response` is what was received of it."""


class ConfigError(FerruleError):
    """The settings are not usable; the text names the setting and what to do."""


class UnsupportedError(FerruleError):
    """The provider's dialect cannot carry a field. `drop_params=True` leaves such fields out with a warning.

    Attributes:
        field: The field.
    """

    def __init__(self, message: str = "", *, field: str | None = None, **fields: Any) -> None:
        super().__init__(message, **fields)
        self.field = field
