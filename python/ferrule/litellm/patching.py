"""Patch of litellm: programs that import litellm get the functions of `ferrule.litellm`."""

from __future__ import annotations

import importlib
import sys
import threading
from typing import TYPE_CHECKING, Any

import ferrule.litellm as ours

if TYPE_CHECKING:
    from types import ModuleType

MODULES = (
    "exceptions",
    "integrations",
    "integrations.custom_logger",
    "router",
    "types",
    "types.router",
    "types.utils",
    "utils",
)
"""The modules of litellm that programs import from, and that we have."""

_ABSENT: Any = object()
_lock = threading.RLock()
_attributes: list[tuple[ModuleType, str, Any]] = []
_modules: dict[str, ModuleType] = {}


def is_patched() -> bool:
    """Whether litellm is patched now."""
    return bool(_attributes or _modules)


def patch() -> None:
    """Has litellm's names lead to ours.

    Where litellm was imported before, the names that both have are changed in its modules. Otherwise `import litellm`
    gives our module, whether litellm is installed or not, and does not load it.
    """
    with _lock:
        if is_patched():
            return
        if "litellm" in sys.modules:
            for name in ("", *MODULES):
                theirs = sys.modules.get(f"litellm.{name}" if name else "litellm")
                if theirs is not None:
                    _replace(theirs, _module(name))
        else:
            for name in ("", *MODULES):
                theirs_name = f"litellm.{name}" if name else "litellm"
                sys.modules[theirs_name] = _modules[theirs_name] = _module(name)


def unpatch() -> None:
    """Puts everything back as it was before `patch`."""
    with _lock:
        for module, name, before in reversed(_attributes):
            setattr(module, name, before)
        _attributes.clear()
        for name, module in _modules.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]
        _modules.clear()


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"ferrule.litellm.{name}") if name else ours


def _replace(theirs: ModuleType, module: ModuleType) -> None:
    names = getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
    for name in names:
        before, value = theirs.__dict__.get(name, _ABSENT), getattr(module, name)
        is_ours = getattr(value, "__module__", "").startswith("ferrule.")
        if before is not _ABSENT and is_ours:
            _attributes.append((theirs, name, before))
            setattr(theirs, name, value)
