"""Calls of chat completions: one request, with cache, mock, callbacks and budget around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ferrule.errors import FerruleError
from ferrule.litellm import caching, clients, logger, mock
from ferrule.litellm.budget import check_budget
from ferrule.litellm.chunks import CustomStreamWrapper
from ferrule.litellm.settings import settings

if TYPE_CHECKING:
    from ferrule.litellm.logger import Watch
    from ferrule.litellm.requests import Request
    from ferrule.litellm.response import ModelResponse


def complete(request: Request, client: Any = None, name: Any = None, routing: Any = None) -> Any:
    """Makes a request. `client` is a router's own, which calls the group `name`."""
    check_budget()
    watch = logger.begin(request, "completion") if logger.wanted() else None
    try:
        if (found := caching.find(request)) is not None:
            return _finished(found, watch)
        made = mock.respond(request) if mock.is_mocked(request) else _send(request, client, name, routing, watch)
    except FerruleError as error:
        raise _failed(request, error, watch) from error
    except Exception as error:
        if watch is not None:
            watch.failed(error)
        raise
    if request.stream:
        return made
    caching.keep(request, made)
    return _finished(made, watch)


async def acomplete(request: Request, client: Any = None, name: Any = None, routing: Any = None) -> Any:
    """Makes a request, awaited. `client` is a router's own, which calls the group `name`."""
    check_budget()
    watch = logger.begin(request, "acompletion") if logger.wanted() else None
    if watch is not None:
        await watch.started()
    try:
        if (found := caching.find(request)) is not None:
            return await _afinished(found, watch)
        if mock.is_mocked(request):
            made = await mock.arespond(request)
        else:
            made = await _asend(request, client, name, routing, watch)
    except FerruleError as error:
        raise await _afailed(request, error, watch) from error
    except Exception as error:
        if watch is not None:
            await watch.afailed(error)
        raise
    if request.stream:
        return made
    caching.keep(request, made)
    return await _afinished(made, watch)


def _send(request: Request, client: Any, name: Any, routing: Any, watch: Watch | None) -> Any:
    messages, options = request.arguments()
    if client is None:
        client, name = clients.sync_client(request.provider.id, request.connection), request.name
    elif routing is not None:
        options["routing"] = routing
    if not request.stream:
        return request.response(client.complete(name, messages, **options))
    stream = client.stream(name, messages, **options)
    try:
        # As litellm does: an error before the stream begins is raised here, and not while it is read.
        first = next(stream, None)
    except BaseException:
        stream.close()
        raise
    return CustomStreamWrapper(request, stream, first, None if watch is None else watch.ended)


async def _asend(request: Request, client: Any, name: Any, routing: Any, watch: Watch | None) -> Any:
    messages, options = request.arguments()
    if client is None:
        client, name = clients.async_client(request.provider.id, request.connection), request.name
    elif routing is not None:
        options["routing"] = routing
    if not request.stream:
        return request.response(await client.complete(name, messages, **options))
    stream = client.stream(name, messages, **options)
    try:
        first = await stream.__anext__()
    except StopAsyncIteration:
        first = None
    except BaseException:
        await stream.aclose()
        raise
    return CustomStreamWrapper(request, stream, first, None if watch is None else watch.ended)


def _finished(made: Any, watch: Watch | None) -> ModelResponse:
    if watch is not None:
        watch.succeeded(made)
    if settings.max_budget:
        settings.spend(made.hidden_params.get("response_cost") or 0.0)
    return cast("ModelResponse", made)


async def _afinished(made: Any, watch: Watch | None) -> ModelResponse:
    if watch is not None:
        await watch.asucceeded(made)
    if settings.max_budget:
        settings.spend(made.hidden_params.get("response_cost") or 0.0)
    return cast("ModelResponse", made)


def _failed(request: Request, error: FerruleError, watch: Watch | None) -> Exception:
    raised = request.exception(error)
    if watch is not None:
        watch.failed(raised)
    return raised


async def _afailed(request: Request, error: FerruleError, watch: Watch | None) -> Exception:
    raised = request.exception(error)
    if watch is not None:
        await watch.afailed(raised)
    return raised
