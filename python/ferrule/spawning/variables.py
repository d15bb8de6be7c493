"""Environment variables of programs that are started: those that they need, and not every key of the user's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ferrule import _native
from ferrule.configuration import providers
from ferrule.configuration.opening import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ferrule.configuration.providers import Row

MAX_BYTES = 1 << 20

_CLOUD = {
    "aws": ("AWS_*",),
    "google": ("GOOGLE_*", "GCE_*", "CLOUDSDK_*", "VERTEX*"),
    "entra": ("AZURE_*", "IDENTITY_*", "MSI_*"),
    "watsonx": ("WATSONX_*", "WX_*"),
    "databricks": ("DATABRICKS_*",),
}
"""What the credentials of a cloud are looked for in, by the kind of authentication."""

_FAMILIES = (
    (re.compile(r"\b(chatgpt|dall-e|gpt|o[134]|text-embedding|tts|whisper)-"), "openai"),
    (re.compile(r"\bclaude-"), "anthropic"),
    (re.compile(r"\bgemini-"), "gemini"),
    (re.compile(r"\bcommand-"), "cohere"),
)
"""Models that LiteLLM knows the provider of, where none is named."""


def for_proxy(
    environment: Mapping[str, str], command: Iterable[str], config: str | None, named: Iterable[str]
) -> dict[str, str]:
    """What of `environment` a proxy needs.

    Args:
        environment: The variables of this process.
        command: Its command line.
        config: Its configuration file.
        named: Variables that it needs besides; a `*` at the end stands for any text.
    """
    text = " ".join([*command, _content(config)])
    own = {"LITELLM_*", *named, *re.findall(r"[A-Z][A-Z0-9_]{2,}", text)}
    rows = {name: row for row in providers.rows().values() for name in (row["id"], *row["aliases"])}
    for name in re.findall(r"([a-z][a-z0-9_-]*)/", text):
        own |= _of_provider(name, rows)
    for pattern, name in _FAMILIES:
        if pattern.search(text):
            own |= _of_provider(name, rows)
    patterns = sorted(own)
    return {name: value for name, value in environment.items() if _native.needs_variable(name, patterns)}


def _of_provider(name: str, rows: Mapping[str, Row]) -> set[str]:
    """The variables of a provider: those that it has here, and LiteLLM's, which begin with its name."""
    found = {f"{name.upper().replace('-', '_')}_*", f"{name.upper().replace('-', '').replace('_', '')}_*"}
    if row := rows.get(name) or rows.get(name.replace("_", "-")) or rows.get(name.removesuffix("_ai")):
        found |= {*row["key_variables"], *row["base_url_variables"], *_CLOUD.get(row["authentication"], ())}
        found |= {variable for part in (*row["placeholders"], *row["headers"]) for variable in part["variables"]}
    return found


def _content(path: str | None) -> str:
    if path is None:
        return ""
    try:
        with open(open_regular(path), encoding="utf-8", errors="replace") as file:
            return file.read(MAX_BYTES)
    except OSError:  # The proxy says so itself.
        return ""


def secrets(environment: Mapping[str, str]) -> list[str]:
    """The secrets in `environment`: values of variables that say so by their names, and passwords in addresses."""
    # What every program gets is not secret: XDG_SESSION_CLASS.
    named = [
        value
        for name, value in environment.items()
        if _native.is_secret_name(name) and not _native.needs_variable(name, ())
    ]
    return named + [password for value in environment.values() for password in _PASSWORD.findall(value)]


_PASSWORD = re.compile(r"://[^/@\s]*?:([^/@\s]+)@")
