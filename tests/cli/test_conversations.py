"""`ferrule chat` as a conversation on a terminal."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING, Any

import pytest

from ferrule.cli.chat.display import complete_until
from ferrule.testing import rule

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ferrule.testing import Simulator


def asked(simulator: Simulator) -> list[tuple[str, Any]]:
    """What the last request said, turn by turn."""
    return [(turn["role"], turn["content"]) for turn in simulator.requests[-1].body["messages"]]


@pytest.fixture
def talk(terminal: Callable[..., Any]) -> Callable[..., Any]:
    """Begins a conversation."""

    def begin(*arguments: str, model: str = "openai/echo", **variables: str) -> Any:
        screen = terminal("chat", "-m", model, "--plain", *arguments, **variables)
        screen.wait_for(model)
        screen.wait_for_prompt()
        return screen

    return begin


def say(screen: Any, text: str, reply: str = "") -> str:
    """Says something and waits until the next prompt; gives what was on the screen until then."""
    screen.type(text + "\r")
    screen.wait_for("\x1b[?2004l")  # The prompt is over.
    shown = screen.wait_for(reply) if reply else ""
    return shown + screen.wait_for_prompt()


def test_a_conversation_remembers(talk: Callable[..., Any], ferrule_simulator: Simulator) -> None:
    screen = talk("--system", "Be brief.")
    say(screen, "My name is Ada.", "My name is Ada.")
    say(screen, "")  # Nothing said is nothing asked.
    say(screen, "What is it?", "What is it?")
    screen.type("/exit\r")
    assert screen.wait_for_end() == 0
    assert asked(ferrule_simulator) == [
        ("system", "Be brief."),
        ("user", "My name is Ada."),
        ("assistant", "My name is Ada."),
        ("user", "What is it?"),
    ]


def test_ctrl_d_leaves(talk: Callable[..., Any]) -> None:
    screen = talk()
    screen.type("\x04")
    assert screen.wait_for_end() == 0


def test_a_pasted_text_is_one_message(talk: Callable[..., Any], ferrule_simulator: Simulator) -> None:
    screen = talk()
    say(screen, "\x1b[200~one\r\n/clear\r\nthree\x1b[201~", "three")
    assert asked(ferrule_simulator) == [("user", "one\n/clear\nthree")]
    assert len(ferrule_simulator.requests) == 1


@pytest.mark.parametrize("newline", ["\x1b\r", "\\\r"])
def test_a_message_may_have_several_lines(newline: str, talk: Callable[..., Any], ferrule_simulator: Simulator) -> None:
    screen = talk()
    say(screen, f"first{newline}second", "second")
    assert asked(ferrule_simulator) == [("user", "first\nsecond")]


def test_ctrl_c_ends_the_reply_and_not_the_conversation(talk: Callable[..., Any], ferrule_simulator: Simulator) -> None:
    stalls = rule("one two three four", fault={"stall": {"at": "mid_event", "after_chunks": 2}}, times=1)
    ferrule_simulator.set_script([stalls, rule("Go on.")])
    screen = talk(model="openai/x")
    screen.type("Count.\r")
    screen.wait_for("one two")
    screen.type("\x03")
    screen.wait_for_prompt()
    assert ferrule_simulator.wait_for_answers(timeout=40)
    say(screen, "And?", "Go on.")
    screen.type("gone\x03")  # At the prompt it takes back the line.
    screen.wait_for_prompt()
    screen.type("\x04")
    assert screen.wait_for_end() == 0
    assert asked(ferrule_simulator) == [("user", "Count."), ("assistant", "one two"), ("user", "And?")]


def test_an_error_does_not_end_the_conversation(talk: Callable[..., Any], ferrule_simulator: Simulator) -> None:
    ferrule_simulator.set_script([rule(fault={"status": {"status": 400}}, times=1), rule("Better.")])
    screen = talk(model="openai/x")
    say(screen, "First.", "error: ")
    say(screen, "Second.", "Better.")
    screen.type("/exit\r")
    assert screen.wait_for_end() == 0
    assert asked(ferrule_simulator) == [("user", "Second.")]


def test_a_missing_key_ends_a_conversation_that_has_not_begun(talk: Callable[..., Any]) -> None:
    screen = talk(OPENAI_API_KEY="")
    screen.type("Hello\r")
    screen.wait_for("OPENAI_API_KEY")
    assert screen.wait_for_end() == 2


def test_retries_and_waiting_are_shown(talk: Callable[..., Any]) -> None:
    shown = say(talk(model="openai/fail-once-503"), "Hello", "trying again in ")
    assert "503" in shown


def test_a_spinner_shows_until_the_reply_begins(terminal: Callable[..., Any], ferrule_simulator: Simulator) -> None:
    ferrule_simulator.set_script([rule({"text": "Here.", "first_token_ms": 600})])
    screen = terminal("chat", "-m", "openai/x", "Hello")
    before = screen.wait_for("Here.")
    assert "openai/x" in before
    assert any(frame in before for frame in "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
    assert screen.wait_for_end() == 0


def test_markdown_is_rendered_once(terminal: Callable[..., Any], ferrule_simulator: Simulator) -> None:
    text = "# Title\n\nSome **bold** text.\n\n```python\nprint(1)\n\nprint(2)\n```\n\nEnd."
    ferrule_simulator.set_script([rule({"text": text, "chunk_tokens": 1})])
    screen = terminal("chat", "-m", "openai/x", "Hello", NO_COLOR="1")
    assert screen.wait_for_end() == 0
    assert "**" not in screen.seen
    assert "```" not in screen.seen
    assert screen.seen.count("Title") >= 1
    plain = terminal("chat", "-m", "openai/x", "--plain", "Hello")
    assert plain.wait_for_end() == 0
    assert "**bold**" in plain.seen


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ("one", ""),
        ("one\n\n", ""),
        ("one\n\ntwo", "one\n\n"),
        ("one\n\n\ntwo", "one\n\n\n"),
        ("```\na\n\nb", ""),
        ("x\n\n```\na\n\nb", "x\n\n"),
        ("```\na\n\nb\n```\n\nc", "```\na\n\nb\n```\n\n"),
        ("````\n```\n\nb", ""),
        ("1. a\n\n2. b", ""),
        ("- a\n\n  more", ""),
        ("1. a\n\n2. b\n\nend", "1. a\n\n2. b\n\n"),
    ],
)
def test_blocks_are_complete_before_they_are_printed(text: str, complete: str) -> None:
    assert text[: complete_until(text)] == complete


def test_commands_are_answered_here(talk: Callable[..., Any], ferrule_simulator: Simulator, tmp_path: Path) -> None:
    screen = talk()
    assert "/retry" in say(screen, "/help", "/exit")
    assert "did you mean /model?" in say(screen, "/modle", "/help lists them")
    say(screen, "/system Be kind.", "system: Be kind.")
    assert not ferrule_simulator.requests
    say(screen, "Hello", "Hello")
    say(screen, "/model openai/long-3", "model: openai/long-3")
    say(screen, "/model openia/x", "did you mean `openai`?")
    say(screen, "Again", "the metal ring")
    assert asked(ferrule_simulator)[0] == ("system", "Be kind.")
    assert "2 calls" in say(screen, "/usage", "tokens in")
    say(screen, "/retry", "the metal ring")
    assert [turn for turn in asked(ferrule_simulator) if turn[0] == "user"] == [("user", "Hello"), ("user", "Again")]
    for name in ("talk.markdown", "talk.json"):
        say(screen, f"/save {tmp_path / name}", "saved in")
    assert "## assistant\n\nHello\n" in (tmp_path / "talk.markdown").read_text()
    roles = [message["role"] for message in json.loads((tmp_path / "talk.json").read_text())]
    assert roles == ["system", "user", "assistant", "user", "assistant"]
    say(screen, "/clear", "a new conversation")
    say(screen, "/model openai/echo", "openai/echo")
    say(screen, "/usr/bin/x fails", "/usr/bin/x fails")
    assert asked(ferrule_simulator) == [("system", "Be kind."), ("user", "/usr/bin/x fails")]
    say(screen, "//help", "/help")
    assert asked(ferrule_simulator)[-1] == ("user", "/help")


def test_what_was_typed_is_kept_for_the_user_alone(talk: Callable[..., Any], home: Path) -> None:
    screen = talk()
    say(screen, "Remember this.", "Remember this.")
    screen.type("\x04")
    assert screen.wait_for_end() == 0
    history = home / "xdg_state_home" / "ferrule" / "history"
    assert "Remember this." in history.read_text()
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    again = talk()
    again.type("\x1b[A")  # The key for the line before.
    again.wait_for("Remember this.")


@pytest.mark.parametrize("flag", ["--json", "--extract"])
def test_what_is_for_one_reply_is_not_for_conversations(flag: str, terminal: Callable[..., Any]) -> None:
    screen = terminal("chat", "-m", "openai/echo", flag)
    screen.wait_for(f"{flag} is for one reply")
    assert screen.wait_for_end() == 2


def test_an_empty_reply_says_why(talk: Callable[..., Any], ferrule_simulator: Simulator) -> None:
    ferrule_simulator.set_script([rule({"text": "", "finish_reason": "length"})])
    shown = say(talk(model="openai/x"), "Hello", "the reply is empty")
    assert "raise --max-tokens" in " ".join(shown.split())


def test_a_file_goes_with_the_next_message(
    talk: Callable[..., Any], ferrule_simulator: Simulator, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("The notes.")
    screen = talk()
    say(screen, f"/attach {tmp_path / 'notes.txt'}", "goes with the next message")
    say(screen, "Read them.", "Read them.")
    ((_, parts),) = asked(ferrule_simulator)
    assert "The notes." in parts[0]["text"]
    assert parts[1]["text"] == "Read them."


class TestLog:
    def test_said_once_and_for_the_user_alone(
        self, ferrule: Callable[..., Any], ferrule_simulator: Simulator, home: Path
    ) -> None:
        first = ferrule("chat", "-m", "openai/echo", "Hello", FERRULE_LOG="")
        path = home / "xdg_state_home" / "ferrule" / "conversations.db"
        assert first.stderr.startswith(f"note: conversations are kept in {path}")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert ferrule("chat", "-m", "openai/echo", "Hello", FERRULE_LOG="").stderr == ""
        del ferrule_simulator

    @pytest.mark.parametrize(("arguments", "variable"), [(["--no-log"], ""), ([], "off")])
    def test_off(self, arguments: list[str], variable: str, ferrule: Callable[..., Any], home: Path) -> None:
        done = ferrule("chat", "-m", "openai/echo", *arguments, "Hello", FERRULE_LOG=variable)
        assert (done.returncode, done.stderr) == (0, "")
        assert not (home / "xdg_state_home" / "ferrule").exists()
        assert ferrule("logs", "--json").stdout == "[]\n"

    def test_only_chat_keeps_anything(self, ferrule: Callable[..., Any], home: Path) -> None:
        assert ferrule("tokens", "openai/gpt-4o", "Hello", FERRULE_LOG="").returncode == 0
        assert ferrule("models", FERRULE_LOG="").returncode == 0
        assert not os.path.exists(home / "xdg_state_home" / "ferrule" / "conversations.db")

    def test_a_conversation_goes_on(self, ferrule: Callable[..., Any], ferrule_simulator: Simulator) -> None:
        ferrule("chat", "-m", "openai/echo", "-s", "Be brief.", "My name is Ada.", FERRULE_LOG="")
        done = ferrule("chat", "-c", "What", "is", "it?", FERRULE_LOG="")
        assert done.stdout == "What is it?\n"
        expected = [
            ("system", "Be brief."),
            ("user", "My name is Ada."),
            ("assistant", "My name is Ada."),
            ("user", "What is it?"),
        ]
        assert asked(ferrule_simulator) == expected
        ferrule("chat", "-m", "openai/echo", "Another one.", FERRULE_LOG="")
        ferrule("chat", "--conversation", "1", "Again?", FERRULE_LOG="")
        assert asked(ferrule_simulator)[:-2] == expected
        assert ferrule("chat", "--conversation", "9", "Again?", FERRULE_LOG="").returncode == 2

    def test_it_is_listed_searched_shown_and_deleted(self, ferrule: Callable[..., Any]) -> None:
        ferrule("chat", "-m", "openai/echo", "A needle.", FERRULE_LOG="")
        ferrule("chat", "-m", "openai/echo", "100% hay.", FERRULE_LOG="")
        listed = json.loads(ferrule("logs", "--json").stdout)
        assert [(one["number"], one["prompt"], one["turns"]) for one in listed] == [
            (2, "100% hay.", 1),
            (1, "A needle.", 1),
        ]
        assert "A needle." in ferrule("logs").stdout
        for words, numbers in (("NEEDLE", [1]), ("0% h", [2]), ("%", [2]), ("_", [])):
            found = json.loads(ferrule("logs", "search", words, "--json").stdout)
            assert [one["number"] for one in found] == numbers, words
        shown = ferrule("logs", "show", "1").stdout
        assert "> A needle." in shown
        whole = json.loads(ferrule("logs", "show", "--json").stdout)
        assert (whole["number"], whole["turns"][0]["reply"]) == (2, "100% hay.")
        assert ferrule("logs", "delete", "1").returncode == 0
        assert ferrule("logs", "show", "1").returncode == 2
        assert ferrule("logs", "delete", "--all").stdout == "deleted: 1 conversation\n"

    def test_said_once_the_reply_is_shown(self, terminal: Callable[..., Any]) -> None:
        screen = terminal("chat", "-m", "openai/echo", "--stats", "Hello", columns=60, FERRULE_LOG="")
        assert screen.wait_for_end() == 0
        note = screen.seen.index("note: conversations are kept")
        assert screen.seen.rindex("Hello", 0, note) > screen.seen.rindex("openai/echo", 0, note), "the spinner is gone"
        assert screen.seen[:note].endswith("\n")


def test_what_a_terminal_echoes_of_ctrl_c_does_not_move_the_reply(
    terminal: Callable[..., Any], ferrule_simulator: Simulator
) -> None:
    stalls = rule("one two three four", fault={"stall": {"at": "mid_event", "after_chunks": 2}})
    ferrule_simulator.set_script([stalls])
    screen = terminal("chat", "-m", "openai/x", columns=60, COLUMNS="60")
    screen.wait_for_prompt()
    screen.type("Count.\r")
    drawn = screen.wait_for("one two") + screen.wait_for("\r")
    # The two characters fit behind the line as it is drawn.
    assert len(drawn.rpartition("one two")[2].rstrip("\r\n")) + len("one two") <= 58
