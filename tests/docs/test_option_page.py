"""Options page: generated, complete, and true about what each wire format carries."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

from documents import ROOT
from ferrule import _native
from ferrule.options import CompletionOptions


def tool() -> Any:
    spec = importlib.util.spec_from_file_location("option_tables", ROOT / "tools" / "option_tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_as_the_tool_writes_it() -> None:
    assert tool().PAGE.read_text("utf-8") == tool().page(), "run: python tools/option_tables.py"


def test_every_option_has_a_row_and_a_meaning() -> None:
    text = tool().page()
    assert CompletionOptions.__annotations__.keys() == tool().meanings().keys()
    for name in CompletionOptions.__annotations__:
        assert f"| `{name}` | `" in text


def test_what_formats_carry_is_what_the_page_has() -> None:
    carried = _native.carried_options()
    assert carried.keys() == set(_native.dialects())
    names = {name for options in carried.values() for name in options}
    # Beside options of their own name: a part of `logprobs`, and the caching of a whole prompt.
    assert names - {"top_logprobs", "cache"} <= CompletionOptions.__annotations__.keys()
    assert not tool().OURS & names


@pytest.mark.parametrize(("dialect", "option"), [("anthropic", "seed"), ("gemini", "user")])
def test_what_is_refused_is_not_in_its_row(dialect: str, option: str) -> None:
    assert option not in _native.carried_options()[dialect]


def test_formats_of_some_values_are_marked() -> None:
    assert "*anthropic*" in tool().carriers("temperature", _native.carried_options())
    assert tool().carriers("timeout", {}) == "every call"
