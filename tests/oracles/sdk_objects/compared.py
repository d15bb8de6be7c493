"""Comparison of objects, in all that a program can see of them."""

from __future__ import annotations

import copy
import gc
import pickle
import warnings
from typing import TYPE_CHECKING, Any

import pydantic

if TYPE_CHECKING:
    from collections.abc import Callable


def difference(ours: Any, theirs: Any, path: str = "$") -> str | None:
    """Where they differ first, and how."""
    if type(ours) is not type(theirs):
        return f"{path}: {type(ours)} is not {type(theirs)}: {ours!r:.80} {theirs!r:.80}"
    if isinstance(ours, pydantic.BaseModel):
        for name in ("__dict__", "__pydantic_extra__", "__pydantic_fields_set__", "__pydantic_private__"):
            found = difference(
                object.__getattribute__(ours, name), object.__getattribute__(theirs, name), f"{path}<{name}>"
            )
            if found:
                return found
        return None if gc.is_tracked(ours) == gc.is_tracked(theirs) else f"{path}: not tracked alike"
    if isinstance(ours, dict):
        if list(ours) != list(theirs):
            return f"{path}: keys {list(ours)} are not {list(theirs)}"
        return next((found for key in ours if (found := difference(ours[key], theirs[key], f"{path}.{key}"))), None)
    if isinstance(ours, list):
        if len(ours) != len(theirs):
            return f"{path}: {len(ours)} items are not {len(theirs)}"
        pairs = enumerate(zip(ours, theirs, strict=True))
        return next((found for at, (a, b) in pairs if (found := difference(a, b, f"{path}[{at}]"))), None)
    if isinstance(ours, float):
        return None if repr(ours) == repr(theirs) else f"{path}: {ours!r} is not {theirs!r}"
    return None if ours == theirs else f"{path}: {ours!r:.80} is not {theirs!r:.80}"


def outcome(what: Callable[[], Any]) -> tuple[str, Any]:
    """What it returns, or what it raises."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return "returned", what()
    except Exception as error:
        return "raised", f"{type(error).__name__}: {error}"


def differences_in_behaviour(build_ours: Callable[[], Any], build_theirs: Callable[[], Any]) -> list[str]:
    """What programs do with objects, done to both."""
    if not isinstance(build_theirs(), pydantic.BaseModel):
        return []
    found: list[str] = []
    for name, act in BEHAVIOURS.items():
        ours, theirs = build_ours(), build_theirs()
        ours_did, theirs_did = outcome(lambda act=act, it=ours: act(it)), outcome(lambda act=act, it=theirs: act(it))
        different = difference(list(ours_did), list(theirs_did)) or difference(ours, theirs)
        if different:
            found.append(f"{name}: {different}")
        # Nothing that was done to one object may show in the next.
        if different := difference(build_ours(), build_theirs()):
            found.append(f"after {name}: {different}")
    equal = [outcome(lambda build=build: build() == build_theirs()) for build in (build_ours, build_theirs)]
    if equal[0] != equal[1]:
        found.append(f"==: {equal}")
    return found


def set_and_delete(it: Any) -> Any:
    names = list(it.__dict__)
    done: list[Any] = []
    for name in [*names[:2], "added_by_test"]:
        setattr(it, name, "set by a test")
        done.append((it.model_fields_set, it.model_extra, it.model_dump(warnings=False)))
    left_out = [*names[1:2], *list(it.__pydantic_extra__)[:1], "missing"]
    done.extend([outcome(lambda name=name: delattr(it, name)) for name in left_out])
    done.append((it.__dict__, it.__pydantic_extra__, it.__pydantic_fields_set__))
    return copy.deepcopy(done)


def set_request_id(it: Any) -> Any:
    it._request_id = "req_1"
    return it._request_id, it.model_dump(warnings=False), repr(it)


def set_inside(it: Any) -> Any:
    """Sets a field of the first object inside."""
    for value in it.__dict__.values():
        inner = value[0] if isinstance(value, list) and value else value
        if isinstance(inner, pydantic.BaseModel):
            inner.added_by_test = 1
            return inner.model_fields_set
    return None


BEHAVIOURS: dict[str, Any] = {
    "model_dump": lambda it: it.model_dump(),
    "model_dump of JSON": lambda it: it.model_dump(mode="json", by_alias=True, exclude_unset=True),
    "model_dump_json": lambda it: it.model_dump_json(),
    "to_dict": lambda it: it.to_dict(),
    "repr": repr,
    "str": str,
    "iteration": list,
    "model_fields_set": lambda it: it.model_fields_set,
    "model_extra": lambda it: it.model_extra,
    "pickle": lambda it: pickle.loads(pickle.dumps(it)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "model_copy": lambda it: it.model_copy(update={"id": "another"}, deep=True),
    "attributes": set_and_delete,
    "request id": set_request_id,
    "an object inside": set_inside,
    "validation": lambda it: type(it).model_validate(it.model_dump()),
}
