"""Ferrule's native API, taking at each wake-up all that is ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrule import TextDelta

from . import ferrule

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT_IS_RAW = False


class Client(ferrule.Client):
    async def stream(self, deliver: Callable[[str], object]) -> None:
        async with self.client.stream("openai/m", self.messages) as stream:
            async for batch in stream.batches():
                for event in batch:
                    if isinstance(event, TextDelta):
                        deliver(event.text)
