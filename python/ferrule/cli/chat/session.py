"""Session of `ferrule chat`: a conversation, its calls, and what is kept of them."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.text import Text

from ferrule import errors
from ferrule.cli import failures, screen
from ferrule.cli.chat import calls, commands, figures, request
from ferrule.cli.chat.display import Display
from ferrule.cli.chat.prompt import Prompt

if TYPE_CHECKING:
    from ferrule import Client, Reply
    from ferrule.cli.chat.retries import Retries
    from ferrule.cli.chat.tools import Approval
    from ferrule.cli.conversation_log import Conversation, ConversationLog


@dataclass(frozen=True)
class Manner:
    """How replies are shown.

    Attributes:
        as_json: As one JSON document.
        stats: With their figures.
        plain: Without rendered Markdown.
        extract: Only their first code block.
    """

    as_json: bool = False
    stats: bool = False
    plain: bool = False
    extract: bool = False


class Session:
    """A conversation with a model.

    Args:
        client: Makes the calls.
        model: The model, as the user calls it.
        system: Instructions for the model.
        options: Further options of each call.
        manner: How replies are shown.
        retries: Says when a call is tried again.
        log: Where the conversation is kept; `None` for nowhere.
        approval: The tools that the model may call, and the question whether it may.
    """

    def __init__(
        self,
        client: "Client",
        model: str,
        system: str | None,
        options: dict[str, Any],
        manner: Manner,
        retries: "Retries",
        log: "ConversationLog | None",
        approval: "Approval",
    ) -> None:
        self.client = client
        self.model = model
        self.system = system
        self._options = options
        self._manner = manner
        self._retries = retries
        self._log = log
        self._approval = approval
        self._number: int | None = None
        self._messages: list[Any] = []
        self._last: tuple[str, list[Any]] | None = None
        self._attached: list[Any] = []

    def resume(self, earlier: "Conversation") -> None:
        """Goes on with an earlier conversation."""
        self._number = earlier.number
        self._messages = list(earlier.messages)

    def attach(self, parts: list[Any]) -> None:
        """Sends `parts` with the next message."""
        self._attached += parts

    def clear(self) -> None:
        """Begins a new conversation."""
        self._messages, self._number, self._last, self._attached = [], None, None, []

    def saved(self) -> list[dict[str, Any]]:
        """The conversation as dicts, the instructions first."""
        system = [{"role": "system", "content": self.system}] if self.system else []
        return system + [calls.as_dict(message) for message in self._messages]

    def answer_once(self, text: str, parts: list[Any]) -> None:
        """Asks once, and shows the reply.

        Raises:
            FerruleError: The call failed.
        """
        manner = self._manner
        reply = self._ask(_message(text, parts), silent=manner.as_json or manner.extract)
        if manner.as_json:
            screen.print_json(reply.to_dict())
        elif manner.extract:
            block = request.code_block(reply.text)
            screen.stdout().file.write(block + ("" if block.endswith("\n") else "\n"))
        self._show_figures(reply)

    def run(self) -> None:
        """Holds the conversation until the user leaves it."""
        prompt = Prompt(commands.names())
        going_on = f" - conversation {self._number} goes on" if self._number else ""
        hint = f"{self.model}{going_on} - /help lists commands, Ctrl-C stops a reply, Ctrl-D quits"
        screen.stdout().print(Text(hint, style="dim"))
        while True:
            screen.stdout().print()
            try:
                text = prompt.read()
            except KeyboardInterrupt:
                continue
            except EOFError:
                return
            if not text:
                continue
            if command := commands.parse(text):
                if not commands.execute(self, *command):
                    return
                continue
            self.say(re.sub(r"^//", "/", text))

    def say(self, text: str) -> None:
        """Sends a message with what is attached to it. An error is shown, and the message forgotten."""
        parts, self._attached = self._attached, []
        self._last = (text, parts)
        try:
            reply = self._ask(_message(text, parts))
        except KeyboardInterrupt:
            return
        except (errors.FerruleError, failures.UsageError) as error:
            # What nothing typed here can mend ends a conversation that has not begun.
            if isinstance(error, errors.ConfigError) and not self._messages:
                raise
            failures.report(error)
        else:
            self._show_figures(reply)

    def retry(self) -> bool:
        """Asks the last question again. Returns false if there is none."""
        if self._last is None:
            users = [place for place, message in enumerate(self._messages) if calls.as_dict(message)["role"] == "user"]
            if not users:
                return False
            content = calls.as_dict(self._messages[users[-1]])["content"]
            self._last = (content, []) if isinstance(content, str) else ("", content)
        text, parts = self._last
        self._forget_last_turn(_message(text, parts))
        self._attached = parts
        self.say(text)
        return True

    def _forget_last_turn(self, asked: dict[str, Any]) -> None:
        """Takes the turn that `asked` began out of the conversation, where it was answered."""
        for place in range(len(self._messages) - 1, -1, -1):
            message = self._messages[place]
            if isinstance(message, dict) and message == asked:
                del self._messages[place:]
                return

    def _ask(self, message: dict[str, Any], *, silent: bool = False) -> "Reply":
        """Sends a message and shows the reply. An interrupted one stays in the conversation as far as it came."""
        messages = [*self._messages, message]
        options = self._options if self.system is None else self._options | {"system": self.system}
        call: calls.Call | calls.RunCall | None = None
        try:
            with Display(self.model, plain=self._manner.plain, silent=silent) as display:
                self._retries.listener = display.retry
                self._approval.asking = display.paused
                call = calls.begin(self.client, self.model, messages, options, self._approval)
                with call.opened():
                    for batch in call.batches():
                        for event in batch:
                            display.event(event)
                        display.flush()
        except (TypeError, ValueError) as error:  # Of an option; what a call says is a FerruleError.
            if isinstance(error, errors.FerruleError):
                raise
            raise failures.UsageError(str(error)) from error
        finally:
            self._retries.listener = None
            # Also after an interruption, as far as it came; and once the display is gone, as there may be a note.
            if call is not None:
                self._keep(call.turn(), call.reply())
        reply = None if call is None else call.reply()
        if reply is None:
            raise failures.UsageError("the model was not asked")
        if not reply.text and not reply.tool_calls:
            screen.note(_emptiness(reply))
        elif reply.tool_calls:
            screen.note("the model did not come to an answer: it still calls tools")
        return reply

    def _keep(self, turn: list[dict[str, Any]], reply: "Reply | None") -> None:
        if not turn or reply is None:
            return
        self._messages += turn
        if self._log:
            self._number = self._log.add(self._number, self.model, self.system, turn, reply)

    def _show_figures(self, reply: "Reply") -> None:
        if self._manner.stats:
            screen.stderr().print(Text(figures.reply_figures(reply), style="dim"))


def _message(text: str, parts: list[Any]) -> dict[str, Any]:
    if not parts:
        return {"role": "user", "content": text}
    return {"role": "user", "content": [*parts, *([{"type": "text", "text": text}] if text else [])]}


def _emptiness(reply: "Reply") -> str:
    """Why a reply has no text, as far as that is known."""
    reason = reply.finish_reason
    if reason == "length":
        thought = ", which reasoning used up" if reply.usage.reasoning_tokens else ""
        return f"the reply is empty: it reached its maximum number of tokens{thought}; raise --max-tokens"
    if reason == "content_filter":
        return "the reply is empty: the provider's safety filter stopped it"
    return f"the reply is empty: {reply.provider}/{reply.model} sent no text (finish reason: {reason or 'none'})"
