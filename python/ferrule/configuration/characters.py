"""Characters of keys and header values: what copying adds is removed, what does not belong there is named.

A byte-order mark of a file, or a zero-width character of a web page, goes unseen and makes a provider refuse the key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_INVISIBLE = "\ufeff\u200b\u200c\u200d\u200e\u200f\u2060\u00ad"
"""Byte-order mark, zero-width and direction characters, soft hyphen."""


class WrongCharacterError(Exception):
    """A value has a character that it cannot have; the message says which and where, and nothing else of the value."""


def key(text: str) -> str:
    """A key without white space and invisible characters around it.

    Raises:
        WrongCharacterError: It has a character that no key has: a space, a control character, or one beyond ASCII.
    """
    return _checked(text, "no key has", lambda char: "!" <= char <= "~")


def header(text: str) -> str:
    """The value of a header without spaces, tabs and invisible characters around it. A line end is never removed.

    Raises:
        WrongCharacterError: It has a control character or an invisible one.
    """
    return _checked(text, "no header can have", lambda char: char == "\t" or char.isprintable(), around=" \t\xa0")


def _checked(text: str, where: str, is_right: Callable[[str], bool], around: str | None = None) -> str:
    cleaned, before = text, ""
    while cleaned != before:
        before, cleaned = cleaned, cleaned.strip(around).strip(_INVISIBLE)
    start = text.find(cleaned)
    for place, char in enumerate(cleaned, start + 1):
        if not is_right(char):
            raise WrongCharacterError(f"its character {place} is {_named(char)}, which {where}")
    return cleaned


def _named(char: str) -> str:
    import unicodedata  # large, and only needed for an error

    name = unicodedata.name(char, "a control character")
    return f"U+{ord(char):04X} ({name})"
