"""Model information: `get_model_info`, `supports_*`, `model_cost`, `register_model`, `get_max_tokens`."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from ferrule import catalog
from ferrule._native import provider_table
from ferrule.catalog import price
from ferrule.litellm.exceptions import BadRequestError, ModelNotMappedError
from ferrule.litellm.providers import litellm_name, provider_of

if TYPE_CHECKING:
    from ferrule._native import CatalogModel, Cost, NativeCatalog
    from ferrule.litellm.providers import Provider

_registered: dict[str, dict[str, Any]] = {}
_native: list[NativeCatalog] = []
_loading = threading.Lock()


def _catalog() -> NativeCatalog:
    with _loading:
        if not _native:
            from ferrule._native import NativeCatalog

            _native.append(NativeCatalog())
        return _native[0]


def find(provider: Provider) -> CatalogModel | None:
    """The catalog's entry of a model."""
    return _catalog().find(provider.id, provider.model)


def catalog_cost(
    provider: Provider, quantities: Mapping[str, int | None], service_tier: str | None = None
) -> Cost | None:
    """The cost of `quantities` by the catalog; `None` where it is not known."""
    given = {name: number for name, number in quantities.items() if number is not None}
    return price(_catalog(), provider.id, provider.model, given, service_tier=service_tier)


def register_model(model_cost: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Adds models, or changes what is known of them, for the whole process.

    Args:
        model_cost: By the name that calls have, or `provider/model`: `input_cost_per_token`, `output_cost_per_token`,
            `max_input_tokens`, `supports_vision`, ..., as litellm's price list has them.

    Returns:
        What is registered.
    """
    for name, facts in model_cost.items():
        _registered[name] = {**_registered.get(name, {}), **facts}
    return dict(_registered)


def unregister_models() -> None:
    """Forgets what was registered, for tests."""
    _registered.clear()


def _facts(provider: Provider) -> dict[str, Any]:
    if not _registered:
        return {}
    for name in (f"{provider.name}/{provider.model}", provider.model, f"{provider.id}/{provider.model}"):
        if name in _registered:
            return _registered[name]
    return {}


def registered_prices(provider: Provider) -> dict[str, float]:
    """The prices per token that were registered; empty where none were."""
    facts = _facts(provider)
    return facts if "input_cost_per_token" in facts or "output_cost_per_token" in facts else {}


_PRICES = {
    "input_cost_per_token": "input_mtok",
    "output_cost_per_token": "output_mtok",
    "cache_read_input_token_cost": "cache_read_mtok",
    "cache_creation_input_token_cost": "cache_write_mtok",
    "input_cost_per_audio_token": "input_audio_mtok",
    "output_cost_per_audio_token": "output_audio_mtok",
}


def _info(key: str, provider: Provider, entry: CatalogModel | None) -> dict[str, Any]:
    prices = entry.prices() if entry is not None else {}
    info: dict[str, Any] = {
        "key": key,
        "max_tokens": None if entry is None else entry.max_output_tokens,
        "max_input_tokens": None if entry is None else entry.context_window,
        "max_output_tokens": None if entry is None else entry.max_output_tokens,
        "litellm_provider": provider.name,
        "mode": "chat",
    }
    for name, ours in _PRICES.items():
        amount = prices.get(ours)
        info[name] = None if amount is None else float(amount) / 1e6
    if entry is not None:
        accepted, produced = entry.input_modalities, entry.output_modalities
        info["supports_function_calling"] = entry.tools
        info["supports_tool_choice"] = entry.tools
        info["supports_response_schema"] = entry.structured_output
        info["supports_reasoning"] = entry.reasoning
        info["supports_system_messages"] = True if accepted is None or "text" in accepted else None
        info["supports_vision"] = None if accepted is None else "image" in accepted
        info["supports_audio_input"] = None if accepted is None else "audio" in accepted
        info["supports_pdf_input"] = None if accepted is None else "document" in accepted
        info["supports_video_input"] = None if accepted is None else "video" in accepted
        info["supports_audio_output"] = None if produced is None else "audio" in produced
        info["supports_prompt_caching"] = True if "cache_read_mtok" in prices else None
        if entry.category == "embedding" or (produced is not None and "embedding" in produced):
            info["mode"] = "embedding"
    info.update(_facts(provider))
    return info


def get_model_info(model: str, custom_llm_provider: str | None = None, api_base: str | None = None) -> dict[str, Any]:
    """What is known of a model: prices per token, sizes, `supports_...`; `None` for what is not known.

    Args:
        model: The model as calls name it.
        custom_llm_provider: The provider, where the name says none.
        api_base: Not used.

    Raises:
        ModelNotMappedError: Nothing is known of it.
    """
    del api_base
    try:
        provider = provider_of(model, custom_llm_provider)
    except BadRequestError:
        provider = None
    entry = None if provider is None else find(provider)
    if provider is None or (entry is None and not _facts(provider)):
        raise ModelNotMappedError(
            f"This model isn't mapped yet. model={model}, custom_llm_provider={custom_llm_provider}. "
            "Register it: ferrule.litellm.register_model({'provider/model': {...}})"
        )
    return _info(model, provider, entry)


def get_max_tokens(model: str) -> int | None:
    """The most tokens of an answer.

    Args:
        model: The model as calls name it.

    Raises:
        ModelNotMappedError: Nothing is known of the model.
    """
    found: int | None = get_model_info(model)["max_tokens"]
    return found


def _supports(model: str, custom_llm_provider: str | None, ability: str) -> bool:
    try:
        return bool(get_model_info(model, custom_llm_provider).get(ability))
    except ModelNotMappedError:
        return False


def supports_function_calling(model: str, custom_llm_provider: str | None = None) -> bool:
    """Whether a model is known to call tools."""
    return _supports(model, custom_llm_provider, "supports_function_calling")


def supports_parallel_function_calling(model: str, custom_llm_provider: str | None = None) -> bool:
    """Whether a model is known to call several tools at once; those that call tools do unless registered otherwise."""
    try:
        info = get_model_info(model, custom_llm_provider)
    except ModelNotMappedError:
        return False
    return bool(info.get("supports_parallel_function_calling", info.get("supports_function_calling")))


def supports_tool_choice(model: str, custom_llm_provider: str | None = None) -> bool:
    """Whether a model is known to take `tool_choice`."""
    return _supports(model, custom_llm_provider, "supports_tool_choice")


def supports_vision(model: str, custom_llm_provider: str | None = None) -> bool:
    """Whether a model is known to take images."""
    return _supports(model, custom_llm_provider, "supports_vision")


def supports_response_schema(model: str, custom_llm_provider: str | None = None) -> bool:
    """Whether a model is known to follow a JSON schema."""
    return _supports(model, custom_llm_provider, "supports_response_schema")


def supports_reasoning(model: str, custom_llm_provider: str | None = None) -> bool:
    """Whether a model is known to reason."""
    return _supports(model, custom_llm_provider, "supports_reasoning")


def supports_system_messages(model: str, custom_llm_provider: str | None = None) -> bool:
    """Whether a model is known to take system messages."""
    return _supports(model, custom_llm_provider, "supports_system_messages")


def supports_prompt_caching(model: str, custom_llm_provider: str | None = None) -> bool:
    """Whether a model's provider is known to cache prompts."""
    return _supports(model, custom_llm_provider, "supports_prompt_caching")


def supports_audio_input(model: str, custom_llm_provider: str | None = None) -> bool:
    """Whether a model is known to take audio."""
    return _supports(model, custom_llm_provider, "supports_audio_input")


def supports_audio_output(model: str, custom_llm_provider: str | None = None) -> bool:
    """Whether a model is known to speak."""
    return _supports(model, custom_llm_provider, "supports_audio_output")


def supports_pdf_input(model: str, custom_llm_provider: str | None = None) -> bool:
    """Whether a model is known to take documents."""
    return _supports(model, custom_llm_provider, "supports_pdf_input")


def supports_web_search(model: str, custom_llm_provider: str | None = None) -> bool:
    """Whether a model was registered as one that searches the web."""
    return _supports(model, custom_llm_provider, "supports_web_search")


class ModelCost(MutableMapping[str, dict[str, Any]]):
    """What is known of all models, by name: Ferrule's catalog, and what was registered.

    OpenAI's, Anthropic's and Google's models go by their bare names, the others by `provider/model`; either is found.
    Setting an item registers it.
    """

    def __getitem__(self, name: str) -> dict[str, Any]:
        try:
            return get_model_info(name)
        except ModelNotMappedError:
            raise KeyError(name) from None

    def __setitem__(self, name: str, facts: dict[str, Any]) -> None:
        _registered[name] = dict(facts)

    def __delitem__(self, name: str) -> None:
        del _registered[name]

    def __iter__(self) -> Iterator[str]:
        names = dict.fromkeys(_registered)
        for entry in catalog.models():
            provider = litellm_name(entry.provider)
            names[entry.id if provider in ("openai", "anthropic") else f"{provider}/{entry.id}"] = None
        return iter(names)

    def __len__(self) -> int:
        return sum(1 for _ in self)


model_cost = ModelCost()


def provider_list() -> list[str]:
    """The names of all providers."""
    return sorted({litellm_name(row["id"]) for row in provider_table()})


def model_list() -> list[str]:
    """The names of all models that are known."""
    return list(model_cost)
