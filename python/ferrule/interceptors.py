"""Interceptors: functions that see requests, texts and answers of calls, and may change or refuse them (guardrails).

What they are given is here, and how they are called; `intercepted_calls.py` calls them for the calls of a client. Each
step is a generator that yields what has to be awaited: a synchronous client runs that on a loop of its own, an
asynchronous one awaits it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterable, Mapping
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Union, cast

from ferrule._native import Message, Reply
from ferrule.errors import CallRefusedError, FerruleError
from ferrule.numeric import as_integer

if TYPE_CHECKING:
    from types import TracebackType

    from ferrule.call_layers import Call
    from ferrule.typing_compat import Self

__all__ = ["InterceptedAnswer", "InterceptedRequest", "InterceptedText", "Interceptor", "interceptors_of"]

Stage = Literal["request", "text", "answer"]
"""When an interceptor is called."""

Work = Generator[Any, Any, Any]
"""A step that yields what has to be awaited."""

STAGES: tuple[Stage, ...] = ("request", "text", "answer")
_CHAT = ("complete", "stream", "count_tokens")
_logger = logging.getLogger("ferrule")


class _Intercepted:
    """What every stage knows of the call."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._name = "an interceptor"

    @property
    def operation(self) -> str:
        """What is called: `complete`, `stream`, `embed`, `rerank`, `images`, `speech`, `transcribe`, `count_tokens`."""
        return self._call.operation

    @property
    def metadata(self) -> Mapping[str, str]:
        """The labels that the call was given (`metadata=`)."""
        return dict(self._call.options.get("metadata") or {})

    def refuse(self, message: str = "") -> NoReturn:
        """Refuses the call: its caller gets a `CallRefusedError` with this message, whatever `on_error` says.

        Args:
            message: Why, in words that the caller may see.

        Raises:
            CallRefusedError: Always.
        """
        raise refusal(self._name, self._stage, message)

    def __reduce__(self) -> NoReturn:
        raise TypeError("cannot pickle what an interceptor is given: it is of a call under way")

    _stage: Stage = "request"


class InterceptedRequest(_Intercepted):
    """A request before it is sent: to change, or to refuse.

    Attributes:
        model: The model as the caller named it, a list of models, or `None` for the default one. May be replaced.
        input: What is asked: the messages of `complete`, `stream` and `count_tokens` (text or a list), the texts of
            `embed`, the prompt of `images` and `speech`; a dict of `query` and `documents` for `rerank`, and of
            `file_name` and `file` (bytes) for `transcribe`. May be replaced.
        options: The call's options, as the engine is given them: functions among `tools` are declarations by now. May
            be changed.
    """

    def __init__(self, call: Call) -> None:
        super().__init__(call)
        self.model: Any = call.model
        self.options: dict[str, Any] = call.options
        given = call.input
        if call.operation == "rerank":
            self.input: Any = {"query": given[0], "documents": list(given[1])}
        elif call.operation == "transcribe":
            self.input = {"file_name": given[0], "file": given[1]}
        else:
            self.input = given[0]

    @property
    def messages(self) -> list[Message | Mapping[str, Any]]:
        """The messages of a chat, to be changed in place or replaced. Text is the message of a user.

        Raises:
            AttributeError: It is not a chat call: see `input`.
        """
        if self.operation not in _CHAT:
            raise AttributeError(f"a request of {self.operation} has no messages; `input` is what is asked")
        if isinstance(self.input, str):
            self.input = [{"role": "user", "content": self.input}]
        elif not isinstance(self.input, list):
            self.input = list(self.input)
        return cast("list[Message | Mapping[str, Any]]", self.input)

    @messages.setter
    def messages(self, messages: Any) -> None:
        self.input = messages

    def replace_text(self, function: Callable[[str], str]) -> None:
        """Puts every text that is asked, the instructions in `system` included, through a function.

        Args:
            function: Takes a text and returns the one in its place. Files, and the bytes of recordings, stay.
        """
        asked = self.input
        if self.operation in _CHAT:
            self.input = function(asked) if isinstance(asked, str) else [_replaced(one, function) for one in asked]
        elif self.operation == "rerank":
            documents = [function(one) for one in asked["documents"]]
            self.input = {"query": function(asked["query"]), "documents": documents}
        elif self.operation != "transcribe":
            self.input = function(asked) if isinstance(asked, str) else [function(one) for one in asked]
        for name in ("system", "prompt", "instructions"):
            if (given := self.options.get(name)) is not None:
                self.options[name] = _replaced_content(given, function)

    def settle(self) -> None:
        """Writes what was changed into the call."""
        call = self._call
        call.model = self.model
        call.options = self.options
        if self.operation == "rerank":
            call.input = [self.input["query"], self.input["documents"]]
        elif self.operation == "transcribe":
            call.input = [self.input["file_name"], self.input["file"]]
        else:
            call.input = [self.input]


class InterceptedText(_Intercepted):
    """A piece of an answer's text, before its reader has it.

    Of a stream it is what has just come, and before that what `buffer` held back; of a plain answer, all of it.

    Attributes:
        text: The text. What it is set to, or what the function returns, is read in its place.
        choice: The number of the answer, where `n` asked for several.
    """

    _stage: Stage = "text"

    def __init__(self, call: Call, text: str, choice: int) -> None:
        super().__init__(call)
        self.text = text
        self.choice = choice
        self.ends = False

    @property
    def model(self) -> Any:
        """The model as the caller named it."""
        return self._call.model

    def end(self, text: str | None = None) -> None:
        """Ends the answer here: nothing more is read of it, its `finish_reason` is `content_filter`.

        Args:
            text: The last text; the piece's own by default.
        """
        if text is not None:
            self.text = text
        self.ends = True


class InterceptedAnswer(_Intercepted):
    """A whole answer, before its caller has it; of a stream, before it ends.

    Attributes:
        reply: The `Reply`. It may be replaced by another one. For operations other than chat, a dict of what the
            provider answered: `text` of a transcript, `images`, `results`, ...
    """

    _stage: Stage = "answer"

    def __init__(self, call: Call, reply: Any) -> None:
        super().__init__(call)
        self.reply: Any = reply
        self.texts: dict[int, str] = {}
        """The texts that were replaced, by the number of the answer."""

    @property
    def model(self) -> Any:
        """The model as the caller named it."""
        return self._call.model

    @property
    def text(self) -> str:
        """The text of the first answer, or of the transcript; empty where there is none. May be replaced."""
        if 0 in self.texts:
            return self.texts[0]
        return str(self.reply.get("text") or "") if isinstance(self.reply, dict) else str(self.reply.text)

    @text.setter
    def text(self, text: str) -> None:
        if isinstance(self.reply, dict):
            self.reply["text"] = text
        else:
            self.texts[0] = text

    def replace(self, value: Any) -> None:
        """Takes what a function returned."""
        if isinstance(value, str):
            self.text = value
        elif isinstance(value, Reply):
            self.reply, self.texts = value, {}
        else:
            kind = type(value).__name__
            raise TypeError(f"an interceptor of answers returns text, a Reply or None, not {kind}")


class Interceptor:
    """A function that intercepts calls, made by `client.intercept` or for the `hooks` of one call.

    In a `with` statement it does so until the end of the block.

    Args:
        stage: `request`, `text` or `answer`.
        function: Takes an `InterceptedRequest`, an `InterceptedText` or an `InterceptedAnswer`; it may be `async def`.
        order: Interceptors of a stage are called in ascending order; those of the same in that of their registration.
            Default 0.
        name: What errors and logs call it; its own name by default.
        on_error: What an error of the function does: `"refuse"` the call, or `"ignore"`, which logs it. Default
            `"refuse"`.
        buffer: For `text`: how many characters of a stream are held back, so that a text of up to that length is seen
            whole wherever the provider cuts it. Default 0.

    Raises:
        ValueError: There is no such stage, or `on_error` is another word.
        TypeError: `function` cannot be called, or a number is not one.
    """

    def __reduce__(self) -> NoReturn:
        raise TypeError("cannot pickle an interceptor: register its function in each process")

    def __init__(
        self,
        stage: Stage,
        function: Callable[[Any], Any],
        *,
        order: int = 0,
        name: str | None = None,
        on_error: Literal["refuse", "ignore"] = "refuse",
        buffer: int = 0,
    ) -> None:
        if stage not in STAGES:
            raise ValueError(f"stage: expected one of {', '.join(STAGES)}, not {stage!r}")
        if not callable(function):
            raise TypeError(f"function: expected a function, not {type(function).__name__}")
        if on_error not in ("refuse", "ignore"):
            raise ValueError(f"on_error: expected 'refuse' or 'ignore', not {on_error!r}")
        place, held = as_integer(order), as_integer(buffer)
        if place is None:
            raise TypeError(f"order: expected a whole number, not {order!r}")
        if held is None or held < 0:
            raise TypeError(f"buffer: expected a whole number of characters, 0 or more, not {buffer!r}")
        if held and stage != "text":
            raise ValueError(f"buffer: only interceptors of `text` have one, not those of `{stage}`")
        self.stage: Stage = stage
        self.function = function
        self.order = place
        self.name: str = name or getattr(function, "__qualname__", None) or type(function).__name__
        self.on_error = on_error
        self.buffer = held
        self._remove: Callable[[Interceptor], None] | None = None

    def registered(self, remove: Callable[[Interceptor], None]) -> Interceptor:
        """The same, of a client: `remove` takes it off."""
        self._remove = remove
        return self

    def cancel(self) -> None:
        """Takes it off its client: calls that begin from now on are not intercepted. Does nothing the second time."""
        remove, self._remove = self._remove, None
        if remove is not None:
            remove(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.cancel()

    def __repr__(self) -> str:
        return f"<Interceptor {self.name} of {self.stage}, order {self.order}>"

    def apply(self, given: InterceptedRequest | InterceptedText | InterceptedAnswer) -> Work:
        """Calls the function; what it returns is the outcome."""
        given._name = self.name  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - ours
        try:
            outcome = self.function(given)
            if outcome is not None and isawaitable(outcome):
                outcome = yield outcome
        except FerruleError:
            raise
        except Exception as error:
            if self.on_error == "ignore":
                _logger.exception("interceptor %s of %s failed, and is ignored", self.name, self.stage)
                return None
            raise refusal(self.name, self.stage, f"it failed: {type(error).__name__}") from error
        return outcome


Hook = Union[Interceptor, tuple[Stage, Callable[[Any], Any]]]  # noqa: UP007 - also at run time, on Python 3.10
"""What `hooks` of a call has: an `Interceptor`, or a pair of stage and function."""


def interceptors_of(hooks: Iterable[Hook]) -> tuple[Interceptor, ...]:
    """The interceptors that `hooks` of a call are.

    Raises:
        TypeError: One of them is not one.
    """
    if isinstance(hooks, (str, bytes, Interceptor)) or not hasattr(hooks, "__iter__"):
        raise TypeError(f"hooks: expected a list of interceptors, not {type(hooks).__name__}")
    found: list[Interceptor] = []
    for hook in hooks:
        if isinstance(hook, Interceptor):
            found.append(hook)
        elif isinstance(hook, tuple) and len(hook) == 2:
            found.append(Interceptor(*hook))
        else:
            raise TypeError(
                "hooks: expected ferrule.Interceptor objects or pairs of stage and function, as in "
                f"hooks=[('request', check)], not {type(hook).__name__}"
            )
    return tuple(found)


def in_order(interceptors: Iterable[Interceptor]) -> tuple[Interceptor, ...]:
    """In the order in which they are called."""
    return tuple(sorted(interceptors, key=lambda one: one.order))


def refusal(name: str, stage: str, message: str) -> CallRefusedError:
    """The error of a call that an interceptor refused."""
    said = f": {message}" if message else ""
    return CallRefusedError(f"interceptor {name} refused the {stage}{said}", stage=stage, interceptor=name)


class TextChain:
    """The interceptors of one text, the output of each being the input of the next."""

    def __init__(self, call: Call, interceptors: tuple[Interceptor, ...], choice: int) -> None:
        self._call = call
        self._interceptors = interceptors
        self._held = [""] * len(interceptors)
        self._choice = choice
        self.ended = False
        """Whether one of them ended the answer."""

    def feed(self, text: str, *, last: bool = False) -> Work:
        """Takes more of the text, or `last` of all the end; the outcome is what may be read of it."""
        for place, interceptor in enumerate(self._interceptors):
            piece = self._held[place] + text
            if not piece:
                continue
            given = InterceptedText(self._call, piece, self._choice)
            outcome = yield from interceptor.apply(given)
            if outcome is not None:
                if not isinstance(outcome, str):
                    kind = type(outcome).__name__
                    raise refusal(interceptor.name, "text", f"it returned a value of type {kind} and not text")
                given.text = outcome
            if given.ends:
                # What those before it hold back came later.
                self.ended = last = True
            seen, held = given.text, 0 if last else interceptor.buffer
            text, self._held[place] = (seen[:-held], seen[-held:]) if held else (seen, "")
        return text


def _replaced(message: Message | Mapping[str, Any], function: Callable[[str], str]) -> Any:
    if isinstance(message, Message):
        return Message.from_dict(_replaced(message.to_dict(), function))
    return {**message, "content": _replaced_content(message.get("content"), function)}


def _replaced_content(content: Any, function: Callable[[str], str]) -> Any:
    if isinstance(content, str):
        return function(content)
    if isinstance(content, Mapping):
        block = cast("Mapping[str, Any]", content)
        changed = {key: function(block[key]) for key in ("text",) if isinstance(block.get(key), str)}
        if isinstance(block.get("content"), (str, list)):  # A tool's result.
            changed["content"] = _replaced_content(block["content"], function)
        return {**block, **changed}
    if isinstance(content, (list, tuple)):
        return [_replaced_content(one, function) for one in cast("list[Any]", content)]
    return content
