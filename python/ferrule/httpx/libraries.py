"""httpx and httpx2: which of them a request is of, and what its response is made of.

Both have the same names. Whichever is installed is used; a transport serves requests of either.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ferrule._native import HttpTransportError

_NAMES = ("httpx", "httpx2")


class Library:
    """One of the two, and its classes.

    Attributes:
        module: The module.
        byte_stream: Its class of bodies that are whole.
        response: Its class of responses.
    """

    def __init__(self, name: str) -> None:
        self.module: Any = importlib.import_module(name)
        self.byte_stream: Any = self.module.ByteStream
        self.response: Any = self.module.Response

    def error(self, error: HttpTransportError) -> Exception:
        """The library's exception for `error`."""
        name, message = error.args
        exception: Exception = getattr(self.module, name)(message)
        return exception


_libraries: dict[str, Library] = {}
_by_type: dict[type, Library] = {}


def library(name: str) -> Library:
    """The library with this name.

    Raises:
        ImportError: It is not installed.
    """
    found = _libraries.get(name)
    if found is None:
        found = _libraries[name] = Library(name)
    return found


def default() -> Any:
    """The module of httpx, or of httpx2 where only that is installed.

    Raises:
        ImportError: Neither is installed.
    """
    for name in _NAMES:
        if importlib.util.find_spec(name) is not None:
            return library(name).module
    raise ImportError("ferrule.httpx needs httpx or httpx2: pip install 'ferrule[httpx]' or 'ferrule[httpx2]'")


def installed() -> list[Any]:
    """The modules of those that are installed."""
    return [library(name).module for name in _NAMES if importlib.util.find_spec(name) is not None]


def library_for(request: object) -> Library:
    """The library that `request` is of.

    Raises:
        TypeError: It is of neither.
    """
    kind = type(request)
    found = _by_type.get(kind)
    if found is None:
        names = [base.__module__.partition(".")[0] for base in kind.__mro__]
        name = next((name for name in names if name in _NAMES), None)
        if name is None:
            raise TypeError(f"request has to be an httpx.Request or an httpx2.Request, not {kind.__name__}")
        found = _by_type[kind] = library(name)
    return found
