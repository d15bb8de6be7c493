"""Events of runs: what `stream_run` yields between the events of the streams."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Union

from ferrule.streams import Event

if TYPE_CHECKING:
    from ferrule._native import Message, Reply, ToolCall

__all__ = ["RunEvent", "StepEnd", "StepStart", "ToolResult"]


@dataclasses.dataclass(frozen=True)
class StepStart:
    """A step begins: the model is asked.

    Attributes:
        step: Its number, from 1.
    """

    step: int


@dataclasses.dataclass(frozen=True)
class ToolResult:
    """A tool call is answered.

    Attributes:
        call: The call.
        message: What is sent to the model.
        value: What the tool returned; `None` where it was not called, or failed.
        error: What the tool raised, or why it was not called; `None` where it succeeded.
        duration: How long the tool took, in seconds; 0 where it was not called.
    """

    call: ToolCall
    message: Message
    value: Any = None
    error: Exception | None = None
    duration: float = 0.0

    @property
    def is_error(self) -> bool:
        """Whether the message says that the call failed."""
        return self.error is not None

    @property
    def text(self) -> str:
        """The text that is sent to the model."""
        content: Any = self.message.to_dict()["content"]
        blocks = content if isinstance(content, list) else [content]
        return "".join(_texts(blocks))


@dataclasses.dataclass(frozen=True)
class StepEnd:
    """A step ends: the model has answered, and the tools that it called have.

    Attributes:
        step: Its number, from 1.
        reply: The model's reply.
    """

    step: int
    reply: Reply


RunEvent = Union[Event, StepStart, ToolResult, StepEnd]  # noqa: UP007 - also at run time, on Python 3.10
"""An event of a run."""


def _texts(blocks: list[Any]) -> list[str]:
    found: list[str] = []
    for block in blocks:
        if isinstance(block, str):
            found.append(block)
        elif isinstance(block, dict) and block.get("type") == "text":
            found.append(str(block["text"]))
        elif isinstance(block, dict) and block.get("type") == "tool_result":
            content = block.get("content")
            found += _texts(content if isinstance(content, list) else [content])
    return found
