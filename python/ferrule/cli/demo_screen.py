"""Demo screen: streams side by side as they arrive on a terminal, plain text elsewhere."""

import asyncio
import contextlib
import inspect
import os
import shlex
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ferrule.cli import demo_steps, screen

if TYPE_CHECKING:
    from ferrule import AsyncClient, Reply

_COLOURS = {"openai": "green", "anthropic": "magenta"}
_FRAME = 1 / 20
"""Seconds between two updates of a stream."""
_NARROW = 72
"""On terminals with fewer columns the streams are below each other."""
_MAX_CHARACTERS = 450
"""Characters of the longest reply."""


async def play(client: "AsyncClient", url: str) -> None:
    """Shows the whole demo_steps.

    Args:
        client: A client of the simulator.
        url: The simulator's URL.
    """
    console = screen.stdout()
    console.print()
    console.print(Text.assemble(("Ferrule", "bold"), " - one engine for every LLM provider"))
    console.print(Text(f"Simulated providers at {url}: real HTTP, no key, no cost.", "dim"))

    _heading(console, 1, f'Two providers, two wire formats, one client: "{demo_steps.QUESTION}"')
    streams = [demo_steps.Streaming(model) for model in demo_steps.MODELS]
    if console.is_terminal:
        await _watch(console, client, streams)
    else:
        await asyncio.gather(*(demo_steps.stream(client, shown, lambda: None) for shown in streams))
        console.print(Text("\n\n".join(f"{shown.model}: {shown.text}" for shown in streams)))
    console.print()
    console.print(_comparison(streams, console.width))

    _heading(console, 2, f'A plain Python function as a tool: "{demo_steps.TOOL_QUESTION}"')
    console.print(_tool(await demo_steps.use_tool(client, demo_steps.MODELS[0])))

    _heading(console, 3, f'A provider that is overloaded at first: "{demo_steps.FAULT_QUESTION}"')
    console.print(_attempts(await demo_steps.survive(client, demo_steps.MODELS[1])))

    console.print(_next_steps())


def _heading(console: Console, number: int, text: str) -> None:
    console.print()
    console.print(Text.assemble((f"{number}  ", "bold cyan"), (text, "bold")))
    console.print()


async def _watch(console: Console, client: "AsyncClient", streams: list[demo_steps.Streaming]) -> None:
    """Shows the streams as they arrive."""
    started = time.monotonic()
    drawn = 0.0
    with Live(console=console, auto_refresh=False, vertical_overflow="ellipsis") as live:

        def changed() -> None:
            nonlocal drawn
            now = time.monotonic()
            done = all(shown.reply for shown in streams)
            if done or now - drawn >= _FRAME:
                drawn = now
                live.update(_panels(console, streams, now - started), refresh=True)

        changed()
        await asyncio.gather(*(demo_steps.stream(client, shown, changed) for shown in streams))


def _panels(console: Console, streams: list[demo_steps.Streaming], elapsed: float) -> RenderableType:
    stacked = console.width < _NARROW
    inside = console.width - 4 if stacked else console.width // 2 - 5
    # High enough for the whole reply, so that nothing moves when a line is added.
    height = 5 + _MAX_CHARACTERS // max(inside, 1)
    panels = [_panel(shown, elapsed, height) for shown in streams]
    if stacked:
        return Group(*panels)
    side_by_side = Table.grid(expand=True, padding=(0, 1, 0, 0))
    for _ in panels:
        side_by_side.add_column(ratio=1)
    side_by_side.add_row(*panels)
    return side_by_side


def _panel(shown: demo_steps.Streaming, elapsed: float, height: int) -> Panel:
    text = Text()
    if shown.reasoning:
        text.append(shown.reasoning, style="dim italic")
        text.append("\n\n" if shown.text else "")
    text.append(shown.text)
    if shown.reply is None:
        text.append("▌", style="blink")
        below = f"{elapsed:.1f} s"
    else:
        below = f"done in {screen.seconds(shown.reply.stats.duration)}"
    colour = _COLOURS[shown.model.partition("/")[0]]
    return Panel(
        text,
        title=Text(shown.model, style=f"bold {colour}"),
        subtitle=Text(below, style="dim"),
        title_align="left",
        subtitle_align="right",
        border_style=colour,
        height=height,
        padding=(0, 1),
    )


def _table(*columns: str, numbers_from: int, gap: int = 2) -> Table:
    table = screen.new_table("dim", gap)
    for position, name in enumerate(columns):
        table.add_column(name, justify="right" if position >= numbers_from else "left", no_wrap=position == 0)
    return table


def _comparison(streams: list[demo_steps.Streaming], width: int) -> Table:
    columns = ("model", "first token", "tokens/s", "input", "output", "reasoning", "cached")
    table = _table(*columns, numbers_from=1, gap=2 if width > 84 else 1)
    for shown in streams:
        if shown.reply is None:
            continue
        usage, times = shown.reply.usage, shown.reply.stats
        speed = screen.rate(usage.output_tokens, times.time_to_first_token, times.duration)
        table.add_row(
            shown.model,
            screen.seconds(times.time_to_first_token),
            f"{speed:,.0f}" if speed else "-",
            screen.count(usage.input_tokens),
            screen.count(usage.output_tokens),
            screen.count(usage.reasoning_tokens),
            screen.count(usage.cache_read_tokens),
        )
    return table


def _tool(run: demo_steps.ToolRun) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    table.add_row("the tool", f"def weather{inspect.signature(demo_steps.weather)}")
    for name, arguments, result in run.calls:
        given = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
        table.add_row("the model calls", Text(f"{name}({given})", style="cyan"))
        table.add_row("it returns", Text(repr(result)))
    table.add_row("the model answers", Text(run.answer, style="bold"))
    return table


def _attempts(reply: "Reply") -> Group:
    table = _table("attempt", "outcome", "waited before", "took", numbers_from=2)
    for number, attempt in enumerate(reply.attempts, start=1):
        good = attempt.outcome == "success"
        table.add_row(
            str(number),
            Text(attempt.outcome, style="green" if good else "yellow"),
            screen.seconds(attempt.waited) if attempt.waited else "-",
            screen.seconds(attempt.duration),
        )
    saw = Text.assemble(("your program sees ", "dim"), (f'one answer: "{reply.text}"', "bold"))
    return Group(table, Text(), saw)


def _next_steps() -> Group:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(style="dim")
    table.add_row("export OPENAI_API_KEY=...", "or ANTHROPIC_API_KEY, for the real ones")
    command, enter = _command()
    if enter:
        table.add_row(enter, "so that `ferrule` and `python` are those of this environment")
    table.add_row(f"{command} chat -m openai/gpt-5-mini", "a conversation")
    table.add_row(f"{command} sim", "these providers, for your own programs and tests")
    table.add_row(f"{command} doctor", "keys, network, proxy")
    return Group(Text(), Text("Try next", style="bold"), Text(), table, Text())


def _command() -> tuple[str, str]:
    """How `ferrule` is run in the shell that we were started from, and what has to be typed there before."""
    here = Path(sys.executable).parent
    found = shutil.which("ferrule")
    if found and Path(found).resolve().parent == here.resolve():
        return "ferrule", ""
    activate = here / ("activate.bat" if os.name == "nt" else "activate")
    if not activate.exists():
        return f"{_shown(Path(sys.executable))} -m ferrule", ""
    return "ferrule", str(activate) if os.name == "nt" else f"source {_shown(activate)}"


def _shown(path: Path) -> str:
    """A path as it is typed in the working directory."""
    with contextlib.suppress(ValueError):
        path = path.relative_to(Path.cwd())
    return shlex.quote(str(path))
