"""Bodies and events as providers send them: the transcripts of `tests/fixtures/wire`, and what they lack."""

from __future__ import annotations

import json
from pathlib import Path

WIRE = Path(__file__).resolve().parents[2] / "fixtures" / "wire"

# What OpenAI, Azure, vLLM, DeepSeek, Groq, OpenRouter and Anthropic send, by type.
MORE: dict[str, list[str]] = {
    name: [json.dumps(body, ensure_ascii=False, separators=(",", ":")) for body in bodies]
    for name, bodies in json.loads(Path(__file__).with_name("bodies.json").read_text("utf-8")).items()
}


def transcribed(name: str) -> list[bytes]:
    """JSON texts of the type called `name` (`sdks.py`)."""
    found = [text.encode() for text in MORE.get(name, [])]
    if name == "ChatCompletionChunk":
        return [*found, *events("openai-chat"), *replies("stream", "choices")]
    if name == "ChatCompletion":
        return found + replies("reply", "choices")
    if name == "Completion":
        return [*found, *events("openai-completions"), *bodies("openai-completions")]
    if name == "Response":
        ended = [json.loads(event).get("response") for event in events("openai-responses")]
        return [*found, *(json.dumps(body).encode() for body in ended if body)]
    if name == "ResponseStreamEvent":
        return found + events("openai-responses")
    if name in {"Message", "BetaMessage"}:
        return found + bodies("anthropic")
    if name in {"RawMessageStreamEvent", "BetaRawMessageStreamEvent"}:
        return found + events("anthropic")
    return found


def events(dialect: str) -> list[bytes]:
    """The data of all events that are JSON objects."""
    return [data for path in sorted((WIRE / dialect).glob("*.sse")) for data in data_of(path.read_bytes())]


def data_of(stream: bytes) -> list[bytes]:
    lines = [line.removeprefix(b"data:").strip() for line in stream.splitlines() if line.startswith(b"data:")]
    return [line for line in lines if is_object(line)]


def bodies(dialect: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((WIRE / dialect).glob("*.json"))]


def replies(part: str, key: str) -> list[bytes]:
    """What each provider's transcript has as `part`, where it is of OpenAI's form."""
    found: list[bytes] = []
    for path in sorted((WIRE / "providers").glob("*.json")):
        value = json.loads(path.read_text("utf-8")).get(part)
        for text in [value] if isinstance(value, str) else [json.dumps(value)]:
            found += data_of(text.encode()) if part == "stream" and isinstance(value, str) else [text.encode()]
    return [text for text in found if is_object(text) and key in json.loads(text)]


def is_object(text: bytes) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
