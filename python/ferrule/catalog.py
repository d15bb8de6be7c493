"""What is known of models: context windows, abilities, prices.

The data is built in (its source and date are in `source()`); your own entries go to a client's `models=`. What is not
known is `None`, never a guess: an unknown price is not 0.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ferrule._native import CatalogModel, Cost, NativeCatalog, Usage

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping

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
    for separator in ("/", ":"):
        provider, found, name = model.partition(separator)
        if found and provider and name and "/" not in provider:
            return provider, name
    candidates = providers_of(model)
    if len(candidates) == 1:
        return candidates[0], model
    among = f"it may be of {', '.join(candidates)}" if candidates else "it is not known"
    raise ValueError(f"model: expected `provider/model`, not {model!r}: {among}")


def find(model: str) -> CatalogModel | None:
    """What is known of a model.

    Args:
        model: `provider/model`, or a bare name that only one provider has.

    Returns:
        Its facts; `None` where it is not known.

    Raises:
        ValueError: A bare name that means no provider's model, or several providers'.
    """
    return _catalog().find(*_split(model))


def providers_of(model: str) -> list[str]:
    """The ids of the providers that a bare name may mean: those whose model it is, else those that resell it."""
    return _catalog().providers_of(model)


def models(provider: str | None = None) -> list[CatalogModel]:
    """All models that are known, or those of one price list.

    Args:
        provider: The id of the price list, as `CatalogModel.provider` has it.
    """
    return [model for model in _catalog().models() if provider is None or model.provider == provider]


def source() -> dict[str, str | None]:
    """Whose data it is: `name`, `version`, `date` and `licence`."""
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
    """What a call of a model costs.

    Args:
        model: `provider/model`, or a bare name that only one provider has.
        usage: A `Usage`, or quantities by name (`input_tokens`, `cache_read_tokens`, `web_searches`, ...).
        input_tokens: The whole prompt, where `usage` is not given.
        output_tokens: The whole answer, where `usage` is not given.
        at: When it is made; now where `None`. Without a time zone it is UTC.
        batch: Whether through the provider's batch interface.
        service_tier: The provider's word for how quickly it answers, such as `flex` or `priority`.
        context: More such words by name, such as `{"speed": "fast"}`.

    Returns:
        The cost with its breakdown; `None` where the price is not known, or a figure that decides on it.
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
    """What `usage` of a model costs by `catalog`. See `estimate_cost`."""
    words = dict(context or {})
    if batch:
        words["processing"] = "batch"
    if service_tier is not None:
        words["service_tier"] = service_tier
    quantities = usage if isinstance(usage, Usage) else dict(usage)
    return catalog.price(provider, model, quantities, at=_seconds(at), context=words)


def _seconds(at: datetime.datetime | None) -> float | None:
    if at is None:
        return None
    if at.tzinfo is None:
        from datetime import timezone

        at = at.replace(tzinfo=timezone.utc)
    return at.timestamp()
