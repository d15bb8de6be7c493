"""Keys of the proxy's `config.yaml`: which are carried, and what to do about each of the others."""

from __future__ import annotations

SECTIONS = frozenset(
    [
        "model_list",
        "litellm_settings",
        "router_settings",
        "general_settings",
        "environment_variables",
        "credential_list",
    ]
)
"""The sections that are read."""

ROUTER = frozenset(
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
        "provider_budget_config",
    ]
)
"""Keys of `router_settings` that are arguments of `Router`."""

SETTINGS = frozenset(
    [
        "drop_params",
        "num_retries",
        "request_timeout",
        "max_budget",
        "model_alias_map",
        "headers",
        "organization",
        "api_key",
        "api_base",
        "api_version",
        "openai_key",
        "azure_key",
        "anthropic_key",
        "cohere_key",
        "groq_key",
        "openrouter_key",
        "huggingface_key",
        "togetherai_api_key",
        "replicate_key",
        "vertex_project",
        "vertex_location",
    ]
)
"""Keys of `litellm_settings` that are settings of `ferrule.litellm`."""

TO_ROUTER = frozenset(
    [
        "fallbacks",
        "context_window_fallbacks",
        "content_policy_fallbacks",
        "default_fallbacks",
        "max_fallbacks",
        "allowed_fails",
        "cooldown_time",
    ]
)
"""Keys of `litellm_settings` that are the router's."""

ENTRY = frozenset(["model_name", "litellm_params", "model_info", "rpm", "tpm"])
"""Keys of an entry of `model_list`."""

INFO = frozenset(
    [
        "id",
        "mode",
        "base_model",
        "input_cost_per_token",
        "output_cost_per_token",
        "cache_read_input_token_cost",
        "cache_creation_input_token_cost",
    ]
)
"""Keys of a `model_info` that are read; what `mode` says is known of each model anyway."""

INFO_NOT_READ = "kept, and in router.model_list; nothing else reads it: see client.capabilities(model) for facts"
UNKNOWN = "Ferrule has no such setting: remove it, or check how it is spelled"
CACHE = "the cache is in this process's memory: Cache(ttl=..., namespace=...), for all calls alike"

_PROXY = "the proxy's server is not part of Ferrule: this process calls the providers itself"
_DATABASE = "there is no database: client.usage() has usage and cost"
_CALLBACKS = (
    "integrations by name are not there: set ferrule.litellm.success_callback to a function, or observe with "
    "client.on('response', ...) (docs/observers.md)"
)
_CHECK = "set `check` of a breaker: seconds between health checks (docs/failover.md)"
_LIMITS = "set max_parallel_requests in litellm_params, or limits of a Ferrule client (docs/limits.md)"
_SECRETS = "read keys from files, commands or the keyring of a Ferrule client (docs/configuration.md)"
_KEY = "set the provider's variable in the environment, or api_key in litellm_params"
_TLS = "set FERRULE_CA_FILE to trust further certificates; they are always checked"
_GUARDRAILS = "check prompts and answers around the call, or with client.intercept (docs/hooks.md)"
_MODELS = "models are the catalog's: add one with ferrule.litellm.register_model"
_BUDGETS = "set budgets of a Ferrule client by a label of the calls (docs/budgets.md)"
_MESSAGES = "requests are sent as they are written: change the messages before the call"
_LOGS = "Ferrule logs to logging.getLogger('ferrule') (docs/logging.md)"
_OWN_SDK = "call the provider's own SDK for it"

OTHERS = {
    "include": "read the files one by one, and join their model_list",
    "guardrails": _GUARDRAILS,
    "policies": _GUARDRAILS,
    "policy_attachments": _GUARDRAILS,
    "mcp_servers": "write tools=ferrule.mcp.tools(...) in client.run (docs/tools.md)",
    "mcp_tools": "write tools=ferrule.mcp.tools(...) in client.run (docs/tools.md)",
    "sandbox_tools": "give functions as tools of client.run (docs/tools.md)",
    "search_tools": "hosted tools of a provider go into `tools`",
    "vector_store_registry": "search before the call, and put what was found into the messages",
    "callback_settings": _CALLBACKS,
    "finetune_settings": _OWN_SDK,
    "files_settings": _OWN_SDK,
    "assistant_settings": _OWN_SDK,
    "default_vertex_config": "put vertex_project and vertex_location into litellm_params",
    "prompts": "prompts are the program's own",
    "custom_provider_map": "register a function as a provider (docs/providers/functions.md)",
    "classifier_plugin": "write a strategy as a function: ferrule.Routing(strategy=...)",
    "plugins": "write a strategy as a function: ferrule.Routing(strategy=...)",
    "agents": _PROXY,
    "agent_list": _PROXY,
    "pass_through_endpoints": _PROXY,
    "worker_registry": _PROXY,
}
"""Sections that are not read, and what to do."""

_GENERAL = {
    "master_key": "there is no server to protect",
    "custom_auth": "there is no server to protect",
    "completion_model": "name the model in the call, or in ferrule.litellm.model_alias_map",
    "store_model_in_db": "there is no database: models stand in this file",
    "database_": _DATABASE,
    "spend_": _DATABASE,
    "maximum_": _DATABASE,
    "use_spend_logs": _DATABASE,
    "store_prompts_in_spend_logs": _DATABASE,
    "alert": "observe with client.on('error', ...) (docs/observers.md)",
    "otel": "instrument the client: ferrule.otel (docs/observability.md)",
    "background_health_check": _CHECK,
    "health_check_": _CHECK,
    "max_parallel_requests": _LIMITS,
    "global_max_parallel_requests": _LIMITS,
    "max_in_flight_requests_per_worker": _LIMITS,
    "max_queued_requests_per_worker": _LIMITS,
    "admission_queue_timeout_seconds": _LIMITS,
    "key_management_system": _SECRETS,
    "use_google_kms": _SECRETS,
    "use_azure_key_vault": _SECRETS,
    "infer_model_from_keys": "write each model into model_list",
    "forward_client_headers_to_llm_api": "headers of a caller are not passed on: use extra_headers",
    "max_response_size_mb": "set `bounds` of a Ferrule client (docs/configuration.md)",
    "coordination_redis": 'processes of a machine share with state="sqlite:///path" (docs/several-processes.md)',
}

_LITELLM = {
    "modify_params": _MESSAGES,
    "set_verbose": _LOGS,
    "suppress_debug_info": _LOGS,
    "json_logs": _LOGS,
    "log_": _LOGS,
    "turn_off_message_logging": "Ferrule logs no contents of prompts and answers: remove it",
    "redact_": "Ferrule logs no contents of prompts and answers: remove it",
    "telemetry": "there is none: remove it",
    "callbacks": _CALLBACKS,
    "success_callback": _CALLBACKS,
    "failure_callback": _CALLBACKS,
    "service_callback": _CALLBACKS,
    "audit_log_callbacks": _CALLBACKS,
    "input_callback": _CALLBACKS,
    "cache_params": CACHE,
    "caching": CACHE,
    "default_in_memory_ttl": CACHE,
    "default_redis_": CACHE,
    "enable_caching_on_provider_specific_optional_params": "every parameter counts for the cache: remove it",
    "custom_provider_map": "register a function as a provider (docs/providers/functions.md)",
    "model_group_settings": "headers of the caller are not passed on: use extra_headers",
    "guardrail": _GUARDRAILS,
    "post_call_rules": _GUARDRAILS,
    "pre_call_rules": _GUARDRAILS,
    "banned_keywords_list": _GUARDRAILS,
    "llamaguard_": _GUARDRAILS,
    "presidio_": _GUARDRAILS,
    "prometheus_": "client.metrics() has the figures, in Prometheus's format (docs/observability.md)",
    "langfuse_": _CALLBACKS,
    "langsmith_": _CALLBACKS,
    "datadog_": _CALLBACKS,
    "newrelic_": _CALLBACKS,
    "s3_": _CALLBACKS,
    "gcs_": _CALLBACKS,
    "aws_sqs_": _CALLBACKS,
    "generic_": _CALLBACKS,
    "argilla_": _CALLBACKS,
    "ssl_": _TLS,
    "key_generation_settings": _PROXY,
    "default_key_": _PROXY,
    "upperbound_key_": _PROXY,
    "default_team_": _PROXY,
    "default_internal_user_": _PROXY,
    "public_": _PROXY,
    "max_": _BUDGETS,
    "budget_": _BUDGETS,
    "tag_budget_config": _BUDGETS,
    "internal_user_budget_duration": _BUDGETS,
    "default_max_internal_user_budget": _BUDGETS,
    "default_soft_budget": _BUDGETS,
    "num_retries_per_request": "set num_retries: there is one loop of retries",
    "credential_list": "write it at the top of the file, or put the key into litellm_params",
    "model_fallbacks": "write them into `fallbacks`",
    "cost_discount_config": "set prices: ferrule.litellm.register_model",
    "disable_fallbacks": "leave the fallbacks out",
    "vector_store_": "search before the call, and put what was found into the messages",
    "mcp_": "write tools=ferrule.mcp.tools(...) in client.run (docs/tools.md)",
    "enable_json_schema_validation": "give response_format=a class, and read the answer with it",
    "custom_prompt_dict": "prompts are sent as messages: have the server apply the model's template",
    "global_disable_no_log_param": _LOGS,
    "secret_manager_client": _SECRETS,
}
"""What to do about keys that are not carried, by the key or by how it begins."""


def _by_beginning(table: dict[str, str], name: str) -> str | None:
    if name in table:
        return table[name]
    found = [key for key in table if name.startswith(key)]
    return table[max(found, key=len)] if found else None


def of_general(name: str) -> str:
    """What to do about a key of `general_settings`."""
    return _by_beginning(_GENERAL, name) or _PROXY


def of_litellm(name: str) -> str:
    """What to do about a key of `litellm_settings` that is not carried."""
    found = _by_beginning(_LITELLM, name)
    if found is not None:
        return found
    if name.endswith(("_key", "_api_key")):
        return _KEY
    return _MODELS if name.endswith("_models") else UNKNOWN
