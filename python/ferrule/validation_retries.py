"""Validation retries of structured output: a reply that does not fit goes back to the model with its errors."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ferrule.numeric import as_integer, as_number
from ferrule.options import Timeouts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrule._native import Message, Reply
    from ferrule.errors import FerruleError
    from ferrule.options import CompletionOptions, Messages

_MAX_SHOWN = 4000


class ValidationRetries:
    """One call with `retries_on_invalid`: the conversation so far, and the replies that did not fit.

    Args:
        messages: The messages of the call.
        options: Its options. `retries_on_invalid` is taken out of them.
        total: The time limit of the whole call, where `options` have none.

    Raises:
        TypeError: `retries_on_invalid` is not a number, or there is no `response_format`.
    """

    def __init__(self, messages: Messages, options: CompletionOptions, total: float | None) -> None:
        given = options.pop("retries_on_invalid", None)
        retries = as_integer(given)
        if retries is None or retries < 0:
            raise TypeError(f"retries_on_invalid: expected a whole number, 0 or more, not {given!r}")
        if retries and options.get("response_format") in (None, "text"):
            raise TypeError("retries_on_invalid: there is no `response_format` that a reply could fail to fit")
        self._left = retries
        self.messages: list[Message | Mapping[str, Any]] = (
            [{"role": "user", "content": messages}] if isinstance(messages, str) else list(messages)
        )
        self._options: dict[str, Any] = dict(options)
        self._earlier: list[Reply[Any]] = []
        timeout = options.get("timeout")
        limit = timeout.total if isinstance(timeout, Timeouts) else as_number(timeout)
        limit = total if limit is None else limit
        self._deadline = None if limit is None else time.monotonic() + limit

    def options(self) -> CompletionOptions:
        """The options of the next request: as given, with the time that is left."""
        options: Any = dict(self._options)
        if self._earlier and self._deadline is not None:
            left = max(self._deadline - time.monotonic(), 0.001)
            given = options.get("timeout")
            options["timeout"] = given._replace(total=left) if isinstance(given, Timeouts) else Timeouts(total=left)
        found: CompletionOptions = options
        return found

    def is_over(self, reply: Reply[Any]) -> bool:
        """Whether the reply fits or no retry is left; otherwise `messages` and `options` are of the next one."""
        if self._left == 0 or (problem := _problem(reply)) is None:
            return True
        self._left -= 1
        self._earlier.append(reply)
        self.messages = [
            *self.messages,
            reply.message if reply.text else {"role": "assistant", "content": "(an empty answer)"},
            {"role": "user", "content": f"This does not fit the required format:\n{problem}\nAnswer again, in full."},
        ]
        return False

    def finished(self, reply: Reply[Any]) -> Reply[Any]:
        """The last reply, with what those before it cost, and their attempts."""
        if not self._earlier:
            return reply
        return reply._after(self._earlier)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - Ferrule's own

    def failed(self, error: FerruleError) -> None:
        """Adds the attempts of the earlier replies to an error."""
        error.attempts = (*(one for reply in self._earlier for one in reply.attempts), *error.attempts)


def _problem(reply: Reply[Any]) -> str | None:
    """What the validator says of a reply; `None` where it fits, or where another attempt would not help."""
    from ferrule.structured import unfit_reason

    if unfit_reason(reply) is not None:
        return None
    try:
        _ = reply.parsed
    except (ValueError, TypeError) as error:
        text = str(error)
        return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"
    return None
