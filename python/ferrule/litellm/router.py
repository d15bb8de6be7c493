"""Router: deployments of models by name, on Ferrule's groups, with retries, cooldowns and fallbacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrule.errors import ConfigError
from ferrule.litellm import calls, chat, credentials, router_budgets
from ferrule.litellm.clients import AsyncCaller, SyncCaller
from ferrule.litellm.deployments import Deployment, Group, grouped
from ferrule.litellm.exceptions import BadRequestError, RateLimitError
from ferrule.litellm.group_requests import GroupRequest
from ferrule.litellm.limits import Limits
from ferrule.litellm.router_direct import DirectOperations
from ferrule.litellm.router_fallbacks import steps
from ferrule.litellm.router_operations import Chosen, GroupOperations
from ferrule.litellm.router_retries import Retries
from ferrule.litellm.router_settings import RouterSettings
from ferrule.litellm.router_texts import TextOperations
from ferrule.routing import Routing

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ferrule.typing_compat import Self

_FALLBACKS = ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks", "disable_fallbacks")


class Router(DirectOperations, GroupOperations, TextOperations):
    """Spreads calls over deployments, with litellm's arguments and methods.

    Args:
        model_list: The deployments: `{"model_name": ..., "litellm_params": {"model": "provider/model", "api_key": ...,
            "api_base": ..., ...}}`. Those of one name are a group; a name may have a `*`.
        **settings: `fallbacks`, `context_window_fallbacks`, `content_policy_fallbacks`, `default_fallbacks`,
            `num_retries` (default 2), `routing_strategy`, `allowed_fails`, `cooldown_time` (seconds), `retry_policy`,
            `model_group_alias`, `timeout` (seconds), ..., see docs/coming-from/litellm.md. What Ferrule does not carry
            is in `notices`, with what to do.

    Attributes:
        client: The Ferrule client of synchronous calls: `client.status()`, `client.usage()`, `client.on(...)`.
        notices: What of the settings is not carried.

    Raises:
        TypeError: There is no such argument.
        ValueError: A deployment or a strategy is not valid.
    """

    def __init__(self, model_list: list[Any] | None = None, **settings: Any) -> None:
        self.settings = RouterSettings(**settings)
        self.notices = list(self.settings.notices)
        self.limits = Limits()
        self.cooldowns = self.settings.cooldowns()
        self.deployments: list[Deployment] = []
        self._groups: dict[str, Group] = {}
        self._client: SyncCaller | None = None
        self._async_client: AsyncCaller | None = None
        self.set_model_list(model_list or [])

    # The deployments

    def set_model_list(self, model_list: list[Any]) -> None:
        """Replaces the deployments. Calls in flight end as they began."""
        made = [self._made(entry) for entry in model_list]
        self._use([one for one in made if one is not None])

    def _made(self, entry: Any) -> Deployment | None:
        try:
            made = Deployment(entry)
            router_budgets.of_deployment(made)
            return made
        except (ValueError, KeyError, BadRequestError) as error:
            if not self.settings.ignore_invalid_deployments:
                raise ValueError(f"model_list: {error}") from error
            self.notices.append(f"model_list: left out, as it is not valid: {error}")
            return None

    def _use(self, deployments: list[Deployment]) -> None:
        self.deployments = deployments
        strategy = self.settings.strategy
        self._groups = {
            name: Group(name, f"group-{place}", members, strategy)
            for place, (name, members) in enumerate(grouped(deployments).items())
        }
        self._budgets, notices = router_budgets.budgets(self.settings.provider_budgets, deployments)
        notices += [notice for group in self._groups.values() for notice in group.notices()]
        self.notices += [notice for notice in notices if notice not in self.notices]
        old, self._client, self._async_client = self._client, None, None
        if old is not None:
            old.close()

    def add_deployment(self, deployment: Any) -> Deployment:
        """Adds a deployment.

        Args:
            deployment: As an entry of `model_list`.
        """
        made = deployment if isinstance(deployment, Deployment) else Deployment(deployment)
        self._use([*self.deployments, made])
        return made

    def upsert_deployment(self, deployment: Any) -> Deployment:
        """Adds a deployment, in place of the one with its id."""
        made = deployment if isinstance(deployment, Deployment) else Deployment(deployment)
        self._use([*[one for one in self.deployments if one.id != made.id], made])
        return made

    def delete_deployment(self, id: str) -> Deployment | None:
        """Removes the deployment with an id; `None` where there is none."""
        found = self.get_deployment(id)
        if found is not None:
            self._use([one for one in self.deployments if one.id != id])
        return found

    def get_deployment(self, model_id: str) -> Deployment | None:
        """The deployment with an id; `None` where there is none."""
        return next((one for one in self.deployments if one.id == model_id), None)

    @property
    def model_list(self) -> list[dict[str, Any]]:
        """The deployments as they were given, without their keys."""
        return [one.to_dict() for one in self.deployments]

    def get_model_list(self, model_name: str | None = None) -> list[dict[str, Any]]:
        """The deployments of a name, or all."""
        return [one.to_dict() for one in self.deployments if model_name in (None, one.model_name)]

    @property
    def model_names(self) -> list[str]:
        """The names of the groups."""
        return list(self._groups)

    def get_model_names(self) -> list[str]:
        """The names of the groups, and the aliases."""
        return [*self._groups, *self.settings.model_group_alias]

    def get_model_ids(self, model_name: str | None = None) -> list[str]:
        """The ids of the deployments of a name, or of all."""
        return [one.id for one in self.deployments if model_name in (None, one.model_name)]

    # The clients

    def _arguments(self) -> dict[str, Any]:
        groups = {group.key: group.options(self.settings) for group in self._groups.values()}
        return {"config": False, "groups": groups, "budgets": self._budgets or None}

    @property
    def client(self) -> SyncCaller:
        """The client of synchronous calls."""
        if self._client is None:
            self._client = SyncCaller(**self._arguments())
            self._client.use_tokens(self._tokens())
            self._name_targets(self._client)
            router_budgets.register(self._client, self.deployments)
        return self._client

    @property
    def async_client(self) -> AsyncCaller:
        """The client of asynchronous calls."""
        if self._async_client is None:
            self.client  # noqa: B018 - learns what the targets are called
            self._async_client = AsyncCaller(**self._arguments())
            self._async_client.use_tokens(self._tokens())
            router_budgets.register(self._async_client, self.deployments)
        return self._async_client

    def _tokens(self) -> dict[str, Callable[[], Any]]:
        found = {one.token_key: one.tokens() for one in self.deployments}
        return {key: tokens for key, tokens in found.items() if tokens is not None}

    def _name_targets(self, client: SyncCaller) -> None:
        """Learns what Ferrule calls the target of each deployment."""
        tags = {one.tag: one for one in self.deployments}
        for group in self._groups.values():
            if "*" in group.key:
                continue
            try:
                targets = client.route(group.key, routing=Routing(strategy="sequential")).targets
            except ConfigError:  # Calls of this group say what it lacks; those of others go on.
                continue
            for target in targets:
                for tag in target.tags:
                    if tag in tags:
                        tags[tag].target_name = target.name

    def close(self) -> None:
        """Closes the connections of synchronous calls."""
        if self._client is not None:
            self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ending: object) -> None:
        self.close()

    # Who is asked

    def _choose(self, model: str, given: dict[str, Any]) -> Chosen:
        alias = self.settings.model_group_alias.get(model)
        if alias is not None:
            model = alias["model"] if isinstance(alias, dict) else alias
        group, name, eligible = self._found(model)
        if self.settings.enable_tag_filtering:
            eligible = self._tagged(eligible, (given.get("metadata") or {}).get("tags") or given.get("tags") or [])
        if self.settings.is_limited:
            eligible = self.limits.free(eligible)
        eligible = self.cooldowns.free(eligible)
        if not eligible:
            raise RateLimitError(
                f"No deployments available for selected model, Try again in {self.settings.cooldown_time:g} seconds. "
                f"Passed model={model}",
                "",
                model,
                category="litellm_rate_limit",
            )
        tries = 1 + int(given.get("num_retries", self.settings.num_retries))
        most = min(tries, len(eligible))
        only = [one.target_name for one in eligible] if len(eligible) < len(group.deployments) else None
        session = given.get("litellm_session_id")
        routing = Routing(
            only=only,
            max_targets=most,
            session=session if isinstance(session, str) else None,
            continue_streams=self.settings.continue_streams or None,
        )
        return Chosen(group, name, eligible, routing, tries - most)

    def _found(self, model: str) -> tuple[Group, str, list[Deployment]]:
        group = self._groups.get(model)
        if group is not None and "*" not in group.key:
            return group, group.key, group.deployments
        one = self.get_deployment(model)
        if one is not None and "*" not in one.model_name:
            return self._groups[one.model_name], self._groups[one.model_name].key, [one]
        # The most specific first.
        for name in sorted((name for name in self._groups if "*" in name), key=len, reverse=True):
            called = self._groups[name].called(model)
            if called is not None:
                return self._groups[name], called, self._groups[name].deployments
        raise BadRequestError(
            f"You passed in model={model}. There is no 'model_name' with this model string; there are "
            f"{', '.join(self._groups) or 'none'}",
            model,
            "",
        )

    def _tagged(self, deployments: list[Deployment], tags: list[str]) -> list[Deployment]:
        if not tags:
            return [one for one in deployments if not one.tags or "default" in one.tags] or deployments
        wanted = set(tags)
        if self.settings.tag_filtering_match_any:
            return [one for one in deployments if wanted & set(one.tags)]
        return [one for one in deployments if wanted <= set(one.tags)]

    def _pick(self, model: str, given: dict[str, Any]) -> Deployment:
        """The deployment that the strategy of a group asks first."""
        chosen = self._choose(model, given)
        if len(chosen.eligible) == 1:
            return chosen.eligible[0]
        try:
            names = [target.name for target in self.client.route(chosen.name, routing=chosen.routing).targets[:1]]
        except ConfigError:  # They lack an address or a key, which the call may have.
            names = []
        return next((one for one in chosen.eligible if one.target_name in names), chosen.eligible[0])

    def _prepared(self, chosen: Chosen, messages: Any, given: dict[str, Any]) -> GroupRequest:
        own = {**self.settings.default_litellm_params, **given}
        own["max_retries"] = chosen.max_retries
        own.pop("num_retries", None)
        self._limit_time(own, chosen.eligible)
        if self.settings.cache_responses:
            own.setdefault("caching", True)
        return GroupRequest(chosen.group, chosen.name, messages, own, chosen.eligible, self.cooldowns.count)

    def _limit_time(self, own: dict[str, Any], eligible: list[Deployment]) -> None:
        for name in ("timeout", "stream_timeout"):
            limits = [one.params[name] for one in eligible if one.params.get(name) is not None]
            usual = limits[0] if len(limits) == len(eligible) else getattr(self.settings, name)
            if own.get(name) is None and usual is not None:
                own[name] = usual

    # The calls

    def _walk(self, model: str, given: dict[str, Any]) -> Generator[Any, Exception, None]:
        own = {name: given.pop(name) for name in _FALLBACKS if name in given}
        return steps(model, self.settings, own)

    def completion(self, model: str, messages: Any = None, **given: Any) -> Any:
        """Asks a group, then its fallbacks.

        Args:
            model: The name of the group, an alias of it, or the id of a deployment.
            messages: The conversation, in OpenAI's form.
            **given: As `ferrule.litellm.completion` takes them; `fallbacks`, `disable_fallbacks`, ... for this call.

        Raises:
            LiteLLMError: The error of the group that the call names, where no fallback answers either.
        """
        return self._sync(model, given, lambda name, own: self._complete(name, messages, own))

    async def acompletion(self, model: str, messages: Any = None, **given: Any) -> Any:
        """`completion`, awaited."""
        return await self._async(model, given, lambda name, own: self._acomplete(name, messages, own))

    def _sync(self, model: str, given: dict[str, Any], act: Callable[[str, dict[str, Any]], Any]) -> Any:
        walk = self._walk(model, given)
        name, own = next(walk)
        while True:
            try:
                return act(name, {**given, **own})
            except Exception as error:
                failed = error
            name, own = walk.send(failed)

    async def _async(self, model: str, given: dict[str, Any], act: Callable[[str, dict[str, Any]], Any]) -> Any:
        walk = self._walk(model, given)
        name, own = next(walk)
        while True:
            try:
                return await act(name, {**given, **own})
            except Exception as error:
                failed = error
            name, own = walk.send(failed)

    def _complete(self, name: str, messages: Any, given: dict[str, Any]) -> Any:
        messages = given.pop("messages", messages)
        if given.keys() & credentials.CONNECTION:
            return self._of_own(chat.completion, name, {"messages": messages, **given})
        retries = Retries(self.settings, name, given)
        while True:
            client = self.client  # Before the attempt: the client learns what the targets are called.
            request, chosen, routing = self._attempt(name, messages, given, retries)
            try:
                made = calls.complete(request, client, chosen, routing)
            except Exception as error:
                if not retries.again(error):
                    raise
                continue
            self._count(request, made)
            return made

    async def _acomplete(self, name: str, messages: Any, given: dict[str, Any]) -> Any:
        messages = given.pop("messages", messages)
        if given.keys() & credentials.CONNECTION:
            return await self._of_own(chat.acompletion, name, {"messages": messages, **given})
        retries = Retries(self.settings, name, given)
        while True:
            client = self.async_client
            request, chosen, routing = self._attempt(name, messages, given, retries)
            try:
                made = await calls.acomplete(request, client, chosen, routing)
            except Exception as error:
                if not await retries.aagain(error):
                    raise
                continue
            self._count(request, made)
            return made

    def _attempt(
        self, name: str, messages: Any, given: dict[str, Any], retries: Retries
    ) -> tuple[GroupRequest, str, Any]:
        """The next request of a call, the group that it goes to, and how its targets are chosen."""
        chosen = self._choose(name, given)
        request = self._prepared(chosen, messages, given)
        if retries.has_policy:
            request.own["max_retries"] = 0
        return request, chosen.name, retries.routing(chosen.routing)

    def _count(self, request: GroupRequest, made: Any) -> None:
        if not self.settings.is_limited:
            return
        found = self.get_deployment(made.hidden_params.get("model_id") or "")
        if found is None and len(request.eligible) == 1:
            found = request.eligible[0]
        if found is not None:
            usage = None if request.stream else made.get("usage")
            self.limits.count(found, 0 if usage is None else usage.total_tokens)
