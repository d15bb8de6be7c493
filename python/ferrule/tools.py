"""Tool declarations, made from the names, docstrings and type hints of Python functions."""

from __future__ import annotations

import functools
import inspect
import re
from typing import TYPE_CHECKING, Any, get_args, get_origin

from ferrule.annotations import annotate, type_hints, unwrapped
from ferrule.hosted_tools import code_execution as code_execution, web_fetch as web_fetch, web_search as web_search
from ferrule.schema import (
    MISSING,
    Field,
    Schemas,
    fields_of,
    is_msgspec,
    is_pydantic,
    is_pydantic_type,
    schema_of,
    to_json,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence


def declare(tools: Sequence[Mapping[str, Any] | Callable[..., Any]]) -> list[Any]:
    """The declarations of `tools`; dicts are taken as they are.

    Raises:
        TypeError: A tool is neither a dict nor a function, or a parameter has no type hint.
    """
    if isinstance(tools, (str, bytes, dict)) or not hasattr(tools, "__iter__"):
        raise TypeError(f"tools: expected a list of dicts or functions, not {type(tools).__name__}")
    return [_declaration_of(tool) if callable(tool) else tool for tool in tools]


def _declaration_of(tool: Callable[..., Any]) -> Any:
    # A `Tool` has one already.
    declaration = getattr(tool, "declaration", None)
    return declaration if isinstance(declaration, dict) else function_tool(tool)


def function_tool(function: Callable[..., Any], name: str | None = None) -> dict[str, Any]:
    """The declaration of a function as a tool, in OpenAI's form.

    Args:
        function: Its name, the first paragraph of its docstring, its parameters' type hints, defaults and their
            descriptions (a Google-style `Args:` section, `Annotated[type, "description"]` or pydantic's `Field`) are
            used. Arguments that a `functools.partial` fixes are not the model's to give. A class that JSON objects
            are made of (pydantic, msgspec, a dataclass, a `TypedDict`) is a tool that takes its fields.
        name: The tool's name; the function's by default.

    Raises:
        TypeError: A parameter has no type hint, or one without a JSON schema.
    """
    if getattr(function, "__module__", None) == "ferrule.hosted_tools":
        called = getattr(function, "__name__", "")
        raise TypeError(f"tools: call the function that declares a hosted tool: ferrule.tools.{called}()")
    whole = unwrapped(function)
    name = name_of(function) if name is None else name
    summary, described = _docstring(_text_of(function, whole))
    if isinstance(function, type) and is_object_class(function):
        return _declaration(name, summary, _class_parameters(function))
    if not re.fullmatch(r"[a-zA-Z0-9_-]+", name):
        raise TypeError(f"tools: {name!r} is not a valid name of a tool; define a function with a name")
    try:
        hints = type_hints(whole)
    except TypeError as error:
        raise TypeError(f"tools: {error}") from None
    schemas = Schemas()
    fields: dict[str, Field] = {}
    notes: dict[str, Any] = {}
    for parameter in parameters_of(function):
        if parameter.kind is parameter.VAR_KEYWORD and (unpacked := unpacked_fields(hints.get(parameter.name))):
            fields |= unpacked
            continue
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise TypeError(f"tools: {name}(): `*{parameter.name}` cannot be declared; name the parameters")
        if parameter.name not in hints:
            raise TypeError(f"tools: {name}(): parameter `{parameter.name}` has no type hint")
        fields[parameter.name], notes[parameter.name] = _field(parameter, hints[parameter.name])
    properties: dict[str, Any] = {}
    for each, field in fields.items():
        try:
            declared = schemas.object({each: field})["properties"][each]
        except TypeError as error:
            raise TypeError(f"tools: {name}(): parameter `{each}`: {error}") from None
        declared = annotate(declared, notes.get(each, ()))
        if each in described:
            declared.setdefault("description", described[each])
        properties[each] = declared
    required = [each for each, field in fields.items() if field.required]
    parameters = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return _declaration(name, summary, schemas.definitions.at_root(parameters))


def _declaration(name: str, summary: str, parameters: dict[str, Any]) -> dict[str, Any]:
    declaration: dict[str, Any] = {"name": name, "parameters": parameters}
    if summary:
        declaration["description"] = summary
    return {"type": "function", "function": declaration}


def name_of(function: Any) -> str:
    """The name of the tool that a function is."""
    while isinstance(function, functools.partial):
        function = function.func
    if inspect.ismethod(function) and function.__name__ == "__call__":
        function = function.__self__
    return str(getattr(function, "__name__", type(function).__name__))


def parameters_of(function: Callable[..., Any]) -> Iterator[inspect.Parameter]:
    """The parameters that are not fixed already."""
    fixed: set[str] = set()
    inner: Any = function
    while isinstance(inner, functools.partial):
        fixed |= inner.keywords.keys()
        inner = inner.func
    try:
        signature = inspect.signature(function)
    except ValueError:  # Of some functions and classes that are written in C.
        raise TypeError(
            f"tools: {name_of(function)} has no signature that can be read; define a function that calls it"
        ) from None
    for parameter in signature.parameters.values():
        if parameter.name not in fixed:
            yield parameter


def _field(parameter: inspect.Parameter, hint: Any) -> tuple[Field, tuple[Any, ...]]:
    """A parameter as a field, and the notes on it."""
    default = parameter.default
    if type(default).__name__ == "FieldInfo":  # pydantic's `Field` as a default.
        required = default.is_required()
        return Field(hint, required, MISSING if required else to_json(default.default)), (default,)
    if default is parameter.empty:
        return Field(hint, required=True), ()
    return Field(hint, required=False, default=to_json(default)), ()


def unpacked_fields(hint: Any) -> dict[str, Field] | None:
    """The fields of `**options: Unpack[SomeTypedDict]`."""
    if getattr(get_origin(hint), "__name__", None) != "Unpack" and "Unpack" not in str(get_origin(hint)):
        return None
    return fields_of(get_args(hint)[0])


def is_object_class(function: Any) -> bool:
    """Whether it is a class that JSON objects are made of, which is a tool that takes its fields."""
    return isinstance(function, type) and (
        is_pydantic(function) or is_msgspec(function) or is_pydantic_type(function) or fields_of(function) is not None
    )


def _class_parameters(kind: type) -> dict[str, Any]:
    schema = schema_of(kind)
    # It is the tool's.
    return {key: value for key, value in schema.items() if key not in ("title", "description")}


def _text_of(function: Callable[..., Any], whole: Any) -> str:
    if isinstance(function, type):
        text = function.__doc__ or ""
        # A dataclass without a docstring gets its signature.
        return "" if text.startswith(f"{function.__name__}(") else inspect.cleandoc(text)
    if whole.__name__ == "__call__":
        return inspect.getdoc(whole) or inspect.getdoc(function) or ""
    return inspect.getdoc(whole) or ""


def _docstring(text: str) -> tuple[str, dict[str, str]]:
    """The first paragraph, and the descriptions of a Google-style `Args:` section."""
    summary = re.split(r"\n\s*\n|\n\s*Args:", text, maxsplit=1)[0]
    section = re.search(r"^Args:\n((?:[ \t]+.*\n?|\n)+)", text, re.MULTILINE)
    described: dict[str, str] = {}
    name, indent = "", 0
    for line in section.group(1).splitlines() if section else []:
        start = re.match(r"\s+(\w+)(?:\s*\([^)]*\))?:\s*(.*)", line)
        # A continued line is indented deeper than the names are.
        if start and (not described or len(line) - len(line.lstrip()) <= indent):
            name, indent = start.group(1), len(line) - len(line.lstrip())
            described[name] = start.group(2)
        elif name and line.strip():
            described[name] += " " + line.strip()
    return " ".join(summary.split()), described
