"""Operations besides chat: embeddings, images, audio, rerank, text completions, the Responses API."""

from __future__ import annotations

import base64
import http.server
import json
import threading
from array import array
from typing import TYPE_CHECKING, Any

import pytest

from ferrule import litellm

if TYPE_CHECKING:
    from pathlib import Path

    from ferrule.testing import Simulator


@pytest.fixture
def given(openai: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in openai.items() if name != "messages"}


async def test_embeddings(given: dict[str, Any]) -> None:
    for found in (
        litellm.embedding("text-embedding-3-small", ["a", "b"], dimensions=4, **given),
        await litellm.aembedding("openai/text-embedding-3-small", ["a", "b"], dimensions=4, **given),
    ):
        assert [item["index"] for item in found.data] == [0, 1]
        assert len(found["data"][0]["embedding"]) == 4
        assert found.usage.prompt_tokens > 0
        assert found._hidden_params["response_cost"] > 0
    packed = litellm.embedding("text-embedding-3-small", "a", encoding_format="base64", dimensions=4, **given)
    assert len(array("f", base64.b64decode(packed.data[0].embedding))) == 4


async def test_images(given: dict[str, Any]) -> None:
    (image,) = litellm.image_generation("a cat", "openai/dall-e-3", **given).data
    assert image.url or image.b64_json
    found = await litellm.aimage_generation("a cat", "openai/gpt-image-1", n=2, **given)
    assert len(found.data) == 2
    assert all(image.url or image.b64_json for image in found.data)


async def test_audio(given: dict[str, Any], tmp_path: Path) -> None:
    sound = litellm.speech("openai/tts-1", "Hello!", voice="alloy", **given)
    sound.stream_to_file(tmp_path / "a.mp3")
    assert (tmp_path / "a.mp3").read_bytes() == sound.content
    assert b"".join(sound.iter_bytes(100)) == sound.content
    assert (await litellm.aspeech("openai/tts-1", "Hello!", voice="alloy", **given)).content
    assert litellm.transcription("openai/whisper-1", ("a.wav", b"RIFF", "audio/wav"), **given).text
    assert (await litellm.atranscription("whisper-1", b"RIFF", **given)).text


async def test_rankings(simulator: Simulator) -> None:
    address = {"api_base": simulator.base_url("cohere"), "api_key": "k"}
    documents = ["The capital of Norway is Oslo.", {"text": "Bananas are yellow."}]
    found = litellm.rerank("cohere/rerank-v3.5", "Norway", documents, top_n=2, return_documents=True, **address)
    assert {entry["index"] for entry in found.results} == {0, 1}
    assert {entry["document"]["text"] for entry in found.results} == {
        "The capital of Norway is Oslo.",
        "Bananas are yellow.",
    }
    assert len((await litellm.arerank("cohere/rerank-v3.5", "Norway", documents, top_n=1, **address)).results) == 1


async def test_texts_as_chats(given: dict[str, Any]) -> None:
    found = litellm.text_completion("Say it", "openai/echo", **given)
    assert found.choices[0].text == "Say it"
    assert found.object == "text_completion"
    several = await litellm.atext_completion(["one", "two"], "openai/echo", **given)
    assert [choice.text for choice in several.choices] == ["one", "two"]
    chunks = litellm.text_completion("Say it", "openai/echo", stream=True, **given)
    assert "".join(chunk.choices[0].text for chunk in chunks if chunk.choices) == "Say it"


CHUNKS = b"""data: {"id": "c", "object": "text_completion", "choices": [{"text": "Hel", "index": 0}]}

data: {"id": "c", "choices": [{"text": "lo", "index": 0, "finish_reason": "stop"}]}

data: [DONE]
"""


async def test_texts_of_older_models_are_streamed() -> None:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append((self.path, json.loads(self.rfile.read(int(self.headers["content-length"])))))
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            self.wfile.write(CHUNKS)

        def log_message(self, *_: Any) -> None:
            pass

    asked: list[Any] = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        given = {"api_base": f"http://127.0.0.1:{server.server_address[1]}/v1", "api_key": "k", "stream": True}
        chunks = list(litellm.text_completion("Say", "gpt-3.5-turbo-instruct", **given))
        assert "".join(chunk.choices[0].text for chunk in chunks) == "Hello"
        later = await litellm.atext_completion("Say", "gpt-3.5-turbo-instruct", **given)
        assert [chunk.choices[0].text async for chunk in later] == ["Hel", "lo"]
        server.shutdown()
    body = {"model": "gpt-3.5-turbo-instruct", "prompt": "Say", "stream": True}
    assert asked == [("/v1/completions", body)] * 2


async def test_responses(given: dict[str, Any], simulator: Simulator) -> None:
    found = litellm.responses("Hello!", "openai/echo", max_output_tokens=20, **given)
    assert simulator.requests[-1].path == "/v1/responses"
    assert found.output_text == "Hello!"
    assert found.output[0].content[0].text == "Hello!"
    assert found["usage"]["output_tokens"] > 0
    assert (await litellm.aresponses("Hello!", "openai/echo", **given)).output_text == "Hello!"
    events = list(litellm.responses("Hello!", "openai/echo", stream=True, **given))
    assert events[0].type == "response.created"
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert text == "Hello!"
    later = await litellm.aresponses("Hello!", "openai/echo", stream=True, **given)
    assert [event.type async for event in later][-1] == "response.completed"


async def test_responses_of_other_providers(simulator: Simulator) -> None:
    address = {"api_base": simulator.anthropic_base_url, "api_key": "k"}
    found = await litellm.aresponses("Hello!", "anthropic/echo", instructions="Be brief.", **address)
    assert found.output_text == "Hello!"
    assert found.status == "completed"
    assert simulator.requests[-1].body["system"]


async def test_errors(given: dict[str, Any]) -> None:
    with pytest.raises(litellm.RateLimitError):
        litellm.embedding("openai/status-429", ["a"], max_retries=0, **given)
    with pytest.raises(litellm.InternalServerError):
        await litellm.aresponses("Hello!", "openai/status-500", max_retries=0, **given)
