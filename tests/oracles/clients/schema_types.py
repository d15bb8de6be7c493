"""Schemas of about a hundred pydantic types, before and after an SDK transforms them, as JSON.

A transformer that refuses a schema is written as what it raised.
"""

# ruff: noqa: UP007, UP045 - the types are what is tried
from __future__ import annotations

import datetime
import decimal
import enum
import ipaddress
import json
import pathlib
import typing
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Generic, Literal, NamedTuple, Optional, TypeVar, Union

import pydantic
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import NotRequired, TypedDict

T = TypeVar("T")


class Color(enum.Enum):
    """A colour."""

    RED = "red"
    BLUE = "blue"


class Number(enum.IntEnum):
    ONE = 1
    TWO = 2


class Mixed(enum.Enum):
    WORD = "a"
    NUMBER = 1


class Single(enum.Enum):
    ONLY = "only"


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"]
    name: str


class Node(BaseModel):
    value: int
    next: Node | None = None


class Tree(BaseModel):
    children: list[Tree] = []


class Ping(BaseModel):
    pong: Pong | None = None


class Pong(BaseModel):
    ping: Ping | None = None


class Described(BaseModel):
    """A model with a docstring."""

    first: str = Field(description="The first.", examples=["a"])
    second: int = Field(title="The second", deprecated=True)


class Aliased(BaseModel):
    inner: str = Field(alias="outer")


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")
    a: str


class Opened(BaseModel):
    model_config = ConfigDict(extra="allow")
    a: str


class Extended(Cat):
    owner: Dog


class Generic_(BaseModel, Generic[T]):
    content: T


class Empty(BaseModel):
    pass


class Deep(BaseModel):
    class Inner(BaseModel):
        class Innermost(BaseModel):
            colors: list[Color]

        innermost: Innermost

    inner: Inner


class Extra(BaseModel):
    a: str = Field(json_schema_extra={"x-order": 1, "examples": ["b"]})


class Keys(TypedDict):
    a: int
    b: NotRequired[str]


class Pair(NamedTuple):
    a: int
    b: str


class Word(pydantic.RootModel[str]):
    pass


WHOLE: list[type[BaseModel]] = [
    Node,
    Tree,
    Ping,
    Described,
    Aliased,
    Closed,
    Opened,
    Extended,
    Generic_[int],
    Generic_[Cat],
    Empty,
    Deep,
    Extra,
]
REQUIRED: dict[str, Any] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "None": None,
    "Any": Any,
    "object": object,
    "bytes": bytes,
    "datetime": datetime.datetime,
    "date": datetime.date,
    "time": datetime.time,
    "timedelta": datetime.timedelta,
    "UUID": uuid.UUID,
    "Decimal": decimal.Decimal,
    "Path": pathlib.Path,
    "IPv4Address": ipaddress.IPv4Address,
    "IPv6Address": ipaddress.IPv6Address,
    "URL": pydantic.AnyUrl,
    "HTTP URL": pydantic.HttpUrl,
    "Json": pydantic.Json,
    "secret": pydantic.SecretStr,
    "base64": pydantic.Base64Str,
    "positive": pydantic.PositiveInt,
    "pattern type": typing.Pattern,
    "optional": Optional[str],
    "optional enum": Optional[Color],
    "optional model": Optional[Cat],
    "int or str": Union[int, str],
    "int, str or None": Union[int, str, None],
    "models": Union[Cat, Dog],
    "model or list": Union[Cat, list[Dog]],
    "tagged": Annotated[Cat | Dog, Field(discriminator="kind")],
    "tagged, described": Annotated[Cat | Dog, Field(discriminator="kind", description="A pet.")],
    "list of tagged": list[Annotated[Cat | Dog, Field(discriminator="kind")]],
    "enum": Color,
    "int enum": Number,
    "mixed enum": Mixed,
    "enum of one": Single,
    "literal": Literal["a"],
    "literals": Literal["a", "b"],
    "int literals": Literal[1, 2],
    "mixed literals": Literal["a", 1],
    "true literal": Literal[True],
    "literal or None": Optional[Literal["a", "b"]],
    "literal member": Literal[Color.RED],
    "model": Cat,
    "recursive": Node,
    "optional recursive": Optional[Node],
    "list": list[int],
    "bare list": list,
    "list of lists": list[list[str]],
    "list of models": list[Cat],
    "list of anything": list[Any],
    "list of optional": list[int | None],
    "sequence": Sequence[str],
    "set": set[int],
    "frozenset": frozenset[str],
    "tuple": tuple[int, str],
    "tuple of one type": tuple[int, int],
    "tuple of models": tuple[Cat, Dog],
    "open tuple": tuple[int, ...],
    "empty tuple": tuple[()],
    "dict": dict,
    "dict of ints": dict[str, int],
    "dict of models": dict[str, Cat],
    "dict by enum": dict[Color, int],
    "mapping": Mapping[str, str],
    "TypedDict": Keys,
    "NamedTuple": Pair,
    "root model": Word,
    "generic": Generic_[str],
}
BOUNDED: dict[str, tuple[Any, dict[str, Any]]] = {
    "ge": (int, {"ge": 1}),
    "gt": (int, {"gt": 1}),
    "le": (float, {"le": 1.5}),
    "lt": (float, {"lt": 1}),
    "multiple_of": (int, {"multiple_of": 2}),
    "all bounds": (int, {"ge": 1, "le": 9, "multiple_of": 2, "description": "A number."}),
    "min_length": (str, {"min_length": 1}),
    "max_length": (str, {"max_length": 5}),
    "pattern": (str, {"pattern": "^a+$"}),
    "pattern with a boundary": (str, {"pattern": r"\ba"}),
    "short list": (list[int], {"min_length": 1}),
    "long list": (list[int], {"min_length": 2, "max_length": 4}),
    "described": (str, {"description": "Words."}),
    "described model": (Cat, {"description": "A cat."}),
    "described enum": (Color, {"description": "Which."}),
    "described list": (list[Cat], {"description": "Cats."}),
    "titled": (str, {"title": "A title"}),
    "with examples": (str, {"examples": ["a", "b"]}),
    "bounded optional": (Optional[int], {"ge": 0}),
}
DEFAULTS: dict[str, tuple[Any, Any]] = {
    "optional, None": (Optional[str], None),
    "default int": (int, 3),
    "default str": (str, "a"),
    "default bool": (bool, False),
    "default list": (list[int], []),
    "default enum": (Color, Color.RED),
    "default model": (Optional[Cat], None),
    "default of a model": (Cat, Cat(kind="cat")),
    "default float": (float, 0.5),
    "default literal": (Literal["a", "b"], "a"),
}


def models() -> dict[str, type[BaseModel]]:
    made = {kind.__name__: kind for kind in WHOLE}
    for name, annotation in REQUIRED.items():
        made[name] = pydantic.create_model("Answer", value=(annotation, ...))
    for name, (annotation, bounds) in BOUNDED.items():
        made[name] = pydantic.create_model("Answer", value=(annotation, Field(**bounds)))
    for name, (annotation, default) in DEFAULTS.items():
        made[name] = pydantic.create_model("Answer", value=(annotation, default))
    return made


def transformer() -> Callable[[type[BaseModel]], Any]:
    try:
        from anthropic.lib._parse._transform import transform_schema
    except ImportError:
        from openai.lib._pydantic import to_strict_json_schema

        return to_strict_json_schema
    return transform_schema


def main() -> None:
    transformed: dict[str, Any] = {}
    transform = transformer()
    for name, model in models().items():
        try:
            after: Any = transform(model)
        except (ValueError, TypeError) as error:
            after = f"{type(error).__name__}: {error}"
        transformed[name] = {"before": model.model_json_schema(), "after": after}
    print(json.dumps(transformed))


if __name__ == "__main__":
    main()
