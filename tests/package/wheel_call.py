"""Calls with nothing but the wheel installed: one plain, one streamed, against the simulator."""

from __future__ import annotations

import asyncio
import importlib.util
import shutil
import sys
from pathlib import Path

import ferrule
from ferrule.testing import Simulator


async def streamed(simulator: Simulator) -> str:
    async with simulator.async_client() as client, client.stream("anthropic/echo", "across", max_tokens=20) as stream:
        return "".join([text async for text in stream.text])


def main() -> None:
    assert Path(ferrule.__file__).is_relative_to(sys.prefix), "this is not the installed package"
    with Simulator() as simulator, simulator.client() as client:
        plain = client.complete("openai/echo", "there and back").text
        assert plain == "there and back", plain
        text = asyncio.run(streamed(simulator))
        assert text == "across", text
    extras = [name for name in ("pydantic", "typer", "rich") if importlib.util.find_spec(name)]
    print(f"ferrule {ferrule.__version__} answers; cargo: {shutil.which('cargo')}; extras: {extras}")


if __name__ == "__main__":
    main()
