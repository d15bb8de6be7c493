"""Text completions of a router, and questions to several of its groups at once."""

from __future__ import annotations

from typing import Any

from ferrule.litellm import texts


class TextOperations:
    """What a `Router` does by chat completions of its groups."""

    def completion(self, model: str, messages: Any = None, **given: Any) -> Any:
        """Asks a group: `Router` has it."""
        raise NotImplementedError

    async def acompletion(self, model: str, messages: Any = None, **given: Any) -> Any:
        """`completion`, awaited."""
        raise NotImplementedError

    def text_completion(self, model: str, prompt: Any, **given: Any) -> Any:
        """Completes a text with a group, as a chat."""
        messages = [{"role": "user", "content": prompt}]
        return texts.from_chats([self.completion(model, messages, **given)])

    async def atext_completion(self, model: str, prompt: Any, **given: Any) -> Any:
        """`text_completion`, awaited."""
        messages = [{"role": "user", "content": prompt}]
        return texts.from_chats([await self.acompletion(model, messages, **given)])

    async def abatch_completion(self, models: list[str], messages: Any, **given: Any) -> list[Any]:
        """Asks several groups at once.

        Returns:
            The answers in the order of the groups; in place of one that failed its exception.
        """
        import asyncio

        asked = [self.acompletion(model, messages, **given) for model in models]
        return list(await asyncio.gather(*asked, return_exceptions=True))
