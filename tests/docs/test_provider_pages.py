"""Provider pages (docs/providers/): one for each built-in provider, with true tables, and what pages name exists."""

from __future__ import annotations

import importlib.util
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

import ferrule
from documents import DOCUMENTS, ROOT
from ferrule import _native
from ferrule.configuration.schema import PLACEHOLDERS

if TYPE_CHECKING:
    from pathlib import Path

PAGES = sorted((ROOT / "docs" / "providers").glob("*.md"))


@pytest.fixture(scope="module")
def tables() -> Any:
    """`tools/provider_tables.py`, which writes them."""
    spec = importlib.util.spec_from_file_location("provider_tables", ROOT / "tools" / "provider_tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_provider_is_on_one_page(tables: Any) -> None:
    found = Counter(one for page in PAGES for one in tables.named(page.read_text("utf-8")))
    assert found == Counter(row["id"] for row in _native.provider_table())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_tables_are_as_the_providers_are(tables: Any, page: Path) -> None:
    text = page.read_text("utf-8")
    assert text == tables.written(text), "run: python tools/provider_tables.py"


def test_the_tables_find_what_is_refused(tables: Any) -> None:
    rows = {row["id"]: row for row in _native.provider_table()}
    assert "n" in tables.refused(rows["anthropic"])
    assert "tools" not in tables.refused(rows["anthropic"])
    assert tables.refused(rows["openrouter"]) == []


def test_every_page_is_listed() -> None:
    listed = (ROOT / "docs" / "providers" / "README.md").read_text("utf-8")
    assert not [page.name for page in PAGES if page.name != "README.md" and f"({page.name})" not in listed]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_methods_and_placeholders_that_documents_name_exist(document: Path) -> None:
    text = document.read_text("utf-8")
    if document.parent.name == "coming-from":
        # The first column is what the other library has.
        text = re.sub(r"^\| (?:\\\||[^|])* \|", "|", text, flags=re.MULTILINE)
    methods = set(re.findall(r"`client\.(\w+)", text))
    assert not sorted(name for name in methods if not hasattr(ferrule.Client, name))
    public = set(re.findall(r"`ferrule\.([A-Z]\w+)", text))
    assert not sorted(name for name in public if name not in ferrule.__all__)


def test_placeholders_can_be_configured() -> None:
    wanted = {placeholder["name"] for row in _native.provider_table() for placeholder in row["placeholders"]}
    assert wanted <= set(PLACEHOLDERS)
