"""The documentation site, without building it: its navigation has every page, its reference everything public.

`make docs` builds it, and finds what is wrong inside the pages.
"""

from __future__ import annotations

import pkgutil
import re
from types import ModuleType

import ferrule
from documents import ROOT

DOCS = ROOT / "docs"


def test_every_page_is_in_the_navigation_once() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8").partition("\nnav:\n")[2].partition("\nplugins:\n")[0]
    listed = re.findall(r"^ +- (?:[^:\n]+: )?(\S+\.md)$", navigation, re.MULTILINE)
    assert sorted(listed) == sorted(str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md"))


def test_everything_public_is_in_the_reference() -> None:
    documented = set()
    for page in (DOCS / "reference").glob("*.md"):
        for name in re.findall(r"^::: (\S+)$", page.read_text("utf-8"), re.MULTILINE):
            named = pkgutil.resolve_name(name)
            if isinstance(named, ModuleType):
                documented |= {name for name in vars(named) if not name.startswith("_")}
            else:
                documented.add(name.rpartition(".")[2])
    assert not sorted(set(ferrule.__all__) - {"__version__"} - documented)
