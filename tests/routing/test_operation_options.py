"""Options of a group's targets for operations other than chat: what is sent to each, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import ferrule
from ferrule.testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


def client_of(simulator: Simulator, model: str, **options: Any) -> ferrule.Client:
    """A client whose group `g` is this model with options, after a target that refuses connections."""
    down = {"base_url": f"{simulator.refused_url}/v1", "api_key": "sk-x", "dialect": "openai-chat"}
    targets: list[ferrule.TargetOptions] = [
        {"model": f"down/{model}", "options": options},
        {"model": f"openai/{model}", "options": options},
    ]
    providers: Any = {**simulator.providers(["openai"]), "down": down}
    same: Any = [{**target, "same_as": f"openai/{model}"} for target in targets]
    return ferrule.Client(config=False, providers=providers, groups={"g": {"targets": same}}, max_retries=0)


def sent(simulator: Simulator) -> Any:
    (request,) = simulator.requests
    return request.body


def speak(client: ferrule.Client, **options: Any) -> None:
    with client.audio.speech("g", "Hello.", **options) as speech:
        for _ in speech:
            pass


CALLS: list[tuple[str, str, dict[str, Any], dict[str, Any], Callable[..., object]]] = [
    (
        "embed",
        "text-embedding-3-small",
        {"dimensions": 256, "user": "u"},
        {"dimensions": 8},
        lambda client, **options: client.embed("g", "text", **options),
    ),
    (
        "images",
        "gpt-image-1",
        {"size": "1024x1024", "quality": "low", "n": 2},
        {"size": "512x512"},
        lambda client, **options: client.images.generate("g", "a cat", **options),
    ),
    ("speech", "tts-1", {"voice": "alloy", "speed": 1.5, "response_format": "wav"}, {"voice": "echo"}, speak),
]


@pytest.mark.parametrize(("model", "options", "own", "call"), [row[1:] for row in CALLS], ids=[row[0] for row in CALLS])
def test_the_target_that_answers_is_asked_with_its_options(
    simulator: Simulator, model: str, options: dict[str, Any], own: dict[str, Any], call: Callable[..., object]
) -> None:
    with client_of(simulator, model, **options) as client:
        call(client)
        body = sent(simulator)
        assert {name: body.get(name) for name in options} == options
        simulator.clear()
        call(client, **own)
        body = sent(simulator)
        assert {name: body.get(name) for name in options} == {**options, **own}, "the call's own win"


def test_transcriptions_and_fields_of_the_body(simulator: Simulator, tmp_path: Path) -> None:
    recording = tmp_path / "hello.wav"
    recording.write_bytes(b"RIFF....WAVE")
    options = {"language": "pt", "prompt": "Ferrule", "temperature": 0.5}
    with client_of(simulator, "whisper-1", **options) as client:
        client.audio.transcribe("g", recording)
        text = str(sent(simulator))
        assert all(part in text for part in ("pt", "Ferrule", "0.5"))
    simulator.clear()
    with client_of(simulator, "text-embedding-3-small", extra_body={"user": "u1"}, max_tokens=5) as client:
        client.embed("g", "text")
        assert sent(simulator)["user"] == "u1"
        assert "max_tokens" not in sent(simulator)


def test_an_option_that_no_call_has_is_an_error_with_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "ferrule.toml"
    for option, said in (
        ("dimension = 3", "unknown option `dimension`"),
        ('dimensions = "many"', "dimensions: expected"),
        ("voice = 3", "voice: expected"),
        ("batch_size = 3", "unknown option `batch_size`"),
    ):
        file.write_text(f"[groups.g]\ntargets = [\n  {{ model = 'openai/x', options = {{ {option} }} }},\n]\n")
        with pytest.raises(ferrule.ConfigError) as caught:
            ferrule.Client(config=file)
        assert said in str(caught.value)
        assert f"{file}:3:" in str(caught.value)


def test_vectors_of_two_lengths_do_not_mix(simulator: Simulator) -> None:
    targets: list[Any] = [
        {"model": "openai/text-embedding-3-small", "options": {"dimensions": 256}},
        {"model": "azure/text-embedding-3-small"},
    ]
    with pytest.raises(ferrule.ConfigError, match="two lengths do not mix"):
        ferrule.Client(config=False, groups={"g": {"targets": targets}})


def test_speech_needs_a_voice(simulator: Simulator) -> None:
    with simulator.client() as client, pytest.raises(ferrule.ConfigError, match="voice: missing"):
        client.audio.speech("openai/tts-1", "Hello.").read()
