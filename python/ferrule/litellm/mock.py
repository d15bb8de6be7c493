"""Mocked answers: `mock_response`, `mock_tool_calls`, `mock_timeout` and `mock_delay`. Nothing is sent to anyone."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from ferrule.litellm import exceptions
from ferrule.litellm.chunks import ModelResponseStream
from ferrule.litellm.objects import OpenAIObject
from ferrule.litellm.response import ModelResponse, new_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from ferrule.litellm.requests import Request
    from ferrule.typing_compat import Self

USAGE = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
_NAMED = {
    "litellm.RateLimitError": (exceptions.RateLimitError, "this is a mock rate limit error"),
    "litellm.ContextWindowExceededError": (
        exceptions.ContextWindowExceededError,
        "this is a mock context window exceeded error",
    ),
    "litellm.ContentPolicyViolationError": (
        exceptions.ContentPolicyViolationError,
        "this is a mock content policy violation error",
    ),
    "litellm.InternalServerError": (exceptions.InternalServerError, "this is a mock internal server error"),
    "litellm.AuthenticationError": (exceptions.AuthenticationError, "this is a mock authentication error"),
    "litellm.BadRequestError": (exceptions.BadRequestError, "this is a mock bad request error"),
    "litellm.NotFoundError": (exceptions.NotFoundError, "this is a mock not found error"),
    "litellm.ServiceUnavailableError": (exceptions.ServiceUnavailableError, "this is a mock service unavailable error"),
    "litellm.Timeout": (exceptions.Timeout, "this is a mock timeout error"),
}
_PIECE = 3
"""How many characters a chunk of a mocked stream has."""


def is_mocked(request: Request) -> bool:
    """Whether the call gets a mocked answer."""
    own = request.own
    return "mock_response" in own or "mock_tool_calls" in own or bool(own.get("mock_timeout"))


def respond(request: Request) -> Any:
    """The mocked answer of a call.

    Raises:
        LiteLLMError: The one that `mock_response` is, or names; `Timeout` after `timeout` seconds with `mock_timeout`.
    """
    time.sleep(_delay(request))
    return _answer(request)


async def arespond(request: Request) -> Any:
    """`respond`, awaited."""
    await asyncio.sleep(_delay(request))
    return _answer(request)


def _delay(request: Request) -> float:
    own = request.own
    if own.get("mock_timeout"):
        timeout = own.get("timeout")
        return float(timeout) if isinstance(timeout, (int, float)) else 0.0
    return float(own.get("mock_delay") or 0.0)


def _answer(request: Request) -> Any:
    own = request.own
    model, provider = request.model, request.provider.name
    if own.get("mock_timeout"):
        raise exceptions.Timeout("This is a mock timeout error", model, provider)
    given = own.get("mock_response", "")
    if isinstance(given, type) and issubclass(given, Exception):
        given = given("this is a mock error")
    if isinstance(given, exceptions.LiteLLMError):
        raise given
    if isinstance(given, Exception):
        raise exceptions.InternalServerError(f"InternalServerError: {given}", provider, model) from given
    if isinstance(given, str) and given in _NAMED:
        kind, text = _NAMED[given]
        raise kind(message=text, model=model, llm_provider=provider)
    if isinstance(given, OpenAIObject):
        return given
    if isinstance(given, dict):
        return ModelResponse(**given)
    text = "".join(given) if isinstance(given, list) else str(given)
    calls = own.get("mock_tool_calls")
    if request.stream:
        return MockStream(request, text, calls)
    choices = [
        {
            "index": index,
            "finish_reason": "stop",
            "message": {"content": text, "role": "assistant", "tool_calls": calls},
        }
        for index in range(request.body.get("n") or 1)
    ]
    made = ModelResponse(choices=choices, model=model, usage=USAGE)
    made.hidden_params.update(request.hidden_stream(), response_cost=_cost(request))
    return made


def _cost(request: Request) -> float | None:
    from ferrule.litellm.costs import cost_of_usage

    return cost_of_usage(request.provider, request.own, USAGE)


class MockStream:
    """A mocked stream: iterate over its chunks, with `for` or `async for`."""

    def __init__(self, request: Request, text: str, calls: Any) -> None:
        self._hidden_params = request.hidden_stream()
        self.model = request.model
        self.custom_llm_provider = request.provider.name
        self._chunks = iter(self._made(request, text, calls))

    def _made(self, request: Request, text: str, calls: Any) -> list[ModelResponseStream]:
        answer_id = new_id()
        pieces = [text[place : place + _PIECE] for place in range(0, len(text), _PIECE)]
        deltas: list[dict[str, Any]] = [{"content": piece} for piece in pieces]
        if calls:
            deltas = [*deltas[:-1], {**(deltas[-1] if deltas else {"content": None}), "tool_calls": calls}]
        if deltas:
            deltas[0]["role"] = "assistant"
        made: list[ModelResponseStream] = []
        for delta in deltas:
            made.append(ModelResponseStream([{"index": 0, "delta": delta}], answer_id, model=request.model))  # noqa: PERF401
        last: dict[str, Any] = {"index": 0, "finish_reason": "tool_calls" if calls else "stop", "delta": {}}
        made.append(ModelResponseStream([last], answer_id, model=request.model))
        if request.include_usage:
            made.append(ModelResponseStream([], answer_id, model=request.model, usage=USAGE))
        for chunk in made:
            chunk.hidden_params = self._hidden_params
        return made

    def __iter__(self) -> Iterator[ModelResponseStream]:
        return self

    def __next__(self) -> ModelResponseStream:
        return next(self._chunks)

    def __aiter__(self) -> AsyncIterator[ModelResponseStream]:
        return self

    async def __anext__(self) -> ModelResponseStream:
        for chunk in self._chunks:
            return chunk
        raise StopAsyncIteration

    def close(self) -> None:
        """Ends the stream."""
        self._chunks = iter(())

    async def aclose(self) -> None:
        """Ends the stream."""
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ending: object) -> None:
        self.close()
