"""Pictures, as programs see them."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Image:
    """One picture.

    Attributes:
        url: Where it can be fetched for a while; `None` where it came with the answer.
        data: The picture itself; `None` where it has to be fetched.
        revised_prompt: The prompt it was made from, where the provider changed it.
    """

    url: str | None
    data: bytes | None = field(repr=False)
    revised_prompt: str | None = None


@dataclass(frozen=True)
class Images:
    """The pictures of a call to `images.generate`.

    Attributes:
        images: The pictures.
        provider: The provider that answered.
        model: The model asked for.
        request_id: The provider's id of the request; `None` where it gave none.
        raw: The provider's answer.
    """

    images: list[Image]
    provider: str
    model: str
    request_id: str | None
    raw: dict[str, Any] = field(repr=False)


def read(raw: Any, head: dict[str, Any], model: str) -> Images:
    """Makes pictures of OpenAI's answer.

    Raises:
        ValueError: It is no such answer.
    """
    entries = raw.get("data") if isinstance(raw, dict) else None
    if not isinstance(entries, list):
        raise ValueError("the answer has no `data`")
    images = [_image(entry) for entry in entries if isinstance(entry, dict)]
    return Images(images, head["provider"], model, head["request_id"], raw)


def _image(entry: dict[str, Any]) -> Image:
    encoded = entry.get("b64_json")
    data = base64.b64decode(encoded) if isinstance(encoded, str) else None
    return Image(entry.get("url"), data, entry.get("revised_prompt"))
