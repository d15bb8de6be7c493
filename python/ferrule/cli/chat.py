"""`ferrule chat`: one question, text piped in, or a conversation."""

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from ferrule import errors
from ferrule.cli import failures, screen
from ferrule.cli.piped import piped

if TYPE_CHECKING:
    from rich.console import Console

    from ferrule import Client, Message, Reply, Stream


def chat(
    prompt: Annotated[
        str | None, typer.Argument(help="What to say. Without it, text piped in; else a conversation.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", envvar="FERRULE_MODEL", help="`provider/model`, or a configured name."),
    ] = None,
    system: Annotated[str | None, typer.Option("--system", "-s", help="Instructions for the model.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The whole reply as JSON, for programs.")] = False,
    stats: Annotated[bool, typer.Option("--stats", help="Times and tokens after each answer.")] = False,
    temperature: Annotated[float | None, typer.Option(help="How freely to choose words.")] = None,
    max_tokens: Annotated[int | None, typer.Option(min=1, help="The most tokens to answer with.")] = None,
    reasoning: Annotated[
        str | None, typer.Option(help="How much to think: `none` to `max`, or a number of tokens.")
    ] = None,
    timeout: Annotated[float | None, typer.Option(min=0.001, help="Seconds for a whole answer.")] = None,
) -> None:
    """Asks a model, and shows the answer as it comes.

    With both a prompt and piped text, the text follows the prompt: `ferrule chat "Summarise this" < notes.txt`.
    """
    from ferrule import Client

    options: dict[str, Any] = {
        "system": system,
        "temperature": temperature,
        "max_tokens": max_tokens,
        "reasoning": int(reasoning) if reasoning and reasoning.isdigit() else reasoning,
        "timeout": timeout,
    }
    with Client() as client:
        if not model and not client.registry.configuration.state.merged.tree.get("model"):
            raise failures.UsageError(
                "no model given; use --model provider/model (for instance openai/gpt-5-mini) or set FERRULE_MODEL"
            )
        # A wrong name is said before anything is typed or read.
        resolved = client.registry.resolve(model or None)
        model = model or resolved
        text, interactive = _said(prompt)
        talk = _Talk(client, model, options, stats)
        if text:
            talk.ask_once(text, as_json=as_json)
        elif not interactive:
            raise failures.UsageError("nothing to say; give a prompt, or pipe one in")
        elif as_json:
            raise failures.UsageError("--json is for one answer; give a prompt, or pipe one in")
        else:
            talk.converse()


def _said(prompt: str | None) -> tuple[str, bool]:
    """What the user says, and whether a person is at the keyboard."""
    text = piped()
    return "\n\n".join(part for part in (prompt, text) if part and part.strip()), text is None


class _Talk:
    def __init__(self, client: "Client", model: str, options: dict[str, Any], stats: bool) -> None:
        self._client = client
        self._model = model
        self._options = options
        self._stats = stats
        self._console = screen.stdout()

    def ask_once(self, text: str, *, as_json: bool) -> None:
        with self._stream([{"role": "user", "content": text}]) as stream:
            if as_json:
                for _ in stream.batches():
                    pass
            else:
                self._show(stream)
            reply = stream.response()
        if as_json:
            screen.print_json(reply.to_dict())
        self._tell(reply)

    def converse(self) -> None:
        hint = f"{self._model} - Ctrl-C ends an answer, Ctrl-D or /exit leaves"
        self._console.print(Text(hint, style="dim"))
        history: list[dict[str, Any] | Message] = []
        for line in _lines():
            history.append({"role": "user", "content": line})
            try:
                stream = self._stream(history)
            except KeyboardInterrupt:
                history.pop()
                continue
            try:
                with stream:
                    self._show(stream)
            except KeyboardInterrupt:
                pass  # What was said so far stays in the conversation.
            except errors.ConfigError:
                raise
            except errors.FerruleError as error:
                failures.report(error)
                history.pop()
                continue
            reply = stream.response()
            if reply.text:
                history.append(reply.message)
                self._tell(reply)
            else:
                history.pop()

    def _stream(self, messages: list[Any]) -> "Stream":
        return self._client.stream(self._model, messages, **self._options)

    def _show(self, stream: "Stream") -> None:
        """Writes the answer as it comes, and ends the line whatever happens."""
        shown = _Shown(self._console)
        try:
            for batch in stream.batches():
                for event in batch:
                    shown.event(event)
                shown.flush()
        finally:
            shown.end()

    def _tell(self, reply: "Reply") -> None:
        if self._stats:
            screen.stderr().print(Text(_figures(reply), style="dim"), soft_wrap=True)


class _Shown:
    """The answer on the screen. Reasoning is for people only: it is shown on a terminal, and not written to a pipe."""

    def __init__(self, console: "Console") -> None:
        self._console = console
        self._last = ""
        self._kind = ""

    def event(self, event: Any) -> None:
        kind = type(event).__name__
        if kind in ("TextDelta", "RefusalDelta"):
            self._write("answer", event.text, None)
        elif kind == "ReasoningDelta" and self._console.is_terminal:
            self._write("reasoning", event.text, "dim italic")

    def _write(self, kind: str, text: str, style: str | None) -> None:
        if self._kind not in ("", kind):
            text = "\n\n" + text
        self._kind = kind
        self._last = text[-1:] or self._last
        if self._console.is_terminal:
            self._console.out(screen.printable(text), style=style, end="", highlight=False)
        else:  # A pipe gets what the model said, to the byte.
            self._console.file.write(text)

    def flush(self) -> None:
        self._console.file.flush()

    def end(self) -> None:
        if self._last not in ("", "\n"):
            self._console.file.write("\n")
        self.flush()


def _lines() -> Iterator[str]:
    """What the user types, until Ctrl-D or `/exit`."""
    with contextlib.suppress(ImportError):  # Windows' console does so by itself.
        import readline  # noqa: F401 - makes `input` edit lines and recall them
    while True:
        try:
            line = input("\n> ").strip()
        except KeyboardInterrupt:
            sys.stdout.write("\n")
            continue
        except EOFError:
            sys.stdout.write("\n")
            return
        if line in ("/exit", "/quit"):
            return
        if line:
            yield line


def _figures(reply: "Reply") -> str:
    usage, times = reply.usage, reply.stats
    speed = screen.rate(usage.output_tokens, times.time_to_first_token, times.duration)
    out = f"{screen.count(usage.output_tokens)} out"
    if usage.reasoning_tokens:
        out += f" ({usage.reasoning_tokens:,} reasoning)"
    figures = [
        f"first token after {screen.seconds(times.time_to_first_token)}",
        f"{speed:,.0f} tokens/s" if speed else "",
        f"{screen.count(usage.input_tokens)} tokens in, {out}",
        f"{usage.cache_read_tokens:,} from cache" if usage.cache_read_tokens else "",
        f"{len(reply.attempts)} attempts" if len(reply.attempts) > 1 else "",
        reply.finish_reason or "",
    ]
    return " | ".join(figure for figure in figures if figure)
