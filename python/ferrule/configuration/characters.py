"""Characters of keys and header values: what copying adds is removed, what does not belong there is named.

A byte-order mark of a file, or a zero-width character of a web page, goes unseen and makes a provider refuse the key.
The engine has the rules (`crates/engine/src/characters.rs`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ferrule._native import clean_header, clean_key

if TYPE_CHECKING:
    from collections.abc import Callable


class WrongCharacterError(Exception):
    """A value has a character that it cannot have; the message says which and where, and nothing else of the value."""


def key(text: str) -> str:
    """A key without white space and invisible characters around it.

    Raises:
        WrongCharacterError: It has a character that no key has: a space, a control character, or one beyond ASCII.
    """
    return _cleaned(clean_key, text)


def header(text: str) -> str:
    """The value of a header without spaces, tabs and invisible characters around it. A line end is never removed.

    Raises:
        WrongCharacterError: It has a control character or an invisible one.
    """
    return _cleaned(clean_header, text)


def _cleaned(clean: Callable[[str], str], text: str) -> str:
    try:
        return clean(text)
    except UnicodeEncodeError as error:
        # A byte of the environment that is not valid text.
        raise WrongCharacterError(f"its character {error.start + 1} is not valid UTF-8") from None
    except ValueError as error:
        raise WrongCharacterError(re.sub(r"U\+([0-9A-F]+)(?=,)", _named, str(error))) from None


def _named(found: re.Match[str]) -> str:
    import unicodedata  # large, and only needed for an error

    name = unicodedata.name(chr(int(found[1], 16)), "")
    return f"{found[0]} ({name})" if name else found[0]
