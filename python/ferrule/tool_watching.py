"""Watchers of tool calls, which make spans of them: notified of each call that `tool_execution.py` makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from ferrule._native import ToolCall
    from ferrule.run_events import ToolResult
    from ferrule.typing_compat import Self


class ToolWatcher(Protocol):
    """Watches calls of tools."""

    def tool_span(self, call: ToolCall, owner: Any) -> AbstractContextManager[Any] | None:
        """What is entered for the time of a call, and gets its result by `ended`; `None` for nothing.

        `owner` is the client whose run makes it; `None` where a program does.
        """
        ...


_watchers: tuple[ToolWatcher, ...] = ()


def add_watcher(watcher: ToolWatcher) -> None:
    """Has `watcher` notified of calls that begin from now on."""
    global _watchers
    _watchers = (*_watchers, watcher)


def remove_watcher(watcher: ToolWatcher) -> None:
    """Undoes `add_watcher`."""
    global _watchers
    _watchers = tuple(one for one in _watchers if one is not watcher)


class watched:  # noqa: N801 - a context manager
    """Notifies the watchers of a call, in a `with` statement around it; `ended` takes its result."""

    __slots__ = ("_call", "_entered", "_owner")

    def __init__(self, call: ToolCall, owner: Any) -> None:
        self._call = call
        self._owner = owner
        self._entered: list[Any] = []

    def __enter__(self) -> Self:
        for watcher in _watchers:
            span = watcher.tool_span(self._call, self._owner)
            if span is not None:
                span.__enter__()
                self._entered.append(span)
        return self

    def ended(self, result: ToolResult) -> ToolResult:
        """Takes the result, and gives it back."""
        for span in self._entered:
            span.ended(result)
        return result

    def __exit__(self, *error: object) -> None:
        for span in reversed(self._entered):
            span.__exit__(*error)
