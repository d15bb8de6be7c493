"""Builders of the `openai` and `anthropic` SDKs' own model objects from JSON, many times faster than the SDKs.

Private: for the drop-in packages. What is built equals what the SDK's `construct_type` builds of `json.loads(data)`, in
type, attributes and their order, further fields, fields that were set, and everything inside; where that is not certain
the SDK builds the field, or the whole object, itself. Neither SDK is imported here: callers pass what is needed of it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ferrule._native import SdkBuilder, SdkModels
from ferrule.sdk_objects.describing import UNKNOWN, Describing

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["builder_for", "statistics"]

_MOST_KEPT = 512

_sdks: dict[int, _Sdk] = {}


class _Sdk:
    """The builders of one SDK."""

    def __init__(self, construct_type: Callable[..., Any]) -> None:
        self.construct_type = construct_type
        module = sys.modules[construct_type.__module__]
        self._describing = Describing(
            construct_type.__module__, getattr(module, "_build_discriminated_union_meta", None)
        )
        self.models = SdkModels(construct_type, self._describing.of_model, self._describing.tags)
        self._builders: dict[Any, SdkBuilder] = {}

    def builder(self, cast_to: Any) -> SdkBuilder:
        try:
            found = self._builders.get(cast_to)
        except TypeError:  # It cannot be hashed.
            return self._make(cast_to)
        if found is None:
            if len(self._builders) >= _MOST_KEPT:
                self._builders.clear()
            found = self._builders[cast_to] = self._make(cast_to)
        return found

    def _make(self, cast_to: Any) -> SdkBuilder:
        try:
            description = self._describing.of_type(cast_to)
        except Exception:  # The SDK says what is wrong with such a type.
            description = UNKNOWN
        return SdkBuilder(self.models, cast_to, description)


def builder_for(cast_to: Any, *, construct_type: Callable[..., Any]) -> SdkBuilder:
    """The builder of objects of a type; nothing is compiled before the first object is built.

    Looking a big union up costs microseconds: keep the builder for as long as a stream lasts.

    Args:
        cast_to: A model class of the SDK, a union of such classes (also annotated with a discriminator), or any other
            type that `construct_type` takes.
        construct_type: The SDK's own function, for example `openai._models.construct_type`.
    """
    sdk = _sdks.get(id(construct_type))
    if sdk is None:
        sdk = _sdks.setdefault(id(construct_type), _Sdk(construct_type))
    return sdk.builder(cast_to)


def statistics(construct_type: Callable[..., Any]) -> dict[str, int]:
    """How many objects were built for one SDK since the process began.

    Args:
        construct_type: The SDK's own function, as for `builder_for`.

    Returns:
        `built`: objects that were built here; `fallback_fields`: fields in them that the SDK built; `fallback_objects`:
        objects that the SDK built as a whole.
    """
    sdk = _sdks.get(id(construct_type))
    return sdk.models.statistics() if sdk else {"built": 0, "fallback_fields": 0, "fallback_objects": 0}
