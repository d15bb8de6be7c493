"""Providers and tokens that are functions: what a client's decorators register, and how calls are answered.

The engine asks (`crates/python/src/function.rs`), and takes the answer in the form of OpenAI's Chat Completions; so
routing, retries, limits, usage and errors are those of every other provider.
"""

from __future__ import annotations

import asyncio
import inspect
import itertools
import json
import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from ferrule.errors import ProviderError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from ferrule._native import FunctionCall, LoopBridge

    TokenProvider = Callable[[], Any]
    Function = Callable[["ProviderRequest"], "Awaitable[Any] | AsyncIterator[Any]"]

_log = logging.getLogger("ferrule")


class ProviderRequest:
    """What a provider of one's own is asked.

    Attributes:
        model: The model, without the provider's name.
        messages: The conversation, in OpenAI's form.
        stream: Whether the answer is wanted piece by piece. A function need not care: either form is taken.
        options: All other fields of the request, in OpenAI's form: `tools`, `temperature`, `max_completion_tokens`, ...
    """

    __slots__ = ("messages", "model", "options", "stream")

    def __init__(self, call: FunctionCall) -> None:
        body: dict[str, Any] = json.loads(call.body)
        self.model: str = call.model
        self.messages: list[dict[str, Any]] = body.pop("messages", [])
        self.stream: bool = call.stream
        for name in ("model", "stream", "stream_options"):
            body.pop(name, None)
        self.options: dict[str, Any] = body

    def __repr__(self) -> str:
        return f"ProviderRequest(model={self.model!r}, messages={len(self.messages)}, stream={self.stream})"


class _Answer:
    """Writes what a function says, whole or in pieces."""

    def __init__(self, call: FunctionCall, request: ProviderRequest) -> None:
        self._call = call
        self._request = request
        self._head = {"id": f"function-{time.time_ns():x}", "created": int(time.time()), "model": request.model}
        # By field, the pieces that it came in. A stream's are not kept.
        self._said: dict[str, list[Any]] = {}
        self._calls_tools = False
        self._usage: dict[str, Any] | None = None
        self._finish: str | None = None

    async def add(self, piece: Any) -> None:
        """Takes a piece: text, a message or delta in OpenAI's form, or `{"usage": ..., "finish_reason": ...}`."""
        if isinstance(piece, str):
            piece = {"content": piece}
        elif not isinstance(piece, dict):
            kind = type(piece).__name__
            raise TypeError(f"a provider gives text, or dicts in the form of OpenAI's messages, not {kind}")
        delta = dict(piece)
        self._calls_tools = self._calls_tools or bool(delta.get("tool_calls"))
        self._usage = delta.pop("usage", None) or self._usage
        self._finish = delta.pop("finish_reason", None) or self._finish
        delta.pop("role", None)
        if not delta:
            return
        if self._request.stream:
            calls = delta.get("tool_calls") or []
            delta["tool_calls"] = [{"index": index, **call} for index, call in enumerate(calls)]
            if not calls:
                del delta["tool_calls"]
            await self._send(self._chunk([{"index": 0, "delta": delta, "finish_reason": None}]))
            return
        for name, value in delta.items():
            self._said.setdefault(name, []).append(value)

    async def end(self) -> None:
        """Writes the end: why, and what was used."""
        finish = self._finish or ("tool_calls" if self._calls_tools else "stop")
        if self._request.stream:
            await self._send(self._chunk([{"index": 0, "delta": {}, "finish_reason": finish}]))
            if self._usage is not None:
                await self._send(self._chunk([], usage=self._usage))
            await self._send(b"data: [DONE]\n\n")
            return
        message = {"role": "assistant", "content": None}
        message.update({name: _joined(pieces) for name, pieces in self._said.items()})
        choice = {"index": 0, "message": message, "finish_reason": finish}
        reply: dict[str, Any] = {**self._head, "object": "chat.completion", "choices": [choice]}
        if self._usage is not None:
            reply["usage"] = self._usage
        await self._send(json.dumps(reply).encode())

    def _chunk(self, choices: list[Any], **more: Any) -> bytes:
        chunk = {**self._head, "object": "chat.completion.chunk", "choices": choices, **more}
        return f"data: {json.dumps(chunk)}\n\n".encode()

    async def _send(self, piece: bytes) -> None:
        while (taken := self._call.send(piece)) is None:
            # The reader is behind, and what waits for it is bounded.
            waiter = asyncio.get_running_loop().create_future()
            self._call.wait_for_room(waiter)
            await waiter
        if not taken:
            raise asyncio.CancelledError


def _joined(pieces: list[Any]) -> Any:
    """Texts and lists are put together; of anything else the last one counts."""
    if all(isinstance(piece, str) for piece in pieces):
        return "".join(pieces)
    if all(isinstance(piece, list) for piece in pieces):
        return list(itertools.chain.from_iterable(pieces))
    return pieces[-1]


async def _answer(name: str, function: Function, call: FunctionCall) -> None:
    try:
        request = ProviderRequest(call)
        answer = _Answer(call, request)
        given = function(request)
        if inspect.isasyncgen(given):
            async for piece in given:
                await answer.add(piece)
        elif inspect.isawaitable(given):
            await answer.add(await given)
        else:
            raise TypeError(f"provider {name!r} is no `async def` function")
        await answer.end()
        call.end()
    except ProviderError as error:
        retryable = type(error).__name__ in ("RateLimitedError", "OverloadedError", "ServerError")
        call.fail(
            type(error).__name__,
            str(error),
            retryable=retryable,
            retry_after=error.retry_after,
            status=error.status,
            code=error.code,
        )
    except Exception as error:
        # A mistake in the function, which does not get better by trying again.
        _log.exception("provider %r failed", name)
        call.fail("ServerError", f"provider {name!r} raised {type(error).__name__}: {error}", retryable=False)


_tasks: set[asyncio.Task[None]] = set()


def starter(name: str, function: Function) -> Callable[[FunctionCall], asyncio.Task[None]]:
    """What the engine calls, on a loop, to have `function` answer a call."""

    def start(call: FunctionCall) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(_answer(name, function, call))
        # A loop holds its tasks weakly.
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)
        return task

    return start


def token_reader(function: TokenProvider) -> Callable[[], tuple[str, float | None]]:
    """What the engine calls for a token: gives it, and for how many seconds it is valid, where that is known.

    `function` gives a text, a pair of text and seconds, or an object with `token` and `expires_on` (seconds since
    1970), as the credentials of `azure-identity` do; it may be `async def`.
    """

    def read() -> tuple[str, float | None]:
        given: Any = function()
        if inspect.isawaitable(given):
            given = asyncio.run(_awaited(given))
        if isinstance(given, str):
            return given, None
        if hasattr(given, "token"):
            return str(given.token), float(given.expires_on) - time.time()
        token, seconds = given
        return str(token), float(seconds)

    return read


async def _awaited(given: Awaitable[Any]) -> Any:
    return await given


class _OwnLoop:
    """A loop in a thread of its own, for calls of programs that have none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bridge: LoopBridge | None = None
        self._thread: threading.Thread | None = None

    def bridge(self) -> LoopBridge:
        """The loop's bridge; the loop is started by the first who asks, and again in a forked child."""
        with self._lock:
            if self._bridge is None or self._thread is None or not self._thread.is_alive():
                ready = threading.Event()
                self._thread = threading.Thread(
                    target=lambda: asyncio.run(self._run(ready)), name="ferrule-functions", daemon=True
                )
                self._thread.start()
                ready.wait()
            assert self._bridge is not None  # noqa: S101 - it is there once the loop is ready
            return self._bridge

    async def _run(self, ready: threading.Event) -> None:
        from ferrule.bridge import running

        self._bridge = running()[1]
        ready.set()
        await asyncio.get_running_loop().create_future()


own_loop = _OwnLoop()
"""The loop of those who have none."""
