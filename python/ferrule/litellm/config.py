"""Configuration files of LiteLLM's proxy: `read_config("config.yaml")`, as a router and settings.

What Ferrule does not carry is named, with what to do.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ferrule._native import parse_configuration
from ferrule.litellm import settings as module
from ferrule.litellm.deployments import resolved
from ferrule.litellm.router import Router
from ferrule.litellm.router_settings import NOT_CARRIED

_ROUTER = frozenset(
    [
        "num_retries",
        "max_fallbacks",
        "timeout",
        "stream_timeout",
        "default_litellm_params",
        "default_max_parallel_requests",
        "fallbacks",
        "context_window_fallbacks",
        "content_policy_fallbacks",
        "default_fallbacks",
        "model_group_alias",
        "enable_pre_call_checks",
        "enable_tag_filtering",
        "tag_filtering_match_any",
        "retry_after",
        "retry_policy",
        "model_group_retry_policy",
        "allowed_fails",
        "cooldown_time",
        "disable_cooldowns",
        "routing_strategy",
        "cache_responses",
        "enable_mid_stream_fallback_continuation",
        "ignore_invalid_deployments",
        "enable_weighted_failover",
        "set_verbose",
        "debug_level",
    ]
)
_OF_SETTINGS = {
    "drop_params": "drop_params",
    "num_retries": "num_retries",
    "request_timeout": "request_timeout",
    "set_verbose": "set_verbose",
    "modify_params": "modify_params",
    "max_budget": "max_budget",
    "telemetry": "telemetry",
    "suppress_debug_info": "suppress_debug_info",
}
_TO_ROUTER = (
    "fallbacks",
    "context_window_fallbacks",
    "content_policy_fallbacks",
    "default_fallbacks",
    "allowed_fails",
    "cooldown_time",
)
_PROXY = "the proxy's server is not part of Ferrule: this process calls the providers itself"
_CALLBACKS = (
    "integrations by name are not there: set ferrule.litellm.success_callback to a function, or observe with "
    "client.on('response', ...) (docs/observers.md)"
)
_WHAT_TO_DO = {
    "general_settings": _PROXY,
    "general_settings.master_key": "there is no server to protect",
    "general_settings.database_url": "there is no database: client.usage() has usage and cost",
    "general_settings.store_model_in_db": "there is no database: models stand in this file",
    "general_settings.custom_auth": "there is no server to protect",
    "general_settings.alerting": "observe with client.on('error', ...) (docs/observers.md)",
    "general_settings.health_check_interval": "set `check` of a breaker (docs/failover.md)",
    "litellm_settings.callbacks": _CALLBACKS,
    "litellm_settings.success_callback": _CALLBACKS,
    "litellm_settings.failure_callback": _CALLBACKS,
    "litellm_settings.service_callback": _CALLBACKS,
    "litellm_settings.cache_params": "the cache is in memory: Cache(ttl=...) without Redis or S3",
    "litellm_settings.custom_provider_map": "register a function as a provider (docs/providers/functions.md)",
    "litellm_settings.json_logs": "Ferrule logs to logging.getLogger('ferrule') (docs/logging.md)",
    "litellm_settings.turn_off_message_logging": "Ferrule logs no contents of prompts and answers",
    "litellm_settings.default_team_settings": _PROXY,
    "litellm_settings.default_internal_user_params": _PROXY,
    "litellm_settings.model_group_settings": "headers of the caller are not passed on: use extra_headers",
    "custom_provider_map": "register a function as a provider (docs/providers/functions.md)",
    "guardrails": "check prompts and answers around the call",
    "mcp_servers": "write tools=ferrule.mcp.tools(...) in client.run (docs/tools.md)",
    "vector_store_registry": "search before the call, and put what was found into the messages",
    "callback_settings": _CALLBACKS,
    "finetune_settings": "call the provider's own SDK for fine-tuning",
    "files_settings": "call the provider's own SDK for files",
    "credential_list": "put the key into litellm_params.api_key, as os.environ/NAME",
    "prompts": "prompts are the program's own",
    "search_tools": "hosted tools of a provider go into `tools`",
    "include": "read the files one by one, and join their model_list",
}
_UNKNOWN = "LiteLLM has no such key either that is known here: remove it, or check how it is spelled"


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
        path = f"general_settings.{name}"
        notices.append(f"{path}: {_WHAT_TO_DO.get(path, _PROXY)}")
    known = ("model_list", "litellm_settings", "router_settings", "general_settings", "environment_variables")
    notices += [f"{name}: {_WHAT_TO_DO.get(name, _UNKNOWN)}" for name in tree if name not in known]
    entries = tree.get("model_list") or []
    _check_entries(entries, notices)
    router = Router(entries, **arguments)
    notices.extend(notice for notice in router.notices if notice not in notices)
    return ProxyConfig(router, settings, notices)


def _set_variables(given: Any, notices: list[str]) -> None:
    for name, value in (given or {}).items():
        if name in os.environ:
            continue
        found = resolved(value)
        if isinstance(found, str):
            os.environ[name] = found
        else:
            notices.append(f"environment_variables.{name}: expected a text")


def _litellm_settings(given: dict[str, Any], notices: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    settings: dict[str, Any] = {}
    arguments: dict[str, Any] = {}
    for name, value in given.items():
        if name in _OF_SETTINGS:
            settings[_OF_SETTINGS[name]] = resolved(value)
            if name == "num_retries":
                arguments[name] = value
            elif name == "request_timeout":
                arguments["timeout"] = resolved(value)
        elif name in _TO_ROUTER:
            arguments[name] = value
        elif name == "cache":
            settings["cache"] = _cache(given, notices) if value else None
        elif name == "cache_params" and _is_local(value):
            continue
        else:
            path = f"litellm_settings.{name}"
            notices.append(f"{path}: {_WHAT_TO_DO.get(path, _UNKNOWN)}")
    return settings, arguments


def _is_local(given: Any) -> bool:
    return isinstance(given, dict) and given.get("type") in ("local", "in-memory")


def _cache(given: dict[str, Any], notices: list[str]) -> Any:
    from ferrule.litellm.caching import Cache

    wanted: dict[str, Any] = given.get("cache_params") or {}
    if not _is_local(wanted):
        notices.append("litellm_settings.cache: kept in the memory of this process, and not shared with others")
    known = {name: wanted[name] for name in ("mode", "ttl", "namespace") if name in wanted}
    return Cache("local", **known)


def _router_settings(given: dict[str, Any], notices: list[str]) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    for name, value in given.items():
        if name in _ROUTER:
            arguments[name] = resolved(value)
        else:
            notices.append(f"router_settings.{name}: {NOT_CARRIED.get(name, _UNKNOWN)}")
    return arguments


_OF_ENTRIES = frozenset(["model_name", "litellm_params", "model_info", "rpm", "tpm"])
_OF_INFO = frozenset(
    [
        "id",
        "mode",
        "base_model",
        "max_tokens",
        "max_input_tokens",
        "max_output_tokens",
        "input_cost_per_token",
        "output_cost_per_token",
        "cache_read_input_token_cost",
        "cache_creation_input_token_cost",
    ]
)


def _check_entries(entries: list[Any], notices: list[str]) -> None:
    for place, entry in enumerate(entries):
        if not isinstance(entry, dict) or "model_name" not in entry:
            raise ValueError(f"model_list[{place}]: expected a table with `model_name` and `litellm_params`")
        notices += [f"model_list[{place}].{name}: {_UNKNOWN}" for name in entry if name not in _OF_ENTRIES]
        notices += [
            f"model_list[{place}].model_info.{name}: kept as it is; nothing reads it"
            for name in entry.get("model_info") or {}
            if name not in _OF_INFO and not str(name).startswith("supports_")
        ]
