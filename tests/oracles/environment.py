"""An environment per oracle, `.venv-oracle-<name>` in the project's root, made when a test first needs it.

The oracles contradict each other's requirements, and none of them is to be in ours. An environment is kept for as long
as `requirements/<name>.txt` and the interpreter stay the same; what it holds is the newest at the time it was made.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = Path(__file__).parent / "requirements"

# Tests run without the machine's proxies, but the way to PyPI may lead through one. uv carries root certificates of its
# own; the machine's also know a local mirror's.
AT_START = os.environ | {"UV_SYSTEM_CERTS": "true"}


def programs_of(name: str) -> Path:
    """The directory of the environment's programs, with everything installed."""
    requirements = REQUIREMENTS / f"{name}.txt"
    directory = ROOT / f".venv-oracle-{name}"
    programs = directory / ("Scripts" if os.name == "nt" else "bin")
    stamp = directory / "installed.txt"
    key = hashlib.sha256(f"{Path(sys.executable).resolve()} {sys.version} {requirements.read_text()}".encode())
    if not stamp.exists() or stamp.read_text() != key.hexdigest():
        uv("venv", "--clear", "--python", sys.executable, str(directory))
        uv("pip", "install", "--python", str(programs / "python"), "--requirement", str(requirements))
        stamp.write_text(key.hexdigest())
    return programs


def uv(*arguments: str) -> None:
    command = [sys.executable, "-m", "uv", "--quiet", *arguments]
    done = subprocess.run(command, env=AT_START, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, f"`uv {' '.join(arguments)}` failed: {done.stderr}"
