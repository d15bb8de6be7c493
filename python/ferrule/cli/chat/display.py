"""Display of a reply: a spinner until it begins, then its text, as rendered Markdown on a terminal.

A block of Markdown is printed when it is complete; only the last one, which still grows, is drawn again. So a long
reply scrolls as any other text, and nothing of it is lost above the screen.
"""

import contextlib
import re
import threading
import time
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.live import Live
from rich.markdown import Markdown
from rich.segment import Segment
from rich.spinner import Spinner
from rich.text import Text

from ferrule.cli import screen

if TYPE_CHECKING:
    import sys

    if sys.version_info >= (3, 11):
        from typing import Self
    else:
        from typing_extensions import Self

_REASONING = "dim italic"
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.MULTILINE)
_MAX_RESULT = 200
"""Characters of a tool's result that are shown."""
_ECHOED = 2
"""Characters of a Ctrl-C as terminals echo it."""
_FRAMES = 12
"""Updates of the spinner and of the last block in a second."""


class Display:
    """One reply on the screen. Use it in a `with` statement. Reasoning is shown on a terminal only.

    Args:
        waiting_for: What is awaited, next to the spinner.
        plain: Whether text is written as it is.
        silent: Whether the reply is not shown at all, only the spinner.
    """

    def __init__(self, waiting_for: str, *, plain: bool, silent: bool = False) -> None:
        self._console = screen.stdout()
        self._silent = silent
        self._is_markdown = self._console.is_terminal and not plain and not silent
        self._kind = ""
        self._text = ""
        self._last = ""
        self._started = time.monotonic()
        self._waiting_for = waiting_for
        notes = self._console if self._console.is_terminal else screen.stderr()
        self._spinner = Spinner("dots", style="cyan")
        self._lock = threading.RLock()
        self._ended = threading.Event()
        self._live: Live | None = None
        self._notes = notes if notes.is_terminal and not notes.is_dumb_terminal else None

    def __enter__(self) -> "Self":
        self._start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._stop()
        self._end_text()

    @contextlib.contextmanager
    def paused(self) -> Generator[None, None, None]:
        """Leaves the screen to something else, such as a question to the user."""
        self._stop()
        self._end_text()
        yield
        self._start()

    def retry(self, text: str) -> None:
        """Shows that the call is tried again, on a terminal."""
        console = self._live.console if self._live else screen.stderr()
        if console.is_terminal:
            with self._lock:
                console.print(Text(screen.printable(text), "yellow"))

    def event(self, event: Any) -> None:
        """Takes an event of the stream."""
        kind = type(event).__name__
        if kind in ("TextDelta", "RefusalDelta") and getattr(event, "choice", 0) == 0:
            self._add("answer", event.text)
        elif kind == "ReasoningDelta" and self._console.is_terminal:
            self._add("reasoning", event.text)
        elif kind == "ToolResult":
            self._tool(event)
        elif kind == "Continued" and event.how == "restart":
            # What was shown cannot be taken back everywhere: the new answer begins below it.
            self._add("answer", "\n\n")

    def flush(self) -> None:
        """Shows what came until now."""
        if self._is_markdown:
            with self._lock:
                self._print_complete()
        self._console.file.flush()

    def _add(self, kind: str, text: str) -> None:
        if self._silent or not text:
            return
        if self._live and not self._is_markdown:
            self._stop()
        if self._kind != kind:
            with self._lock:
                self._finish_kind()
                if self._kind and self._is_markdown:
                    self._console.print()
                elif self._kind:
                    self._write("\n\n")
                self._kind = kind
        if self._is_markdown:
            with self._lock:
                self._text += screen.printable(text)
        else:
            self._write(text)

    def _write(self, text: str) -> None:
        self._last = text[-1:] or self._last
        if self._console.is_terminal:
            style = _REASONING if self._kind == "reasoning" else None
            self._console.out(screen.printable(text), style=style, end="", highlight=False)
        else:  # A pipe gets exactly the model's text.
            self._console.file.write(text)

    def _tool(self, event: Any) -> None:
        """Shows the result of a tool, on a terminal."""
        with self.paused():
            console = screen.stderr()
            if console.is_terminal:
                text = " ".join(event.text.split())
                shown = f"{event.call.name}: {text[:_MAX_RESULT]}{' ...' if len(text) > _MAX_RESULT else ''}"
                console.print(Text(screen.printable(shown), "red" if event.is_error else "dim"))

    def _end_text(self) -> None:
        """Ends the text until now, and its line."""
        with self._lock:
            self._finish_kind()
            self._kind = ""
        if self._last not in ("", "\n"):
            self._console.file.write("\n")
        self._last = ""
        self._console.file.flush()

    def _start(self) -> None:
        """Shows the spinner, and later the last block of the text."""
        if self._notes is None:
            return
        self._started = time.monotonic()
        self._live = live = Live(
            console=self._notes, transient=True, auto_refresh=False, get_renderable=self._drawn,
            redirect_stdout=False, redirect_stderr=False, vertical_overflow="visible",
        )  # fmt: skip
        live.start(refresh=True)
        threading.Thread(target=self._animate, args=(live,), name="ferrule-display", daemon=True).start()

    def _stop(self) -> None:
        with self._lock:
            if self._live:
                self._live.stop()
                self._live = None

    def _animate(self, live: Live) -> None:
        """Draws until the end. rich's own thread would draw in the middle of what is being printed."""
        while not self._ended.wait(1 / _FRAMES):
            with self._lock:
                if self._live is not live:
                    return
                live.refresh()

    # Markdown

    def _print_complete(self) -> None:
        """Prints the blocks that are complete."""
        end = complete_until(self._text) if self._kind == "answer" else self._text.rfind("\n") + 1
        if end > 0:
            done, self._text = self._text[:end], self._text[end:]
            self._print(done)
            if self._kind == "answer" and done.strip():
                self._console.print()

    def _finish_kind(self) -> None:
        rest, self._text = self._text, ""
        if rest.strip():
            self._print(rest)

    def _print(self, text: str) -> None:
        if text.strip():
            self._console.print(_rendered(self._kind, text.strip("\n")))

    def _drawn(self) -> RenderableType:
        if not self._kind:
            waited = time.monotonic() - self._started
            self._spinner.update(text=Text(f" {self._waiting_for}  {waited:.0f} s", "dim"))
            return self._spinner
        return _LastLines(_rendered(self._kind, self._text)) if self._text.strip() else Text()


def _rendered(kind: str, text: str) -> RenderableType:
    return Text(text, _REASONING) if kind == "reasoning" else Markdown(text)


class _LastLines:
    """The last lines of something that may be higher than the screen."""

    def __init__(self, whole: RenderableType) -> None:
        self._whole = whole

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        # Lines are filled up with spaces. The terminal echoes a Ctrl-C as two characters, which have to fit behind
        # them: on a line of their own they would move what is drawn.
        width = max(1, options.max_width - _ECHOED)
        lines = console.render_lines(self._whole, options.update(height=None, width=width), pad=False)
        for line in lines[-max(1, console.size.height - 2) :]:
            yield from line
            yield Segment.line()


def complete_until(text: str) -> int:
    """Where the last complete block of `text` ends: after an empty line that is not inside a fence or a list item.

    Returns:
        The position behind that empty line; 0 where no block is complete.
    """
    position = len(text)
    while (position := text.rfind("\n\n", 0, position)) >= 0:
        end = position + 2
        while text[end : end + 1] == "\n":
            end += 1
        is_inside = text[end : end + 1] in ("", " ", "\t")  # what is indented belongs to what is before it
        if not is_inside and not _is_in_fence(text[:position]) and not _is_list(text, position, end):
            return end
    return 0


def _is_list(text: str, position: int, end: int) -> bool:
    """Whether the empty line is between two items of a list, which are numbered together."""
    before = text[:position].rpartition("\n\n")[2]
    return bool(_ITEM.match(text[end:]) and _ITEM.match(before))


_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)]) ")


def _is_in_fence(text: str) -> bool:
    fence = ""
    for found in _FENCE.finditer(text):
        if not fence:
            fence = found[1]
        elif found[1].startswith(fence):
            fence = ""
    return bool(fence)
