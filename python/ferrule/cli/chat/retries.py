"""Retries while a reply is awaited, read from the engine's log, which is the first to know of them."""

import contextlib
import logging
import re
from collections.abc import Callable, Generator

from ferrule.cli import screen

_RETRY = re.compile(r"^(attempt failed, trying again|cannot be reached, asking the next candidate)")
_DELAY = re.compile(r"\bdelay=([0-9.]+)(s|ms|µs|ns)")
_FAILURE = re.compile(r"\bfailure=(.*)$", re.DOTALL)


class Retries(logging.Handler):
    """Calls `listener` with a line for each retry. Warnings of the library go to `warned`."""

    def __init__(self, warned: Callable[[str], None]) -> None:
        super().__init__()
        self.listener: Callable[[str], None] | None = None
        self._warned = warned

    def emit(self, record: logging.LogRecord) -> None:
        """Takes a record of the engine."""
        text = record.getMessage()
        if record.levelno >= logging.WARNING:
            self._warned(text)
        elif self.listener and (found := _RETRY.match(text)):
            self.listener(_described(found[1], text))


def _described(what: str, text: str) -> str:
    reason = found[1].strip('"') if (found := _FAILURE.search(text)) else "it failed"
    if what.startswith("cannot"):
        return f"{reason}; asking the next provider"
    delay = f" in {screen.seconds(_seconds(found))}" if (found := _DELAY.search(text)) else ""
    return f"{reason}; trying again{delay}"


def _seconds(delay: re.Match[str]) -> float:
    return float(delay[1]) * {"s": 1, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9}[delay[2]]


@contextlib.contextmanager
def show_retries() -> Generator[Retries, None, None]:
    """Collects the engine's records while clients are made and call. Programs' own loggers get nothing of it."""
    logger = logging.getLogger("ferrule")
    handler = Retries(screen.note)
    before = (logger.level, logger.propagate)
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    try:
        yield handler
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before[0])
        logger.propagate = before[1]
