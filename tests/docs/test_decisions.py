"""Decision notes: one that a later note replaces says so in its status."""

from __future__ import annotations

import re

from documents import ROOT

NOTES = {path.name: path.read_text("utf-8") for path in (ROOT / "docs" / "decisions").glob("2*.md")}


def test_a_note_that_is_replaced_says_by_which() -> None:
    replaced = {(old, name) for name, text in NOTES.items() for old in re.findall(r"[Rr]eplaces\s+`([\w.-]+)`", text)}
    said = {
        (name, new)
        for name, text in NOTES.items()
        for new in re.findall(r"^Status: superseded by \[([\w.-]+)\]", text, re.MULTILINE)
    }
    assert replaced
    assert replaced == said
