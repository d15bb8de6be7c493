"""httpx and httpx2: which of them a request is of, and what its response is made of.

Both have the same names. Whichever is installed is used; a transport serves requests of either.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
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


def _is_installed(name: str) -> bool:
    return sys.modules.get(name) is not None or importlib.util.find_spec(name) is not None


def require() -> None:
    """Makes sure that one of them is installed, without importing it.

    Raises:
        ImportError: Neither is.
    """
    if not any(map(_is_installed, _NAMES)):
        raise ImportError("ferrule.httpx needs httpx or httpx2: pip install 'ferrule[httpx]' or 'ferrule[httpx2]'")


def default() -> Any:
    """The module of httpx, or of httpx2 where only that is installed.

    Raises:
        ImportError: Neither is installed.
    """
    require()
    return next(library(name).module for name in _NAMES if _is_installed(name))


def installed() -> list[Any]:
    """The modules of those that are installed. Where one was made an alias of the other, it is there once.

    Raises:
        ImportError: Neither is installed.
    """
    require()
    return list(dict.fromkeys(library(name).module for name in _NAMES if _is_installed(name)))


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
