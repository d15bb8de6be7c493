"""Streams: chunks in OpenAI's form, `stream_chunk_builder`, and errors before and in a stream."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ferrule import litellm

if TYPE_CHECKING:
    from ferrule.testing import Simulator


@pytest.fixture
def script() -> Any:
    tools = [{"name": "f", "arguments": {"a": 1}}, {"name": "g", "arguments": {"b": 2}}]
    return [
        {"match": {"model": "cut"}, "reply": "one two three four", "fault": {"reset": {"after_chunks": 2}}},
        {"match": {"model": "tools"}, "reply": {"tool_calls": tools}},
        {"match": {"model": "thinks"}, "reply": {"reasoning": "Let me think.", "text": "Yes."}},
    ]


async def chunks_of(complete: Any, *arguments: Any, **options: Any) -> list[Any]:
    stream = await complete(*arguments, stream=True, **options)
    assert isinstance(stream, litellm.CustomStreamWrapper)
    if complete.__closure__[0].cell_contents.param == "async":
        return [chunk async for chunk in stream]
    return list(stream)


async def test_chunks(complete: Any, openai: dict[str, Any]) -> None:
    chunks = await chunks_of(complete, "openai/gpt-4.1-mini", **openai)
    assert all(isinstance(chunk, litellm.ModelResponseStream) for chunk in chunks)
    assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}
    assert len({chunk.id for chunk in chunks}) == 1
    assert [chunk.choices[0].delta.role for chunk in chunks][:2] == ["assistant", None]
    assert [chunk.choices[0].finish_reason for chunk in chunks][-2:] == [None, "stop"]
    assert "usage" not in chunks[-1]
    whole = litellm.stream_chunk_builder(chunks, messages=openai["messages"])
    assert whole is not None
    assert whole.choices[0].message.content == "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert whole.usage.prompt_tokens > 0


async def test_usage_and_cost(complete: Any, openai: dict[str, Any]) -> None:
    chunks = await chunks_of(complete, "openai/gpt-4.1-mini", **openai, stream_options={"include_usage": True})
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens > 0
    assert chunks[-1]._hidden_params["response_cost"] > 0
    whole = litellm.stream_chunk_builder(chunks)
    assert whole is not None
    assert whole.usage == chunks[-1].usage


async def test_tool_calls(complete: Any, openai: dict[str, Any]) -> None:
    tools = [{"type": "function", "function": {"name": name, "parameters": {"type": "object"}}} for name in "fg"]
    chunks = await chunks_of(complete, "openai/tools", **openai, tools=tools)
    whole = litellm.stream_chunk_builder(chunks)
    assert whole is not None
    found = [(call.function.name, json.loads(call.function.arguments)) for call in whole.choices[0].message.tool_calls]
    assert found == [("f", {"a": 1}), ("g", {"b": 2})]
    assert whole.choices[0].finish_reason == "tool_calls"
    calls = [call for chunk in chunks for choice in chunk.choices for call in choice.delta.tool_calls or ()]
    assert {call.index for call in calls} == {0, 1}


async def test_reasoning(complete: Any, simulator: Simulator, openai: dict[str, Any]) -> None:
    given = {**openai, "api_base": simulator.base_url("deepseek")}
    chunks = await chunks_of(complete, "deepseek/thinks", **given)
    thought = "".join(chunk.choices[0].delta.get("reasoning_content") or "" for chunk in chunks)
    assert thought == "Let me think."
    whole = litellm.stream_chunk_builder(chunks)
    assert whole is not None
    assert (whole.choices[0].message.reasoning_content, whole.choices[0].message.content) == (thought, "Yes.")


async def test_an_error_before_the_stream_is_raised_by_the_call(complete: Any, openai: dict[str, Any]) -> None:
    with pytest.raises(litellm.RateLimitError):
        await complete("openai/status-429", **openai, stream=True, max_retries=0)


async def test_an_error_in_the_stream(complete: Any, openai: dict[str, Any]) -> None:
    with pytest.raises(litellm.MidStreamFallbackError) as raised:
        await chunks_of(complete, "openai/cut", **openai)
    error = raised.value
    assert isinstance(error, litellm.ServiceUnavailableError)
    assert error.generated_content.startswith("one")
    assert not error.is_pre_first_chunk
    assert error.llm_provider == "openai"


async def test_closing_early(openai: dict[str, Any], simulator: Simulator) -> None:
    stream = litellm.completion("openai/slow-20", **openai, stream=True)
    next(stream)
    stream.close()
    assert simulator.wait_for_answers()
    assert simulator.requests[-1].outcome == "closed_by_client"
    later = await litellm.acompletion("openai/slow-20", **openai, stream=True)
    async for _ in later:
        break
    await later.aclose()
    assert simulator.wait_for_answers()
    assert simulator.requests[-1].outcome == "closed_by_client"
