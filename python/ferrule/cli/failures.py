"""Error reporting: one line on stderr that says what happened and what to do, and an exit code.

0: success. 1: a call failed. 2: wrong usage or settings. 130: interrupted. Never a traceback, unless
`FERRULE_TRACEBACK` is set.
"""

import errno
import os
import sys
from collections.abc import Callable
from typing import Any

import typer

from ferrule import errors
from ferrule.cli.screen import line_on_stderr
from ferrule.configuration import providers

FAILED = 1
USAGE = 2
INTERRUPTED = 130


class UsageError(Exception):
    """The command cannot be executed as it was given; the message says what to do."""


class ClosedPipe(Exception):  # noqa: N818 - not an error
    """The reader of the output is gone."""


def exit_code_of(command: Callable[[], Any]) -> int:
    """Runs `command`, reports its failure, and returns the exit code.

    Args:
        command: Returns nothing, or an exit code.
    """
    try:
        code = command()
        sys.stdout.flush()
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except (BrokenPipeError, ClosedPipe):
        # The reader of the output has what it wanted, as `head` has after its lines: not a failure. The
        # interpreter must not flush again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except Exception as error:
        if os.environ.get("FERRULE_TRACEBACK"):
            raise
        report(error)
        return _code_of(error)
    return code if isinstance(code, int) else 0


def report(error: BaseException) -> None:
    """Writes one line to stderr that says what happened and what to do."""
    text, advice = _described(error)
    line = f"error: {text.rstrip('.')}" + (f"; {advice}" if advice else "")
    line_on_stderr(" ".join(line.split()))


def _code_of(error: Exception) -> int:
    if isinstance(error, (UsageError, errors.ConfigError, errors.UnsupportedError)):
        return USAGE
    # Typer's usage errors have an exit code.
    code = getattr(error, "exit_code", None)
    return code if isinstance(code, int) else FAILED


def _described(error: BaseException) -> tuple[str, str]:
    if isinstance(error, errors.FerruleError):
        return str(error), _advice(error)
    if isinstance(error, UsageError):
        return str(error), ""
    if callable(message := getattr(error, "format_message", None)):
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "ferrule"
        return str(message()), f"see `{command} --help`"
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        return f"{error.filename}: {reason}" if error.filename else reason, _os_advice(error)
    return f"{type(error).__name__}: {error}", "set FERRULE_TRACEBACK=1 to see where, and please report it"


def _advice(error: errors.FerruleError) -> str:
    provider = error.provider or ""
    match error:
        case errors.AuthenticationError() if provider in providers.rows():
            return f"`ferrule keys set {provider}` keeps another one"
        case errors.NotFoundError() if provider:
            return f"`ferrule models {provider}` lists its models"
        case errors.RateLimitedError(retry_after=float() as seconds):
            return f"try again in {seconds:g} s"
        case errors.RateLimitedError() | errors.OverloadedError():
            return "try again a little later"
        case errors.QuotaExceededError():
            return "check the account's billing"
        case errors.ConnectError():
            return "`ferrule doctor` shows which providers are reachable, and the proxy"
        case errors.TimeoutError():
            return "allow more time with --timeout, or see `ferrule doctor`"
        case errors.StreamInterruptedError():
            return "try again"
        case _:
            return ""


def _os_advice(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "choose another port with --port, or 0 for any free port"
    return ""
