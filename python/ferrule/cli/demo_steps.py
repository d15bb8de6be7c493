"""Demo steps: the calls that `ferrule demo` makes, and the script of the simulated providers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ferrule import ReasoningDelta, TextDelta
from ferrule.testing import rule

if TYPE_CHECKING:
    from ferrule import AsyncClient, Reply
    from ferrule.testing import ReplyScript, Rule

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
    """A reply that is being streamed."""

    model: str
    reasoning: str = ""
    text: str = ""
    reply: "Reply | None" = None


@dataclass
class ToolRun:
    """A conversation with tool calls: the calls with their results, and the final reply."""

    model: str
    calls: list[tuple[str, dict[str, Any], str]] = field(default_factory=list)
    answer: str = ""


async def stream(client: "AsyncClient", shown: Streaming, changed: Callable[[], None]) -> None:
    """Streams the reply of one model into `shown`, and calls `changed` after each batch of events."""
    async with client.stream(shown.model, QUESTION, system="Be brief.", reasoning="low") as events:
        async for batch in events.batches():
            for event in batch:
                match event:
                    case TextDelta(text=text):
                        shown.text += text
                    case ReasoningDelta(text=text):
                        shown.reasoning += text
            changed()
        shown.reply = events.reply()
    changed()


async def use_tool(client: "AsyncClient", model: str) -> ToolRun:
    """Runs the tools that the model calls and sends the results back, until it answers."""
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
    """Calls a provider that is overloaded the first time."""
    return await client.complete(model, FAULT_QUESTION)


def rules(fast: bool) -> "list[Rule]":
    """What the simulated models answer.

    Args:
        fast: Whether they answer at once, instead of at the speed of real ones.
    """

    def paced(reply: "ReplyScript", first_token_ms: int, tokens_per_second: float) -> "ReplyScript":
        if fast:
            return reply
        return reply | {"first_token_ms": first_token_ms, "tokens_per_second": tokens_per_second}

    openai: ReplyScript = {
        # OpenAI counts reasoning tokens, and does not show the reasoning.
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
