"""Costs: `completion_cost`, `cost_per_token`, and the cost of a reply, by Ferrule's catalog and `register_model`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrule.litellm import models
from ferrule.litellm.exceptions import BadRequestError, ModelNotMappedError
from ferrule.litellm.providers import Provider, provider_of

if TYPE_CHECKING:
    from ferrule._native import Reply

_PER_TOKEN = (
    "input_cost_per_token",
    "output_cost_per_token",
    "cache_read_input_token_cost",
    "cache_creation_input_token_cost",
)


def cost_of_reply(reply: Reply[Any], own: dict[str, Any], provider: Provider) -> float | None:
    """The cost of a reply in dollars: by the call's own prices, by `register_model`, else as Ferrule knows it."""
    prices = {name: own[name] for name in _PER_TOKEN if own.get(name) is not None}
    if not prices:
        prices = models.registered_prices(provider)
    if prices:
        usage = reply.usage
        return _by_prices(
            prices, usage.input_tokens, usage.output_tokens, usage.cache_read_tokens, usage.cache_write_tokens
        )
    found = reply.cost
    return None if found is None else float(found.total)


def cost_of_usage(provider: Provider, own: dict[str, Any], usage: dict[str, Any]) -> float | None:
    """The cost of a usage in OpenAI's form; `None` where it is not known."""
    prices = {name: own[name] for name in _PER_TOKEN if own.get(name) is not None} or models.registered_prices(provider)
    details = usage.get("prompt_tokens_details") or {}
    read, written = details.get("cached_tokens"), details.get("cache_creation_tokens")
    if prices:
        return _by_prices(prices, usage.get("prompt_tokens"), usage.get("completion_tokens"), read, written)
    found = models.catalog_cost(
        provider,
        {
            "input_tokens": usage.get("prompt_tokens"),
            "output_tokens": usage.get("completion_tokens"),
            "cache_read_tokens": read,
            "cache_write_tokens": written,
        },
    )
    return None if found is None else float(found.total)


def _by_prices(
    prices: dict[str, float], given: int | None, made: int | None, read: int | None, written: int | None
) -> float | None:
    if given is None or made is None:
        return None
    per_input = float(prices.get("input_cost_per_token") or 0.0)
    per_read = float(prices.get("cache_read_input_token_cost", per_input) or 0.0)
    per_write = float(prices.get("cache_creation_input_token_cost", per_input) or 0.0)
    fresh = max(0, given - (read or 0) - (written or 0))
    cost = fresh * per_input + (read or 0) * per_read + (written or 0) * per_write
    return cost + made * float(prices.get("output_cost_per_token") or 0.0)


def _not_mapped(provider: Provider) -> ModelNotMappedError:
    return ModelNotMappedError(
        f"This model isn't mapped yet. model={provider.model}, custom_llm_provider={provider.name}. Give its prices: "
        "ferrule.litellm.register_model({'provider/model': {'input_cost_per_token': ..., ...}})"
    )


def cost_per_token(
    model: str = "",
    prompt_tokens: int = 0,
    completion_tokens: int = 0,
    *,
    custom_llm_provider: str | None = None,
    cache_creation_input_tokens: int | None = 0,
    cache_read_input_tokens: int | None = 0,
    custom_cost_per_token: dict[str, float] | None = None,
    service_tier: str | None = None,
    usage_object: Any = None,
    **unused: Any,
) -> tuple[float, float]:
    """The cost of a prompt and of an answer, in dollars.

    Args:
        model: The model as calls name it.
        prompt_tokens: The tokens of the prompt, those of caches included.
        completion_tokens: The tokens of the answer.
        custom_llm_provider: The provider, where the name says none.
        cache_creation_input_tokens: Of the prompt, written to a cache.
        cache_read_input_tokens: Of the prompt, read from a cache.
        custom_cost_per_token: Prices: `input_cost_per_token`, `output_cost_per_token`.
        service_tier: The provider's service tier, such as `flex`.
        usage_object: A `Usage`, in place of the numbers.
        **unused: litellm's other arguments, which change nothing.

    Raises:
        ModelNotMappedError: The price is not known.
        BadRequestError: The name says no provider.
    """
    del unused
    if usage_object is not None:
        prompt_tokens, completion_tokens = usage_object.prompt_tokens, usage_object.completion_tokens
        details = usage_object.get("prompt_tokens_details") or {}
        cache_read_input_tokens = details.get("cached_tokens") or 0
        cache_creation_input_tokens = details.get("cache_creation_tokens") or 0
    provider = provider_of(model, custom_llm_provider)
    prices = custom_cost_per_token or models.registered_prices(provider)
    read, written = cache_read_input_tokens or 0, cache_creation_input_tokens or 0
    if prices:
        prompt = _by_prices(prices, prompt_tokens, 0, read, written) or 0.0
        return prompt, completion_tokens * float(prices.get("output_cost_per_token") or 0.0)
    # Together, as the length of the prompt decides the price of the answer too.
    quantities = {
        "input_tokens": prompt_tokens,
        "output_tokens": completion_tokens,
        "cache_read_tokens": read,
        "cache_write_tokens": written,
    }
    found = models.catalog_cost(provider, quantities, service_tier)
    if found is None:
        raise _not_mapped(provider)
    answer = float(sum(amount for kind, amount in found.breakdown.items() if kind.startswith("output")))
    return float(found.total) - answer, answer


def completion_cost(
    completion_response: Any = None,
    model: str | None = None,
    prompt: str = "",
    messages: Any = None,
    completion: str = "",
    *,
    custom_llm_provider: str | None = None,
    custom_cost_per_token: dict[str, float] | None = None,
    service_tier: str | None = None,
    **unused: Any,
) -> float:
    """The cost of a call in dollars.

    Args:
        completion_response: The answer; `model` counts over the one that it names.
        model: The model as calls name it.
        prompt: The prompt, where there is no answer.
        messages: The conversation, in place of `prompt`.
        completion: The text of the answer, where there is none.
        custom_llm_provider: The provider, where the name says none.
        custom_cost_per_token: Prices: `input_cost_per_token`, `output_cost_per_token`.
        service_tier: The provider's service tier, such as `flex`.
        **unused: litellm's other arguments, which change nothing.

    Raises:
        ModelNotMappedError: The price is not known.
        BadRequestError: The name says no provider.
    """
    del unused
    if completion_response is not None:
        hidden: dict[str, Any] = getattr(completion_response, "_hidden_params", None) or {}
        known = hidden.get("response_cost")
        if known is not None and model is None and custom_cost_per_token is None:
            return float(known)
        if custom_llm_provider is None and model is None:
            custom_llm_provider = hidden.get("custom_llm_provider")
        named = model or _named(completion_response)
        usage = completion_response.get("usage")
        if isinstance(usage, dict):
            from ferrule.litellm.response import Usage

            usage = Usage(**usage)
        if named is None or usage is None:
            raise BadRequestError("completion_cost: the answer has no model or no usage", named or "", "")
        return sum(
            cost_per_token(
                named,
                custom_llm_provider=custom_llm_provider,
                custom_cost_per_token=custom_cost_per_token,
                service_tier=service_tier,
                usage_object=usage,
            )
        )
    if model is None:
        raise BadRequestError("completion_cost: give an answer, or `model`", "", "")
    from ferrule.litellm.tokens import token_counter

    given = token_counter(model, messages=messages) if messages else token_counter(model, text=prompt)
    made = token_counter(model, text=completion) if completion else 0
    return sum(
        cost_per_token(
            model,
            given,
            made,
            custom_llm_provider=custom_llm_provider,
            custom_cost_per_token=custom_cost_per_token,
            service_tier=service_tier,
        )
    )


def _named(response: Any) -> str | None:
    found = response.get("model")
    return found if isinstance(found, str) else None


def response_cost_calculator(response_object: Any, model: str | None = None, **options: Any) -> float:
    """`completion_cost`, by another of litellm's names."""
    return completion_cost(response_object, model, **options)
