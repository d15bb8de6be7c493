"""Groups of models for the engine, and the providers that are made for single targets of them.

A target may change its provider's settings: another key, region or address. The engine gets a provider of its own for
that target, with the same id; a *variant*, which is named `id@what-differs`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ferrule._native import split_model
from ferrule.configuration import api_keys
from ferrule.configuration.layers import Merged
from ferrule.configuration.providers import spelled
from ferrule.configuration.schema import PLACEHOLDERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ferrule.configuration.layers import Path


class Variant(NamedTuple):
    """A provider that is made for targets of groups.

    Attributes:
        provider: The id of the provider that it is like.
        label: What distinguishes it.
        merged: The configuration, with its settings in place of the provider's.
    """

    provider: str
    label: str
    merged: Merged

    @property
    def name(self) -> str:
        """What its targets call it."""
        return f"{self.provider}@{self.label}"


class Groups(NamedTuple):
    """The groups of a configuration, as the engine takes them, and the variants that they need, by name."""

    groups: list[dict[str, Any]]
    variants: dict[str, Variant]


def read(merged: Merged) -> Groups:
    """The groups of `merged`."""
    found = Groups([], {})
    known: dict[str, Variant] = {}
    for name, fields in (merged.tree.get("groups") or {}).items():
        targets: list[dict[str, Any]] = []
        for place, target in _targets(fields):
            overrides = target.get("provider")
            variant = None
            if overrides and (provider := _provider(merged, target["model"])):
                key = repr((provider, overrides))
                variant = known.get(key)
                if variant is None:
                    path = ("groups", name, "targets", place, "provider")
                    variant = known[key] = _variant(merged, provider, overrides, path, found.variants)
                    found.variants[variant.name] = variant
            targets.append(
                {
                    "model": target["model"],
                    "weight": float(target.get("weight", 1)),
                    "tags": list(target.get("tags") or ()),
                    "concurrency": target.get("concurrency"),
                    "options": target.get("options"),
                    "provider": variant.name if variant else None,
                    "same_as": target.get("same_as"),
                    "prices": target.get("prices"),
                }
            )
        found.groups.append(
            {
                "name": name,
                "targets": targets,
                "strategy": fields.get("strategy"),
                "context_fallback": list(fields.get("context_fallback") or ()),
                "content_filter_fallback": list(fields.get("content_filter_fallback") or ()),
                "sticky": fields.get("sticky"),
                "hedge": fields.get("hedge"),
                "hedge_share": fields.get("hedge_share"),
                "continue_streams": fields.get("continue_streams"),
                "first_token": fields.get("first_token"),
                "failover_on": fields.get("failover_on"),
                "retry": fields.get("retry"),
                "breaker": fields.get("breaker"),
            }
        )
    return found


def problems(merged: Merged) -> Iterator[tuple[Path, str]]:
    """What is wrong with groups beyond the types of their keys: the path of each problem, and the words for it."""
    for name, fields in (merged.tree.get("groups") or {}).items():
        path = ("groups", name)
        if not fields.get("targets"):
            yield path, '`targets` is missing, for instance ["openai/gpt-5-mini", "azure/gpt-5-mini"]'
        for place, target in _targets(fields):
            for key in ("provider", "prices"):
                if target.get(key) and not _provider(merged, target["model"]):
                    message = f"needs a target that is written `provider/model`, not {target['model'][:80]!r}"
                    yield (*path, "targets", place, key), message


def _targets(fields: Mapping[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The targets of a group with their places, each as a table."""
    for place, target in enumerate(fields.get("targets") or ()):
        yield place, {"model": target} if isinstance(target, str) else dict(target)


def _provider(merged: Merged, model: str) -> str | None:
    """The id of the provider that a model's name begins with; `None` where it begins with none."""
    own = merged.tree.get("providers") or {}
    parts = split_model(model)
    return spelled(parts[0], own) if parts and model not in (merged.tree.get("aliases") or {}) else None


def _variant(
    merged: Merged, provider: str, overrides: Mapping[str, Any], path: Path, known: Mapping[str, Variant]
) -> Variant:
    """The variant of `provider` with `overrides`, which are at `path`."""
    base = (merged.tree.get("providers") or {}).get(provider) or {}
    fields = {**base, **overrides}
    for name, other in api_keys.ONE_OR_SEVERAL.items():
        if overrides.get(name) is not None:
            fields.pop(other, None)
    here = ("providers", provider)
    sources = dict(merged.sources)
    layer, there = merged.sources.get(path[:3], (None, ()))
    for name, value in overrides.items():
        if isinstance(value, dict) and name in ("headers", "query", "quirks", "retry", "breaker"):
            fields[name] = {**(base.get(name) or {}), **value}
        for known_path in [one for one in sources if one[:3] == (*here, name)]:
            del sources[known_path]
        if layer is not None:
            of_provider, of_target = (*here, name), (*there, *path[3:], name)
            sources[of_provider] = (layer, of_target)
            for inner in value if isinstance(value, dict) else ():
                within = (*of_provider, inner)
                sources[within] = (layer, (*of_target, inner))
    tree = {**merged.tree, "providers": {**(merged.tree.get("providers") or {}), provider: fields}}
    shown = next((str(overrides[name]) for name in sorted(PLACEHOLDERS) if _may_be_shown(overrides.get(name))), None)
    label = shown or f"{path[1]}[{path[3]}]"
    unique, number = label, 2
    while f"{provider}@{unique}" in known:
        unique, number = f"{label}-{number}", number + 1
    return Variant(provider, unique, Merged(tree, sources))


def _may_be_shown(value: Any) -> bool:
    """Whether a placeholder may be part of a name: it is text, and does not come from elsewhere."""
    return isinstance(value, str) and bool(value) and "${" not in value
