"""Descriptions of the SDKs' types, of which `crates/python/src/sdk_objects/registry.rs` makes plans.

A type is described as a name (`"str"`, `"int"`, `"float"`, `"bool"`, `"none"`, `"any"`), or as a tuple:
`("literal", words)`, `("model", class)`, `("list", item)`, `("map", value)`, or
`("union", variants, tag, declared, is_theirs)`. Of the last, what is not valid is the SDK's to build if `is_theirs`.
What is none of these is `"unknown"`: the SDK builds it.
"""

from __future__ import annotations

import sys
import types
import typing
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

UNKNOWN = "unknown"

_ATOMS: dict[Any, str] = {
    str: "str",
    int: "int",
    float: "float",
    bool: "bool",
    type(None): "none",
    None: "none",
    object: "any",
    Any: "any",
}

# Annotations that say to the SDK which field distinguishes the models of a union, and pydantic nothing.
_DISCRIMINATORS = {"PropertyInfo", "UnionDiscriminator"}

# Settings of models that change nothing of what is built.
_HARMLESS_SETTINGS = {"extra", "defer_build", "title", "arbitrary_types_allowed"}

# What pydantic calls while it validates, by the attributes of `__pydantic_decorators__`.
_VALIDATORS = ("validators", "field_validators", "root_validators", "model_validators")

_SLOTS = ("__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")


class Describing:
    """Descriptions of the types of one SDK.

    Args:
        models_module: The name of the module with the SDK's `BaseModel` and `construct_type`.
        discriminate: That module's `_build_discriminated_union_meta`, if it has one.
    """

    def __init__(self, models_module: str, discriminate: Callable[..., Any] | None) -> None:
        self._models_module = models_module
        self._package = models_module.partition(".")[0]
        self._discriminate = discriminate

    def of_type(self, type_: Any, metadata: Sequence[Any] = ()) -> Any:
        """The description of a type, with the metadata that its field has."""
        metadata = tuple(metadata)
        if get_origin(type_) is Annotated:
            if metadata:
                return UNKNOWN
            type_, *annotations = get_args(type_)
            metadata = tuple(annotations)
        if not all(self._is_discriminator(each) for each in metadata):
            return UNKNOWN
        if (name := _name_of(type_)) is not None:
            return name
        origin, arguments = get_origin(type_), get_args(type_)
        if origin in _literals():
            return ("literal", arguments) if all(type(word) is str for word in arguments) else UNKNOWN
        if origin is list and len(arguments) == 1:
            return self._container("list", arguments[0])
        if origin is dict and len(arguments) == 2 and arguments[0] is str:
            return self._container("map", arguments[1])
        if origin is Union or origin is types.UnionType:
            return self._union(type_, arguments, metadata)
        return ("model", type_) if self._is_model(type_) else UNKNOWN

    def of_model(self, class_: Any) -> tuple[list[Any], tuple[Any, ...]] | None:
        """Fields and slots of a model class; `None` where only the SDK can build its objects.

        A field is its key in JSON, its name, its type's description, whether what comes is a further field as well,
        whether it is required, its default, its annotation and its metadata.
        """
        if not self._is_plain(class_):
            return None
        if not getattr(class_, "__pydantic_fields_complete__", True):
            class_.model_rebuild(raise_errors=False)
        fields = class_.model_fields
        described: list[Any] = []
        for name, field in fields.items():
            key = field.alias or name
            if {field.validation_alias, field.serialization_alias} != {field.alias} or not _is_simple(field):
                return None
            default = None if field.is_required() else field.default
            kind = self.of_type(field.annotation, field.metadata)
            metadata = list(field.metadata)
            described.append(
                (key, name, kind, key not in fields, field.is_required(), default, field.annotation, metadata)
            )
        slots = [_slot(class_, name) for name in _SLOTS]
        return None if None in slots else (described, tuple(slots))

    def tags(self, union: Any, metadata: Any) -> tuple[str, dict[str, Any]] | None:
        """The SDK's own table for values of a union that are not valid: a key in JSON, and classes by its value."""
        details = self._discriminate and self._discriminate(union=union, meta_annotations=tuple(metadata))
        if details is None:
            return None
        return details.field_alias_from or details.field_name, dict(details.mapping)

    def _container(self, name: str, inner: Any) -> Any:
        kind = self.of_type(inner)
        return UNKNOWN if kind == UNKNOWN else (name, kind)

    def _union(self, union: Any, arguments: tuple[Any, ...], metadata: tuple[Any, ...]) -> Any:
        if metadata and self._discriminate is None:
            return UNKNOWN
        kinds = [self.of_type(each) for each in arguments]
        # Before Python 3.14 `X | Y` cannot be weakly referenced, and some versions of the SDKs fail at that.
        is_theirs = isinstance(union, types.UnionType) and sys.version_info < (3, 14)
        return ("union", kinds, self._tag(kinds), (union, metadata) if metadata else None, is_theirs)

    def _tag(self, kinds: list[Any]) -> tuple[str, dict[str, list[int]]] | None:
        """A key that every model of a union requires and that has literal values, and the variants by value.

        Variants are numbered without `None`.
        """
        models: dict[int, dict[str, tuple[str, ...]]] = {}
        variants = [kind for kind in kinds if kind != "none"]
        for index, kind in enumerate(variants):
            if kind[0] == "model":
                if not self._is_plain(kind[1]):
                    return None
                models[index] = self._required_literals(kind[1])
        if len(models) < 2:
            return None
        common = set.intersection(*(set(literals) for literals in models.values()))
        if not common:
            return None
        key = "type" if "type" in common else min(common)
        tags: dict[str, list[int]] = {}
        for index, literals in models.items():
            for word in literals[key]:
                tags.setdefault(word, []).append(index)
        return key, tags

    def _required_literals(self, class_: Any) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for name, field in class_.model_fields.items():
            if field.is_required() and get_origin(field.annotation) in _literals():
                kind = self.of_type(field.annotation, field.metadata)
                if kind[0] == "literal":
                    found[field.alias or name] = kind[1]
        return found

    def _is_discriminator(self, annotation: Any) -> bool:
        class_: Any = type(annotation)
        return class_.__name__ in _DISCRIMINATORS and class_.__module__.partition(".")[0] == self._package

    def _is_model(self, type_: Any) -> bool:
        """Whether it is a class of the SDK's, or of the user's with the SDK's `BaseModel`, for pydantic 2."""
        return isinstance(type_, type) and _defines(type_, "construct") == self._models_module

    def _is_plain(self, class_: Any) -> bool:
        """Whether nothing of the class has a say in what its objects are, but its fields."""
        decorators = getattr(class_, "__pydantic_decorators__", None)
        if decorators is None or any(getattr(decorators, name, None) for name in _VALIDATORS):
            return False
        if class_.__pydantic_custom_init__ or class_.__pydantic_root_model__ or class_.__pydantic_post_init__:
            return False
        settings = class_.model_config
        return (
            _defines(class_, "construct") == self._models_module
            and _defines(class_, "__get_pydantic_core_schema__") == "pydantic.main"
            and class_.__new__ is object.__new__
            and not class_.__private_attributes__
            and settings.get("extra") == "allow"
            and settings.keys() <= _HARMLESS_SETTINGS
            and not any(_adds_to_extra(each) for each in class_.__mro__)
        )


def _name_of(type_: Any) -> str | None:
    try:
        return _ATOMS.get(type_)
    except TypeError:  # It cannot be hashed.
        return None


def _literals() -> tuple[Any, ...]:
    """`Literal`, and that of `typing_extensions`, which is another one before Python 3.10.1."""
    extensions: Any = sys.modules.get("typing_extensions")
    return (typing.Literal, extensions.Literal) if extensions else (typing.Literal,)


def _defines(class_: Any, name: str) -> str | None:
    """The module whose function a class has as its class method `name`.

    That of the function's global names: what `__module__` says is changed by the SDKs for the names they export.
    """
    for each in class_.__mro__:
        if name in vars(each):
            function = getattr(vars(each)[name], "__func__", None)
            return getattr(function, "__globals__", {}).get("__name__")
    return None


def _adds_to_extra(class_: Any) -> bool:
    """Whether the class gives further fields a type, or has slots of its own."""
    if class_.__module__ == "pydantic.main" or class_ is object:
        return False
    return "__pydantic_extra__" in _annotations(class_) or bool(vars(class_).get("__slots__"))


def _annotations(class_: Any) -> Any:
    if sys.version_info >= (3, 14):
        import annotationlib

        return annotationlib.get_annotations(class_, format=annotationlib.Format.FORWARDREF)
    return vars(class_).get("__annotations__", {})


def _is_simple(field: Any) -> bool:
    """Whether a field has only a type and a default that nobody can change."""
    if field.default_factory is not None or getattr(field, "discriminator", None) is not None:
        return False
    if getattr(field, "validate_default", None) or getattr(field, "init", None) is False:
        return False
    return field.is_required() or field.default is None or type(field.default) in (str, int, float, bool)


def _slot(class_: Any, name: str) -> Any:
    for each in class_.__mro__:
        if isinstance(found := vars(each).get(name), types.MemberDescriptorType):
            return found
    return None
