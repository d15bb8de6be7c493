"""Thinking of models in litellm's form: `reasoning_content` and `thinking_blocks`, in answers and in conversations.

Ferrule keeps signed thinking among the parts of a message, where it has its place; litellm next to a text.
"""

from __future__ import annotations

from typing import Any

_BLOCKS = ("thinking", "redacted_thinking")


def from_ferrule(message: dict[str, Any]) -> dict[str, Any]:
    """A message of an answer, its content a text and its thinking in fields of its own."""
    parts = message.get("content")
    if not isinstance(parts, list) or any(part.get("type") not in (*_BLOCKS, "text") for part in parts):
        return message
    blocks = [{**part, "thinking": _text(part["thinking"])} if "thinking" in part else part for part in parts]
    blocks = [part for part in blocks if part["type"] in _BLOCKS]
    texts = [part["text"] for part in parts if part["type"] == "text"]
    made = {**message, "content": "".join(texts) if texts else None}
    if blocks:
        made["thinking_blocks"] = blocks
        thought = "".join(block.get("thinking", "") for block in blocks)
        if thought:
            made["reasoning_content"] = thought
    return made


def _text(thinking: Any) -> str:
    """The words of a block, which may be parts themselves."""
    if isinstance(thinking, str):
        return thinking
    return "".join(part.get("text", "") for part in thinking)


def to_ferrule(message: Any) -> Any:
    """A message of a conversation as Ferrule takes it, with its thinking among its parts."""
    if not isinstance(message, dict) or not message.get("thinking_blocks"):
        return message
    kept = {
        name: value
        for name, value in message.items()
        if name not in ("thinking_blocks", "reasoning_content", "provider_specific_fields")
    }
    content = kept.get("content")
    parts = [{"type": "text", "text": content}] if isinstance(content, str) and content else content or []
    return {**kept, "content": [*message["thinking_blocks"], *parts]}
