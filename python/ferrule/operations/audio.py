"""Audio: transcripts of recordings, and how a recording is given to `audio.transcribe`."""

from __future__ import annotations

import os
from typing import IO, Any, Union

from ferrule.operations.reply import OperationReply

AudioFile = Union[str, os.PathLike[str], bytes, IO[bytes], tuple[str, bytes]]  # noqa: UP007 - also on Python 3.10
"""A recording: a path, its bytes, a file opened in binary mode, or a pair of file name and bytes."""


class Transcript(OperationReply):
    """The transcript of a recording.

    Attributes:
        text: The spoken words; the file as it came where a format such as `srt` was asked for.
        language: The spoken language; `None` where the provider does not report it.
        duration: The recording's length in seconds; `None` where the provider does not report it.
    """

    __slots__ = ("duration", "language", "text")

    def __init__(self, fields: dict[str, Any]) -> None:
        super().__init__(fields)
        self.text: str = fields["text"]
        self.language: str | None = fields["language"]
        self.duration: float | None = fields["duration"]

    def __repr__(self) -> str:
        return f"Transcript({self.text!r}, model={self.model!r})"


def read_audio(file: AudioFile) -> tuple[str, bytes]:
    """The file name and the bytes of a recording.

    Raises:
        TypeError: `file` is not an `AudioFile`.
        OSError: The file cannot be read.
    """
    if isinstance(file, tuple):
        return file
    if isinstance(file, bytes):
        return "audio.wav", file
    if isinstance(file, (str, os.PathLike)):
        with open(file, "rb") as opened:
            return os.path.basename(file), opened.read()
    if hasattr(file, "read"):
        data = file.read()
        if isinstance(data, bytes):
            return os.path.basename(str(getattr(file, "name", "audio.wav"))), data
    raise TypeError(
        f"file: expected a path, bytes, a file opened for bytes, or (name, bytes), not {type(file).__name__}"
    )
