"""Opening of regular files, checked on what was opened: the path may lead elsewhere a moment later."""

from __future__ import annotations

import errno
import os
import stat


def open_regular(path: str, *, follow: bool = True) -> int:
    """A descriptor of the regular file at `path`, to read from. Does not wait, as opening a pipe would.

    Args:
        path: The path of the file.
        follow: Whether the path may be a symbolic link.

    Raises:
        OSError: It cannot be opened, or is not a regular file.
    """
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags if follow else flags | getattr(os, "O_NOFOLLOW", 0))
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
