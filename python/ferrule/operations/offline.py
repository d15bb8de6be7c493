"""The methods of both clients that ask nobody: what is known of models, and what a call would cost.

They read the catalog with the client's own entries on top (`Client(models=...)`, `[models]` of a configuration).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrule._native import NativeCatalog
from ferrule.calls import Calls
from ferrule.operations.start import declared

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Mapping, Sequence

    from ferrule._native import Cost, Message
    from ferrule.operations.capabilities import Capabilities


class OfflineOperations(Calls):
    """The methods of both clients that ask nobody."""

    # The catalog, and the entries it was made with.
    _own_catalog: tuple[Mapping[str, Any], NativeCatalog] | None = None

    def capabilities(self, model: str) -> Capabilities:
        """What is known of a model: context window, modalities, tools, reasoning. Nobody is asked.

        Args:
            model: `provider/model`, an alias, or a bare name that one provider offers.

        Returns:
            What is known; `None` for each thing that is not.

        Raises:
            ConfigError: The name leads to no provider.
        """
        from ferrule.operations.capabilities import of

        provider, name = self._resolve(model)
        return of(provider, name, self._catalog().find(provider, name))

    def estimate_cost(
        self,
        model: str,
        prompt: str | Sequence[Message | Mapping[str, Any]] | int,
        *,
        max_tokens: int | None = None,
        cached_tokens: int | None = None,
        at: datetime.datetime | None = None,
        batch: bool = False,
        service_tier: str | None = None,
        system: str | Sequence[Mapping[str, Any]] | None = None,
        tools: Sequence[Mapping[str, Any] | Callable[..., Any]] | None = None,
        response_format: Any = None,
    ) -> Cost | None:
        """What a call would cost, at most. Nobody is asked: tokens are counted here, for most models roughly.

        Args:
            model: `provider/model`, an alias, or a bare name that one provider offers.
            prompt: The messages, as `complete` takes them; or a number of tokens.
            max_tokens: The most tokens of the answer. Without it the prompt alone is counted.
            cached_tokens: How many of the prompt's tokens are read from a cache.
            at: When it is made; now where `None`. Without a time zone it is UTC.
            batch: Whether through the provider's batch interface.
            service_tier: The provider's word for how quickly it answers, such as `flex` or `priority`.
            system: Instructions, as `complete` takes them. Like the next two it is part of the prompt.
            tools: Tools the model may call.
            response_format: The form of the answer.

        Returns:
            The cost with its breakdown; `None` where the price is not known, or a figure that decides on it.

        Raises:
            ConfigError: The name leads to no provider.
        """
        from ferrule.catalog import price
        from ferrule.operations.token_count import locally

        provider, name = self._resolve(model)
        given, _ = declared({"system": system, "tools": tools, "response_format": response_format})
        tokens = prompt if isinstance(prompt, int) else locally(name, prompt, given).tokens
        usage = {"input_tokens": tokens, "output_tokens": max_tokens or 0, "cache_read_tokens": cached_tokens}
        catalog = self._catalog()
        return price(catalog, provider, name, usage, at=at, batch=batch, service_tier=service_tier)

    def _catalog(self) -> NativeCatalog:
        """The catalog with the client's own entries, as they are now."""
        entries = self._own_models()
        made = self._own_catalog
        if made is None or made[0] != entries:
            # Two threads may both make one; either is right.
            made = self._own_catalog = (entries, NativeCatalog(dict(entries)))
        return made[1]
