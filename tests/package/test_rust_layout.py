"""Layout of the Rust crates: imports without circles, the layers of `wire`, one file name for a job in all dialects."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DIALECTS = ROOT / "crates/wire/src/dialect"
# Crates whose files import in one direction.
WITHOUT_CIRCLES = ["bridge", "catalog", "client", "config", "engine", "python", "sim", "state", "tokens", "wire"]
JOBS = {
    "encode_request",
    "decode_response",
    "decode_stream",
    "decode_request",
    "encode_response",
    "encode_stream",
    "error",
}
# Jobs that a dialect leaves to another one's files.
LEFT_TO_ANOTHER = {
    "openai_completions": {"error"},
    "openai_responses": {"error"},
    "watsonx": {"decode_stream", "encode_response", "encode_stream"},
}
# Other words for a job.
SYNONYMS = {
    *("request", "encode", "encoder", "client", "response", "decode", "decoder", "stream", "server", "errors"),
    *("tool", "functions", "embed", "embedding", "vectors"),
}


def run(tool: str, *arguments: str) -> str:
    command = [sys.executable, str(ROOT / "tools" / tool), *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return "" if ended.returncode == 0 else ended.stdout + ended.stderr


def test_files_import_without_circles() -> None:
    assert not run("file_circles.py", *(str(ROOT / "crates" / crate) for crate in WITHOUT_CIRCLES))


def test_wire_imports_from_earlier_layers_only() -> None:
    assert not run("wire_layers.py")


def folders() -> list[Path]:
    """A folder for each dialect; one next to a file of its name has that file's tests."""
    paths = (path for path in sorted(DIALECTS.iterdir()) if path.is_dir() and path.name != "shared")
    return [path for path in paths if not path.with_suffix(".rs").exists()]


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: folder.name)
def test_a_job_has_the_same_file_name_in_every_dialect(folder: Path) -> None:
    files = {path.stem for path in folder.iterdir()}
    assert JOBS - files == LEFT_TO_ANOTHER.get(folder.name, set())
    assert not files & SYNONYMS


def test_every_dialect_is_looked_at() -> None:
    assert len(folders()) >= 12
