"""`ferrule.litellm.Router` beside litellm's: who is asked, in which order, and what each call gives or raises.

The same cases of one scripted upstream (`litellm_router_cases.py`), plain and streamed, synchronous and asynchronous.
What differs is listed here with the reason, and in docs/migrate-from-litellm.md for users.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import environment
import litellm_router_cases
import pytest
from litellm_upstream import Upstream

CLIENT = Path(__file__).parent / "clients" / "litellm_router_client.py"
CASES = {case["id"]: case for case in litellm_router_cases.every()}
NAMES = sorted({name.rpartition(".")[0] for name in CASES})

pytestmark = pytest.mark.timeout(300)


def run(library: str) -> dict[str, dict[str, Any]]:
    """What came of each case: the deployments asked, in their order, and each call's text or error."""
    python = environment.programs_of("litellm_functions") / "python"
    variables = {**os.environ, "PYTHONPATH": str(environment.ROOT / "python")}
    with Upstream(litellm_router_cases.scripts()) as upstream:
        command = [str(python), str(CLIENT), library, upstream.url]
        done = subprocess.run(
            command, capture_output=True, text=True, encoding="utf-8", timeout=280, env=variables, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        asked: dict[str, list[str]] = {name: [] for name in CASES}
        for key in upstream.order:
            name, _, deployment = key.partition("--")
            asked[name].append(deployment)
    outcomes = json.loads(done.stdout)
    return {name: {"asked": asked[name], "outcomes": outcomes[name]} for name in CASES}


@pytest.fixture(scope="module")
def theirs() -> dict[str, dict[str, Any]]:
    return run("litellm")


@pytest.fixture(scope="module")
def ours() -> dict[str, dict[str, Any]]:
    return run("ferrule.litellm")


_BY_CODE = "a filter is one by the provider's code; litellm looks for words in the message"
LISTED: dict[str, str] = {
    "kinds-filtered": _BY_CODE,
    "only-filtered": _BY_CODE,
    "filtered-by-words": _BY_CODE,
    "retry-elsewhere": "a call is repeated of another deployment than the one that failed, where there is one",
    "cooldown-by-404": "a deployment that has no such model is left alone at once",
}
"""Cases that differ, with the reason."""


@pytest.mark.parametrize("name", NAMES)
def test_the_same_is_asked_and_comes_of_it(
    name: str, theirs: dict[str, dict[str, Any]], ours: dict[str, dict[str, Any]]
) -> None:
    modes = [f"{name}.{mode}" for mode in litellm_router_cases.MODES]
    found = {mode: {"theirs": theirs[mode], "ours": ours[mode]} for mode in modes if theirs[mode] != ours[mode]}
    if name in LISTED:
        assert found, f"{name} does not differ any more: take it off the list"
        return
    assert not found, json.dumps(found, indent=1)
