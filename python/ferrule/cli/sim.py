"""Sim command, `ferrule sim`: runs the simulator in the foreground, for programs in any language."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from ferrule.cli import failures, screen
from ferrule.testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrule.testing import RecordedRequest

_MAX_RECORDS = 200
"""Requests that are kept until they are shown."""
_POLL = 0.25
"""Seconds between two checks of responses that are still open."""


def sim(
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 for any free port.")] = 8080,
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 accepts other machines.")] = "127.0.0.1",
    script: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="A JSON script: see docs/simulator.md.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The seed of random choices.")] = 0,
    strict: Annotated[
        bool, typer.Option("--strict/--lenient", help="Refuse what the providers would refuse, in their words.")
    ] = True,
) -> None:
    """Runs simulated providers until Ctrl-C: each in its own wire format at /its-id, no key needed, no cost."""
    console = screen.stdout()
    try:
        simulator = Simulator(script, host=host, port=port, seed=seed, strict=strict, record_limit=_MAX_RECORDS)
    except ValueError as error:
        raise failures.UsageError(str(error)) from None
    try:
        with simulator:
            console.out(_welcome(simulator), highlight=False)
            console.file.flush()
            for request in _answered(simulator):
                console.print(_line(request), soft_wrap=True)
                console.file.flush()
    except KeyboardInterrupt:
        console.out("Stopped.")


def _welcome(simulator: Simulator) -> str:
    return "\n".join(
        [
            f"Simulated providers at {simulator.url}, until Ctrl-C.",
            "",
            *(f"  export {name}={value}" for name, value in simulator.environment().items()),
            "",
            'Then, elsewhere: ferrule chat -m openai/echo "Hello"',
            "",
        ]
    )


def _answered(simulator: Simulator) -> "Iterator[RecordedRequest]":
    """Each request, once its response has ended."""
    counted = 0
    shown: set[tuple[int, float]] = set()
    some_open = False
    while True:
        if simulator.wait_for_requests(counted + 1, _POLL):
            counted += 1
        elif not some_open:
            continue
        simulator.wait_for_answers(_POLL)
        requests = simulator.requests
        ended = [request for request in requests if request.outcome != "open"]
        yield from (request for request in ended if _key(request) not in shown)
        shown = {_key(request) for request in ended}
        some_open = len(ended) < len(requests)
        counted = max(counted, sum(bool(request.method) for request in requests))


def _key(request: "RecordedRequest") -> tuple[int, float]:
    return request.connection, request.time


def _line(request: "RecordedRequest") -> Text:
    status = request.status or 0
    kind = "stream" if request.stream else "plain" if request.model else ""
    fault = request.fault or ""
    ended = {"cut": "connection cut", "closed_by_client": "client disconnected"}.get(request.outcome, "")
    words = [request.method or "-", request.path, request.model or "", kind, f"{request.bytes_sent:,} bytes"]
    line = Text(datetime.now().astimezone().strftime("%H:%M:%S "), style="dim")
    line.append(f"{request.status or '-'} ", style="green" if 200 <= status < 400 else "red")
    line.append(screen.printable(" ".join(word for word in words if word)))
    if note := ", ".join(word for word in (fault, ended) if word):
        line.append(f"  {note}", style="yellow")
    return line
