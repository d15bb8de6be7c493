"""Package: what importing it loads, what it exports, and its metadata."""

from __future__ import annotations

import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import ferrule

ROOT = Path(__file__).parents[2]
HEAVY = {
    "asyncio",
    "logging",
    "typing_extensions",
    "pydantic",
    "msgspec",
    "typer",
    "rich",
    "inspect",
    "dataclasses",
    "json",
}
LOADED = """
import sys
before = set(sys.modules)
import ferrule
after_import = set(sys.modules) - before
ferrule.Client(), ferrule.Message, ferrule.FerruleError
print(*sorted(after_import))
print(*sorted(set(sys.modules) - before))
"""


def test_importing_loads_nothing_it_does_not_need() -> None:
    # Without `site`, which loads modules of its own.
    command = [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}\n{LOADED}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.stderr == ""
    after_import, after_client = (set(line.split()) for line in done.stdout.splitlines())
    assert not HEAVY & (after_import | after_client)
    assert {name for name in after_import if name.startswith("ferrule")} == {"ferrule", "ferrule._native"}


def test_every_public_name_is_there_and_is_listed() -> None:
    for name in ferrule.__all__:
        assert getattr(ferrule, name) is not None
    assert dir(ferrule) == sorted(ferrule.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Clint'"):
        _ = ferrule.Clint


def test_no_module_takes_a_public_name() -> None:
    """Importing `ferrule.x` sets the attribute `x` of the package: it would replace the function of that name."""
    modules = {module.name for module in pkgutil.iter_modules(ferrule.__path__)}
    assert modules & set(ferrule.__all__) == set()
    importlib.import_module("ferrule.streams")
    assert callable(ferrule.stream)


def test_the_extension_declares_that_it_needs_no_global_lock() -> None:
    source = (ROOT / "crates/python/src/lib.rs").read_text()
    assert re.search(r"#\[pymodule\(gil_used = false\)\]\s*mod _native", source)
    shared = [
        line
        for file in (ROOT / "crates/python/src").rglob("*.rs")
        for line in file.read_text().splitlines()
        # Such classes are safe only under a global lock, or only on one thread.
        if re.search(r"#\[pyclass\(", line) and ("frozen" not in line or "unsendable" in line)
    ]
    assert shared == []


@pytest.mark.skipif(not hasattr(sys, "_is_gil_enabled"), reason="this Python cannot run without the global lock")
def test_importing_does_not_bring_the_global_lock_back() -> None:
    command = [sys.executable, "-c", "import sys, ferrule; print(sys._is_gil_enabled())"]
    freed = not sys._is_gil_enabled()
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout.strip() == str(not freed)
