"""Names that programs import from `litellm.utils`."""

from __future__ import annotations

from ferrule.litellm.chunks import CustomStreamWrapper, Delta, ModelResponseStream, StreamingChoices
from ferrule.litellm.models import (
    get_max_tokens,
    get_model_info,
    register_model,
    supports_audio_input,
    supports_function_calling,
    supports_parallel_function_calling,
    supports_prompt_caching,
    supports_reasoning,
    supports_response_schema,
    supports_system_messages,
    supports_vision,
)
from ferrule.litellm.providers import get_llm_provider, validate_environment
from ferrule.litellm.response import Choices, Function, Message, ModelResponse, Usage
from ferrule.litellm.results import EmbeddingResponse, ImageResponse, TextCompletionResponse, TranscriptionResponse
from ferrule.litellm.supported import get_supported_openai_params
from ferrule.litellm.tokens import token_counter

__all__ = [
    "Choices",
    "CustomStreamWrapper",
    "Delta",
    "EmbeddingResponse",
    "Function",
    "ImageResponse",
    "Message",
    "ModelResponse",
    "ModelResponseStream",
    "StreamingChoices",
    "TextCompletionResponse",
    "TranscriptionResponse",
    "Usage",
    "get_llm_provider",
    "get_max_tokens",
    "get_model_info",
    "get_supported_openai_params",
    "register_model",
    "supports_audio_input",
    "supports_function_calling",
    "supports_parallel_function_calling",
    "supports_prompt_caching",
    "supports_reasoning",
    "supports_response_schema",
    "supports_system_messages",
    "supports_vision",
    "token_counter",
    "validate_environment",
]
