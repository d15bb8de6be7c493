"""Signatures of the public functions: annotations that resolve, and options that can be read and completed."""

from __future__ import annotations

import inspect
import pydoc
import subprocess
import sys
import typing
from typing import Any

import pytest

import ferrule

CALLS = {
    "complete": ferrule.CompletionOptions,
    "stream": ferrule.CompletionOptions,
    "count_tokens": ferrule.CompletionOptions,
    "embed": ferrule.EmbeddingOptions,
    "rerank": ferrule.RerankOptions,
}
OPERATIONS = {
    "images.generate": ferrule.ImageOptions,
    "audio.speech": ferrule.SpeechOptions,
    "audio.transcribe": ferrule.TranscriptionOptions,
}


def public_functions() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ferrule.__all__:
        value = getattr(ferrule, name)
        if inspect.isfunction(value):
            found[name] = value
        if not isinstance(value, type) or not value.__module__.startswith("ferrule."):
            continue
        for kind in value.__mro__:
            for attribute, member in vars(kind).items():
                if not kind.__module__.startswith("ferrule.") or attribute.startswith("_"):
                    continue
                member = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
                if inspect.isfunction(member):
                    found[f"{name}.{attribute}"] = member
        # Of other classes, Ferrule makes the objects.
        if value in (ferrule.Client, ferrule.AsyncClient) or issubclass(value, Exception):
            found[name] = value.__init__
    return found


@pytest.mark.parametrize("name", public_functions())
def test_type_hints_resolve(name: str) -> None:
    typing.get_type_hints(public_functions()[name], include_extras=True)


def test_modules_beside_the_package_resolve_too() -> None:
    from ferrule import catalog, testing

    for module in (catalog, testing):
        for name in module.__all__:
            if isinstance(value := getattr(module, name), type) or inspect.isfunction(value):
                typing.get_type_hints(value)


@pytest.mark.parametrize("kind", [ferrule.Client, ferrule.AsyncClient])
@pytest.mark.parametrize(("call", "options"), [*CALLS.items(), *OPERATIONS.items()])
def test_options_are_parameters_of_the_signature(kind: type, call: str, options: type) -> None:
    made: Any = kind()
    for step in call.split("."):
        made = getattr(made, step)
    parameters = inspect.signature(made).parameters
    assert options.__annotations__.keys() <= parameters.keys()
    for name in options.__annotations__:
        assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY
    assert "options" not in parameters
    assert "self" not in parameters


@pytest.mark.parametrize("call", [ferrule.complete, ferrule.stream])
def test_the_shortcuts_have_them_as_well(call: Any) -> None:
    assert list(inspect.signature(call).parameters)[:2] == ["model", "messages"]
    assert "temperature" in inspect.signature(call).parameters
    text = pydoc.render_doc(call, renderer=pydoc.plaintext)
    assert "retries_on_invalid: How many times" in text
    assert "top_p: Sample from" in text


@pytest.mark.parametrize("kind", [*CALLS.values(), *OPERATIONS.values()])
def test_every_option_is_described(kind: type) -> None:
    described = (kind.__doc__ or "").partition("Attributes:\n")[2]
    for name in kind.__annotations__:
        assert f"        {name}: " in described, f"{kind.__name__}.{name} is not in the docstring's `Attributes:`"


def test_signatures_load_nothing_before_somebody_asks() -> None:
    program = "import sys, ferrule; ferrule.Client(); assert 'inspect' not in sys.modules, 'loaded'"
    command = [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}; {program}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.stderr == ""


def test_a_signature_is_equal_to_one_made_by_hand() -> None:
    signature = inspect.signature(ferrule.complete)
    assert signature == signature.replace()
    assert signature.bind("openai/gpt", "Hi.", temperature=1).arguments["temperature"] == 1
    assert len({signature, signature.replace()}) <= 2
