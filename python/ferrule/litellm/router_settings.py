"""Settings of a router: its arguments, which of them Ferrule carries, and what to do about the others."""

from __future__ import annotations

import logging
from typing import Any

from ferrule.litellm import router_budgets
from ferrule.litellm.cooldowns import Cooldowns
from ferrule.litellm.objects import OpenAIObject

_log = logging.getLogger("ferrule")

STRATEGIES = {
    "simple-shuffle": "weighted_random",
    "least-busy": "least_busy",
    "usage-based-routing": "usage_based",
    "usage-based-routing-v2": "usage_based",
    "latency-based-routing": "lowest_latency",
    "cost-based-routing": "lowest_cost",
}
"""litellm's strategies, and Ferrule's (docs/strategies.md). Ferrule's own names are taken too."""

_REDIS = "a router's state is its process's own: nothing is shared through Redis"
_NONE = "it has no counterpart; nothing depends on it"
NOT_CARRIED = {
    **dict.fromkeys(("redis_url", "redis_host", "redis_port", "redis_password", "redis_db", "cache_kwargs"), _REDIS),
    "caching_groups": "answers are cached by model group: set ferrule.litellm.cache",
    "max_retries": "set num_retries: there is one loop of retries",
    "weights": "set weight in the litellm_params of each deployment",
    "model_list": "write it at the top of the file",
    "enable_weighted_failover": "every call of a group moves on to another deployment, by weight: remove it",
    "fallback_on_unsupported_params": "every error but a cancelled call leads to the fallbacks: remove it",
    "set_verbose": "Ferrule logs to logging.getLogger('ferrule') (docs/logging.md)",
    "debug_level": "Ferrule logs to logging.getLogger('ferrule') (docs/logging.md)",
    "client_ttl": "connections are kept while they are used",
    "polling_interval": "there is no queue with priorities: limit with max_parallel_requests",
    "default_priority": "there is no queue with priorities: limit with max_parallel_requests",
    "assistants_config": "call the provider's own SDK for assistants",
    "search_tools": "hosted tools of a provider go into `tools`",
    "guardrail_list": "check prompts and answers around the call",
    "plugins": "write a strategy as a function: ferrule.Routing(strategy=...)",
    "alerting_config": "observe with router.client.on('failover', ...) (docs/observers.md)",
    "routing_groups": "give each group its strategy with `routing_strategy` of a router of its own",
    "router_general_settings": _NONE,
    "deployment_affinity_ttl_seconds": "conversations stay with `session` (docs/strategies.md), without a time limit",
    "model_group_affinity_config": "conversations stay with `session` (docs/strategies.md)",
    "optional_pre_call_checks": "conversations stay with `session` (docs/strategies.md)",
    "fallback_access_check": "check before the call",
    "fallback_budget_check": "check before the call",
    "auto_router_capability_limit": _NONE,
    "session_affinity_repin_on_failover": "a session is back at its target once that answers",
    "enable_health_check_routing": "set `check` of a breaker: seconds between health checks (docs/failover.md)",
    "health_check_staleness_threshold": "set `check` of a breaker (docs/failover.md)",
    "health_check_ignore_transient_errors": "set `check` of a breaker (docs/failover.md)",
    "background_health_check_model_groups": "set `check` of a breaker (docs/failover.md)",
    "allowed_fails_policy": "failures count by kind as docs/failover.md says: timeouts, resets, server errors and "
    "overload open a breaker",
    "tag_routing_prefix": "tags are compared as they are",
    "routing_strategy_args": "the strategies have no arguments (docs/strategies.md)",
}
"""Arguments that Ferrule does not carry, and what to do."""


class RetryPolicy(OpenAIObject):
    """How often a call is repeated, by the class of its error; `None` for the router's `num_retries`.

    Attributes:
        BadRequestErrorRetries: After a `BadRequestError`.
        AuthenticationErrorRetries: After an `AuthenticationError`.
        TimeoutErrorRetries: After a `Timeout`.
        RateLimitErrorRetries: After a `RateLimitError`.
        ContentPolicyViolationErrorRetries: After a `ContentPolicyViolationError`.
        InternalServerErrorRetries: After an `InternalServerError`.
        ServiceUnavailableErrorRetries: After a `ServiceUnavailableError`.
    """

    BadRequestErrorRetries: int | None = None
    AuthenticationErrorRetries: int | None = None
    TimeoutErrorRetries: int | None = None
    RateLimitErrorRetries: int | None = None
    ContentPolicyViolationErrorRetries: int | None = None
    InternalServerErrorRetries: int | None = None
    ServiceUnavailableErrorRetries: int | None = None

    def retries(self, error: BaseException, usual: int) -> int:
        """How often a call that failed with `error` is repeated; `usual` where the policy does not say."""
        for kind in type(error).__mro__:
            name = "TimeoutErrorRetries" if kind.__name__ == "Timeout" else f"{kind.__name__}Retries"
            found = getattr(self, name, None)
            if found is not None:
                return int(found)
        return usual


class AllowedFailsPolicy(OpenAIObject):
    """How many failures a deployment may have, by the class of the error. Not carried: see `RouterSettings`."""


class RouterSettings:
    """A router's arguments, with litellm's names and defaults; `timeout` is 600 seconds and not 6000.

    Raises:
        TypeError: There is no such argument.
        ValueError: There is no such strategy, or a budget is not valid.
    """

    def __init__(self, **given: Any) -> None:
        self.num_retries: int = _or(given.pop("num_retries", None), 2)
        self.max_fallbacks: int = _or(given.pop("max_fallbacks", None), 5)
        self.timeout: float | None = given.pop("timeout", None)
        self.stream_timeout: float | None = given.pop("stream_timeout", None)
        self.default_litellm_params: dict[str, Any] = dict(given.pop("default_litellm_params", None) or {})
        self.default_max_parallel_requests: int | None = given.pop("default_max_parallel_requests", None)
        self.fallbacks: list[Any] = list(given.pop("fallbacks", None) or [])
        self.context_window_fallbacks: list[Any] = list(given.pop("context_window_fallbacks", None) or [])
        self.content_policy_fallbacks: list[Any] = list(given.pop("content_policy_fallbacks", None) or [])
        self.default_fallbacks: list[Any] = list(given.pop("default_fallbacks", None) or [])
        self.model_group_alias: dict[str, Any] = dict(given.pop("model_group_alias", None) or {})
        self.enable_pre_call_checks: bool = bool(given.pop("enable_pre_call_checks", False))
        self.enable_tag_filtering: bool = bool(given.pop("enable_tag_filtering", False))
        self.tag_filtering_match_any: bool = bool(given.pop("tag_filtering_match_any", True))
        self.retry_after: float = float(given.pop("retry_after", 0) or 0)
        self.retry_policy = _policy(given.pop("retry_policy", None))
        policies: dict[str, Any] = given.pop("model_group_retry_policy", None) or {}
        self.model_group_retry_policy = {name: _policy(policy) for name, policy in policies.items()}
        self.allowed_fails: int = _or(given.pop("allowed_fails", None), 3)
        self.cooldown_time: float = float(_or(given.pop("cooldown_time", None), 5))
        self.disable_cooldowns: bool = bool(given.pop("disable_cooldowns", None))
        self.routing_strategy: str = _strategy_name(given.pop("routing_strategy", "simple-shuffle"))
        self.cache_responses: bool = bool(given.pop("cache_responses", False))
        self.continue_streams: bool = bool(given.pop("enable_mid_stream_fallback_continuation", False))
        self.ignore_invalid_deployments: bool = bool(given.pop("ignore_invalid_deployments", False))
        # Every call of a group moves on to another deployment, and nothing is printed.
        for name in ("enable_weighted_failover", "fallback_on_unsupported_params", "set_verbose", "debug_level"):
            given.pop(name, None)
        self.provider_budgets = router_budgets.checked(given.pop("provider_budget_config", None))
        self.notices: list[str] = []
        for name, value in given.items():
            if name not in NOT_CARRIED:
                raise TypeError(f"Router: there is no argument {name!r}")
            if value:
                self.notices.append(f"{name}: {NOT_CARRIED[name]}")
        for notice in self.notices:
            _log.warning("Router: %s", notice)

    @property
    def strategy(self) -> str:
        """Ferrule's name of the strategy."""
        return STRATEGIES.get(self.routing_strategy, self.routing_strategy)

    @property
    def is_limited(self) -> bool:
        """Whether `rpm` and `tpm` of deployments are kept to."""
        return self.enable_pre_call_checks or self.strategy == "usage_based"

    def breaker(self, deployments: int) -> dict[str, Any]:
        """The circuit breakers of a group's deployments: their cooldown."""
        if self.disable_cooldowns or deployments == 1:
            return {"failures": 0, "failure_rate": 0}
        pause = max(self.cooldown_time, 0.001)
        return {"failures": self.allowed_fails + 1, "open": pause, "open_max": pause, "all_open": "fail"}

    def cooldowns(self) -> Cooldowns:
        """Counts what circuit breakers do not."""
        never = self.disable_cooldowns
        return Cooldowns(1 << 30 if never else self.allowed_fails, 0.0 if never else self.cooldown_time)

    def backoff(self) -> float:
        """Seconds before the first retry."""
        return max(self.retry_after, 0.5)


def _or(value: Any, usual: int) -> Any:
    return usual if value is None else value


def _policy(given: Any) -> RetryPolicy | None:
    if given is None or isinstance(given, RetryPolicy):
        return given
    return RetryPolicy(**(given if isinstance(given, dict) else given.model_dump()))


def _strategy_name(given: Any) -> str:
    name = str(getattr(given, "value", given))
    if name in STRATEGIES:
        return name
    ours = name.replace("-", "_")
    known = ("sequential", "round_robin", "weighted_round_robin", "rate_limit_aware", *STRATEGIES.values())
    if ours not in known:
        raise ValueError(
            f"routing_strategy: there is no {name!r}; there are {', '.join(STRATEGIES)} (docs/strategies.md has more)"
        )
    return ours
