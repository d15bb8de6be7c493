"""Operations of a router that go to a single deployment: the Responses API, speech, transcripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrule.litellm import operations, responses_api

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrule.litellm.deployments import Deployment
    from ferrule.litellm.router_settings import RouterSettings


class DirectOperations:
    """What a `Router` asks of a deployment that its group's strategy chooses; fallbacks are other groups."""

    if TYPE_CHECKING:
        settings: RouterSettings

        def _pick(self, model: str, given: dict[str, Any]) -> Deployment: ...

        def _sync(self, model: str, given: dict[str, Any], act: Callable[[str, dict[str, Any]], Any]) -> Any: ...

        async def _async(self, model: str, given: dict[str, Any], act: Callable[[str, dict[str, Any]], Any]) -> Any: ...

    def get_available_deployment(self, model: str, **given: Any) -> dict[str, Any]:
        """The deployment that a call would ask first, without its key. No request is made.

        Args:
            model: The name of the group.
            **given: What the call would have: `metadata`, for tags.
        """
        return self._pick(model, given).to_dict()

    def _of_own(self, function: Any, name: str, given: dict[str, Any]) -> Any:
        """A call that says itself where it goes, or as whom: of one deployment, and not of the group's connections."""
        given.setdefault("num_retries", self.settings.num_retries)
        made = self._pick(name, given).call({**self.settings.default_litellm_params, **given})
        return function(**made)

    def _direct(self, function: Any, model: str, given: dict[str, Any]) -> Any:
        return self._sync(model, given, lambda name, own: function(**self._pick(name, own).call(own)))

    async def _adirect(self, function: Any, model: str, given: dict[str, Any]) -> Any:
        return await self._async(model, given, lambda name, own: function(**self._pick(name, own).call(own)))

    def responses(self, model: str, input: Any = None, **given: Any) -> Any:
        """Asks a group by the Responses API. See `ferrule.litellm.responses`."""
        return self._direct(responses_api.responses, model, {"input": input, **given})

    async def aresponses(self, model: str, input: Any = None, **given: Any) -> Any:
        """`responses`, awaited."""
        return await self._adirect(responses_api.aresponses, model, {"input": input, **given})

    def speech(self, model: str, input: str, voice: Any = None, **given: Any) -> Any:
        """Synthesises speech with a group. See `ferrule.litellm.speech`."""
        return self._direct(operations.speech, model, {"input": input, "voice": voice, **given})

    async def aspeech(self, model: str, input: str, voice: Any = None, **given: Any) -> Any:
        """`speech`, awaited."""
        return await self._adirect(operations.aspeech, model, {"input": input, "voice": voice, **given})

    def transcription(self, file: Any, model: str, **given: Any) -> Any:
        """Transcribes a recording with a group. See `ferrule.litellm.transcription`."""
        return self._direct(operations.transcription, model, {"file": file, **given})
