"""Arguments of tool calls: a model's JSON as the values that the function's type hints ask for."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from ferrule.annotations import type_hints, unwrapped
from ferrule.schema_check import SchemaMismatchError, check, fits
from ferrule.tool_results import ModelVisibleError
from ferrule.tools import is_object_class, parameters_of, unpacked_fields
from ferrule.values import build

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ferrule._native import ToolCall


class ArgumentsError(ModelVisibleError):
    """A call that a model made wrong: of a tool that is not there, or with arguments that do not fit.

    The message is for the model.
    """


def decoded_arguments(call: ToolCall) -> dict[str, Any]:
    """The arguments of a call as JSON. Models leave them out where there are none.

    Raises:
        ArgumentsError: They are not a JSON object.
    """
    if not call.arguments_json.strip():
        return {}
    try:
        arguments = call.arguments
    except ValueError as error:
        raise ArgumentsError(str(error)) from None
    if arguments is None:
        return {}
    if not isinstance(arguments, dict):
        raise ArgumentsError(f"the arguments of `{call.name}` are not a JSON object: {call.arguments_json}")
    return arguments


class FunctionArguments:
    """What the parameters of one function are made of."""

    def __init__(self, function: Callable[..., Any], schema: dict[str, Any]) -> None:
        """Looks at a function.

        Args:
            function: The function, or a class that takes its fields.
            schema: The JSON schema of its arguments.
        """
        self._function = function
        self._schema = schema
        self._class = function if is_object_class(function) else None
        self._hints: dict[str, Any] = {}
        self._positional: list[str] = []
        self._optional: set[str] = set()
        # pydantic's `Field` as a default: Python would pass the `Field` itself.
        self._defaults: dict[str, Any] = {}
        if self._class is not None:
            return
        hints = type_hints(unwrapped(function))
        for parameter in parameters_of(function):
            if parameter.kind is parameter.VAR_KEYWORD:
                fields = unpacked_fields(hints[parameter.name]) or {}
                self._hints |= {name: field.annotation for name, field in fields.items()}
                self._optional |= {name for name, field in fields.items() if not field.required}
                continue
            self._hints[parameter.name] = hints[parameter.name]
            if parameter.kind is parameter.POSITIONAL_ONLY:
                self._positional.append(parameter.name)
            if parameter.default is parameter.empty:
                continue
            if type(parameter.default).__name__ != "FieldInfo":
                self._optional.add(parameter.name)
            elif not parameter.default.is_required():
                self._optional.add(parameter.name)
                self._defaults[parameter.name] = parameter.default

    def bind(self, arguments: Mapping[str, Any]) -> Callable[[], Any]:
        """The call of the function with these arguments.

        Raises:
            ArgumentsError: The arguments do not fit the schema, or a type refuses one of them.
        """
        given = self._given(arguments)
        try:
            check(self._schema, given)
        except SchemaMismatchError as error:
            raise ArgumentsError(str(error).replace("the answer does not fit", "the arguments do not fit", 1)) from None
        if self._class is not None:
            value = _built("the arguments", self._class, given)
            return lambda: value
        keywords = {name: _built(f"`{name}`", self._hints[name], value) for name, value in given.items()}
        for name, default in self._defaults.items():
            if name not in keywords:
                keywords[name] = default.get_default(call_default_factory=True)
        positional: list[Any] = []
        for name in self._positional:
            # One that was left out has a default, and so have those behind it.
            if name not in keywords:
                break
            positional.append(keywords.pop(name))
        return functools.partial(self._function, *positional, **keywords)

    def _given(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Without those that are null where null says that they are left out."""
        properties = self._schema.get("properties", {})
        definitions = {"$defs": self._schema["$defs"]} if "$defs" in self._schema else {}
        return {
            name: value
            for name, value in arguments.items()
            if not (value is None and name in self._optional and not fits(properties.get(name, {}) | definitions, None))
        }


def _built(place: str, annotation: Any, value: Any) -> Any:
    try:
        return build(annotation, value)
    # Each library has errors of its own, and a class may raise anything when it is made.
    except Exception as error:
        raise ArgumentsError(f"{place}: {error}") from None
