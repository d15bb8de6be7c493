"""Log of conversations: what `ferrule chat` asked and was answered, in an SQLite file of the user's own.

The file is `conversations.db` in the user's directory for state, readable by nobody else. Only `ferrule chat` writes
it, unless `--no-log` or `FERRULE_LOG=off` says not to; the library never does.
"""

import json
import os
import sqlite3
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ferrule.cli import failures, screen
from ferrule.configuration.trust import state_directory

if TYPE_CHECKING:
    from ferrule import Reply

_TABLES = """
create table if not exists conversations (
    number integer primary key autoincrement, started text not null, system text
);
create table if not exists turns (
    number integer primary key autoincrement,
    conversation integer not null references conversations(number) on delete cascade,
    at text not null, model text not null, prompt text not null, reply text not null,
    messages text not null, usage text not null, cost text, duration real
);
create index if not exists turns_by_conversation on turns (conversation);
"""
_OFF = ("off", "0", "false", "no")


class Conversation(NamedTuple):
    """A conversation of the log, to go on with."""

    number: int
    model: str
    system: str | None
    messages: list[dict[str, Any]]


class ConversationLog:
    """The log. `for_chat` and `existing` make one; its file is opened when it is first needed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def _database(self) -> sqlite3.Connection:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_new = not self.path.exists()
        # Created before SQLite does it with permissions that others have, too.
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        self.path.chmod(0o600)
        database = sqlite3.connect(self.path, timeout=10)
        database.row_factory = sqlite3.Row
        database.execute("pragma foreign_keys = on")
        database.executescript(_TABLES)
        if is_new:
            screen.note(
                f"conversations are kept in {self.path}, which only you can read; `ferrule logs` shows them, --no-log "
                "or FERRULE_LOG=off keeps none"
            )
        return database

    @classmethod
    def for_chat(cls) -> "ConversationLog | None":
        """The log, which is created with its first turn; `None` where it is switched off or has no place."""
        path = log_path()
        is_off = os.environ.get("FERRULE_LOG", "").strip().lower() in _OFF
        return None if is_off or path is None else cls(path)

    @classmethod
    def existing(cls) -> "ConversationLog":
        """The log as it is.

        Raises:
            UsageError: There is none.
        """
        path = log_path()
        if path is None or not path.exists():
            raise failures.UsageError("no conversation was kept yet")
        log = cls(path)
        try:
            _ = log._database
        except (OSError, sqlite3.Error) as error:
            raise failures.UsageError(f"{path}: {error}") from None
        return log

    def add(
        self, number: int | None, model: str, system: str | None, turn: list[dict[str, Any]], reply: "Reply"
    ) -> int | None:
        """Keeps a turn, and gives the number of its conversation.

        Args:
            number: The conversation; `None` for a new one.
            model: The model, as the user calls it.
            system: The instructions.
            turn: The messages of the turn.
            reply: Its last reply.
        """
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        try:
            with self._database as database:
                if number is None:
                    made = database.execute("insert into conversations (started, system) values (?, ?)", (now, system))
                    number = made.lastrowid
                database.execute(
                    "insert into turns (conversation, at, model, prompt, reply, messages, usage, cost, duration) "
                    "values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        number,
                        now,
                        model,
                        _text(turn[0]),
                        reply.text,
                        json.dumps(turn, ensure_ascii=False),
                        json.dumps(reply.usage.to_dict()),
                        str(reply.cost.total) if reply.cost else None,
                        reply.stats.duration,
                    ),
                )
        except (OSError, sqlite3.Error) as error:
            # A full disk must not end a conversation.
            screen.note(f"this turn is not kept: {self.path}: {error}")
        return number

    def load(self, number: int | None) -> Conversation:
        """A conversation; the last one where `number` is `None`.

        Raises:
            UsageError: There is no such conversation.
        """
        if number is None:
            last = self._database.execute("select conversation from turns order by number desc limit 1").fetchone()
            if last is None:
                raise failures.UsageError("no conversation was kept yet")
            number = int(last["conversation"])
        head, turns = self.turns(number)
        messages = [message for turn in turns for message in turn["messages"]]
        return Conversation(number, turns[-1]["model"], head["system"], messages)

    def turns(self, number: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """A conversation's head and its turns.

        Raises:
            UsageError: There is no such conversation.
        """
        head = self._database.execute("select * from conversations where number = ?", (number,)).fetchone()
        rows = self._database.execute(
            "select * from turns where conversation = ? order by number", (number,)
        ).fetchall()
        if head is None or not rows:
            raise failures.UsageError(f"there is no conversation {number}; `ferrule logs` lists them")
        return dict(head), [_read(row) for row in rows]

    def list(self, limit: int, words: str = "") -> list[dict[str, Any]]:
        """The newest conversations, those with `words` in a prompt or a reply.

        Args:
            limit: How many at most.
            words: Text to look for, whatever the case.
        """
        pattern = "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        rows = self._database.execute(
            "select c.number, c.started, max(t.at) as last, t.model, count(*) as turns, "
            "(select prompt from turns where conversation = c.number order by number limit 1) as prompt "
            "from conversations c join turns t on t.conversation = c.number "
            "where c.number in (select conversation from turns where prompt like ?1 escape '\\' "
            "or reply like ?1 escape '\\') group by c.number order by max(t.number) desc limit ?2",
            (pattern, limit),
        )
        return [dict(row) for row in rows]

    def delete(self, number: int | None) -> int:
        """Deletes a conversation, or all where `number` is `None`. Returns how many there were."""
        with self._database as database:
            wanted = "delete from conversations where ?1 is null or number = ?1"
            deleted = database.execute(wanted, (number,)).rowcount
        self._database.execute("vacuum")
        return deleted


def log_path() -> Path | None:
    """The path of the log; `None` where the user has no directory for it."""
    directory = state_directory(os.environ)
    return Path(directory, "conversations.db") if directory else None


def _read(row: sqlite3.Row) -> dict[str, Any]:
    return dict(row) | {"messages": json.loads(row["messages"]), "usage": json.loads(row["usage"])}


def _text(message: dict[str, Any]) -> str:
    """The text of a message, without its attachments."""
    content = message["content"]
    if isinstance(content, str):
        return content
    return "\n\n".join(part["text"] for part in content if isinstance(part, dict) and part.get("type") == "text")
