"""The patch of litellm: the program's own imports lead to ours, and everything is put back."""

from __future__ import annotations

import importlib
import sys
import types
from typing import TYPE_CHECKING, Any

import pytest

import ferrule
import ferrule.litellm as ours

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrule.testing import Simulator


@pytest.fixture(autouse=True)
def unpatched() -> Iterator[None]:
    yield
    ferrule.unpatch("litellm")
    for name in [name for name in sys.modules if name.partition(".")[0] == "litellm"]:
        del sys.modules[name]


def test_a_program_that_imports_litellm_gets_ours(simulator: Simulator) -> None:
    with ferrule.patch("litellm"):
        litellm: Any = importlib.import_module("litellm")
        exceptions: Any = importlib.import_module("litellm.exceptions")
        answer = litellm.completion(
            "openai/gpt-4o", [{"role": "user", "content": "Hi."}], api_base=simulator.openai_base_url, api_key="k"
        )
        assert answer["choices"][0]["message"]["content"]
        assert exceptions.RateLimitError is ours.RateLimitError
        with pytest.raises(exceptions.BadRequestError, match="LLM Provider NOT provided"):
            litellm.completion("no-such-thing", [{"role": "user", "content": "Hi."}])
    assert "litellm" not in sys.modules


def test_names_of_a_litellm_that_was_imported_are_changed_and_put_back() -> None:
    imported: Any = types.ModuleType("litellm")
    before: dict[str, Any] = {"completion": object(), "Router": object(), "something_else": object()}
    vars(imported).update(before)
    sys.modules["litellm"] = imported
    first = ferrule.patch("litellm")
    assert (imported.completion, imported.Router) == (ours.completion, ours.Router)
    assert imported.something_else is before["something_else"]
    assert not hasattr(imported, "acompletion"), "what litellm does not have is not added"
    with ferrule.patch("litellm"):
        pass
    assert imported.completion is ours.completion, "twice is once"
    with first:
        pass
    assert {name: vars(imported)[name] for name in before} == before
    assert sys.modules["litellm"] is imported


def test_a_client_is_refused() -> None:
    with ferrule.Client(config=False) as client, pytest.raises(TypeError, match="configure ferrule"):
        ferrule.patch("litellm", client=client)
