"""Images: the generated images of a call to `images.generate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ferrule.operations.reply import OperationReply

if TYPE_CHECKING:
    from collections.abc import Iterator


class Image(NamedTuple):
    """One generated image.

    Attributes:
        data: The image file; `None` where it has to be downloaded.
        url: Where it can be downloaded for a limited time; `None` where it came with the response.
        revised_prompt: The prompt it was generated from; `None` where the provider did not change yours.
    """

    data: bytes | None
    url: str | None
    revised_prompt: str | None

    def __repr__(self) -> str:
        data = None if self.data is None else f"<{len(self.data)} bytes>"
        return f"Image(data={data}, url={self.url!r}, revised_prompt={self.revised_prompt!r})"


class Images(OperationReply):
    """The images of a call to `images.generate`: a sequence of `Image`.

    Attributes:
        images: The images.
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
