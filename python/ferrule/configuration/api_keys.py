"""Several API keys of one provider: `api_keys`, as configurations and environment variables write it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ONE_OR_SEVERAL = {"api_key": "api_keys", "api_keys": "api_key"}
"""The two ways to give a provider keys, each with the other, which it takes the place of."""


def read(fields: Mapping[str, Any]) -> Iterator[tuple[Any, float]]:
    """The keys in a provider's `fields`: text or a reference to it, and the key's weight."""
    for entry in fields.get("api_keys") or ():
        if isinstance(entry, dict) and "key" in entry:
            weight = entry.get("weight")
            yield entry["key"], 1.0 if weight is None else float(weight)
        else:
            yield entry, 1.0


def variable(of_one: str) -> str:
    """The environment variable of several keys, with commas, by that of one: `OPENAI_API_KEYS`."""
    return f"{of_one}S"


def items(text: str) -> list[str]:
    """The keys in such a variable."""
    return [item.strip() for item in text.split(",") if item.strip()]


def references(name: str, text: str) -> list[dict[str, Any]]:
    """References to the keys in the variable `name`, whose text is `text`."""
    return [{"env": name, "item": place} for place in range(len(items(text)))]
