"""Content parts from paths, bytes, files, images in memory and URLs, and what providers refuse of them."""

from __future__ import annotations

import base64
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

import ferrule
from ferrule import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ferrule.testing import Simulator

PIXEL = Image.new("RGB", (1, 1), "red")
PNG, PDF, WAV = b"\x89PNG\r\n\x1a\n...", b"%PDF-1.7 ...", b"RIFF\x00\x00\x00\x00WAVE..."


def _sent(simulator: Simulator, model: str, content: Any) -> Any:
    with simulator.client() as client:
        client.complete(model, [{"role": "user", "content": content}])
        return simulator.requests[-1].body["messages"][-1]["content"]


def _image(data: bytes, media_type: str = "image/png") -> dict[str, Any]:
    encoded = base64.b64encode(data).decode()
    return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": encoded}}


def _path(name: str, data: bytes) -> Callable[[Path], Any]:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return write


class Upload:
    """A file without a name, as frameworks give uploads."""

    def read(self) -> bytes:
        return PNG


SOURCES: dict[str, Callable[[Path], Any]] = {
    "a path": _path("x.png", PNG),
    "a path whose name lies": _path("x.jpg", PNG),
    "bytes": lambda _: PNG,
    "a byte array": lambda _: bytearray(PNG),
    "a view": lambda _: memoryview(PNG),
    "an upload": lambda _: Upload(),
    "a buffer": lambda _: io.BytesIO(PNG),
}


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("wrap", [lambda source: source, ferrule.image, ferrule.attachment], ids=["as it is", "i", "a"])
def test_an_image_comes_from_everywhere(
    name: str, wrap: Callable[[Any], Any], tmp_path: Path, simulator: Simulator
) -> None:
    content = ["Look:", wrap(SOURCES[name](tmp_path))]
    assert _sent(simulator, "anthropic/claude-sonnet-4-5", content)[1] == _image(PNG)


def test_an_open_file_gives_its_name_to_a_document(tmp_path: Path) -> None:
    (tmp_path / "x.pdf").write_bytes(PDF)
    with (tmp_path / "x.pdf").open("rb") as file:
        assert ferrule.document(file)["title"] == "x.pdf"
    with (tmp_path / "x.pdf").open("rb") as file:
        assert ferrule.attachment(file) == ferrule.document(tmp_path / "x.pdf")


def test_a_picture_of_pillow_keeps_its_format_where_it_has_one(tmp_path: Path) -> None:
    PIXEL.save(tmp_path / "x.jpg")
    with Image.open(tmp_path / "x.jpg") as opened:
        assert ferrule.image(opened)["source"]["media_type"] == "image/jpeg"
    part = ferrule.image(PIXEL)
    assert part["source"]["media_type"] == "image/png"
    with Image.open(io.BytesIO(base64.b64decode(part["source"]["data"]))) as read:
        assert read.getpixel((0, 0)) == (255, 0, 0)
    assert ferrule.image(PIXEL.convert("CMYK"))["source"]["media_type"] == "image/png"


def test_content_may_be_one_thing_without_a_list(simulator: Simulator) -> None:
    assert _sent(simulator, "anthropic/claude-sonnet-4-5", PIXEL)[0]["type"] == "image"
    assert ferrule.Message("user", ["Look:", PNG]).to_dict()["content"][1] == _image(PNG)


def test_results_of_tools_hold_pictures_too(simulator: Simulator) -> None:
    messages = [
        {"role": "user", "content": "Draw."},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "c", "name": "draw", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": [PNG]}]},
    ]
    with simulator.client() as client:
        client.complete("anthropic/claude-sonnet-4-5", messages)  # type: ignore[arg-type]
        sent = simulator.requests[-1].body["messages"][-1]["content"]
    assert sent[0]["content"] == [_image(PNG)]


DOCUMENTS: list[tuple[Any, dict[str, Any], dict[str, Any]]] = [
    (
        ferrule.document(PDF, name="a.pdf"),
        {
            "type": "file",
            "file": {
                "filename": "a.pdf",
                "file_data": f"data:application/pdf;base64,{base64.b64encode(PDF).decode()}",
            },
        },
        {
            "type": "document",
            "source": {
                "type": "base64",
                "media_type": "application/pdf",
                "data": base64.b64encode(PDF).decode(),
            },
            "title": "a.pdf",
        },
    ),
    (
        ferrule.document("# Naïve".encode(), name="n.txt"),
        {"type": "text", "text": "n.txt:\n\n# Naïve"},
        {
            "type": "document",
            "source": {"type": "text", "media_type": "text/plain", "data": "# Naïve"},
            "title": "n.txt",
        },
    ),
    (
        ferrule.image("https://x/y.png", detail="low"),
        {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}},
        {},
    ),
    (
        ferrule.audio(WAV),
        {"type": "input_audio", "input_audio": {"data": base64.b64encode(WAV).decode(), "format": "wav"}},
        {},
    ),
]


@pytest.mark.parametrize(("part", "openai", "anthropic"), DOCUMENTS)
def test_parts_as_they_leave(
    part: dict[str, Any], openai: dict[str, Any], anthropic: dict[str, Any], simulator: Simulator
) -> None:
    assert _sent(simulator, "openai/gpt-5-mini", ["Look:", part])[1] == openai
    if anthropic:
        assert _sent(simulator, "anthropic/claude-sonnet-4-5", ["Look:", part])[1] == anthropic
    else:
        with simulator.client() as client, pytest.raises(UnsupportedError):
            client.complete("anthropic/claude-sonnet-4-5", [{"role": "user", "content": ["Look:", part]}])


@pytest.mark.parametrize("model", ["openai/m", "openai-responses/m", "ollama/m", "cohere/m", "gemini/m", "anthropic/m"])
def test_a_text_file_reaches_every_provider(model: str, tmp_path: Path, simulator: Simulator) -> None:
    (tmp_path / "notes.txt").write_text("the secret word is ferrule")
    with simulator.client() as client:
        client.complete(model, [{"role": "user", "content": ["Look:", tmp_path / "notes.txt"]}])
        assert "the secret word is ferrule" in json.dumps(simulator.requests[-1].body)


WRONG_URLS = [
    "photo.png",
    "./photo.png",
    "/home/me/photo.png",
    "C:\\me\\photo.png",
    "file:///home/me/photo.png",
    "~/x.png",
]


@pytest.mark.parametrize("url", WRONG_URLS)
def test_a_path_in_place_of_a_url_is_an_error_that_says_so(url: str, simulator: Simulator) -> None:
    parts: list[dict[str, Any]] = [
        {"type": "image_url", "image_url": {"url": url}},
        {"type": "image_url", "image_url": url},
        {"type": "image", "source": {"type": "url", "url": url}},
        {"type": "document", "source": {"type": "url", "url": url}},
    ]
    with simulator.client() as client:
        for part in parts:
            message = {"role": "user", "content": ["Look:", part]}
            for call in (lambda m=message: client.complete("openai/m", [m]), lambda m=message: ferrule.Message(**m)):
                with pytest.raises(ValueError, match=r"content\[1\]: .* is a path on this machine, not a URL"):
                    call()
    for function in (ferrule.image, ferrule.document, ferrule.audio, ferrule.attachment):
        with pytest.raises(ValueError, match="is a path on this machine, not a URL"):
            function(url)
    assert simulator.requests == []


@pytest.mark.parametrize("url", ["https://x/y.png", "HTTPS://x/y.png", "gs://bucket/x.png", "s3://bucket/x.png"])
def test_urls_are_taken_as_they_are(url: str) -> None:
    assert ferrule.image(url) == {"type": "image", "source": {"type": "url", "url": url}}


def test_a_data_url_is_its_bytes() -> None:
    assert ferrule.image(f"data:image/png;base64,{base64.b64encode(PNG).decode()}") == _image(PNG)


@pytest.mark.parametrize(
    ("function", "source", "match"),
    [
        (ferrule.image, PDF, "application/pdf"),
        (ferrule.image, b"what", "media_type="),
        (ferrule.image, b"", "empty"),
        (ferrule.audio, PNG, "image/png"),
        (ferrule.document, b"\x00\xff\xfe", "media_type="),
        (ferrule.image, io.StringIO("text"), "binary mode"),
        (ferrule.image, 7, "int"),
    ],
)
def test_what_is_no_such_medium_is_refused_before_it_is_sent(function: Any, source: Any, match: str) -> None:
    with pytest.raises((TypeError, ValueError), match=match):
        function(source)


def test_an_empty_file_is_named(tmp_path: Path, simulator: Simulator) -> None:
    (tmp_path / "photo.png").touch()
    with simulator.client() as client, pytest.raises(ValueError, match=r"content\[0\]: the file 'photo\.png' is empty"):
        client.complete("openai/gpt-5-mini", [{"role": "user", "content": [tmp_path / "photo.png", "What is it?"]}])


@pytest.mark.parametrize("function", [ferrule.image, ferrule.document, ferrule.audio, ferrule.attachment])
@pytest.mark.parametrize("media_type", ["png", "", "image/", "/png", 7])
def test_a_media_type_is_one(function: Any, media_type: Any) -> None:
    with pytest.raises(ValueError, match=r"media_type: expected a type such as \w+/\w+, not "):
        function(PNG, media_type=media_type)


def test_an_error_names_the_part(simulator: Simulator, tmp_path: Path) -> None:
    with simulator.client() as client:
        for wrong in (b"\x00\xff\xfe", io.StringIO("x")):
            with pytest.raises((TypeError, ValueError), match=r"messages\[0\]\.content\[1\]: "):
                client.complete("openai/m", [{"role": "user", "content": ["Look:", wrong]}])
        with pytest.raises(FileNotFoundError, match="not-there"):
            client.complete("openai/m", [{"role": "user", "content": [tmp_path / "not-there.png"]}])
        # Only content holds files.
        with pytest.raises(TypeError, match="no JSON form"):
            client.complete("openai/m", "hi", extra_body={"x": b"y"})


BMP = b"BM" + b"\x00" * 20
LIMITS = [
    ("openai/m", ferrule.image(BMP), "image/bmp"),
    ("openai/m", ferrule.document(b"PK\x03\x04\xff", media_type="application/zip"), "application/zip"),
    ("openai/m", ferrule.audio(b"fLaC" + b"\x00" * 8), "audio/flac"),
    ("anthropic/m", ferrule.image(BMP), "image/bmp"),
    ("anthropic/m", ferrule.image(PNG + b"\x00" * (4 << 20)), "3.8 MB"),
    ("bedrock/anthropic.claude-sonnet-4-5", ferrule.image(PNG + b"\x00" * (4 << 20)), "3.8 MB"),
    ("xai/m", ferrule.image(b"GIF89a.."), "image/gif"),
    ("groq/m", ferrule.image(PNG + b"\x00" * (4 << 20)), "3.0 MB in a request"),
    ("vertex/gemini-3-pro", ferrule.image(PNG + b"\x00" * (8 << 20)), "7.0 MB"),
]


@pytest.mark.parametrize(("model", "part", "match"), LIMITS)
def test_what_a_provider_does_not_accept_is_refused_before_it_is_sent(
    model: str, part: dict[str, Any], match: str, simulator: Simulator
) -> None:
    with simulator.client() as client:
        messages = [{"role": "user", "content": ["Look:", part]}]
        with pytest.raises(UnsupportedError, match=match) as caught:
            client.complete(model, messages)
        assert "messages[0].content[1]" in str(caught.value)
        assert simulator.requests == []


def test_what_is_dropped_leaves_the_rest(simulator: Simulator) -> None:
    with simulator.client(drop_params=True) as client, pytest.warns(match=r"messages\[0\]\.content\[1\]"):
        client.complete("anthropic/m", [{"role": "user", "content": ["Look:", BMP, PNG]}])
    sent = simulator.requests[-1].body["messages"][0]["content"]
    assert [part["type"] for part in sent] == ["text", "image"]


def test_a_limit_is_configuration(simulator: Simulator) -> None:
    quirks = {"media": {"image_types": ["image/bmp"], "image_bytes": 100}}
    mine = {"base_url": f"{simulator.url}/v1", "quirks": quirks}
    with ferrule.Client(config=False, providers={"mine": mine}) as client:  # type: ignore[dict-item]
        client.complete("mine/m", [{"role": "user", "content": [BMP]}])
        for wrong in (PNG, BMP + b"\x00" * 100):
            with pytest.raises(UnsupportedError):
                client.complete("mine/m", [{"role": "user", "content": [wrong]}])


def test_parts_are_saved_and_loaded_as_they_are() -> None:
    part = ferrule.image(PNG, detail="high")
    message = ferrule.Message.from_dict(json.loads(json.dumps({"role": "user", "content": ["Look:", part]})))
    assert message.to_dict()["content"][1] == part
