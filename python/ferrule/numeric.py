"""Numbers of any type: Python's own, numpy's and others that say which integer or number they are."""

from __future__ import annotations

import operator
from typing import Any


def as_integer(value: Any) -> int | None:
    """The integer that a value is (`int`, numpy's integers); `None` for anything else, truth values and floats too."""
    if type(value) is int:
        return value
    if isinstance(value, bool) or _is_sized(value):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def as_number(value: Any) -> int | float | None:
    """The number that a value is, an `int` where it is one; `None` for anything else, truth values too."""
    integer = as_integer(value)
    if integer is not None:
        return integer
    if isinstance(value, bool) or not hasattr(type(value), "__float__") or _is_sized(value) or _is_truth(value):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def plain(value: Any) -> Any:
    """The value with numbers of other types as Python's own, in lists and dicts too; anything else as it is."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, str):
        return value
    if _is_truth(value):
        return bool(value)
    number = as_number(value)
    return value if number is None else number


def _is_truth(value: Any) -> bool:
    kind = type(value)
    return kind.__module__ == "numpy" and kind.__name__ in ("bool", "bool_")


def _is_sized(value: Any) -> bool:
    """Whether it is an array, of which one of a single number could be read as that, or a text."""
    try:
        len(value)
    except TypeError:
        return False
    return True


def as_dollars(value: Any) -> str | None:
    """An amount of money in decimal notation, as it was written; `None` for what is not a number, or below 0."""
    number = as_number(value)
    if number is None or not 0 <= number < 1e13:
        return None
    # A Decimal is exact, and a float as short as it can be written.
    return str(value) if type(value).__name__ == "Decimal" else repr(number)
