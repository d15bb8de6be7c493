"""Speech and its transcripts, as programs see them; and how a file is given."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ferrule.operations.answer import Answer

if TYPE_CHECKING:
    AudioFile = str | os.PathLike[str] | bytes | IO[bytes] | tuple[str, bytes]


class Transcript(Answer):
    """What was said in a recording.

    Attributes:
        text: The words; as they came, where a format such as `srt` was asked for.
        language: The language, where the provider says it.
        duration: Seconds of sound, where the provider says it.
    """

    __slots__ = ("duration", "language", "text")

    def __init__(self, fields: dict[str, Any]) -> None:
        super().__init__(fields)
        self.text: str = fields["text"]
        self.language: str | None = fields["language"]
        self.duration: float | None = fields["duration"]

    def __repr__(self) -> str:
        return f"Transcript({self.text!r}, model={self.model!r})"


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
