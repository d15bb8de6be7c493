"""Providers by litellm's names: `get_llm_provider`, addresses and keys, and the providers of Ferrule that they are."""

from __future__ import annotations

import functools
import os
import re
from typing import Any, NamedTuple

from ferrule import catalog
from ferrule._native import find_provider, provider_table
from ferrule.litellm import credentials
from ferrule.litellm.exceptions import NO_PROVIDER, BadRequestError
from ferrule.litellm.settings import settings

_OURS = {
    "azure": "azure-deployments",
    "azure_text": "azure-deployments",
    "azure_ai": "azure-ai",
    "vertex_ai": "vertex",
    "vertex_ai_beta": "vertex",
    "bedrock": "bedrock",
    "bedrock_converse": "bedrock",
    "cohere": "cohere",
    "cohere_chat": "cohere",
    "ollama": "ollama",
    "ollama_chat": "ollama",
    "text-completion-openai": "openai",
    "openai_like": "openai",
    "custom_openai": "openai",
    "anthropic_text": "anthropic",
    "text-completion-codestral": "codestral",
    "together_ai": "together",
    "fireworks_ai": "fireworks",
    "hosted_vllm": "vllm",
    "vllm": "vllm",
    "lm_studio": "lmstudio",
    "nvidia_nim": "nvidia",
    "litellm_proxy": "litellm",
}
"""Providers that have another name here. All others go by their id, or by another of their names."""

_THEIRS = {
    "azure-deployments": "azure",
    "azure-ai": "azure_ai",
    "vertex": "vertex_ai",
    "vertex-anthropic": "vertex_ai",
    "together": "together_ai",
    "fireworks": "fireworks_ai",
    "vllm": "hosted_vllm",
    "lmstudio": "lm_studio",
    "nvidia": "nvidia_nim",
    "litellm": "litellm_proxy",
    "lambda": "lambda_ai",
    "llama-api": "meta_llama",
    "friendli": "friendliai",
    "featherless": "featherless_ai",
    "github-copilot": "github_copilot",
    "vercel": "vercel_ai_gateway",
}

AS_GIVEN = frozenset(
    [
        "openai",
        "azure",
        "azure-deployments",
        "vllm",
        "litellm",
        "openrouter",
        "lmstudio",
        "llamafile",
        "llamacpp",
        "localai",
        "sglang",
        "tgi",
    ]
)
"""Providers that get OpenAI's parameters and messages as the caller wrote them."""

_FAMILIES = (
    (
        re.compile(r"(chatgpt-)?(gpt-|o[134](-|$)|ft:|text-embedding-(3|ada)|whisper-|tts-|dall-e|davinci|babbage)"),
        "openai",
    ),
    (re.compile(r"claude-"), "anthropic"),
    (re.compile(r"gemini-"), "vertex_ai"),
    (re.compile(r"((us|eu|apac|global)\.)?(anthropic|amazon|meta|mistral|cohere|ai21|deepseek)\."), "bedrock"),
    (re.compile(r"(command-|embed-|rerank-)"), "cohere"),
)
"""Families of models that are known by a bare name, whatever the catalog has of them."""


class Provider(NamedTuple):
    """Who is called.

    Attributes:
        name: litellm's name of the provider.
        id: Ferrule's id of it.
        model: The provider's name of the model.
        as_given: Whether it gets OpenAI's parameters and messages as the caller wrote them.
    """

    name: str
    id: str
    model: str
    as_given: bool


@functools.lru_cache(maxsize=1024)
def provider_of(model: str, custom_llm_provider: str | None = None, api_base: str | None = None) -> Provider:
    """Who is called for `model`.

    Raises:
        BadRequestError: The name says no provider.
    """
    name, rest = _split(model, custom_llm_provider, api_base)
    ours = _OURS.get(name) or find_provider(name)
    if ours is None:
        if not api_base:
            raise BadRequestError(NO_PROVIDER.format(model=model), model, name)
        ours = "openai"  # An address that speaks OpenAI's format.
    if ours == "vertex" and rest.startswith("claude"):
        ours = "vertex-anthropic"
    if rest.startswith("responses/") and ours == "openai":
        ours, rest = "openai-responses", rest.partition("/")[2]
    return Provider(name, ours, rest, ours in AS_GIVEN)


def _split(model: str, custom: str | None, api_base: str | None) -> tuple[str, str]:
    head, slash, rest = model.partition("/")
    if custom:
        return custom, rest if slash and head == custom else model
    if slash and (head in _OURS or find_provider(head) is not None):
        return ("cohere" if head == "cohere_chat" else head), rest
    if api_base and (found := _by_address(api_base)) is not None:
        return found, model
    for pattern, name in _FAMILIES:
        if pattern.match(model):
            return ("text-completion-openai" if is_legacy(model) else name), model
    owners = catalog.providers_of(model)
    if owners:
        return _THEIRS.get(owners[0], owners[0]), model
    raise BadRequestError(NO_PROVIDER.format(model=model), model, "")


def is_legacy(model: str) -> bool:
    """Whether a model of OpenAI's has completions of texts only."""
    return model.endswith("-instruct") or model.startswith(("davinci", "babbage", "ft:davinci", "ft:babbage"))


def _by_address(api_base: str) -> str | None:
    host = api_base.partition("://")[2].partition("/")[0]
    for row in provider_table():
        base: str = row["base_url"]
        if host and "{" not in base and base.partition("://")[2].partition("/")[0] == host and "localhost" not in host:
            return litellm_name(str(row["id"]))
    return None


class _Row(NamedTuple):
    base_url: str
    base_url_variables: tuple[str, ...]
    key_variables: tuple[str, ...]


@functools.lru_cache(maxsize=256)
def _row(provider: str) -> _Row:
    for row in provider_table():
        if row["id"] == provider:
            return _Row(row["base_url"], tuple(row["base_url_variables"] or ()), tuple(row["key_variables"] or ()))
    return _Row("", (), ())


_OWN_KEYS = {
    "openai": "openai_key",
    "azure-deployments": "azure_key",
    "anthropic": "anthropic_key",
    "cohere": "cohere_key",
    "groq": "groq_key",
    "openrouter": "openrouter_key",
    "huggingface": "huggingface_key",
    "together": "togetherai_api_key",
    "replicate": "replicate_key",
}
_ADDRESSES = {
    "openai": ("OPENAI_BASE_URL", "OPENAI_API_BASE"),
    "azure-deployments": ("AZURE_API_BASE", "AZURE_OPENAI_ENDPOINT"),
    "azure-ai": ("AZURE_AI_API_BASE",),
    "anthropic": ("ANTHROPIC_API_BASE", "ANTHROPIC_BASE_URL"),
    "ollama": ("OLLAMA_API_BASE",),
    "vllm": ("HOSTED_VLLM_API_BASE",),
    "litellm": ("LITELLM_PROXY_API_BASE",),
    "lmstudio": ("LM_STUDIO_API_BASE",),
}
_SUFFIXES = {
    "anthropic": ("/v1/messages", "/v1"),
    "openai": ("/chat/completions",),
    "cohere": ("/v2/chat", "/v1/chat", "/v2/rerank", "/v1/rerank", "/v1/embed", "/v2/embed", "/v2", "/v1"),
    "ollama": ("/api/chat", "/api/generate"),
}
"""What litellm's addresses may end with and Ferrule's do not."""

Options = tuple[tuple[str, Any], ...]


def connection(provider: Provider, own: dict[str, Any]) -> Options:
    """The settings of the provider for a call: where it is, and the key.

    They are read anew for every call, as litellm does: keys may be set between two calls.

    Args:
        provider: Who is called.
        own: The call's parameters that are not the provider's: `api_base`, `api_key`, ...
    """
    identity = provider.id
    base = (
        own.get("api_base")
        or own.get("base_url")
        or settings.api_base
        or _from_environment(_ADDRESSES.get(identity, ()))
    )
    key = own.get("api_key")
    if key is None:
        named = _OWN_KEYS.get(identity)
        own_key: str | None = getattr(settings, named) if named else None
        key = own_key or settings.api_key
    if key is None:
        # In the identity of the client, so that a key that is set later makes another one.
        key = _from_environment(_row(identity).key_variables)
    found = dict(credentials.settings_of(provider, {**_usual(identity), **own}))
    base = base or found.pop("base_url", None)
    if base:
        found["base_url"] = _address(identity, base, own)
    if key:
        found["api_key"] = key() if callable(key) else key
    elif base and provider.as_given:
        found["api_key"] = "sk-none"  # Local servers ask for none.
    version = _azure_version(own) if identity == "azure-deployments" else own.get("api_version")
    if version and identity in _VERSIONED and not base:
        found["api_version"] = version
    elif version and identity == "watsonx":
        raise credentials.refused(provider, "api_version", "write extra_body={'version': ...}")
    organization = own.get("organization") or (settings.organization if identity == "openai" else None)
    if organization:
        found["headers"] = (("OpenAI-Organization", organization),)
    return tuple(found.items())


_VERSIONED = ("azure-deployments", "azure-ai", "azure")
"""Providers whose address has the version of the API."""


def _usual(identity: str) -> dict[str, Any]:
    """The arguments that are set for all calls."""
    if not identity.startswith("vertex"):
        return {}
    return {"vertex_project": settings.vertex_project, "vertex_location": settings.vertex_location}


def _azure_version(own: dict[str, Any]) -> str:
    given = own.get("api_version") or settings.api_version or os.environ.get("AZURE_API_VERSION")
    return str(given or "2024-10-21")


def _address(provider: str, base: str, own: dict[str, Any]) -> str:
    address = str(base).rstrip("/")
    for suffix in _SUFFIXES.get(provider, ()):
        if address.endswith(suffix):
            address = address[: -len(suffix)]
            break
    if provider == "azure-deployments":
        address = address.partition("/openai")[0]
        return f"{address}/openai?api-version={_azure_version(own)}"
    if provider == "azure-ai" and own.get("api_version"):
        return f"{address.partition('?')[0]}?api-version={own['api_version']}"
    return address


def _from_environment(names: tuple[str, ...]) -> str | None:
    for name in names:
        if value := os.environ.get(name):
            return value
    return None


def get_llm_provider(
    model: str,
    custom_llm_provider: str | None = None,
    api_base: str | None = None,
    api_key: str | None = None,
    litellm_params: Any = None,
) -> tuple[str, str, str | None, str | None]:
    """Who is called for a model.

    Args:
        model: The model as calls name it.
        custom_llm_provider: The provider, where the name says none.
        api_base: The address, by which known providers are recognised.
        api_key: The key of the call.
        litellm_params: An object or a dict with any of the above.

    Returns:
        The model without the provider, the provider by litellm's name, the key and the address of the call.

    Raises:
        BadRequestError: The name says no provider.
    """
    if litellm_params is not None:
        given: dict[str, Any] = litellm_params if isinstance(litellm_params, dict) else vars(litellm_params)
        custom_llm_provider = custom_llm_provider or given.get("custom_llm_provider")
        api_base, api_key = api_base or given.get("api_base"), api_key or given.get("api_key")
    found = provider_of(settings.model_alias_map.get(model, model), custom_llm_provider, api_base)
    return found.model, found.name, api_key, api_base


def validate_environment(model: str | None = None, api_key: str | None = None) -> dict[str, Any]:
    """Whether the key for a model is in the environment.

    Returns:
        A dict of `keys_in_environment` and `missing_keys`.
    """
    if model is None:
        return {"keys_in_environment": False, "missing_keys": []}
    try:
        variables = _row(provider_of(model).id).key_variables
    except BadRequestError:
        return {"keys_in_environment": False, "missing_keys": []}
    there = bool(api_key) or not variables or _from_environment(variables) is not None
    return {"keys_in_environment": there, "missing_keys": [] if there else [variables[0]]}


def ferrule_name(litellm_name: str) -> str | None:
    """Ferrule's id of the provider with litellm's name `litellm_name`; `None` where there is none."""
    return _OURS.get(litellm_name) or find_provider(litellm_name)


def litellm_name(ferrule_id: str) -> str:
    """Litellm's name of the provider with Ferrule's id `ferrule_id`."""
    return _THEIRS.get(ferrule_id, ferrule_id)
