"""What an instrumentation sees of a program's calls: a program of its own for each, since they exclude each other.

    python instrumented.py INSTRUMENTATION WAY SDK URL

It writes a JSON object: `seen`, the spans or events without what is another one each time; `results`, what the program
got; and `statistics` of the native path. WAY says whose clients make the calls, and what was first: `official`, `ours`
(imported first), `ours-later`, `patch` (made first), `patch-later`.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import sys
from typing import TYPE_CHECKING, Any

import instruments
import scenarios

if TYPE_CHECKING:
    from collections.abc import Callable


def main(name: str, way: str, sdk: str, url: str) -> None:
    os.environ |= {"OPENAI_API_KEY": "sk-1", "ANTHROPIC_API_KEY": "sk-2"}
    os.environ |= {"OPENAI_BASE_URL": f"{url}/v1", "ANTHROPIC_BASE_URL": url}
    kind, _, when = way.partition("-")
    package: Any = None
    if kind == "ours" and not when:
        package = importlib.import_module(f"ferrule.{sdk}")
    if kind == "patch" and not when:
        importlib.import_module("ferrule").patch(sdk)
    collect: Callable[[], list[Any]] = getattr(instruments, name)(sdk)
    if kind == "patch" and when:
        importlib.import_module("ferrule").patch(sdk)
    if package is None:
        package = importlib.import_module(f"ferrule.{sdk}" if kind == "ours" else sdk)
    calls = getattr(scenarios, sdk)(package, url)
    results = {label: scenarios.outcome(call) for label, call in calls.items()}
    asynchronous = getattr(scenarios, f"{sdk}_async")(package, url)
    results |= asyncio.run(scenarios.outcomes(asynchronous))
    found: dict[str, Any] = {"seen": collect(), "results": results, "statistics": None}
    if kind != "official":
        found["statistics"] = importlib.import_module(f"ferrule.{sdk}").statistics()
    # Some instrumentations write to standard output as well.
    print("\n" + json.dumps(found, default=repr))
    sys.stdout.flush()
    os._exit(0)  # Without what they still want to send to their servers.


if __name__ == "__main__":
    main(*sys.argv[1:])
