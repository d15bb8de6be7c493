"""Calls litellm's functions, or those of `ferrule.litellm`: `litellm_client.py MODULE URL` prints what came of it."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # It would fetch its price list from GitHub.

import litellm_cases

LOOP = asyncio.new_event_loop()


async def collect(result: Any, chunks: list[Any]) -> None:
    async for chunk in result:  # Those before an error count.
        chunks.append(chunk.model_dump(exclude_none=True))  # noqa: PERF401 - as above


def outcome_of(library: Any, case: dict[str, Any], url: str) -> dict[str, Any]:
    arguments = dict(case["arguments"])
    is_async = case["function"].startswith("a")
    if "mock" not in case["kind"]:
        arguments.update(api_base=f"{url}/v1", api_key="sk-oracle")
        if case["function"] in ("completion", "acompletion"):
            arguments["extra_headers"] = {"x-case": case["id"]}
        else:
            arguments["api_base"] = f"{url}/{case['id']}/v1"
    try:
        result = getattr(library, case["function"])(**arguments)
        if is_async:
            result = LOOP.run_until_complete(result)
        if arguments.get("stream"):
            chunks: list[Any] = []
            try:
                if is_async:
                    LOOP.run_until_complete(collect(result, chunks))
                for chunk in () if is_async else result:
                    chunks.append(chunk.model_dump(exclude_none=True))  # noqa: PERF401 - what came before an error counts
            except Exception as error:
                return {"chunks": chunks, "error": error_of(error)}
            return {"chunks": chunks}
        hidden = result._hidden_params
        shown = {name: hidden.get(name) for name in ("response_cost", "custom_llm_provider", "api_base", "model_id")}
        return {"result": result.model_dump(exclude_none=True), "hidden": shown}
    except Exception as error:
        return {"error": error_of(error)}


def error_of(error: Exception) -> dict[str, Any]:
    names = ("status_code", "llm_provider", "model", "code", "param", "type", "body", "message", "request_id")
    fields = {name: getattr(error, name, None) for name in names}
    response = getattr(error, "response", None)
    ancestors = [kind.__name__ for kind in type(error).__mro__ if kind.__module__.split(".")[0] == "openai"]
    return {
        "class": type(error).__name__,
        "openai": ancestors,
        **fields,
        "response": None if response is None else response.status_code,
        "text": str(error),
    }


def main() -> None:
    name, url = sys.argv[1:]
    library = importlib.import_module(name)
    if name == "litellm":
        library.suppress_debug_info = True
    else:
        import contextlib

        with contextlib.suppress(ImportError):
            importlib.import_module("openai")
    outcomes = {case["id"]: outcome_of(library, case, url) for case in litellm_cases.every()}
    print(json.dumps(outcomes, default=repr))


if __name__ == "__main__":
    main()
