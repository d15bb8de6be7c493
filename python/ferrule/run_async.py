"""Runs of the asynchronous client: each action of `ferrule.run` is done here, and awaited."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import AsyncGenerator, AsyncIterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic

from ferrule._native import TextDelta
from ferrule.errors import FerruleError
from ferrule.run import Approve, CallModel, Emit, Run, Steps
from ferrule.tool_execution import in_thread, run_on_loop
from ferrule.typing_compat import Self, T

if TYPE_CHECKING:
    from ferrule._native import ToolCall
    from ferrule.async_client import AsyncClient
    from ferrule.options import Model
    from ferrule.run_events import RunEvent

__all__ = ["AsyncRunStream"]


class AsyncRunStream(Generic[T]):
    """A run as it goes on: the events of the model's streams, and `StepStart`, `ToolResult` and `StepEnd`.

    Iterate once, from one task, over the events or over the `text`. Use it in an `async with` statement, or `aclose`
    it. Reading it raises the errors of `AsyncClient.run`.
    """

    def __init__(self, events: AsyncGenerator[RunEvent, None], run: Run[T]) -> None:
        self._events = events
        self._run = run

    def __aiter__(self) -> AsyncIterator[RunEvent]:
        return self

    async def __anext__(self) -> RunEvent:
        return await self._events.__anext__()

    def __repr__(self) -> str:
        state = self._run.stopped or "not over"
        return f"<{type(self).__name__}: {state}, {len(self._run.replies)} replies so far>"

    @property
    async def text(self) -> AsyncIterator[str]:
        """The text of the model's replies, in chunks."""
        async for event in self:
            if type(event) is TextDelta and event.choice == 0:
                yield event.text

    def run(self) -> Run[T]:
        """What the run did so far; all of it at the end."""
        return self._run

    async def aclose(self) -> None:
        """Ends the run: the model's stream and asynchronous tools; nobody waits for tools in threads any more."""
        await self._events.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()


async def finish(client: AsyncClient, model: Model, steps: Steps) -> Run[Any]:
    """Makes a run, and waits for its end. Cancelling it cancels the model's call and the tools."""
    async with contextlib.aclosing(_drive(client, model, steps, stream=False)) as events:
        async for _ in events:
            pass
    return steps.run


def follow(client: AsyncClient, model: Model, steps: Steps) -> AsyncRunStream[Any]:
    """Makes a run whose events are followed. It goes on as they are read."""
    return AsyncRunStream(_drive(client, model, steps, stream=True), steps.run)


async def _drive(client: AsyncClient, model: Model, steps: Steps, *, stream: bool) -> AsyncGenerator[RunEvent, None]:
    outcome: Any = None
    with contextlib.closing(steps.actions()) as actions:
        while True:
            try:
                action = actions.send(outcome)
            except StopIteration:
                return
            outcome = None
            if isinstance(action, Emit):
                yield action.event
            elif isinstance(action, Approve):
                outcome = await _approval(steps, action.call)
            elif isinstance(action, CallModel):
                try:
                    if stream:
                        async with client.stream(model, action.messages, **action.options) as streamed:
                            async for event in streamed:
                                yield event
                        outcome = streamed.reply()
                    else:
                        outcome = await client.complete(model, action.messages, **action.options)
                except FerruleError as error:
                    steps.cut_off(error, action)
            else:
                outcome = results = []
                coming = run_on_loop(action.calls, parallel=steps.parallel, deadline=action.deadline)
                async with contextlib.aclosing(coming) as results_coming:
                    async for result in results_coming:
                        results.append(result)
                        yield result


async def _approval(steps: Steps, call: ToolCall) -> Any:
    if steps.approve is None:
        return None
    if inspect.iscoroutinefunction(steps.approve):
        return await steps.approve(call)
    # It may ask somebody, and block.
    said = await in_thread(steps.approve, call)
    return await said if inspect.isawaitable(said) else said
