"""Checks of the names of models, the default model and aliases: whether each leads to a provider.

A name of an untrusted file that does not, or that takes the place of the user's own, is ignored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrule._native import check_names
from ferrule.configuration import settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrule.configuration.layers import Layer, Path
    from ferrule.configuration.state import State


def problems(state: State, *, with_programs: bool = True) -> list[tuple[Path, str]]:
    """The path of each name that leads nowhere, and why it does.

    Args:
        state: The configuration.
        with_programs: Whether a provider that is a program counts where only the built-in table has it.
    """
    engine = state.settings()
    if not with_programs:
        engine["providers"] = [one for one in engine["providers"] if not _is_undeclared_program(state, one["id"])]
    return [_problem(*problem) for problem in check_names(engine)]


def _problem(section: str, name: str, message: str) -> tuple[Path, str]:
    """The path of what is wrong, as far as the engine's words say it, and the rest of them."""
    path: Path = (section, name) if name else (section,)
    place, colon, rest = message.partition(": ")
    key, bracket, number = place.partition("[")
    if section == "groups" and colon and key.replace("_", "").isalpha():
        # Such as `targets[1]: ...`
        inner = (int(number.removesuffix("]")),) if bracket and number.removesuffix("]").isdigit() else ()
        return (*path, key, *inner), rest.removeprefix("model: ")
    return path, message.removeprefix("model: ")


def leading_somewhere(read: list[Layer], merged: Callable[[list[Layer]], State]) -> list[Layer]:
    """The layers, the untrusted ones without the names that they may not set.

    Args:
        read: The layers, lowest priority first.
        merged: Merges them.
    """
    if all(layer.trusted for layer in read):
        return read
    own = {name for layer in read if layer.trusted for name in layer.tree.get("aliases") or {}}
    read = [_without(layer, {("aliases", name) for name in own}) for layer in read]
    while strange := {path for layer in read if not layer.trusted for path in _names(layer)}:
        state = merged(read)
        wrong = {path for path, _ in problems(state, with_programs=False) if _is_strange(state, path)}
        if not wrong and problems(state):
            # What is wrong with the user's own names is an error, unless a stranger's name made it so.
            wrong = strange
        if not wrong:
            break
        read = [_without(layer, wrong) for layer in read]
    return read


def _is_strange(state: State, path: Path) -> bool:
    """Whether the name at `path` comes from an untrusted file."""
    source = state.merged.sources.get(path)
    return source is not None and not source[0].trusted


def _names(layer: Layer) -> list[Path]:
    """The paths of the names that a layer sets."""
    paths: list[Path] = [("aliases", name) for name in layer.tree.get("aliases") or {}]
    return [*paths, ("model",)] if layer.tree.get("model") is not None else paths


def _without(layer: Layer, paths: set[Path]) -> Layer:
    """`layer` without its names in `paths`, where it is not trusted."""
    # In the order of the file.
    gone = dict.fromkeys(path for path in _names(layer) if path in paths)
    if layer.trusted or not gone:
        return layer
    tree = {name: value for name, value in layer.tree.items() if (name,) not in gone}
    if "aliases" in tree:
        tree["aliases"] = {name: value for name, value in tree["aliases"].items() if ("aliases", name) not in gone}
    return layer._replace(tree=tree, ignored=(*layer.ignored, *gone))


def _is_undeclared_program(state: State, identifier: str) -> bool:
    """Whether calls to a provider would start a program, and nobody has asked for that provider."""
    row = state.rows.get(identifier)
    return row is not None and not row["base_url"] and not settings.is_declared(state.merged, identifier)
