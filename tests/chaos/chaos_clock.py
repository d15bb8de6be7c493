"""Clocks that jump: a process whose clock on the wall, or steady clock, is set forward or back while it runs.

`environment` is for a process that is yet to be started; in that process `jump` sets its clocks. It needs Linux and a C
compiler, which whoever builds this project has.
"""

from __future__ import annotations

import os
import select
import struct
import subprocess
import sys
from pathlib import Path

VARIABLE = "FERRULE_TEST_CLOCK"
SOURCE = Path(__file__).resolve().with_name("clock_jumps.c")
IS_POSSIBLE = sys.platform == "linux"


def environment(folder: Path) -> dict[str, str]:
    """The environment of a process whose clocks can jump.

    Args:
        folder: An empty folder for what it needs.
    """
    library, offsets = folder / "clock_jumps.so", folder / "offsets"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, SOURCE], check=True)
    offsets.write_bytes(struct.pack("qq", 0, 0))
    return os.environ | {"LD_PRELOAD": str(library), VARIABLE: str(offsets)}


def can_jump() -> bool:
    """Whether this process was started with such an environment."""
    return VARIABLE in os.environ


def jump(*, wall: float = 0.0, steady: float = 0.0) -> None:
    """Sets the clocks of this process.

    Args:
        wall: Seconds that the clock on the wall is ahead of the machine's.
        steady: Seconds that the steady clock is.
    """
    path = Path(os.environ[VARIABLE])
    with path.open("r+b") as offsets:
        offsets.write(struct.pack("qq", round(wall * 1e9), round(steady * 1e9)))


def pause(seconds: float) -> None:
    """Waits, whatever the clocks say: `time.sleep` waits until a time of the steady clock."""
    select.select([], [], [], seconds)
