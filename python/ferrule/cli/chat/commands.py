"""Slash commands of a conversation: `/help`, `/model`, ... They are answered here; no model sees them."""

import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from ferrule.cli import failures, screen
from ferrule.cli.chat import attachments, figures
from ferrule.cli.chat.prompt import HELP
from ferrule.configuration.suggestions import suggestion
from ferrule.errors import FerruleError

if TYPE_CHECKING:
    from ferrule.cli.chat.session import Session

_COMMAND = re.compile(r"/([A-Za-z?]*)(?:\s+(.*))?", re.DOTALL)


def parse(text: str) -> tuple[str, str] | None:
    """The command in `text` and what follows it; `None` where it is a message, such as one that begins with a path."""
    found = _COMMAND.fullmatch(text)
    return (found[1].lower(), (found[2] or "").strip()) if found else None


def execute(session: "Session", name: str, argument: str) -> bool:
    """Executes a command. Returns false if the conversation is over.

    Args:
        session: The conversation.
        name: Its name, without the slash.
        argument: What follows it.
    """
    if name in ("exit", "quit"):
        return False
    command = _COMMANDS.get({"?": "help", "": "help"}.get(name, name))
    if command is None:
        _say(f"there is no command /{name}{_hint(name)}; /help lists them, and // sends a message that begins with /")
        return True
    try:
        command[0](session, argument)
    except (FerruleError, failures.UsageError, OSError) as error:
        failures.report(error)
    return True


def _hint(name: str) -> str:
    return suggestion(name, names()).replace("`", "")


def names() -> list[str]:
    """All commands, with their slashes."""
    return [f"/{name}" for name in (*_COMMANDS, "exit")]


def _say(text: str) -> None:
    screen.stdout().print(Text(screen.printable(text), "dim"))


def _help(session: "Session", argument: str) -> None:
    del session, argument
    width = max(len(usage) for _, usage, _ in _COMMANDS.values())
    lines = [f"{usage:<{width}}  {about}" for _, usage, about in _COMMANDS.values()]
    _say("\n".join([*lines, f"{'/exit':<{width}}  leave, as Ctrl-D does", "", HELP]))


def _clear(session: "Session", argument: str) -> None:
    del argument
    session.clear()
    _say("a new conversation")


def _model(session: "Session", argument: str) -> None:
    if argument:
        session.client.registry.resolve(argument)
        session.model = argument
    _say(f"model: {session.model}")


def _system(session: "Session", argument: str) -> None:
    if argument:
        session.system = None if argument == "none" else argument
    _say(f"system: {session.system or 'none'}")


def _attach(session: "Session", argument: str) -> None:
    if not argument:
        raise failures.UsageError("/attach needs a path or a URL")
    session.attach([attachments.part(argument)])
    _say(f"{argument}: goes with the next message")


def _retry(session: "Session", argument: str) -> None:
    del argument
    if not session.retry():
        _say("there is nothing to ask again")


def _usage(session: "Session", argument: str) -> None:
    del argument
    _say(figures.usage_figures(session.client.usage().total()))


def _save(session: "Session", argument: str) -> None:
    messages = session.saved()
    if not messages:
        raise failures.UsageError("there is nothing to save yet")
    path = Path(argument or f"conversation-{datetime.now().astimezone():%Y%m%d-%H%M%S}.md").expanduser()
    if path.exists():
        raise failures.UsageError(f"{path} exists; name another file")
    as_json = path.suffix == ".json"
    path.write_text(
        json.dumps(messages, indent=2, ensure_ascii=False) + "\n" if as_json else as_markdown(messages), "utf-8"
    )
    _say(f"saved in {path}")


def as_markdown(messages: list[dict[str, Any]]) -> str:
    """A conversation as Markdown, each turn under the name of who spoke."""
    parts = [f"## {message['role']}\n\n{text_of(message)}\n" for message in messages]
    return "\n".join(parts)


def text_of(message: dict[str, Any]) -> str:
    """The text of a message, with other parts in brackets."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    shown = [part.get("text") or f"[{part.get('type', 'part')}]" for part in parts if isinstance(part, dict)]
    calls = [f"[calls {call.get('function', {}).get('name')}]" for call in message.get("tool_calls") or ()]
    return "\n\n".join([*shown, *calls])


_COMMANDS: dict[str, tuple[Callable[["Session", str], None], str, str]] = {
    "help": (_help, "/help", "this list"),
    "clear": (_clear, "/clear", "begin a new conversation"),
    "model": (_model, "/model [name]", "show or change the model"),
    "system": (_system, "/system [text]", "show or change the instructions; `none` removes them"),
    "attach": (_attach, "/attach file", "send an image, a PDF, audio or text with the next message"),
    "retry": (_retry, "/retry", "ask the last question again"),
    "save": (_save, "/save [file]", "save the conversation: Markdown, or JSON for .json"),
    "usage": (_usage, "/usage", "calls, tokens and cost until now"),
}
