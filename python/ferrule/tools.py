"""Tool declarations, made from the names, docstrings and type hints of Python functions."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

from ferrule.schema import schema_of, type_hints

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def declare(tools: Sequence[Mapping[str, Any] | Callable[..., Any]]) -> list[Any]:
    """The declarations of `tools`; dicts are taken as they are.

    Raises:
        TypeError: A tool is neither a dict nor a function, or a parameter has no type hint.
    """
    if isinstance(tools, (str, bytes, dict)) or not hasattr(tools, "__iter__"):
        raise TypeError(f"tools: expected a list of dicts or functions, not {type(tools).__name__}")
    return [function_tool(tool) if callable(tool) else tool for tool in tools]


def function_tool(function: Callable[..., Any]) -> dict[str, Any]:
    """The declaration of a function as a tool, in OpenAI's form.

    Args:
        function: Its name, the first paragraph of its docstring, its parameters' type hints, defaults and their
            descriptions (a Google-style `Args:` section, or `Annotated[type, "description"]`) are used.

    Raises:
        TypeError: A parameter has no type hint, or one without a JSON schema.
    """
    name = getattr(function, "__name__", type(function).__name__)
    summary, described = _docstring(inspect.getdoc(function) or "")
    hints = type_hints(function)
    properties: dict[str, Any] = {}
    required = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise TypeError(f"tools: {name}(): `*{parameter.name}` cannot be declared; name the parameters")
        if parameter.name not in hints:
            raise TypeError(f"tools: {name}(): parameter `{parameter.name}` has no type hint")
        try:
            declared = schema_of(hints[parameter.name])
        except TypeError as error:
            raise TypeError(f"tools: {name}(): parameter `{parameter.name}`: {error}") from None
        if parameter.name in described:
            declared.setdefault("description", described[parameter.name])
        properties[parameter.name] = declared
        if parameter.default is parameter.empty:
            required.append(parameter.name)
    parameters = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    declaration: dict[str, Any] = {"name": name, "parameters": parameters}
    if summary:
        declaration["description"] = summary
    return {"type": "function", "function": declaration}


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
