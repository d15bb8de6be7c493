"""Attachments: files and URLs as parts of a message."""

import base64
import mimetypes
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ferrule.cli import failures

_AUDIO = {".mp3": "mp3", ".wav": "wav"}
MAX_BYTES = 50 << 20


def part(given: str) -> dict[str, Any]:
    """The part of a message for a path or a URL.

    Raises:
        UsageError: There is no such file, or it is of no kind that models read.
    """
    kind = mimetypes.guess_type(urlsplit(given).path if "://" in given else given)[0] or ""
    if given.startswith(("http://", "https://")):
        if kind == "application/pdf":
            return {"type": "document", "source": {"type": "url", "url": given}}
        return {"type": "image_url", "image_url": {"url": given}}
    path = Path(given).expanduser()
    try:
        if path.stat().st_size > MAX_BYTES:
            raise failures.UsageError(f"--attach {given}: larger than {MAX_BYTES >> 20} MiB")
        content = path.read_bytes()
    except OSError as error:
        raise failures.UsageError(f"--attach {given}: {error.strerror}") from None
    if not content:
        raise failures.UsageError(f"--attach {given}: the file is empty")
    data = base64.b64encode(content).decode("ascii")
    if kind.startswith("image/"):
        return {"type": "image_url", "image_url": {"url": f"data:{kind};base64,{data}"}}
    if content.startswith(b"%PDF-"):
        return {"type": "file", "file": {"filename": path.name, "file_data": f"data:application/pdf;base64,{data}"}}
    if audio := _AUDIO.get(path.suffix.lower()):
        return {"type": "input_audio", "input_audio": {"data": data, "format": audio}}
    try:
        return {"type": "text", "text": f"{path.name}:\n\n{content.decode('utf-8')}"}
    except UnicodeDecodeError:
        raise failures.UsageError(f"--attach {given}: not an image, a PDF, audio (mp3, wav) or UTF-8 text") from None
