"""Code blocks of the documents, and a program that runs those of one document:

    python tests/support/documents.py docs/quickstart.md

A document's Python blocks share a namespace and run in order. A block that cannot run here is marked in the line before
it, with the reason: `<!-- not run: why -->`; one that type checkers cannot follow: `<!-- not typed: why -->`.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    + [path for folder in ("crates", "benches", "tests") for path in ROOT.glob(f"{folder}/*.md")]
)
# Pages whose code needs an official SDK: tests/oracles/test_dropin.py runs it in an environment that has it.
WITH_SDKS = {"docs/migrate-from-openai.md": "openai-3", "docs/migrate-from-anthropic.md": "anthropic-2"}

_BLOCK = re.compile(
    r"^(?:<!-- not (?P<mark>run|typed): .+ -->\n+)?```(?P<language>\w*)\n(?P<code>.*?)^```$", re.DOTALL | re.MULTILINE
)


@dataclass(frozen=True)
class Block:
    """A code block: its language, its text, the line before its first one, and whether type checkers can follow it."""

    language: str
    code: str
    line: int
    typed: bool


def blocks(document: Path, *languages: str) -> list[Block]:
    """The blocks of `document` in these languages that are not marked as not run."""
    text = document.read_text("utf-8")
    return [
        Block(match["language"], match["code"], text.count("\n", 0, match.start("code")), match["mark"] != "typed")
        for match in _BLOCK.finditer(text)
        if match["language"] in languages and match["mark"] != "run"
    ]


def commands(document: Path) -> list[str]:
    """The commands in the shell blocks of `document`, without their comments."""
    lines = [line for block in blocks(document, "console", "bash", "sh") for line in block.code.splitlines()]
    found = [line.removeprefix("$ ").split("  #")[0].strip() for line in lines if not line.startswith("#")]
    return [command for command in found if command]


def run(document: Path) -> None:
    """Runs the Python blocks of `document`. Tracebacks have the document's own lines."""
    namespace = {"__name__": "__main__"}
    for block in blocks(document, "python"):
        exec(compile("\n" * block.line + block.code, str(document), "exec"), namespace)


if __name__ == "__main__":
    run(Path(sys.argv[1]))
