"""Call times: how long a call took and when its chunks came, for metrics and logs. A watch of `call_layers.py`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ferrule._native import ReasoningDelta, RefusalDelta, Reply, TextDelta, ToolCallDelta, ToolCallStart
from ferrule.errors import FerruleError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrule.call_layers import Call

_DELTAS = (TextDelta, ReasoningDelta, RefusalDelta, ToolCallStart, ToolCallDelta)


class CallTimes:
    """The times of one call.

    Args:
        call: The call.
        ended: Called once, at its end, with this, what was received, and the error.

    Attributes:
        duration: Seconds from its start to its end.
        first: Seconds to the first text, reasoning or tool call of a stream; `None` where none came.
        gaps: Seconds between the pieces of a stream.
        left: Whether its reader left it before its end.
    """

    def __init__(self, call: Call, ended: Callable[[CallTimes, Any, BaseException | None], None]) -> None:
        self.call = call
        self._ended = ended
        self._started = time.monotonic()
        self._last: float | None = None
        self._received: Any = None
        self._latest: Any = None
        self._is_over = False
        self.duration = 0.0
        self.first: float | None = None
        self.gaps: list[float] = []
        self.left = False

    def received_from(self, received: Any) -> None:
        """Takes the function that gives what was received so far."""
        self._received = received

    def delivered(self, value: Any) -> None:
        """A reply, a dict, a batch of a stream, or its end."""
        operation = self.call.operation
        if operation == "stream" and value is not None:
            for event in value:
                if isinstance(event, _DELTAS):
                    at = event.received_at
                    if self._last is None:
                        self.first = max(at - self._started, 0.0)
                    else:
                        self.gaps.append(max(at - self._last, 0.0))
                    self._last = at
        elif operation == "speech" and value is not None:
            if isinstance(value, list) and value and isinstance(value[0], dict):
                self._latest = value[0]
        elif not self._is_over:
            self._end(self._reply() if value is None else value, None)

    def failed(self, error: BaseException) -> None:
        """The call raised `error`."""
        if not self._is_over:
            self._end(None, error)

    def closed(self) -> None:
        """The reader left the call."""
        if not self._is_over:
            self.left = True
            self._end(self._reply(), None)

    def _reply(self) -> Any:
        return self._received() if self.call.operation == "stream" and self._received else self._latest

    def _end(self, value: Any, error: BaseException | None) -> None:
        self._is_over = True
        self.duration = time.monotonic() - self._started
        self._ended(self, value, error)


def who_answered(call: Call, value: Any, error: BaseException | None) -> tuple[str | None, str | None]:
    """The provider and the model that answered, by the last attempt: the names that `client.usage()` has."""
    attempts: Any = ()
    if isinstance(error, FerruleError):
        attempts = error.attempts
    elif isinstance(value, Reply):
        attempts = value.attempts
    elif isinstance(value, dict):
        attempts = value.get("attempts") or ()
    if attempts:
        return attempts[-1].provider, attempts[-1].model
    named = call.model if isinstance(call.model, str) else None
    return getattr(error, "provider", None), getattr(error, "model", None) or named
