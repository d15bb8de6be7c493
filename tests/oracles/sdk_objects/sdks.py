"""The SDK that is installed: its `construct_type`, its `BaseModel`, and the types whose objects are compared."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any, NamedTuple


class Sdk(NamedTuple):
    """What is needed of one."""

    name: str
    construct_type: Any
    base_model: Any
    types: dict[str, Any]
    """By names that `transcripts.py` knows."""


def installed() -> Sdk:
    name = "openai" if importlib.util.find_spec("openai") else "anthropic"
    models = importlib.import_module(f"{name}._models")
    return Sdk(name, models.construct_type, models.BaseModel, openai_types() if name == "openai" else anthropic_types())


def openai_types() -> dict[str, Any]:
    types, chat, responses = (importlib.import_module(f"openai.types{part}") for part in ("", ".chat", ".responses"))
    return {
        "ChatCompletion": chat.ChatCompletion,
        "ChatCompletionChunk": chat.ChatCompletionChunk,
        "Completion": types.Completion,
        "CreateEmbeddingResponse": types.CreateEmbeddingResponse,
        "Response": responses.Response,
        "ResponseStreamEvent": responses.ResponseStreamEvent,
    }


def anthropic_types() -> dict[str, Any]:
    types, beta = (importlib.import_module(f"anthropic.types{part}") for part in ("", ".beta"))
    return {
        "Message": types.Message,
        "RawMessageStreamEvent": types.RawMessageStreamEvent,
        "MessageTokensCount": types.MessageTokensCount,
        "BetaMessage": beta.BetaMessage,
        "BetaRawMessageStreamEvent": beta.BetaRawMessageStreamEvent,
        "BetaMessageTokensCount": beta.BetaMessageTokensCount,
    }
