"""Many prompts at once: how long `client.map` takes for them, and the memory on top of the client's own.

    .venv/bin/python benches/many_prompts.py [PROMPTS]

The simulator answers, in this process.
"""

from __future__ import annotations

import resource
import sys
import time

import ferrule
from ferrule.testing import Simulator, rule

MODEL = "openai/gpt-5-mini"


def memory() -> float:
    """The most memory so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with Simulator([rule({"text": "Norway."})], record_limit=1) as simulator, simulator.client() as client:
        # Connections, catalog and all that is loaded once.
        assert all(isinstance(reply, ferrule.Reply) for reply in client.map(MODEL, ["Oslo?"] * 200))
        before, began = memory(), time.perf_counter()
        answered = sum(reply.text == "Norway." for reply in client.map(MODEL, (f"{n}?" for n in range(count))))
        seconds = time.perf_counter() - began
    assert answered == count
    print(f"{count:,} prompts in {seconds:.1f} s, {memory() - before:.1f} MB of memory")


if __name__ == "__main__":
    main()
