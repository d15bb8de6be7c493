"""The documentation site, without building it: its navigation has every page, its reference everything public.

`make docs` builds it, and finds what is wrong inside the pages.
"""

from __future__ import annotations

import pkgutil
import re
from types import ModuleType

import ferrule
from documents import ROOT
from ferrule.base_client import BaseClient

DOCS = ROOT / "docs"
CLIENTS = (ferrule.Client, ferrule.AsyncClient)


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


def test_what_pages_write_is_there() -> None:
    """Names of arguments, options and methods that stand in tables and sentences, which no test runs."""
    arguments = set(BaseClient.__init__.__kwdefaults__ or ())
    pages = [page for page in DOCS.rglob("*.md") if page.stem != "httpx"]
    wrong: list[str] = []
    for page in pages:
        text = page.read_text("utf-8")
        named = re.findall(r"(?<![.\w])(?:ferrule\.)?(?:Async)?Client\((\w+)=", text)
        called = re.findall(r"(?<!`)client\.(\w+)\(", text)
        wrong += [f"{page.name}: Client({name}=" for name in named if name not in arguments]
        wrong += [f"{page.name}: client.{name}(" for name in called if not any(hasattr(one, name) for one in CLIENTS)]
    assert not wrong
