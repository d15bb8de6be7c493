"""A small SDK: models that are constructed as the official SDKs construct theirs, for tests without one of them."""

from __future__ import annotations

import types
from typing import Any, Union, get_args, get_origin

import pydantic


class BaseModel(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow", defer_build=True)

    @classmethod
    def construct(cls, _fields_set: set[str] | None = None, **values: Any) -> Any:
        """Every field from `values` or its default, without validation; what is no field's is further."""
        made = cls.__new__(cls)
        attributes: dict[str, Any] = {}
        fields_set = set() if _fields_set is None else _fields_set
        for name, field in cls.model_fields.items():
            attributes[name] = default = None if field.is_required() else field.get_default()
            key = field.alias or name
            if key in values:
                fields_set.add(name)
                value = values[key]
                attributes[name] = default if value is None else construct_type(value=value, type_=field.annotation)
        object.__setattr__(made, "__dict__", attributes)
        extra = {key: value for key, value in values.items() if key not in cls.model_fields}
        object.__setattr__(made, "__pydantic_extra__", extra)
        object.__setattr__(made, "__pydantic_fields_set__", fields_set)
        object.__setattr__(made, "__pydantic_private__", None)
        return made


def construct_type(*, value: Any, type_: Any, metadata: Any = None) -> Any:
    """The value as an object of the type as far as it matches; in unions what is valid, else the first variant."""
    origin, arguments = get_origin(type_), get_args(type_)
    if origin in (Union, types.UnionType):
        try:
            return pydantic.TypeAdapter(type_).validate_python(value)
        except pydantic.ValidationError:
            return construct_type(value=value, type_=arguments[0])
    if origin is list and isinstance(value, list):
        return [construct_type(value=each, type_=arguments[0]) for each in value]
    if origin is dict and isinstance(value, dict):
        return {key: construct_type(value=each, type_=arguments[1]) for key, each in value.items()}
    if isinstance(type_, type) and issubclass(type_, BaseModel) and isinstance(value, dict):
        return type_.construct(**value)
    return float(value) if type_ is float and isinstance(value, int) else value
