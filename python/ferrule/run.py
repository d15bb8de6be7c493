"""Run: a model and its tools in turns, until the model answers or a limit is reached.

`Steps` is the loop itself. It makes no call itself: it yields what is to be done (`CallModel`, `Approve`, `Execute`,
`Emit`) and is sent what came of it. `run_sync.py` and `run_async.py` do it, each in its own way.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, Literal

from ferrule import errors
from ferrule._native import Cost, Message, Reply, ToolCall, Usage
from ferrule.numeric import as_integer, as_number
from ferrule.operations.call_options import check_options
from ferrule.options import RunOptions, Timeouts
from ferrule.run_events import StepEnd, StepStart, ToolResult
from ferrule.tool_execution import PreparedCall, prepare, too_late
from ferrule.tool_results import result_message
from ferrule.toolbox import Toolbox
from ferrule.turns import answered_calls, pending_calls, turns_of
from ferrule.typing_compat import T

if TYPE_CHECKING:
    from ferrule.options import Messages
    from ferrule.run_events import RunEvent

__all__ = ["Run", "Stopped"]

Stopped = Literal["answer", "steps", "time", "cost", "approval"]
"""Why a run stopped."""

_DECLINED = "The user did not approve this call and said something else instead."
_FORCING = ("auto", "none")


@dataclasses.dataclass
class Run(Generic[T]):
    """What a run did. `Run[City]` is one whose replies' `parsed` is a `City`, `Run` alone is `Run[Any]`.

    Attributes:
        messages: The whole conversation: the messages that the run was given, the model's, and the tools'. The next
            call goes on from here.
        replies: The model's replies, one for each step.
        stopped: Why the run stopped: `"answer"` (the model called no more tools), `"steps"`, `"time"` or `"cost"` (the
            limit), `"approval"` (`approve` said no; the calls are `pending`). `None` while it goes on.
        partial_reply: What was received of a reply that a limit or an error cut off. It is not in `messages`.
    """

    messages: list[Message | Mapping[str, Any]]
    replies: list[Reply[T]] = dataclasses.field(default_factory=list)
    stopped: Stopped | None = None
    partial_reply: Reply[T] | None = None

    @property
    def reply(self) -> Reply[T]:
        """The last reply: the answer, where `stopped` is `"answer"`.

        Raises:
            LookupError: The run stopped before the model had answered once.
        """
        if not self.replies:
            raise LookupError(f"the run has no reply: it stopped before the model answered ({self.stopped})")
        return self.replies[-1]

    @property
    def text(self) -> str:
        """The text of the last reply; empty where there is none."""
        return self.replies[-1].text if self.replies else ""

    @property
    def pending(self) -> list[ToolCall]:
        """The calls that are not answered yet. A run that goes on from `messages` begins with them."""
        return pending_calls(self.messages)

    @property
    def usage(self) -> Usage:
        """The tokens of all replies together; a number that one of them does not have is `None`."""
        return Usage._sum([reply.usage for reply in self._paid()])  # noqa: SLF001 - ours

    @property
    def cost(self) -> Cost | None:
        """The cost of all replies together; `None` where that of one is not known."""
        return Cost._sum([reply.cost for reply in self._paid()])  # noqa: SLF001 - ours

    def _paid(self) -> list[Reply[T]]:
        return self.replies if self.partial_reply is None else [*self.replies, self.partial_reply]

    def __repr__(self) -> str:
        text = self.text if len(self.text) <= _SHOWN else f"{self.text[:_SHOWN]}…"
        return f"Run(stopped={self.stopped!r}, steps={len(self.replies)}, text={text!r})"

    def _repr_markdown_(self) -> str | None:
        return self.replies[-1]._repr_markdown_() or None if self.replies else None


# So many characters of the text are in the `repr` of a run, as in that of a reply.
_SHOWN = 80


@dataclasses.dataclass(frozen=True)
class CallModel:
    """Calls the model; the reply is sent back, or `None` where the time of the run was over before it came."""

    messages: list[Message | Mapping[str, Any]]
    options: dict[str, Any]
    is_last_chance: bool
    """Whether the call ends with the time of the run."""


@dataclasses.dataclass(frozen=True)
class Approve:
    """Asks `approve` about a call; what it says is sent back."""

    call: ToolCall


@dataclasses.dataclass(frozen=True)
class Execute:
    """Makes calls; their results are sent back, in the order in which they came."""

    calls: list[PreparedCall]
    deadline: float | None


@dataclasses.dataclass(frozen=True)
class Emit:
    """Reports an event to whoever follows the run."""

    event: RunEvent


Action = CallModel | Approve | Execute | Emit


class Steps:
    """A run that goes on: its limits, and what it did so far in `run`."""

    def __init__(
        self,
        messages: Messages,
        options: RunOptions,
        *,
        tools: Iterable[Any],
        max_steps: int,
        max_cost: Any,
        timeout: Any,
        approve: Callable[[ToolCall], Any] | None,
        parallel: bool,
        call_limit: float,
    ) -> None:
        """Checks the arguments of `client.run`.

        Args:
            messages: As `complete` takes them.
            options: Those of each call of the model.
            tools: The tools.
            max_steps: How many times the model is asked at most.
            max_cost: The cost in dollars from which on the model is not asked again.
            timeout: Seconds for the whole run, or `Timeouts`.
            approve: What is asked before a tool is called.
            parallel: Whether the calls of a step are made at once.
            call_limit: Seconds for one call of the model, whatever the run has left.

        Raises:
            TypeError: An argument has a wrong type, or an option a wrong name.
        """
        given = check_options(options, RunOptions)
        self.toolbox = Toolbox(tools)
        self.max_steps = _at_least_one("max_steps", max_steps)
        dollars = _limit("max_cost", max_cost, "dollars")
        self.max_cost = None if dollars is None else Decimal(str(dollars))
        self._timeouts = timeout if isinstance(timeout, Timeouts) else Timeouts()
        seconds = _limit("timeout", timeout.total if isinstance(timeout, Timeouts) else timeout, "seconds")
        self.deadline = None if seconds is None else time.monotonic() + seconds
        if approve is not None and not callable(approve):
            raise TypeError(f"approve: expected a function, not {type(approve).__name__}")
        self.approve = approve
        if not isinstance(parallel, bool):
            raise TypeError(f"parallel: expected True or False, not {parallel!r}")
        self.parallel = parallel
        self._call_limit = call_limit
        self._options: dict[str, Any] = {**given, "tools": self.toolbox.declared}
        self.run: Run[Any] = Run(turns_of(messages))

    def actions(self) -> Generator[Action, Any, None]:
        """The run, action by action."""
        run = self.run
        before, calls = answered_calls(run.messages, _DECLINED)
        run.messages[:] = before
        if calls and not (yield from self._answer(calls)):
            return
        step = 0
        while not self._reached(step):
            step += 1
            yield Emit(StepStart(step))
            reply = yield self._call_model()
            if reply is None:
                run.stopped = "time"
                return
            run.replies.append(reply)
            run.messages.append(reply.message)
            going_on = True
            if calls := reply.tool_calls:
                going_on = yield from self._answer(calls)
                self._release_choice()
            elif reply.finish_reason != "pause":  # A provider whose own tools take long asks to be asked again.
                run.stopped, going_on = "answer", False
            yield Emit(StepEnd(step, reply))
            if not going_on:
                return

    def cut_off(self, error: errors.FerruleError, request: CallModel) -> None:
        """Takes note of an error of the model's call, and raises it unless it says that the time of the run is over."""
        self.run.partial_reply = error.partial_reply
        is_limit = request.is_last_chance and isinstance(error, errors.TotalTimeoutError)
        if not (is_limit or (self._is_late() and isinstance(error, errors.TimeoutError))):
            error.partial_run = self.run
            raise error

    def _is_late(self) -> bool:
        return self.deadline is not None and time.monotonic() >= self.deadline

    def _reached(self, steps: int) -> bool:
        """Whether a limit is reached, so that the model is not asked again."""
        if steps >= self.max_steps:
            self.run.stopped = "steps"
        elif self._is_late():
            self.run.stopped = "time"
        elif steps and self.max_cost is not None:
            cost = self.run.cost
            # A cost that is not known cannot be kept below the limit.
            if cost is None or cost.total >= self.max_cost:
                self.run.stopped = "cost"
        return self.run.stopped is not None

    def _call_model(self) -> CallModel:
        options, limits, is_last_chance = dict(self._options), self._timeouts, False
        if self.deadline is not None:
            left = max(self.deadline - time.monotonic(), 0.001)
            is_last_chance = left <= self._call_limit
            limits = limits._replace(total=min(left, self._call_limit))
        if any(limit is not None for limit in limits):
            options["timeout"] = limits
        return CallModel(self.run.messages, options, is_last_chance)

    def _release_choice(self) -> None:
        """A tool that had to be called was: had it to be called again each time, the run would never end."""
        if self._options.get("tool_choice") not in (None, *_FORCING):
            del self._options["tool_choice"]

    def _answer(self, calls: Sequence[ToolCall]) -> Generator[Action, Any, bool]:
        """Answers calls, in their order; whether the run goes on."""
        answers: dict[int, ToolResult] = {}
        ready: dict[int, PreparedCall] = {}
        for position, call in enumerate(calls):
            prepared = prepare(self.toolbox, call)
            if isinstance(prepared, ToolResult):
                answers[position] = prepared
                continue
            said: bool | str = True
            if self.approve is not None:
                said = _checked((yield Approve(call)))
            if said is False:
                # Nothing of this step was done, so all of it is asked again.
                self.run.stopped = "approval"
                return False
            if said is True:
                ready[position] = prepared
            else:
                answers[position] = ToolResult(call, result_message(call, said), value=said)
        for answer in answers.values():
            yield Emit(answer)
        if ready and self._is_late():  # An approval took long: nothing is begun any more.
            for position, prepared in ready.items():
                answers[position] = too_late(prepared)
                yield Emit(answers[position])
        elif ready:
            results = yield Execute(list(ready.values()), self.deadline)
            positions = {id(prepared.call): position for position, prepared in ready.items()}
            answers |= {positions[id(result.call)]: result for result in results}
        self.run.messages += [answers[position].message for position in sorted(answers)]
        return True


def _checked(said: Any) -> bool | str:
    if said is True or said is False or isinstance(said, str):
        return said
    raise TypeError(f"approve: expected True, False, or text for the model, not {said!r}")


def _at_least_one(name: str, value: Any) -> int:
    number = as_integer(value)
    if number is None or number < 1:
        raise TypeError(f"{name}: expected a whole number, 1 or more, not {value!r}")
    return number


def _limit(name: str, value: Any, unit: str) -> float | None:
    if value is None:
        return None
    number = as_number(value)
    # Written so that `nan` fails as well.
    if number is None or not 0 < number < float("inf"):
        raise TypeError(f"{name}: expected a positive number of {unit}, not {value!r}")
    return number
