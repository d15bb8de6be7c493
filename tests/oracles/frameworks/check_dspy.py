"""DSPy on Ferrule."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

# litellm looks on the internet for prices otherwise.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import dspy
import pytest
from comparing import alike
from litellm.litellm_core_utils import thread_pool_executor

import ferrule
from ferrule.testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator


def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"Sunny in {city}."


def without_none(value: Any) -> Any:
    """As dicts, without what the provider did not say."""
    found = value if isinstance(value, dict) else value.model_dump() if hasattr(value, "model_dump") else None
    return value if found is None else {name: without_none(item) for name, item in found.items() if item is not None}


def conversed(simulator: Simulator, **options: Any) -> Any:
    """Plain, structured, with tools, streamed and asynchronously."""
    model = dspy.LM(
        "openai/gpt-4o", api_base=simulator.openai_base_url, api_key="sk-1", cache=False, engine="litellm", **options
    )
    with dspy.context(lm=model):
        answer = model("Hello, world!")
        several = model(messages=[{"role": "user", "content": "Tell me more."}], temperature=0.5, max_tokens=50)
        with dspy.context(adapter=dspy.JSONAdapter()):
            predicted = dspy.Predict("question -> answer")(question="What is it?")
        reacting = dspy.ReAct("question -> answer", tools=[get_weather], max_iters=1)
        reacted = reacting(question="What is the weather?")
        used = [without_none(entry["usage"]) for entry in model.history]

        async def run() -> Any:
            plain = await model.acall("Hello, world!")
            program = dspy.streamify(dspy.Predict("question -> answer"), async_streaming=True)
            parts = [part async for part in program(question="What is it?")]
            texts = [part.choices[0].delta.content or "" for part in parts if not isinstance(part, dspy.Prediction)]
            assert len(texts) > 5
            return [plain, "".join(texts), parts[-1].toDict()]

        return [answer, several, predicted.toDict(), reacted.toDict(), used, asyncio.run(run())]


@pytest.fixture(scope="module", autouse=True)
def threads() -> Iterator[None]:
    yield
    thread_pool_executor.executor.shutdown()


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    answer = '{"answer": "It is.", "next_thought": "I know.", "next_tool_name": "finish", "next_tool_args": {}}'
    text = (
        "[[ ## next_thought ## ]]\nI look.\n\n[[ ## next_tool_name ## ]]\nget_weather\n\n[[ ## next_tool_args ## ]]\n"
        '{"city": "Paris"}\n\n[[ ## reasoning ## ]]\nBecause.\n\n[[ ## answer ## ]]\nIt is.\n\n[[ ## completed ## ]]\n'
    )
    rules: Any = [
        {"match": {"text": "*JSON*"}, "reply": answer},
        {"match": {"text": "*[[ ## *"}, "reply": text},
    ]
    with Simulator(rules, strict=False) as simulator:
        yield simulator


@pytest.mark.filterwarnings("ignore")
def test_with_the_patch(simulator: Simulator) -> None:
    # Ferrule's requests have headers of their own, and ask every stream for its usage.
    alike(lambda: conversed(simulator), simulator, lambda: ferrule.patch("litellm"), sent_alike=False)
