"""World of the chaos run: providers of five dialects, each a simulator, and what is done to them under way."""

from __future__ import annotations

import contextlib
from contextlib import ExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chaos_faults import FAULTS, FINE

from ferrule.testing import RecordedRequest, Simulator, rule

if TYPE_CHECKING:
    from types import TracebackType

    from ferrule.typing_compat import Self

DIALECTS = {
    "chat": "openai-chat",
    "messages": "anthropic",
    "gemini": "gemini",
    "responses": "openai-responses",
    "cohere": "cohere",
}
PROVIDERS = tuple(DIALECTS)
KEY_HEADERS = {"messages": "x-api-key", "gemini": "x-goog-api-key"}
MODEL = "m"

USAGES = 3
"""How many sets of figures a provider reports: which one, the request says."""


def usage_of(provider: str, number: int) -> dict[str, int]:
    """The figures that the provider reports: no two providers or sets have the same."""
    place = PROVIDERS.index(provider)
    return {"input_tokens": 1000 + 100 * place + 10 * number, "output_tokens": 200 + 20 * place + 2 * number}


def prices_of(provider: str, *, alone: bool) -> dict[str, int]:
    """Dollars for a million tokens. A target of a group has prices of its own."""
    place = PROVIDERS.index(provider)
    return {"input_mtok": (50 if alone else 1) + place, "output_mtok": (70 if alone else 10) + place}


def cost_of(provider: str, usage: dict[str, int], model: str) -> Decimal:
    """What these tokens cost, of a call of `model`: a group, or the provider's own."""
    prompt, completion = map(Decimal, prices_of(provider, alone="/" in model).values())
    return (prompt * usage["input_tokens"] + completion * usage["output_tokens"]) / 1_000_000


def tag(provider: str, code: str) -> str:
    """What a request's text says that makes the provider do this."""
    return f"<{provider} {code}>"


def script_of(provider: str) -> list[Any]:
    """What a provider does: as the request's text says."""
    rules = []
    for number in range(USAGES):
        for mark, answer in (("(tool)", {"use_tools": True}), ("(echo)", {"echo": True})):
            reply: dict[str, Any] = {**answer, "usage": usage_of(provider, number)}
            for code, fault in FAULTS.items():
                pattern = f"*{tag(provider, code)}*(usage {number})*{mark}*"
                rules.append(rule({**reply, **fault.reply}, fault=fault.script, text=pattern))  # type: ignore[arg-type]
            rules.append(rule(reply, text=f"*{tag(provider, FINE)}*(usage {number})*{mark}*"))  # type: ignore[arg-type]
    return rules


@dataclass
class Provider:
    """A provider, which can be stopped and started again on its port."""

    name: str
    seed: int
    simulator: Simulator = field(init=False)
    past: list[RecordedRequest] = field(default_factory=list)
    """The requests that it got before it was stopped."""
    revoked: bool = False
    is_down: bool = False
    is_stopped: bool = False

    def __post_init__(self) -> None:
        self.simulator = Simulator(script_of(self.name), seed=self.seed, record_limit=20_000)
        self.port = int(self.simulator.url.rpartition(":")[2])

    def settings(self, key: str) -> dict[str, Any]:
        base = {"messages": self.simulator.anthropic_base_url, "gemini": self.simulator.base_url("gemini")}
        base["cohere"] = self.simulator.base_url("cohere")
        return {
            "base_url": base.get(self.name, self.simulator.openai_base_url),
            "dialect": DIALECTS[self.name],
            "api_key": key,
        }

    def write(self) -> None:
        """Does from now on what its state says."""
        if self.is_stopped:
            return
        first: list[Any] = []
        if self.revoked:
            header = KEY_HEADERS.get(self.name, "authorization")
            first.append(rule(headers={header: "*key-of-*"}, fault={"status": {"status": 401}}))
        if self.is_down:
            first.append(rule(fault={"status": {"status": 503}}))
        self.simulator.set_script([*first, *script_of(self.name)])

    def stop(self) -> None:
        self.past += self.simulator.requests
        self.simulator.stop()
        self.is_stopped = True

    def start(self) -> None:
        self.simulator = Simulator(script_of(self.name), seed=self.seed, port=self.port, record_limit=20_000)
        self.is_stopped = False
        self.write()

    def reset_connections(self, count: int) -> None:
        self.simulator.set_script({"rules": script_of(self.name), "reset_connections": count})

    def answer_after(self, milliseconds: int) -> None:
        self.simulator.set_script({"rules": script_of(self.name), "defaults": {"first_token_ms": milliseconds}})

    def refuse(self) -> None:
        self.simulator.set_script({"rules": script_of(self.name), "refuse": True})

    def recover(self) -> None:
        """Undoes all that was done to it."""
        self.revoked = self.is_down = False
        if self.is_stopped:
            self.start()
        else:
            self.write()

    def take_requests(self) -> list[RecordedRequest]:
        """The requests since the last time."""
        if not self.is_stopped:
            self.simulator.wait_for_answers(30)
            self.past += self.simulator.requests
            self.simulator.clear()
        taken, self.past = self.past, []
        return taken


class World:
    """The providers, by name."""

    def __init__(self, seed: int) -> None:
        self._stack = ExitStack()
        self.providers = {name: Provider(name, seed) for name in PROVIDERS}

    def settings(self) -> dict[str, Any]:
        """The arguments of a client of all of them: a group `all`, and `outage` of the first three."""
        targets = [{"model": f"{name}/{MODEL}", "prices": prices_of(name, alone=False)} for name in PROVIDERS]
        return {
            "config": False,
            "providers": {name: one.settings(f"key-of-{name}") for name, one in self.providers.items()},
            "models": {f"{name}/{MODEL}": {"prices": prices_of(name, alone=True)} for name in PROVIDERS},
            "groups": {
                "all": {"targets": targets, "strategy": "round_robin"},
                "outage": {"targets": targets[:3]},
            },
            "retry": {"backoff": 0.05, "backoff_max": 0.2},
            "breaker": {"failures": 5, "open": 0.2, "open_max": 0.5},
        }

    def recover(self) -> None:
        for provider in self.providers.values():
            provider.recover()

    def take_requests(self) -> dict[str, list[RecordedRequest]]:
        return {name: provider.take_requests() for name, provider in self.providers.items()}

    def open_connections(self) -> int:
        return sum(one.simulator.open_connections for one in self.providers.values() if not one.is_stopped)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for provider in self.providers.values():
            with contextlib.suppress(OSError):
                provider.simulator.stop()
