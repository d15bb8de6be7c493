"""Fuzz targets of all wire formats: a letter of its own chooses each format, and each target has seeds for each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ferrule import _native

FUZZ = Path(__file__).resolve().parents[2] / "fuzz"
LETTERS = dict(re.findall(r"^    \(b'(.)', \"([a-z-]+)\"\),$", (FUZZ / "src/lib.rs").read_text("utf-8"), re.MULTILINE))


def test_every_wire_format_has_a_letter() -> None:
    assert sorted(LETTERS.values()) == sorted(_native.dialects())


@pytest.mark.parametrize("target", ["request", "response", "stream"])
def test_every_wire_format_has_seeds(target: str) -> None:
    chosen = {seed.read_bytes()[:1].decode() for seed in (FUZZ / "seeds" / target).iterdir()}
    assert chosen == LETTERS.keys()


def test_every_target_has_seeds() -> None:
    targets = {file.stem for file in (FUZZ / "fuzz_targets").iterdir()}
    assert targets == {folder.name for folder in (FUZZ / "seeds").iterdir()}
