"""Options of calls: checked by name, and prepared for the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ferrule.configuration.suggestions import suggestion
from ferrule.options import CompletionOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_COMPLETION_OPTIONS = frozenset(CompletionOptions.__annotations__)


def prepare_completion(options: CompletionOptions) -> tuple[dict[str, Any], Callable[[str], Any] | None]:
    """The options of a completion as the engine takes them, and what parses the reply's text into a value.

    Functions become tool declarations, and types become response formats.

    Raises:
        TypeError: An option has a wrong name.
    """
    if not options.keys() <= _COMPLETION_OPTIONS:
        raise _unknown_option(options, CompletionOptions)
    given = cast("dict[str, Any]", options)
    parse = None
    if given.get("tools") is not None:
        from ferrule.tools import declare  # inspect

        given["tools"] = declare(given["tools"])
    if given.get("response_format") is not None:
        from ferrule.structured import declare_format  # dataclasses, json

        given["response_format"], parse = declare_format(given["response_format"])
    return given, parse


def check_options(options: Mapping[str, Any], kind: type) -> dict[str, Any]:
    """The options of an operation, checked against `kind`, the typed dictionary that declares them.

    Raises:
        TypeError: An option has a wrong name.
    """
    if not options.keys() <= kind.__annotations__.keys():
        raise _unknown_option(options, kind)
    return cast("dict[str, Any]", options)


def _unknown_option(options: Mapping[str, Any], kind: type) -> TypeError:
    known = kind.__annotations__
    name = min(options.keys() - known.keys())
    hint = suggestion(name, known) or "; a field of the provider goes into `extra_body`"
    return TypeError(f"unknown option `{name}`{hint}")
