"""Functions that are as their package made them: judged by where they were defined, not by what they were before."""

from __future__ import annotations

import os
import sys
from operator import attrgetter, is_
from types import FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

CLIENT_METHODS = (
    "send",
    "_transport_for_url",
    "_send_handling_auth",
    "_send_handling_redirects",
    "_send_single_request",
)
"""Methods of httpx's clients that are between an SDK and the transport."""

# By identity: wrappers' proxies are equal to what they wrap. The functions are kept, so that no other has their ids.
_judged: dict[tuple[int, ...], tuple[bool, tuple[Any, ...]]] = {}


def _is_defined_in(function: Any, places: tuple[str, ...]) -> bool:
    """Whether a function, and what it wraps, was defined in one of the directories."""
    if function is None:
        return True
    if type(function) is property:
        function = function.fget
    # Wrappers' proxies have the attributes of what they wrap, but not its type.
    if type(function) is not FunctionType or not str(function.__code__.co_filename).startswith(places):
        return False
    # A patch of ours stands in the place of what it wraps, which may be somebody's wrapper.
    return _is_defined_in(vars(function).get("__wrapped__"), places)


def are_pristine(functions: tuple[Any, ...], places: tuple[str, ...]) -> bool:
    """Whether all of `functions` were defined in one of the directories `places`; `None` counts as such."""
    key = tuple(map(id, functions))
    found = _judged.get(key)
    if found is None:
        if len(_judged) > 256:
            _judged.clear()
        found = _judged[key] = (all(_is_defined_in(one, places) for one in functions), functions)
    return found[0]


class Definitions:
    """Every definition that some namespaces have of some names, those that others hide included.

    Args:
        namespaces: Each with its names: the variables of a module, or those of a class and of each of its bases.
        places: The directories in which they were defined, where nobody has changed one.
    """

    def __init__(self, namespaces: list[tuple[Mapping[str, Any], tuple[str, ...]]], places: tuple[str, ...]) -> None:
        self._namespaces = namespaces
        self._views = [view for view, _ in namespaces]
        self._places = places
        self._sizes: list[int] = []
        self._found: list[tuple[Mapping[str, Any], str]] = []
        # In one, so that threads see both or neither. They are compared by identity, as in `are_pristine`.
        self._judged: tuple[list[Any], bool] = ([], True)

    def are_pristine(self) -> bool:
        """Whether all of them are as they were defined."""
        sizes = list(map(len, self._views))
        if sizes != self._sizes:
            # Somebody has defined one where none was.
            self._found = [(view, name) for view, names in self._namespaces for name in names if name in view]
            self._sizes = sizes
        now = [view.get(name) for view, name in self._found]
        before, result = self._judged
        if len(now) != len(before) or not all(map(is_, now, before)):
            result = all(_is_defined_in(one, self._places) for one in now)
            self._judged = (now, result)
        return result


def bases(kind: type, names: tuple[str, ...]) -> list[tuple[Mapping[str, Any], tuple[str, ...]]]:
    """The namespaces of a class and its bases, as `Definitions` takes them."""
    return [(vars(base), names) for base in kind.__mro__]


def directory_of(module: Any) -> str:
    """The directory of a package, with a separator at its end."""
    return os.path.join(os.path.dirname(os.path.abspath(module.__file__ or "")), "")


class HttpLibrary:
    """httpx or httpx2 with the package of its connections: whether somebody instruments or mocks them.

    Args:
        httpx: The module.
    """

    def __init__(self, httpx: Any) -> None:
        self.httpx = httpx
        self._places = (directory_of(httpx),)
        self._core_name = "httpcore2" if httpx.__name__ == "httpx2" else "httpcore"
        self._core: Any = None
        self._core_places: tuple[str, ...] = ()
        self._handlers = ("handle_request", "handle_async_request")
        self._client_methods = attrgetter(*CLIENT_METHODS)
        self._clients = (httpx.Client, httpx.AsyncClient)
        self._transports = (httpx.HTTPTransport, httpx.AsyncHTTPTransport)

    def changed_client(self, *, asynchronous: bool) -> str | None:
        """What of the library's client classes was changed; `None` where nothing was."""
        functions = self._client_methods(self._clients[asynchronous])
        return None if are_pristine(functions, self._places) else f"{self.httpx.__name__} is instrumented or mocked"

    def changed_transport(self, *, asynchronous: bool) -> str | None:
        """What of the library's transports and connections was changed; `None` where nothing was."""
        name = self._handlers[asynchronous]
        if not are_pristine((getattr(self._transports[asynchronous], name),), self._places):
            return f"{self.httpx.__name__} is instrumented or mocked"
        core = self._core
        if core is None:
            # Some versions import it when the first client is made.
            core = self._core = sys.modules.get(self._core_name)
            if core is None:
                return None
            self._core_places = (directory_of(core),)
        pool = core.AsyncConnectionPool if asynchronous else core.ConnectionPool
        if not are_pristine((getattr(pool, name),), self._core_places):
            return f"{self._core_name} is instrumented or mocked"
        return None

    def is_usual(self, transport: Any, *, asynchronous: bool) -> bool:
        """Whether a transport is the library's own, with a pool of its own, and neither was changed."""
        name = self._handlers[asynchronous]
        if type(transport) is not self._transports[asynchronous] or name in transport.__dict__:
            return False
        if self.changed_transport(asynchronous=asynchronous) is not None:
            return False
        core, pool = self._core, transport.__dict__.get("_pool")
        if core is None or pool is None:
            return False
        expected = core.AsyncConnectionPool if asynchronous else core.ConnectionPool
        return type(pool) is expected and name not in pool.__dict__
