"""Options of calls: checked by name, and prepared for the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ferrule.options import CompletionOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrule._native import NativeClient
    from ferrule.structured import Format

_COMPLETION_OPTIONS = frozenset(CompletionOptions.__annotations__)
_CHOICES = ("auto", "none", "required")


def prepare_completion(options: CompletionOptions) -> tuple[dict[str, Any], Format | None]:
    """The options of a completion as the engine takes them, and what makes a value of the reply.

    Functions become tool declarations, and types become response formats.

    Raises:
        TypeError: An option has a wrong name.
        ValueError: `tool_choice` is not one of the tools.
    """
    if not options.keys() <= _COMPLETION_OPTIONS:
        raise _unknown_option(options, CompletionOptions)
    given = cast("dict[str, Any]", options)
    given.pop("retries_on_invalid", None)  # Ferrule's own: see validation_retries.py.
    given.pop("hooks", None)  # As well: see call_layers.py.
    format_ = None
    if given.get("tools") is not None:
        from ferrule.tools import declare  # inspect

        given["tools"] = declare(given["tools"])
    if (choice := given.get("tool_choice")) is not None and not (isinstance(choice, str) and choice in _CHOICES):
        given["tool_choice"] = _tool_choice(choice, given.get("tools") or ())
    if given.get("response_format") is not None:
        from ferrule.structured import declare_format  # dataclasses, json

        given["response_format"], format_ = declare_format(given["response_format"])
    return given, format_


def check_options(options: Mapping[str, Any], kind: type) -> dict[str, Any]:
    """The options of an operation, checked against `kind`, the typed dictionary that declares them.

    Raises:
        TypeError: An option has a wrong name.
    """
    if not options.keys() <= kind.__annotations__.keys():
        raise _unknown_option(options, kind)
    return cast("dict[str, Any]", options)


def engine_for(native: NativeClient, options: Any, *, is_async: bool) -> NativeClient:
    """The engine for a call with these options: with the interceptors in `hooks`, which are taken out of them."""
    if options.get("hooks") is None:
        options.pop("hooks", None)
        return native
    from ferrule.call_layers import native_for  # rarely needed

    return native_for(native, options, is_async=is_async)


def is_dry_run(options: Mapping[str, Any]) -> bool:
    """Whether a call is a dry run."""
    routing = options.get("routing")
    if routing is None:
        return False
    return bool(routing.get("dry_run") if isinstance(routing, dict) else getattr(routing, "dry_run", False))


def refuse_dry_run(name: str, options: Mapping[str, Any]) -> None:
    """Refuses a dry run of the method `name`.

    Raises:
        TypeError: It is one.
    """
    if is_dry_run(options):
        raise TypeError(f"routing.dry_run: {name} does not take it; ask client.route(model, messages) instead")


def no_messages(name: str) -> TypeError:
    """The error for a call without messages: its only argument may be a model or a prompt."""
    return TypeError(
        f"messages: expected a string or a list of messages, and there are none; write "
        f"{name}('provider/model', 'the prompt'), or "
        f"{name}(messages='the prompt') for the default model"
    )


def _tool_choice(choice: Any, tools: Any) -> Any:
    if callable(choice):
        from ferrule.tools import name_of

        # A `ferrule.Tool` has a name of its own.
        named = getattr(choice, "name", None)
        choice = named if isinstance(named, str) else name_of(choice)
    elif not isinstance(choice, str) or choice == "any":  # Anthropic's word for "required".
        return choice
    names = [_tool_name(tool) for tool in tools]
    if choice in names:
        return choice
    from ferrule.configuration.suggestions import suggestion

    near = suggestion(choice, [*_CHOICES, *names])
    known = f"; the tools are {', '.join(f'`{name}`' for name in names)}" if names else "; there are no `tools`"
    raise ValueError(
        f'tool_choice: expected "auto", "none", "required", one of the tools or a dict, not {choice!r}{near or known}'
    )


def _tool_name(tool: Any) -> str:
    fields = tool.get("function", tool) if isinstance(tool, dict) else {}
    return str(fields.get("name") or fields.get("type") or "") if isinstance(fields, dict) else ""


def _unknown_option(options: Mapping[str, Any], kind: type) -> TypeError:
    from ferrule.peer_names import call_answer

    known = kind.__annotations__
    name = min(options.keys() - known.keys())
    return TypeError(call_answer(name, known, is_chat=kind is CompletionOptions))
