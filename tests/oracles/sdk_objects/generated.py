"""Values of the SDKs' types, from their annotations: every variant of every union comes up."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

import pydantic

if TYPE_CHECKING:
    import random

WORDS = [
    "",
    "a",
    "stop",
    "Hello, wörld",
    "😀 and \t tab",
    'quote " and \\',
    "1",
    "1.5",
    "true",
    "null",
    "{}",
    "x" * 200,
]
NUMBERS = [0, 1, -1, 2, 7, 255, 1741569952, 2**31, 2**53, 2**53 + 1, -(2**63), 2**63 - 1]
FLOATS = [0.0, 1.0, -0.5, 1e-7, 0.1, 1.5e300, 123456789.125, -0.0]
DATES = ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.123456+02:00", "2026-01-01"]


def value_of(type_: Any, random: random.Random, depth: int = 0) -> Any:
    """A value that fits; deeper down fewer fields that need not be there."""
    origin, arguments = get_origin(type_), get_args(type_)
    if origin is Annotated:
        return value_of(arguments[0], random, depth)
    if origin is Union or origin is types.UnionType:
        variants = [each for each in arguments if each is not type(None)]
        if len(variants) < len(arguments) and random.random() < (0.3 if depth < 4 else 0.8):
            return None
        return value_of(random.choice(variants), random, depth)
    if origin is Literal or str(origin).endswith("Literal"):
        return random.choice(arguments)
    if origin is list:
        most = 3 if depth < 4 else 1
        return [value_of(arguments[0], random, depth + 1) for _ in range(random.randint(0, most))]
    if origin is dict:
        return {f"key{number}": value_of(arguments[1], random, depth + 1) for number in range(random.randint(0, 2))}
    if isinstance(type_, type) and issubclass(type_, pydantic.BaseModel):
        return object_of(type_, random, depth)
    return scalar_of(type_, random)


def object_of(class_: Any, random: random.Random, depth: int) -> dict[str, Any]:
    made = {}
    for name, field in class_.model_fields.items():
        if field.is_required() or random.random() < (0.5 if depth < 3 else 0.15):
            made[field.alias or name] = value_of(field.annotation, random, depth + 1)
    return made


def scalar_of(type_: Any, random: random.Random) -> Any:
    if type_ is str:
        return random.choice(WORDS)
    if type_ is bool:
        return random.random() < 0.5
    if type_ is int:
        return random.choice(NUMBERS)
    if type_ is float:
        return random.choice(FLOATS)
    if type_ is type(None):
        return None
    if getattr(type_, "__name__", "") in {"datetime", "date"}:
        return random.choice(DATES)
    return anything(random)


def anything(random: random.Random, depth: int = 0) -> Any:
    kind = random.randrange(7 if depth < 3 else 5)
    if kind == 5:
        return [anything(random, depth + 1) for _ in range(random.randint(0, 3))]
    if kind == 6:
        return {random.choice(["a", "type", "id", "ключ"]): anything(random, depth + 1) for _ in range(2)}
    return [None, random.random() < 0.5, random.choice(NUMBERS), random.choice(FLOATS), random.choice(WORDS)][kind]
