"""openai with respx: unit tests of a program that calls a model."""

import json

import httpx
import respx
from openai import InternalServerError, OpenAI


def is_sunny(client: OpenAI, city: str) -> bool | None:
    try:
        completion = client.chat.completions.create(
            model="gpt-5-mini", messages=[{"role": "user", "content": f"How is the weather in {city}?"}]
        )
        return "sun" in (completion.choices[0].message.content or "")
    except InternalServerError:
        return None


def answer(text: str) -> httpx.Response:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    completion = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    return httpx.Response(200, json=completion)


@respx.mock(base_url="https://api.openai.com/v1")
def test_reads_the_answer(provider: respx.Router) -> None:
    route = provider.post("/chat/completions")
    route.side_effect = [answer("It is sunny."), answer("It rains.")]
    client = OpenAI(api_key="key")
    assert is_sunny(client, "Lisbon")
    assert not is_sunny(client, "Oslo")
    body = json.loads(route.calls[0].request.content)
    assert body["messages"][0]["content"] == "How is the weather in Lisbon?"


@respx.mock(base_url="https://api.openai.com/v1")
def test_survives_an_overloaded_provider(provider: respx.Router) -> None:
    error = {"error": {"message": "overloaded", "type": "server_error"}}
    provider.post("/chat/completions").respond(503, json=error)
    assert is_sunny(OpenAI(api_key="key", max_retries=0), "Lisbon") is None
