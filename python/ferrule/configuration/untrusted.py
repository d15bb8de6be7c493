"""Restrictions on an untrusted configuration file: the keys that it may set, and the warning about the others.

A file that is found in the working directory or above it belongs to whoever wrote that directory. What it says about
addresses, keys, headers, programs and the like would send the user's keys and prompts to a stranger, or run the
stranger's commands. Until the user trusts it (`trust.py`) only the keys in `HARMLESS` have an effect; a key that is not
listed there has none, a new one included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrule.configuration import validation
from ferrule.configuration.notices import one_line, warn_once
from ferrule.configuration.schema import SCHEMA, Field

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Path = tuple["str | int", ...]

HARMLESS = frozenset(
    (
        ("model",),
        ("timeout",),
        ("timeouts", "connect"),
        ("timeouts", "first_byte"),
        ("timeouts", "idle"),
        ("timeouts", "total"),
        ("max_retries",),
        ("aliases", "*"),
    )
)
"""What an untrusted file may set: paths of the schema, `*` for a name of the file's own. Models and aliases lead to
providers that are there without the file; `Configuration` sees to that."""

MAX_LISTED = 8
"""How many ignored keys a warning names."""


def restricted(tree: Mapping[str, Any]) -> tuple[dict[str, Any], list[Path]]:
    """What of `tree` may have an effect, and the paths of everything else."""
    kept: dict[str, Any] = {}
    ignored: list[Path] = []
    for path, pattern, value in _leaves(tree, SCHEMA, (), ()):
        allowed = pattern in HARMLESS and all(isinstance(step, str) for step in path) and _is_plain(value)
        if not allowed or (path[0] == "aliases" and _names_a_provider(str(path[1]))):
            ignored.append(path)
            continue
        inner: dict[Any, Any] = kept
        for step in path[:-1]:
            inner = inner.setdefault(step, {})
        inner[path[-1]] = value
    return kept, ignored


def _leaves(tree: Mapping[Any, Any], field: Field, path: Path, pattern: Path) -> Iterator[tuple[Path, Path, Any]]:
    """Each value with its path, and with that path as the schema has it. A table of a wrong type is one value."""
    for name, value in tree.items():
        known = field.fields.get(name) or field.item
        step = name if name in field.fields else "*" if field.item else ""
        here, there = (*path, name), (*pattern, step)
        if known and known.kind in ("section", "named") and isinstance(value, dict):
            yield from _leaves(value, known, here, there)
        else:
            yield here, there, value


def _is_plain(value: Any) -> bool:
    """Whether a value says all by itself, and refers to no variable, file or command."""
    return not isinstance(value, (dict, list)) and not (isinstance(value, str) and "${" in value)


def _names_a_provider(alias: str) -> bool:
    """Whether an alias would stand in place of a model that calls name with its provider."""
    return "/" in alias or ":" in alias


def warn(path: str, content_digest: str, ignored: list[Path]) -> None:
    """Warns of what the file at `path` does not set, once for each content of it."""
    import shlex  # rarely needed

    warn_once(
        (path, content_digest, *ignored),
        "%s is not trusted, so that these keys in it are ignored: %s. If you know who wrote it, read it and run "
        "`ferrule config trust %s`, or name it in FERRULE_CONFIG or Client(config=...)",
        path,
        listed(ignored),
        shlex.quote(path),
    )


def listed(ignored: list[Path]) -> str:
    """Paths of keys, for people: not all where there are many."""
    more = len(ignored) - MAX_LISTED
    return ", ".join(map(shown, ignored[:MAX_LISTED])) + (f" and {more} more" if more > 0 else "")


def shown(path: Path) -> str:
    """The path of a key, which may be a stranger's, for people."""
    return one_line(validation.dotted(path))
