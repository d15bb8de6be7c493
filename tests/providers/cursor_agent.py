"""A stand-in for `cursor-agent -p --output-format stream-json --stream-partial-output`.

Says what the real one would (`docs/wire/cursor-cli.md`, section 3) about the prompt on its standard input; the name of
the model says what happens. What it was started with goes into `started.json` of the folder in `--workspace`. A model
that waits for ever holds the pipe `alive` of that folder open, together with a child of its own: whoever reads from it
learns when both are gone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

SESSION = "5e551011"
FOR_EVER = "import signal; signal.pause()"


def say(kind: str, subtype: str | None = None, **fields: Any) -> None:
    line = {"type": kind, "subtype": subtype, **fields, "session_id": SESSION}
    print(json.dumps({name: value for name, value in line.items() if value is not None}), flush=True)


def message(text: str, **fields: Any) -> None:
    say("assistant", message={"role": "assistant", "content": [{"type": "text", "text": text}]}, **fields)


def segment(*pieces: str, **whole: Any) -> None:
    """What the model says: in pieces, and then again as a whole."""
    for number, piece in enumerate(pieces):
        message(piece, timestamp_ms=1_764_000_000_000 + number)
    message("".join(pieces), **whole)


def use_a_tool() -> None:
    call = {"readToolCall": {"args": {"path": "README.md"}}}
    say("tool_call", "started", call_id="call_1", tool_call=call)
    done = {"readToolCall": {**call["readToolCall"], "result": {"success": {"content": "x" * 100_000}}}}
    say("tool_call", "completed", call_id="call_1", tool_call=done)


def result(text: str, **fields: Any) -> None:
    usage = {"inputTokens": 20, "outputTokens": 5, "cacheReadTokens": 100, "cacheWriteTokens": 0}
    said = {
        "is_error": False,
        "duration_ms": 5,
        "duration_api_ms": 5,
        "result": text,
        "request_id": "r",
        "usage": usage,
    }
    say("result", fields.pop("subtype", "success"), **said | fields)


def hold(pipe: Path) -> IO[str]:
    """Before anything is said, so that whoever was answered knows that it is held."""
    alive = pipe.open("w")
    alive.write("here\n")
    alive.flush()
    return alive


def wait_for_ever(alive: IO[str]) -> None:
    # Nothing is written into the pipe but the first word: its end comes when all who hold it are gone.
    with alive:
        subprocess.run([sys.executable, "-c", FOR_EVER], pass_fds=[alive.fileno()], check=False)


def fail(words: str) -> None:
    print(words, file=sys.stderr)
    sys.exit(1)


def main() -> None:
    flags = dict(word[2:].partition("=")[::2] for word in sys.argv[1:] if word.startswith("--"))
    prompt, model = sys.stdin.read(), flags.get("model", "auto")
    folder = Path(flags["workspace"]) if "workspace" in flags else None
    if folder:
        key = os.environ.get("CURSOR_API_KEY")
        (folder / "started.json").write_text(json.dumps({"arguments": sys.argv[1:], "prompt": prompt, "key": key}))
    if os.environ.get("CURSOR_API_KEY") == "sk-invalid":
        fail("Error: Authentication required. Please run 'cursor-agent login' first, or set CURSOR_API_KEY.")
    if model == "not-logged-in":
        fail("Error: not logged in")
    if model == "status-500":
        fail("Error: the service is unavailable")
    alive = hold(folder / "alive") if folder and (folder / "alive").exists() else None

    print("A new version is available: run cursor-agent update", flush=True)
    say("system", "init", apiKeySource="env", cwd="/w", model=model, permissionMode="default")
    say("user", message={"role": "user", "content": [{"type": "text", "text": prompt}]})
    if model == "error":
        result("The model is not available.", subtype="error", is_error=True)
    elif model == "no-result":
        segment("Half of ", "it")
    elif model == "stall":
        message("Working", timestamp_ms=1)
        assert alive
        wait_for_ever(alive)
    elif model == "thinking":
        say("thinking", "delta", text="A greet", timestamp_ms=1)
        say("thinking", "delta", text="ing.", timestamp_ms=2)
        say("thinking", "completed", timestamp_ms=3)
        segment("Hello", ".")
        result("Hello.")
    elif model == "tools":
        segment("Let me ", "look. ", model_call_id="m1", timestamp_ms=3)
        use_a_tool()
        say("something_new", detail=1)
        segment("It is ", "a readme.")
        result("Let me look. It is a readme.")
    else:
        text = prompt.strip()
        segment(*(text[start : start + 4] for start in range(0, len(text), 4)))
        result(text)
        if model == "lingers":
            assert alive
            wait_for_ever(alive)


main()
