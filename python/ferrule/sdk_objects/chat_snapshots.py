"""Accumulation of the openai SDK's chat streams (`chat.completions.stream()`), many times faster for pieces of text.

For every chunk the SDK dumps the whole message to a dictionary, adds the piece, and builds the message again. Where a
chunk only adds text, the same message, snapshot and events are made here directly. Everything else (tool calls, log
probabilities, the first chunks and the last ones) is the SDK's own code, on the same snapshot.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ferrule.sdk_objects.model_objects import EventClass, new_object, set_field

if TYPE_CHECKING:
    from collections.abc import Callable

_SNAPSHOT = "_ChatCompletionStreamState__current_completion_snapshot"
_FORMAT = "_rich_response_format"

# Names of the SDK's module that are needed; where one is missing, its code is left as it is.
_NEEDED = (
    "ChatCompletionChunk",
    "ChoiceChunk",
    "ChunkEvent",
    "ContentDeltaEvent",
    "ParsedChatCompletionMessageSnapshot",
    "RefusalDeltaEvent",
    "from_json",
    "is_given",
)

# What a chunk adds as text.
_TEXTS = frozenset({"content", "refusal", "role"})

# Values of extra fields that are the same object after they were dumped and read again.
_SCALARS = (str, int, float, bool, type(None))


def accelerate(state: Any) -> None:
    """Makes a `ChatCompletionStreamState` of the SDK handle chunks of text fast; events and snapshots stay equal.

    Args:
        state: As the SDK made it, before it has handled a chunk. One that is not as expected is left as it is.
    """
    class_ = type(state)
    module = sys.modules.get(class_.__module__)
    handle = vars(class_).get("handle_chunk")
    if module is None or getattr(handle, "__globals__", None) is not vars(module):
        return
    names = {name: getattr(module, name, None) for name in _NEEDED}
    if None in names.values() or not hasattr(state, _SNAPSHOT) or not hasattr(state, _FORMAT):
        return
    state.handle_chunk = _Text(state, names).handle_chunk


class _Text:
    """Handles chunks of text for a state, and gives it the others."""

    def __init__(self, state: Any, names: dict[str, Any]) -> None:
        self._state = state
        self._handle_any: Callable[[Any], Any] = state.handle_chunk
        self._choice_state: Callable[[Any], Any] = getattr(state, "_get_choice_state")  # noqa: B009 - it is the SDK's
        self._chunk_class = names["ChatCompletionChunk"]
        self._choice_class = names["ChoiceChunk"]
        self._message_class = names["ParsedChatCompletionMessageSnapshot"]
        self._all_names = set(self._message_class.model_fields)
        self._names_of_message = self._all_names - {"parsed"}
        self._other_names = sorted(self._names_of_message - _TEXTS)
        self._chunk_event = EventClass(names["ChunkEvent"], "chunk")
        self._content_event = EventClass(names["ContentDeltaEvent"], "content.delta")
        self._refusal_event = EventClass(names["RefusalDeltaEvent"], "refusal.delta")
        self._from_json = names["from_json"] if names["is_given"](getattr(state, _FORMAT)) else None

    def handle_chunk(self, chunk: Any) -> Any:
        snapshot = getattr(self._state, _SNAPSHOT)
        if snapshot is None or type(chunk) is not self._chunk_class:
            return self._handle_any(chunk)
        found = self._choices(chunk, snapshot)
        message = found and self._message_after(found[0], found[1].__dict__.get("message"))
        if not found or message is None:
            return self._handle_any(chunk)
        choice, choice_snapshot = found
        set_field(choice_snapshot, "message", message)
        self._parse(message)
        set_field(snapshot, "usage", chunk.usage)
        set_field(snapshot, "system_fingerprint", chunk.system_fingerprint)
        self._choice_state(choice)
        return self._events(chunk, snapshot, choice.delta, message)

    def _choices(self, chunk: Any, snapshot: Any) -> tuple[Any, Any] | None:
        """The one choice of the chunk, and its snapshot, where nothing but its delta counts."""
        if len(chunk.choices) != 1 or getattr(chunk, "moderation", None) is not None:
            return None
        choice = chunk.choices[0]
        if type(choice) is not self._choice_class or choice.finish_reason or choice.logprobs is not None:
            return None
        index = choice.index
        if type(index) is not int or not 0 <= index < len(snapshot.choices):
            return None
        choice_snapshot = snapshot.choices[index]
        return None if choice_snapshot.finish_reason else (choice, choice_snapshot)

    def _message_after(self, choice: Any, message: Any) -> Any:
        """The message with the delta of `choice`; `None` where the SDK has to add it."""
        # Once the SDK has built the message of a dump, all of its fields count as set.
        if type(message) is not self._message_class:
            return None
        if message.__pydantic_fields_set__ not in (self._names_of_message, self._all_names):
            return None
        values, extra = message.__dict__.copy(), message.__pydantic_extra__.copy()
        values["parsed"] = None
        for name in self._other_names:
            if values[name] is not None:
                return None
        for name in _TEXTS:
            if not (values[name] is None or type(values[name]) is str):
                return None
        for value in extra.values():
            if type(value) not in _SCALARS:
                return None
        delta = choice.delta
        for name in delta.__pydantic_fields_set__:
            added = delta.__dict__[name]
            if added is not None and (name not in _TEXTS or type(added) is not str):
                return None
            values[name] = _joined(values[name], added)
        for name, added in delta.__pydantic_extra__.items():
            known = extra.get(name)
            if not (added is None or type(added) is str) or not (known is None or type(known) is str):
                return None
            if name in values or name in {"index", "type"}:
                return None
            extra[name] = _joined(known, added)
        return new_object(self._message_class, values, extra, self._names_of_message.copy())

    def _parse(self, message: Any) -> None:
        content = message.content
        if self._from_json is not None and content and not message.refusal and content.lstrip():
            set_field(message, "parsed", self._from_json(bytes(content, "utf-8"), partial_mode=True))

    def _events(self, chunk: Any, snapshot: Any, delta: Any, message: Any) -> list[Any]:
        events = [self._chunk_event.new({"chunk": chunk, "snapshot": snapshot})]
        if delta.content is not None and message.content is not None:
            values = {"delta": delta.content, "snapshot": message.content, "parsed": message.parsed}
            events.append(self._content_event.new(values))
        if delta.refusal is not None and message.refusal is not None:
            events.append(self._refusal_event.new({"delta": delta.refusal, "snapshot": message.refusal}))
        return events


def _joined(known: str | None, added: str | None) -> str | None:
    return added if known is None else known if added is None else known + added
