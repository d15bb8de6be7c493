"""Helpers of the tests of limits and budgets: a model whose prices are round, and a simulator that counts."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ferrule.testing import RecordedRequest, Simulator

MODEL = "mine/priced"
INPUT = Decimal("0.00001")
OUTPUT = Decimal("0.001")
"""Dollars for a token."""
MODELS: dict[str, Any] = {
    f"mine/{name}": {"prices": {"input_mtok": 10, "output_mtok": 1000}}
    for name in ("priced", "other", "long-9", "slow-20", "stall-mid-event")
}


def settings(simulator: Simulator, **more: Any) -> dict[str, Any]:
    """Arguments of a client of one provider, called `mine`."""
    mine = {"base_url": simulator.openai_base_url, "dialect": "openai-chat", "api_key": "sk-test"}
    return {"config": False, "providers": {"mine": mine}, "models": MODELS, **more}


def most_within(requests: Sequence[RecordedRequest], seconds: float) -> int:
    """The most requests that came in any time of this length, less a tenth of a second."""
    times = sorted(request.time for request in requests)
    return max(
        (sum(1 for other in times[place:] if other < time + seconds - 0.1) for place, time in enumerate(times)),
        default=0,
    )


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)
