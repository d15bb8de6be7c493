"""Patches: official SDKs changed in place, so that programs which make their own clients run on Ferrule.

The SDK's classes get the hooks that the subclasses of `ferrule.openai` and `ferrule.anthropic` have. As the classes
stay the same objects, names that were imported before the patch are changed, too, and clients that were made before it.
"""

from __future__ import annotations

import importlib
import os
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from ferrule.base_client import BaseClient
from ferrule.dropin import hooks, methods
from ferrule.dropin.route import Route, route_of
from ferrule.typing_compat import Self

if TYPE_CHECKING:
    from ferrule.dropin.sdk import Sdk

PatchName = Literal["openai", "anthropic", "litellm"]
"""A package that can be patched."""

_ABSENT = object()
_PACKAGES = ("openai", "anthropic")
_lock = threading.RLock()


class _Change:
    """An attribute of a class or a module that was changed."""

    def __init__(self, target: Any, name: str, value: Any) -> None:
        self._target, self._name = target, name
        self._before = target.__dict__.get(name, _ABSENT)
        self.value = value
        setattr(target, name, value)

    def undo(self) -> None:
        if self._target.__dict__.get(self._name) is not self.value:
            return  # Somebody has wrapped it since; what is below then passes calls on.
        if self._before is _ABSENT:
            delattr(self._target, self._name)
        else:
            setattr(self._target, self._name, self._before)


_changes: dict[str, list[_Change]] = {}


class Patch:
    """A patch that was made: in a `with` statement, its end puts back what was before.

    Attributes:
        name: The package's name.
    """

    def __init__(self, name: str, before: Route | None, *, was_patched: bool) -> None:
        self.name = name
        self._before = before
        self._was_patched = was_patched
        self._is_over = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with _lock:
            if self._is_over:
                return
            self._is_over = True
            if self._was_patched:
                _set_route(self.name, self._before)
            else:
                unpatch(self.name)

    def __reduce__(self) -> NoReturn:
        raise TypeError("cannot pickle a patch: make it in each process")

    def __repr__(self) -> str:
        return f"<Patch of {self.name}: {'in place' if is_patched(self.name) else 'undone'}>"


def patch(name: str, *, client: BaseClient | bool | None = None) -> Patch:
    """Changes an installed SDK in place, so that code which makes its own clients uses Ferrule.

    A second patch of the same package changes nothing but the client. Calls in progress finish as they began.

    Args:
        name: The package: `"openai"`, `"anthropic"` or `"litellm"`.
        client: The `ferrule.Client` or `ferrule.AsyncClient` that chat, messages and embeddings of all clients go
            through, to any provider, alias or group; `True` for the one that the whole program shares. Default: calls
            go where the SDK sends them, and no model's name is read.

    Returns:
        The patch, which is in place: a context manager whose end puts back what was before.

    Raises:
        ImportError: The package is not installed (`litellm` need not be).
        TypeError: `client` is not a client.
        ValueError: There is no patch of that name.
    """
    route = route_of(client)
    if name == "litellm":
        if route:
            raise TypeError("client: the patch of litellm takes none; configure ferrule.litellm instead")
        return _patch_litellm()
    _check(name)
    with _lock:
        was_patched = is_patched(name)
        before = hooks.patched_routes.get(name)
        if not was_patched:
            _changes[name] = _install(name)
        _set_route(name, route or None)
    return Patch(name, before, was_patched=was_patched)


def unpatch(name: str) -> None:
    """Puts a package back as it was before `patch`; does nothing where it is not patched.

    Args:
        name: The package, as `patch` takes it.

    Raises:
        ValueError: There is no patch of that name.
    """
    if name == "litellm":
        _litellm().unpatch()
        return
    _check(name)
    with _lock:
        hooks.patched_routes.pop(name, None)
        for change in reversed(_changes.pop(name, [])):
            change.undo()


def is_patched(name: str) -> bool:
    """Whether a package is patched now."""
    return name in _changes


def patch_from_environment() -> list[Patch]:
    """Makes the patches that `FERRULE_PATCH` names, separated by commas: what `python -m ferrule run` does first.

    Returns:
        The patches, in that order.

    Raises:
        ValueError: It names something that there is no patch of.
    """
    names = [name.strip() for name in os.environ.get("FERRULE_PATCH", "").split(",")]
    return [patch(name) for name in names if name]


def _check(name: str) -> None:
    if name not in _PACKAGES:
        known = ", ".join((*_PACKAGES, "litellm"))
        raise ValueError(f"{name!r} is not a package that can be patched; there are {known}")


def _set_route(name: str, route: Route | bool | None) -> None:
    if isinstance(route, Route):
        hooks.patched_routes[name] = route
    else:
        hooks.patched_routes.pop(name, None)


def _litellm() -> Any:
    return importlib.import_module("ferrule.litellm.patching")


def _patch_litellm() -> Patch:
    patching = _litellm()
    was_patched: bool = patching.is_patched()
    patching.patch()
    return Patch("litellm", None, was_patched=was_patched)


def _install(name: str) -> list[_Change]:
    native: Any = importlib.import_module(f"ferrule.{name}.native").NATIVE
    sdk: Sdk = native.facts.sdk
    made: list[_Change] = []
    for asynchronous, classes in enumerate((sdk.clients, sdk.async_clients)):
        hooked = methods.AsyncMethods if asynchronous else methods.Methods
        for official in classes:
            made += [
                _Change(official, method, hook)
                for method, hook in hooked(native, official, lambda: name in _changes).made().items()
            ]
    for official in (*sdk.clients, *sdk.async_clients):
        if official.__dict__.get(hooks.THREADS):
            made.append(_Change(official, hooks.THREADS, _threads(sdk)))
    names = importlib.import_module(f"ferrule.{name}.fast_resources").module_names() if name == "openai" else {}
    for module, values in names.items():
        made += [_Change(module, one, value) for one, value in values.items()]
    return made


def _threads(sdk: Sdk) -> property:
    return property(lambda self: hooks.route_for(sdk, self) is None)
