"""Exceptions: every error that Ferrule raises, as one tree.

    FerruleError
    +-- ProviderError                the provider answered with an error
    |   +-- AuthenticationError      the key is missing, wrong or expired
    |   +-- PermissionDeniedError    the key is not allowed to do this
    |   +-- NotFoundError            there is no such model, deployment or address
    |   +-- InvalidRequestError      the request itself is wrong
    |   |   +-- ContextLengthError   the prompt is longer than the model's context window
    |   +-- ContentFilteredError     a safety filter refused
    |   +-- RateLimitedError         too many requests or tokens for now
    |   +-- QuotaExceededError       the account has no credit or quota left
    |   +-- OverloadedError          the provider is too busy
    |   +-- ServerError              the provider failed
    |       +-- ResponseDecodeError  the provider's response cannot be read
    +-- ConnectError                 no connection
    +-- TimeoutError                 (also the built-in TimeoutError)
    |   +-- ConnectTimeoutError      while connecting
    |   +-- FirstByteTimeoutError    waiting for the first byte of the response
    |   +-- IdleTimeoutError         waiting between two chunks of the response
    |   +-- TotalTimeoutError        the whole call
    +-- StreamInterruptedError       a stream broke off; `partial_reply` is what came before
    |   +-- StreamStalledError       it stood still (also an IdleTimeoutError)
    +-- BudgetExceededError          a budget of your own has not enough left
    +-- ParseError                   a reply has no value of the type asked for (also ValueError)
    +-- ConfigError                  the configuration is not usable
    +-- UnsupportedError             the provider's wire format cannot carry an option
    +-- CallRefusedError             an interceptor of the program's own refused the call

This module is the only list of them. `ferrule` re-exports it, and the engine raises its classes by name
(`crates/python/src/errors.rs`); tests compare both, and docs/errors.md, with it. All errors pickle; none holds a key.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import ferrule
from ferrule._native import Attempt, Reply


class FerruleError(Exception):
    """The base class of all errors of Ferrule.

    Attributes:
        message: What happened, in words.
        provider: The id of the provider that was called; `None` where no call was made.
        model: The model that was called; `None` where no call was made.
        attempts: Every attempt of the call, oldest first.
        partial_reply: What was received of the reply before a stream broke off; `None` where nothing was.
        partial_run: What `client.run` had done before the error; `None` where it was not a run's.
    """

    def __init__(
        self,
        message: str = "",
        *,
        provider: str | None = None,
        model: str | None = None,
        attempts: Sequence[Attempt] = (),
        partial_reply: Reply | None = None,
    ) -> None:
        super().__init__(message)
        self.partial_run: ferrule.Run | None = None
        self.message = message
        self.provider = provider
        self.model = model
        self.attempts = tuple(attempts)
        self.partial_reply = partial_reply

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return _rebuild, (type(self), self.args, dict(self.__dict__))


def _rebuild(kind: type[FerruleError], arguments: tuple[Any, ...], fields: dict[str, Any]) -> FerruleError:
    # Without `__init__`, which a class of the caller's own may have made anything of.
    error = kind.__new__(kind)
    error.args = arguments
    error.__dict__.update(fields)
    return error


class ProviderError(FerruleError):
    """The provider answered with an error.

    Attributes:
        status: The HTTP status; `None` for an error inside a stream.
        code: The provider's error code, as text.
        error_type: The provider's error type.
        param: The parameter at fault, where the provider names it.
        request_id: The provider's request id, for its support.
        retry_after: Seconds that the provider asks to wait; `None` where it does not say.
        body: The beginning of the response body, credentials masked.
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
        provider: str | None = None,
        model: str | None = None,
        attempts: Sequence[Attempt] = (),
        partial_reply: Reply | None = None,
    ) -> None:
        super().__init__(message, provider=provider, model=model, attempts=attempts, partial_reply=partial_reply)
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
    """The key is not allowed to do this."""


class NotFoundError(ProviderError):
    """There is no such model, deployment or address."""


class InvalidRequestError(ProviderError):
    """The request itself is wrong."""


class ContextLengthError(InvalidRequestError):
    """The prompt is longer than the model's context window."""


class ContentFilteredError(ProviderError):
    """A safety filter refused the prompt or the reply."""


class RateLimitedError(ProviderError):
    """Too many requests or tokens for now; `retry_after` may say for how long.

    Either the provider refused the call, or a limit of your own kept it from being sent: then `status` is `None`.

    Attributes:
        limit: The name of your limit; `None` where it is the provider's.
        scope: What that limit is kept of, such as `metadata.team`.
        scope_value: Which of those, such as the team's name.
    """

    def __init__(
        self,
        message: str = "",
        *,
        limit: str | None = None,
        scope: str | None = None,
        scope_value: str | None = None,
        status: int | None = None,
        code: str | None = None,
        error_type: str | None = None,
        param: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        body: str | None = None,
        provider: str | None = None,
        model: str | None = None,
        attempts: Sequence[Attempt] = (),
        partial_reply: Reply | None = None,
    ) -> None:
        super().__init__(
            message,
            status=status,
            code=code,
            error_type=error_type,
            param=param,
            request_id=request_id,
            retry_after=retry_after,
            body=body,
            provider=provider,
            model=model,
            attempts=attempts,
            partial_reply=partial_reply,
        )
        self.limit = limit
        self.scope = scope
        self.scope_value = scope_value


class QuotaExceededError(ProviderError):
    """The account has no credit or quota left."""


class OverloadedError(ProviderError):
    """The provider is too busy."""


class ServerError(ProviderError):
    """The provider failed."""


class ResponseDecodeError(ServerError):
    """The provider's response cannot be read: not JSON, not the wire format's, too long, or not HTTP.

    `status`, `request_id` and `body` (its beginning, or the event of a stream that cannot be read; credentials masked)
    say what came, where something did.
    """


class ConnectError(FerruleError):
    """No connection: the name, the address or TLS failed, or the connection broke before a response."""


class TimeoutError(FerruleError, builtins.TimeoutError):  # noqa: A001 - it is one
    """A time limit passed; the subclass says which."""


class ConnectTimeoutError(TimeoutError):
    """No connection within `timeout.connect` seconds."""


class FirstByteTimeoutError(TimeoutError):
    """No byte of the response within `timeout.first_byte` seconds."""


class IdleTimeoutError(TimeoutError):
    """Nothing more of the response for `timeout.idle` seconds."""


class TotalTimeoutError(TimeoutError):
    """The whole call took longer than `timeout.total` seconds."""


class StreamInterruptedError(FerruleError):
    """A stream broke off before its end; `partial_reply` is what was received of it."""


class StreamStalledError(StreamInterruptedError, IdleTimeoutError):
    """A stream that had begun stood still for `timeout.idle` seconds; `partial_reply` is what was received."""


class BudgetExceededError(FerruleError):
    """A budget of your own has not enough left for what the call may cost at most; nothing was sent.

    Attributes:
        budget: The budget's name.
        scope: What it is kept of, such as `metadata.team`.
        scope_value: Which of those, such as the team's name.
        amount: Dollars that may be spent in its window.
        spent: Dollars that were spent.
        reserved: Dollars that calls under way may spend.
        estimate: Dollars that the call may cost at most; `None` where that cannot be said.
        retry_after: Seconds until more may be spent; `None` where that is not known.
    """

    def __init__(
        self,
        message: str = "",
        *,
        budget: str | None = None,
        scope: str | None = None,
        scope_value: str | None = None,
        amount: Decimal | None = None,
        spent: Decimal | None = None,
        reserved: Decimal | None = None,
        estimate: Decimal | None = None,
        retry_after: float | None = None,
        provider: str | None = None,
        model: str | None = None,
        attempts: Sequence[Attempt] = (),
        partial_reply: Reply | None = None,
    ) -> None:
        super().__init__(message, provider=provider, model=model, attempts=attempts, partial_reply=partial_reply)
        self.budget = budget
        self.scope = scope
        self.scope_value = scope_value
        self.amount = amount
        self.spent = spent
        self.reserved = reserved
        self.estimate = estimate
        self.retry_after = retry_after


class ParseError(FerruleError, ValueError):
    """A reply has no value of the type that `response_format` asks for; `partial_reply` is the reply.

    Raised by `Reply.parsed`. An answer that was given in full but does not fit raises the error of its type's parser.

    Attributes:
        reason: `refusal`, `length` (cut off at `max_tokens`), `content_filter`, or `tool_calls`.
    """

    def __init__(
        self,
        message: str = "",
        *,
        reason: str | None = None,
        provider: str | None = None,
        model: str | None = None,
        attempts: Sequence[Attempt] = (),
        partial_reply: Reply[Any] | None = None,
    ) -> None:
        super().__init__(message, provider=provider, model=model, attempts=attempts, partial_reply=partial_reply)
        self.reason = reason


class ConfigError(FerruleError):
    """The configuration is not usable; the message names the setting and what to do."""


class UnsupportedError(FerruleError):
    """The provider's wire format cannot carry an option. `drop_params=True` drops such options with a warning.

    Attributes:
        field: The option.
    """

    def __init__(
        self,
        message: str = "",
        *,
        field: str | None = None,
        provider: str | None = None,
        model: str | None = None,
        attempts: Sequence[Attempt] = (),
        partial_reply: Reply | None = None,
    ) -> None:
        super().__init__(message, provider=provider, model=model, attempts=attempts, partial_reply=partial_reply)
        self.field = field


class CallRefusedError(FerruleError):
    """An interceptor refused the call, or failed; `__cause__` is its own error. See `client.intercept`.

    Attributes:
        stage: What it refused: the `request`, the `text` or the `answer`; `None` where that is not known.
        interceptor: Its name; `None` where that is not known.
    """

    def __init__(
        self,
        message: str = "",
        *,
        stage: str | None = None,
        interceptor: str | None = None,
        provider: str | None = None,
        model: str | None = None,
        attempts: Sequence[Attempt] = (),
        partial_reply: Reply[Any] | None = None,
    ) -> None:
        super().__init__(message, provider=provider, model=model, attempts=attempts, partial_reply=partial_reply)
        self.stage = stage
        self.interceptor = interceptor
