"""Client mixins: what a drop-in client adds to the SDK's own class, which follows them in its bases."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, ClassVar, cast

from ferrule.dropin.hooks import construct, rerouted, routed

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrule.dropin.sdk import Sdk
    from ferrule.typing_compat import Self

# What follows in the bases is the SDK's class, of which nothing is known here.
_Base: Any = object


class DropIn(_Base):  # type: ignore[misc]
    """What synchronous and asynchronous clients have in common."""

    _ferrule_sdk: ClassVar[Sdk]

    def __init__(self, *, ferrule: Any = None, **given: Any) -> None:
        construct(self, ferrule, super().__init__, given)

    def copy(self, *, ferrule: Any = None, **given: Any) -> Self:
        """The SDK's `copy`; `ferrule=` says anew where the copy's calls go."""
        return rerouted(self, cast("Self", super().copy(**given)), ferrule)

    with_options = copy


class DerivedDropIn(_Base):  # type: ignore[misc]
    """The same for the SDK's classes that are derived from one that has a drop-in, which is among the bases, too."""

    def __init__(self, *, ferrule: Any = None, **given: Any) -> None:
        construct(self, ferrule, super().__init__, given)

    def copy(self, *, ferrule: Any = None, **given: Any) -> Any:
        """The SDK's `copy`; `ferrule=` says anew where the copy's calls go."""
        return rerouted(self, super().copy(**given), ferrule)

    with_options = copy


class SyncDropIn(DropIn):
    """A synchronous client."""

    def request(self, cast_to: Any, options: Any, *, stream: bool = False, stream_cls: Any = None) -> Any:
        """The SDK's `request`, by whoever the call is routed to."""
        twin = routed(self._ferrule_sdk, self, options, asynchronous=False)
        make: Callable[..., Any] = super().request if twin is None else twin.request
        return make(cast_to, options, stream=stream, stream_cls=stream_cls)


class AsyncDropIn(DropIn):
    """An asynchronous client."""

    async def request(self, cast_to: Any, options: Any, *, stream: bool = False, stream_cls: Any = None) -> Any:
        """The SDK's `request`, by whoever the call is routed to."""
        twin = routed(self._ferrule_sdk, self, options, asynchronous=True)
        make: Callable[..., Any] = super().request if twin is None else twin.request
        return await make(cast_to, options, stream=stream, stream_cls=stream_cls)


def complete(made: type, official: type) -> None:
    """Gives a class the signature of the official one, with `ferrule`, and its name and documentation.

    The SDKs send the name of the class as the user agent.
    """
    signature = inspect.signature(official)
    added = inspect.Parameter("ferrule", inspect.Parameter.KEYWORD_ONLY, default=None)
    before = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
    after = [one for one in signature.parameters.values() if one.kind is inspect.Parameter.VAR_KEYWORD]
    cast("Any", made).__signature__ = signature.replace(parameters=[*before, added, *after])
    assert made.__name__ == official.__name__, made  # noqa: S101 - a slip of ours, seen at import
