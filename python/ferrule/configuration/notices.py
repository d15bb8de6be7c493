"""Log warnings about a configuration, each written once in a process.

Configurations are read often: for each client, on reload, and by a watch every second.
"""

from __future__ import annotations

_written: set[object] = set()


def warn_once(about: object, text: str, *values: object) -> None:
    """Logs a warning, unless there was one about the same thing before.

    Args:
        about: What the warning is about; hashable.
        text: The message, with `%s` for each of `values`.
        values: Paths and names, which may be a stranger's: they are written on one line, without control characters.
    """
    if about in _written:
        return
    _written.add(about)
    import logging  # large, and only needed for warnings

    logging.getLogger("ferrule").warning(text, *(one_line(str(value)) for value in values))


def one_line(text: str) -> str:
    """`text` with everything escaped that could end a line of a log or steer a terminal."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
