"""Replies, messages and their parts as values of other programs: parsers of loaded replies, pydantic's schema."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ferrule.structured import Format


def parser(response_format: Any) -> Format | None:
    """What makes `Reply.parsed` of a reply's text, for a reply that is loaded.

    Args:
        response_format: As `Client.complete` takes it.
    """
    from ferrule.structured import declare_format  # schemas: loaded late

    return declare_format(response_format)[1]


def core_schema(kind: Any) -> Any:
    """What pydantic, and FastAPI with it, needs to read and write a `Reply`, a `Message`, a `Usage`, ..."""
    from pydantic_core import core_schema as schema  # optional: it is pydantic that asks

    def read(value: Any) -> Any:
        if isinstance(value, kind):
            return value
        if isinstance(value, dict):
            try:
                return kind.from_dict(value)
            except TypeError as error:  # pydantic knows ValueError
                raise ValueError(str(error)) from None
        raise ValueError(f"expected a {kind.__name__} or what its `to_dict` gives")

    fields = schema.dict_schema(schema.str_schema(), schema.any_schema())
    return schema.no_info_plain_validator_function(
        read,
        json_schema_input_schema=fields,
        serialization=schema.plain_serializer_function_ser_schema(lambda value: value.to_dict(), return_schema=fields),
    )


@functools.cache
def serializer(kind: Any) -> Any:
    """What pydantic writes an instance by where nothing says its type: in a `dict[str, Any]`, say."""
    from pydantic_core import SchemaSerializer

    return SchemaSerializer(core_schema(kind))
