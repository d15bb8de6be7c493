"""Chat command, `ferrule chat`: one prompt, piped text, or a conversation."""

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

import ferrule
from ferrule import errors
from ferrule.cli import failures, screen
from ferrule.cli.piped import piped

if TYPE_CHECKING:
    from rich.console import Console

    from ferrule import Client, Message, Reply, Stream


def chat(
    prompt: Annotated[
        str | None, typer.Argument(help="The prompt. Without it, piped text; else a conversation.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", envvar="FERRULE_MODEL", help="`provider/model`, or a configured name."),
    ] = None,
    system: Annotated[str | None, typer.Option("--system", "-s", help="Instructions for the model.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The whole reply as JSON, for programs.")] = False,
    stats: Annotated[bool, typer.Option("--stats", help="Show times and tokens after each reply.")] = False,
    temperature: Annotated[float | None, typer.Option(help="The sampling temperature.")] = None,
    max_tokens: Annotated[int | None, typer.Option(min=1, help="The maximum number of tokens of a reply.")] = None,
    reasoning: Annotated[
        str | None, typer.Option(help="How much to reason: `none` to `max`, or a number of tokens.")
    ] = None,
    timeout: Annotated[float | None, typer.Option(min=0.001, help="Seconds for a whole reply.")] = None,
) -> None:
    """Calls a model, and shows the reply as it is generated.

    With both a prompt and piped text, the text follows the prompt: `ferrule chat "Summarise this" < notes.txt`.
    """
    options: dict[str, Any] = {
        "system": system,
        "temperature": temperature,
        "max_tokens": max_tokens,
        "reasoning": int(reasoning) if reasoning and reasoning.isdigit() else reasoning,
        "timeout": timeout,
    }
    with ferrule.Client() as client:
        if not model and not client.registry.default_model:
            raise failures.UsageError(
                "no model given; use --model provider/model (for instance openai/gpt-5-mini) or set FERRULE_MODEL"
            )
        # A wrong name is reported before anything is typed or read.
        resolved = client.registry.resolve(model or None)
        model = model or resolved
        text, interactive = _input(prompt)
        conversation = _Conversation(client, model, options, stats)
        if text:
            conversation.answer_once(text, as_json=as_json)
        elif not interactive:
            raise failures.UsageError("no prompt; give one as an argument, or pipe one in")
        elif as_json:
            raise failures.UsageError("--json is for one reply; give a prompt, or pipe one in")
        else:
            conversation.run()


def _input(prompt: str | None) -> tuple[str, bool]:
    """The text to send, and whether the input is a terminal."""
    text = piped()
    return "\n\n".join(part for part in (prompt, text) if part and part.strip()), text is None


class _Conversation:
    def __init__(self, client: "Client", model: str, options: dict[str, Any], stats: bool) -> None:
        self._client = client
        self._model = model
        self._options = options
        self._stats = stats
        self._console = screen.stdout()

    def answer_once(self, text: str, *, as_json: bool) -> None:
        with self._stream([{"role": "user", "content": text}]) as stream:
            if as_json:
                for _ in stream.batches():
                    pass
            else:
                self._show(stream)
            reply = stream.reply()
        if as_json:
            screen.print_json(reply.to_dict())
        self._show_figures(reply)

    def run(self) -> None:
        hint = f"{self._model} - Ctrl-C stops a reply, Ctrl-D or /exit quits"
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
                pass  # The beginning of the reply stays in the conversation.
            except errors.ConfigError:
                raise
            except errors.FerruleError as error:
                failures.report(error)
                history.pop()
                continue
            reply = stream.reply()
            if reply.text:
                history.append(reply.message)
                self._show_figures(reply)
            else:
                history.pop()

    def _stream(self, messages: list[Any]) -> "Stream":
        return self._client.stream(self._model, messages, **self._options)

    def _show(self, stream: "Stream") -> None:
        """Writes the reply as it is generated, and ends the line whatever happens."""
        output = _Output(self._console)
        try:
            for batch in stream.batches():
                for event in batch:
                    output.event(event)
                output.flush()
        finally:
            output.end()

    def _show_figures(self, reply: "Reply") -> None:
        if self._stats:
            screen.stderr().print(Text(_figures(reply), style="dim"), soft_wrap=True)


class _Output:
    """The reply on the screen. Reasoning is shown on a terminal only, and not written to a pipe."""

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
        else:  # A pipe gets exactly the model's text.
            self._console.file.write(text)

    def flush(self) -> None:
        self._console.file.flush()

    def end(self) -> None:
        if self._last not in ("", "\n"):
            self._console.file.write("\n")
        self.flush()


def _lines() -> Iterator[str]:
    """The lines that the user types, until Ctrl-D or `/exit`."""
    with contextlib.suppress(ImportError):  # Windows' console does so by itself.
        import readline  # noqa: F401 - importing it makes `input` edit lines and recall them
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
