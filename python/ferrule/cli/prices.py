"""Prices of models as the commands show them: the catalog with the user's own entries, and how money is written."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ferrule._native import NativeCatalog

if TYPE_CHECKING:
    from ferrule import CatalogModel, Registry

_THOUSAND = 1000


def catalog(registry: "Registry") -> NativeCatalog:
    """The catalog with the user's own entries."""
    return NativeCatalog({model: registry.models.get(model) for model in registry.models})


def facts(model: "CatalogModel | None") -> dict[str, Any]:
    """The facts that `ferrule models` shows of a model. What is not known is `None`."""
    prices = model.prices() if model else {}
    return {
        "context_window": model.context_window if model else None,
        "max_output_tokens": model.max_output_tokens if model else None,
        "category": model.category if model else None,
        "deprecated": model.deprecated if model else None,
        "prices": {name: str(price) for name, price in prices.items()} or None,
    }


def size(tokens: int | None) -> str:
    """A number of tokens, shortened: `128K`, `1M`; a dash where it is unknown."""
    if tokens is None:
        return "-"
    if tokens < _THOUSAND:
        return str(tokens)
    # Some providers' context windows are powers of two.
    for unit, base in (("M", 1000 * 1000), ("M", 1024 * 1024), ("K", 1000), ("K", 1024)):
        if tokens >= base and tokens % base == 0:
            return f"{tokens // base}{unit}"
    return f"{tokens / 1_000_000:.2f}".rstrip("0").rstrip(".") + "M" if tokens >= 1_000_000 else f"{tokens // 1000}K"


def price(prices: dict[str, str] | None, name: str) -> str:
    """The price called `name` in dollars; a dash where it is unknown."""
    return dollars(Decimal(prices[name])) if prices and name in prices else "-"


def dollars(amount: Decimal, places: int = 2) -> str:
    """An amount with at least this number of decimal places."""
    return f"${amount:,.{max(places, decimals(amount))}f}"


def decimals(amount: Decimal) -> int:
    """How many decimal places `amount` has."""
    exponent = amount.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def origin(source: str, version: str | None, date: str | None) -> str:
    """The source of prices, with its version and date."""
    words = " ".join(word for word in (source, version) if word)
    return f"{words}, {date}" if date else words
