"""Model catalog: context windows, capabilities and prices of models.

The data is built in (`source()` has its origin and date); your own entries go into a client's `models=`. What is not
known is `None`, never a guess: an unknown price is not 0.
"""

from __future__ import annotations

import datetime
import threading
from collections.abc import Mapping

from ferrule._native import CatalogModel, Cost, NativeCatalog, Usage, find_provider, split_model

__all__ = ["CatalogModel", "Cost", "estimate_cost", "find", "models", "providers_of", "source"]

_builtin: NativeCatalog | None = None
_loading = threading.Lock()


def _catalog() -> NativeCatalog:
    global _builtin
    with _loading:
        if _builtin is None:
            _builtin = NativeCatalog()
        return _builtin


def _split(model: str) -> tuple[str, str]:
    named = split_model(model)
    if named and all(named):
        return _spelled(named[0]), named[1]
    candidates = providers_of(model)
    if len(candidates) == 1:
        return candidates[0], model
    among = f"{', '.join(candidates)} have it" if candidates else "it is not known"
    raise ValueError(f"model: expected `provider/model`, not {model!r}: {among}")


def _spelled(provider: str) -> str:
    """The id of a provider, whose other names the catalog does not know."""
    return find_provider(provider) or provider.lower()


def find(model: str) -> CatalogModel | None:
    """Looks up a model.

    Args:
        model: `provider/model`, or a bare name that only one provider has.

    Returns:
        Its entry; `None` where it is not known.

    Raises:
        ValueError: A bare name matches no provider's model, or several providers'.
    """
    return _catalog().find(*_split(model))


def providers_of(model: str) -> list[str]:
    """The ids of the providers that have a model.

    Args:
        model: A bare name.

    Returns:
        The providers whose own model it is; else those that resell it.
    """
    return _catalog().providers_of(model)


def models(provider: str | None = None) -> list[CatalogModel]:
    """The models of the catalog.

    Args:
        provider: Only those of this price list, as `CatalogModel.provider` has it.
    """
    names = None if provider is None else (provider.lower(), _spelled(provider))
    return [model for model in _catalog().models() if names is None or model.provider in names]


def source() -> dict[str, str | None]:
    """The origin of the data: `name`, `version`, `date` and `licence`."""
    return _catalog().source


def estimate_cost(
    model: str,
    usage: Usage | Mapping[str, int | None] | None = None,
    *,
    input_tokens: int | None = None,
    output_tokens: int | None = None,
    at: datetime.datetime | None = None,
    batch: bool = False,
    service_tier: str | None = None,
    context: Mapping[str, str] | None = None,
) -> Cost | None:
    """The cost of a call.

    Args:
        model: `provider/model`, or a bare name that only one provider has.
        usage: A `Usage`, or quantities by name (`input_tokens`, `cache_read_tokens`, `web_searches`, ...).
        input_tokens: The tokens of the whole prompt, where `usage` is not given.
        output_tokens: The tokens of the whole reply, where `usage` is not given.
        at: When the call is made; now where `None`. Without a time zone it is UTC.
        batch: Whether it is made through the provider's batch interface.
        service_tier: The provider's name of the service tier, such as `flex` or `priority`.
        context: Other conditions that a price depends on, by name, such as `{"speed": "fast"}`.

    Returns:
        The cost with its breakdown; `None` where the price, or a number that it depends on, is not known.

    Raises:
        ValueError: A bare name matches no provider's model, or several providers'; or a quantity is not valid.
        TypeError: Both `usage` and numbers of tokens are given.
    """
    if usage is None:
        usage = {"input_tokens": input_tokens, "output_tokens": output_tokens}
    elif input_tokens is not None or output_tokens is not None:
        raise TypeError("estimate_cost: give `usage`, or numbers of tokens, not both")
    provider, name = _split(model)
    catalog = _catalog()
    return price(catalog, provider, name, usage, at=at, batch=batch, service_tier=service_tier, context=context)


def price(
    catalog: NativeCatalog,
    provider: str,
    model: str,
    usage: Usage | Mapping[str, int | None],
    *,
    at: datetime.datetime | None = None,
    batch: bool = False,
    service_tier: str | None = None,
    context: Mapping[str, str] | None = None,
) -> Cost | None:
    """The cost of `usage` by the prices of `catalog`. See `estimate_cost`."""
    conditions = dict(context or {})
    if batch:
        conditions["processing"] = "batch"
    if service_tier is not None:
        conditions["service_tier"] = service_tier
    quantities = usage if isinstance(usage, Usage) else dict(usage)
    return catalog.price(provider, model, quantities, at=_seconds(at), context=conditions)


def _seconds(at: datetime.datetime | None) -> float | None:
    if at is None:
        return None
    if at.tzinfo is None:
        from datetime import timezone  # only needed here, and by those who have loaded it already

        at = at.replace(tzinfo=timezone.utc)
    return at.timestamp()
