"""Writes the tables in docs/providers/ that follow from the built-in table of providers, and from what each refuses.

    python tools/provider_tables.py

What a provider refuses is found by asking: a request that its wire format cannot carry is refused before it is sent,
any other fails to connect. tests/docs/test_provider_pages.py checks that the pages are as this writes them.
"""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ferrule
from ferrule import _native

if TYPE_CHECKING:
    from collections.abc import Callable

PAGES = Path(__file__).resolve().parents[1] / "docs" / "providers"

TOOL = {"name": "look", "description": "Looks.", "parameters": {"type": "object", "properties": {}}}
PICTURE = [
    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}]}
]
SCHEMA = {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"], "additionalProperties": False}

CHAT: dict[str, dict[str, Any]] = {
    "system": {"system": "Be brief."},
    "tools": {"tools": [TOOL]},
    "tool_choice": {"tools": [TOOL], "tool_choice": "required"},
    "parallel_tool_calls": {"tools": [TOOL], "parallel_tool_calls": False},
    "response_format: json": {"response_format": "json"},
    "response_format: schema": {"response_format": SCHEMA},
    "reasoning": {"reasoning": "low", "max_tokens": 4096},
    "temperature": {"temperature": 0.5},
    "top_p": {"top_p": 0.5},
    "top_k": {"top_k": 5},
    "frequency_penalty": {"frequency_penalty": 0.5},
    "presence_penalty": {"presence_penalty": 0.5},
    "max_tokens": {"max_tokens": 5},
    "stop": {"stop": ["x"]},
    "seed": {"seed": 1},
    "n": {"n": 2},
    "logprobs": {"logprobs": True},
    "provider_metadata": {"provider_metadata": {"a": "b"}},
    "user": {"user": "u"},
    "service_tier": {"service_tier": "auto"},
    "prompt_cache": {"prompt_cache": True},
    "images": {"messages": PICTURE},
}
REPORTED = ("openrouter", "litellm")
"""Who says with each answer what it cost."""

# Some wire formats are narrower for some models.
MODELS = {
    "anthropic": "claude-sonnet-4-5",
    "anthropic-vertex": "claude-sonnet-4-5",
    "gemini": "gemini-2.5-flash",
    "vertex": "gemini-2.5-flash",
    "bedrock": "anthropic.claude-sonnet-4-5-20250929-v1:0",
}


def refused(row: dict[str, Any]) -> list[str]:
    """The options of a chat that the provider of this row refuses."""
    if "chat" not in row["operations"]:
        return []
    provider, dialect = row["id"], row["dialect"]
    model = f"{provider}/{MODELS.get(dialect, 'some-model')}"
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        # Nobody listens there: what is not refused fails to connect.
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        credentials: Any = {"api_key": "key-of-nobody"}
        if row["authentication"] == "watsonx":
            # A key would be exchanged for a token at IBM, first.
            credentials = {"headers": {"authorization": "Bearer key-of-nobody"}}
        # Alone: one that cannot carry a request would be passed over where it has a fallback.
        options: Any = {provider: {"base_url": address, "fallback": "none", **credentials}}
        with ferrule.Client(config=False, providers=options, max_retries=0, timeout=5) as client:
            return [
                name for name, given in CHAT.items() if _is_refused(lambda given=given: _chat(client, model, given))
            ]


def _chat(client: ferrule.Client, model: str, given: dict[str, Any]) -> None:
    options = {"messages": "Hello.", **given}
    client.complete(model, options.pop("messages"), **options)


def _is_refused(call: Callable[[], Any]) -> bool:
    try:
        call()
    except ferrule.UnsupportedError:
        return True
    except ferrule.FerruleError:
        return False
    return False


def table(rows: list[dict[str, Any]]) -> str:
    """A table of providers: their names, addresses, keys, operations, and the options of a chat that they refuse."""
    lines = ["| provider | address | key | prices | operations | refused |", "|---|---|---|---|---|---|"]
    for row in rows:
        has, without = _words(row["operations"]), _words(refused(row))
        cells = (_named(row), _address(row), _key(row), _prices(row), has, without or "-")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _prices(row: dict[str, Any]) -> str:
    """Whether the catalog has prices of the provider's models, or the provider says what it charged."""
    if row["id"] in REPORTED:
        return "reported"
    catalog = _native.NativeCatalog()
    provider = row["id"]
    known = any(catalog.find(provider, model.id) for model in catalog.models() if model.prices())
    return "known" if known else "-"


def _named(row: dict[str, Any]) -> str:
    aliases = f" ({_words(row['aliases'])})" if row["aliases"] else ""
    return f"**`{row['id']}`**{aliases}"


def _address(row: dict[str, Any]) -> str:
    parts = [f"`{row['base_url']}`" if row["base_url"] else "a program on this machine"]
    if row["base_url_variables"]:
        parts.append(f"or {_words(row['base_url_variables'])}")
    for placeholder in row["placeholders"]:
        default = f", else `{placeholder['default']}`" if placeholder["default"] else ""
        parts.append(f"`{placeholder['name']}`: {_words(placeholder['variables'])}{default}")
    if row["base_urls"] and row["base_urls_by"] == "region":
        parts.append(f"`region`: {_words(row['base_urls'])}")
    elif row["base_urls"]:
        parts.append(f"its own address for `{row['base_urls_by']}` {_words(row['base_urls'])}")
    return "; ".join(parts)


def _key(row: dict[str, Any]) -> str:
    other = {
        "optional": "or none",
        "none": "none",
        "aws": "or Amazon's credentials",
        "google": "Google's credentials",
        "entra": "or Entra's credentials",
        "databricks": "or a service principal",
    }.get(row["authentication"], "")
    return " ".join(part for part in (_words(row["key_variables"]), other) if part)


def _words(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in names)


_TABLE = re.compile(r"(<!-- providers: (?P<ids>[^>]*?) -->\n).*?(<!-- providers end -->)", re.DOTALL)


def written(page: str) -> str:
    """The page with its tables as they have to be."""
    rows = {row["id"]: row for row in _native.provider_table()}

    def put(match: re.Match[str]) -> str:
        return f"{match[1]}{table([rows[one] for one in match['ids'].split()])}\n{match[3]}"

    return _TABLE.sub(put, page)


def named(page: str) -> list[str]:
    """The ids of the providers that a page's tables have."""
    return [one for match in _TABLE.finditer(page) for one in match["ids"].split()]


def main() -> None:
    """Writes the tables of all pages."""
    for path in sorted(PAGES.glob("*.md")):
        path.write_text(written(path.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
