"""Functions as providers and token sources, registered with `client.provider` and `client.token_provider`.

The engine calls them (`crates/python/src/function.rs`) and takes their output in the form of OpenAI's Chat Completions;
so routing, retries, time limits, usage and errors are those of every other provider.
"""

from __future__ import annotations

import asyncio
import inspect
import itertools
import json
import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from ferrule import errors
from ferrule.greenlets import in_hub
from ferrule.numeric import plain

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from ferrule._native import FunctionCall

    TokenFunction = Callable[[], Any]
    ProviderFunction = Callable[["ProviderRequest"], "Awaitable[Any] | AsyncIterator[Any]"]

_log = logging.getLogger("ferrule")

_RETRYABLE = (errors.RateLimitedError, errors.OverloadedError, errors.ServerError)


class ProviderRequest:
    """The request that a function registered with `client.provider` is called with.

    Attributes:
        model: The model, without the provider's id.
        messages: The conversation, in OpenAI's form.
        stream: Whether the caller streams. The function may ignore it: either form is accepted.
        options: All other fields of the request, in OpenAI's form: `tools`, `temperature`, `max_completion_tokens`, ...
    """

    def __init__(self, call: FunctionCall) -> None:
        body: dict[str, Any] = json.loads(call.body)
        self.model: str = call.model
        self.messages: list[dict[str, Any]] = body.pop("messages", [])
        self.stream: bool = call.stream
        for name in ("model", "stream", "stream_options"):
            body.pop(name, None)
        self.options: dict[str, Any] = body

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ProviderRequest) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.model, self.stream))

    def __repr__(self) -> str:
        return f"ProviderRequest(model={self.model!r}, messages={len(self.messages)}, stream={self.stream})"


class _ReplyWriter:
    """Writes a function's output as a Chat Completions response, plain or streamed."""

    def __init__(self, call: FunctionCall, request: ProviderRequest) -> None:
        self._call = call
        self._request = request
        self._head = {"id": f"function-{time.time_ns():x}", "created": int(time.time()), "model": request.model}
        # The pieces of each field; those of a stream are not kept.
        self._pieces: dict[str, list[Any]] = {}
        self._calls_tools = False
        self._usage: dict[str, Any] | None = None
        self._finish: str | None = None

    async def add(self, piece: Any) -> None:
        """Adds a piece: text, a message or delta in OpenAI's form, or `{"usage": ..., "finish_reason": ...}`."""
        if isinstance(piece, str):
            piece = {"content": piece}
        elif not isinstance(piece, dict):
            kind = type(piece).__name__
            raise TypeError(f"a provider returns text, or dicts in the form of OpenAI's messages, not {kind}")
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
            self._pieces.setdefault(name, []).append(value)

    async def end(self) -> None:
        """Writes the end: finish reason and usage."""
        finish = self._finish or ("tool_calls" if self._calls_tools else "stop")
        if self._request.stream:
            await self._send(self._chunk([{"index": 0, "delta": {}, "finish_reason": finish}]))
            if self._usage is not None:
                await self._send(self._chunk([], usage=self._usage))
            await self._send(b"data: [DONE]\n\n")
            return
        message = {"role": "assistant", "content": None}
        message.update({name: _joined(pieces) for name, pieces in self._pieces.items()})
        choice = {"index": 0, "message": message, "finish_reason": finish}
        reply: dict[str, Any] = {**self._head, "object": "chat.completion", "choices": [choice]}
        if self._usage is not None:
            reply["usage"] = self._usage
        await self._send(json.dumps(plain(reply)).encode())

    def _chunk(self, choices: list[Any], **more: Any) -> bytes:
        chunk = {**self._head, "object": "chat.completion.chunk", "choices": choices, **more}
        return f"data: {json.dumps(plain(chunk))}\n\n".encode()

    async def _send(self, piece: bytes) -> None:
        while (taken := self._call.send(piece)) is None:
            # The reader is behind, and its queue is bounded.
            waiter = asyncio.get_running_loop().create_future()
            self._call.wait_for_room(waiter)
            await waiter
        if not taken:
            raise asyncio.CancelledError


def _joined(pieces: list[Any]) -> Any:
    """Texts and lists are concatenated; of anything else the last one counts."""
    if all(isinstance(piece, str) for piece in pieces):
        return "".join(pieces)
    if all(isinstance(piece, list) for piece in pieces):
        return list(itertools.chain.from_iterable(pieces))
    return pieces[-1]


async def _run(name: str, function: ProviderFunction, call: FunctionCall) -> None:
    try:
        request = ProviderRequest(call)
        writer = _ReplyWriter(call, request)
        returned = function(request)
        if inspect.isasyncgen(returned):
            async for piece in returned:
                await writer.add(piece)
        elif inspect.isawaitable(returned):
            await writer.add(await returned)
        else:
            raise TypeError(f"provider {name!r} is not an `async def` function")
        await writer.end()
        call.end()
    except errors.ProviderError as error:
        call.fail(
            _error_class(error),
            str(error),
            retryable=isinstance(error, _RETRYABLE) and not isinstance(error, errors.ResponseDecodeError),
            retry_after=error.retry_after,
            status=error.status,
            code=error.code,
        )
    except Exception as error:
        # A mistake in the function, which a retry does not fix.
        _log.exception("provider %r failed", name)
        call.fail("ServerError", f"provider {name!r} raised {type(error).__name__}: {error}", retryable=False)


def _error_class(error: errors.ProviderError) -> str:
    """The name of the error's class, or of the class of ours that it is derived from."""
    return next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == errors.__name__)


_tasks: set[asyncio.Task[None]] = set()


def starter(name: str, function: ProviderFunction) -> Callable[[FunctionCall], asyncio.Task[None]]:
    """The function that the engine calls, on an event loop, to start `function` for a call."""

    def start(call: FunctionCall) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(_run(name, function, call))
        # An event loop keeps weak references to its tasks.
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)
        return task

    return start


def token_reader(function: TokenFunction) -> Callable[[], tuple[str, float | None]]:
    """The function that the engine calls for a token; it returns the token and, if known, its validity in seconds.

    `function` returns a text, a pair of text and seconds, or an object with `token` and `expires_on` (seconds since
    1970), as the credentials of `azure-identity` do; it may be `async def`.
    """

    def read() -> tuple[str, float | None]:
        returned: Any = function()
        if inspect.isawaitable(returned):
            returned = _result(returned)
        if isinstance(returned, str):
            return returned, None
        if hasattr(returned, "token"):
            return str(returned.token), float(returned.expires_on) - time.time()
        token, seconds = returned
        return str(token), float(seconds)

    return partial(in_hub, read)


def _result(awaitable: Awaitable[Any]) -> Any:
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(_awaited(awaitable))
    # It is another greenlet's, and a thread cannot run two.
    return asyncio.run_coroutine_threadsafe(_awaited(awaitable), loop).result()


async def _awaited(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
