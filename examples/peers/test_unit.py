"""openai with httpx2: unit tests of a program that calls a model."""

import json
from collections.abc import Callable

import httpx2
from openai import InternalServerError, OpenAI


def is_sunny(client: OpenAI, city: str) -> bool | None:
    try:
        completion = client.chat.completions.create(
            model="gpt-5-mini", messages=[{"role": "user", "content": f"How is the weather in {city}?"}]
        )
        return "sun" in (completion.choices[0].message.content or "")
    except InternalServerError:
        return None


def client_of(provider: Callable[[httpx2.Request], httpx2.Response]) -> OpenAI:
    http_client = httpx2.Client(transport=httpx2.MockTransport(provider))
    return OpenAI(api_key="key", max_retries=0, http_client=http_client)


def test_reads_the_answer() -> None:
    requests: list[httpx2.Request] = []

    def provider(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        text = "It is sunny." if b"Lisbon" in request.content else "It rains."
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        completion = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
        return httpx2.Response(200, json=completion)

    with client_of(provider) as client:
        assert is_sunny(client, "Lisbon")
        assert not is_sunny(client, "Oslo")
    body = json.loads(requests[0].content)
    assert body["messages"][0]["content"] == "How is the weather in Lisbon?"


def test_survives_an_overloaded_provider() -> None:
    def provider(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(503, json={"error": {"message": "overloaded", "type": "server_error"}})

    with client_of(provider) as client:
        assert is_sunny(client, "Lisbon") is None
