"""Frameworks on Ferrule, with each version of the SDKs that they work with: docs/frameworks.md says the lines.

What is checked is in `frameworks/`. Their environments are large, so that `make check` leaves them out; `make
test-frameworks` runs them alone.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from checks import run_checks

CHECKS = Path(__file__).parent / "frameworks"

# Those that work with the older generation of the SDKs only, and those that work with both.
OLDER = {"check_llama_index"}
BOTH = {"check_instructor", "check_pydantic_ai"}
CASES = [
    (path.stem, name)
    for path in sorted(CHECKS.glob("check_*.py"))
    for name in ("frameworks-3", "frameworks-2")
    if path.stem in BOTH or (name == "frameworks-2") == (path.stem in OLDER)
]

pytestmark = [pytest.mark.framework, pytest.mark.timeout(400)]


@pytest.mark.parametrize(("check", "name"), CASES, ids=[f"{check}-{name}" for check, name in CASES])
def test_checks(check: str, name: str) -> None:
    # What frameworks warn of is theirs. langsmith brings a plug-in for pytest.
    options = ("-W", "default", "-p", "no:langsmith_plugin", "-o", "timeout=180")
    run_checks(CHECKS / f"{check}.py", name, *options, timeout=390)
