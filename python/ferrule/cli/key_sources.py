"""Sources of keys: where a provider's key comes from, as `ferrule providers` and `ferrule doctor` show it."""

from typing import TYPE_CHECKING, Any

from ferrule.configuration import api_keys, secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrule.configuration import Configuration


def key_source(configuration: "Configuration", provider: str, fields: "Mapping[str, Any]") -> str | None:
    """Where the key of a provider comes from, in words; `None` where there is none. Never a key.

    Args:
        configuration: The configuration.
        provider: The id of the provider.
        fields: Its settings, as `Configuration.providers` has them.
    """
    if fields.get("api_key"):
        source = configuration.source(("providers", provider, "api_key"))
        shown = secrets.shown(fields["api_key"])
        return source.where if source.layer == "environment" else shown if shown != "***" else str(source)
    if fields.get("api_keys"):
        source = configuration.source(("providers", provider, "api_keys"))
        places = [secrets.shown(key) for key, _ in api_keys.read(fields)]
        named = list(dict.fromkeys(str(source) if place == "***" else place for place in places))
        return f"{len(places)} keys: {source.where if source.layer == 'environment' else ', '.join(named)}"
    return None
