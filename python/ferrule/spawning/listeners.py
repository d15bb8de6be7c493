"""Listening sockets: whether the one that a port leads to belongs to a program of ours.

Another process may take the port that a program was given before the program listens on it: a key that is sent there
would be that one's. Linux says whose a socket is, and macOS does by `lsof`.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys

_LISTENING = "0A"
_LSOF = "/usr/sbin/lsof"


def is_ours(port: int, session: int) -> bool | None:
    """Whether everything that listens on `port` of the loopback interface was started in `session`.

    Returns:
        `None` where the system does not say.
    """
    if sys.platform == "linux":
        return _is_ours_on_linux(port, session)
    if sys.platform == "darwin" and os.path.exists(_LSOF):
        return _is_ours_on_macos(port, session)
    return None


def _is_ours_on_linux(port: int, session: int) -> bool | None:
    try:
        listening = _sockets(port)
    except OSError:
        return None
    return bool(listening) and listening <= _sockets_of(session)


def _sockets(port: int) -> set[str]:
    """The inodes of the sockets that a connection to `port` may lead to."""
    found: dict[bool, set[str]] = {True: set(), False: set()}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table, encoding="ascii") as file:
                lines = file.read().splitlines()[1:]
        except FileNotFoundError:  # without IPv6
            continue
        for line in lines:
            fields = line.split()
            address, _, number = fields[1].rpartition(":")
            # 127.0.0.1, or the same as an address of IPv6; else all interfaces.
            is_loopback = address.endswith("0100007F") and address[:-8] in ("", "0000000000000000FFFF0000")
            is_any = not address.strip("0")
            if fields[3] == _LISTENING and int(number, 16) == port and (is_loopback or is_any):
                found[is_loopback].add(fields[9])
    # The more particular address gets the connection.
    return found[True] or found[False]


def _sockets_of(session: int) -> set[str]:
    """The inodes of the sockets that the processes of `session` have open."""
    found: set[str] = set()
    for name in filter(str.isdigit, os.listdir("/proc")):
        # Processes come and go, and those of others are none of our business.
        with contextlib.suppress(OSError):
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                fields = file.read().rpartition(") ")[2].split()
            if int(fields[3]) != session:
                continue
            directory = f"/proc/{name}/fd"
            for descriptor in os.listdir(directory):
                with contextlib.suppress(OSError):
                    target = os.readlink(f"{directory}/{descriptor}")
                    if target.startswith("socket:["):
                        found.add(target[8:-1])
    return found


def _is_ours_on_macos(port: int, session: int) -> bool | None:
    command = [_LSOF, "-nP", "-a", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fp"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)  # noqa: S603 - ours
    except (OSError, subprocess.SubprocessError):
        return None
    processes = [int(line[1:]) for line in listed.stdout.splitlines() if line[:1] == "p"]
    try:
        return bool(processes) and all(os.getsid(process) == session for process in processes)
    except OSError:
        return False
