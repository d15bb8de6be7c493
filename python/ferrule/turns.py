"""Turns of a conversation: which tool calls in it are answered, and which are not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ferrule._native import Message
from ferrule.tool_results import error_message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrule._native import ToolCall
    from ferrule.options import Messages

    Turn = Message | Mapping[str, Any]


def turns_of(messages: Messages) -> list[Turn]:
    """A prompt as a list of messages, a new one."""
    if isinstance(messages, str):
        return [Message("user", messages)]
    if isinstance(messages, (Message, Mapping)) or not hasattr(messages, "__iter__"):
        raise TypeError(f"messages: expected text or a list of messages, not {type(messages).__name__}")
    return list(messages)


def pending_calls(messages: Sequence[Turn]) -> list[ToolCall]:
    """The calls of the last message that has any, as far as nothing answers them."""
    position = _last_caller(messages)
    if position is None:
        return []
    return _unanswered(messages, position)


def answered_calls(messages: Sequence[Turn], declined: str) -> tuple[list[Turn], list[ToolCall]]:
    """The conversation as it can go on, and the calls that are to be answered first.

    Where something else than an answer follows a call, it is answered with the text `declined`: every provider refuses
    a conversation in which a call has no answer.
    """
    position = _last_caller(messages)
    calls = [] if position is None else _unanswered(messages, position)
    if position is None or not calls:
        return list(messages), []
    end = position + 1
    while end < len(messages) and _only_answers(messages[end]):
        end += 1
    if end == len(messages):
        return list(messages), calls
    answers = [error_message(call, declined) for call in calls]
    return [*messages[:end], *answers, *messages[end:]], []


def _last_caller(messages: Sequence[Turn]) -> int | None:
    for position in range(len(messages) - 1, -1, -1):
        if _calls(messages[position]):
            return position
    return None


def _unanswered(messages: Sequence[Turn], position: int) -> list[ToolCall]:
    answered: set[str] = set()
    for message in messages[position + 1 :]:
        answered |= _answered_ids(message)
    return [call for call in _calls(messages[position]) if call.id not in answered]


def _calls(message: Turn) -> list[ToolCall]:
    if isinstance(message, Message):
        return message.tool_calls
    return Message.from_dict(message).tool_calls if message.get("role") == "assistant" else []


def _only_answers(message: Turn) -> bool:
    if not _answered_ids(message):
        return False
    if isinstance(message, Message) or message.get("role") == "tool":
        return True
    content = message.get("content")
    blocks = content if isinstance(content, list) else []
    return all(isinstance(block, Mapping) and block.get("type") == "tool_result" for block in blocks)


def _answered_ids(message: Turn) -> set[str]:
    """The ids of the calls that a message answers: in OpenAI's form, or in the blocks of Anthropic's."""
    if isinstance(message, Message):
        if message.role != "tool":
            return set()
        message = message.to_dict()
    answered = {message["tool_call_id"]} if message.get("tool_call_id") else set()
    content = message.get("content")
    blocks = content if isinstance(content, list) else []
    return answered | {
        block["tool_use_id"]
        for block in blocks
        if isinstance(block, Mapping) and block.get("type") == "tool_result" and block.get("tool_use_id")
    }
