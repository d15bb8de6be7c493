"""Engine settings: made from a merged configuration, for `crates/python/src/settings.rs`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypedDict, cast

from ferrule import _native
from ferrule.configuration import addresses, api_keys, characters, groups, layers, limits, secrets, validation
from ferrule.configuration.providers import needs_key, spelled
from ferrule.configuration.schema import PLACEHOLDERS
from ferrule.configuration.secrets import Deferred, UnknownSecretError
from ferrule.configuration.suggestions import suggestion
from ferrule.errors import ConfigError
from ferrule.options import Timeouts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrule.configuration.layers import Merged, Path
    from ferrule.configuration.providers import Row
    from ferrule.configuration.secrets import Vault


_OTHER_MEANS = ("aws", "google", "entra", "databricks")
"""Kinds of authentication whose credentials the machine itself may have: see docs/providers/clouds.md."""
_VERSIONED = ("anthropic", "anthropic-vertex")
"""Wire formats with the version of the API in a header or the body; others have it in the address."""


class KeySettings(TypedDict):
    """One of several keys for the engine."""

    key: str | None
    """The key; `None` where it has yet to be fetched."""
    reference: str
    """Where it comes from."""
    weight: float


class FetchedKey(TypedDict):
    """One of several keys, fetched; what `ProviderSettings` says of one."""

    api_key: str
    headers: dict[str, str]
    query: dict[str, str]
    secrets: list[str]


class ProviderSettings(TypedDict):
    """One provider's settings for the engine."""

    id: str
    name: str
    """What `Configuration.fetch` knows it by: its id, or that of a variant (`groups.py`)."""
    variant: str | None
    """What distinguishes it from the provider with the same id, where it is made for a target of a group."""
    region: str | None
    """The region that it is set to."""
    dialect: str
    base_url: str
    api_key: str | None
    api_keys: list[KeySettings]
    key_source: str | None
    """Where the key comes from, in words; `None` where there is none."""
    key_variables: list[str]
    headers: dict[str, str]
    query: dict[str, str]
    fallback: str | None
    """The provider that answers in its place."""
    retry: dict[str, Any] | None
    breaker: dict[str, Any] | None
    command: list[str] | None
    """The program to run, for a provider that is a program."""
    aliases: list[str]
    quirks: dict[str, Any] | None
    configured: bool
    """Whether it can be called: bare model names may resolve to it."""
    secrets: list[str]
    """What of its headers, parameters and address the configuration takes from variables, files and commands."""
    deferred: list[str]
    """The secrets that have yet to be fetched, as they are referenced."""
    missing: str | None
    """Why it cannot be called; `None` where it can."""


class _Missing(Exception):  # noqa: N818 - not an error until the provider is called
    """The provider cannot be called; the message says why."""


def client_settings(merged: Merged, rows: Mapping[str, Row], removed: set[str], vault: Vault) -> dict[str, Any]:
    """The settings of a client.

    Args:
        merged: The merged configuration.
        rows: The built-in providers.
        removed: The ids of built-in providers that were removed.
        vault: Reads secrets.
    """
    tree = merged.tree
    times = tree.get("timeouts") or {}
    ids = [*rows, *(identifier for identifier in tree.get("providers") or {} if identifier not in rows)]
    ready: list[ProviderSettings] = []
    claimed: set[str] = set()
    for identifier in ids:
        if identifier in removed:
            continue
        provider = provider_settings(merged, identifier, rows.get(identifier), vault, fetch=False)
        # A key in the environment belongs to the first provider that looks for it there. The others with the same key
        # (the same service at another address) are called by their ids only.
        # So does an address there, where there is no key.
        source = merged.source(("providers", identifier, "api_key"))
        if source.layer == "built-in":
            source = merged.source(("providers", identifier, "api_keys"))
        if source.layer == "built-in":
            source = merged.source(("providers", identifier, "base_url"))
        if provider["configured"] and source.layer == "environment":
            provider["configured"] = source.where not in claimed or is_declared(merged, identifier)
            claimed.add(source.where)
        elif not provider["configured"] and not provider["missing"] and _may_sign(rows.get(identifier)):
            # Whether a cloud's credential chain finds anything is known only when it is called. A region or project in
            # the environment proves nothing: machines in a cloud have them anyway.
            provider["configured"] = is_declared(merged, identifier)
        ready.append(provider)
    found = groups.read(merged)
    ready += [variant_settings(variant, rows, vault, fetch=False) for variant in found.variants.values()]
    return {
        "providers": ready,
        "groups": found.groups,
        "limits": limits.rate_limits(merged),
        "budgets": limits.budgets(merged),
        **limits.shared_state(merged),
        "retry": tree.get("retry"),
        "breaker": tree.get("breaker"),
        "vault": vault,
        "aliases": tree.get("aliases") or {},
        "model": tree.get("model"),
        "models": tree.get("models") or {},
        "timeouts": Timeouts(**times) if times else None,
        "bounds": tree.get("bounds") or {},
        "max_retries": tree.get("max_retries", 2),
        "drop_params": tree.get("drop_params", False),
        "ca_file": _path(merged, "ca_file", vault),
        "client_certificate": _path(merged, "client_certificate", vault),
    }


def variant_settings(
    variant: groups.Variant, rows: Mapping[str, Row], vault: Vault, *, fetch: bool
) -> ProviderSettings:
    """The settings of a provider that is made for targets of groups; as `provider_settings`."""
    found = provider_settings(variant.merged, variant.provider, rows.get(variant.provider), vault, fetch=fetch)
    # Only its targets lead to it.
    found["name"], found["variant"] = variant.name, variant.label
    found["aliases"], found["configured"], found["fallback"] = [], False, None
    return found


def _may_sign(row: Row | None) -> bool:
    """Whether calls to the provider may be authorised by something other than a configured key."""
    return row is not None and row["authentication"] in _OTHER_MEANS


def is_declared(merged: Merged, identifier: str) -> bool:
    """Whether the provider is mentioned by anything but the environment."""
    return any(
        path[:2] == ("providers", identifier) and layer.name != "environment"
        for path, (layer, _) in merged.sources.items()
    )


def _path(merged: Merged, name: str, vault: Vault) -> Any:
    value = merged.tree.get(name)
    if not isinstance(value, str):
        return value
    try:
        return vault.value(value, fetch=True)
    except UnknownSecretError as error:
        layers.refuse([merged.described((name,), str(error))])


def provider_settings(
    merged: Merged, identifier: str, row: Row | None, vault: Vault, *, fetch: bool
) -> ProviderSettings:
    """The settings of one provider.

    Args:
        merged: The merged configuration.
        identifier: Its id.
        row: Its built-in row; `None` for one of the user's own.
        vault: Reads secrets.
        fetch: Whether secrets are read from files and commands now.
    """
    fields: dict[str, Any] = (merged.tree.get("providers") or {}).get(identifier) or {}
    settings: ProviderSettings = {
        "id": identifier,
        "name": identifier,
        "variant": None,
        "region": None,
        "retry": fields.get("retry"),
        "breaker": fields.get("breaker"),
        "dialect": fields.get("dialect") or (row["dialect"] if row else "openai-chat"),
        "base_url": "",
        "api_key": None,
        "api_keys": [],
        "key_source": None,
        # A provider of the user's own may need no key.
        "key_variables": row["key_variables"] if row and needs_key(row) else [],
        "headers": {},
        "query": {},
        "fallback": _fallback(merged, fields.get("fallback"), row["fallback"] if row else None),
        "command": list(fields["command"]) if fields.get("command") else None,
        "aliases": row["aliases"] if row else [],
        "quirks": fields.get("quirks"),
        "configured": False,
        "secrets": [],
        "deferred": [],
        "missing": None,
    }

    def value(given: Any, *steps: str) -> str | None:
        """The text of `given`; `None` where it is a secret that is not fetched yet."""
        declared: list[str] = []
        try:
            text = vault.value(given, fetch=fetch, declared=declared, own_keys=row["key_variables"] if row else ())
            settings["secrets"] += _secret_parts(merged, ("providers", identifier, *steps), text, declared)
            if steps[0] == "api_key":
                return characters.key(text)
            return characters.header(text) if steps[0] == "headers" else text
        except Deferred:
            settings["deferred"].append(repr(given))
            return None
        except (UnknownSecretError, characters.WrongCharacterError) as error:
            raise _Missing(merged.described(("providers", identifier, *steps), str(error))) from None

    try:
        if "api_key" in fields:
            settings["api_key"] = value(fields["api_key"], "api_key") or None
            settings["key_source"] = _key_source(merged, identifier, fields["api_key"])
        settings["api_keys"] = _keys(merged, identifier, row, vault, settings["secrets"])
        given = settings["api_key"] is not None or bool(settings["deferred"]) or bool(settings["api_keys"])
        settings["configured"] = given or (bool(fields) and not settings["key_variables"])
        settings["base_url"] = _address(merged, identifier, row, fields, value)
        settings["region"] = value(fields["region"], "region") if "region" in fields else None
        if "api_version" in fields and settings["dialect"] in _VERSIONED:
            version = value(fields["api_version"], "api_version")
            settings["quirks"] = {"api_version": version} | dict(settings["quirks"] or {})
        for header in row["headers"] if row else ():
            if header["value"] is not None:
                settings["headers"][header["name"]] = header["value"]
        for name, given in (fields.get("headers") or {}).items():
            if (text := value(given, "headers", name)) is not None:
                settings["headers"][name] = text
        for name, given in (fields.get("query") or {}).items():
            if (text := value(given, "query", name)) is not None:
                settings["query"][name] = text
        if row and settings["dialect"] not in _native.dialects():
            raise _Missing(f"provider `{identifier}`: there is no dialect `{settings['dialect']}`")
    except _Missing as missing:
        settings["missing"] = str(missing)
    return settings


def _keys(merged: Merged, identifier: str, row: Row | None, vault: Vault, declared: list[str]) -> list[KeySettings]:
    """A provider's keys, where it has several; what comes from elsewhere is added to `declared`."""
    fields: dict[str, Any] = (merged.tree.get("providers") or {}).get(identifier) or {}
    found: list[KeySettings] = []
    for place, (given, weight) in enumerate(api_keys.read(fields)):
        try:
            key = _key(merged, identifier, row, vault, place, given, declared, fetch=False)
        except Deferred:
            key = None
        found.append({"key": key, "reference": repr(given) if key is None else "", "weight": weight})
    return found


def _key(
    merged: Merged,
    identifier: str,
    row: Row | None,
    vault: Vault,
    place: int,
    given: Any,
    declared: list[str],
    *,
    fetch: bool,
) -> str:
    own = row["key_variables"] if row else ()
    try:
        key = characters.key(vault.value(given, fetch=fetch, declared=declared, own_keys=own))
        if not key:
            raise UnknownSecretError("is empty")
    except (UnknownSecretError, characters.WrongCharacterError) as error:
        raise _Missing(merged.described(("providers", identifier, "api_keys", place), str(error))) from None
    return key


def fetched_key(merged: Merged, identifier: str, row: Row | None, vault: Vault, place: int) -> FetchedKey:
    """One of a provider's keys, read from a file or a command.

    Args:
        merged: The merged configuration.
        identifier: The provider's id.
        row: Its built-in row; `None` for one of the user's own.
        vault: Reads secrets.
        place: Which of its keys, from 0.

    Raises:
        ConfigError: It cannot be read; the message says from where.
    """
    given, _ = list(api_keys.read(merged.tree["providers"][identifier]))[place]
    declared: list[str] = []
    try:
        key = _key(merged, identifier, row, vault, place, given, declared, fetch=True)
    except _Missing as missing:
        raise ConfigError(str(missing)) from None
    return {"api_key": key, "headers": {}, "query": {}, "secrets": declared}


def _key_source(merged: Merged, identifier: str, given: Any) -> str:
    """Where a provider's key comes from, in words, for the error that says it is refused."""
    path = ("providers", identifier, "api_key")
    source = merged.source(path)
    if source.layer == "environment":
        return f"the environment variable {source.where}"
    text = secrets.shown(given)
    place = f" in {source}" if source.where else ""
    return f"{validation.dotted(path)}{place}" + ("" if text == "***" else f" ({text})")


def _fallback(merged: Merged, name: str | None, built_in: str | None) -> str | None:
    """The provider's fallback; `none` turns off that of a built-in one."""
    if name == "none":
        return None
    return spelled(name, merged.tree["providers"]) if name else built_in


def _secret_parts(merged: Merged, path: Path, text: str, declared: list[str]) -> list[str]:
    """What of `declared`, the parts of `text` that come from elsewhere, is secret.

    A variable that is read without being named in the configuration is judged by the name of its header. Where an
    address leads is not secret, and errors have to say it.
    """
    if merged.source(path).layer == "environment" or path[2] in PLACEHOLDERS:
        return []
    if path[2] == "base_url":
        _, _, rest = text.partition("://")
        host = rest.partition("/")[0].partition("?")[0]
        return [part for part in declared if "://" not in part and part not in host]
    return declared


def _address(merged: Merged, identifier: str, row: Row | None, fields: Mapping[str, Any], value: Any) -> str:
    """The base URL with its placeholders filled in.

    One that is unusable because of the environment is an error of the calls that need it; any other is refused when the
    engine is made.
    """
    filled = _filled_address(merged, identifier, row, fields, value)
    for name in ("base_url", *PLACEHOLDERS):
        path = ("providers", identifier, name)
        from_environment = merged.source(path).layer == "environment" or "${" in str(fields.get(name))
        if from_environment and name in fields and (problem := addresses.problem(filled)):
            raise _Missing(merged.described(path, problem if name == "base_url" else f"the address {problem}"))
    return filled


def _filled_address(merged: Merged, identifier: str, row: Row | None, fields: Mapping[str, Any], value: Any) -> str:
    address = fields.get("base_url")
    if address is not None:
        address = value(address, "base_url")
        source = merged.source(("providers", identifier, "base_url"))
        if source.layer == "environment":
            address = addresses.from_variable(source.where, address, row["base_url"] if row else "")
    elif row is None:
        raise _Missing(f"providers.{identifier}: `base_url` is missing")
    else:
        address = _built_in_address(merged, identifier, row, fields, value)
        if "api_version" in fields and row["dialect"] not in _VERSIONED:
            # Google's and OpenAI's have it as a segment of the path.
            address = re.sub(r"/v\d\w*(?=/|$)", "/{api_version}", address, count=1)
    filled, rest = "", address
    while True:
        before, mark, after = rest.partition("{")
        name, closing, rest_after = after.partition("}")
        if not mark or not closing:
            return filled + rest
        filled += before + _placeholder(merged, identifier, name, row, fields, value)
        rest = rest_after


def _built_in_address(merged: Merged, identifier: str, row: Row, fields: Mapping[str, Any], value: Any) -> str:
    """The row's base URL for the configured region; some rows choose it by another key, such as `location`."""
    by = "region" if "region" in fields else row["base_urls_by"]
    name = value(fields[by], by) if row["base_urls"] and by in fields else None
    if name is None or name in row["base_urls"]:
        return row["base_urls"].get(name or "", row["base_url"])
    if f"{{{by}}}" not in row["base_url"]:
        hint = suggestion(name, row["base_urls"]) or f"; it has {', '.join(row['base_urls'])}"
        raise _Missing(merged.described(("providers", identifier, by), f"there is no region {name!r}{hint}"))
    return row["base_url"]


def _placeholder(
    merged: Merged, identifier: str, name: str, row: Row | None, fields: Mapping[str, Any], value: Any
) -> str:
    declared = next((one for one in row["placeholders"] if one["name"] == name), None) if row else None
    if name in fields and name in PLACEHOLDERS:
        text = cast("str", value(fields[name], name))
        if problem := addresses.problem_of_part(name, text):
            raise _Missing(merged.described(("providers", identifier, name), problem))
        return text
    if declared and declared["default"] is not None:
        return declared["default"]
    if not declared and name not in PLACEHOLDERS:
        # Not shown: what is in an address may be a secret.
        problem = f"has braces around what is not a placeholder; those are {', '.join(sorted(PLACEHOLDERS))}"
        raise _Missing(merged.described(("providers", identifier, "base_url"), problem))
    variables = declared["variables"] if declared else []
    ways = [f"`{name}` in [providers.{identifier}]"] if name in PLACEHOLDERS else []
    raise _Missing(f"provider `{identifier}`: its address needs {name}; set {' or '.join([*variables, *ways])}")
