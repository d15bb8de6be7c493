"""litellm's functions on Ferrule's engine: `from ferrule import litellm` in place of `import litellm`.

litellm need not be installed. docs/coming-from/litellm.md says what is there, and what differs.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ferrule.litellm.builder import stream_chunk_builder
from ferrule.litellm.caching import Cache, disable_cache, enable_cache, update_cache
from ferrule.litellm.chat import acompletion, batch_completion, completion
from ferrule.litellm.chunks import CustomStreamWrapper, Delta, ModelResponseStream, StreamingChoices
from ferrule.litellm.config import ProxyConfig, read_config
from ferrule.litellm.costs import completion_cost, cost_per_token, response_cost_calculator
from ferrule.litellm.exceptions import (
    LITELLM_EXCEPTION_TYPES,
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    AuthenticationError,
    BadGatewayError,
    BadRequestError,
    BudgetExceededError,
    ContentPolicyViolationError,
    ContextWindowExceededError,
    ImageFetchError,
    InternalServerError,
    InvalidRequestError,
    JSONSchemaValidationError,
    LiteLLMUnknownProvider,
    MidStreamFallbackError,
    ModelNotMappedError,
    NotFoundError,
    OpenAIError,
    PaymentRequiredError,
    PermissionDeniedError,
    RateLimitError,
    RejectedRequestError,
    ServiceUnavailableError,
    Timeout,
    UnprocessableEntityError,
    UnsupportedParamsError,
)
from ferrule.litellm.logger import CustomLogger, turn_on_debug
from ferrule.litellm.models import (
    get_max_tokens,
    get_model_info,
    model_cost,
    register_model,
    supports_audio_input,
    supports_audio_output,
    supports_function_calling,
    supports_parallel_function_calling,
    supports_pdf_input,
    supports_prompt_caching,
    supports_reasoning,
    supports_response_schema,
    supports_system_messages,
    supports_tool_choice,
    supports_vision,
    supports_web_search,
)
from ferrule.litellm.module import SettingsModule
from ferrule.litellm.operations import (
    aembedding,
    aimage_generation,
    arerank,
    aspeech,
    atranscription,
    embedding,
    image_generation,
    rerank,
    speech,
    transcription,
)
from ferrule.litellm.providers import get_llm_provider, validate_environment
from ferrule.litellm.response import ChatCompletionMessageToolCall, Choices, Function, Message, ModelResponse, Usage
from ferrule.litellm.responses_api import aresponses, responses
from ferrule.litellm.results import (
    EmbeddingResponse,
    HttpxBinaryResponseContent,
    ImageResponse,
    RerankResponse,
    ResponsesAPIResponse,
    TextCompletionResponse,
    TranscriptionResponse,
)
from ferrule.litellm.router import Router
from ferrule.litellm.router_settings import AllowedFailsPolicy, RetryPolicy
from ferrule.litellm.supported import get_supported_openai_params
from ferrule.litellm.texts import atext_completion, text_completion
from ferrule.litellm.tokens import token_counter

__all__ = [
    "LITELLM_EXCEPTION_TYPES",
    "APIConnectionError",
    "APIError",
    "APIResponseValidationError",
    "AllowedFailsPolicy",
    "AuthenticationError",
    "BadGatewayError",
    "BadRequestError",
    "BudgetExceededError",
    "Cache",
    "ChatCompletionMessageToolCall",
    "Choices",
    "ContentPolicyViolationError",
    "ContextWindowExceededError",
    "CustomLogger",
    "CustomStreamWrapper",
    "Delta",
    "EmbeddingResponse",
    "Function",
    "HttpxBinaryResponseContent",
    "ImageFetchError",
    "ImageResponse",
    "InternalServerError",
    "InvalidRequestError",
    "JSONSchemaValidationError",
    "LiteLLMUnknownProvider",
    "Message",
    "MidStreamFallbackError",
    "ModelNotMappedError",
    "ModelResponse",
    "ModelResponseStream",
    "NotFoundError",
    "OpenAIError",
    "PaymentRequiredError",
    "PermissionDeniedError",
    "ProxyConfig",
    "RateLimitError",
    "RejectedRequestError",
    "RerankResponse",
    "ResponsesAPIResponse",
    "RetryPolicy",
    "Router",
    "ServiceUnavailableError",
    "StreamingChoices",
    "TextCompletionResponse",
    "Timeout",
    "TranscriptionResponse",
    "UnprocessableEntityError",
    "UnsupportedParamsError",
    "Usage",
    "acompletion",
    "aembedding",
    "aimage_generation",
    "arerank",
    "aresponses",
    "aspeech",
    "atext_completion",
    "atranscription",
    "batch_completion",
    "completion",
    "completion_cost",
    "cost_per_token",
    "disable_cache",
    "embedding",
    "enable_cache",
    "get_llm_provider",
    "get_max_tokens",
    "get_model_info",
    "get_supported_openai_params",
    "image_generation",
    "model_cost",
    "read_config",
    "register_model",
    "rerank",
    "response_cost_calculator",
    "responses",
    "speech",
    "stream_chunk_builder",
    "supports_audio_input",
    "supports_audio_output",
    "supports_function_calling",
    "supports_parallel_function_calling",
    "supports_pdf_input",
    "supports_prompt_caching",
    "supports_reasoning",
    "supports_response_schema",
    "supports_system_messages",
    "supports_tool_choice",
    "supports_vision",
    "supports_web_search",
    "text_completion",
    "token_counter",
    "transcription",
    "turn_on_debug",
    "update_cache",
    "validate_environment",
]

if TYPE_CHECKING:
    # What `SettingsModule` reads and sets.
    api_key: str | None
    api_base: str | None
    openai_key: str | None
    azure_key: str | None
    anthropic_key: str | None
    cohere_key: str | None
    groq_key: str | None
    openrouter_key: str | None
    huggingface_key: str | None
    togetherai_api_key: str | None
    replicate_key: str | None
    organization: str | None
    headers: dict[str, str] | None
    drop_params: bool
    modify_params: bool
    num_retries: int | None
    request_timeout: float
    model_alias_map: dict[str, str]
    default_fallbacks: list[Any] | None
    context_window_fallbacks: list[dict[str, list[str]]] | None
    cache: Any
    callbacks: list[Any]
    success_callback: list[Any]
    failure_callback: list[Any]
    input_callback: list[Any]
    _async_success_callback: list[Any]
    _async_failure_callback: list[Any]
    custom_prompt_dict: dict[str, Any]
    set_verbose: bool
    suppress_debug_info: bool
    telemetry: bool
    max_budget: float
    _current_cost: float
    api_version: str | None
    vertex_project: str | None
    vertex_location: str | None

_turn_on_debug = turn_on_debug

# `ferrule.litellm.drop_params = True` is to reach the package's own code.
sys.modules[__name__].__class__ = SettingsModule
