"""`ferrule demo`: what Ferrule does, in a few seconds, with simulated providers and the real client.

Everything goes through HTTP on this machine: no key, no cost, no network. The steps make the calls; how they look is
in `demo_screen.py`.
"""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ferrule.cli import screen

if TYPE_CHECKING:
    from ferrule import AsyncClient, Reply
    from ferrule.testing import ReplyScript, Rule, Simulator

MODELS = ("openai/gpt-5-mini", "anthropic/claude-sonnet-4-5")
QUESTION = "Why is the sky blue?"
TOOL_QUESTION = "Do I need an umbrella in Lisbon?"
FAULT_QUESTION = "Are you still there?"


def weather(city: str) -> str:
    """Tells the weather of a city.

    Args:
        city: The city's name.
    """
    return f"{city}: 18 degrees, rain until the evening"


@dataclass
class Streaming:
    """An answer that is being streamed."""

    model: str
    reasoning: str = ""
    text: str = ""
    reply: "Reply | None" = None


@dataclass
class ToolRun:
    """A question that took a tool: its calls with their results, and the answer."""

    model: str
    calls: list[tuple[str, dict[str, Any], str]] = field(default_factory=list)
    answer: str = ""


def demo(
    as_json: Annotated[bool, typer.Option("--json", help="What happened as JSON, for programs.")] = False,
    fast: Annotated[bool, typer.Option("--fast", help="As fast as it goes, for CI.")] = False,
) -> None:
    """Shows what Ferrule does: two streams, a tool, a fault survived. Simulated providers, so no key and no cost."""
    from ferrule.testing import Simulator

    # What is on this machine is not reached through a proxy, whatever the environment says of the others.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
    with Simulator(_rules(fast)) as simulator:
        asyncio.run(_run(simulator, as_json))


async def _run(simulator: "Simulator", as_json: bool) -> None:
    async with simulator.async_client(timeout=30) as client:
        if as_json:
            screen.print_json(await _report(client))
        else:
            from ferrule.cli import demo_screen

            await demo_screen.play(client, simulator.url)


async def stream(client: "AsyncClient", shown: Streaming, changed: Callable[[], None]) -> None:
    """Streams the answer of one model into `shown`, and calls `changed` after each batch of events."""
    from ferrule import ReasoningDelta, TextDelta

    async with client.stream(shown.model, QUESTION, system="Be brief.", reasoning="low") as events:
        async for batch in events.batches():
            for event in batch:
                match event:
                    case TextDelta(text=text):
                        shown.text += text
                    case ReasoningDelta(text=text):
                        shown.reasoning += text
            changed()
        shown.reply = events.response()
    changed()


async def use_tool(client: "AsyncClient", model: str) -> ToolRun:
    """Asks a question that takes a tool: runs what the model calls, and sends the results back, until it answers."""
    run = ToolRun(model)
    messages: list[Any] = [{"role": "user", "content": TOOL_QUESTION}]
    for _ in range(4):
        reply = await client.complete(model, messages, tools=[weather])
        messages.append(reply.message)
        for call in reply.tool_calls:
            result = weather(**call.arguments)
            run.calls.append((call.name, call.arguments, result))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
        if not reply.tool_calls:
            run.answer = reply.text
            break
    return run


async def survive(client: "AsyncClient", model: str) -> "Reply":
    """Asks a provider that is too busy the first time."""
    return await client.complete(model, FAULT_QUESTION)


async def _report(client: "AsyncClient") -> dict[str, Any]:
    streams = [Streaming(model) for model in MODELS]
    await asyncio.gather(*(stream(client, shown, lambda: None) for shown in streams))
    tool = await use_tool(client, MODELS[0])
    survived = await survive(client, MODELS[1])
    return {
        "streams": [figures(shown) | {"reasoning": shown.reasoning, "text": shown.text} for shown in streams],
        "tool": {
            "model": tool.model,
            "calls": [
                {"name": name, "arguments": arguments, "result": result} for name, arguments, result in tool.calls
            ],
            "answer": tool.answer,
        },
        "fault": {
            "model": MODELS[1],
            "answer": survived.text,
            "attempts": survived.to_dict()["attempts"],
        },
    }


def figures(shown: Streaming) -> dict[str, Any]:
    """The figures of a finished stream; `None` where the provider did not say."""
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


def _rules(fast: bool) -> "list[Rule]":
    """What the simulated models say, and how fast."""
    from ferrule.testing import rule

    def paced(reply: "ReplyScript", first_token_ms: int, tokens_per_second: float) -> "ReplyScript":
        if fast:
            return reply
        return reply | {"first_token_ms": first_token_ms, "tokens_per_second": tokens_per_second}

    openai: ReplyScript = {
        # OpenAI counts its reasoning, and does not show it.
        "content": [
            {
                "text": (
                    "Sunlight looks white, but it holds every colour. On its way down it meets molecules of air that "
                    "are far smaller than its waves, and those scatter short waves much more than long ones: blue "
                    "about five times as much as red. So blue light reaches your eyes from the whole sky, while the "
                    "other colours come straight from the sun. In the evening the way through the air is longer, the "
                    "blue is scattered away before it arrives, and what is left is red."
                )
            }
        ],
        "usage": {"input_tokens": 18, "output_tokens": 104, "cache_read_tokens": 0, "reasoning_tokens": 0},
    }
    anthropic: ReplyScript = {
        "reasoning": "Rayleigh scattering: it grows with the fourth power of the frequency. Why not violet?",
        "text": (
            "Because air scatters blue light far more than red. The strength grows with the fourth power of "
            "the frequency, so the short waves in sunlight are thrown about in all directions, and the sky "
            "glows with them. Violet is scattered even more, but the sun sends less of it, some is absorbed "
            "high up, and our eyes are less sensitive to it: the mixture looks blue."
        ),
        "usage": {"input_tokens": 1042, "output_tokens": 97, "cache_read_tokens": 1024},
    }
    call = {"name": "weather", "arguments": {"city": "Lisbon"}}
    advice: ReplyScript = {"text": "Yes, take one: it rains in Lisbon until the evening."}
    return [
        rule(paced(openai, 320, 40), text=QUESTION, dialect="openai-chat"),
        rule(paced(anthropic, 450, 42), text=QUESTION, dialect="anthropic"),
        rule(paced({"tool_calls": [call]}, 400, 1000), text=TOOL_QUESTION, times=1),
        rule(paced(advice, 400, 1000), text=TOOL_QUESTION),
        rule(fault="overloaded", text=FAULT_QUESTION, times=1),
        rule({"text": "Still here."}, text=FAULT_QUESTION),
    ]
