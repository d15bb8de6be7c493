"""Operations of a router that its groups do as chats do: embeddings, images, transcripts, rankings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrule.errors import FerruleError
from ferrule.litellm import operations

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrule.litellm.clients import AsyncCaller, SyncCaller
    from ferrule.litellm.cooldowns import Cooldowns
    from ferrule.litellm.deployments import Deployment, Group
    from ferrule.routing import Routing

    _Act = Callable[[Any, str, dict[str, Any]], Any]
    _Shape = Callable[[operations.Operation, Any], Any]


class Chosen:
    """Who of a group is asked by a call, and how often."""

    def __init__(self, group: Group, name: str, eligible: list[Deployment], routing: Routing, max_retries: int) -> None:
        self.group = group
        self.name = name
        self.eligible = eligible
        self.routing = routing
        self.max_retries = max_retries


class GroupOperations:
    """What a `Router` asks of its groups, besides chats."""

    if TYPE_CHECKING:
        cooldowns: Cooldowns

        @property
        def client(self) -> SyncCaller: ...  # noqa: D102 - the router's

        @property
        def async_client(self) -> AsyncCaller: ...  # noqa: D102 - the router's

        def _choose(self, model: str, given: dict[str, Any]) -> Chosen: ...

        def _limit_time(self, own: dict[str, Any], eligible: list[Deployment]) -> None: ...

        def _sync(self, model: str, given: dict[str, Any], act: Callable[[str, dict[str, Any]], Any]) -> Any: ...

        async def _async(self, model: str, given: dict[str, Any], act: Callable[[str, dict[str, Any]], Any]) -> Any: ...

    def _operate(self, name: str, given: dict[str, Any], known: str) -> tuple[operations.Operation, Chosen]:
        chosen = self._choose(name, given)
        own = {**given, "max_retries": chosen.max_retries}
        own.pop("num_retries", None)
        self._limit_time(own, chosen.eligible)
        made = operations.prepare(chosen.eligible[0].params["model"], own, known)
        made.options["routing"] = chosen.routing
        return made, chosen

    def _operation(self, model: str, given: dict[str, Any], known: str, act: _Act, shape: _Shape) -> Any:
        def attempt(name: str, own: dict[str, Any]) -> Any:
            operation, chosen = self._operate(name, own, known)
            try:
                found = act(self.client, chosen.name, operation.options)
            except FerruleError as error:
                self.cooldowns.count(error.attempts, chosen.group.deployments)
                raise operation.exception(error) from error
            return shape(operation, found)

        return self._sync(model, given, attempt)

    async def _aoperation(self, model: str, given: dict[str, Any], known: str, act: _Act, shape: _Shape) -> Any:
        async def attempt(name: str, own: dict[str, Any]) -> Any:
            operation, chosen = self._operate(name, own, known)
            try:
                found = await act(self.async_client, chosen.name, operation.options)
            except FerruleError as error:
                self.cooldowns.count(error.attempts, chosen.group.deployments)
                raise operation.exception(error) from error
            return shape(operation, found)

        return await self._async(model, given, attempt)

    def embedding(self, model: str, input: Any = None, **given: Any) -> Any:
        """Embeds texts with a group. See `ferrule.litellm.embedding`."""
        encoding = given.pop("encoding_format", None)
        return self._operation(
            model,
            given,
            "dimensions input_type user",
            lambda client, name, options: client.embed(name, input, **options),
            lambda operation, found: operations.embedding_of(operation, found, encoding),
        )

    async def aembedding(self, model: str, input: Any = None, **given: Any) -> Any:
        """`embedding`, awaited."""
        encoding = given.pop("encoding_format", None)
        return await self._aoperation(
            model,
            given,
            "dimensions input_type user",
            lambda client, name, options: client.embed(name, input, **options),
            lambda operation, found: operations.embedding_of(operation, found, encoding),
        )

    def image_generation(self, prompt: str, model: str, **given: Any) -> Any:
        """Generates images with a group. See `ferrule.litellm.image_generation`."""
        return self._operation(
            model,
            given,
            "n size quality response_format",
            lambda client, name, options: client.images.generate(name, prompt, **options),
            operations.images_of,
        )

    async def aimage_generation(self, prompt: str, model: str, **given: Any) -> Any:
        """`image_generation`, awaited."""
        return await self._aoperation(
            model,
            given,
            "n size quality response_format",
            lambda client, name, options: client.images.generate(name, prompt, **options),
            operations.images_of,
        )

    async def atranscription(self, file: Any, model: str, **given: Any) -> Any:
        """Transcribes a recording with a group. See `ferrule.litellm.atranscription`."""
        audio = file[:2] if isinstance(file, tuple) else file
        return await self._aoperation(
            model,
            given,
            "language prompt response_format temperature",
            lambda client, name, options: client.audio.transcribe(name, audio, **options),
            operations.transcript_of,
        )

    async def arerank(self, model: str, query: str, documents: list[Any], **given: Any) -> Any:
        """Ranks documents with a group. See `ferrule.litellm.arerank`."""
        shown = bool(given.pop("return_documents", False))
        return await self._aoperation(
            model,
            given,
            "top_n",
            lambda client, name, options: client.rerank(name, query, documents, **options),
            lambda operation, found: operations.ranking_of(operation, found, documents, shown),
        )

    def rerank(self, model: str, query: str, documents: list[Any], **given: Any) -> Any:
        """Ranks documents with a group. See `ferrule.litellm.rerank`."""
        shown = bool(given.pop("return_documents", False))
        return self._operation(
            model,
            given,
            "top_n",
            lambda client, name, options: client.rerank(name, query, documents, **options),
            lambda operation, found: operations.ranking_of(operation, found, documents, shown),
        )
