"""Set-up of a machine: it names what is missing, and how to get it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="the Makefile is for Unix")


def require(what: str, programs: Path, present: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """`tools/require.sh` on a machine that has nothing but `present`: names, and the scripts they are."""
    for name in ("cut", "head", "sed", "sort"):
        (programs / name).symlink_to(str(shutil.which(name)))
    for name, script in present.items():
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)
    return subprocess.run(
        ["/bin/sh", "tools/require.sh", what],
        cwd=ROOT,
        env={"PATH": str(programs)},
        capture_output=True,
        text=True,
        timeout=20,
    )


CARGO = {"cargo": "true", "rustc": "echo 'rustc 1.99.0 (0123456 2026-01-01)'"}


@pytest.mark.parametrize(
    ("what", "present", "missing", "remedy"),
    [
        ("python", {}, "Python 3.10", "apt-get install python3"),
        ("python", {"python3": "exit 1"}, "Python 3.10", "PYTHON="),
        ("python", {"python3": "case $2 in *venv*) exit 1; esac"}, "venv", "python3-venv"),
        ("rust", {}, "cargo", "rustup.rs"),
        ("rust", CARGO | {"rustc": "echo 'rustc 1.9.0'"}, "this is 1.9.0", "rustup update"),
        ("rust", CARGO, "C compiler", "build-essential"),
        ("lint", {"cargo": "exit 1"}, "clippy", "rustup component add"),
        ("targets", CARGO | {"cc": "true"}, "x86_64-pc-windows-gnu", "rustup target add"),
        ("wheels", CARGO | {"cc": "true"}, "aarch64-unknown-linux-gnu", "rustup target add"),
    ],
)
def test_what_is_missing_is_named(
    what: str, present: dict[str, str], missing: str, remedy: str, tmp_path: Path
) -> None:
    done = require(what, tmp_path, present)
    assert done.returncode == 1
    assert missing in done.stderr
    assert remedy in done.stderr


@pytest.mark.parametrize(
    ("what", "present"), [("python", {"python3": "exit 0"}), ("rust", CARGO | {"cc": "true"}), ("lint", CARGO)]
)
def test_what_is_there_is_enough(what: str, present: dict[str, str], tmp_path: Path) -> None:
    assert require(what, tmp_path, present).returncode == 0


def test_checking_the_windows_code_needs_a_c_compiler_for_it(tmp_path: Path) -> None:
    for target in ("x86_64-pc-windows-gnu", "wasm32-unknown-unknown"):
        (tmp_path / "lib" / "rustlib" / target).mkdir(parents=True)
    rustc = f"""case $1 in --print) echo '{tmp_path}' ;; *) echo 'rustc 1.99.0 (0123456 2026-01-01)' ;; esac"""
    (tmp_path / "bin").mkdir()
    done = require("targets", tmp_path / "bin", {"cargo": "true", "cc": "true", "rustc": rustc})
    assert done.returncode == 1
    assert "gcc-mingw-w64-x86-64" in done.stderr


def test_an_older_python_is_passed_over_for_a_newer_one(tmp_path: Path) -> None:
    done = require("python", tmp_path, {"python3": "exit 1", "python3.12": "exit 0"})
    assert done.stdout.strip() == str(tmp_path / "python3.12")


def test_what_succeeds_is_quiet_and_what_fails_is_not() -> None:
    def quietly(script: str) -> subprocess.CompletedProcess[str]:
        command = ["/bin/sh", "tools/quietly.sh", "/bin/sh", "-c", script]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20)

    fine = quietly("echo out; echo err >&2")
    assert (fine.returncode, fine.stdout, fine.stderr) == (0, "", "")
    failed = quietly("echo out; echo err >&2; exit 3")
    assert failed.returncode == 3
    assert failed.stderr.startswith("out\nerr\n")


def test_setting_up_is_quiet() -> None:
    lines = (ROOT / "Makefile").read_text("utf-8").splitlines()
    loud = [line for line in lines if any(work in line for work in ("maturin develop", "--group dev", "-m venv"))]
    assert len(loud) == 3
    assert all(line.startswith("\t@$(quietly) ") for line in loud)
