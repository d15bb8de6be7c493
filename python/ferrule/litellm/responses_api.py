"""Responses API: `responses` and `aresponses`.

OpenAI and servers that have its `/responses` are asked there; every other provider as a chat.
"""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

from ferrule.litellm import chat, raw_streams, results
from ferrule.litellm.costs import cost_of_usage
from ferrule.litellm.objects import plain
from ferrule.litellm.operations import Operation, arun, prepare, raw, run
from ferrule.litellm.parameters import OWN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from ferrule.litellm.response import ModelResponse

_HAVE = ("openai", "openai-responses", "azure", "litellm")


def responses(input: Any = None, model: str | None = None, **parameters: Any) -> Any:
    """Asks a model by the Responses API.

    Args:
        input: The prompt: a text, or a list of items.
        model: `provider/model`, or a bare name whose provider is known.
        **parameters: OpenAI's (`instructions`, `tools`, `max_output_tokens`, ...), `timeout`, `api_key`, ...

    Returns:
        A `ResponsesAPIResponse`; with `stream=True` an iterator of events.

    Raises:
        LiteLLMError: As `completion` does.
    """
    operation, body = _prepared(input, model, parameters)
    if operation.provider.id not in _HAVE:
        answer = chat.completion(operation.own["model"], **_as_chat(body, parameters))
        return _events(_of_chat(answer, body)) if parameters.get("stream") else _of_chat(answer, body)
    if body.get("stream"):
        _, pieces = run(operation, lambda client: client.open(operation.provider.id, "/responses", body))
        return map(_event, raw_streams.events(operation, pieces))
    head, content = run(operation, lambda client: client.request(operation.provider.id, "/responses", body))
    return _decoded(operation, head, content)


async def aresponses(input: Any = None, model: str | None = None, **parameters: Any) -> Any:
    """`responses`, awaited."""
    operation, body = _prepared(input, model, parameters)
    if operation.provider.id not in _HAVE:
        answer = await chat.acompletion(operation.own["model"], **_as_chat(body, parameters))
        whole = _of_chat(answer, body)
        return _aevents(_events(whole)) if parameters.get("stream") else whole
    if body.get("stream"):
        _, pieces = await arun(operation, lambda client: client.open(operation.provider.id, "/responses", body))
        return _astream(operation, pieces)
    head, content = await arun(operation, lambda client: client.request(operation.provider.id, "/responses", body))
    return _decoded(operation, head, content)


def _prepared(given: Any, model: str | None, parameters: dict[str, Any]) -> tuple[Operation, dict[str, Any]]:
    name = model or ""
    operation = raw(prepare(name, parameters, ""))
    operation.own["model"] = name
    extra = dict(operation.options.get("extra_body") or {})
    if parameters.get("stream"):
        extra["stream"] = True
    if parameters.get("metadata"):
        extra["metadata"] = parameters["metadata"]  # Of the Responses API it is the provider's.
    return operation, {"model": operation.provider.model, "input": plain(given), **plain(extra)}


def _decoded(operation: Operation, head: dict[str, Any], content: bytes) -> results.ResponsesAPIResponse:
    made = results.ResponsesAPIResponse(
        **{name: results.dictionaries(item) for name, item in json.loads(content).items()}
    )
    made.hidden_params = {
        "custom_llm_provider": operation.provider.name,
        "additional_headers": {f"llm_provider-{name}": value for name, value in head["headers"]},
        "model_id": None,
        "response_cost": _cost(operation, made),
    }
    return made


def _cost(operation: Operation, made: results.ResponsesAPIResponse) -> float | None:
    usage = made.get("usage")
    if usage is None:
        return None
    given, cached = usage.get("input_tokens"), usage.get("input_tokens_details")
    counted = {
        "prompt_tokens": given,
        "completion_tokens": usage.get("output_tokens"),
        "prompt_tokens_details": {"cached_tokens": cached.get("cached_tokens") if cached is not None else None},
    }
    return cost_of_usage(operation.provider, operation.own, counted)


def _event(fields: dict[str, Any]) -> results.ResponsesEvent:
    return results.ResponsesEvent(**{key: results.dictionaries(item) for key, item in fields.items()})


async def _astream(operation: Operation, pieces: AsyncIterator[bytes]) -> AsyncIterator[results.ResponsesEvent]:
    async for fields in raw_streams.aevents(operation, pieces):
        yield _event(fields)


async def _aevents(events: Iterator[results.ResponsesEvent]) -> AsyncIterator[results.ResponsesEvent]:
    for event in events:
        yield event


def _events(whole: results.ResponsesAPIResponse) -> Iterator[results.ResponsesEvent]:
    """The events that a whole answer would have come as."""
    yield results.ResponsesEvent(type="response.created", response=whole)
    for place, item in enumerate(whole.output):
        for part in item.get("content") or () if item.get("type") == "message" else ():
            yield results.ResponsesEvent(
                type="response.output_text.delta", output_index=place, content_index=0, delta=part.get("text")
            )
    yield results.ResponsesEvent(type="response.completed", response=whole)


_SAME = ("temperature", "top_p", "user", "parallel_tool_calls", "metadata", "service_tier")


def _as_chat(body: dict[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
    """The request as a chat."""
    kept = {name: value for name, value in parameters.items() if name in OWN and name != "stream"}
    messages: list[dict[str, Any]] = []
    if body.get("instructions"):
        messages.append({"role": "system", "content": body["instructions"]})
    given = body["input"]
    for item in [{"role": "user", "content": given}] if isinstance(given, str) else given:
        messages.append(_message(item))  # noqa: PERF401
    kept.update({name: body[name] for name in _SAME if body.get(name) is not None}, messages=messages)
    if body.get("max_output_tokens") is not None:
        kept["max_tokens"] = body["max_output_tokens"]
    if body.get("tools"):
        kept["tools"] = [
            {
                "type": "function",
                "function": {name: item for name, item in tool.items() if name not in ("type", "strict")},
            }
            for tool in body["tools"]
            if tool.get("type") == "function"
        ]
    if isinstance(reasoning := body.get("reasoning"), dict) and reasoning.get("effort"):
        kept["reasoning_effort"] = reasoning["effort"]
    return kept


def _message(item: dict[str, Any]) -> dict[str, Any]:
    kind = item.get("type")
    if kind == "function_call_output":
        return {"role": "tool", "tool_call_id": item["call_id"], "content": item["output"]}
    if kind == "function_call":
        function = {"name": item["name"], "arguments": item["arguments"]}
        call = {"id": item["call_id"], "type": "function", "function": function}
        return {"role": "assistant", "content": None, "tool_calls": [call]}
    content = item.get("content")
    if isinstance(content, list):
        content = [_part(part) for part in content]
    return {"role": item.get("role", "user"), "content": content}


def _part(part: dict[str, Any]) -> dict[str, Any]:
    if part.get("type") in ("input_text", "output_text"):
        return {"type": "text", "text": part["text"]}
    if part.get("type") == "input_image":
        return {"type": "image_url", "image_url": {"url": part["image_url"]}}
    return part


def _of_chat(answer: ModelResponse, body: dict[str, Any]) -> results.ResponsesAPIResponse:
    """A chat's answer as one of the Responses API."""
    message = answer.choices[0].message
    output: list[dict[str, Any]] = []
    if message.content:
        text = {"type": "output_text", "text": message.content, "annotations": []}
        output.append(
            {
                "type": "message",
                "id": f"msg_{uuid.uuid4().hex}",
                "role": "assistant",
                "status": "completed",
                "content": [text],
            }
        )
    for call in message.tool_calls or ():
        output.append(  # noqa: PERF401
            {
                "type": "function_call",
                "id": f"fc_{uuid.uuid4().hex}",
                "call_id": call.id,
                "name": call.function.name,
                "arguments": call.function.arguments,
                "status": "completed",
            }
        )
    cut = answer.choices[0].finish_reason == "length"
    used = answer.usage
    made = results.ResponsesAPIResponse(
        id=f"resp_{uuid.uuid4().hex}",
        object="response",
        created_at=answer.created or int(time.time()),
        status="incomplete" if cut else "completed",
        incomplete_details=results.dictionaries({"reason": "max_output_tokens"}) if cut else None,
        model=answer.model,
        output=results.dictionaries(output),
        usage=results.dictionaries(
            {
                "input_tokens": used.prompt_tokens,
                "output_tokens": used.completion_tokens,
                "total_tokens": used.total_tokens,
            }
        ),
        tools=body.get("tools") or [],
        tool_choice=body.get("tool_choice") or "auto",
        parallel_tool_calls=body.get("parallel_tool_calls", True),
        error=None,
    )
    made.hidden_params = answer.hidden_params
    return made
