"""LiteLLM's proxy on a socket that it inherits: it listens where nobody else can, whoever waits for its port."""

from __future__ import annotations

import os

_LAUNCH = """
import sys
descriptor = int(sys.argv.pop(1))
import uvicorn
run = uvicorn.run
uvicorn.run = lambda app, **options: run(app, **{**options, "fd": descriptor})
from litellm import run_server
sys.argv[0] = "litellm"
sys.exit(run_server())
"""
"""What the program `litellm` does, with the socket for uvicorn, which takes one."""


def inheriting(program: str, arguments: list[str]) -> list[str] | None:
    """The command that runs LiteLLM on the socket `{fd}`; `None` where `program` is not LiteLLM's script."""
    if os.name != "posix" or os.path.basename(program) != "litellm" or "--run_gunicorn" in arguments:
        return None
    if "--run_hypercorn" in arguments:
        return None
    try:
        with open(program, "rb") as file:
            first = file.readline(1024)
    except OSError:
        return None
    interpreter = first[2:].decode(errors="replace").strip()
    is_python = os.path.basename(interpreter).startswith(("python", "pypy"))
    if first[:2] != b"#!" or not is_python or not os.path.isabs(interpreter) or not os.access(interpreter, os.X_OK):
        return None
    return [interpreter, "-c", _LAUNCH, "{fd}", *arguments]
