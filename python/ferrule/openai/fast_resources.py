"""OpenAI's resources with fast methods: without the walk over every parameter's type."""
# pyright: reportMissingImports=false

from __future__ import annotations

import functools
import importlib
import sys
from typing import Any

from openai import _types, _utils
from openai._types import NotGiven

from ferrule.dropin.native.helpers import helped
from ferrule.dropin.native.transform import resource_without_walk, without_walk, without_walk_async

_METHODS = ("create", "parse")
_omitted = tuple(kind for kind in (NotGiven, getattr(_types, "Omit", None)) if kind is not None)
_NAMES = {
    "maybe_transform": without_walk(_utils.maybe_transform, _omitted),
    "async_maybe_transform": without_walk_async(_utils.async_maybe_transform, _omitted),
}

_MODULES = ("chat.completions.completions", "completions", "embeddings", "responses.responses")


def module_names() -> dict[Any, dict[str, Any]]:
    """What a patch puts into the modules of the resources, which are loaded for it."""
    # Here, since a client loads only those whose resources are used.
    modules = [importlib.import_module(f"openai.resources.{name}") for name in _MODULES]
    return {
        module: {name: fast for name, fast in _NAMES.items() if getattr(module, name, None) is getattr(_utils, name)}
        for module in modules
    }


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
