"""OpenAI's resources with fast methods: without the walk over every parameter's type."""
# pyright: reportMissingImports=false

from __future__ import annotations

import functools
import sys
from typing import Any

from openai import _types, _utils
from openai._types import NotGiven
from openai.resources import completions, embeddings
from openai.resources.chat.completions import completions as chat_completions
from openai.resources.responses import responses

from ferrule.dropin.native.helpers import helped
from ferrule.dropin.native.transform import resource_without_walk, without_walk, without_walk_async

_METHODS = ("create", "parse")
_omitted = tuple(kind for kind in (NotGiven, getattr(_types, "Omit", None)) if kind is not None)
_NAMES = {
    "maybe_transform": without_walk(_utils.maybe_transform, _omitted),
    "async_maybe_transform": without_walk_async(_utils.async_maybe_transform, _omitted),
}

MODULE_NAMES: dict[Any, dict[str, Any]] = {
    module: {name: fast for name, fast in _NAMES.items() if getattr(module, name, None) is getattr(_utils, name)}
    for module in (chat_completions, completions, embeddings, responses)
}
"""What a patch puts into the modules of the resources."""


@functools.cache
def _without_walk(official: type) -> Any:
    # What somebody put into the module's place of the function is somebody's, and stays.
    module = sys.modules[official.__module__]
    names = {name: fast for name, fast in _NAMES.items() if getattr(module, name, None) is getattr(_utils, name, None)}
    made = resource_without_walk(official, _METHODS, names)
    return helped(official, made)


def faster(resource: Any) -> Any:
    """A resource of a client as one that does without the walk; only for a resource that was just made."""
    official: Any = type(resource)
    return _without_walk(official)(resource._client)  # noqa: SLF001 - the SDK's
