"""Operations other than chat: their options, metadata, dropped options, usage and cost."""

from __future__ import annotations

from decimal import Decimal

import pytest

import ferrule
import ferrule.options
from ferrule.testing import rule

MODEL = "openai/text-embedding-3-small"
TEXTS = [f"Text number {number}." for number in range(7)]


@pytest.fixture
def client_options():
    return {"max_retries": 1}


class TestCosts:
    def test_vectors_know_what_they_cost_and_are_counted(self, simulator):
        with simulator.client(aliases={"vectors": MODEL}) as client:
            found = client.embed("vectors", TEXTS, batch_size=3)
            assert found.cost.total == found.usage.input_tokens * Decimal("0.02") / 1_000_000
            assert found.cost.source == "genai-prices"
            totals = client.usage().by_alias()["vectors"]
            assert (totals.calls, totals.input_tokens, totals.cost) == (1, found.usage.input_tokens, found.cost.total)
            client.embed(MODEL, TEXTS)
            assert client.usage().total().calls == 2
            assert client.usage().by_alias()["vectors"].calls == 1

    def test_an_unknown_price_is_none(self, simulator):
        with simulator.client(max_retries=0) as client:
            assert client.embed("openai/no-such-model", TEXTS).cost is None
            assert client.rerank("cohere/no-such-model", "Which?", TEXTS).cost is None
            with pytest.raises(ferrule.ServerError):
                client.embed("openai/status-500", TEXTS)
            totals = client.usage().total()
        assert (totals.calls, totals.failed, totals.unknown_cost, totals.cost) == (3, 1, 2, 0)

    async def test_awaited(self, simulator):
        async with simulator.async_client() as client:
            found = await client.embed(MODEL, TEXTS)
            assert found.cost.total == client.usage().total().cost > 0

    def test_searches_are_priced_where_the_catalog_knows_it(self, simulator):
        prices = {"cohere/rerank-v3.5": {"prices": {"rerank_searches_kcount": 2}}}
        with simulator.client(models=prices) as client:
            assert client.rerank("cohere/rerank-v3.5", "Which?", TEXTS).cost.total == Decimal("0.002")

    def test_pictures_count_with_their_tokens(self, client):
        images = client.images.generate("openai/gpt-image-1", "a ferrule on oak", n=2)
        assert (images.usage.input_tokens, images.usage.output_tokens) == (4, 2112)
        assert images.usage.to_dict()["extra"]["input_tokens_details"] == {"text_tokens": 4, "image_tokens": 0}
        assert images.cost.total == (4 * Decimal(5) + 2112 * Decimal(40)) / 1_000_000
        # Where a price list distinguishes image tokens from text, an answer that does not is all image tokens.
        dearer = client.images.generate("openai/gpt-image-1.5", "a ferrule on oak", n=2)
        assert dearer.cost.total == (4 * Decimal(5) + 2112 * Decimal(32)) / 1_000_000
        totals = client.usage().by_model()["openai/gpt-image-1"]
        assert (totals.calls, totals.output_tokens, totals.cost) == (1, 2112, images.cost.total)

    def test_pictures_without_a_usage_cost_nobody_knows_what(self, client):
        assert client.images.generate("openai/dall-e-3", "a ferrule").cost is None
        totals = client.usage().total()
        assert (totals.calls, totals.unknown_cost, totals.output_tokens, totals.cost) == (1, 1, 0, 0)

    def test_transcripts_count_in_tokens_or_seconds(self, client):
        timed = client.audio.transcribe("openai/whisper-1", b"RIFF")
        assert timed.usage.input_tokens is None
        assert timed.usage.to_dict()["extra"] == {"type": "duration", "seconds": 2}
        assert timed.cost.total == Decimal("0.36") * 2 / 3600
        counted = client.audio.transcribe("openai/gpt-4o-transcribe", b"RIFF")
        assert (counted.usage.input_audio_tokens, counted.usage.output_tokens) == (4, 5)
        assert counted.cost.total == (4 * Decimal(6) + 5 * Decimal(10)) / 1_000_000
        plain = client.audio.transcribe("openai/whisper-1", b"RIFF", response_format="text")
        assert (plain.usage, plain.cost) == (None, None)
        totals = client.usage().total()
        assert (totals.calls, totals.unknown_cost) == (3, 1)
        assert totals.cost == timed.cost.total + counted.cost.total

    def test_speech_is_priced_by_its_characters_or_not_at_all(self, client):
        with client.audio.speech("openai/tts-1", "Grüße.", voice="alloy") as speech:
            assert speech.model == "tts-1"
            assert speech.cost.total == Decimal(6 * 15) / 1_000_000
            speech.read()
        with client.audio.speech("openai/gpt-4o-mini-tts", "Hello.", voice="alloy") as speech:
            assert speech.cost is None
            speech.read()
        totals = client.usage().by_model()
        assert (totals["openai/tts-1"].calls, totals["openai/tts-1"].cost) == (1, Decimal("0.00009"))
        assert totals["openai/gpt-4o-mini-tts"].unknown_cost == 1

    def test_speech_that_is_left_is_interrupted_and_what_fails_has_failed(self, client, simulator):
        # So slow that the rest cannot have come when it is closed.
        simulator.set_script([rule({"split_bytes": [64], "split_delay_ms": 500}, model="tts-1")])
        client.audio.speech("openai/tts-1", "x" * 4096, voice="alloy").close()
        simulator.set_script([])
        for model in ("openai/status-404", "openai/status-500"):
            with pytest.raises(ferrule.ProviderError):
                client.audio.speech(model, "Hello.", voice="alloy", max_retries=0)
            with pytest.raises(ferrule.ProviderError):
                client.images.generate(model, "Hello.", max_retries=0)
        totals = client.usage().total()
        assert (totals.calls, totals.interrupted, totals.failed) == (5, 1, 4)

    async def test_speech_awaited(self, simulator):
        async with simulator.async_client() as client:
            speech = await client.audio.speech("openai/tts-1", "Hello.", voice="alloy")
            await speech.read()
            assert speech.cost.total == client.usage().total().cost == Decimal("0.00009")


class TestMetadata:
    """All that calls a model takes `metadata`, and the usage tells them apart by it."""

    MODELS = ("openai/text-embedding-3-small", "cohere/rerank-v3.5", "openai/gpt-image-1", "openai/tts-1", "mine")

    def test_every_operation_counts_under_it(self, simulator):
        with simulator.client(aliases={"mine": "openai/whisper-1"}) as client:
            client.embed(self.MODELS[0], TEXTS, metadata={"team": "search", "stage": "one"})
            client.rerank(self.MODELS[1], "Which?", TEXTS, metadata={"team": "search"})
            client.images.generate(self.MODELS[2], "a ferrule", metadata={"team": "art"})
            client.audio.speech(self.MODELS[3], "Hello.", voice="alloy", metadata={"team": "art"}).read()
            client.audio.transcribe(self.MODELS[4], b"RIFF", metadata={"team": "art"})
            client.complete("openai/echo", "Hello.", metadata={"team": "search"})
            client.embed(self.MODELS[0], TEXTS)
            usage = client.usage()
            assert {team: totals.calls for team, totals in usage.by_metadata("team").items()} == {
                "search": 3,
                "art": 3,
                None: 1,
            }
            assert usage.by_metadata("stage")["one"].input_tokens > 0
            assert usage.by_alias()["mine"].calls == 1
            assert usage.by_metadata("team")["art"].cost > 0
        # It is for us: nobody is told.
        assert len(simulator.requests) == 7
        assert not [request for request in simulator.requests if "metadata" in str(request.body)]

    async def test_awaited(self, simulator):
        async with simulator.async_client() as client:
            await client.embed(self.MODELS[0], TEXTS, metadata={"team": "search"})
            await client.rerank(self.MODELS[1], "Which?", TEXTS, metadata={"team": "search"})
            await client.images.generate(self.MODELS[2], "a ferrule", metadata={"team": "search"})
            await client.audio.transcribe("openai/whisper-1", b"RIFF", metadata={"team": "search"})
            speech = await client.audio.speech(self.MODELS[3], "Hello.", voice="alloy", metadata={"team": "search"})
            await speech.read()
            assert client.usage().by_metadata("team")["search"].calls == 5

    def test_it_is_text_by_text(self, client):
        for wrong in ({"team": 1}, ["team"], "team"):
            with pytest.raises(TypeError, match="metadata"):
                client.embed(MODEL, TEXTS, metadata=wrong)
        assert client.usage().total().calls == 0


class TestDropping:
    """What a provider refuses is an error that names it, or dropped with a warning: for a call, or for a client."""

    CALLS = (
        ("input_type", "openai", lambda client, **more: client.embed(MODEL, "x", input_type="query", **more)),
        (
            "dimensions",
            "cohere-compat",
            lambda client, **more: client.embed("cohere-compat/e", "x", dimensions=8, **more),
        ),
        ("user", "mistral", lambda client, **more: client.embed("mistral/mistral-embed", "x", user="u", **more)),
        ("size", "xai", lambda client, **more: client.images.generate("xai/grok-image", "x", size="1x1", **more)),
        (
            "response_format",
            "openai",
            lambda client, **more: client.images.generate("openai/gpt-image-1", "x", response_format="url", **more),
        ),
        (
            "instructions",
            "openai",
            lambda client, **more: client.audio.speech(
                "openai/tts-1", "x", voice="v", instructions="Sadly.", **more
            ).read(),
        ),
        (
            "response_format",
            "openai",
            lambda client, **more: client.audio.transcribe(
                "openai/gpt-4o-transcribe", b"x", response_format="srt", **more
            ),
        ),
    )

    @pytest.mark.parametrize(("field", "provider", "call"), CALLS)
    def test_a_field_is_refused_or_dropped(self, simulator, field, provider, call):
        with simulator.client() as client:
            with pytest.raises(ferrule.UnsupportedError, match=f"`{field}`") as refused:
                call(client)
            assert (refused.value.field, refused.value.provider) == (field, provider)
            assert str(refused.value).startswith(f"{provider}/")
            assert simulator.requests == []
            with pytest.warns(UserWarning, match=f"`{field}`"):
                call(client, drop_params=True)
        with simulator.client(drop_params=True) as client:
            with pytest.warns(UserWarning, match=f"`{field}`"):
                call(client)
            with pytest.raises(ferrule.UnsupportedError):
                call(client, drop_params=False)
        assert len(simulator.requests) == 2

    async def test_awaited(self, simulator):
        async with simulator.async_client(drop_params=True) as client:
            with pytest.warns(UserWarning, match="input_type"):
                await client.embed(MODEL, "x", input_type="query")
            with pytest.warns(UserWarning, match="instructions"):
                await client.audio.speech("openai/tts-1", "x", voice="v", instructions="Sadly.")
            with pytest.warns(UserWarning, match="size"):
                await client.images.generate("xai/grok-image", "x", size="1x1")

    def test_an_operation_is_not_dropped(self, simulator):
        with simulator.client(drop_params=True) as client, pytest.raises(ferrule.UnsupportedError, match="`embed`"):
            client.embed("anthropic/claude-sonnet-4-5", "x")


class TestOptions:
    def test_an_unknown_option_is_named(self, client):
        with pytest.raises(TypeError, match="`timeot`; did you mean `timeout`"):
            client.images.generate("openai/gpt-image-1", "x", timeot=5)
        with pytest.raises(TypeError, match="`voice`"):
            client.images.generate("openai/gpt-image-1", "x", voice="alloy")

    @pytest.mark.parametrize("kind", ["Embedding", "Rerank", "Image", "Speech", "Transcription"])
    def test_every_option_is_read(self, client, kind):
        """Each option with a value of a wrong type: an error that names it says that somebody read it."""
        calls = {
            "Embedding": lambda **options: client.embed(MODEL, "x", **options),
            "Rerank": lambda **options: client.rerank("cohere/rerank", "x", ["y"], **options),
            "Image": lambda **options: client.images.generate("openai/dall-e-3", "x", **options),
            "Speech": lambda **options: client.audio.speech("openai/tts-1", "x", voice="alloy", **options),
            "Transcription": lambda **options: client.audio.transcribe("openai/whisper-1", b"x", **options),
        }
        names = getattr(ferrule.options, f"{kind}Options").__annotations__
        assert {"metadata", "timeout", "drop_params"} < set(names)
        for name in names:
            with pytest.raises(TypeError, match=f"^{name}: expected"):
                calls[kind](**{name: object()})
        assert client.usage().total().calls == 0

    def test_a_time_limit_holds(self, simulator, client):
        with pytest.raises(ferrule.TotalTimeoutError):
            client.images.generate("openai/stall-headers", "x", timeout=0.2)
        assert simulator.wait_for_answers()
