"""`ferrule.patch`: the SDKs' own classes changed in place, and put back exactly."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from types import FunctionType
from typing import TYPE_CHECKING, Any

import openai
import pytest
from openai import AsyncOpenAI, OpenAI  # before any patch

import ferrule
import ferrule.openai

if TYPE_CHECKING:
    from pathlib import Path

    from ferrule.testing import Simulator

HELLO: Any = [{"role": "user", "content": "Hello, world!"}]


def attributes() -> dict[str, list[tuple[str, int]]]:
    """Every attribute of every class and module that a patch could change, in order, by identity."""
    completions = importlib.import_module("openai.resources.chat.completions.completions")
    base = importlib.import_module("openai._base_client")
    classes = [
        *(openai.OpenAI, openai.AsyncOpenAI, openai.AzureOpenAI, openai.AsyncAzureOpenAI),
        *(base.BaseClient, base.SyncAPIClient, base.AsyncAPIClient),
        *(openai.Stream, openai.AsyncStream, openai.resources.chat.Completions, openai.resources.Embeddings),
    ]
    found = {repr(kind): [(name, id(value)) for name, value in list(vars(kind).items())] for kind in classes}
    for module in (openai, base, importlib.import_module("openai._client"), completions):
        # What it has of classes and functions; submodules come when they are first needed.
        own = [(name, value) for name, value in list(vars(module).items()) if isinstance(value, (type, FunctionType))]
        found[module.__name__] = [(name, id(value)) for name, value in own]
    return found


@pytest.fixture(autouse=True)
def unpatched() -> Any:
    before = attributes()
    yield
    ferrule.unpatch("openai")
    assert attributes() == before


def test_names_imported_earlier_are_changed(client: ferrule.Client) -> None:
    with ferrule.patch("openai", client=client):
        assert OpenAI is openai.OpenAI
        reply = OpenAI().chat.completions.create(model="fast", messages=HELLO)
        assert reply._ferrule.provider == "anthropic"
    with pytest.raises(openai.OpenAIError):
        OpenAI()


async def test_asynchronous_clients(client: ferrule.Client) -> None:
    with ferrule.patch("openai", client=client):
        reply = await AsyncOpenAI().chat.completions.create(model="gemini/gemini-2.5-flash", messages=HELLO)
        assert reply._ferrule.provider == "gemini"
        azure = openai.AsyncAzureOpenAI(azure_endpoint="http://127.0.0.1:1", api_version="1", api_key="k")
        assert (await azure.responses.create(model="fast", input="Hello!"))._ferrule.provider == "anthropic"


def test_clients_made_and_used_earlier_are_changed(client: ferrule.Client, simulator: Simulator) -> None:
    sdk = OpenAI(api_key="k", base_url=simulator.openai_base_url)
    assert not hasattr(sdk.chat.completions.create(model="fast", messages=HELLO), "_ferrule")
    with ferrule.patch("openai", client=client):
        assert sdk.chat.completions.create(model="fast", messages=HELLO)._ferrule.provider == "anthropic"
        made = OpenAI(api_key="k", base_url=simulator.openai_base_url)
        assert made.chat.completions.create(model="fast", messages=HELLO)._ferrule
    for one in (sdk, made):
        assert not hasattr(one.chat.completions.create(model="fast", messages=HELLO), "_ferrule")


def test_twice_is_once(client: ferrule.Client) -> None:
    ferrule.patch("openai")
    once = attributes()
    ferrule.patch("openai", client=client)
    ferrule.patch("openai")
    assert attributes() == once
    ferrule.unpatch("openai")
    ferrule.unpatch("openai")


def test_nested_patches(client: ferrule.Client, simulator: Simulator) -> None:
    sdk = OpenAI(api_key="k", base_url=simulator.openai_base_url)
    with ferrule.patch("openai"):
        with ferrule.patch("openai", client=client):
            assert hasattr(sdk.chat.completions.create(model="fast", messages=HELLO), "_ferrule")
        assert not hasattr(sdk.chat.completions.create(model="fast", messages=HELLO), "_ferrule")


def test_calls_in_progress_finish_as_they_began(client: ferrule.Client) -> None:
    with ferrule.patch("openai", client=client):
        stream = OpenAI().chat.completions.create(model="anthropic/long-200", messages=HELLO, stream=True)
        first = next(stream)
    assert first.choices
    assert len(list(stream)) > 190
    assert stream._ferrule.attempts[-1].outcome == "success"


def test_others_wrappers_are_left_in_place(client: ferrule.Client, simulator: Simulator) -> None:
    """As OpenInference wraps `OpenAI.request`: before a patch, and after it."""
    seen: list[str] = []

    def wrap(name: str) -> Any:
        original = OpenAI.request

        def request(self: Any, *positional: Any, **given: Any) -> Any:
            seen.append(name)
            return original(self, *positional, **given)

        OpenAI.request = request
        return request

    sdk = OpenAI(api_key="k", base_url=simulator.openai_base_url)
    wrap("before")
    try:
        ferrule.patch("openai", client=client)
        after = wrap("after")
        assert sdk.chat.completions.create(model="fast", messages=HELLO)._ferrule
        assert "after" in seen
        ferrule.unpatch("openai")
        assert OpenAI.__dict__["request"] is after
        seen.clear()
        assert not hasattr(sdk.chat.completions.create(model="fast", messages=HELLO), "_ferrule")
        assert seen == ["after", "before"]
    finally:
        del OpenAI.request


def test_our_own_classes_are_routed_too(client: ferrule.Client, simulator: Simulator) -> None:
    with ferrule.patch("openai", client=client):
        assert ferrule.openai.OpenAI().chat.completions.create(model="fast", messages=HELLO)._ferrule
        unrouted = ferrule.openai.OpenAI(ferrule=False, api_key="k", base_url=simulator.openai_base_url)
        assert not hasattr(unrouted.chat.completions.create(model="fast", messages=HELLO), "_ferrule")


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="openai, anthropic, litellm"):
        ferrule.patch("requests")
    with pytest.raises(TypeError, match="ferrule"):
        ferrule.patch("openai", client="client")
    with pytest.raises(ImportError, match="anthropic"):
        ferrule.patch("anthropic")


def test_a_program_that_knows_nothing_of_it(simulator: Simulator, tmp_path: Path) -> None:
    program = tmp_path / "app.py"
    program.write_text(
        "import sys\nfrom openai import OpenAI\nimport ferrule.dropin.patching as patching\n"
        "print(sys.argv, __name__, patching.is_patched('openai'))\n"
        "print(OpenAI().chat.completions.create(model='m', messages=[{'role': 'user', 'content': 'Hi'}]).object)\n"
    )
    found = os.environ | simulator.environment() | {"FERRULE_PATCH": "openai"}
    command = [sys.executable, "-m", "ferrule", "run", str(program), "--an", "argument"]
    done = subprocess.run(command, env=found, capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{[str(program), '--an', 'argument']} __main__ True", "chat.completion"]
    done = subprocess.run(
        [sys.executable, "-m", "ferrule", "run", "-m", "app"],
        env=found | {"FERRULE_PATCH": "requests"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: FERRULE_PATCH: 'requests' is not")
