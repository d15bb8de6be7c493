"""Tools that can be called: a function with its declaration (`Tool`), and the tools of a call by name (`Toolbox`)."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ferrule._native import ToolCall
from ferrule.tool_arguments import ArgumentsError, FunctionArguments, decoded_arguments
from ferrule.tools import function_tool

MAX_RESULT_LENGTH = 100_000
"""The length of a result, in characters, from which on it is cut: some 25,000 tokens."""


class Tool:
    """A function that a model may call, with its own name, description or schema.

    Functions can be given as they are; this is for those whose declaration is to differ from their signature. Calling
    it calls the function.

    Attributes:
        name: The name that the model calls.
        function: The function.
        declaration: What the model sees, in OpenAI's form.
        max_result_length: The length of a result, in characters, from which on it is cut.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        name: str | None = None,
        description: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        max_result_length: int = MAX_RESULT_LENGTH,
    ) -> None:
        """Makes a tool of a function.

        Args:
            function: The function; it may be `async def`.
            name: The name that the model sees. Default: the function's.
            description: What the model reads about it. Default: the first paragraph of the function's docstring.
            parameters: The JSON schema of the arguments, an object's. Default: made from the function's type hints.
                With it, the arguments arrive as plain JSON values, by keyword.
            max_result_length: The length of a result, in characters, from which on it is cut, with a note for the
                model. Default 100,000.

        Raises:
            TypeError: `function` cannot be called, or its parameters cannot be declared.
        """
        if not callable(function):
            raise TypeError(f"Tool: expected a function, not {type(function).__name__}")
        declared: dict[str, Any]
        if parameters is None:
            declared = function_tool(function, name)
            self._arguments: FunctionArguments | None = FunctionArguments(function, declared["function"]["parameters"])
        else:
            named = name or str(getattr(function, "__name__", type(function).__name__))
            declared = {
                "type": "function",
                "function": {"name": named, "parameters": dict(parameters)},
            }
            if text := inspect.getdoc(function):
                declared["function"]["description"] = " ".join(text.split("\n\n", 1)[0].split())
            self._arguments = None
        if description is not None:
            declared["function"]["description"] = description
        self.declaration: dict[str, Any] = declared
        self.name: str = declared["function"]["name"]
        self.function = function
        self.max_result_length = max_result_length

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Calls the function."""
        return self.function(*arguments, **keywords)

    def __repr__(self) -> str:
        return f"Tool({self.name!r})"

    def bind(self, arguments: Mapping[str, Any]) -> Callable[[], Any]:
        """The call of the function with a model's arguments, as the types of its parameters.

        Raises:
            ArgumentsError: They do not fit; the message is for the model.
        """
        if self._arguments is None:
            return functools.partial(self.function, **arguments)
        return self._arguments.bind(arguments)

    @property
    def is_async(self) -> bool:
        """Whether the function is `async def`."""
        function: Any = self.function
        while isinstance(function, functools.partial):
            function = function.func
        return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
            getattr(type(function), "__call__", None)  # noqa: B004 - of an object, it may be `async def`
        )


class Toolbox:
    """The tools of a call, by name."""

    def __init__(self, tools: Iterable[Any]) -> None:
        """Takes tools.

        Args:
            tools: Functions, `Tool` objects, and dicts of tools that the provider runs itself.

        Raises:
            TypeError: One of them is not a tool, has nothing to call, or has the name of another one.
        """
        if isinstance(tools, (str, bytes, dict)) or not hasattr(tools, "__iter__"):
            raise TypeError(f"tools: expected a list of functions, not {type(tools).__name__}")
        self.owner: Any = None
        """The client whose run calls them; `None` where a program does."""
        self.declared: list[Any] = []
        """The declarations of the tools, as `complete` takes them."""
        self._tools: dict[str, Tool] = {}
        for given in tools:
            if not callable(given):
                self._add_hosted(given)
                continue
            tool = given if isinstance(given, Tool) else Tool(given)
            if tool.name in self._tools:
                raise TypeError(f"tools: two tools are called `{tool.name}`; give one of them another name with `Tool`")
            self._tools[tool.name] = tool
            self.declared.append(tool.declaration)

    def _add_hosted(self, given: Any) -> None:
        if not isinstance(given, dict):
            raise TypeError(f"tools: expected functions or `Tool` objects, not {type(given).__name__}")
        function = given.get("function", given)
        if given.get("type", "function") in ("function", "custom"):
            name = function.get("name") if isinstance(function, dict) else None
            raise TypeError(
                f"tools: {name!r} is a declaration without a function to call; "
                "use `ferrule.Tool(function, name=..., parameters=...)`"
            )
        self.declared.append(given)

    def find(self, name: str) -> Tool | None:
        """The tool of this name."""
        return self._tools.get(name)

    def bind(self, call: ToolCall) -> Callable[[], Any]:
        """What a model's call calls.

        Raises:
            ArgumentsError: There is no such tool, or the arguments do not fit; the message is for the model.
        """
        tool = self.find(call.name)
        if tool is None:
            known = ", ".join(f"`{name}`" for name in self._tools) or "none"
            raise ArgumentsError(f"there is no tool `{call.name}`; the tools are: {known}")
        return tool.bind(decoded_arguments(call))
