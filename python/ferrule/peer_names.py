"""Argument names of other libraries (openai, anthropic, litellm, langchain, httpx, llm, ...): what to write instead.

Read only for an error: an argument without a meaning here is answered by what Ferrule has in its place. Values are not
looked at, as one may be a secret.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ferrule.configuration.suggestions import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_KEY = (
    "a key belongs to its provider: set the variable that `ferrule providers` lists (such as OPENAI_API_KEY), or "
    'Client(providers={"openai": {"api_key": ...}})'
)
_ADDRESS = (
    'an address belongs to its provider: Client(providers={"openai": {"base_url": ...}}), or set the variable such as '
    "OPENAI_BASE_URL"
)
_OWN_PROVIDER = (
    "write Client(providers={provider: {%s: ...}}), or that key in the provider's section of the configuration"
)
_AZURE = 'write Client(providers={"azure": {%s: ...}}), or set the variables in docs/providers/azure.md'
_CLOUD = "set the cloud's own variables or profile, which Ferrule reads (docs/providers/), or `%s` of the provider"
_HEADERS = 'write Client(providers={provider: {"headers": {...}}}), or `extra_headers` in a call'
_QUERY = 'write Client(providers={provider: {"query": {...}}}), or `extra_query` in a call'
_RETRIES = "write `max_retries`, of the client or of a call"
_TIMEOUT = "write `timeout`: seconds for the whole call, or ferrule.Timeouts(connect=, first_byte=, idle=, total=)"
_PROVIDER = "the provider is the first part of the model's name: write model='provider/model'"
_MODEL = "the model is the first argument of a call: client.complete('provider/model', messages)"
_FALLBACK = (
    "name the models in their order: client.complete(['openai/gpt-5-mini', 'anthropic/claude-haiku-4-5'], messages), "
    "or configure a group (docs/failover.md)"
)
_GROUPS = 'write Client(groups={"fast": {"targets": [...], "strategy": ...}}) (docs/failover.md, docs/strategies.md)'
_MCP = "write tools=ferrule.mcp.tools(...) in client.run (docs/tools.md)"
_FILES = "files stand in the message: {'role': 'user', 'content': ['the prompt', pathlib.Path('photo.png')]}"
_HTTP = "connections are made by Ferrule's own engine: %s"
_PROXY = _HTTP % "set HTTPS_PROXY and NO_PROXY"
_TLS = _HTTP % "write Client(ca_file=...) for certificates to trust, and Client(client_certificate=...) for your own"
_STREAM = "call client.stream(model, messages) instead of client.complete"
_LENGTH = "write `max_tokens`, which every provider gets under its own name"
_STOP = "write `stop`: a text or a list of texts"
_REASONING = 'write `reasoning`: "low", "high", ..., a number of tokens, or a dict'
_TOOLS = "write `tools`: a list of Python functions or JSON schemas"
_CHOICE = 'write `tool_choice`: "auto", "none", "required", a function, or a dict'
_MESSAGES = "the prompt is the second argument: client.complete(model, messages)"
_SYSTEM = "write `system`: the instructions as text"
_FORMAT = 'write `response_format`: a type, a JSON schema, or "json"'
_SEED = "write `seed`"
_SEARCH = "hosted tools of a provider go into `tools`: ferrule.tools.web_search(), ... (docs/citations.md)"
_STATE = "conversations are kept by the program: send the messages so far, with `reply.message` at the end"
_LOGGING = "see docs/logging.md: Ferrule logs to the logger `ferrule`"
_CALLBACK = "write client.on('response', function) (docs/observers.md); `reply.usage` and `reply.cost` need none"
_CACHE = (
    'answers are not cached by Ferrule; write `prompt_cache`: True, "5m" or "1h" for what providers cache of prompts'
)
_AT_ONCE = "client.map(model, prompts, concurrency=...) makes so many calls at once; limits of your own: docs/limits.md"
_LIMITS = 'write Client(limits={"all": {"requests_per_minute": ..., "tokens_per_minute": ...}}) (docs/limits.md)'
_BUDGET = 'write Client(budgets={"daily": {"amount": ..., "window": "day"}}) (docs/budgets.md)'
_TURNS = "a call asks once; client.run(model, messages, tools=[...], max_steps=...) goes on (docs/tools.md)"
_INTERCEPT = "write client.intercept, which sees and changes requests and answers (docs/hooks.md)"
_BETAS = "write `betas`: a list of Anthropic's beta features"
_LAST = "end `messages` with the beginning of the answer, as a message of the assistant"
_BODY = "it is a field of one provider: write extra_body={%r: ...}"
_PRICES = 'write Client(models={"provider/model": {"prices": {"input_mtok": ..., "output_mtok": ...}}})'
_ATTEMPTS_TEXT = "write `retries_on_invalid` for answers that do not fit, `max_retries` for failed attempts"


def _each(names: str, answer: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), answer)


ANYWHERE: dict[str, str] = {
    # Keys
    **_each(
        "api_key apikey key openai_api_key anthropic_api_key google_api_key azure_api_key "
        "mistral_api_key groq_api_key cohere_api_key auth_token access_token token bearer_token "
        "admin_api_key credentials auth password secret api_token azure_ad_token id_token webhook_secret "
        "webhook_key hf_token api_secret",
        _KEY,
    ),
    **_each(
        "azure_ad_token_provider token_provider workload_identity",
        "decorate the function that gets tokens with @client.token_provider('azure')",
    ),
    **_each(
        "aws_access_key_id aws_secret_access_key aws_session_token aws_access_key aws_secret_key "
        "aws_profile aws_profile_name aws_role_name aws_session_name aws_web_identity_token "
        "vertex_credentials credentials_profile_name service_account",
        _CLOUD % "api_key",
    ),
    **_each("aws_region aws_region_name region region_name location vertex_location", _OWN_PROVIDER % '"region"'),
    # Addresses
    **_each(
        "base_url api_base api_url url endpoint endpoint_url host hostname port server openai_api_base "
        "anthropic_api_url openai_api_url websocket_base_url inference_server_url "
        "aws_bedrock_runtime_endpoint",
        _ADDRESS,
    ),
    **_each("api_version openai_api_version", _OWN_PROVIDER % '"api_version"'),
    **_each("azure_endpoint", _AZURE % '"base_url"'),
    **_each("azure_deployment deployment_id deployment deployment_name engine", _AZURE % '"deployment"'),
    **_each(
        "organization openai_organization org_id organization_id",
        'write Client(providers={"openai": {"headers": {"OpenAI-Organization": ...}}}), or set OPENAI_ORG_ID',
    ),
    "project": 'write Client(providers={"openai": {"headers": {"OpenAI-Project": ...}}}); for Google '
    '{"vertex": {"project": ...}}',
    **_each("project_id vertex_project google_cloud_project", _OWN_PROVIDER % '"project"'),
    **_each("custom_llm_provider provider model_provider api_type llm_provider", _PROVIDER),
    # Headers and queries
    **_each(
        "default_headers headers custom_headers user_agent cookies openai_headers http_referer x_title app_name",
        _HEADERS,
    ),
    **_each("default_query params query query_params", _QUERY),
    # Retries and time
    **_each(
        "retries num_retries retry_policy max_attempts retry_strategy backoff retry_after max_retry tries retry_config",
        _RETRIES,
    ),
    **_each(
        "request_timeout default_request_timeout stream_timeout read_timeout connect_timeout timeout_s "
        "timeout_ms timeout_seconds deadline total_timeout pool_timeout write_timeout",
        _TIMEOUT,
    ),
    **_each(
        "fallbacks fallback fallback_model default_fallbacks context_window_fallbacks fallback_models "
        "content_policy_fallbacks model_fallbacks",
        _FALLBACK,
    ),
    # HTTP
    **_each(
        "http_client http_async_client async_client client session shared_session transport "
        "connection_pool_limits limits http1 http2 mounts event_hooks follow_redirects "
        "httpx_client max_redirects default_encoding http_socket_options http_options _strict_response_validation "
        "middlewares boto3_session boto_session_config max_connections max_keepalive_connections keepalive_expiry "
        "pool_size pool_maxsize",
        _HTTP % "it takes no client of another library; see docs/configuration.md for what can be set",
    ),
    **_each("proxy proxies proxy_url http_proxy https_proxy openai_proxy trust_env anthropic_proxy", _PROXY),
    **_each("verify cert ssl_verify ssl_context verify_ssl ssl ca_bundle", _TLS),
    # Models
    **_each("model_name model_id engine_id", _MODEL),
    **_each("model_alias_map model_group_alias alias", 'write Client(aliases={"fast": "openai/gpt-5-mini"})'),
    **_each(
        "model_list routing_strategy allowed_fails cooldown_time router routing_strategy_args "
        "enable_pre_call_checks default_litellm_params models_list load_balancing",
        _GROUPS,
    ),
    **_each("rpm tpm rate_limiter rate_limit requests_per_minute tokens_per_minute requests_per_second", _LIMITS),
    **_each(
        "concurrency max_concurrency max_parallel_requests max_workers workers num_workers n_jobs threads batch_size "
        "parallel",
        _AT_ONCE,
    ),
    **_each("max_budget budget_duration budget", _BUDGET),
    **_each("input_cost_per_token output_cost_per_token input_cost_per_second", _PRICES),
    # What happens around a call
    **_each(
        "callbacks callback success_callback failure_callback callback_manager run_manager logger_fn "
        "on_response on_request",
        _CALLBACK,
    ),
    **_each("verbose debug set_verbose log_level logger logging log log_requests", _LOGGING),
    **_each("cache caching cache_params redis_url redis_host redis_port redis_password no_cache", _CACHE),
    **_each(
        "tags labels run_name trace_id session_id",
        'write `metadata`: {"team": "search"} labels a call in client.usage()',
    ),
    # What is said of the answer
    **_each("stream streaming stream_options stream_usage disable_streaming include_usage", _STREAM),
    **_each(
        "max_completion_tokens max_output_tokens max_tokens_to_sample max_new_tokens num_predict "
        "max_length maxTokens maxOutputTokens maxOutputTokenCount completion_tokens max_gen_len",
        _LENGTH,
    ),
    **_each("stop_sequences stopSequences stop_words end_sequences stop_token_ids", _STOP),
    **_each(
        "thinking reasoning_effort thinking_config think thinking_budget budget_tokens reasoning_budget "
        "enable_thinking include_reasoning effort",
        _REASONING,
    ),
    **_each("functions function_declarations toolConfig tools_schema plugins toolset", _TOOLS),
    **_each("function_call tool_config functionCall toolChoice function_calling_config", _CHOICE),
    **_each("disable_parallel_tool_use parallel_function_calling", "write `parallel_tool_calls`: True or False"),
    **_each(
        "input inputs prompt contents content message text_input chat_history history question "
        "query_text user_message conversation_history fragments documents_text",
        _MESSAGES,
    ),
    **_each("image images image_url attachment attachments file files pdf media video", _FILES),
    **_each(
        "instructions system_instruction system_prompt preamble developer system_message "
        "systemInstruction system_fragments",
        _SYSTEM,
    ),
    **_each(
        "text text_format output_format output_config response_model response_schema response_mime_type "
        "response_json_schema schema json_mode format guided_json output_type json_schema grammar "
        "json schema_multi structured_output response_type output_schema json_object structured_outputs",
        _FORMAT,
    ),
    **_each(
        "validation_context mode", "there are no modes: write `response_format`, and every provider gets what it takes"
    ),
    **_each("reask max_reasks validation_retries output_retries result_retries", _ATTEMPTS_TEXT),
    **_each("random_seed random_state", _SEED),
    **_each("candidate_count num_return_sequences num_generations candidateCount best_of", "write `n`"),
    **_each("topP p nucleus", "write `top_p`"),
    **_each("topK k", "write `top_k`"),
    **_each("temp", "write `temperature`"),
    "top_logprobs": "write `logprobs`: a number asks for that many alternatives at each position",
    **_each("frequencyPenalty", "write `frequency_penalty`"),
    **_each("presencePenalty", "write `presence_penalty`"),
    **_each("user_id end_user end_user_id enduser", "write `user`"),
    **_each("web_search_options web_search search_parameters connectors tool_resources", _SEARCH),
    **_each("mcp_servers mcp mcp_tools mcp_config", _MCP),
    **_each("previous_response_id conversation conversation_id thread_id memory chat_id", _STATE),
    **_each(
        "generation_config options model_kwargs inferenceConfig additionalModelRequestFields "
        "litellm_params kwargs optional_params sampling_params extra extra_params model_settings parameters",
        "write the options themselves as arguments; a field of one provider goes into `extra_body`",
    ),
    **_each(
        "cache_control cache_prompt prompt_caching prompt_cache_key cache_ttl",
        'write `prompt_cache`: True, "5m" or "1h"',
    ),
    **_each("vertexai use_vertex", "name the provider in the model: 'vertex/gemini-3-pro'"),
    "allowed_openai_params": "a field of one provider goes into `extra_body`",
    **_each("anthropic_beta anthropic_betas beta", _BETAS),
    "anthropic_version": _OWN_PROVIDER % '"api_version"',
    **_each("guardrails middleware moderation pre_call post_call", _INTERCEPT),
    **_each("prefill prefix prefix_messages", _LAST),
    **_each("idempotency_key", "write extra_headers={'Idempotency-Key': ...}; retries of a call need none"),
    **_each(
        "assistant_id assistant vector_store_ids file_ids",
        "Ferrule has no assistants, files or vector stores (docs/what-ferrule-does-not-do.md)",
    ),
    "additional_drop_params": "write drop_params=True, which drops what the provider cannot carry, with a warning",
    **_each(
        "mock mock_response mock_tool_calls mock_timeout",
        "see docs/testing.md: ferrule.testing.Simulator answers like the providers",
    ),
    **_each(
        "max_cost max_steps max_tool_calls max_turns max_iterations max_rounds recursion_limit chain_limit", _TURNS
    ),
    # Of one provider, and sent as they are
    **{
        name: _BODY % name
        for name in (
            "logit_bias",
            "modalities",
            "audio",
            "prediction",
            "store",
            "safety_settings",
            "min_p",
            "min_tokens",
            "top_a",
            "repetition_penalty",
            "typical_p",
            "num_ctx",
            "keep_alive",
            "truncation",
            "background",
            "include",
            "container",
            "safe_prompt",
            "prompt_mode",
            "documents",
            "citation_options",
            "cached_content",
            "guardrailConfig",
            "suffix",
            "echo",
            "do_sample",
            "context_management",
            "inference_geo",
            "prompt_cache_retention",
            "response_modalities",
            "speech_config",
            "raw",
            "template",
            "prompt_id",
            "enable_json_schema_validation",
        )
    },
}
"""Names that are answered the same for a client and for a call."""

CLIENT: dict[str, str] = {
    "cookies": _HEADERS,
    "extra_headers": _HEADERS,
    "extra_query": _QUERY,
    "messages": _MESSAGES,
    "name": "providers have names: Client(providers={name: {...}})",
    "async_": "write ferrule.AsyncClient()",
    "is_async": "write ferrule.AsyncClient()",
    "default_model": "write Client(model=...)",
    "config_file": "write Client(config='path')",
    "config_path": "write Client(config='path')",
}
"""Names that mean something else, or have a hint of their own, for a client only."""

CALL: dict[str, str] = {
    **{
        name: f"it is an argument of the client: ferrule.Client({name}=...)"
        for name in ("providers", "aliases", "ca_file", "client_certificate", "models", "watch")
    },
    "config": "write the options themselves as arguments; a field of one provider goes into `extra_body`",
    "input_type": "it is an option of client.embed",
    "dimensions": "it is an option of client.embed",
    "encoding_format": "it is an option of embeddings, which are decoded here: client.embed(model, texts)",
    "voice": "speech is client.audio.speech(model, text, voice=...)",
    "size": "images are made by client.images.generate(model, prompt)",
    "quality": "images are made by client.images.generate(model, prompt)",
    "response_class": _FORMAT,
}
"""Names that have a hint for a call only."""

OPERATION: dict[str, str] = {
    "input": "the texts are the second argument: client.embed(model, texts)",
    "inputs": "the texts are the second argument: client.embed(model, texts)",
    "encoding_format": "vectors are decoded here, however they are sent",
    "top_k": "write `top_n`",
    "return_documents": "the documents are in the ranking: `ranking[0].document`",
    "file_format": "write `response_format`",
    "task_type": "write `input_type`",
    "task": "write `input_type`",
    "output_dimensionality": "write `dimensions`",
    "output_dimension": "write `dimensions`",
    "max_chunks_per_doc": _BODY % "max_chunks_per_doc",
    "truncate": _BODY % "truncate",
}
"""Names that mean something else for embeddings, rankings, images and audio."""

_SECRET = re.compile(
    r"(key|token|secret|passwor[dt]|passwd|credential|bearer|auth(orization)?|cookie)s?\d*(_|-|$)", re.IGNORECASE
)
_COUNTED = re.compile(
    r"^(max|min|num|n|total|prompt|completion|input|output|budget|thinking|reasoning|new|stop)_|^tokens$"
    r"|(^|_)tokens?_(count|limit|budget|ids?)$"
)
"""Names in which tokens are those of a text."""
_MAX_SHOWN = 64
_ALIKE = 0.84
"""How much alike two names are, from 0 to 1, for one to be a misspelling of the other."""


def client_answer(name: str, known: Iterable[str], options: Iterable[str]) -> str:
    """What to write instead of an argument of `Client` that there is not.

    Args:
        name: Its name.
        known: The arguments that there are.
        options: The options of a call.
    """
    answer = CLIENT.get(name) or ANYWHERE.get(name)
    if answer is None and name in options:
        answer = f"it is an option of a call: client.complete(model, messages, {name}=...)"
    rest = _rest(name, answer, CLIENT, known)
    if not rest and (near := suggestion(name, options)):
        rest = f"{near} That is an option of a call"
    return f"Client: unknown argument `{_shown(name)}`{rest or '; docs/configuration.md lists them'}"


def call_answer(name: str, known: Iterable[str], *, is_chat: bool = True) -> str:
    """What to write instead of an option of a call that there is not.

    Args:
        name: Its name.
        known: The options that there are.
        is_chat: Whether the call is a completion, and not another operation.
    """
    special = CALL if is_chat else OPERATION
    answer = special.get(name) or ANYWHERE.get(name)
    rest = _rest(name, answer, special, known) or "; a field of the provider goes into `extra_body`"
    return f"unknown option `{_shown(name)}`{rest}"


def _rest(name: str, answer: str | None, special: Mapping[str, str], known: Iterable[str]) -> str:
    """What is said of an unknown name, from the best known reason to the weakest."""
    if answer is not None:
        return f": {answer}"
    known = list(known)
    spelled = _respelled(name)
    if spelled in known:
        return f"; did you mean `{spelled}`?"
    if (answer := special.get(spelled) or ANYWHERE.get(spelled)) is not None:
        return f": {answer}"
    if _may_be_secret(spelled):
        return f": {_KEY}"
    # A misspelled name may be one of ours, or one of another library's.
    import difflib  # large, and only needed for an error

    near = difflib.get_close_matches(spelled, [*special, *ANYWHERE], n=1, cutoff=_ALIKE)
    if near and not difflib.get_close_matches(spelled, known, n=1, cutoff=_ALIKE):
        return f": {special.get(near[0]) or ANYWHERE[near[0]]}"
    return suggestion(spelled, known)


def _respelled(name: str) -> str:
    """A name as Python spells it: `maxTokens` and `max-tokens` are `max_tokens`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name[:_MAX_SHOWN]).lower()
    return words.replace("-", "_").replace(" ", "_").strip("_")


def _may_be_secret(name: str) -> bool:
    """Whether its value may be a secret, which must not be advised into the body of a request."""
    words = {found[1].lower() for found in _SECRET.finditer(name)}
    return bool(words) and not (words == {"token"} and _COUNTED.search(name))


def _shown(name: str) -> str:
    text = "".join(character if character.isprintable() else "?" for character in name)
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"
