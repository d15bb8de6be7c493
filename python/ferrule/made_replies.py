"""Replies for unit tests, made without a call: `ferrule.testing.reply`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ferrule import Reply, ToolCall, Usage
from ferrule.configuration.suggestions import suggestion


def reply(
    text: str = "",
    *,
    tool_calls: Sequence[ToolCall | Mapping[str, Any]] = (),
    reasoning: str | None = None,
    refusal: str | None = None,
    finish_reason: str | None = None,
    model: str = "simulated",
    provider: str = "simulated",
    usage: Mapping[str, int] | None = None,
    cost: str | float | None = None,
    response_format: Any = None,
) -> Reply:
    """A `Reply` for unit tests, made without a call.

    Args:
        text: What the model says.
        tool_calls: The tools it calls: `ToolCall` objects, or dicts with `name`, `arguments` (a dict, or JSON text) and
            perhaps `id`.
        reasoning: Its reasoning.
        refusal: Its refusal.
        finish_reason: Why it ended. Default: `tool_calls` where it calls any, else `stop`.
        model: The model's name.
        provider: The provider's id.
        usage: Tokens by the names of `Usage`: `input_tokens`, `output_tokens`, ...
        cost: The cost in dollars.
        response_format: As the call has it, for `Reply.parsed`.

    Raises:
        TypeError, ValueError: An argument cannot stand in a reply.
    """
    for name in usage or ():
        if not (name.endswith("_tokens") and hasattr(Usage, name)):
            known = [one for one in dir(Usage) if one.endswith("_tokens")]
            raise TypeError(f"usage: unknown field `{name}`{suggestion(name, known)}")
    content: list[dict[str, Any]] = [{"type": "thinking", "thinking": reasoning, "signature": ""}] if reasoning else []
    content += [{"type": "text", "text": text}] if text else []
    content += [{"type": "refusal", "refusal": refusal}] if refusal else []
    calls = [_called(call, position) for position, call in enumerate(tool_calls)]
    message = {"role": "assistant", "content": content} | ({"tool_calls": calls} if calls else {})
    fields: dict[str, Any] = {
        "id": "reply-simulated",
        "model": model,
        "provider": provider,
        "choices": [
            {"index": 0, "message": message, "finish_reason": finish_reason or ("tool_calls" if calls else "stop")}
        ],
        "usage": dict(usage or {}),
    }
    if cost is not None:
        fields["cost"] = {"total": str(cost), "currency": "USD", "is_reported": True, "source": provider}
    return Reply.from_dict(fields, response_format=response_format)


def _called(call: ToolCall | Mapping[str, Any], position: int) -> dict[str, Any]:
    """A call in OpenAI's form."""
    if isinstance(call, ToolCall):
        identifier, name, arguments = call.id, call.name, call.arguments_json
    else:
        name, arguments = call["name"], call.get("arguments", {})
        identifier = call.get("id", f"call_{position + 1}")
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return {"id": identifier, "type": "function", "function": {"name": name, "arguments": text}}
