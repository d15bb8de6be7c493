"""Command line: one file for each command of `app.py`, and the helpers that they share.

Needs typer and rich (`pip install 'ferrule[cli]'`), which the library itself does not. Only `main` is public: it is the
console script. docs/cli.md is its documentation.
"""

from __future__ import annotations

import sys

__all__ = ["main"]

_NEEDED = frozenset({"typer", "rich"})


def main() -> None:
    """Runs the command line and exits: 0 for success, 1 for a failed call, 2 for wrong usage, 130 for Ctrl-C."""
    try:
        from ferrule.cli.app import app  # what it needs may be missing
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in _NEEDED:
            raise
        sys.stderr.write(f"error: the command line needs {missing}; run: pip install 'ferrule[cli]'\n")
        sys.exit(2)
    app(prog_name="ferrule")
