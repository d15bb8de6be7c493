"""pytest plug-in that runs an SDK's own test suite with Ferrule's classes in the place of the SDK's.

`FERRULE_SUITE` says what is tested: `official` (the SDK as it is), `classes` (`ferrule.openai.OpenAI` and the others in
every module of the SDK where a test imports the official ones from), or `patch` (`ferrule.patch`). `FERRULE_SUITE_SDK`
is the SDK's name. At the end the plug-in writes how the calls were made to the file `FERRULE_SUITE_COUNTS`.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

SDK = os.environ["FERRULE_SUITE_SDK"]
MODE = os.environ["FERRULE_SUITE"]
CLASSES = {
    "openai": ("OpenAI", "AsyncOpenAI", "AzureOpenAI", "AsyncAzureOpenAI"),
    "anthropic": tuple(
        f"{prefix}Anthropic{platform}"
        for platform in ("", "Bedrock", "BedrockMantle", "Vertex", "AWS", "Foundry", "GoogleCloud")
        for prefix in ("", "Async")
    ),
}


def _substitute() -> None:
    official: Any = importlib.import_module(SDK)
    ours: Any = importlib.import_module(f"ferrule.{SDK}")
    known: dict[Any, Any] = {
        getattr(official, name, None): getattr(ours, name) for name in CLASSES[SDK] if hasattr(official, name)
    }
    if SDK == "openai":
        plain, azure = importlib.import_module("ferrule.openai.module_client").kinds()
        known |= {official._ModuleClient: plain, official._AzureModuleClient: azure}  # noqa: SLF001 - the SDK's
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] != SDK:
            continue
        for attribute, value in list(vars(module).items()):
            if isinstance(value, type) and value in known:
                setattr(module, attribute, known[value])


if MODE == "classes":
    _substitute()
elif MODE == "patch":
    importlib.import_module("ferrule").patch(SDK)
elif MODE != "official":
    raise ValueError(f"FERRULE_SUITE is {MODE!r}; it has to be official, classes or patch")


def pytest_collection_finish() -> None:
    """Undoes what the suites' `conftest.py` does that keeps every call from the path that is tested."""
    # At DEBUG every call is made by the SDK's own code.
    logging.getLogger(SDK).setLevel(logging.INFO)
    # Clients that are given an HTTP client keep it, and its transport.
    conftest: Any = sys.modules.get("tests.conftest") or sys.modules.get("conftest")
    for name in ("DefaultHttpx2Client", "DefaultAsyncHttpx2Client"):
        if hasattr(conftest, name):
            setattr(conftest, name, lambda: None)


def pytest_sessionfinish() -> None:
    """Writes how the calls were made."""
    target = os.environ.get("FERRULE_SUITE_COUNTS")
    if target and MODE != "official":
        counts = importlib.import_module(f"ferrule.{SDK}").statistics()
        Path(target).write_text(json.dumps(counts, indent=1, sort_keys=True))
