"""Configuration files of LiteLLM's proxy: `read_config("config.yaml")`, as a router and settings.

What Ferrule does not carry is named, with what to do.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ferrule._native import parse_configuration
from ferrule.litellm import config_keys as keys, settings as module
from ferrule.litellm.deployments import resolved
from ferrule.litellm.router import Router
from ferrule.litellm.router_settings import NOT_CARRIED


class ProxyConfig:
    """What a proxy's configuration says, as far as Ferrule carries it.

    Attributes:
        router: The router, with the deployments of `model_list`.
        settings: Settings of `ferrule.litellm` that the file has: `apply` sets them.
        notices: Every key that is not carried: its path, and what to do.
    """

    def __init__(self, router: Router, settings: dict[str, Any], notices: list[str]) -> None:
        self.router = router
        self.settings = settings
        self.notices = notices

    def apply(self) -> None:
        """Sets the settings of `ferrule.litellm` that the file has, for the whole process."""
        for name, value in self.settings.items():
            setattr(module.settings, name, value)

    def __repr__(self) -> str:
        return f"ProxyConfig({self.router.model_names}, settings={sorted(self.settings)}, {len(self.notices)} notices)"


def read_config(source: str | os.PathLike[str] | dict[str, Any]) -> ProxyConfig:
    """Reads a configuration of LiteLLM's proxy.

    Args:
        source: The path of a `config.yaml`, or what is in it as a dict. `os.environ/NAME` is read from the environment.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is not valid; the message names the place.
    """
    if isinstance(source, dict):
        tree: Any = source
    else:
        try:
            tree, _ = parse_configuration(Path(source).read_text(encoding="utf-8"), "yaml")
        except ValueError as error:
            problem, line, column = error.args
            raise ValueError(f"{source}, line {line}, column {column}: {problem}") from None
    if not isinstance(tree, dict):
        raise ValueError(f"{source}: expected a table with `model_list`, not {type(tree).__name__}")
    notices: list[str] = []
    _set_variables(tree.get("environment_variables"), notices)
    settings, arguments = _litellm_settings(tree.get("litellm_settings") or {}, notices)
    arguments.update(_router_settings(tree.get("router_settings") or {}, notices))
    for name in tree.get("general_settings") or {}:
        notices.append(f"general_settings.{name}: {keys.of_general(name)}")  # noqa: PERF401 - as below
    notices += [f"{name}: {keys.OTHERS.get(name, keys.UNKNOWN)}" for name in tree if name not in keys.SECTIONS]
    entries = _with_credentials(tree.get("model_list") or [], tree.get("credential_list") or [])
    _check_entries(entries, notices)
    router = Router(entries, **arguments)
    notices.extend(notice for notice in router.notices if notice not in notices)
    return ProxyConfig(router, settings, notices)


def _set_variables(given: Any, notices: list[str]) -> None:
    for name, value in (given or {}).items():
        found = resolved(value)
        if isinstance(found, (int, float)):
            found = str(found)
        if not isinstance(found, str):
            notices.append(f"environment_variables.{name}: expected a text")
        elif os.environ.setdefault(name, found) != found:
            notices.append(f"environment_variables.{name}: the environment has another value, which stays: unset it")


def _litellm_settings(given: dict[str, Any], notices: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    settings: dict[str, Any] = {}
    arguments: dict[str, Any] = {}
    for name, value in given.items():
        if name in keys.SETTINGS:
            settings[name] = resolved(value)
            if name == "num_retries":
                arguments[name] = value
            elif name == "request_timeout":
                arguments["timeout"] = resolved(value)
        elif name in keys.TO_ROUTER:
            arguments[name] = value
        elif name == "cache":
            settings["cache"] = _cache(given, notices) if value else None
        elif name == "cache_params" and isinstance(value, dict):
            notices += _cache_notices(value)
        else:
            notices.append(f"litellm_settings.{name}: {keys.of_litellm(name)}")
    return settings, arguments


_OF_CACHE = ("mode", "ttl", "namespace")


def _cache_notices(given: dict[str, Any]) -> list[str]:
    kind = given.get("type")
    found = [] if _is_local(given) else [f"litellm_settings.cache_params: type {kind!r} is not there: {keys.CACHE}"]
    known = (*_OF_CACHE, "type")
    found += [f"litellm_settings.cache_params.{name}: {keys.CACHE}" for name in given if name not in known]
    return found


def _is_local(given: Any) -> bool:
    return isinstance(given, dict) and given.get("type") in ("local", "in-memory")


def _cache(given: dict[str, Any], notices: list[str]) -> Any:
    from ferrule.litellm.caching import Cache

    wanted: dict[str, Any] = given.get("cache_params") or {}
    if not _is_local(wanted):
        notices.append("litellm_settings.cache: kept in the memory of this process, and not shared with others")
    known = {name: wanted[name] for name in _OF_CACHE if name in wanted}
    return Cache("local", **known)


def _router_settings(given: dict[str, Any], notices: list[str]) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    for name, value in given.items():
        if name in keys.ROUTER:
            arguments[name] = resolved(value)
        else:
            notices.append(f"router_settings.{name}: {NOT_CARRIED.get(name, keys.UNKNOWN)}")
    return arguments


def _with_credentials(entries: list[Any], credentials: list[Any]) -> list[Any]:
    """The entries with the values of the credentials that they name (`litellm_credential_name`) in their own."""
    known: dict[Any, dict[str, Any]] = {
        one.get("credential_name"): one.get("credential_values") or {} for one in credentials
    }
    found: list[Any] = []
    for entry in entries:
        params: Any = entry.get("litellm_params") if isinstance(entry, dict) else None
        name = params.get("litellm_credential_name") if isinstance(params, dict) else None
        if params is not None and name in known:
            own = {key: value for key, value in params.items() if key != "litellm_credential_name"}
            found.append({**entry, "litellm_params": {**known[name], **own}})
        else:
            found.append(entry)
    return found


def _check_entries(entries: list[Any], notices: list[str]) -> None:
    for place, entry in enumerate(entries):
        if not isinstance(entry, dict) or "model_name" not in entry:
            raise ValueError(f"model_list[{place}]: expected a table with `model_name` and `litellm_params`")
        notices += [f"model_list[{place}].{name}: {keys.UNKNOWN}" for name in entry if name not in keys.ENTRY]
        notices += [
            f"model_list[{place}].model_info.{name}: {keys.INFO_NOT_READ}"
            for name in entry.get("model_info") or {}
            if name not in keys.INFO
        ]
