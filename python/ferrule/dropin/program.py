"""Programs that are run with SDKs patched: `python -m ferrule run app.py`, which needs no change of the program."""

from __future__ import annotations

import os
import runpy
import sys
from typing import TYPE_CHECKING

from ferrule.dropin.patching import patch_from_environment

if TYPE_CHECKING:
    from collections.abc import Sequence


def run(arguments: Sequence[str]) -> None:
    """Makes the patches that `FERRULE_PATCH` names, and runs a program as `python` does.

    Args:
        arguments: The program's file, or `-m` and a module's name, and then the program's own arguments.

    Raises:
        SystemExit: The program ended so, or there is none.
    """
    is_module = arguments[0] == "-m"
    rest = list(arguments[1:] if is_module else arguments)
    if not rest or (not is_module and not os.path.exists(rest[0])):
        missing = rest[0] if rest else "-m"
        sys.stderr.write(f"error: {missing}: there is no such program; write `ferrule run app.py` or `-m module`\n")
        sys.exit(2)
    try:
        patch_from_environment()
    except (ImportError, ValueError) as error:
        sys.stderr.write(f"error: FERRULE_PATCH: {error}\n")
        sys.exit(2)
    sys.argv[:] = rest
    if is_module:
        sys.path[0] = os.getcwd()
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.path[0] = os.path.dirname(os.path.abspath(rest[0]))
        runpy.run_path(rest[0], run_name="__main__")
