"""Calls the Router of a module: `litellm_router_client.py MODULE URL` prints what came of each case."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # It would fetch its price list from GitHub.

import litellm_router_cases as cases


def text_of(chunks: list[Any]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


async def acall(router: Any, mode: str, arguments: dict[str, Any]) -> str:
    result = await router.acompletion(messages=cases.MESSAGES, stream=mode == "astream", **arguments)
    return text_of([chunk async for chunk in result]) if mode == "astream" else result.choices[0].message.content


def call(router: Any, mode: str, arguments: dict[str, Any]) -> str:
    result = router.completion(messages=cases.MESSAGES, stream=mode == "stream", **arguments)
    return text_of(list(result)) if mode == "stream" else result.choices[0].message.content


def outcome_of(library: Any, case: dict[str, Any], url: str) -> list[str]:
    try:
        router = library.Router(model_list=cases.model_list(case, url), **case["settings"])
    except Exception as error:
        return [f"Router: {type(error).__name__}"]
    loop = asyncio.new_event_loop()
    outcomes: list[str] = []
    for given in case["calls"]:
        arguments = dict(given)
        time.sleep(arguments.pop("pause", 0))
        try:
            if case["mode"].startswith("a"):
                outcomes.append(loop.run_until_complete(acall(router, case["mode"], arguments)))
            else:
                outcomes.append(call(router, case["mode"], arguments))
        except Exception as error:
            outcomes.append(type(error).__name__)
        time.sleep(0.02)  # litellm counts failures behind the call.
        if case["mode"].startswith("a"):
            loop.run_until_complete(asyncio.sleep(0.02))
    return outcomes


def main() -> None:
    name, url = sys.argv[1:]
    library = importlib.import_module(name)
    if name == "litellm":
        library.suppress_debug_info = True
    every = cases.every()
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda case: outcome_of(library, case, url), every)
        outcomes = {case["id"]: outcome for case, outcome in zip(every, found, strict=True)}
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main()
