"""Citations of documents: every `.md` file that code, comments, tests and transcripts name exists, and so does the
section that stands beside its name, as in `docs/wire/bedrock.md, section 6`.
"""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from documents import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDERS = ("benches", "crates", "fuzz", "python", "tests", "tools")
# What is built or downloaded, and inputs of the fuzzer, which are data byte for byte.
SKIPPED = {"__pycache__", "artifacts", "corpus", "node_modules", "seeds", "target"}

_CITATION = re.compile(
    r"""(?P<path>(?<![\w./-])[\w./-]*\w\.md)\b`?
        (?:,?[ ]sections?[ ](?P<numbers>\d+(?:\.\d+)?(?:(?:,|[ ]and|,[ ]and)[ ]\d+(?:\.\d+)?(?![ ]\())*)
          |,[ ]"(?P<name>[^"\n]+)")?""",
    re.VERBOSE,
)
# A comment may go on in the next line in the middle of a citation.
_LINE_OF_COMMENT = re.compile(r"\n[ \t]*(?://[/!]?|#|:)?[ \t]*")


class Citation(NamedTuple):
    """Where a document is named, and what of it."""

    place: Path
    path: str
    numbers: tuple[str, ...]
    name: str | None


def citations(place: Path) -> Iterator[Citation]:
    content = place.read_bytes()
    if b".md" not in content:
        return
    text = content.decode("utf-8", "replace")
    # `ROOT / "docs" / "testing.md"` names a file, too.
    text = _LINE_OF_COMMENT.sub(" ", text).replace('" / "', "/")
    for match in _CITATION.finditer(text):
        # The rest of a URL.
        if match["path"].startswith("//"):
            continue
        # In `section 5, 2 and 6` only the first number is a section, the others are numbered lines of it.
        numbers = tuple(re.findall(r"\d+(?:\.\d+)?", match["numbers"] or ""))
        if not re.search(r"\bsections\b", match[0]):
            numbers = numbers[:1]
        yield Citation(place, match["path"], numbers, match["name"])


def found() -> Iterator[Citation]:
    for folder in FOLDERS:
        for parent, children, names in os.walk(ROOT / folder):
            children[:] = [child for child in children if child not in SKIPPED and not child.startswith(".")]
            for name in names:
                if name != Path(__file__).name and not name.endswith((".so", ".pyd")):
                    yield from citations(Path(parent, name))


@cache
def sections(document: Path) -> tuple[frozenset[str], frozenset[str]]:
    """The numbers of a document's sections, and their names without numbers."""
    headings = re.findall(r"^#+ (.*)$", document.read_text("utf-8"), re.MULTILINE)
    numbers = {match[1] for heading in headings if (match := re.match(r"(\d+(?:\.\d+)?|\d+[a-z])\.? ", heading))}
    return frozenset(numbers), frozenset(re.sub(r"^\d+(?:\.\d+)?\.? ", "", heading) for heading in headings)


def problem(citation: Citation) -> str | None:
    where = f"{citation.place.relative_to(ROOT)}: {citation.path}"
    document = next(
        (path for path in (ROOT / citation.path, citation.place.parent / citation.path) if path.is_file()), None
    )
    if document is None:
        return f"{where} does not exist"
    numbers, names = sections(document)
    missing = [number for number in citation.numbers if number not in numbers]
    if missing:
        return f"{where} has no section {', '.join(missing)}"
    if citation.name is not None and citation.name not in names:
        return f"{where} has no section named {citation.name!r}"
    return None


def test_cited_documents_and_sections_exist() -> None:
    all_of_them = list(found())
    # Else the pattern would have missed them.
    assert len(all_of_them) > 300
    assert sum(bool(citation.numbers) for citation in all_of_them) > 250
    assert not [text for citation in all_of_them if (text := problem(citation))]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("//! Frames (`docs/wire/bedrock.md`, section 5).\n", None),
        ("//! Frames (`docs/wire/bedrock.md`, section\n//! 5).\n", None),
        ("//! Frames (`docs/wire/bedrock.md`, sections 4 and 55).\n", "has no section 55"),
        (": source: docs/wire/sse.md, section 3, 11: cut off\n", None),
        ('# docs/configuration.md, "Nothing of the kind"\n', "has no section named 'Nothing of the kind'"),
        ("# see bedrock.md section 6\n", "does not exist"),
        ("# https://example.com/docs/api.md\n", None),
        ('page = ROOT / "docs" / "testing.md"\n', None),
    ],
)
def test_what_is_found(text: str, wrong: str | None, tmp_path: Path) -> None:
    place = ROOT / "crates" / "example.rs"
    (tmp_path / "example.rs").write_text(text, "utf-8")
    problems = [problem(citation._replace(place=place)) for citation in citations(tmp_path / "example.rs")]
    assert len(problems) <= 1
    if wrong is None:
        assert problems in ([], [None])
    else:
        assert wrong in str(problems[0])


def test_every_page_about_the_wire_is_listed() -> None:
    folder = ROOT / "docs" / "wire"
    index = (folder / "README.md").read_text("utf-8")
    assert not [page.name for page in folder.glob("*.md") if page.name != "README.md" and f"({page.name})" not in index]
