"""Content parts of messages from files, bytes, URLs and images in memory: images, documents and audio."""

from __future__ import annotations

import os
import sys
from typing import Any, Protocol, Union


class _Readable(Protocol):
    def read(self) -> bytes: ...


MediaSource = Union[str, bytes, bytearray, memoryview, "os.PathLike[str]", _Readable, Any]  # also at run time, on 3.10
"""A URL, bytes, a path, a file that is open in binary mode, or an image of Pillow."""

# What files begin with, and at which byte.
_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (4, b"ftyphei", "image/heic"),
    (4, b"ftypmif1", "image/heif"),
    (4, b"ftypavif", "image/avif"),
    (0, b"%PDF-", "application/pdf"),
    (8, b"WAVE", "audio/wav"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"\xff\xf1", "audio/aac"),
    (0, b"\xff\xf9", "audio/aac"),
    (0, b"fLaC", "audio/flac"),
    (0, b"OggS", "audio/ogg"),
    (4, b"ftypM4A", "audio/m4a"),
)
_ENDINGS = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".pdf": "application/pdf",
    ".doc": "application/msword",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xls": "application/vnd.ms-excel",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
    ".opus": "audio/opus",
    ".aac": "audio/aac",
    ".m4a": "audio/m4a",
    ".webm": "audio/webm",
}
_EXAMPLES = {"image": "image/png", "document": "application/pdf", "audio": "audio/wav"}
# Of audio in OpenAI's form, which names formats rather than media types.
_AUDIO_FORMATS = {"audio/mpeg": "mp3", "audio/mp3": "mp3", "audio/x-wav": "wav", "audio/wave": "wav"}


def image(source: MediaSource, *, media_type: str | None = None, detail: str | None = None) -> dict[str, Any]:
    """A content part with an image.

    Args:
        source: A path (`pathlib.Path`), bytes, a file that is open in binary mode, an image of Pillow, or a URL
            (`https:`, `data:`, or a scheme of the provider such as `gs:` and `s3:`). A string is always a URL, never
            a path, so that a user's text cannot name a file of the machine.
        media_type: Its media type, for instance `image/png`. Default: what its bytes or its name say.
        detail: How closely to look: `"low"`, `"high"`, `"auto"`, where the provider has that (OpenAI).

    Returns:
        A dict that goes into the `content` of a message, and can be saved as JSON.

    Raises:
        ValueError: It is not an image, or a string that is not a URL.
        OSError: The file cannot be read.
    """
    url, media_type, data = _read(source, media_type, "image")
    if detail is not None:
        address = url if url is not None else f"data:{media_type};base64,{_base64(data)}"
        return {"type": "image_url", "image_url": {"url": address, "detail": detail}}
    return {"type": "image", "source": _source(url, media_type, data)}


def document(source: MediaSource, *, media_type: str | None = None, name: str | None = None) -> dict[str, Any]:
    """A content part with a document: a PDF, a text, or another type that the provider accepts.

    Files of text (Markdown, CSV, JSON, code: whatever is UTF-8 and not a known binary format) are sent as their text.

    Args:
        source: A path (`pathlib.Path`), bytes, a file that is open in binary mode, or a URL. A string is always a URL.
        media_type: Its media type, for instance `application/pdf`. Default: what its bytes or its name say.
        name: The title the model sees. Default: the file's name.

    Returns:
        A dict that goes into the `content` of a message, and can be saved as JSON.

    Raises:
        ValueError: It is neither a document nor a text, or a string that is not a URL.
        OSError: The file cannot be read.
    """
    url, media_type, data = _read(source, media_type, "document")
    if url is None and (text := _text(media_type, data)) is not None:
        # The one type that Anthropic and Cohere know; to a model, a text is what it says.
        block: dict[str, Any] = {"type": "text", "media_type": "text/plain", "data": text}
    else:
        block = _source(url, media_type, data)
    name = name or _name(source)
    return {"type": "document", "source": block} | ({"title": name} if name else {})


def audio(source: MediaSource, *, media_type: str | None = None) -> dict[str, Any]:
    """A content part with audio.

    Args:
        source: A path (`pathlib.Path`), bytes, a file that is open in binary mode, or a URL. A string is always a URL.
        media_type: Its media type, for instance `audio/wav`. Default: what its bytes or its name say.

    Returns:
        A dict that goes into the `content` of a message, and can be saved as JSON.

    Raises:
        ValueError: It is not audio, or a string that is not a URL.
        OSError: The file cannot be read.
    """
    url, media_type, data = _read(source, media_type, "audio")
    if url is not None:
        return {"type": "input_audio", "input_audio": url}
    kind = _AUDIO_FORMATS.get(media_type) or media_type.partition("/")[2]
    return {"type": "input_audio", "input_audio": {"data": _base64(data), "format": kind}}


def attachment(source: MediaSource, *, media_type: str | None = None) -> dict[str, Any]:
    """A content part with whatever a file is: an image, audio, or a document.

    Args:
        source: A path, bytes, a file that is open in binary mode, an image of Pillow, or a URL.
        media_type: Its media type. Default: what its bytes or its name say.

    Returns:
        The part that `image`, `audio` or `document` make.

    Raises:
        ValueError: It is none of them, or a string that is not a URL.
        OSError: The file cannot be read.
    """
    url, media_type, data = _read(source, media_type, "document")
    known = media_type or _by_name(url.partition("?")[0] if url else "") or ""
    make = {"image": image, "audio": audio}.get(known.partition("/")[0])
    if make is not None:
        return make(url if url is not None else data, media_type=known)
    return document(url if url is not None else data, media_type=media_type or None, name=_name(source))


def part(value: object, where: str) -> dict[str, Any] | None:
    """The content part of a path, of bytes, of a file or of an image, which stands at `where` in a message.

    `None` for any other object.

    Raises:
        ValueError: It cannot be read as one; the text names `where`.
        OSError: The file cannot be read.
    """
    is_file = isinstance(value, (bytes, bytearray, memoryview, os.PathLike)) or hasattr(value, "read")
    if not is_file and not _is_picture(value):
        return None
    if isinstance(value, (bytes, bytearray, memoryview)) and _by_content(bytes(value[:16])) is None:
        raise TypeError(
            f"{where}: the bytes do not say what they are; decode a text, or use `ferrule.document`, `ferrule.image` "
            "or `ferrule.audio` (which encode to base64) with a media_type"
        )
    try:
        return attachment(value)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{where}: {error}") from None


def _read(source: MediaSource, media_type: str | None, kind: str) -> tuple[str | None, str, bytes]:
    """The URL, or the bytes; and their media type."""
    if media_type is not None and not _is_media_type(media_type):
        raise ValueError(f"media_type: expected a type such as {_EXAMPLES[kind]}, not {media_type!r}")
    if isinstance(source, str):
        return _url(source, kind), media_type or "", b""
    if _is_picture(source):
        found, data = _encoded(source)
        return None, media_type or found, data
    data = _bytes(source)
    if not data:
        raise ValueError(f"the file {name!r} is empty" if (name := _name(source)) else f"the {kind} is empty")
    found = media_type or _by_content(data) or _by_name(_name(source) or "") or ""
    family = found.partition("/")[0]
    if kind != "document" and family != kind:
        said = f"it is {found}" if found else "neither its bytes nor its name say what it is"
        raise ValueError(f"not a known type of {kind}: {said}; `media_type=` names its type")
    if kind == "document" and not found and _text(found, data) is None:
        raise ValueError(
            "neither the bytes nor the name say what it is, and it is not UTF-8 text; "
            "use `ferrule.document(..., media_type=...)`, or `ferrule.image` or `ferrule.audio`"
        )
    return None, found, data


def _is_media_type(text: object) -> bool:
    family, slash, name = text.partition("/") if isinstance(text, str) else ("", "", "")
    return bool(family and slash and name)


def _url(text: str, kind: str) -> str:
    scheme = text.partition(":")[0]
    # A single letter is a drive.
    if len(scheme) < 2 or len(scheme) == len(text) or not scheme.replace("+", "").isalnum() or scheme.lower() == "file":
        shown = text if len(text) <= 80 else text[:77] + "..."
        raise ValueError(
            f"{shown!r} is a path on this machine, not a URL; give `ferrule.{kind}(pathlib.Path(...))`"
            if len(text) <= 300
            else f"a string is a URL here, and this is not one ({shown!r}); give the bytes, or a pathlib.Path"
        )
    return text


def _bytes(source: Any) -> bytes:
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source)
    if isinstance(source, os.PathLike):
        with open(source, "rb") as file:
            return file.read()
    read = getattr(source, "read", None)
    if read is None:
        raise TypeError(f"expected a path, bytes, a file or a URL, not {type(source).__name__}")
    data = read()
    if isinstance(data, str):
        raise TypeError('the file is open in text mode; open it in binary mode (`open(path, "rb")`)')
    return bytes(data)


def _name(source: object) -> str | None:
    """The name of the file; `None` where there is none."""
    name = source if isinstance(source, os.PathLike) else getattr(source, "name", None)
    # Of a file without a name it is a number.
    return os.path.basename(os.fspath(name)) or None if isinstance(name, (str, os.PathLike)) else None


def _by_content(data: bytes) -> str | None:
    for start, signature, media_type in _SIGNATURES:
        if data.startswith(signature, start):
            return media_type
    return None


def _by_name(name: str) -> str | None:
    return _ENDINGS.get(os.path.splitext(name)[1].lower())


def _text(media_type: str, data: bytes) -> str | None:
    """What a text says; `None` where it is not one."""
    is_binary = media_type and not media_type.startswith("text/") and not media_type.endswith(("json", "xml", "yaml"))
    if is_binary or b"\0" in data:
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _is_picture(value: object) -> bool:
    """Whether it is an image of Pillow, which is not imported for it: it was, where there is one."""
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(value, module.Image)


def _encoded(picture: Any) -> tuple[str, bytes]:
    from io import BytesIO  # only here

    # As it was where that can be sent, else without a loss.
    form = picture.format if picture.format in ("JPEG", "WEBP", "GIF") else "PNG"
    if form == "PNG" and picture.mode not in ("1", "L", "LA", "P", "RGB", "RGBA", "I", "I;16"):
        picture = picture.convert("RGB")
    out = BytesIO()
    picture.save(out, form)
    return f"image/{form.lower()}", out.getvalue()


def _base64(data: bytes) -> str:
    from base64 import b64encode  # only here

    return b64encode(data).decode("ascii")


def _source(url: str | None, media_type: str, data: bytes) -> dict[str, Any]:
    if url is not None and not url.startswith("data:"):
        return {"type": "url", "url": url}
    if url is not None:
        head, _, text = url.removeprefix("data:").partition(",")
        if not head.endswith(";base64"):
            raise ValueError("a data URL has to be in base64: `data:image/png;base64,...`")
        return {"type": "base64", "media_type": media_type or head.removesuffix(";base64"), "data": text}
    return {"type": "base64", "media_type": media_type, "data": _base64(data)}
