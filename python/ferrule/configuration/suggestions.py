"""Suggestions for misspelled names in error messages: "did you mean ...?"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_NAME = 64
"""Characters of a name; longer ones are not compared, and are shortened in messages."""


def suggestion(name: Any, known: Iterable[str]) -> str:
    """`; did you mean ...?` where a known name is similar, else an empty text."""
    if not isinstance(name, str) or len(name) > MAX_NAME:
        return ""
    import difflib  # large, and only needed for an error

    names = list(known)
    # A name that is not spelled similarly may be a part of it: `model` of `default_model`.
    parts = sorted((part for part in names if part in name.split("_")), key=len, reverse=True)
    matches = difflib.get_close_matches(name, names, n=1) or parts
    return f"; did you mean `{matches[0]}`?" if matches else ""
