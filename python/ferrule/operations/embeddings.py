"""Embeddings: the vectors of a call to `embed`."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ferrule.operations.reply import OperationReply

if TYPE_CHECKING:
    import numpy
    import numpy.typing

    Vectors = numpy.typing.NDArray[numpy.float32]
else:
    Vectors = Any  # numpy is optional, and large.


class Embeddings(OperationReply):
    """The embeddings of a call to `embed`, in the order of its texts.

    A sequence of vectors, each a list of floats; `array` and `numpy.asarray` give all of them as one numpy array.

    Attributes:
        data: All vectors one after the other, as little-endian 32-bit floats.
        dimensions: The length of each vector.
    """

    __slots__ = ("_count", "data", "dimensions")

    def __init__(self, fields: dict[str, Any]) -> None:
        super().__init__(fields)
        self.data: bytes = fields["data"]
        self.dimensions: int = fields["dimensions"]
        self._count: int = fields["count"]

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, position: int) -> list[float]:
        if not -self._count <= position < self._count:
            raise IndexError(f"there are {self._count} embeddings")
        begin = position % self._count * self.dimensions * 4
        return _floats(self.data[begin : begin + self.dimensions * 4])

    def __iter__(self) -> Iterator[list[float]]:
        return (self[position] for position in range(self._count))

    def __repr__(self) -> str:
        return f"Embeddings({self._count} of {self.dimensions} dimensions, model={self.model!r})"

    @property
    def vectors(self) -> list[list[float]]:
        """The vectors as lists of floats."""
        return list(self)

    @property
    def array(self) -> Vectors:
        """The vectors as a read-only numpy array of shape (texts, dimensions), which shares `data` without a copy.

        Raises:
            ImportError: numpy is not installed.
        """
        try:
            import numpy  # optional
        except ImportError as error:
            raise ImportError("Embeddings.array needs numpy: pip install numpy; `vectors` works without it") from error
        return numpy.frombuffer(self.data, dtype="<f4").reshape(self._count, self.dimensions)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        whole = self.array
        if dtype is not None and whole.dtype != dtype:
            if copy is False:
                raise ValueError("embeddings are 32-bit floats; another type needs a copy")
            return whole.astype(dtype)
        return whole.copy() if copy else whole


def _floats(data: bytes) -> list[float]:
    numbers = array("f", data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tolist()
