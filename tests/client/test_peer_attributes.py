"""Attributes of other libraries' modules and clients: each is answered by what Ferrule has in its place."""

from __future__ import annotations

import copy
import importlib.util
import re
from pathlib import Path

import pytest

import ferrule
from ferrule import errors, peer_attributes

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", sorted(peer_attributes.MODULE))
def test_the_module_answers_each(name: str) -> None:
    assert name not in ferrule.__all__, "there is one by now: take it out of the table"
    with pytest.raises(AttributeError) as caught:
        getattr(ferrule, name)
    assert str(caught.value) == f"module 'ferrule' has no attribute {name!r}: {peer_attributes.MODULE[name]}"
    assert not hasattr(ferrule, name)


@pytest.mark.parametrize("name", sorted(peer_attributes.CLIENT))
def test_clients_answer_each(name: str) -> None:
    for client in (ferrule.Client(), ferrule.AsyncClient()):
        if name == "aclose" and isinstance(client, ferrule.AsyncClient):
            continue
        assert not hasattr(type(client), name), "there is one by now: take it out of the table"
        with pytest.raises(AttributeError, match=f"'{type(client).__name__}' object has no attribute '{name}': "):
            getattr(client, name)


def test_answers_name_what_there_is() -> None:
    for answer in {*peer_attributes.MODULE.values(), *peer_attributes.CLIENT.values()}:
        for page in re.findall(r"docs/([\w-]+\.md)", answer):
            assert (DOCS / page).exists(), answer
        for method in re.findall(r"(?<!ferrule\.)\bclient\.(\w+)", answer):
            assert hasattr(ferrule.Client, method) or "from ferrule." in answer, answer
        for name in re.findall(r"the error is ferrule\.(\w+)", answer):
            assert issubclass(getattr(errors, name), ferrule.FerruleError), answer
        for module in re.findall(r"from ferrule\.(\w+) import", answer):
            assert importlib.util.find_spec(f"ferrule.{module}"), answer


def test_names_that_are_nearly_one() -> None:
    for name, meant in (("Clent", "Client"), ("RateLimitedErorr", "RateLimitedError"), ("Timeout_s", "Timeouts")):
        with pytest.raises(AttributeError, match=f"did you mean `{meant}`"):
            getattr(ferrule, name)
    with pytest.raises(AttributeError, match="did you mean `complete`"):
        getattr(ferrule.Client(), "complte")  # noqa: B009 - type checkers refuse it
    with pytest.raises(AttributeError, match=r"has no attribute 'wholly_new_thing'$"):
        getattr(ferrule, "wholly_new_thing")  # noqa: B009


def test_notebooks_still_complete_methods() -> None:
    """They evaluate an attribute only where the class has no `__getattr__`, as their completers ask for it."""
    for kind in (ferrule.Client, ferrule.AsyncClient):
        assert getattr(kind, "__getattr__", None) is None
        assert "chat" not in dir(kind())


def test_what_python_itself_looks_for_is_not_answered() -> None:
    client = ferrule.Client()
    assert not hasattr(client, "__len__")
    assert not hasattr(ferrule, "__wrapped__")
    with pytest.raises(Exception):  # noqa: B017, PT011 - a client cannot be copied; it must not go round in circles
        copy.deepcopy(client)
