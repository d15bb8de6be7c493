"""Deployments of a router: the entries of litellm's `model_list`, as targets of Ferrule's groups."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

from ferrule.litellm import clients, credentials, models, parameters, providers, refusals
from ferrule.litellm.objects import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ferrule.litellm.providers import Provider

_OPTIONS = {
    **{
        name: name
        for name in [
            "temperature",
            "top_p",
            "top_k",
            "n",
            "stop",
            "seed",
            "user",
            "frequency_penalty",
            "presence_penalty",
        ]
    },
    **{
        name: name
        for name in ["parallel_tool_calls", "service_tier", "verbosity", "safety_identifier", "tools", "tool_choice"]
    },
    **{
        name: name
        for name in ["response_format", "extra_headers", "extra_body", "drop_params", "dimensions", "voice", "size"]
    },
    "max_tokens": "max_tokens",
    "max_completion_tokens": "max_tokens",
    "reasoning_effort": "reasoning",
}
"""Parameters of a deployment that become defaults of its target, with Ferrule's names of them."""

_PRICES = {
    "input_cost_per_token": "input_mtok",
    "output_cost_per_token": "output_mtok",
    "cache_read_input_token_cost": "cache_read_mtok",
    "cache_creation_input_token_cost": "cache_write_mtok",
}

READ = frozenset(
    [
        *_OPTIONS,
        *_PRICES,
        "model",
        "base_model",
        "custom_llm_provider",
        "timeout",
        "stream_timeout",
        "rpm",
        "tpm",
        "weight",
        "max_parallel_requests",
        "max_budget",
        "budget_duration",
        "tags",
        "model_info",
        "use_in_pass_through",
    ]
)
"""Parameters of a deployment that are read, besides those of its connection."""

_RETRIES = "set num_retries of the router: there is one loop of retries"
_INSTEAD = {
    "max_retries": _RETRIES,
    "num_retries": _RETRIES,
    "retry_policy": "set model_group_retry_policy of the router",
    "mock_response": "call a ferrule.testing.Simulator at its api_base",
    "order": "set routing_strategy='sequential', and write the deployments in their order",
    "headers": "write extra_headers",
    "fallbacks": "set fallbacks of the router",
    "itpm": "set tpm",
    "otpm": "set tpm",
    "tpd": "set limits of a Ferrule client (docs/limits.md)",
    "rpd": "set limits of a Ferrule client (docs/limits.md)",
    "daily_reset_time": "set limits of a Ferrule client (docs/limits.md)",
    "use_litellm_proxy": "write the model as litellm_proxy/...",
    "configurable_clientside_auth_params": "there is no server: the call gives api_base itself",
}
_BEGINNINGS = {
    "auto_router_": "choose the model before the call, or in a strategy: ferrule.Routing(strategy=...)",
    "complexity_router_": "choose the model before the call, or in a strategy: ferrule.Routing(strategy=...)",
    "adaptive_router_": "choose the model before the call, or in a strategy: ferrule.Routing(strategy=...)",
    "quality_router_": "choose the model before the call, or in a strategy: ferrule.Routing(strategy=...)",
    "s3_": "call the provider's own SDK for files and batches",
    "gcs_": "call the provider's own SDK for files and batches",
    "valkey_": "search before the call, and put what was found into the messages",
    "milvus_": "search before the call, and put what was found into the messages",
}


def _instead(name: str) -> str:
    """What to do about a parameter of a deployment that nothing reads."""
    if name in _INSTEAD:
        return _INSTEAD[name]
    for beginning, instead in _BEGINNINGS.items():
        if name.startswith(beginning):
            return instead
    if "cost" in name or "pricing" in name or "uplift" in name:
        return "set prices: ferrule.litellm.register_model, or Client(models=...)"
    if name in parameters.OWN:
        return "give it in the call"
    return "put it into litellm_params.extra_body if the provider is to get it"


def _is_connection(name: str) -> bool:
    return name in credentials.CONNECTION or credentials.is_ours(name) or name in refusals.REFUSED


class Deployment:
    """One entry of a `model_list`.

    Attributes:
        model_name: The group that it belongs to.
        params: Its `litellm_params`, with variables of the environment filled in.
        info: Its `model_info`.
        id: `model_info.id`, else a digest of the entry.
        provider: Who is called.
        rpm: The most requests in a minute; `None` without a limit.
        tpm: The most tokens in a minute; `None` without a limit.
        target_name: What Ferrule calls its target; set by the router.
    """

    def __init__(self, entry: Any) -> None:
        given = plain(entry) if not isinstance(entry, dict) else entry
        self.model_name: str = given["model_name"]
        self.params: dict[str, Any] = resolved(plain(given.get("litellm_params") or {}))
        if "model" not in self.params:
            raise ValueError(f"model_list: {self.model_name!r} has no litellm_params.model")
        self.info: dict[str, Any] = dict(given.get("model_info") or {})
        self.id: str = str(self.info.get("id") or _digest(self.model_name, self.params))
        self.info["id"] = self.id
        self.provider: Provider = providers.provider_of(
            self.params["model"],
            self.params.get("custom_llm_provider"),
            self.params.get("api_base") or self.params.get("base_url"),
        )
        refusals.check(self.provider, self.params)
        self._connection()  # Raises what cannot be carried.
        self.rpm: int | None = self.params.get("rpm", given.get("rpm"))
        self.tpm: int | None = self.params.get("tpm", given.get("tpm"))
        self.target_name = f"{self.provider.id}/{self.provider.model}"

    @property
    def tags(self) -> list[str]:
        """Its tags."""
        return list(self.params.get("tags") or ())

    def share(self, weighed_by: str | None) -> float:
        """Its share relative to the others', by `weight`, `rpm` or `tpm`."""
        return 1.0 if weighed_by is None else float(self.params.get(weighed_by) or getattr(self, weighed_by, None) or 0)

    def target(self, weighed_by: str | None, concurrency: int | None) -> dict[str, Any]:
        """It as a target of a group.

        Args:
            weighed_by: What weighs: `weight`, `rpm`, `tpm`, or `None` for all the same.
            concurrency: The most calls under way, where it does not say itself.
        """
        target: dict[str, Any] = {
            "model": f"{self.provider.id}/{self.provider.model}",
            "tags": [self.tag],
            # Ferrule has no weight of 0: this one is asked where nobody else can be.
            "weight": self.share(weighed_by) or 1e-9,
        }
        connection = clients.provider_settings(self._connection())
        if self.tokens() is not None:
            connection["api_key"] = self.token_key
        if connection:
            target["provider"] = connection
        most = self.params.get("max_parallel_requests") or concurrency
        if most:
            target["concurrency"] = int(most)
        options = {ours: self.params[name] for name, ours in _OPTIONS.items() if self.params.get(name) is not None}
        if options:
            target["options"] = options
        known = {**self._of_base_model(), **self.info, **self.params}
        prices = {
            ours: float(amount) * 1e6 for name, ours in _PRICES.items() if (amount := known.get(name)) is not None
        }
        if prices:
            target["prices"] = prices
        return target

    def _connection(self) -> providers.Options:
        # A key that a function returns is asked for when it is needed.
        own = {name: value for name, value in self.params.items() if name != "api_key" or not callable(value)}
        return providers.connection(self.provider, own)

    def tokens(self) -> Callable[[], Any] | None:
        """The source of its tokens; `None` where it has a key, or credentials of the environment."""
        key = self.params.get("api_key")
        found: Callable[[], Any] | None = dict(self._connection()).get("tokens")
        return found if found is not None or not callable(key) else key

    def _of_base_model(self) -> dict[str, Any]:
        """The prices of the model that it is, where its own name does not say: `base_model`."""
        name = self.info.get("base_model") or self.params.get("base_model")
        try:
            return models.get_model_info(name) if name else {}
        except Exception:  # Whatever is the matter with the name: its prices are not known.
            return {}

    @property
    def token_key(self) -> str:
        """What stands for its tokens in place of a key."""
        return f"tokens-of-{self.id}"

    @property
    def tag(self) -> str:
        """The tag by which its target is known."""
        return f"deployment-{self.id}"

    def call(self, own: dict[str, Any]) -> dict[str, Any]:
        """The arguments of a call of it alone: its parameters, and over them the call's `own`."""
        return {**self.params, **own, "model": self.params["model"]}

    def unread(self) -> dict[str, str]:
        """The names of its parameters that nothing reads, and what to do about each."""
        return {name: _instead(name) for name in sorted(self.params) if name not in READ and not _is_connection(name)}

    def to_dict(self) -> dict[str, Any]:
        """It as an entry of a `model_list`, without its key."""
        shown = {name: value for name, value in self.params.items() if name not in credentials.SECRET}
        return {"model_name": self.model_name, "litellm_params": shown, "model_info": dict(self.info)}

    def __repr__(self) -> str:
        return f"Deployment({self.model_name!r}, model={self.params['model']!r}, id={self.id!r})"


def resolved(value: Any) -> Any:
    """`value` with `os.environ/NAME` replaced by the variable."""
    if isinstance(value, str) and value.startswith("os.environ/"):
        return os.environ.get(value.removeprefix("os.environ/"))
    if isinstance(value, dict):
        return {name: resolved(item) for name, item in value.items()}
    return [resolved(item) for item in value] if isinstance(value, list) else value


def _digest(name: str, params: dict[str, Any]) -> str:
    text = json.dumps([name, params], sort_keys=True, default=repr)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]


class Group:
    """The deployments of one name.

    Attributes:
        name: The `model_name`.
        key: What Ferrule calls the group.
        deployments: Its deployments.
        strategy: Ferrule's name of the strategy.
        as_given: Whether all of them get OpenAI's parameters and messages as the caller wrote them.
    """

    def __init__(self, name: str, key: str, deployments: list[Deployment], strategy: str) -> None:
        self.name = name
        self.key = f"{key}-*" if "*" in name else key
        self.deployments = deployments
        self.strategy = strategy
        self.as_given = strategy != "lowest_cost" and all(one.provider.as_given for one in deployments)

    def called(self, model: str) -> str | None:
        """What Ferrule calls the group where a call names `model`; `None` where that is not this group."""
        if "*" not in self.name:
            return self.key if model == self.name else None
        head, _, tail = self.name.partition("*")
        if not fnmatch.fnmatchcase(model, f"{_literal(head)}*{_literal(tail)}") or len(model) < len(head) + len(tail):
            return None
        return self.key.replace("*", model[len(head) : len(model) - len(tail) or None])

    def notices(self) -> list[str]:
        """What of its deployments is not carried, and what to do."""
        found = [
            f"model_list: {one.model_name!r} has litellm_params.{name}, which nothing reads: {instead}"
            for one in self.deployments
            for name, instead in one.unread().items()
        ]
        found += [
            f"model_list: the deployments of {self.name!r} have not all the same litellm_params.{name}: where all have "
            "one the first one's holds, else the router's"
            for name in ("timeout", "stream_timeout")
            if len({repr(one.params.get(name)) for one in self.deployments}) > 1
        ]
        return found

    def options(self, settings: Any) -> dict[str, Any]:
        """The group, as Ferrule's configuration has it."""
        weighed_by = None
        for name in ("weight", "rpm", "tpm"):
            if any(one.share(name) for one in self.deployments):
                weighed_by = name
                break
        return {
            "targets": [one.target(weighed_by, settings.default_max_parallel_requests) for one in self.deployments],
            "strategy": self.strategy,
            "breaker": settings.breaker(len(self.deployments)),
            "retry": {"budget": 1.0, "backoff": settings.backoff()},
        }


def _literal(text: str) -> str:
    return text.replace("[", "[[]").replace("?", "[?]")


def grouped(deployments: Iterable[Deployment]) -> dict[str, list[Deployment]]:
    """The deployments by name, in their order."""
    found: dict[str, list[Deployment]] = {}
    for one in deployments:
        found.setdefault(one.model_name, []).append(one)
    return found
