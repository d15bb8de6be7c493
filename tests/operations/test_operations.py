"""Operations other than chat, against the simulator, blocking and awaited."""

from __future__ import annotations

import io
import sys
from array import array

import numpy
import pytest

import ferrule
from ferrule.operations.model_lists import MAX_AGE, ModelListCache

MODEL = "openai/text-embedding-3-small"
EMBEDDING_MODELS = [
    MODEL,
    "gemini/gemini-embedding-001",
    "vertex/text-embedding-005",
    "cohere/embed-v4.0",
    "ollama/nomic-embed-text",
    "bedrock/amazon.titan-embed-text-v2:0",
    "bedrock/cohere.embed-english-v3",
]
TEXTS = [f"Text number {number}." for number in range(7)]


@pytest.fixture
def client_options():
    return {"max_retries": 1}


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
        assert [health.provider for health in client.health("openai")] == ["openai"]

    async def test_awaited(self, simulator):
        async with simulator.async_client() as client:
            (health,) = await client.health("anthropic")
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
        known = ModelListCache(clock=lambda: now)
        known.put("openai", [])
        assert known.get("openai") == []
        now = MAX_AGE + 1
        assert known.get("openai") is None


class TestEmbeddings:
    @pytest.mark.parametrize("model", EMBEDDING_MODELS)
    def test_one_text(self, client, model):
        embeddings = client.embed(model, "A ferrule binds.")
        assert len(embeddings) == 1
        assert len(embeddings[0]) == embeddings.dimensions
        assert sum(number * number for number in embeddings[0]) == pytest.approx(1.0, abs=1e-3)
        assert embeddings.provider == model.partition("/")[0]
        assert embeddings[0] == floats(embeddings.data)
        with pytest.raises(IndexError):
            embeddings[1]

    @pytest.mark.parametrize("model", EMBEDDING_MODELS)
    def test_many_texts_come_back_in_order(self, client, model):
        apart = [client.embed(model, text)[0] for text in TEXTS]
        for batch_size in (1, 3, None):
            together = client.embed(model, TEXTS, batch_size=batch_size)
            assert together.vectors == apart

    def test_batches_are_requests(self, simulator, client):
        whole = client.embed(MODEL, TEXTS)
        embeddings = client.embed(MODEL, TEXTS, batch_size=3)
        sizes = [len(request.body["input"]) for request in simulator.requests]
        assert sizes[0] == 7
        assert sorted(sizes[1:]) == [1, 3, 3]
        assert len(embeddings.attempts) == 3
        # What was used is the sum.
        assert embeddings.usage.input_tokens == whole.usage.input_tokens > 0

    def test_vectors_are_asked_for_as_bytes_and_read_either_way(self, simulator, client):
        packed = client.embed(MODEL, TEXTS)
        written = client.embed(MODEL, TEXTS, extra_body={"encoding_format": "float"})
        assert [request.body["encoding_format"] for request in simulator.requests] == ["base64", "float"]
        assert written.data == packed.data

    def test_a_numpy_array_is_over_the_bytes_themselves(self, client):
        embeddings = client.embed(MODEL, TEXTS)
        array = embeddings.array
        assert (array.shape, array.dtype) == ((7, embeddings.dimensions), numpy.dtype("<f4"))
        over = numpy.frombuffer(embeddings.data, dtype="<f4")
        assert numpy.shares_memory(array, over)
        assert numpy.shares_memory(numpy.asarray(embeddings), over)
        assert not numpy.shares_memory(numpy.array(embeddings), over)
        assert not array.flags.writeable
        assert array.tolist() == embeddings.vectors

    @pytest.mark.parametrize(
        ("model", "name"),
        [
            (MODEL, ("dimensions",)),
            ("gemini/gemini-embedding-001", ("requests", 0, "outputDimensionality")),
            ("cohere/embed-v4.0", ("output_dimension",)),
            ("voyage/voyage-3.5", ("output_dimension",)),
            ("mistral/codestral-embed", ("output_dimension",)),
            ("ollama/nomic-embed-text", ("dimensions",)),
            ("bedrock/amazon.titan-embed-text-v2:0", ("dimensions",)),
        ],
    )
    def test_dimensions(self, simulator, client, model, name):
        assert client.embed(model, "A ferrule binds.", dimensions=256).dimensions == 256
        found = simulator.requests[0].body
        for step in name:
            found = found[step]
        assert found == 256

    @pytest.mark.parametrize(
        ("model", "name", "word"),
        [
            ("gemini/gemini-embedding-001", ("requests", 0, "taskType"), "RETRIEVAL_QUERY"),
            ("cohere/embed-v4.0", ("input_type",), "search_query"),
            ("bedrock/cohere.embed-english-v3", ("input_type",), "search_query"),
            ("voyage/voyage-3.5", ("input_type",), "query"),
            ("nvidia/nvidia/nv-embedqa-e5-v5", ("input_type",), "query"),
        ],
    )
    def test_what_they_are_for(self, simulator, client, model, name, word):
        client.embed(model, "Where is the ferrule?", input_type="query")
        found = simulator.requests[0].body
        for step in name:
            found = found[step]
        assert found == word

    @pytest.mark.parametrize(
        ("model", "options", "field"),
        [
            (MODEL, {"input_type": "query"}, "input_type"),
            ("ollama/nomic-embed-text", {"user": "u"}, "user"),
            ("cohere/embed-v4.0", {"input_type": "similarity"}, "input_type"),
            ("bedrock/cohere.embed-english-v3", {"dimensions": 256}, "dimensions"),
            ("anthropic/claude-sonnet-4-5", {}, "embed"),
        ],
    )
    def test_what_a_provider_cannot_carry(self, simulator, client, model, options, field):
        with pytest.raises(ferrule.UnsupportedError) as refused:
            client.embed(model, "A ferrule binds.", **options)
        assert (refused.value.field, refused.value.provider) == (field, model.partition("/")[0])
        assert simulator.requests == []

    def test_what_is_dropped_is_told(self, client):
        with pytest.warns(UserWarning, match="input_type"):
            assert len(client.embed(MODEL, "A ferrule binds.", input_type="query", drop_params=True)) == 1

    @pytest.mark.parametrize("provider", ["openai", "gemini", "cohere", "ollama", "watsonx"])
    def test_failures_are_retried_and_errors_are_the_providers(self, simulator, client, provider):
        embeddings = client.embed(f"{provider}/fail-once-503", TEXTS, batch_size=4)
        assert len(embeddings) == 7
        assert sorted(request.status for request in simulator.requests) == [200, 200, 503, 503]
        with pytest.raises(ferrule.NotFoundError) as raised:
            client.embed(f"{provider}/status-404", TEXTS)
        assert raised.value.provider == provider
        with pytest.raises(ferrule.ServerError) as raised:
            client.embed(f"{provider}/status-500", TEXTS)
        assert len(raised.value.attempts) == 2

    def test_no_text_is_an_error(self, client):
        with pytest.raises(ValueError, match="not an empty list"):
            client.embed(MODEL, [])
        with pytest.raises(TypeError, match="texts: expected a list of strings"):
            client.embed(MODEL, 5)
        for wrong in (0.5, "8", True, -1):
            with pytest.raises(TypeError, match="dimensions"):
                client.embed(MODEL, "x", dimensions=wrong)
        with pytest.raises(TypeError, match=r"texts\[1\]"):
            client.embed(MODEL, ["one", 2])

    async def test_awaited(self, simulator):
        async with simulator.async_client(max_retries=0) as client:
            for model in EMBEDDING_MODELS:
                embeddings = await client.embed(model, TEXTS, batch_size=2)
                assert len(embeddings) == 7
                assert len(set(map(tuple, embeddings))) == 7
            with pytest.raises(ferrule.ServerError):
                await client.embed("openai/status-500", TEXTS)


class TestReranking:
    DOCUMENTS = ("A bridge is built of steel.", "A ferrule binds strands.", "The ferrule of a brush binds its hair.")

    @pytest.mark.parametrize("model", ["cohere/rerank-v3.5", "voyage/rerank-2.5", "together/rerank", "litellm/rerank"])
    def test_the_best_is_first(self, client, model):
        ranking = client.rerank(model, "a ferrule binds strands.", self.DOCUMENTS)
        assert [result.index for result in ranking] == [1, 2, 0]
        assert ranking[0].document == self.DOCUMENTS[1]
        assert ranking[0].score > ranking[1].score > ranking[2].score
        assert ranking.provider == model.partition("/")[0]

    def test_only_some_are_wanted(self, simulator, client):
        ranking = client.rerank("cohere/rerank-v3.5", "ferrule", self.DOCUMENTS, top_n=1)
        assert len(ranking) == 1
        assert simulator.requests[0].body["top_n"] == 1
        assert simulator.requests[0].path == "/cohere/v2/rerank"
        assert ranking.search_units == 1

    def test_a_provider_may_have_its_own_word_for_it(self, simulator, client):
        assert len(client.rerank("voyage/rerank-2.5", "ferrule", self.DOCUMENTS, top_n=1)) == 1
        assert simulator.requests[0].body["top_k"] == 1

    def test_others_have_none(self, simulator, client):
        for model in ("anthropic/claude-sonnet-4-5", "gemini/gemini-2.5-pro", "ollama/llama3.3"):
            with pytest.raises(ferrule.UnsupportedError, match="rerank") as refused:
                client.rerank(model, "ferrule", self.DOCUMENTS)
            assert refused.value.field == "rerank"
        assert simulator.requests == []

    def test_failures_are_retried_and_errors_are_the_providers(self, simulator, client):
        ranking = client.rerank("cohere/fail-once-503", "ferrule", self.DOCUMENTS)
        assert len(ranking) == 3
        assert [attempt.status for attempt in ranking.attempts] == [503, None]
        with pytest.raises(ferrule.RateLimitedError):
            client.rerank("cohere/status-429", "ferrule", self.DOCUMENTS, max_retries=0)

    def test_one_text_is_no_list_of_documents(self, client):
        with pytest.raises(TypeError, match="documents: expected a list of strings"):
            client.rerank("cohere/rerank-v3.5", "ferrule", "one text")

    async def test_awaited(self, simulator):
        async with simulator.async_client() as client:
            ranking = await client.rerank("cohere/rerank-v3.5", "a ferrule binds strands.", self.DOCUMENTS)
        assert ranking[0].index == 1


class TestImages:
    def test_pictures_come_with_the_answer_or_can_be_fetched(self, client):
        images = client.images.generate("openai/gpt-image-1", "a ferrule", n=2)
        assert len(images) == len(images.images) == 2
        assert images[0].data.startswith(b"\x89PNG")
        assert images[0].url is None
        assert "PNG" not in repr(images[0])
        assert (images.provider, images.model, images.extra["created"]) == ("openai", "gpt-image-1", 1_767_225_600)
        (image,) = client.images.generate("openai/dall-e-3", "a ferrule", response_format="url")
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
        assert transcript.text == "A recording of 4 bytes."
        assert (transcript.language, transcript.duration, transcript.extra) == (None, None, {})

    def test_nonsense_is_no_file(self, client):
        with pytest.raises(TypeError, match="expected a path"):
            client.audio.transcribe("openai/whisper-1", 5)

    def test_a_name_may_have_anything_in_it(self, simulator, client):
        client.audio.transcribe("openai/whisper-1", ('a"\r\nb', b"x"), extra_body={"model": "another"})
        assert simulator.requests[0].model == "another"


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
