"""Arguments of httpx's clients, of which some are the transport's."""

from __future__ import annotations

from typing import Any

_TRANSPORTS = ("verify", "cert", "http1", "http2", "limits", "proxy", "retries", "breaker")
"""Those that httpx's client gives to its transport, and makes no use of itself; and ours."""


def with_transport(transport: Any, options: dict[str, Any]) -> dict[str, Any]:
    """The arguments for httpx's client, with one of ours, of the class `transport`, where the caller gives none."""
    if options.get("transport") is not None:
        ours = [name for name in ("retries", "breaker") if name in options]
        if ours:
            raise TypeError(f"{ours[0]} goes to the transport: leave out transport, or give it to that one")
        return options
    options = dict(options)
    own = {name: options.pop(name) for name in _TRANSPORTS if name in options}
    if "trust_env" in options:
        own["trust_env"] = options["trust_env"]
    options["transport"] = transport(**own)
    return options
