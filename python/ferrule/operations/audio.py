"""Speech and its transcripts, as programs see them; and how a file is sent."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    AudioFile = str | os.PathLike[str] | bytes | IO[bytes] | tuple[str, bytes]


@dataclass(frozen=True)
class Transcript:
    """What was said in a recording.

    Attributes:
        text: The words.
        language: The language, where the provider says it.
        duration: Seconds of sound, where the provider says it.
        provider: The provider that answered.
        model: The model asked for.
        request_id: The provider's id of the request; `None` where it gave none.
        raw: The provider's answer: a dict, or text for formats such as `srt`.
    """

    text: str
    language: str | None
    duration: float | None
    provider: str
    model: str
    request_id: str | None
    raw: Any = field(repr=False)


def read(raw: Any, head: dict[str, Any], model: str) -> Transcript:
    """Makes a transcript of OpenAI's answer, which is text where another format than JSON was asked for.

    Raises:
        ValueError: It is no such answer.
    """
    fields: dict[str, Any] = raw if isinstance(raw, dict) else {"text": raw}
    if not isinstance(fields.get("text"), str):
        raise ValueError("the answer has no `text`")
    language, duration = fields.get("language"), fields.get("duration")
    return Transcript(
        fields["text"],
        language if isinstance(language, str) else None,
        float(duration) if isinstance(duration, (int, float)) else None,
        head["provider"],
        model,
        head["request_id"],
        raw,
    )


def file_of(file: AudioFile) -> tuple[str, bytes]:
    """The name and the bytes of a recording: a path, bytes, an open file, or a pair of name and bytes.

    Raises:
        TypeError: It is none of these.
        OSError: The file cannot be read.
    """
    if isinstance(file, tuple):
        return file
    if isinstance(file, bytes):
        return "audio.wav", file
    if isinstance(file, (str, os.PathLike)):
        return Path(file).name, Path(file).read_bytes()
    if hasattr(file, "read"):
        data = file.read()
        if isinstance(data, bytes):
            return Path(str(getattr(file, "name", "audio.wav"))).name, data
    raise TypeError(
        f"file: expected a path, bytes, a file opened for bytes, or (name, bytes), not {type(file).__name__}"
    )


def form(fields: Mapping[str, Any], name: str, data: bytes) -> tuple[bytes, str]:
    """A multipart form with `fields`, and the file `name` as `file`.

    Returns:
        Its body, and its content type.
    """
    boundary = f"ferrule-{secrets.token_hex(16)}"
    lines = bytearray()
    for field_name, value in fields.items():
        for item in value if isinstance(value, (list, tuple)) else [value]:
            text = str(item).lower() if isinstance(item, bool) else str(item)
            key = f"{field_name}[]" if isinstance(value, (list, tuple)) else field_name
            lines += f'--{boundary}\r\ncontent-disposition: form-data; name="{_quoted(key)}"\r\n\r\n{text}\r\n'.encode()
    lines += (
        f'--{boundary}\r\ncontent-disposition: form-data; name="file"; filename="{_quoted(name)}"\r\n'
        "content-type: application/octet-stream\r\n\r\n"
    ).encode()
    lines += data
    lines += f"\r\n--{boundary}--\r\n".encode()
    return bytes(lines), f"multipart/form-data; boundary={boundary}"


def _quoted(text: str) -> str:
    # As browsers do: https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
