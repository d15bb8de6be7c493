"""Environments of the oracles, one each, `.venv-oracle-<name>` in the project's root:

    python tests/oracles/environment.py NAME...    makes those that are missing or out of date; needs a package index

The oracles contradict each other's requirements, and none of them is to be in ours. An environment holds what
`locks/<name>.txt` says, checked by digest, and is kept for as long as that file and the interpreter stay the same.
`make oracle-locks` writes the lock files anew, from `requirements/<name>.txt`. What runs on Node.js has
`requirements/<name>.json` and `locks/<name>.json`, npm's `package.json` and `package-lock.json`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCKS = Path(__file__).parent / "locks"


def programs_of(name: str) -> Path:
    """The directory of the environment's programs."""
    assert is_installed(name), f"there is no current environment for {name}: run `make test-oracles`"
    return programs(name)


def programs(name: str) -> Path:
    return directory(name) / ("Scripts" if os.name == "nt" else "bin")


def directory(name: str) -> Path:
    return ROOT / f".venv-oracle-{name}"


def is_installed(name: str) -> bool:
    stamp = directory(name) / "installed.txt"
    return stamp.exists() and stamp.read_text() == key(name)


def is_of_node(name: str) -> bool:
    return (LOCKS / f"{name}.json").exists()


def key(name: str) -> str:
    """What an environment is made of."""
    lock = (LOCKS / f"{name}.{'json' if is_of_node(name) else 'txt'}").read_text()
    return hashlib.sha256(f"{Path(sys.executable).resolve()} {sys.version} {lock}".encode()).hexdigest()


def install(name: str) -> None:
    if is_of_node(name):
        install_from_npm(name)
        return
    python, lock = programs(name) / "python", LOCKS / f"{name}.txt"
    uv("venv", "--clear", "--python", sys.executable, str(directory(name)))
    uv("pip", "install", "--python", str(python), "--require-hashes", "--requirement", str(lock))
    (directory(name) / "installed.txt").write_text(key(name))


def install_from_npm(name: str) -> None:
    target = directory(name)
    target.mkdir(exist_ok=True)
    shutil.copy(LOCKS.parent / "requirements" / f"{name}.json", target / "package.json")
    shutil.copy(LOCKS / f"{name}.json", target / "package-lock.json")
    # Only the packages that the lock file names, checked by digest; none of them runs anything now.
    command = [npm(), "ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(command, cwd=target, timeout=400, check=True)
    (target / "installed.txt").write_text(key(name))


def npm() -> str:
    found = shutil.which("npm")
    assert found, "npm is missing; it comes with Node.js"
    return found


def uv(*arguments: str) -> None:
    # uv carries root certificates of its own; the machine's also know a local mirror's.
    variables = os.environ | {"UV_SYSTEM_CERTS": "true"}
    subprocess.run([sys.executable, "-m", "uv", "--quiet", *arguments], env=variables, timeout=400, check=True)


if __name__ == "__main__":
    for each in sys.argv[1:]:
        if not is_installed(each):
            print(f"installing the oracle {each}")
            install(each)
