"""Words for errors: the nearest name, and how a place inside a configuration is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST = 64


def nearest(name: Any, known: Iterable[str]) -> str:
    """`; did you mean ...?` where something known is near, else nothing."""
    if not isinstance(name, str) or len(name) > _LONGEST:
        return ""
    import difflib

    names = list(known)
    # What is not spelled alike may be part of it: `model` of `default_model`.
    parts = sorted((part for part in names if part in name.split("_")), key=len, reverse=True)
    matches = difflib.get_close_matches(name, names, n=1) or parts
    return f"; did you mean `{matches[0]}`?" if matches else ""


def dotted(path: tuple[Any, ...]) -> str:
    """A path as it is written in documents: `providers.openai.headers['x']`."""
    written = ""
    for step in path:
        plain = isinstance(step, str) and step.replace("-", "").replace("_", "").isalnum() and len(step) <= _LONGEST
        if isinstance(step, int) or not plain or written.endswith((".headers", ".query")):
            written += f"[{str(step)[:_LONGEST]!r}]" if not isinstance(step, int) else f"[{step}]"
        else:
            written += f".{step}" if written else str(step)
    return written
