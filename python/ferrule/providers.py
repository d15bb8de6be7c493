"""The built-in providers, and how a client's settings are made of them, its arguments and the environment.

Declares; the engine executes (`crates/engine/src/provider.rs`).
"""

from __future__ import annotations

import difflib
import os
from typing import TYPE_CHECKING, Any, TypedDict

from ferrule.errors import ConfigError
from ferrule.options import ProviderOptions

if TYPE_CHECKING:
    from collections.abc import Mapping


class _Row(TypedDict):
    dialect: str
    base_url: str
    base_url_variable: str
    key_variables: list[str]
    header_variables: dict[str, str]


BUILT_IN: dict[str, _Row] = {
    "openai": {
        "dialect": "openai-chat",
        "base_url": "https://api.openai.com/v1",
        "base_url_variable": "OPENAI_BASE_URL",
        "key_variables": ["OPENAI_API_KEY"],
        "header_variables": {"openai-organization": "OPENAI_ORG_ID", "openai-project": "OPENAI_PROJECT_ID"},
    },
    "anthropic": {
        "dialect": "anthropic",
        "base_url": "https://api.anthropic.com",
        "base_url_variable": "ANTHROPIC_BASE_URL",
        "key_variables": ["ANTHROPIC_API_KEY"],
        "header_variables": {},
    },
}
"""One row per provider: dialect, address, and the environment variables it is configured by."""


def settings(providers: Mapping[str, ProviderOptions]) -> dict[str, dict[str, Any]]:
    """The settings of every provider a client has, for the engine.

    Args:
        providers: What the caller says; wins over the environment, which wins over the table.

    Returns:
        By id: `id`, `dialect`, `base_url`, `api_key`, `key_variables`, `headers`.

    Raises:
        ConfigError: A field is unknown, of the wrong type, or missing.
    """
    known: dict[str, dict[str, Any]] = {}
    for identifier in [*BUILT_IN, *(name for name in providers if name not in BUILT_IN)]:
        known[identifier] = _provider(identifier, providers.get(identifier, {}))
    return known


def _provider(identifier: str, options: ProviderOptions) -> dict[str, Any]:
    if not identifier or any(mark in identifier for mark in "/: "):
        raise ConfigError(f"providers: {identifier!r} is not an id; use letters, digits, `-` and `_`")
    fields = _checked(identifier, options)
    row = BUILT_IN.get(identifier)
    variables = row["key_variables"] if row else [f"{identifier.upper().replace('-', '_')}_API_KEY"]
    headers = {}
    base_url = fields.get("base_url")
    if row:
        base_url = base_url or os.environ.get(row["base_url_variable"]) or row["base_url"]
        headers = {
            name: value for name, variable in row["header_variables"].items() if (value := os.environ.get(variable))
        }
    if not base_url:
        raise ConfigError(f"providers.{identifier}: `base_url` is missing, for instance http://localhost:8000/v1")
    api_key = fields.get("api_key")
    if api_key is None:
        api_key = next((key for variable in variables if (key := os.environ.get(variable))), None)
    return {
        "id": identifier,
        "dialect": fields.get("dialect") or (row["dialect"] if row else "openai-chat"),
        "base_url": base_url,
        "api_key": api_key or None,
        # A provider of the caller's own may well need no key.
        "key_variables": variables if row else [],
        "headers": headers | dict(fields.get("headers") or {}),
    }


def _checked(identifier: str, options: ProviderOptions) -> dict[str, Any]:
    where = f"providers.{identifier}"
    if not isinstance(options, dict):
        raise ConfigError(f"{where}: expected a dict with `base_url`, `api_key`, ..., not {type(options).__name__}")
    for name, value in options.items():
        if name not in ProviderOptions.__annotations__:
            raise ConfigError(f"{where}: unknown field `{name}`{nearest(name, ProviderOptions.__annotations__)}")
        kind = dict if name == "headers" else str
        if value is not None and not isinstance(value, kind):
            raise ConfigError(f"{where}.{name}: expected {kind.__name__}, not {type(value).__name__}")
    for name, value in (options.get("headers") or {}).items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise ConfigError(f"{where}.headers[{name!r}]: expected str, not {type(value).__name__}")
    return dict(options)


def split(model: str, known: Mapping[str, Any]) -> tuple[str, str]:
    """The provider and the provider's own name of `model`, written `provider/model` or `provider:model`.

    Args:
        model: What the caller wrote.
        known: The providers there are, by id.

    Raises:
        ConfigError: It names no known provider.
    """
    if not isinstance(model, str):
        raise ConfigError(f"model: expected a string such as 'openai/gpt-5-mini', not {type(model).__name__}")
    provider, mark, name = model.partition("/")
    if ":" in provider:
        provider, mark, name = model.partition(":")
    if provider in known and name:
        return provider, name
    if mark:
        hint = nearest(provider, known) or f"; known: {', '.join(sorted(known))}"
        problem = "names no model" if provider in known else f"names no known provider ({provider!r})"
        raise ConfigError(f"model: {model!r} {problem}; write 'provider/model'{hint}")
    raise ConfigError(f"model: {model!r} names no provider; write 'provider/model', for instance 'openai/{model}'")


def nearest(name: str, known: Mapping[str, Any]) -> str:
    """`; did you mean ...?` where something known is near, else nothing."""
    matches = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean `{matches[0]}`?" if matches else ""
