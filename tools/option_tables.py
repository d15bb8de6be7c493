"""Writes docs/reference/call-options.md: each option of a call with its type, its meaning, and who carries it.

    python tools/option_tables.py

Types and meanings are those of `ferrule.CompletionOptions`; who carries an option is what each wire format declares in
its `carried.rs`. tests/docs/test_option_page.py checks that the page is as this writes it.
"""

from __future__ import annotations

import re
from pathlib import Path

from ferrule import _native
from ferrule.options import CompletionOptions
from ferrule.signatures import option_types

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "call-options.md"
OURS = frozenset(
    (
        "timeout",
        "max_retries",
        "retry",
        "drop_params",
        "extra_headers",
        "extra_query",
        "extra_body",
        "retries_on_invalid",
        "system",
        "metadata",
    )
)
"""What Ferrule does itself, and what is a part of the messages."""

HEAD = """\
# Options of a call

The options of `complete` and `stream`: keyword arguments, each `None` by default, which is the provider's default.
`help(ferrule.complete)` lists them, and Tab completes them in a notebook. What a wire format cannot carry is refused by
name with `UnsupportedError` before anything is sent; what single providers and models refuse beyond that is in
[the providers' tables](%s).

In the last column, a wire format in *italics* carries the option for some values or models only.

| option | type | meaning | carried by |
|---|---|---|---|
"""
PROVIDERS = "/".join(("..", "providers", "README.md"))
"""From the page, not from this file."""
TAIL = """
`python tools/option_tables.py` writes this page, from the docstring of `ferrule.CompletionOptions` and from what each
wire format declares.
"""


def meanings() -> dict[str, str]:
    """The meaning of each option, of the docstring."""
    section = (CompletionOptions.__doc__ or "").partition("Attributes:\n")[2]
    found = re.findall(r"^ {8}(\w+): (.*(?:\n {12}.*)*)", section, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in found}


def carriers(option: str, carried: dict[str, dict[str, bool]]) -> str:
    """The wire formats that carry an option."""
    if option in OURS:
        return "every call"
    having = {dialect: options[option] for dialect, options in carried.items() if option in options}
    if len(having) == len(carried) and all(having.values()):
        return "all"
    shown = [dialect if is_whole else f"*{dialect}*" for dialect, is_whole in sorted(having.items())]
    return ", ".join(shown) or "none"


def _alternatives(hint: str) -> list[str]:
    """The types of a union, those inside brackets left together."""
    found, depth, start = [], 0, 0
    for place, character in enumerate(hint):
        depth += {"[": 1, "]": -1}.get(character, 0)
        if character == "|" and depth == 0:
            found.append(hint[start:place].strip())
            start = place + 1
    return [one.replace("|", "or") for one in [*found, hint[start:].strip()]]


def page() -> str:
    """The whole page."""
    carried = _native.carried_options()
    texts = meanings()
    rows = []
    for name, hint in sorted(option_types(CompletionOptions).items()):
        # A `|` in code in a table is shown with its backslash by some renderers.
        kind = "` or `".join(_alternatives(hint.removesuffix(" | None")))
        meaning = texts[name].replace("|", "\\|")
        rows.append(f"| `{name}` | `{kind}` | {meaning} | {carriers(name, carried)} |")
    return HEAD % PROVIDERS + "\n".join(rows) + "\n" + TAIL


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
