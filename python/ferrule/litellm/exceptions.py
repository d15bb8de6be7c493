"""Exceptions with litellm's names and hierarchy. Where openai is imported they are openai's as well; all pickle.

    AuthenticationError, NotFoundError, PermissionDeniedError, UnprocessableEntityError, RateLimitError,
    InternalServerError, ServiceUnavailableError, BadGatewayError, APIError, APIConnectionError, Timeout,
    APIResponseValidationError (JSONSchemaValidationError), OpenAIError, InvalidRequestError,
    BadRequestError
    +-- ContextWindowExceededError, ContentPolicyViolationError, RejectedRequestError, UnsupportedParamsError,
        ImageFetchError, LiteLLMUnknownProvider, PaymentRequiredError
    ServiceUnavailableError
    +-- MidStreamFallbackError
    BudgetExceededError, ModelNotMappedError (not openai's)

openai is not imported for it: its classes become base classes of these once a program has imported openai itself,
before the next of these is made.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable


class LiteLLMError(Exception):
    """The base class of the exceptions that carry a provider and a model.

    Attributes:
        message: What happened, in words.
        status_code: The HTTP status, or the one that stands for the kind of error.
        llm_provider: The provider, by litellm's name.
        model: The model that was called.
        body: The provider's error object; `None` where there is none.
        code: The provider's error code.
        param: The parameter at fault.
        type: The provider's type of error.
        request_id: The provider's id of the request.
        num_retries: How often the call was repeated.
        max_retries: How often it might have been repeated.
        litellm_debug_info: More for people; `None` where there is none.
        litellm_response_headers: The headers that the provider answered with, where they are known.
    """

    openai_name: ClassVar[str | None] = None
    status: ClassVar[int] = 500
    positional: ClassVar[tuple[str, ...]] = ("message", "model", "llm_provider")

    def __new__(cls, *arguments: Any, **fields: Any) -> Any:
        """Makes openai's classes its base classes, where they are there by now."""
        del fields
        adopt_openai()
        return super().__new__(cls, *arguments)

    def __init__(self, *arguments: Any, **fields: Any) -> None:
        given = dict(zip(self.positional, arguments, strict=False))
        given.update(fields)
        message = given.pop("message", "")
        self.status_code: int = given.pop("status_code", None) or self.status
        self.message: str = f"litellm.{type(self).__name__}: {message}"
        self.llm_provider: str | None = given.pop("llm_provider", None)
        self.model: str | None = given.pop("model", None)
        self.litellm_debug_info: str | None = given.pop("litellm_debug_info", None)
        self.max_retries: int | None = given.pop("max_retries", None)
        self.num_retries: int | None = given.pop("num_retries", None)
        self.body: Any = given.pop("body", None)
        details: dict[str, Any] = self.body if isinstance(self.body, dict) else {}
        code = details.get("code")
        self.code: Any = None if code is None else str(code)
        self.param: Any = details.get("param")
        self.type: Any = details.get("type")
        self.request_id: str | None = given.pop("request_id", None)
        self.litellm_response_headers: dict[str, str] | None = given.pop("litellm_response_headers", None)
        self._response: Any = given.pop("response", None)
        self._url: str | None = given.pop("url", None)
        self._text: str = given.pop("text", "")
        answered: int | None = given.pop("answered", None)
        self._answered: int = answered or self.status_code
        if answered is not None and self.openai_name != "APIError":
            self.status_code = answered  # As of openai's status errors.
        for name, value in given.items():
            setattr(self, name, value)
        # Not openai's constructors, which want responses of httpx.
        Exception.__init__(self, self.message)

    @property
    def response(self) -> Any:
        """The provider's response: httpx's where that is installed, else an object with the same attributes."""
        if self._response is None:
            from ferrule.litellm.error_response import response_of

            url = self._url or "https://litellm.ai"
            self._response = response_of(self._answered, self.litellm_response_headers or {}, self._text, url)
        return self._response

    @response.setter
    def response(self, value: Any) -> None:
        self._response = value

    @property
    def request(self) -> Any:
        """The request that was answered, as far as it is known."""
        return self.response.request

    @request.setter
    def request(self, value: Any) -> None:
        del value  # As openai's constructors set it; it is the response's.

    def __str__(self) -> str:
        text = self.message
        if self.num_retries:
            text += f" LiteLLM Retried: {self.num_retries} times"
        if self.max_retries:
            text += f", LiteLLM Max Retries: {self.max_retries}"
        return text

    __repr__ = __str__

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        state = {**self.__dict__, "_response": None}
        return _rebuild, (type(self), self.args, state)


def _rebuild(kind: type[Exception], arguments: tuple[Any, ...], state: dict[str, Any]) -> Exception:
    adopt_openai()
    error = kind.__new__(kind)
    error.args = arguments
    error.__dict__.update(state)
    return error


class AuthenticationError(LiteLLMError):
    """The key is missing, wrong or expired."""

    openai_name = "AuthenticationError"
    status = 401
    positional: ClassVar[tuple[str, ...]] = ("message", "llm_provider", "model")


class NotFoundError(LiteLLMError):
    """There is no such model or address."""

    openai_name = "NotFoundError"
    status = 404


class BadRequestError(LiteLLMError):
    """The request itself is wrong."""

    openai_name = "BadRequestError"
    status = 400


class ImageFetchError(BadRequestError):
    """An image of the prompt cannot be fetched."""


class PaymentRequiredError(BadRequestError):
    """The account has no credit left."""

    status = 402


class RejectedRequestError(BadRequestError):
    """A check before the call refused it."""

    positional: ClassVar[tuple[str, ...]] = ("message", "model", "llm_provider", "request_data")


class ContextWindowExceededError(BadRequestError):
    """The prompt is longer than the model's context window."""

    def __init__(self, *arguments: Any, **fields: Any) -> None:
        super().__init__(*arguments, **fields)
        said = self.message.partition(": ")[2]
        self.message = f"litellm.ContextWindowExceededError: litellm.BadRequestError: {said}"
        self.args = (self.message,)


class ContentPolicyViolationError(BadRequestError):
    """A safety filter refused the prompt or the answer."""

    def __init__(self, *arguments: Any, **fields: Any) -> None:
        self.provider_specific_fields: dict[str, Any] | None = fields.pop("provider_specific_fields", None)
        super().__init__(*arguments, **fields)
        said = self.message.partition(": ")[2]
        self.message = f"litellm.BadRequestError: litellm.ContentPolicyViolationError: {said}"
        self.args = (self.message,)


class UnsupportedParamsError(BadRequestError):
    """The provider has no such parameter. `drop_params=True` drops it."""

    positional: ClassVar[tuple[str, ...]] = ("message", "llm_provider", "model")


class LiteLLMUnknownProvider(BadRequestError):
    """There is no such provider."""

    positional: ClassVar[tuple[str, ...]] = ("model", "custom_llm_provider")

    def __init__(self, model: str = "", custom_llm_provider: str | None = None, **fields: Any) -> None:
        fields.setdefault("message", NO_PROVIDER.format(model=model))
        fields.setdefault("llm_provider", custom_llm_provider)
        super().__init__(model=model, **fields)


NO_PROVIDER = (
    "LLM Provider NOT provided. Pass in the LLM provider you are trying to call. You passed model={model}\n "
    "Pass model as `provider/model`, for example `openai/gpt-5-mini`; `ferrule providers` lists the providers."
)


class UnprocessableEntityError(LiteLLMError):
    """The provider cannot process the request."""

    openai_name = "UnprocessableEntityError"
    status = 422


class PermissionDeniedError(LiteLLMError):
    """The key is not allowed to do this."""

    openai_name = "PermissionDeniedError"
    status = 403
    positional: ClassVar[tuple[str, ...]] = ("message", "llm_provider", "model")


class RateLimitError(LiteLLMError):
    """Too many requests or tokens for now.

    Attributes:
        category: `vendor_rate_limit`, or `litellm_rate_limit` for a limit of our own.
        rate_limit_type: Which limit: `requests`, `tokens`, ...; `None` where nobody says.
    """

    openai_name = "RateLimitError"
    status = 429
    positional: ClassVar[tuple[str, ...]] = ("message", "llm_provider", "model")

    def __init__(self, *arguments: Any, **fields: Any) -> None:
        self.category: str = fields.pop("category", "vendor_rate_limit")
        self.rate_limit_type: str | None = fields.pop("rate_limit_type", None)
        self.headers: dict[str, str] | None = fields.pop("headers", None)
        detail = fields.pop("detail", None)
        super().__init__(*arguments, **fields)
        self.detail: Any = self.message if detail is None else detail
        self.code = "429"
        self.type = "throttling_error"


class Timeout(LiteLLMError):
    """The call took too long."""

    openai_name = "APITimeoutError"
    status = 408

    def __init__(self, *arguments: Any, **fields: Any) -> None:
        self.headers: dict[str, str] | None = fields.pop("headers", None)
        fields.setdefault("status_code", fields.pop("exception_status_code", None))
        super().__init__(*arguments, **fields)


class InternalServerError(LiteLLMError):
    """The provider failed.

    Attributes:
        provider_status_code: The provider's status, where it is not 500.
    """

    openai_name = "InternalServerError"
    status = 500
    positional: ClassVar[tuple[str, ...]] = ("message", "llm_provider", "model")

    def __init__(self, *arguments: Any, **fields: Any) -> None:
        self.provider_status_code: int | None = fields.pop("provider_status_code", None)
        super().__init__(*arguments, **fields)
        self.type = "internal_server_error"


class ServiceUnavailableError(LiteLLMError):
    """The provider is too busy, or down."""

    openai_name = "APIStatusError"
    status = 503
    positional: ClassVar[tuple[str, ...]] = ("message", "llm_provider", "model")


class BadGatewayError(LiteLLMError):
    """A gateway before the provider failed."""

    openai_name = "APIStatusError"
    status = 502
    positional: ClassVar[tuple[str, ...]] = ("message", "llm_provider", "model")


class MidStreamFallbackError(ServiceUnavailableError):
    """A stream broke off after it had begun.

    Attributes:
        generated_content: The text that had been delivered.
        is_pre_first_chunk: Whether nothing had been delivered.
        original_exception: What broke it off.
    """

    positional: ClassVar[tuple[str, ...]] = ("message", "model", "llm_provider", "original_exception")

    def __init__(self, *arguments: Any, **fields: Any) -> None:
        self.original_exception: Exception | None = None
        self.generated_content: str = fields.pop("generated_content", "")
        self.is_pre_first_chunk: bool = fields.pop("is_pre_first_chunk", False)
        self.emitted_disqualifying_content: bool = fields.pop("emitted_disqualifying_content", False)
        super().__init__(*arguments, **fields)
        if self.original_exception is not None:
            self.status_code = self._answered = getattr(self.original_exception, "status_code", 503)

    def __str__(self) -> str:
        text = super().__str__()
        cause = self.original_exception
        return text if cause is None else f"{text} Original exception: {type(cause).__name__}: {cause}"


class APIError(LiteLLMError):
    """The provider answered with an error that is no other's."""

    openai_name = "APIError"
    positional: ClassVar[tuple[str, ...]] = ("status_code", "message", "llm_provider", "model")


class APIConnectionError(LiteLLMError):
    """No connection, or one that broke."""

    openai_name = "APIConnectionError"
    positional: ClassVar[tuple[str, ...]] = ("message", "llm_provider", "model")


class APIResponseValidationError(LiteLLMError):
    """The answer is not what it should be."""

    openai_name = "APIResponseValidationError"
    positional: ClassVar[tuple[str, ...]] = ("message", "llm_provider", "model")


class JSONSchemaValidationError(APIResponseValidationError):
    """The answer does not fit the schema that was asked for."""

    positional: ClassVar[tuple[str, ...]] = ("model", "llm_provider", "raw_response", "schema")


class OpenAIError(LiteLLMError):
    """An error of OpenAI's library."""

    openai_name = "OpenAIError"


class InvalidRequestError(LiteLLMError):
    """The request is wrong: the old name of `BadRequestError`."""

    openai_name = "BadRequestError"
    status = 400


class ModelNotMappedError(Exception):
    """Nothing is known of the model: neither its price nor its size."""


class BudgetExceededError(Exception):
    """The calls cost as much as they may.

    Attributes:
        current_cost: What they cost, in dollars.
        max_budget: What they may cost.
    """

    def __init__(self, current_cost: float, max_budget: float, message: str | None = None) -> None:
        self.current_cost = current_cost
        self.max_budget = max_budget
        self.status_code = 429
        self.message = message or f"Budget has been exceeded! Current cost: {current_cost}, Max budget: {max_budget}"
        super().__init__(self.message)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return type(self), (self.current_cost, self.max_budget, self.message)


LITELLM_EXCEPTION_TYPES: list[type[Exception]] = [
    AuthenticationError,
    NotFoundError,
    BadRequestError,
    UnprocessableEntityError,
    UnsupportedParamsError,
    Timeout,
    PermissionDeniedError,
    RateLimitError,
    ContextWindowExceededError,
    PaymentRequiredError,
    RejectedRequestError,
    ContentPolicyViolationError,
    InternalServerError,
    ServiceUnavailableError,
    BadGatewayError,
    APIError,
    APIConnectionError,
    APIResponseValidationError,
    OpenAIError,
    JSONSchemaValidationError,
]
"""All that a call raises, as litellm lists them."""

_adopted = False


def adopt_openai() -> None:
    """Makes openai's classes base classes of these, once openai is imported. Does nothing the second time."""
    global _adopted
    openai = None if _adopted else sys.modules.get("openai")
    # While openai is being imported not all of its names are there.
    if openai is None or not hasattr(openai, "APIResponseValidationError") or not hasattr(openai, "RateLimitError"):
        return
    _adopted = True
    for kind in [one for one in globals().values() if isinstance(one, type) and issubclass(one, LiteLLMError)]:
        name = kind.__dict__.get("openai_name")
        if name is not None:
            kind.__bases__ = (*kind.__bases__, getattr(openai, name))


adopt_openai()
