"""Accumulation of the openai SDK's streams of Responses (`responses.stream()`), faster for text and arguments.

Such an event only makes one string longer and becomes one further event; both are made here directly. Every other event
is the SDK's own code, on the same snapshot.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ferrule.sdk_objects.model_objects import EventClass, set_field

if TYPE_CHECKING:
    from collections.abc import Callable

_SNAPSHOT = "_ResponseStreamState__current_snapshot"

_COMMON = ("delta", "item_id", "output_index", "sequence_number")
_OF_TEXT = ("content_index", *_COMMON, "logprobs")


def accelerate(state: Any) -> None:
    """Makes a `ResponseStreamState` of the SDK handle pieces of text and arguments fast; events stay equal.

    Args:
        state: As the SDK made it, before it has handled an event. One that is not as expected is left as it is.
    """
    class_ = type(state)
    module: Any = sys.modules.get(class_.__module__)
    functions = [vars(class_).get(name) for name in ("handle_event", "accumulate_event")]
    # Where another library has wrapped one of them, it is to see every event.
    if any(getattr(each, "__globals__", None) is not vars(module) for each in functions):
        return
    classes = [
        getattr(module, name, None) for name in ("ResponseTextDeltaEvent", "ResponseFunctionCallArgumentsDeltaEvent")
    ]
    if None in classes or not hasattr(state, _SNAPSHOT):
        return
    state.handle_event = _Pieces(state, *classes).handle_event


class _Pieces:
    """Handles pieces for a state, and gives it the other events."""

    def __init__(self, state: Any, text_event: Any, arguments_event: Any) -> None:
        self._state = state
        self._handle_any: Callable[[Any], Any] = state.handle_event
        self._text_type = "response.output_text.delta"
        self._arguments_type = "response.function_call_arguments.delta"
        self._text_event = EventClass(text_event, self._text_type, (*_OF_TEXT, "snapshot"))
        self._arguments_event = EventClass(arguments_event, self._arguments_type, (*_COMMON, "snapshot"))
        # The SDK's own events have the fields of the ones that come.
        self._classes = {text_event.__mro__[1]: self._text, arguments_event.__mro__[1]: self._arguments}

    def handle_event(self, event: Any) -> Any:
        handle = self._classes.get(type(event))
        found = handle and handle(event)
        return self._handle_any(event) if found is None else [found]

    def _text(self, event: Any) -> Any:
        output = self._output(event, self._text_type, "message")
        index, logprobs = event.content_index, event.logprobs
        if output is None or type(index) is not int or not 0 <= index < len(output.content or ()):
            return None
        content = output.content[index]
        if getattr(content, "type", None) != "output_text" or type(content.__dict__.get("text")) is not str:
            return None
        # Objects are taken over as they are; anything else the SDK would make objects of.
        if logprobs is not None and (type(logprobs) is not list or any(type(it) in (dict, list) for it in logprobs)):
            return None
        set_field(content, "text", content.text + event.delta)
        values = {name: getattr(event, name) for name in _OF_TEXT}
        values["logprobs"] = logprobs and list(logprobs)
        return self._text_event.new({**values, "snapshot": content.text})

    def _arguments(self, event: Any) -> Any:
        output = self._output(event, self._arguments_type, "function_call")
        if output is None or type(output.__dict__.get("arguments")) is not str:
            return None
        set_field(output, "arguments", output.arguments + event.delta)
        values = {name: getattr(event, name) for name in _COMMON}
        return self._arguments_event.new({**values, "snapshot": output.arguments})

    def _output(self, event: Any, type_: str, output_type: str) -> Any:
        """The item of the snapshot that the piece belongs to; `None` where the SDK has to say."""
        snapshot, index = getattr(self._state, _SNAPSHOT), event.output_index
        if snapshot is None or event.type != type_ or type(event.delta) is not str or type(index) is not int:
            return None
        items = getattr(self._state, "_output_items", None)
        if items is not None:
            output = items.get(index)
        else:
            output = snapshot.output[index] if 0 <= index < len(snapshot.output) else None
        return output if getattr(output, "type", None) == output_type else None
