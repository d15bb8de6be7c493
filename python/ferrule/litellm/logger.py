"""Callbacks: `CustomLogger`, functions, and when they are called, before and after calls.

Those of synchronous calls run in a thread of their own, one after the other, so that none holds up a call; `flush`
waits for them. Asynchronous methods of an asynchronous call are awaited as tasks of its event loop.
"""

from __future__ import annotations

import asyncio
import atexit
import datetime
import inspect
import logging
import queue
import threading
from typing import TYPE_CHECKING, Any

from ferrule.litellm.settings import settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrule.litellm.requests import Request

_log = logging.getLogger("ferrule")


class CustomLogger:
    """The base class of callbacks: override what is of interest.

    `kwargs` is what is known of the call: `model`, `messages`, `optional_params`, `litellm_params` (with `metadata`),
    `custom_llm_provider`, `litellm_call_id`, `call_type`, `stream`, `api_base`; after it also `response_cost` and
    `standard_logging_object`, or `exception`.
    """

    def log_pre_api_call(self, model: str, messages: Any, kwargs: dict[str, Any]) -> None:
        """Before a request."""

    def log_post_api_call(self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any) -> None:
        """After a request, whatever came of it."""

    def log_stream_event(self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any) -> None:
        """At the end of a stream, before `log_success_event`."""

    def log_success_event(self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any) -> None:
        """After an answer; after that of a stream with the whole of it."""

    def log_failure_event(self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any) -> None:
        """After an error."""

    async def async_log_pre_api_call(self, model: str, messages: Any, kwargs: dict[str, Any]) -> None:
        """Before a request of an asynchronous call."""

    async def async_log_stream_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """At the end of a stream of an asynchronous call."""

    async def async_log_success_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """After an answer of an asynchronous call."""

    async def async_log_failure_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """After an error of an asynchronous call."""


_KNOWN = "a callback is a function or a CustomLogger; Ferrule has no integrations by name (docs/observers.md)"


def wanted() -> bool:
    """Whether there are callbacks."""
    return bool(
        settings.callbacks
        or settings.success_callback
        or settings.failure_callback
        or settings.input_callback
        or settings.async_success_callback
        or settings.async_failure_callback
    )


class _Worker:
    """The thread in which callbacks of synchronous calls run."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def put(self, work: Callable[[], None]) -> None:
        self._waiting.put(work)
        with self._starting:
            # In a child process after a fork the thread is not there.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="ferrule-litellm-callbacks", daemon=True)
                self._thread.start()

    def flush(self, timeout: float) -> bool:
        if self._thread is None or not self._thread.is_alive() or threading.current_thread() is self._thread:
            return True
        done = threading.Event()
        self._waiting.put(done.set)
        return done.wait(timeout)

    def _run(self) -> None:
        while True:
            work = self._waiting.get()
            try:
                work()
            except Exception:
                _log.exception("a callback failed")


_worker = _Worker()
atexit.register(_worker.flush, 5.0)


def flush(timeout: float = 5.0) -> bool:
    """Waits until the callbacks of synchronous calls so far have run.

    Args:
        timeout: Seconds to wait at most.

    Returns:
        Whether they have.
    """
    return _worker.flush(timeout)


class Watch:
    """Notifies the callbacks of one call."""

    def __init__(self, request: Request, call_type: str) -> None:
        self._request = request
        self._async = call_type.startswith("a")
        self._begun = datetime.datetime.now()  # noqa: DTZ005 - as litellm's, without a time zone
        metadata = request.own.get("metadata") or {}
        self.kwargs: dict[str, Any] = {
            "model": request.model,
            "messages": request.messages,
            "input": request.messages,
            "optional_params": dict(request.body),
            "litellm_params": {
                "metadata": metadata,
                "api_base": request.api_base,
                "custom_llm_provider": request.provider.name,
                "model_info": request.own.get("model_info") or {},
                "litellm_call_id": request.identify(),
            },
            "metadata": metadata,
            "custom_llm_provider": request.provider.name,
            "api_base": request.api_base,
            "litellm_call_id": request.identify(),
            "call_type": call_type,
            "stream": request.stream,
            "user": request.body.get("user"),
            "start_time": self._begun,
            "cache_hit": None,
        }
        if not self._async:
            self._before()

    def _before(self) -> None:
        for one in (*settings.input_callback, *settings.callbacks):
            if isinstance(one, CustomLogger):
                self._call(one.log_pre_api_call, self._request.model, self._request.messages, self.kwargs)
            elif callable(one) and one in settings.input_callback:
                self._call(one, {**self.kwargs, "log_event_type": "pre_api_call"})

    async def started(self) -> None:
        """Notifies of the beginning of an asynchronous call."""
        self._before()
        for one in (*settings.input_callback, *settings.callbacks):
            if isinstance(one, CustomLogger):
                await self._acall(one.async_log_pre_api_call, self._request.model, self._request.messages, self.kwargs)

    def succeeded(self, response: Any) -> None:
        """Notifies of an answer, in the callbacks' thread."""
        ended = self._end(response)
        _worker.put(lambda: self._tell_success(response, ended))

    def failed(self, error: BaseException) -> None:
        """Notifies of an error, in the callbacks' thread."""
        ended = self._end_failed(error)
        _worker.put(lambda: self._tell_failure(ended))

    async def asucceeded(self, response: Any) -> None:
        """Notifies of an answer of an asynchronous call."""
        _later(self._atell_success(response, self._end(response)))

    async def afailed(self, error: BaseException) -> None:
        """Notifies of an error of an asynchronous call."""
        _later(self._atell_failure(self._end_failed(error)))

    def ended(self, reply: Any, error: BaseException | None) -> None:
        """Notifies of the end of a stream."""
        if error is not None:
            ended = self._end_failed(error)
            if self._async:
                _later(self._atell_failure(ended))
            else:
                _worker.put(lambda: self._tell_failure(ended))
            return
        whole = self._request.response(reply)
        ended = self._end(whole)
        self.kwargs["complete_streaming_response"] = whole
        if self._async:
            self.kwargs["async_complete_streaming_response"] = whole
            _later(self._atell_success(whole, ended))
        else:
            _worker.put(lambda: self._tell_success(whole, ended))

    def _end(self, response: Any) -> datetime.datetime:
        ended = datetime.datetime.now()  # noqa: DTZ005 - as above
        hidden = response.hidden_params
        cost = hidden.get("response_cost")
        usage = response.get("usage")
        self.kwargs.update(
            end_time=ended, response_cost=cost, cache_hit=hidden.get("cache_hit"), log_event_type="successful_api_call"
        )
        self.kwargs["standard_logging_object"] = {
            **self._standard(ended, "success"),
            "response_cost": cost or 0.0,
            "response": response,
            "cache_hit": hidden.get("cache_hit"),
            "hidden_params": hidden,
            "prompt_tokens": getattr(usage, "prompt_tokens", 0),
            "completion_tokens": getattr(usage, "completion_tokens", 0),
            "total_tokens": getattr(usage, "total_tokens", 0),
        }
        return ended

    def _end_failed(self, error: BaseException) -> datetime.datetime:
        ended = datetime.datetime.now()  # noqa: DTZ005 - as above
        self.kwargs.update(end_time=ended, exception=error, response_cost=0.0, log_event_type="failed_api_call")
        self.kwargs["standard_logging_object"] = {
            **self._standard(ended, "failure"),
            "response_cost": 0.0,
            "error_str": str(error),
            "error_information": {
                "error_code": str(getattr(error, "status_code", "")),
                "error_class": type(error).__name__,
                "llm_provider": self._request.provider.name,
            },
        }
        return ended

    def _standard(self, ended: datetime.datetime, status: str) -> dict[str, Any]:
        return {
            "id": self.kwargs["litellm_call_id"],
            "call_type": self.kwargs["call_type"],
            "status": status,
            "model": self._request.model,
            "custom_llm_provider": self._request.provider.name,
            "api_base": self._request.api_base or "",
            "model_id": self._request.model_id,
            "messages": self._request.messages,
            "model_parameters": self.kwargs["optional_params"],
            "metadata": self.kwargs["metadata"],
            "stream": self._request.stream,
            "startTime": self._begun.timestamp(),
            "endTime": ended.timestamp(),
            "response_time": (ended - self._begun).total_seconds(),
        }

    def _tell_success(self, response: Any, ended: datetime.datetime) -> None:
        for one in _unique(settings.success_callback, settings.callbacks):
            if isinstance(one, CustomLogger):
                self._call(one.log_post_api_call, self.kwargs, response, self._begun, ended)
                if self._request.stream:
                    self._call(one.log_stream_event, self.kwargs, response, self._begun, ended)
                self._call(one.log_success_event, self.kwargs, response, self._begun, ended)
            else:
                self._call(one, self.kwargs, response, self._begun, ended)

    def _tell_failure(self, ended: datetime.datetime) -> None:
        for one in _unique(settings.failure_callback, settings.callbacks):
            if isinstance(one, CustomLogger):
                self._call(one.log_post_api_call, self.kwargs, None, self._begun, ended)
                self._call(one.log_failure_event, self.kwargs, None, self._begun, ended)
            else:
                self._call(one, self.kwargs, None, self._begun, ended)

    async def _atell_success(self, response: Any, ended: datetime.datetime) -> None:
        for one in _unique(settings.success_callback, settings.callbacks, settings.async_success_callback):
            if isinstance(one, CustomLogger):
                if self._request.stream:
                    await self._acall(one.async_log_stream_event, self.kwargs, response, self._begun, ended)
                await self._acall(one.async_log_success_event, self.kwargs, response, self._begun, ended)
            else:
                await self._acall(one, self.kwargs, response, self._begun, ended)

    async def _atell_failure(self, ended: datetime.datetime) -> None:
        for one in _unique(settings.failure_callback, settings.callbacks, settings.async_failure_callback):
            if isinstance(one, CustomLogger):
                await self._acall(one.async_log_failure_event, self.kwargs, None, self._begun, ended)
            else:
                await self._acall(one, self.kwargs, None, self._begun, ended)

    def _call(self, function: Any, *arguments: Any) -> None:
        if not callable(function):
            _refuse(function)
            return
        try:
            outcome = function(*arguments)
            if inspect.iscoroutine(outcome):
                asyncio.run(outcome)
        except Exception:
            _log.exception("callback %s failed", getattr(function, "__qualname__", function))

    async def _acall(self, function: Any, *arguments: Any) -> None:
        if not callable(function):
            _refuse(function)
            return
        try:
            outcome = function(*arguments)
            if inspect.isawaitable(outcome):
                await outcome
        except Exception:
            _log.exception("callback %s failed", getattr(function, "__qualname__", function))


def turn_on_debug() -> None:
    """Logs what Ferrule does at DEBUG, to the standard error output: of prompts, answers and keys nothing."""
    _log.setLevel(logging.DEBUG)
    if not logging.getLogger().handlers and not _log.handlers:
        _log.addHandler(logging.StreamHandler())


def begin(request: Request, call_type: str) -> Watch:
    """Notifies the callbacks that a call begins."""
    return Watch(request, call_type)


_refused: set[str] = set()


def _refuse(named: Any) -> None:
    if str(named) not in _refused:
        _refused.add(str(named))
        _log.warning("callback %r is not called: %s", named, _KNOWN)


def _unique(*lists: list[Any]) -> list[Any]:
    found: list[Any] = []
    for one in [one for each in lists for one in each]:
        if not any(one is other for other in found):
            found.append(one)
    return found


_tasks: set[asyncio.Task[None]] = set()


def _later(work: Any) -> None:
    task = asyncio.get_running_loop().create_task(work)
    _tasks.add(task)  # Loops hold their tasks weakly.
    task.add_done_callback(_tasks.discard)
