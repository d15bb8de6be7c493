"""The documentation site: builds `mkdocs.yml` into `target/site`. Every warning is an error.

Zensical's strict mode finds broken links, anchors and references; what griffe says of docstrings it prints and passes
over, so its words are looked for here.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WARNING = re.compile(r"^(?:griffe|mkdocstrings|autorefs|warning)\b", re.IGNORECASE | re.MULTILINE)


def main() -> int:
    """Builds the site and returns the exit code."""
    built = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict", "--clean"],
        cwd=ROOT,
        env=os.environ | {"NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    sys.stdout.write(built.stdout)
    if built.returncode == 0 and WARNING.search(built.stdout):
        sys.stderr.write("warnings are errors here\n")
        return 1
    return built.returncode


if __name__ == "__main__":
    sys.exit(main())
