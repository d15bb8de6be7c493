"""What clients do beside chat, against the simulator, blocking and awaited."""

from __future__ import annotations

import io
import sys
from array import array

import pytest

import ferrule
from ferrule.operations.audio import form
from ferrule.operations.known_models import SECONDS, KnownModels
from ferrule.testing import Simulator

MODEL = "openai/text-embedding-3-small"


@pytest.fixture
def simulator():
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def client(simulator):
    with simulator.client(max_retries=1) as client:
        yield client


def floats(data: bytes) -> list[float]:
    numbers = array("f", data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tolist()


class TestHealth:
    def test_all_are_asked_and_each_says_how_it_is(self, simulator, client):
        first, second = client.health(["openai", "anthropic"])
        assert (first.provider, second.provider) == ("openai", "anthropic")
        assert first.ok
        assert second.ok
        assert first.latency > 0
        assert first.problem is None
        assert {request.path for request in simulator.requests} == {"/v1/models"}

    def test_a_wrong_key_and_an_absent_provider_are_told_apart(self, simulator):
        providers = {
            "openai": {"base_url": simulator.openai_base_url, "api_key": "sk-invalid"},
            "away": {"base_url": f"{simulator.refused_url}/v1"},
        }
        with ferrule.Client(providers=providers) as client:
            wrong, away = client.health(["openai", "away"])
        assert (wrong.reachable, wrong.authorised, wrong.ok) == (True, False, False)
        assert "sk-invalid" not in wrong.problem
        assert (away.reachable, away.authorised, away.latency) == (False, None, None)

    def test_an_unknown_provider_is_named(self, client):
        with pytest.raises(ferrule.ConfigError, match="opnai"):
            client.health(["opnai"])

    async def test_awaited(self, simulator):
        async with simulator.async_client() as client:
            (health,) = await client.health(["anthropic"])
        assert health.ok


class TestModels:
    def test_lists_are_remembered_until_asked_afresh(self, simulator, client):
        assert client.is_model_available("openai/echo")
        assert not client.is_model_available("openai/gpt-1")
        assert len(simulator.requests) == 1
        assert client.is_model_available("openai/echo", fresh=True)
        assert len(simulator.requests) == 2

    async def test_awaited(self, simulator):
        async with simulator.async_client() as client:
            assert await client.is_model_available("anthropic/echo")
            assert not await client.is_model_available("anthropic/claude-0")
        assert len(simulator.requests) == 1

    def test_what_is_too_old_is_forgotten(self):
        now = 0.0
        known = KnownModels(clock=lambda: now)
        known.put("openai", [])
        assert known.get("openai") == []
        now = SECONDS + 1
        assert known.get("openai") is None


class TestImages:
    def test_pictures_come_with_the_answer_or_can_be_fetched(self, client):
        images = client.images.generate("openai/gpt-image-1", "a ferrule", n=2, response_format="b64_json")
        assert len(images.images) == 2
        assert images.images[0].data.startswith(b"\x89PNG")
        (image,) = client.images.generate("openai/gpt-image-1", "a ferrule").images
        assert image.url.startswith("https://")
        assert image.data is None

    def test_a_failure_is_retried_and_a_refusal_is_not(self, simulator, client):
        client.images.generate("openai/fail-once-503", "a ferrule")
        assert [request.status for request in simulator.requests] == [503, 200]
        with pytest.raises(ferrule.InvalidRequestError, match="n: has to be 1 to 10"):
            client.images.generate("openai/gpt-image-1", "a ferrule", n=99)

    def test_another_dialect_has_none(self, simulator, client):
        with pytest.raises(ferrule.UnsupportedError, match=r"images\.generate"):
            client.images.generate("anthropic/claude-sonnet-4-5", "a ferrule")
        assert simulator.requests == []

    async def test_awaited(self, simulator):
        async with simulator.async_client() as client:
            images = await client.images.generate("openai/gpt-image-1", "a ferrule", extra_body={"style": "vivid"})
        assert len(images.images) == 1
        assert simulator.requests[0].body["style"] == "vivid"


class TestAudio:
    def test_speech_comes_piece_by_piece(self, client, tmp_path):
        with client.audio.speech("openai/tts-1", "Hello there.", voice="alloy") as speech:
            assert speech.media_type == "audio/wav"
            whole = speech.read()
        assert whole[:4] == b"RIFF"
        client.audio.speech("openai/tts-1", "Hello there.", voice="alloy").save(tmp_path / "hello.wav")
        assert (tmp_path / "hello.wav").read_bytes() == whole

    async def test_speech_awaited(self, simulator):
        async with (
            simulator.async_client() as client,
            await client.audio.speech("openai/tts-1", "Hello there.", voice="alloy") as speech,
        ):
            pieces = [piece async for piece in speech]
        assert b"".join(pieces)[:4] == b"RIFF"

    def test_closing_speech_ends_the_request(self, simulator, client):
        client.audio.speech("openai/tts-1", "x" * 4096, voice="alloy").close()
        client.close()
        assert simulator.wait_for_answers()

    @pytest.mark.parametrize("kind", ["path", "bytes", "file", "pair"])
    def test_a_recording_is_sent_as_a_form(self, simulator, client, tmp_path, kind):
        path = tmp_path / 'a "b".wav'
        path.write_bytes(b"RIFF\r\n--x")
        file = {
            "path": path,
            "bytes": path.read_bytes(),
            "file": io.BytesIO(path.read_bytes()),
            "pair": ("a.wav", path.read_bytes()),
        }[kind]
        transcript = client.audio.transcribe("openai/whisper-1", file, language="en")
        assert transcript.text == "A recording of 9 bytes."
        assert (transcript.language, transcript.duration) == ("en", 1.5)
        assert simulator.requests[0].headers["content-type"].startswith("multipart/form-data; boundary=")

    async def test_a_transcript_as_text(self, simulator):
        async with simulator.async_client() as client:
            transcript = await client.audio.transcribe("openai/whisper-1", b"RIFF", response_format="srt")
        assert transcript.raw == transcript.text == "A recording of 4 bytes."

    def test_nonsense_is_no_file(self, client):
        with pytest.raises(TypeError, match="expected a path"):
            client.audio.transcribe("openai/whisper-1", 5)

    def test_lists_and_truth_values_in_a_form(self):
        body, kind = form({"a": [1, 2], "stream": True}, "x.wav", b"")
        assert body.count(b'name="a[]"') == 2
        assert b"\r\n\r\ntrue\r\n" in body
        assert kind.split("=")[1].encode() in body


def server_client(simulator, make=ferrule.Client):
    ids = ("ollama", "ruvllm")
    return make(config=False, providers={name: {"base_url": f"{simulator.url}/{name}"} for name in ids})


class TestServers:
    def test_an_ollama_server_tells_what_it_has(self, simulator):
        with server_client(simulator) as client:
            assert client.ollama.version() == {"version": "0.0.0-simulated"}
            assert client.ollama.ps()["models"][0]["name"] == "simulated"
            assert client.ollama.tags()["models"]
            assert "tools" in client.ollama.show("echo")["capabilities"]
            with pytest.raises(ferrule.NotFoundError, match="model 'nothing' not found"):
                client.ollama.show("nothing")

    async def test_a_ruvllm_server_learns(self, simulator):
        async with server_client(simulator, ferrule.AsyncClient) as client:
            assert (await client.ruvllm.health())["status"] == "healthy"
            assert (await client.ruvllm.stats())["total_queries"] == 3
            assert await client.ruvllm.feedback("q", "r", 0.9) is None
            session = await client.ruvllm.session()
            reply = await client.complete("ruvllm/ruvector-auto", "hi", extra_body=session)
            assert "hi" in reply.text
        assert simulator.requests[-1].body["session_id"] == "simulated-session"
        assert simulator.requests[2].body == {"query": "q", "response": "r", "quality": 0.9}


class TestOptions:
    def test_an_unknown_option_is_named(self, client):
        with pytest.raises(TypeError, match="timeot"):
            client.images.generate("openai/gpt-image-1", "x", timeot=5)

    def test_a_time_limit_holds(self, simulator, client):
        with pytest.raises(ferrule.TotalTimeoutError):
            client.images.generate("openai/stall-headers", "x", timeout=0.2)
        assert simulator.wait_for_answers()
