"""Bodies of an SDK's calls without its walk over every parameter's type.

The SDK looks up each value of a body in the type that is declared for it, for aliases and formats; the parameters of
chat, responses, completions and embeddings have none. Where all values are plain, what that walk does is to leave out
what was not given. Anything else is the walk's.
"""

from __future__ import annotations

import functools
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_ATOMS = frozenset((str, int, float, bool, type(None)))


def is_plain(value: Any) -> bool:
    """Whether a value consists of what JSON has, exactly: no subclass, tuple, iterator or object of the SDK's."""
    kind = type(value)
    if kind in _ATOMS:
        return True
    if kind is dict:
        return all(type(item) in _ATOMS or is_plain(item) for item in value.values())
    if kind is list:
        return all(type(item) in _ATOMS or is_plain(item) for item in value)
    return False


def without_walk(official: Callable[..., Any], omitted: tuple[type, ...]) -> Callable[..., Any]:
    """`maybe_transform` with the same result, faster where the data is plain.

    Args:
        official: The SDK's function.
        omitted: The types of what stands for arguments that were not given.
    """

    def maybe_transform(data: Any, expected_type: Any) -> Any:
        kept = given(data, omitted)
        return official(data, expected_type) if kept is None else kept

    return maybe_transform


def without_walk_async(official: Callable[..., Any], omitted: tuple[type, ...]) -> Callable[..., Any]:
    """`async_maybe_transform` with the same result, faster where the data is plain."""

    async def async_maybe_transform(data: Any, expected_type: Any) -> Any:
        kept = given(data, omitted)
        return await official(data, expected_type) if kept is None else kept

    return async_maybe_transform


def given(data: Any, omitted: tuple[type, ...]) -> dict[str, Any] | None:
    """The arguments that were given; `None` where one is not plain."""
    if type(data) is not dict:
        return None
    kept: dict[str, Any] = {}
    for name, value in data.items():
        if type(value) in _ATOMS:
            kept[name] = value
        elif not isinstance(value, omitted):
            if not is_plain(value):
                return None
            kept[name] = value
    return kept


def with_names(function: Any, names: dict[str, Any]) -> Any:
    """A copy of an SDK's function that sees `names` in the place of its module's, also below one decorator.

    Args:
        function: The function, or what `required_args` made of it.
        names: Values for names of its module.
    """
    inner = getattr(function, "__wrapped__", function)
    copied = types.FunctionType(
        inner.__code__, {**inner.__globals__, **names}, inner.__name__, inner.__defaults__, inner.__closure__
    )
    copied.__kwdefaults__ = inner.__kwdefaults__
    copied.__dict__.update(inner.__dict__)
    copied.__doc__, copied.__qualname__ = inner.__doc__, inner.__qualname__
    copied.__annotations__, copied.__module__ = inner.__annotations__, inner.__module__
    if inner is function:
        return copied
    cells = tuple(
        types.CellType(copied) if cell.cell_contents is inner else cell for cell in function.__closure__ or ()
    )
    outer = types.FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__, cells)
    outer.__kwdefaults__ = function.__kwdefaults__
    outer.__dict__.update(function.__dict__)
    outer.__wrapped__ = copied  # type: ignore[attr-defined]
    outer.__doc__, outer.__qualname__ = function.__doc__, function.__qualname__
    outer.__annotations__, outer.__module__ = function.__annotations__, function.__module__
    return outer


def resource_without_walk(official: type, methods: tuple[str, ...], names: dict[str, Any]) -> type:
    """The subclass of an SDK's resource class whose methods do without the walk.

    A method that somebody replaced on the official class is called as it is.
    """
    base: Any = official
    fields: dict[str, Any] = {"__module__": official.__module__, "__doc__": official.__doc__}
    for name in methods:
        original = official.__dict__.get(name)
        if type(original) is types.FunctionType:
            fields[name] = _method(base, name, original, with_names(original, names))
    return type(official.__name__, (base,), fields)


def _method(base: Any, name: str, original: Any, copied: Any) -> Any:
    @functools.wraps(original)
    def method(self: Any, *positional: Any, **keywords: Any) -> Any:
        current = base.__dict__.get(name)
        if current is original:
            return copied(self, *positional, **keywords)
        return current.__get__(self, type(self))(*positional, **keywords)

    return method
