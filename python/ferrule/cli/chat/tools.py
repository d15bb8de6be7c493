"""Tools from Python files, and the question whether the model may call one."""

import importlib.util
import inspect
import json
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ferrule.cli import failures, screen

_MAX_SHOWN = 2000


def load(given: str) -> list[Callable[..., Any]]:
    """The functions of `file.py`: the public ones that are defined there; the one after a colon where there is one.

    Raises:
        UsageError: The file cannot be loaded, or has no such function.
    """
    path, _, name = given.rpartition(":") if ".py:" in given else (given, "", "")
    file = Path(path).expanduser()
    if not file.is_file():
        raise failures.UsageError(f"--tools {path}: there is no such file")
    spec = importlib.util.spec_from_file_location(f"ferrule_tools_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise failures.UsageError(f"--tools {path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    # Type hints that are texts, and dataclasses, look for their module there.
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise failures.UsageError(f"--tools {path}: {type(error).__name__}: {error}") from error
    found = {
        key: value
        for key, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == spec.name and not key.startswith("_")
    }
    if name:
        if name not in found:
            raise failures.UsageError(
                f"--tools {path}: there is no function {name!r}; it has {', '.join(found) or 'none'}"
            )
        return [found[name]]
    if not found:
        raise failures.UsageError(f"--tools {path}: it has no functions")
    return list(found.values())


@dataclass
class Approval:
    """The tools of a session, and which calls the user allows.

    Attributes:
        functions: The tools.
        yes: Whether every call is allowed.
        asking: Clears the screen for the question.
    """

    functions: list[Callable[..., Any]]
    yes: bool = False
    asking: Callable[[], AbstractContextManager[Any]] = nullcontext
    _always: set[str] = field(default_factory=set)

    def __call__(self, call: Any) -> bool | str:
        """Whether the model may make a call; a text says why not, for the model."""
        if self.yes or call.name in self._always:
            return True
        arguments = json.dumps(call.arguments, ensure_ascii=False, default=str)[:_MAX_SHOWN]
        with self.asking():
            answer = _ask(f"{call.name}({screen.printable(arguments)}) - call it? [y]es, [n]o, [a]lways: ")
        if answer.startswith("a"):
            self._always.add(call.name)
        return answer[:1] in ("y", "a") or "the user did not allow this call"


def _ask(question: str) -> str:
    """The answer of whoever sits at the terminal, also where stdin is a pipe."""
    sys.stderr.write(question)
    sys.stderr.flush()
    try:
        if sys.stdin is not None and sys.stdin.isatty():
            return input().strip().lower()
        with open("CON" if sys.platform == "win32" else "/dev/tty", encoding="utf-8") as terminal:
            return terminal.readline().strip().lower()
    except EOFError:
        return ""
    except OSError:
        raise failures.UsageError(
            "the model wants to call a tool, and there is no terminal to ask on; --yes allows all calls"
        ) from None
