"""Settings of the module `ferrule.litellm`: `drop_params`, `num_retries`, `callbacks`, keys, ..., as litellm has them.

They are attributes of the module (`ferrule.litellm.drop_params = True`); the package's own code reads `settings`.
"""

from __future__ import annotations

from typing import Any


class Settings:
    """What a program sets once for all calls. The names are litellm's.

    Attributes:
        api_key: The key of providers that have none of their own here or in the environment.
        api_base: The address of the provider that a call names, where the call gives none.
        openai_key: The key of OpenAI; likewise the other `..._key`.
        organization: OpenAI's organization.
        headers: Headers of every request.
        drop_params: Whether parameters that a provider lacks are dropped. Otherwise they are an error.
        modify_params: Kept for programs that set it; nothing reads it.
        num_retries: How often a failed request is repeated where a call does not say.
        request_timeout: Seconds for a call that gives no `timeout`. Default 600.
        model_alias_map: Other names of models.
        context_window_fallbacks: As `Router` takes them, for `completion`.
        cache: The cache of answers; `None` for none.
        callbacks: Callbacks of every kind: objects of `CustomLogger`, or functions.
        success_callback: Called after an answer: functions, or objects of `CustomLogger`.
        failure_callback: Called after an error.
        input_callback: Called before a request.
        custom_prompt_dict: Kept for programs that set it; nothing reads it.
        set_verbose: Kept for programs that set it: Ferrule logs to `logging.getLogger("ferrule")`.
        suppress_debug_info: Kept for programs that set it: nothing is printed anyway.
        telemetry: Kept for programs that set it: there is none.
        max_budget: Dollars that the calls of this process may cost; then `BudgetExceededError`. 0 for no limit.
    """

    def __init__(self) -> None:
        self.api_key: str | None = None
        self.api_base: str | None = None
        self.openai_key: str | None = None
        self.azure_key: str | None = None
        self.anthropic_key: str | None = None
        self.cohere_key: str | None = None
        self.groq_key: str | None = None
        self.openrouter_key: str | None = None
        self.huggingface_key: str | None = None
        self.togetherai_api_key: str | None = None
        self.replicate_key: str | None = None
        self.organization: str | None = None
        self.headers: dict[str, str] | None = None
        self.drop_params: bool = False
        self.modify_params: bool = False
        self.num_retries: int | None = None
        self.request_timeout: float = 600.0
        self.model_alias_map: dict[str, str] = {}
        self.default_fallbacks: list[Any] | None = None
        self.context_window_fallbacks: list[dict[str, list[str]]] | None = None
        self.cache: Any = None
        self.callbacks: list[Any] = []
        self.success_callback: list[Any] = []
        self.failure_callback: list[Any] = []
        self.input_callback: list[Any] = []
        self._async_success_callback: list[Any] = []
        self._async_failure_callback: list[Any] = []
        self.custom_prompt_dict: dict[str, Any] = {}
        self.set_verbose: bool = False
        self.suppress_debug_info: bool = True
        self.telemetry: bool = False
        self.max_budget: float = 0.0
        self._current_cost: float = 0.0
        self.api_version: str | None = None
        self.vertex_project: str | None = None
        self.vertex_location: str | None = None

    @property
    def async_success_callback(self) -> list[Any]:
        """Callbacks after answers of asynchronous calls, in addition to `success_callback`."""
        return self._async_success_callback

    @property
    def async_failure_callback(self) -> list[Any]:
        """Callbacks after errors of asynchronous calls, in addition to `failure_callback`."""
        return self._async_failure_callback

    @property
    def spent(self) -> float:
        """What the calls of this process cost so far, in dollars; counted where `max_budget` is set."""
        return self._current_cost

    def spend(self, dollars: float) -> None:
        """Adds to what the calls cost."""
        self._current_cost += dollars


settings = Settings()

NAMES = frozenset(vars(Settings()))
"""The names of the settings."""


def reset() -> None:
    """Sets everything back to its default, for tests."""
    vars(settings).clear()
    vars(settings).update(vars(Settings()))
