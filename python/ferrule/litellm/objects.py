"""Objects of answers: fields as attributes, as items, with `.get`, `in`, `model_dump` and `json`.

litellm's are pydantic models. These are plain objects whose `__dict__` holds the fields in their order; names that
begin with an underscore are not fields.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ferrule.typing_compat import Self


class MissingFieldError(AttributeError, KeyError):
    """An object has no such field: what attributes and what items raise."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


Fields = dict[str, Any]
"""Fields by name."""


class OpenAIObject:
    """An object of an answer. Fields are attributes and items; more can be set."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def fields(self) -> Fields:
        """The fields by name, in their order."""
        return {name: value for name, value in self.__dict__.items() if name[0] != "_"}

    @property
    def hidden_params(self) -> Fields:
        """Metadata of the answer: `_hidden_params`."""
        found: Fields = self._hidden_params
        return found

    @hidden_params.setter
    def hidden_params(self, value: Fields) -> None:
        self.__dict__["_hidden_params"] = value

    def get(self, key: str, default: Any = None) -> Any:
        """The field, or `default` where there is none."""
        return getattr(self, key, default)

    def __getitem__(self, key: str) -> Any:
        try:
            return getattr(self, key)
        except AttributeError:
            raise MissingFieldError(f"{type(self).__name__} has no field {key!r}") from None

    def __setitem__(self, key: str, value: Any) -> None:
        setattr(self, key, value)

    def __delitem__(self, key: str) -> None:
        delattr(self, key)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and hasattr(self, key)

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter(self.fields().items())

    def keys(self) -> list[str]:
        """The names of the fields."""
        return list(self.fields())

    def items(self) -> list[tuple[str, Any]]:
        """The fields with their names."""
        return list(self.fields().items())

    def values(self) -> list[Any]:
        """The values of the fields."""
        return list(self.fields().values())

    @property
    def model_fields_set(self) -> set[str]:
        """The names of the fields that are set."""
        return set(self.fields())

    def model_dump(
        self,
        *,
        include: Any = None,
        exclude: Any = None,
        exclude_none: bool = False,
        exclude_unset: bool = True,
        mode: str = "python",
        **options: Any,
    ) -> Fields:
        """The fields as plain dicts and lists.

        Args:
            include: The names of the only fields to take.
            exclude: The names of fields to leave out.
            exclude_none: Whether to leave out fields that are `None`, at every depth.
            exclude_unset: Fields that are not set are never in it.
            mode: Either is the same: the values are JSON's.
            **options: pydantic's other options, which change nothing.
        """
        del exclude_unset, mode, options
        dumped = {
            name: _dumped(value, exclude_none)
            for name, value in self.fields().items()
            if not (exclude_none and value is None)
        }
        if include is not None:
            dumped = {name: value for name, value in dumped.items() if name in include}
        if exclude is not None:
            dumped = {name: value for name, value in dumped.items() if name not in exclude}
        return dumped

    def dict(self, **options: Any) -> Fields:
        """`model_dump`, by its older name."""
        return self.model_dump(**options)

    def to_dict(self, **options: Any) -> Fields:
        """`model_dump`, by openai's name."""
        return self.model_dump(**options)

    def json(self, **options: Any) -> Any:
        """`model_dump`: a dict, as litellm has it, and not a text."""
        return self.model_dump(**options)

    def model_dump_json(self, *, indent: int | None = None, **options: Any) -> str:
        """The fields as JSON text."""
        import json

        separators = (",", ":") if indent is None else None
        return json.dumps(self.model_dump(**options), indent=indent, separators=separators, ensure_ascii=False)

    def to_json(self, **options: Any) -> str:
        """`model_dump_json`, by openai's name."""
        return self.model_dump_json(**options)

    def model_copy(self, *, update: Fields | None = None, deep: bool = False) -> Self:
        """A copy, with the fields in `update` replaced."""
        made = copy.deepcopy(self) if deep else copy.copy(self)
        made.__dict__.update(update or {})
        return made

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, OpenAIObject) or type(self) is not type(other):
            return NotImplemented
        return self.fields() == other.fields()

    __hash__ = None  # type: ignore[assignment] # a changeable object

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.fields().items())})"

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return _rebuild, (type(self), {**self.__dict__})


def _rebuild(kind: type[OpenAIObject], state: dict[str, Any]) -> OpenAIObject:
    # Without `__init__`, which every class has its own of.
    made = kind.__new__(kind)
    made.__dict__.update(state)
    return made


def _dumped(value: Any, exclude_none: bool) -> Any:
    if isinstance(value, OpenAIObject):
        return value.model_dump(exclude_none=exclude_none)
    if isinstance(value, list):
        return [_dumped(item, exclude_none) for item in value]
    if isinstance(value, dict):
        return {key: _dumped(item, exclude_none) for key, item in value.items() if not (exclude_none and item is None)}
    return value


def plain(value: Any) -> Any:
    """`value` with the objects of answers in it, and pydantic's, as dicts: what goes into a request.

    Answers are appended to conversations as they are.
    """
    kind = type(value)
    if kind is str or kind is int or kind is float or kind is bool or value is None:
        return value
    if kind is dict:
        return {key: plain(item) for key, item in value.items()}
    if kind is list or kind is tuple:
        return [plain(item) for item in value]
    if isinstance(value, OpenAIObject):
        return plain(value.model_dump(exclude_none=True))
    dump = getattr(value, "model_dump", None)
    return plain(dump(exclude_none=True)) if callable(dump) and not isinstance(value, type) else value
