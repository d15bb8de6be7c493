"""Prompt of a conversation: what the user types or pastes, as whole messages, with a history in a file."""

import os
import sys
from pathlib import Path
from typing import Any

from ferrule.cli import failures
from ferrule.configuration.trust import state_directory

HELP = "Enter sends; Alt-Enter, or \\ at the end of a line, begins a new line; a pasted text is one message"


class Prompt:
    """Reads messages from a terminal.

    Args:
        commands: The slash commands, for completion.
    """

    def __init__(self, commands: list[str]) -> None:
        try:
            from prompt_toolkit import PromptSession
        except ModuleNotFoundError:
            raise failures.UsageError(
                f"conversations need prompt_toolkit, which is not installed here; run: {sys.executable} -m pip install "
                "prompt_toolkit; or give the prompt as an argument"
            ) from None
        from prompt_toolkit.completion import WordCompleter
        from prompt_toolkit.history import FileHistory, InMemoryHistory
        from prompt_toolkit.output import create_output

        path = history_path()
        output: Any = create_output(stdout=sys.stdout)
        # Asking the terminal where its cursor is only helps menus, and those that do not answer are warned about.
        if hasattr(output, "enable_cpr"):
            output.enable_cpr = False
        self._session: Any = PromptSession(
            history=FileHistory(str(path)) if path else InMemoryHistory(),
            completer=WordCompleter(commands, sentence=True),
            complete_while_typing=False,
            key_bindings=_bindings(),
            multiline=True,
            prompt_continuation=_continuation,
            enable_open_in_editor=True,
            output=output,
        )

    def read(self) -> str:
        """The next message.

        Raises:
            EOFError: The user pressed Ctrl-D.
            KeyboardInterrupt: The user pressed Ctrl-C.
        """
        return str(self._session.prompt([("bold", "> ")])).strip()


def _continuation(width: int, line: int, wrapped: int) -> str:
    """What stands before the second and further lines."""
    del line, wrapped
    return "." * (width - 1) + " "


def _bindings() -> Any:
    from prompt_toolkit.key_binding import KeyBindings

    bindings = KeyBindings()

    @bindings.add("enter")
    def _(event: Any) -> None:
        buffer = event.current_buffer
        if buffer.document.current_line_before_cursor.endswith("\\"):
            buffer.delete_before_cursor()
            buffer.newline()
        else:
            buffer.validate_and_handle()

    @bindings.add("escape", "enter")
    def _(event: Any) -> None:
        event.current_buffer.newline()

    return bindings


def history_path() -> Path | None:
    """The file of what was typed, which nobody else can read; `None` where there is no place for it."""
    directory = state_directory(os.environ)
    if directory is None:
        return None
    path = Path(directory, "history")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
        path.chmod(0o600)
    except OSError:
        return None
    return path
