"""Signatures and docstrings of calls with every option spelled out: for `help()`, and for Tab in notebooks.

The source has `**options: Unpack[...]`, which type checkers understand; programs that complete names ask
`inspect.signature`.
"""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_F = TypeVar("_F", bound="Callable[..., Any]")


def with_options(kind: type) -> Callable[[_F], _F]:
    """A decorator: the function's `**options` are the keys of `kind`, which are listed in its docstring.

    Args:
        kind: A typed dictionary whose docstring has an `Attributes:` section.
    """

    def decorate(function: _F) -> _F:
        described = (kind.__doc__ or "").partition("Attributes:\n")[2].rstrip()
        if function.__doc__ and described:
            function.__doc__ = f"{function.__doc__.rstrip()}\n\n    Options:\n{described}\n"
        function.__signature__ = _Signature(function, kind)  # type: ignore[attr-defined]
        return function

    return decorate


def option_types(kind: type) -> dict[str, str]:
    """The types of a typed dictionary's keys, as the source writes them."""
    return {name: getattr(hint, "__forward_arg__", str(hint)) for name, hint in kind.__annotations__.items()}


class _Signature:
    """An `inspect.Signature` that is made when it is looked at: `inspect` is large, and most programs never ask."""

    def __init__(self, function: Any, kind: type) -> None:
        self._function = function
        self._kind = kind

    def _made(self) -> Any:
        import inspect

        function = self._function
        plain = types.FunctionType(
            function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__
        )
        plain.__kwdefaults__ = function.__kwdefaults__
        plain.__annotations__ = function.__annotations__
        signature = inspect.signature(plain)
        parameters = [one for one in signature.parameters.values() if one.kind is not one.VAR_KEYWORD]
        taken = {one.name for one in parameters}
        options = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=hint)
            for name, hint in option_types(self._kind).items()
            if name not in taken
        ]
        return signature.replace(parameters=[*parameters, *options])

    @property  # type: ignore[misc]
    # `inspect.signature` takes nothing but its own class.
    def __class__(self) -> type:  # pyright: ignore[reportIncompatibleMethodOverride]
        import inspect

        return inspect.Signature

    def __getattr__(self, name: str) -> Any:
        return getattr(self._made(), name)

    def __str__(self) -> str:
        return str(self._made())

    def __repr__(self) -> str:
        return repr(self._made())

    def __eq__(self, other: object) -> bool:
        return bool(self._made() == (other._made() if type(other) is _Signature else other))

    def __hash__(self) -> int:
        return hash(self._made())
