"""Memory of the chaos run: what is in use after each wave, and whether that is flat.

What the process has resident is not what is in use: glibc gives every thread an arena, and keeps what was freed in the
pieces that it fell into. In a run of ten minutes that was up to three quarters of the heap, and grew while what was in
use did not. So what is judged is what is in use; what is resident has a wide bound beside it.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Memory:
    """The memory of this process at one time.

    Attributes:
        resident: What the system has given it, in megabytes.
        heap: What is allocated of the C library's heap, the engine's included, in megabytes; `None` where that is not
            known, which is everywhere but on glibc.
        blocks: How many of Python's own blocks are allocated.
    """

    resident: float
    heap: float | None
    blocks: int


_NAMES = (
    "arena",
    "ordblks",
    "smblks",
    "hblks",
    "hblkhd",
    "usmblks",
    "fsmblks",
    "uordblks",
    "fordblks",
    "keepcost",
)


class _Mallinfo2(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in _NAMES]


def memory() -> Memory:
    """The memory of this process now. What is free is collected, and given back to the system, before."""
    gc.collect()
    library = ctypes.CDLL(None)
    if trim := getattr(library, "malloc_trim", None):
        trim(0)
    heap = None
    if mallinfo2 := getattr(library, "mallinfo2", None):
        mallinfo2.restype = _Mallinfo2
        # All arenas, and what was mapped by itself.
        found = mallinfo2()
        heap = (found.uordblks + found.hblkhd) / 1e6
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Memory(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, heap, sys.getallocatedblocks())
