"""Demo command, `ferrule demo`: shows what Ferrule does, in a few seconds, with simulated providers.

The real client calls them over HTTP on this machine: no key, no cost, no network. `demo_steps.py` makes the calls,
`demo_screen.py` shows them.
"""

import asyncio
import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ferrule.cli import demo_screen, demo_steps, screen
from ferrule.testing import Simulator

if TYPE_CHECKING:
    from ferrule import AsyncClient


def demo(
    as_json: Annotated[bool, typer.Option("--json", help="The results as JSON, for programs.")] = False,
    fast: Annotated[bool, typer.Option("--fast", help="Without the pauses of real models, for CI.")] = False,
) -> None:
    """Shows what Ferrule does: two streams, a tool, a retry. With simulated providers, so no key and no cost."""
    # The simulator is not reached through a proxy, whatever the environment says.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
    with Simulator(demo_steps.rules(fast)) as simulator:
        asyncio.run(_run(simulator, as_json))


async def _run(simulator: Simulator, as_json: bool) -> None:
    async with simulator.async_client(timeout=30) as client:
        if as_json:
            screen.print_json(await _report(client))
        else:
            await demo_screen.play(client, simulator.url)


async def _report(client: "AsyncClient") -> dict[str, Any]:
    streams = [demo_steps.Streaming(model) for model in demo_steps.MODELS]
    await asyncio.gather(*(demo_steps.stream(client, shown, lambda: None) for shown in streams))
    tool = await demo_steps.use_tool(client, demo_steps.MODELS[0])
    survived = await demo_steps.survive(client, demo_steps.MODELS[1])
    return {
        "streams": [_figures(shown) | {"reasoning": shown.reasoning, "text": shown.text} for shown in streams],
        "tool": {
            "model": tool.model,
            "calls": [
                {"name": name, "arguments": arguments, "result": result} for name, arguments, result in tool.calls
            ],
            "answer": tool.answer,
        },
        "fault": {
            "model": demo_steps.MODELS[1],
            "answer": survived.text,
            "attempts": survived.to_dict()["attempts"],
        },
    }


def _figures(shown: demo_steps.Streaming) -> dict[str, Any]:
    """The figures of a finished stream; `None` for those that the provider did not report."""
    if shown.reply is None:
        return {"model": shown.model}
    usage, times = shown.reply.usage, shown.reply.stats
    return {
        "model": shown.model,
        "time_to_first_token": times.time_to_first_token,
        "duration": times.duration,
        "tokens_per_second": screen.rate(usage.output_tokens, times.time_to_first_token, times.duration),
        "usage": usage.to_dict(),
    }
