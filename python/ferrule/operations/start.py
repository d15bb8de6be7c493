"""How operations start: a client's arguments, as the crossing takes them. How they are waited for is the clients'."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ferrule import _native
from ferrule.options import CompletionOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ferrule._native import Flight, LoopBridge, NativeClient

_OF_COMPLETIONS = frozenset(CompletionOptions.__annotations__)


def declared(options: CompletionOptions) -> tuple[dict[str, Any], Callable[[str], Any] | None]:
    """The options of a call as the engine takes them, and what makes a value of the answer's text.

    Raises:
        TypeError: An option has a wrong name.
    """
    if not options.keys() <= _OF_COMPLETIONS:
        raise _unknown(options, CompletionOptions)
    given = cast("dict[str, Any]", options)
    parse = None
    if given.get("tools") is not None:
        from ferrule.tools import declare

        given["tools"] = declare(given["tools"])
    if given.get("response_format") is not None:
        from ferrule.structured import declare_format

        given["response_format"], parse = declare_format(given["response_format"])
    return given, parse


def checked(options: Mapping[str, Any], kind: type) -> dict[str, Any]:
    """The options of a call beside chat, which are those of `kind`.

    Raises:
        TypeError: An option has a wrong name.
    """
    if not options.keys() <= kind.__annotations__.keys():
        raise _unknown(options, kind)
    return cast("dict[str, Any]", options)


def ask(
    client: NativeClient,
    provider: str,
    method: str,
    path: str,
    body: dict[str, Any] | None,
    bridge: LoopBridge | None = None,
) -> Flight:
    """Starts a request that only one kind of server has."""
    if body is None:
        return _native.raw(client, provider, method, path, b"", bridge=bridge)
    import json

    content = json.dumps(body, allow_nan=False).encode()
    return _native.raw(client, provider, method, path, content, content_type="application/json", bridge=bridge)


def _unknown(options: Mapping[str, Any], kind: type) -> TypeError:
    from ferrule.configuration.words import nearest

    known = kind.__annotations__
    name = min(options.keys() - known.keys())
    near = nearest(name, known) or "; a field of the provider goes into `extra_body`"
    return TypeError(f"unknown option `{name}`{near}")
