"""Execution of tool calls: synchronous tools in threads, asynchronous ones on an event loop, several at once.

A tool's thread is a daemon of its own, not one of a pool's: an interrupted program does not wait for tools at its exit.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import inspect
import itertools
import queue
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

from ferrule.own_loop import tools_loop
from ferrule.run_events import ToolResult
from ferrule.tool_arguments import ArgumentsError
from ferrule.tool_results import error_message, result_message
from ferrule.tool_watching import watched
from ferrule.toolbox import MAX_RESULT_LENGTH, Toolbox

if TYPE_CHECKING:
    import concurrent.futures
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable, Sequence

    from ferrule._native import Message, ToolCall

_T = TypeVar("_T")

# How many tools run at once: a model may ask for any number.
_MAX_PARALLEL = 32
# How long a wait in the main thread lasts at most: not every platform interrupts a longer one for Ctrl-C.
_WAIT = 0.25
_LATE = "the tool did not finish within the time limit of the run"


class PreparedCall:
    """A call that can be made: the tool is there, and the arguments fit."""

    def __init__(
        self, call: ToolCall, start: Callable[[], Any], *, is_async: bool, max_result_length: int, owner: Any = None
    ) -> None:
        self.call = call
        self.owner = owner
        """The client whose run makes it."""
        self.start = start
        self.is_async = is_async
        self.max_result_length = max_result_length

    def succeeded(self, value: Any, started: float) -> ToolResult:
        """The result of a tool that returned `value`, which may be nothing that a model can be sent."""
        try:
            message = result_message(self.call, value, self.max_result_length)
        except Exception as error:
            return self.failed(error, started)
        return ToolResult(self.call, message, value=value, duration=time.monotonic() - started)

    def failed(self, error: Exception, started: float) -> ToolResult:
        """The result of a tool that raised `error`."""
        message = error_message(self.call, error, self.max_result_length)
        return ToolResult(self.call, message, error=error, duration=time.monotonic() - started)


def prepare(toolbox: Toolbox, call: ToolCall) -> PreparedCall | ToolResult:
    """A call that can be made, or the answer to one that cannot."""
    try:
        start = toolbox.bind(call)
    except ArgumentsError as error:
        return ToolResult(call, error_message(call, error, MAX_RESULT_LENGTH), error=error)
    tool = toolbox.find(call.name)
    length = MAX_RESULT_LENGTH if tool is None else tool.max_result_length
    is_async = tool is not None and tool.is_async
    return PreparedCall(call, start, is_async=is_async, max_result_length=length, owner=toolbox.owner)


class Coroutines:
    """The coroutines of tools that threads wait for, to be cancelled together."""

    def __init__(self, loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
        """Takes the function that gives the loop to run them on."""
        self._loop = loop
        self._lock = threading.Lock()
        self._running: set[concurrent.futures.Future[Any]] = set()
        self._cancelled = False

    def result(self, awaitable: Awaitable[Any]) -> Any:
        """Runs it on the loop, and waits for what it returns."""
        future = asyncio.run_coroutine_threadsafe(_awaited(awaitable), self._loop())
        with self._lock:
            self._running.add(future)
            cancelled = self._cancelled
        if cancelled:
            future.cancel()
        try:
            return future.result()
        finally:
            with self._lock:
                self._running.discard(future)

    def cancel(self) -> None:
        """Cancels those that run, and those that are still to come."""
        with self._lock:
            self._cancelled = True
            running = list(self._running)
        for future in running:
            future.cancel()


async def _awaited(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def call_blocking(prepared: PreparedCall, coroutines: Coroutines) -> ToolResult:
    """Makes a call in this thread."""
    with watched(prepared.call, prepared.owner) as watch:
        return watch.ended(_call_blocking(prepared, coroutines))


def _call_blocking(prepared: PreparedCall, coroutines: Coroutines) -> ToolResult:
    started = time.monotonic()
    try:
        value = prepared.start()
        if inspect.isawaitable(value):
            value = coroutines.result(value)
    except Exception as error:
        return prepared.failed(error, started)
    return prepared.succeeded(value, started)


async def call_on_loop(prepared: PreparedCall, coroutines: Coroutines) -> ToolResult:
    """Makes a call: an asynchronous tool on the running loop, any other in a thread."""
    if not prepared.is_async:
        return await in_thread(call_blocking, prepared, coroutines)
    with watched(prepared.call, prepared.owner) as watch:
        return watch.ended(await _call_async(prepared))


async def _call_async(prepared: PreparedCall) -> ToolResult:
    started = time.monotonic()
    try:
        value = await prepared.start()
    except Exception as error:
        return prepared.failed(error, started)
    return prepared.succeeded(value, started)


def run_blocking(
    calls: Sequence[PreparedCall], *, parallel: bool = True, deadline: float | None = None
) -> Generator[ToolResult, None, None]:
    """Makes calls, and yields their results as they come.

    Closing it cancels the asynchronous tools; threads cannot be stopped, but nobody waits for them any more.

    Args:
        calls: The calls.
        parallel: Whether to make them at once; otherwise one after the other, in order.
        deadline: When to stop waiting, on the clock of `time.monotonic()`. What has not come by then has failed.
    """
    coroutines = Coroutines(tools_loop.loop)
    left = enumerate(calls)
    results: queue.SimpleQueue[tuple[int, ToolResult | BaseException]] = queue.SimpleQueue()
    waiting = dict(enumerate(calls))
    lock, stopped = threading.Lock(), threading.Event()

    def work() -> None:
        while not stopped.is_set():
            with lock:
                taken = next(left, None)
            if taken is None:
                return
            position, prepared = taken
            try:
                results.put((position, call_blocking(prepared, coroutines)))
            except BaseException as error:  # `SystemExit`, for instance: the caller's, not the model's.
                results.put((position, error))

    for _ in range(min(len(calls), _MAX_PARALLEL) if parallel else min(len(calls), 1)):
        _start_thread(work)
    try:
        while waiting:
            position, result = _taken(results, deadline)
            if result is None:
                break
            del waiting[position]
            if isinstance(result, BaseException):
                raise result
            yield result
    finally:
        stopped.set()
        coroutines.cancel()
    yield from map(too_late, waiting.values())


def _taken(
    results: queue.SimpleQueue[tuple[int, ToolResult | BaseException]], deadline: float | None
) -> tuple[int, ToolResult | BaseException | None]:
    """The next result; `None` where none came by the deadline."""
    while True:
        wait = _WAIT if deadline is None else min(_WAIT, deadline - time.monotonic())
        try:
            return results.get(timeout=wait) if wait > 0 else results.get_nowait()
        except queue.Empty:
            if wait <= 0:
                return -1, None


async def run_on_loop(
    calls: Sequence[PreparedCall], *, parallel: bool = True, deadline: float | None = None
) -> AsyncGenerator[ToolResult, None]:
    """`run_blocking`, for the running event loop. Closing or cancelling it cancels the asynchronous tools."""
    loop = asyncio.get_running_loop()
    coroutines = Coroutines(lambda: loop)
    left = iter(calls)
    running: dict[asyncio.Task[ToolResult], PreparedCall] = {}
    places = _MAX_PARALLEL if parallel else 1
    try:
        while True:
            for prepared in itertools.islice(left, places - len(running)):
                running[loop.create_task(call_on_loop(prepared, coroutines))] = prepared
            if not running:
                return
            wait = None if deadline is None else max(0.0, deadline - time.monotonic())
            done, _ = await asyncio.wait(running, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                break
            for task in [task for task in running if task in done]:
                yield _outcome(task, running.pop(task))
    finally:
        coroutines.cancel()
        for task in running:
            task.cancel()
    for prepared in [*running.values(), *left]:
        yield too_late(prepared)


def _outcome(task: asyncio.Task[ToolResult], prepared: PreparedCall) -> ToolResult:
    try:
        return task.result()
    except asyncio.CancelledError:
        # The tool's own doing: if the run were cancelled, nobody would ask.
        return prepared.failed(RuntimeError("the tool was cancelled"), time.monotonic())


def too_late(prepared: PreparedCall) -> ToolResult:
    """The result of a tool that had not finished when the time of the run was over."""
    error = TimeoutError(_LATE)
    return ToolResult(prepared.call, error_message(prepared.call, _LATE), error=error)


async def in_thread(function: Callable[..., _T], *arguments: Any) -> _T:
    """What a function returns or raises that runs in a daemon thread, with the context variables of the caller."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_T] = loop.create_future()

    def settle(settled: Callable[[Any], None], outcome: Any) -> None:
        if not future.done():  # Else it was cancelled.
            settled(outcome)

    def work() -> None:
        settled: Callable[[Any], None] = future.set_result
        outcome: Any
        try:
            outcome = function(*arguments)
        except BaseException as error:
            settled, outcome = future.set_exception, error
        with contextlib.suppress(RuntimeError):  # The loop was closed in the meantime.
            loop.call_soon_threadsafe(settle, settled, outcome)

    _start_thread(work)
    return await future


def _start_thread(work: Callable[[], None]) -> None:
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(work,), name="ferrule-tool", daemon=True).start()


def run_call(call: ToolCall, tools: Iterable[Any]) -> Message:
    """`ToolCall.run`: makes the call in this thread."""
    prepared = prepare(tools if isinstance(tools, Toolbox) else Toolbox(tools), call)
    if isinstance(prepared, ToolResult):
        return prepared.message
    coroutines = Coroutines(tools_loop.loop)
    try:
        return call_blocking(prepared, coroutines).message
    finally:
        coroutines.cancel()


async def arun_call(call: ToolCall, tools: Iterable[Any]) -> Message:
    """`ToolCall.arun`: makes the call from the running event loop."""
    prepared = prepare(tools if isinstance(tools, Toolbox) else Toolbox(tools), call)
    if isinstance(prepared, ToolResult):
        return prepared.message
    loop = asyncio.get_running_loop()
    coroutines = Coroutines(lambda: loop)
    try:
        return (await call_on_loop(prepared, coroutines)).message
    finally:
        coroutines.cancel()
