"""Command line: one file or package for each command of `app.py`, and the helpers that they share.

Needs the packages of the extra `cli`, which the library itself does not. Only `main` is public: it is the console
script. docs/cli.md is its documentation.
"""

from __future__ import annotations

import sys

__all__ = ["main"]

PACKAGES = ("typer", "rich", "prompt_toolkit", "tomlkit")
"""The packages of the extra `cli`, as pip and `import` name them."""


def main() -> None:
    """Runs the command line and exits: 0 for success, 1 for a failed call, 2 for wrong usage, 130 for Ctrl-C."""
    if sys.argv[1:2] == ["run"] and sys.argv[2:] not in ([], ["--help"], ["-h"]):
        from ferrule.dropin.program import run  # needs none of the packages below, and its errors are the program's

        run(sys.argv[2:])
        return
    try:
        from ferrule.cli.app import app  # what it needs may be missing
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in PACKAGES:
            raise
        sys.stderr.write(
            f"error: the command line needs {missing}, which is not installed here; run: "
            f"{sys.executable} -m pip install {' '.join(PACKAGES)}\n"
        )
        sys.exit(2)
    app(prog_name="ferrule")
