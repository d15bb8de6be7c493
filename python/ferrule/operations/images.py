"""Pictures, as programs see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ferrule.operations.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator


class Image(NamedTuple):
    """One picture.

    Attributes:
        data: The picture itself; `None` where it has to be fetched.
        url: Where it can be fetched for a while; `None` where it came with the answer.
        revised_prompt: The prompt it was made from, where the provider changed it.
    """

    data: bytes | None
    url: str | None
    revised_prompt: str | None

    def __repr__(self) -> str:
        data = None if self.data is None else f"<{len(self.data)} bytes>"
        return f"Image(data={data}, url={self.url!r}, revised_prompt={self.revised_prompt!r})"


class Images(Answer):
    """The pictures of a call to `images.generate`: a sequence of `Image`.

    Attributes:
        images: The pictures.
    """

    __slots__ = ("images",)

    def __init__(self, fields: dict[str, Any]) -> None:
        super().__init__(fields)
        self.images = [Image(*image) for image in fields["images"]]

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, position: int) -> Image:
        return self.images[position]

    def __iter__(self) -> Iterator[Image]:
        return iter(self.images)

    def __repr__(self) -> str:
        return f"Images({len(self.images)}, model={self.model!r})"
