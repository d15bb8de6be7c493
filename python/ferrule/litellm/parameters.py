"""Parameters of a chat completion: the provider's and ours, and the options of Ferrule that they become."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrule.litellm import credentials
from ferrule.litellm.exceptions import UnsupportedParamsError
from ferrule.litellm.objects import plain
from ferrule.litellm.settings import settings
from ferrule.options import Timeouts

if TYPE_CHECKING:
    from ferrule.litellm.providers import Provider

OWN = frozenset(
    [
        *credentials.CONNECTION,
        "custom_llm_provider",
        "timeout",
        "request_timeout",
        "stream_timeout",
        "max_retries",
        "num_retries",
        "retry_policy",
        "retry_strategy",
        "fallbacks",
        "context_window_fallback_dict",
        "drop_params",
        "additional_drop_params",
        "allowed_openai_params",
        "extra_headers",
        "headers",
        "extra_query",
        "extra_body",
        "metadata",
        "litellm_metadata",
        "caching",
        "cache",
        "cache_key",
        "mock_response",
        "mock_tool_calls",
        "mock_timeout",
        "mock_delay",
        "stream",
        "logger_fn",
        "verbose",
        "litellm_call_id",
        "litellm_trace_id",
        "litellm_session_id",
        "model_info",
        "proxy_server_request",
        "id",
        "input_cost_per_token",
        "output_cost_per_token",
        "input_cost_per_second",
        "output_cost_per_second",
        "cache_read_input_token_cost",
        "cache_creation_input_token_cost",
        "ttl",
        "no-log",
        "deployment_id",
        "model_list",
        "tags",
        "shared_session",
        "enable_json_schema_validation",
        "include_server_side_tool_invocations",
        "litellm_logging_obj",
        "acompletion",
        "user_continue_message",
        "client",
        "text_completion",
        "atext_completion",
        "prompt_id",
        "prompt_variables",
        "base_model",
        "model_alias_map",
        "rpm",
        "tpm",
        "max_parallel_requests",
        "weight",
        "order",
        "use_in_pass_through",
        "max_budget",
        "budget_duration",
        "disable_fallbacks",
        "kwargs",
        "specific_deployment",
        "litellm_credential_name",
        "merge_reasoning_content_in_choices",
        "ensure_alternating_roles",
        "supports_system_message",
        "hf_model_name",
        "ssl_verify",
        "provider_specific_header",
        "custom_prompt_dict",
        "roles",
        "initial_prompt_value",
        "final_prompt_value",
        "bos_token",
        "eos_token",
        "preset_cache_key",
    ]
)
"""Parameters that are ours, and are not sent to the provider."""

_OPENAI_ONLY = frozenset(
    [
        "logit_bias",
        "functions",
        "function_call",
        "prediction",
        "audio",
        "modalities",
        "web_search_options",
        "store",
        "prompt_cache_retention",
    ]
)
"""OpenAI's parameters that no other format has. Other names are unknown to both, and go to the provider."""

_RENAMED = {"reasoning_effort": "reasoning", "max_completion_tokens": "max_tokens"}
_TAKEN = frozenset(
    [
        "max_tokens",
        "temperature",
        "top_p",
        "top_k",
        "n",
        "stop",
        "seed",
        "user",
        "frequency_penalty",
        "presence_penalty",
        "parallel_tool_calls",
        "tools",
        "tool_choice",
        "response_format",
        "service_tier",
        "safety_identifier",
        "verbosity",
        "logprobs",
        "prompt_cache",
        "betas",
    ]
)
"""Parameters that Ferrule has by the same name."""


def split(parameters: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The provider's parameters and ours. Those that are `None` are left out."""
    body: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for name, value in parameters.items():
        if value is not None:
            (own if name in OWN or credentials.is_ours(name) else body)[name] = value
    return body, own


def drop_additional(body: dict[str, Any], paths: list[str]) -> None:
    """Removes what `additional_drop_params` names: parameters, or places inside one (`tools[*].function.strict`)."""
    for path in paths:
        if path in body:
            del body[path]
            continue
        name, *steps = path.replace("[", ".[").split(".")
        if steps and name in body:
            body[name] = plain(body[name])
            _drop_in(body[name], steps)


def _drop_in(value: Any, steps: list[str]) -> None:
    step, *rest = steps
    if step.startswith("["):
        if not isinstance(value, list):
            return
        inside = step[1:-1]
        chosen = value if inside == "*" else value[int(inside) :][:1] if inside.lstrip("-").isdigit() else []
        for item in chosen:
            if rest:
                _drop_in(item, rest)
    elif isinstance(value, dict):
        if not rest:
            value.pop(step, None)
        elif step in value:
            _drop_in(value[step], rest)


def time_limits(own: dict[str, Any], streamed: bool) -> float | Timeouts:
    """The time limits of a call: its `timeout` in seconds, or an `httpx.Timeout`."""
    given = own.get("timeout")
    if streamed and own.get("stream_timeout") is not None:
        given = own["stream_timeout"]
    if given is None:
        given = own.get("request_timeout") or settings.request_timeout
    if isinstance(given, (int, float)):
        return float(given)
    if isinstance(given, str):
        return float(given)
    if hasattr(given, "read") and hasattr(given, "connect"):
        # httpx's `read` is the silence that it bears, before the first byte and between two.
        return Timeouts(connect=given.connect, first_byte=given.read, idle=given.read)
    return Timeouts(*given) if isinstance(given, tuple) else settings.request_timeout


def retries(own: dict[str, Any]) -> int:
    """How often a failed request is repeated.

    litellm has two loops, one inside the other; here `num_retries` is the number, else `max_retries`, else 2.
    """
    for given in (own.get("num_retries"), own.get("max_retries"), settings.num_retries):
        if given is not None:
            return int(given)
    return 2


def options(provider: Provider, body: dict[str, Any], own: dict[str, Any], streamed: bool) -> dict[str, Any]:
    """The options of the call, as Ferrule's client takes them; for a provider of another format than OpenAI's.

    Raises:
        UnsupportedParamsError: The provider has no such parameter.
    """
    given = common(provider, own, streamed)
    drops = own.get("drop_params", settings.drop_params)
    if drops:
        given["drop_params"] = True
    allowed = own.get("allowed_openai_params") or ()
    extra: dict[str, Any] = {}
    refused: list[str] = []
    for name, value in body.items():
        if name in allowed:
            extra[name] = plain(value)
        elif name in _TAKEN:
            given[name] = value
        elif name in _RENAMED:
            given[_RENAMED[name]] = value
        elif name in _OPENAI_ONLY:
            refused.append(name)
        elif name not in ("stream_options", "thinking", "top_logprobs"):
            extra[name] = plain(value)
    if refused and not drops:
        raise unsupported(provider, refused)
    if "top_logprobs" in body and given.get("logprobs"):
        given["logprobs"] = body["top_logprobs"]
    if "thinking" in body:
        given["reasoning"] = _reasoning(body["thinking"])
    for name in ("tools", "tool_choice", "response_format"):
        if name in given and not isinstance(given[name], (str, type)):
            given[name] = plain(given[name])
    if extra:
        given["extra_body"] = {**extra, **given.get("extra_body", {})}
    return given


def unsupported(provider: Provider, names: list[str]) -> UnsupportedParamsError:
    """The error for parameters that a provider lacks."""
    return UnsupportedParamsError(
        f"{provider.name} does not support parameters: {names}, for model={provider.model}. To drop these, set "
        "`litellm.drop_params=True` or for proxy:\n\n`litellm_settings:\n drop_params: true`\n. \n If you want to use "
        f"these params dynamically send allowed_openai_params={names} in your request.",
        provider.name,
        provider.model,
    )


def _reasoning(thinking: Any) -> Any:
    if not isinstance(thinking, dict):
        return thinking
    if thinking.get("type") == "disabled":
        return "none"
    budget = thinking.get("budget_tokens")
    return {"budget_tokens": budget} if budget is not None else {"effort": "medium"}


_WITH_DEVELOPER = ("o1", "o3", "o4")


def conversation(messages: Any, model: str) -> Any:
    """The messages as they are sent: without fields that are `None`, and `system` for models without `developer`."""
    if not isinstance(messages, (list, tuple)):
        return plain(messages)
    system = not model.startswith(_WITH_DEVELOPER)
    return [_message(plain(message), system) for message in messages]


def _message(message: Any, system: bool) -> Any:
    if not isinstance(message, dict):
        return message
    if system and message.get("role") == "developer":
        message = {**message, "role": "system"}
    if None in message.values():
        return {name: value for name, value in message.items() if value is not None}
    return message


def as_given(
    provider: Provider, body: dict[str, Any], messages: Any, own: dict[str, Any], streamed: bool
) -> dict[str, Any]:
    """The options of the call, for a provider that gets OpenAI's parameters and messages as the caller wrote them."""
    given = common(provider, own, streamed)
    sent: dict[str, Any] = {"messages": conversation(messages, provider.model)}
    if "tool_choice" in body and not (body.get("tools") or body.get("functions")):
        # OpenAI refuses it without tools.
        body = {name: value for name, value in body.items() if name != "tool_choice"}
    for name, value in body.items():
        if name == "response_format" and isinstance(value, type):
            given["response_format"] = value
        elif name == "thinking":
            effort = _effort(value)
            if effort is not None:
                sent.setdefault("reasoning_effort", effort)
        else:
            sent[name] = value if isinstance(value, (str, int, float)) else plain(value)
    extra = given.get("extra_body")
    if extra:
        sent.update(extra)
    given["extra_body"] = sent
    return given


def _effort(thinking: Any) -> str | None:
    if not isinstance(thinking, dict) or thinking.get("type") != "enabled":
        return None
    budget = thinking.get("budget_tokens") or 0
    return "high" if budget >= 4096 else "medium" if budget >= 2048 else "low"


def _headers_for(provider: Provider, given: Any) -> dict[str, str]:
    """Headers for one provider of several: `provider_specific_header`."""
    names = str(given.get("custom_llm_provider") or "").split(",")
    return dict(given.get("extra_headers") or {}) if provider.name in [name.strip() for name in names] else {}


def common(provider: Provider, own: dict[str, Any], streamed: bool) -> dict[str, Any]:
    """The options that every call has: time limits, retries, headers, labels."""
    given: dict[str, Any] = {"timeout": time_limits(own, streamed), "max_retries": retries(own)}
    headers = own.get("extra_headers") or own.get("headers")
    if "provider_specific_header" in own:
        headers = {**(headers or {}), **_headers_for(provider, own["provider_specific_header"])}
    if settings.headers or headers:
        given["extra_headers"] = {**(settings.headers or {}), **(headers or {})}
    if "extra_query" in own:
        given["extra_query"] = own["extra_query"]
    if "extra_body" in own:
        given["extra_body"] = plain(own["extra_body"])
    return given
