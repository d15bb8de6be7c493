"""Requests of a router: a chat completion of a group, whose deployment is known once it has answered."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ferrule.litellm import parameters
from ferrule.litellm.exceptions import LiteLLMError
from ferrule.litellm.failures import exception_of
from ferrule.litellm.providers import Provider, litellm_name
from ferrule.litellm.requests import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ferrule._native import Reply
    from ferrule.errors import FerruleError
    from ferrule.litellm.deployments import Deployment, Group
    from ferrule.litellm.response import ModelResponse


class GroupRequest(Request):
    """A chat completion of a group of deployments.

    Attributes:
        group: The group.
        name: What Ferrule calls it.
        eligible: The deployments that may be asked.
        count: Counts attempts that failed.
    """

    __slots__ = ("count", "eligible", "group")

    def __init__(  # pyright: ignore[reportMissingSuperCall] - the provider is not known yet
        self,
        group: Group,
        name: str,
        messages: Any,
        given: dict[str, Any],
        eligible: list[Deployment],
        count: Callable[[Iterable[Any], list[Deployment]], None],
    ) -> None:
        body, own = parameters.split(given)
        first = eligible[0].provider
        self.group = group
        self.eligible = eligible
        self.count = count
        self.provider = Provider(first.name, first.id, first.model, group.as_given)
        self.connection = ()
        self.model = first.model
        self.shown_model = first.model
        self.name = name
        self.messages = messages
        if "additional_drop_params" in own:
            parameters.drop_additional(body, own["additional_drop_params"])
        self.body = body
        self.own = own
        self.stream = bool(own.get("stream"))
        usage = body.get("stream_options")
        self.include_usage = isinstance(usage, dict) and bool(usage.get("include_usage"))
        self.model_id = None
        self.call_id = own.get("litellm_call_id")
        self.started = time.time()

    def deployment_of(self, attempts: Any) -> Deployment | None:
        """The deployment that was asked last."""
        asked = [attempt.target for attempt in attempts if not attempt.skipped]
        for one in self.group.deployments:
            if asked and one.target_name == asked[-1]:
                return one
        return self.group.deployments[0] if len(self.group.deployments) == 1 else None

    def response(self, reply: Reply[Any]) -> ModelResponse:
        """The answer of litellm's form."""
        attempts = reply.attempts
        if len(attempts) > 1:
            self.count(attempts, self.group.deployments)
        return super().response(reply)

    def hidden(self, reply: Reply[Any]) -> dict[str, Any]:
        """Metadata of the answer: `_hidden_params`."""
        found = self.deployment_of(reply.attempts)
        if found is not None:
            self.model_id = found.id
            self.model = found.provider.model if "*" not in found.provider.model else reply.attempts[-1].model
            self.provider = found.provider._replace(as_given=self.provider.as_given)
        hidden = super().hidden(reply)
        if found is not None:
            hidden["api_base"] = found.params.get("api_base")
        hidden["additional_headers"].update(
            {"x-litellm-model-group": self.group.name, "x-litellm-attempted-retries": len(reply.attempts) - 1}
        )
        hidden["model_group"] = self.group.name
        return hidden

    def exception(self, error: FerruleError) -> Exception:
        """The exception of litellm's for an error of the call."""
        self.count(error.attempts, self.group.deployments)
        found = self.deployment_of(error.attempts)
        name = found.provider.name if found is not None else litellm_name(error.provider or self.provider.id)
        model = error.model or (found.provider.model if found is not None else self.group.name)
        raised = exception_of(error, name, model, None if found is None else found.params.get("api_base"))
        if isinstance(raised, LiteLLMError):
            raised.num_retries = max(0, sum(1 for attempt in error.attempts if not attempt.skipped) - 1) or None
        return raised
