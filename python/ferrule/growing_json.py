"""JSON that is still being written: what has come of it so far, read piece by piece.

Each character is looked at once. What is not JSON ends the reading without an error: whoever reads the whole answer
says what is wrong with it.
"""

from __future__ import annotations

import json
import re
from typing import Any

_RUN = re.compile(r'[^"\\]*')
_SCALAR = re.compile(r"[^\s,:\[\]{}\"]+")
_SPACE = re.compile(r"[\s,:]*")
_FENCE = re.compile(r"\s*```[^\n]*\n")
_MISSING = object()


class Growing(str):
    """A text whose end has not come yet."""

    __slots__ = ()


class GrowingJson:
    """JSON values of a text that comes in pieces: `feed` it, and look at `value`.

    Attributes:
        value: What has come so far: containers grow in place, and a text that has not ended is a `Growing`. `None`
            until anything has come.
        is_whole: Whether the value is complete.
        items: How many values are complete.
    """

    def __init__(self) -> None:
        self.value: Any = None
        self.is_whole = False
        self.items = 0
        self._text = ""
        self._at = 0
        self._has_begun = False
        self._is_broken = False
        self._open: list[dict[str, Any] | list[Any]] = []
        self._keys: list[Any] = []
        self._pieces: list[str] | None = None

    def is_open(self, container: Any) -> bool:
        """Whether more may come into a list or an object."""
        return any(container is one for one in self._open)

    def feed(self, text: str) -> None:
        """Reads the next piece."""
        if self._is_broken or self.is_whole:
            return
        self._text = self._text[self._at :] + text
        self._at = 0
        if not self._has_begun and not self._begin():
            return
        while not self.is_whole and not self._is_broken and self._step():
            pass

    def _begin(self) -> bool:
        """Skips a Markdown fence before the value; false while it may still be one."""
        start = self._text.lstrip()
        if start.startswith("```"):
            fence = _FENCE.match(self._text)
            if fence is None:
                return False
            self._at = fence.end()
        elif not start or "```".startswith(start):
            return False
        self._has_begun = True
        return True

    def _step(self) -> bool:
        """Reads one token; false where more has to come first."""
        if self._pieces is not None:
            return self._string()
        space = _SPACE.match(self._text, self._at)
        self._at = space.end() if space else self._at
        if self._at >= len(self._text):
            return False
        mark = self._text[self._at]
        if mark in "{[":
            self._at += 1
            container: dict[str, Any] | list[Any] = {} if mark == "{" else []
            self._place(container)
            self._open.append(container)
            self._keys.append(_MISSING)
        elif mark in "}]":
            self._at += 1
            self._close(dict if mark == "}" else list)
        elif mark == '"':
            self._at += 1
            self._pieces = []
        else:
            return self._scalar()
        return True

    def _string(self) -> bool:
        pieces = self._pieces or []
        run = _RUN.match(self._text, self._at)
        if run is not None and run.end() > self._at:
            pieces.append(run.group())
            self._at = run.end()
        self._pieces = pieces
        mark = self._text[self._at : self._at + 1]
        if mark == '"':
            self._at += 1
            self._pieces = None
            self._end_string("".join(pieces))
            return True
        if mark == "\\" and (escape := self._escape()) is not None:
            pieces.append(escape)
            return True
        if not self._is_key():
            self._put(Growing("".join(pieces)))
        return False

    def _escape(self) -> str | None:
        """What the escape at this place stands for; `None` where it has not come in full."""
        length = 2
        if self._text[self._at + 1 : self._at + 2] == "u":
            length = 6
            # The other half of a character beyond the basic plane follows.
            if self._text[self._at + 2 : self._at + 4].lower() in ("d8", "d9", "da", "db"):
                length = 12
        escape = self._text[self._at : self._at + length]
        if len(escape) < length:
            return None
        try:
            text = json.loads(f'"{escape}"')
        except ValueError:
            self._is_broken = True
            return None
        self._at += length
        return str(text)

    def _scalar(self) -> bool:
        scalar = _SCALAR.match(self._text, self._at)
        # A number at the end may go on.
        if scalar is None or scalar.end() == len(self._text):
            return False
        try:
            value = json.loads(scalar.group())
        except ValueError:
            self._is_broken = True
            return False
        self._at = scalar.end()
        self._place(value)
        self._done()
        return True

    def _end_string(self, text: str) -> None:
        if self._is_key():
            self._keys[-1] = text
            return
        self._put(text)
        if self._open and isinstance(self._open[-1], dict):
            self._keys[-1] = _MISSING
        self._done()

    def _is_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1], dict) and self._keys[-1] is _MISSING

    def _put(self, text: str) -> None:
        """Puts a text in its place, or in place of what has come of it so far."""
        if not self._open:
            self.value = text
        elif isinstance(container := self._open[-1], list):
            if container and isinstance(container[-1], Growing):
                container[-1] = text
            else:
                container.append(text)
        else:
            container[self._keys[-1]] = text

    def _place(self, value: Any) -> None:
        """Puts any other value in its place."""
        if not self._open:
            self.value = value
        elif isinstance(container := self._open[-1], list):
            container.append(value)
        elif self._keys[-1] is _MISSING:
            self._is_broken = True  # A key is missing.
        else:
            container[self._keys[-1]] = value
            self._keys[-1] = _MISSING

    def _close(self, kind: type) -> None:
        if not self._open or not isinstance(self._open[-1], kind):
            self._is_broken = True
            return
        self._open.pop()
        self._keys.pop()
        self._done()

    def _done(self) -> None:
        self.items += 1
        self.is_whole = not self._open
