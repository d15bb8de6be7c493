"""Measured process: it holds one client's library, reads requests as JSON lines and answers with JSON lines.

Standard output belongs to the answers; what a library prints goes to standard error.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import sys
import traceback
from typing import Any

import memory
from cases import CASES, Run


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    # Clients keep connections per loop: one loop serves all orders.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer = carry_out(order, loop)
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")


def carry_out(order: dict[str, Any], loop: asyncio.AbstractEventLoop) -> dict[str, Any]:
    name, upstream = order["module"], order["upstream"]
    if order["do"] == "first-call":
        return memory.first_call(name, upstream)
    module = importlib.import_module(name)
    if order["do"] == "open-streams":
        return loop.run_until_complete(memory.open_streams(module, upstream, order["streams"]))
    if order["do"] == "soak":
        return loop.run_until_complete(memory.soak(module, upstream, order["calls"], order["at_once"]))
    run = Run(module, upstream, order["seconds"])
    return loop.run_until_complete(CASES[order["do"]](run))


main()
