"""Types that programs import from `litellm.types.utils`."""

from __future__ import annotations

from ferrule.litellm.chunks import ChatCompletionDeltaToolCall, Delta, ModelResponseStream, StreamingChoices
from ferrule.litellm.response import (
    ChatCompletionMessageToolCall,
    Choices,
    Function,
    FunctionCall,
    Message,
    ModelResponse,
    Usage,
)
from ferrule.litellm.results import (
    Embedding,
    EmbeddingResponse,
    ImageObject,
    ImageResponse,
    TextChoices,
    TextCompletionResponse,
    TranscriptionResponse,
)

__all__ = [
    "ChatCompletionDeltaToolCall",
    "ChatCompletionMessageToolCall",
    "Choices",
    "Delta",
    "Embedding",
    "EmbeddingResponse",
    "Function",
    "FunctionCall",
    "ImageObject",
    "ImageResponse",
    "Message",
    "ModelResponse",
    "ModelResponseStream",
    "StreamingChoices",
    "TextChoices",
    "TextCompletionResponse",
    "TranscriptionResponse",
    "Usage",
]
