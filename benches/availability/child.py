"""Client's process: makes calls through one library, in phases that its input names, and answers with JSON lines.

Standard output belongs to the answers; what a library prints goes to standard error.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import os
import sys
import time
from typing import Any


async def measure(caller: Any, order: dict[str, Any]) -> dict[str, Any]:
    """Makes so many calls, so many at a time: plain and streamed by turns, or only streams."""
    expected, left = order["expected"], iter(range(order["calls"]))
    calls: list[tuple[float, str]] = []

    async def worker() -> None:
        for number in left:
            began = time.monotonic()
            try:
                text = await caller.call(order["streams_only"] or number % 2 == 1)
                end = "whole" if text == expected else "partial"
            except Exception as error:
                end = type(error).__name__
            calls.append((time.monotonic() - began, end))

    await asyncio.gather(*(worker() for _ in range(order["at_once"])))
    return {"calls": calls}


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    logging.disable(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    caller: Any = None
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] == "open":
            module = importlib.import_module(f"clients.{order['client']}")

            async def opened(module: Any = module, order: dict[str, Any] = order) -> Any:
                return module.Caller(order["urls"], order["strategy"])

            caller = loop.run_until_complete(opened())
            answer: dict[str, Any] = {}
        elif order["do"] == "measure":
            answer = loop.run_until_complete(measure(caller, order))
        else:
            loop.run_until_complete(caller.close())
            answer = {}
        answers.write(json.dumps(answer) + "\n")


main()
