"""Model classes of our own with the SDK's `BaseModel`: what the SDK's classes have no example of, or few."""

from __future__ import annotations

# ruff: noqa: RUF012, TC003, UP006, UP007, UP035, UP045 - written as the SDKs write it, and read by pydantic
import enum
from datetime import date, datetime
from typing import Annotated, Any, Dict, Generic, List, Literal, Optional, TypeVar, Union

import pydantic
import sdks
from pydantic import Field, PrivateAttr, field_validator, model_validator

_sdk = sdks.installed()
BaseModel: Any = _sdk.base_model
T = TypeVar("T")


class Leaf(BaseModel):
    name: str
    size: Optional[int] = None


class Twig(BaseModel):
    name: str
    length: float


class Numbers(BaseModel):
    a: Union[int, float]
    b: Union[float, bool, None] = None
    c: Union[str, int, None] = None
    d: Optional[Dict[str, Union[str, float, bool]]] = None
    e: Union[bool, int, None] = None
    f: Optional[float] = None
    g: Optional[List[float]] = None
    h: List[float]
    i: float
    j: int
    k: bool


class Ambiguous(BaseModel):
    either: Union[Leaf, Twig]
    several: Union[List[Leaf], Leaf, str, None] = None
    other: Union[str, List[str], List[Leaf], None] = None
    anything: Union[Leaf, object, None] = None
    nothing_first: Union[Leaf, None] = None
    mapped: Union[Dict[str, int], Leaf, None] = None
    nested: Optional[List[Optional[Union[Leaf, List[Twig]]]]] = None


class Kind(str, enum.Enum):
    a = "a"


class Unknown(BaseModel):
    """Types that only the SDK knows what to do with."""

    when: Optional[datetime] = None
    day: Optional[date] = None
    moment: datetime
    days: List[date]
    kind: Optional[Kind] = None
    tuple_: Optional[tuple] = None
    numbered: Optional[Literal[1, True, "a"]] = None
    limited: Optional[Annotated[int, Field(gt=3)]] = None
    limited_plainly: int = Field(default=5, gt=3)
    keyed: Optional[Dict[int, str]] = None
    bare: Optional[dict] = None


class Defaults(BaseModel):
    a: str = "a"
    b: int = 3
    c: Optional[bool] = True
    alias_: Optional[int] = Field(default=None, alias="alias")
    other_: Optional[Leaf] = Field(default=None, alias="other")


class ListDefault(BaseModel):
    a: List[str] = []
    b: List[str] = Field(default_factory=list)


class Tree(BaseModel):
    name: str
    children: Optional[List[Tree]] = None
    parent: Optional[Tree] = None
    plain: List[Tree] = []


class Recursive(BaseModel):
    name: str
    children: Optional[List[Recursive]] = None
    one: Recursive | None = None


class Checked(BaseModel):
    name: str

    @field_validator("name")
    @classmethod
    def _upper(cls, value: str) -> str:
        return value.upper()


class Before(BaseModel):
    name: str

    @model_validator(mode="before")
    @classmethod
    def _renamed(cls, value: Any) -> Any:
        return {"name": "from a validator"} if isinstance(value, dict) else value


class Private(BaseModel):
    name: str
    _secret: int = PrivateAttr(default=3)


class After(BaseModel):
    name: str

    def model_post_init(self, context: Any) -> None:
        self.__dict__["name"] = "from post init"


class Constructing(BaseModel):
    name: str

    @classmethod
    def construct(cls, _fields_set: Any = None, **values: Any) -> Any:
        return super().construct(_fields_set, **{**values, "name": "from construct"})


class Typed(BaseModel):
    __pydantic_extra__: Dict[str, Leaf]
    name: str


class Strict(BaseModel):
    model_config = pydantic.ConfigDict(extra="allow", strict=True)
    size: int


class Closed(BaseModel):
    model_config = pydantic.ConfigDict(extra="ignore")
    size: int


class ByName(BaseModel):
    model_config = pydantic.ConfigDict(extra="allow", populate_by_name=True)
    size_: Optional[int] = Field(default=None, alias="size")


class Box(BaseModel, Generic[T]):
    value: T
    others: Optional[List[T]] = None


class Tagged(BaseModel):
    type: Literal["tagged", "also"]
    value: int


class TaggedToo(BaseModel):
    type: Literal["too"]
    value: str


class TaggedByDefault(BaseModel):
    type: Literal["default"] = "default"
    value: Optional[str] = None


class Holder(BaseModel):
    checked: Optional[Checked] = None
    before: Optional[Before] = None
    private: Optional[Private] = None
    after: Optional[After] = None
    constructing: Optional[Constructing] = None
    typed: Optional[Typed] = None
    strict: Optional[Strict] = None
    closed: Optional[Closed] = None
    by_name: Optional[ByName] = None
    box: Optional[Box[int]] = None
    boxes: List[Box[Leaf]] = []
    plain: Optional[Leaf] = None
    plainly: Constructing
    tagged: Union[Tagged, TaggedToo, None] = None
    tagged_too: Union[Tagged, TaggedToo, TaggedByDefault, None] = None


# More fields than masks have bits, and as many.
Many: Any = pydantic.create_model(
    "Many", __base__=BaseModel, **{f"field{number}": (Optional[int], None) for number in range(130)}
)
AlmostMany: Any = pydantic.create_model(
    "AlmostMany", __base__=BaseModel, **{f"field{number}": (Optional[int], None) for number in range(128)}
)

TYPES: dict[str, Any] = {
    each.__name__: each
    for each in (
        *(Numbers, Ambiguous, Unknown, Defaults, ListDefault, Tree, Recursive, Checked, Before, Private, After),
        *(Constructing, Typed, Strict, Closed, ByName, Holder, Many, AlmostMany),
    )
} | {
    "Union[Leaf, Twig]": Union[Leaf, Twig],
    "Optional[Leaf]": Optional[Leaf],
    "List[Leaf]": List[Leaf],
    "Dict[str, Leaf]": Dict[str, Leaf],
    "Box[Leaf]": Box[Leaf],
    "Union[Tagged, TaggedToo]": Union[Tagged, TaggedToo],
    "str": str,
    "float": float,
    "object": object,
}
