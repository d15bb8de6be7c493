"""Builder of whole responses from the chunks of a stream: `stream_chunk_builder`."""

from __future__ import annotations

from typing import Any

from ferrule.litellm.response import Choices, Message, ModelResponse, Usage


def stream_chunk_builder(
    chunks: list[Any],
    messages: Any = None,
    start_time: Any = None,
    end_time: Any = None,
    **unused: Any,
) -> ModelResponse | None:
    """The answer that a stream's chunks make up.

    Args:
        chunks: The chunks, in their order.
        messages: The conversation, by which tokens are counted where no chunk reports them.
        start_time: Not used.
        end_time: Not used.
        **unused: litellm's other arguments, which change nothing.

    Returns:
        The answer; `None` where there are no chunks.
    """
    del start_time, end_time, unused
    if not chunks:
        return None
    parts: dict[int, _Part] = {}
    usage: Any = None
    more: dict[str, Any] = {}
    for chunk in chunks:
        usage = _get(chunk, "usage") or usage
        for name in ("system_fingerprint", "service_tier"):
            if (value := _get(chunk, name)) is not None:
                more[name] = value
        for choice in _get(chunk, "choices") or ():
            parts.setdefault(_get(choice, "index") or 0, _Part()).add(choice)
    first = chunks[0]
    made = ModelResponse(
        id=_get(first, "id"),
        created=_get(first, "created"),
        model=_get(first, "model"),
        choices=[parts[index].choice(index) for index in sorted(parts)] or None,
        **more,
    )
    if usage is None:
        usage = _counted(made, messages)
    made.usage = Usage(**usage) if isinstance(usage, dict) else usage
    hidden = getattr(chunks[-1], "_hidden_params", None) or {}
    made.hidden_params = dict(hidden)
    return made


def _get(thing: Any, name: str) -> Any:
    return thing.get(name) if hasattr(thing, "get") else getattr(thing, name, None)


def _counted(made: ModelResponse, messages: Any) -> dict[str, Any]:
    """An estimate of the tokens, where no chunk reported them."""
    from ferrule.litellm.tokens import token_counter

    model = made.model or ""
    text = "".join(choice.message.content or "" for choice in made.choices)
    given = token_counter(model, messages=messages) if messages else 0
    answered = token_counter(model, text=text) if text else 0
    return {"prompt_tokens": given, "completion_tokens": answered, "total_tokens": given + answered}


class _Part:
    """What has come of one answer."""

    def __init__(self) -> None:
        self.texts: dict[str, list[str]] = {}
        self.lists: dict[str, list[Any]] = {}
        self.calls: dict[int, dict[str, Any]] = {}
        self.called: dict[str, str] | None = None
        self.reason: str | None = None
        self.logprobs: list[Any] = []

    def add(self, choice: Any) -> None:
        self.reason = _get(choice, "finish_reason") or self.reason
        logprobs = _get(choice, "logprobs")
        if logprobs and _get(logprobs, "content"):
            self.logprobs.extend(_get(logprobs, "content"))
        delta = _get(choice, "delta")
        if delta is None:
            return
        for name in ("content", "reasoning_content", "refusal"):
            if isinstance(text := _get(delta, name), str):
                self.texts.setdefault(name, []).append(text)
        for name in ("annotations", "thinking_blocks", "images"):
            if found := _get(delta, name):
                self.lists.setdefault(name, []).extend(found)
        if called := _get(delta, "function_call"):
            self.called = self.called or {"name": "", "arguments": ""}
            for name in ("name", "arguments"):
                self.called[name] += _get(called, name) or ""
        for call in _get(delta, "tool_calls") or ():
            self._add_call(call)

    def _add_call(self, call: Any) -> None:
        place = _get(call, "index") or 0
        known = self.calls.setdefault(place, {"id": None, "type": "function", "name": "", "arguments": []})
        known["id"] = _get(call, "id") or known["id"]
        function = _get(call, "function")
        if function is not None:
            known["name"] = known["name"] or _get(function, "name") or ""
            known["arguments"].append(_get(function, "arguments") or "")

    def choice(self, index: int) -> Choices:
        calls = [
            {
                "id": call["id"],
                "type": call["type"],
                "function": {"name": call["name"], "arguments": "".join(call["arguments"])},
            }
            for _, call in sorted(self.calls.items())
        ]
        content = "".join(self.texts.get("content", ())) or None
        more_of_it: dict[str, Any] = {name: "".join(text) for name, text in self.texts.items() if name != "content"}
        more_of_it.update(self.lists)
        message = Message(
            content=content if content is not None or calls or self.called else "",
            tool_calls=calls or None,
            function_call=self.called,
            **{name: text for name, text in more_of_it.items() if text},
        )
        more = {"logprobs": {"content": self.logprobs}} if self.logprobs else {}
        return Choices(finish_reason=self.reason, index=index, message=message, **more)
