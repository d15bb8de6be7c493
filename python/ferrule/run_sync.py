"""Runs of the synchronous client: each action of `ferrule.run` is done here, and blocks."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Generator, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic

from ferrule._native import TextDelta
from ferrule.errors import FerruleError
from ferrule.own_loop import tools_loop
from ferrule.run import Approve, CallModel, Emit, Execute, Run, Steps
from ferrule.tool_execution import Coroutines, run_blocking
from ferrule.typing_compat import Self, T

if TYPE_CHECKING:
    from ferrule._native import Reply, ToolCall
    from ferrule.client import Client
    from ferrule.options import Model
    from ferrule.run_events import RunEvent, ToolResult

__all__ = ["RunStream"]


class RunStream(Generic[T]):
    """A run as it goes on: the events of the model's streams, and `StepStart`, `ToolResult` and `StepEnd`.

    Iterate once, over the events or over the `text`. Use it in a `with` statement, or close it. Reading it raises the
    errors of `Client.run`.
    """

    def __init__(self, events: Generator[RunEvent, None, None], run: Run[T]) -> None:
        self._events = events
        self._run = run

    def __iter__(self) -> Iterator[RunEvent]:
        return self

    def __next__(self) -> RunEvent:
        return next(self._events)

    def __repr__(self) -> str:
        state = self._run.stopped or "not over"
        return f"<{type(self).__name__}: {state}, {len(self._run.replies)} replies so far>"

    @property
    def text(self) -> Iterator[str]:
        """The text of the model's replies, in chunks."""
        for event in self:
            if type(event) is TextDelta and event.choice == 0:
                yield event.text

    def run(self) -> Run[T]:
        """What the run did so far; all of it at the end."""
        return self._run

    def close(self) -> None:
        """Ends the run: the model's stream and asynchronous tools; nobody waits for tools in threads any more."""
        self._events.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def finish(client: Client, model: Model, steps: Steps) -> Run[Any]:
    """Makes a run, and waits for its end."""
    for _ in _drive(client, model, steps, stream=False):
        pass
    return steps.run


def follow(client: Client, model: Model, steps: Steps) -> RunStream[Any]:
    """Makes a run whose events are followed. It goes on as they are read."""
    return RunStream(_drive(client, model, steps, stream=True), steps.run)


def _drive(client: Client, model: Model, steps: Steps, *, stream: bool) -> Generator[RunEvent, None, None]:
    outcome: Any = None
    with contextlib.closing(steps.actions()) as actions:
        while True:
            try:
                action = actions.send(outcome)
            except StopIteration:
                return
            if isinstance(action, Emit):
                outcome = yield action.event
            elif isinstance(action, CallModel):
                outcome = yield from _call_model(client, model, steps, action, stream=stream)
            elif isinstance(action, Approve):
                outcome = _approval(steps, action.call)
            else:
                outcome = yield from _execute(action, parallel=steps.parallel)


def _call_model(
    client: Client, model: Model, steps: Steps, request: CallModel, *, stream: bool
) -> Generator[RunEvent, None, Reply | None]:
    try:
        if not stream:
            return client.complete(model, request.messages, **request.options)
        with client.stream(model, request.messages, **request.options) as streamed:
            yield from streamed
            return streamed.reply()
    except FerruleError as error:
        steps.cut_off(error, request)
        return None


def _approval(steps: Steps, call: ToolCall) -> Any:
    said: Any = None if steps.approve is None else steps.approve(call)
    if not inspect.isawaitable(said):
        return said
    coroutines = Coroutines(tools_loop.loop)
    try:
        return coroutines.result(said)
    finally:
        coroutines.cancel()


def _execute(action: Execute, *, parallel: bool) -> Generator[RunEvent, None, list[ToolResult]]:
    results: list[ToolResult] = []
    with contextlib.closing(run_blocking(action.calls, parallel=parallel, deadline=action.deadline)) as coming:
        for result in coming:
            results.append(result)
            yield result
    return results
