"""Wheel of `make wheel`: it works where there is no Rust, and the source distribution builds.

`make test` passes over this where the wheel is not up to date, as it takes minutes to build; `make check` and CI build
it first, and fail then.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MEGABYTE = 1_000_000


def sources() -> list[Path]:
    files = [ROOT / name for name in ("Cargo.toml", "Cargo.lock", "pyproject.toml", "README.md")]
    files += [file for file in (ROOT / "crates").rglob("*") if file.is_file() and "target" not in file.parts]
    return files + [file for file in (ROOT / "python").rglob("*.py*") if file.suffix in (".py", ".pyi")]


def built(pattern: str) -> Path:
    files = list((ROOT / "dist").glob(pattern))
    newest = max(file.stat().st_mtime for file in sources())
    if len(files) == 1 and files[0].stat().st_mtime >= newest:
        return files[0]
    problem = "dist/ is not up to date: run `make wheel`"
    if os.environ.get("FERRULE_WHEEL") == "required":
        pytest.fail(problem)
    pytest.skip(problem)


@pytest.fixture(scope="module")
def wheel() -> Path:
    return built("*.whl")


@pytest.fixture(scope="module")
def sdist() -> Path:
    return built("*.tar.gz")


@pytest.mark.timeout(180)
def test_the_wheel_makes_a_call_where_there_is_no_rust(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "empty"
    venv.create(environment, with_pip=True)
    programs = environment / ("Scripts" if os.name == "nt" else "bin")
    python = programs / ("python.exe" if os.name == "nt" else "python")
    bare = {"PATH": str(programs), "HOME": str(tmp_path), "SYSTEMROOT": os.environ.get("SYSTEMROOT", "")}

    def run(*arguments: str | Path) -> str:
        done = subprocess.run([python, *arguments], env=bare, cwd=tmp_path, capture_output=True, text=True, timeout=150)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("-m", "pip", "install", "--quiet", "--no-index", "--disable-pip-version-check", wheel)
    said = run("-W", "error", ROOT / "tests" / "package" / "wheel_call.py")
    assert "cargo: None; extras: []" in said


def test_the_wheel_holds_what_it_should_and_no_more(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    native = [name for name in names if name.endswith((".so", ".pyd"))]
    assert len(native) == 1, native
    assert {"ferrule/py.typed", "ferrule/_native.pyi", "ferrule/testing.py"} <= set(names)
    licences = {Path(name).name for name in names if "/licenses/" in name}
    assert {"LICENSE-MIT", "LICENSE-APACHE"} <= licences
    assert all(name.startswith(("ferrule/", "ferrule-")) for name in names), names
    # Vocabularies, catalog, credentials of clouds, routing, limits and the drop-ins included: 9.5 MB on 2026-11-30.
    assert wheel.stat().st_size <= 10 * MEGABYTE


@pytest.mark.skipif(sys.platform != "linux", reason="the tags of Linux")
def test_the_wheel_asks_for_no_newer_c_library_than_manylinux2014(wheel: Path) -> None:
    assert "manylinux_2_17_" in wheel.name


def test_the_wheel_has_a_bill_of_materials(wheel: Path) -> None:
    """Every crate that is linked into it, so that a vulnerable one is found by who installed it."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if "/sboms/" in name and name.endswith(".cyclonedx.json")]
        bill = json.loads(archive.read(name))
    assert bill["bomFormat"] == "CycloneDX"
    assert {"rustls", "hyper", "ferrule-wire"} <= {component["name"] for component in bill["components"]}


def test_the_source_distribution_can_be_built(sdist: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        if sys.version_info >= (3, 11, 4):
            archive.extractall(tmp_path, filter="data")
        else:
            archive.extractall(tmp_path)
    (project,) = tmp_path.iterdir()
    for name in ("LICENSE-MIT", "LICENSE-APACHE", "README.md", "python/ferrule/py.typed"):
        assert (project / name).is_file(), name
    # All crates are there and agree with the lock file, so that an installer gets what we tested. Nothing is built.
    manifest = project / "crates" / "python" / "Cargo.toml"
    command = ["cargo", "metadata", "--locked", "--offline", "--format-version", "1", "--manifest-path", manifest]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stderr
