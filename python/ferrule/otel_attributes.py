"""OpenTelemetry attributes of calls: what the GenAI semantic conventions call the parts of a request and a reply."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from ferrule._native import Message, Reply

if TYPE_CHECKING:
    from ferrule.base_client import BaseClient
    from ferrule.call_layers import Call

OPERATIONS = {
    "complete": "chat",
    "stream": "chat",
    "embed": "embeddings",
    "images": "generate_content",
    "speech": "generate_content",
}
"""The conventions' names of operations. Those that they do not have are called as our methods are."""

_PROVIDERS = {
    "openai-responses": "openai",
    "azure": "azure.ai.openai",
    "azure-deployments": "azure.ai.openai",
    "azure-ai": "azure.ai.inference",
    "azure-anthropic": "anthropic",
    "anthropic-compat": "anthropic",
    "gemini": "gcp.gemini",
    "gemini-compat": "gcp.gemini",
    "vertex": "gcp.vertex_ai",
    "vertex-express": "gcp.vertex_ai",
    "vertex-anthropic": "gcp.vertex_ai",
    "vertex-openapi": "gcp.vertex_ai",
    "bedrock": "aws.bedrock",
    "bedrock-compat": "aws.bedrock",
    "bedrock-mantle": "aws.bedrock",
    "cohere-compat": "cohere",
    "watsonx": "ibm.watsonx.ai",
    "mistral": "mistral_ai",
    "codestral": "mistral_ai",
    "xai": "x_ai",
}
"""The conventions' names of providers, where they are not ours."""

_REQUEST = {
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "top_k": "gen_ai.request.top_k",
    "max_tokens": "gen_ai.request.max_tokens",
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "presence_penalty": "gen_ai.request.presence_penalty",
    "seed": "gen_ai.request.seed",
    "dimensions": "gen_ai.embeddings.dimension.count",
}
_OUTPUTS = {"images": "image", "speech": "speech", "transcribe": "text"}
_PORTS = {"https": 443, "http": 80}


def provider_name(provider: str) -> str:
    """The conventions' name of a provider."""
    return _PROVIDERS.get(provider, provider)


def request_attributes(call: Call) -> dict[str, Any]:
    """What a request asks for, contents aside."""
    options = call.options
    found: dict[str, Any] = {
        attribute: options[name] for name, attribute in _REQUEST.items() if isinstance(options.get(name), (int, float))
    }
    if (stop := options.get("stop")) is not None:
        found["gen_ai.request.stop_sequences"] = [stop] if isinstance(stop, str) else [str(one) for one in stop]
    if (count := options.get("n")) not in (None, 1):
        found["gen_ai.request.choice.count"] = count
    if call.operation == "stream":
        found["gen_ai.request.stream"] = True
    if call.operation in _OUTPUTS:
        found["gen_ai.output.type"] = _OUTPUTS[call.operation]
    elif call.operation in ("complete", "stream") and options.get("response_format") is not None:
        found["gen_ai.output.type"] = "json" if _wants_json(options["response_format"]) else "text"
    for name, value in (options.get("metadata") or {}).items():
        found[f"ferrule.metadata.{name}"] = str(value)
    return found


def _wants_json(response_format: Any) -> bool:
    return not (isinstance(response_format, dict) and response_format.get("type") == "text")


def response_attributes(value: Any) -> dict[str, Any]:
    """What a reply says of itself: a `Reply`, or the dict that other operations deliver."""
    if isinstance(value, Reply):
        reasons = [choice.finish_reason for choice in value.choices if choice.finish_reason is not None]
        found: dict[str, Any] = {
            "gen_ai.response.id": value.id or None,
            "gen_ai.response.model": value.model or None,
            "gen_ai.response.finish_reasons": reasons or None,
        }
        usage: Any = value.usage
        attempts: Any = value.attempts
        cost, request = value.cost, value.request_id
    elif isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        found = {"gen_ai.response.id": fields.get("id") or None, "gen_ai.response.model": fields.get("model") or None}
        usage, cost = fields.get("usage"), fields.get("cost")
        attempts, request = fields.get("attempts") or (), fields.get("request_id")
    else:
        return {}
    if usage is not None:
        found |= {
            "gen_ai.usage.input_tokens": usage.input_tokens,
            "gen_ai.usage.output_tokens": usage.output_tokens,
            "gen_ai.usage.cache_read.input_tokens": usage.cache_read_tokens,
            "gen_ai.usage.cache_creation.input_tokens": usage.cache_write_tokens,
            "gen_ai.usage.reasoning.output_tokens": usage.reasoning_tokens,
        }
    found["ferrule.cost"] = None if cost is None else float(cost.total)
    found["ferrule.request_id"] = request
    found["ferrule.attempts"] = len(attempts) or None
    return {name: given for name, given in found.items() if given is not None}


def error_type(error: BaseException) -> str:
    """The class of an error: its name, with its module where it is none of Ferrule's."""
    kind = type(error)
    return kind.__name__ if kind.__module__ in ("ferrule.errors", "builtins") else f"{kind.__module__}.{kind.__name__}"


class Addresses:
    """The hosts and ports of a client's providers, as they are configured now."""

    def __init__(self) -> None:
        self._of: Any = None
        self._known: dict[str, dict[str, Any]] = {}

    def attributes(self, client: BaseClient | None, provider: str) -> dict[str, Any]:
        """`server.address` and `server.port` of a provider; nothing where they are not known."""
        if client is None or not provider:
            return {}
        configuration = client._live.configuration  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - ours
        if self._of is not configuration:
            self._of, self._known = configuration, {}
        if provider not in self._known:
            self._known[provider] = _address(client, provider)
        return self._known[provider]


def _address(client: BaseClient, provider: str) -> dict[str, Any]:
    fields: Mapping[str, Any] = client.registry.providers.get(provider) or {}
    address = str(fields.get("base_url") or "")
    for name, given in fields.items():
        if isinstance(given, str):
            address = address.replace(f"{{{name}}}", given)
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return {}
    if not parts.hostname or "{" in parts.hostname or "$" in parts.hostname:
        return {}
    found: dict[str, Any] = {"server.address": parts.hostname}
    if (port := port or _PORTS.get(parts.scheme)) is not None:
        found["server.port"] = port
    return found


def content_attributes(call: Call, value: Any) -> dict[str, Any]:
    """The contents of a call: messages, instructions and tools as JSON texts, in the conventions' form."""
    found: dict[str, Any] = {}
    options = call.options
    if call.operation in ("complete", "stream", "count_tokens"):
        found["gen_ai.input.messages"] = _json([_message(one) for one in _messages(call.input[0])])
        if (system := options.get("system")) is not None:
            found["gen_ai.system_instructions"] = _json(_parts(system))
        if options.get("tools"):
            found["gen_ai.tool.definitions"] = _json(options["tools"])
    elif call.operation != "transcribe":
        texts = call.input[0] if isinstance(call.input[0], (list, tuple)) else [call.input[0]]
        found["gen_ai.input.messages"] = _json([{"role": "user", "parts": _parts(list(texts))}])
    if isinstance(value, Reply):
        found["gen_ai.output.messages"] = _json(
            [{**_message(choice.message), "finish_reason": choice.finish_reason or "stop"} for choice in value.choices]
        )
    elif isinstance(value, dict) and isinstance(value.get("text"), str):
        part = {"type": "text", "content": value["text"]}
        found["gen_ai.output.messages"] = _json([{"role": "assistant", "parts": [part], "finish_reason": "stop"}])
    return found


def _messages(given: Any) -> list[Any]:
    return [{"role": "user", "content": given}] if isinstance(given, str) else list(given)


def _message(message: Any) -> dict[str, Any]:
    fields: Mapping[str, Any] = message.to_dict() if isinstance(message, Message) else message
    role = str(fields.get("role") or "user")
    if role == "tool":
        result = {"type": "tool_call_response", "id": fields.get("tool_call_id"), "response": fields.get("content")}
        return {"role": role, "parts": [result]}
    parts = _parts(fields.get("content"))
    for tool in fields.get("tool_calls") or ():
        named = tool.get("function") or tool
        call = {"type": "tool_call", "id": tool.get("id"), "name": named.get("name")}
        parts.append({**call, "arguments": named.get("arguments")})
    return {"role": role, "parts": parts}


def _parts(content: Any) -> list[dict[str, Any]]:
    if content is None:
        return []
    if isinstance(content, str):
        return [{"type": "text", "content": content}]
    if not isinstance(content, (list, tuple)):
        content = [content]
    found: list[dict[str, Any]] = []
    for block in content:
        if isinstance(block, str):
            found.append({"type": "text", "content": block})
        elif isinstance(block, Mapping) and isinstance(block.get("text"), str):
            found.append({"type": "text", "content": block["text"]})
        elif isinstance(block, Mapping) and block.get("type") in ("thinking", "reasoning"):
            found.append({"type": "reasoning", "content": block.get("thinking") or block.get("reasoning") or ""})
        elif isinstance(block, Mapping) and block.get("type") == "tool_use":
            call = {"type": "tool_call", "id": block.get("id"), "name": block.get("name")}
            found.append({**call, "arguments": block.get("input")})
        elif isinstance(block, Mapping) and block.get("type") == "tool_result":
            result = {"type": "tool_call_response", "id": block.get("tool_use_id")}
            found.append({**result, "response": block.get("content")})
        else:
            # Files would make an attribute of megabytes.
            kind = block.get("type") if isinstance(block, Mapping) else None
            found.append({"type": str(kind or type(block).__name__)})
    return found


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
