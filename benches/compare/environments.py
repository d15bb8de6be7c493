"""A virtual environment per peer, `.venv-bench-<name>` in the project's root, made when first needed.

It is kept for as long as its requirements, or the measured wheel, stay the same.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = Path(__file__).parent / "requirements"


class UnavailableError(Exception):
    """A client cannot be measured here; the text says why and what to do."""


def python_of(environment: str, interpreter: str, wheels: dict[str, Path | None]) -> Path:
    """The environment's interpreter, with everything installed; `wheels` are those of environments that have one."""
    wanted, key = [], ""
    if environment in wheels:
        wheel = wheels[environment]
        if wheel is None:
            raise UnavailableError("no wheel in dist/: build one with `make wheel`, or name one with --wheel")
        wanted, key = [str(wheel)], f"{wheel} {wheel.stat().st_mtime_ns}"
    requirements = REQUIREMENTS / f"{environment}.txt"
    if requirements.exists():
        overrides = REQUIREMENTS / "overrides.txt"
        wanted += ["--requirement", str(requirements), "--override", str(overrides)]
        # One file may name another.
        key += environment + "".join(file.read_text() for file in sorted(REQUIREMENTS.iterdir()))
    directory = directory_of(environment, interpreter)
    stamp = directory / "installed.txt"
    key = hashlib.sha256(f"{Path(interpreter).resolve()} {key}".encode()).hexdigest()
    if not stamp.exists() or stamp.read_text() != key:
        print(f"installing {environment} into {directory.name}", file=sys.stderr)
        uv("venv", "--quiet", "--clear", "--python", interpreter, str(directory))
        uv("pip", "install", "--quiet", "--python", str(directory / "bin" / "python"), *wanted)
        stamp.write_text(key)
    return directory / "bin" / "python"


def directory_of(environment: str, interpreter: str) -> Path:
    """Another interpreter than the one that runs this gets environments of its own."""
    other = "" if interpreter == sys.executable else "-" + interpreter.strip("/").replace("/", "-")
    return ROOT / f".venv-bench-{environment}{other}"


def newest_wheel() -> Path | None:
    return max((ROOT / "dist").glob("*.whl"), key=lambda wheel: wheel.stat().st_mtime, default=None)


def versions(python: Path) -> dict[str, str]:
    """Every distribution installed in an environment."""
    program = (
        "import importlib.metadata as m, json;"
        "print(json.dumps({d.metadata['Name']: d.version for d in m.distributions()}))"
    )
    return json.loads(subprocess.check_output([python, "-c", program]))


def uv(*arguments: str) -> None:
    """Runs uv, from an environment of its own: it resolves and links ten environments in seconds."""
    program = ROOT / ".venv-bench-uv" / "bin" / "uv"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", program.parent.parent], check=True)
        subprocess.run([program.parent / "pip", "install", "--quiet", "uv"], check=True)
    # uv carries root certificates of its own; the machine's also know a local mirror's.
    environment = os.environ | {"UV_SYSTEM_CERTS": "true"}
    done = subprocess.run([program, *arguments], env=environment, capture_output=True, text=True)
    if done.returncode:
        raise UnavailableError(f"`uv {' '.join(arguments[:2])}` failed: {done.stderr.strip()}")
