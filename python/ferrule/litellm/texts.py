"""Text completions: `text_completion` and `atext_completion`.

Models that have completions of texts only are asked at `/completions`; every other model as a chat.
"""

from __future__ import annotations

import json
from typing import Any

from ferrule.litellm import chat, raw_streams, results
from ferrule.litellm.costs import cost_of_usage
from ferrule.litellm.objects import plain
from ferrule.litellm.operations import Operation, arun, prepare, raw, run
from ferrule.litellm.providers import is_legacy, provider_of
from ferrule.litellm.response import Usage

_LEGACY = ("text-completion-openai", "hosted_vllm", "openai_like", "text-completion-codestral")


def _is_legacy(model: str, given: dict[str, Any]) -> bool:
    provider = provider_of(model, given.get("custom_llm_provider"), given.get("api_base") or given.get("base_url"))
    return provider.name in _LEGACY or (provider.id == "openai" and is_legacy(provider.model))


def _prompts(prompt: Any) -> list[str]:
    return [prompt] if isinstance(prompt, str) else list(prompt)


def _raw(model: str, prompt: Any, given: dict[str, Any]) -> tuple[Operation, dict[str, Any]]:
    operation = raw(prepare(model, given, ""))
    extra = operation.options.get("extra_body") or {}
    body = {"model": operation.provider.model, "prompt": prompt, **plain(extra)}
    return operation, {**body, "stream": True} if given.get("stream") else body


def _response(body: dict[str, Any]) -> results.TextCompletionResponse:
    """An answer, or a chunk of a stream."""
    choices = [results.TextChoices(**choice) for choice in body.pop("choices", None) or ()]
    usage = body.pop("usage", None)
    made = results.TextCompletionResponse(**body, choices=choices)
    if usage is not None:
        made.usage = Usage(**usage)
    return made


async def _astream(operation: Operation, pieces: Any) -> Any:
    async for body in raw_streams.aevents(operation, pieces):
        yield _response(body)


def _decoded(operation: Operation, head: dict[str, Any], content: bytes) -> results.TextCompletionResponse:
    made = _response({"usage": {}, **json.loads(content)})
    made.hidden_params = {
        "custom_llm_provider": operation.provider.name,
        "additional_headers": {f"llm_provider-{name}": value for name, value in head["headers"]},
        "model_id": None,
        "response_cost": cost_of_usage(operation.provider, operation.own, made.usage.model_dump()),
        "api_base": dict(operation.connection).get("base_url"),
    }
    return made


def from_chats(answers: list[Any]) -> results.TextCompletionResponse:
    """The answers of chats as those of a text completion."""
    first = answers[0]
    choices: list[results.TextChoices] = []
    for answer in answers:
        for choice in answer.choices:
            choices.append(
                results.TextChoices(
                    finish_reason=choice.finish_reason,
                    index=len(choices),
                    text=choice.message.content or "",
                    logprobs=choice.get("logprobs"),
                )
            )
    usage = first.usage
    if len(answers) > 1:
        names = ("prompt_tokens", "completion_tokens", "total_tokens")
        usage = Usage(**{name: sum(answer.usage[name] for answer in answers) for name in names})
    made = results.TextCompletionResponse(
        id=first.id, object="text_completion", created=first.created, model=first.model, choices=choices, usage=usage
    )
    made.hidden_params = first.hidden_params
    return made


def text_completion(prompt: Any, model: str | None = None, **given: Any) -> Any:
    """Completes a text.

    Args:
        prompt: The text, or several, each of which is completed.
        model: `provider/model`, or a bare name whose provider is known.
        **given: As `completion` takes them; `echo`, `suffix`, `best_of`, ... where the model has them.

    Returns:
        A `TextCompletionResponse`; with `stream=True` an iterator of them.

    Raises:
        LiteLLMError: As `completion` does.
    """
    model = model or "gpt-3.5-turbo-instruct"
    if _is_legacy(model, given) and "mock_response" not in given:
        operation, body = _raw(model, prompt, given)
        if given.get("stream"):
            _, pieces = run(operation, lambda client: client.open(operation.provider.id, "/completions", body))
            return map(_response, raw_streams.events(operation, pieces))
        head, content = run(operation, lambda client: client.request(operation.provider.id, "/completions", body))
        return _decoded(operation, head, content)
    if given.get("stream"):
        chunks = chat.completion(model, [{"role": "user", "content": "".join(_prompts(prompt))}], **given)
        return (_chunk(chunk) for chunk in chunks)
    asked = [[{"role": "user", "content": text}] for text in _prompts(prompt)]
    return from_chats([chat.completion(model, messages, **given) for messages in asked])


async def atext_completion(prompt: Any, model: str | None = None, **given: Any) -> Any:
    """`text_completion`, awaited."""
    model = model or "gpt-3.5-turbo-instruct"
    if _is_legacy(model, given) and "mock_response" not in given:
        operation, body = _raw(model, prompt, given)
        if given.get("stream"):
            _, pieces = await arun(operation, lambda client: client.open(operation.provider.id, "/completions", body))
            return _astream(operation, pieces)
        head, content = await arun(
            operation, lambda client: client.request(operation.provider.id, "/completions", body)
        )
        return _decoded(operation, head, content)
    if given.get("stream"):
        chunks = await chat.acompletion(model, [{"role": "user", "content": "".join(_prompts(prompt))}], **given)
        return _achunks(chunks)
    asked = [[{"role": "user", "content": text}] for text in _prompts(prompt)]
    return from_chats([await chat.acompletion(model, messages, **given) for messages in asked])


async def _achunks(chunks: Any) -> Any:
    async for chunk in chunks:
        yield _chunk(chunk)


def _chunk(chunk: Any) -> results.TextCompletionResponse:
    choices = [
        results.TextChoices(
            finish_reason=choice.finish_reason, index=choice.index, text=choice.delta.content or "", logprobs=None
        )
        for choice in chunk.choices
    ]
    made = results.TextCompletionResponse(
        id=chunk.id, object="text_completion", created=chunk.created, model=chunk.model, choices=choices
    )
    if "usage" in chunk:
        made.usage = chunk.usage
    return made
