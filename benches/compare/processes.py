"""Starts the upstream and the measured processes, each on a core of its own, and ends them."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

HERE = Path(__file__).parent
UPSTREAM = HERE.parent / "upstream"
CLIENT_CORE, UPSTREAM_CORE = 0, 1
# litellm would fetch its price list from the network when imported.
ENVIRONMENT = os.environ | {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}


def pinned(core: int, command: list[str]) -> list[str]:
    """The command tied to one core, where there are two: a shared core would slow the client down."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        return command
    return ["taskset", "--cpu-list", str(cores[core]), *command]


class Upstream:
    """The scripted provider, built on first use."""

    def __enter__(self) -> Self:
        if shutil.which("cargo") is None:
            raise SystemExit("the upstream is a Rust program: install Rust from https://rustup.rs")
        manifest = str(UPSTREAM / "Cargo.toml")
        subprocess.run(["cargo", "build", "--quiet", "--release", "--locked", "--manifest-path", manifest], check=True)
        program = str(UPSTREAM / "target" / "release" / "bench-upstream")
        self.process = subprocess.Popen(
            pinned(UPSTREAM_CORE, [program]), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=10)


class Measured:
    """One process with one client in it."""

    def __init__(self, python: Path) -> None:
        self.python = python

    def __enter__(self) -> Self:
        self.complaints = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            pinned(CLIENT_CORE, [str(self.python), str(HERE / "child.py")]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.complaints,
            env=ENVIRONMENT,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.complaints.close()

    def order(self, order: dict[str, Any], patience: float = 120) -> dict[str, Any]:
        """Has it carried out; an answer with `error` if that fails, dies or takes longer than `patience` seconds."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        if self.process.poll() is not None:
            return {"error": "the process had already ended"}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], patience)
        if not ready:
            self.process.kill()
            return {"error": f"no answer within {patience:.0f} s"}
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        self.complaints.seek(0)
        return {"error": "the process died: " + self.complaints.read()[-2000:]}
