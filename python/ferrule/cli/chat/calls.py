"""Calls of a session: one reply as it comes, or a run of a model with its tools."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ferrule import Client, Reply, RunStream, Stream
    from ferrule.cli.chat.tools import Approval

Batches = Iterator[list[Any]]


class Call:
    """A reply that is streamed.

    Args:
        stream: The stream.
        asked: The message that it answers.
    """

    def __init__(self, stream: "Stream", asked: dict[str, Any]) -> None:
        self._stream = stream
        self._asked = asked

    def opened(self) -> AbstractContextManager[Any]:
        """Closes the connection in the end."""
        return self._stream

    def batches(self) -> Batches:
        """The events, in batches."""
        return self._stream.batches()

    def reply(self) -> "Reply | None":
        """The reply as far as it came."""
        return self._stream.reply()

    def turn(self) -> list[dict[str, Any]]:
        """What the conversation gets; nothing where nothing was said."""
        reply = self._stream.reply()
        return [self._asked, reply.message.to_dict()] if reply.text else []


class RunCall:
    """A run of a model and its tools that is followed.

    Args:
        stream: The run.
        asked: How many messages it began with, with the one that it answers.
    """

    def __init__(self, stream: "RunStream", asked: int) -> None:
        self._stream = stream
        self._asked = asked

    def opened(self) -> AbstractContextManager[Any]:
        """Ends the run in the end."""
        return self._stream

    def batches(self) -> Batches:
        """The events, one by one."""
        return ([event] for event in self._stream)

    def reply(self) -> "Reply | None":
        """The last reply; `None` where there is none."""
        run = self._stream.run()
        return run.replies[-1] if run.replies else run.partial_reply

    def turn(self) -> list[dict[str, Any]]:
        """What the conversation gets; nothing where calls are not answered, which no provider takes."""
        run = self._stream.run()
        if not run.replies or run.pending:
            return []
        return [as_dict(message) for message in run.messages[self._asked - 1 :]]


def begin(
    client: "Client", model: str, messages: list[Any], options: dict[str, Any], approval: "Approval"
) -> Call | RunCall:
    """Asks the model; with tools where there are any."""
    if approval.functions:
        run = client.stream_run(model, messages, tools=approval.functions, approve=approval, **options)
        return RunCall(run, len(messages))
    return Call(client.stream(model, messages, **options), messages[-1])


def as_dict(message: Any) -> dict[str, Any]:
    """A message as a dict."""
    return message if isinstance(message, dict) else message.to_dict()
