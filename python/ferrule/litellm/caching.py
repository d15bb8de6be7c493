"""Cache of answers in memory: `ferrule.litellm.cache = Cache()`, `enable_cache`, and `caching=True` of a call."""

from __future__ import annotations

import copy
import hashlib
import json
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from ferrule.litellm.objects import plain
from ferrule.litellm.settings import settings

if TYPE_CHECKING:
    from ferrule.litellm.requests import Request


class Cache:
    """A cache of answers, in memory.

    A call finds the answer of an earlier one with the same model, messages and parameters, at the same address.
    `cache={"no-cache": True}` of a call looks for none, `"no-store"` keeps none, `"ttl"` is how many seconds it is
    kept, `"s-maxage"` how old it may be, and `"namespace"` keeps it apart. Streams are not cached.

    Args:
        type: `local`, which is the only one there is.
        mode: `default_on`, or `default_off`: then only calls with `caching=True` or `cache={"use-cache": True}`.
        ttl: Seconds that an answer is kept. Default: until there are too many.
        namespace: What all keys begin with.
        max_size_in_memory: How many answers are kept; the oldest go. Default 1000.
        **unused: Settings of other kinds of caches.

    Raises:
        ValueError: `type` is another kind.
    """

    def __init__(
        self,
        type: str = "local",
        mode: str = "default_on",
        ttl: float | None = None,
        namespace: str | None = None,
        max_size_in_memory: int = 1000,
        **unused: Any,
    ) -> None:
        if type not in ("local", "in-memory"):
            raise ValueError(
                f"type: {type!r} is not a cache that Ferrule has: use Cache(type='local'), which is in memory"
            )
        del unused
        self.type = "local"
        self.mode = mode
        self.ttl = ttl
        self.namespace = namespace
        self._most = max_size_in_memory
        self._kept: OrderedDict[str, tuple[float, float, Any]] = OrderedDict()
        self._changing = threading.Lock()

    def get_cache_key(self, **call: Any) -> str:
        """The key of a call: a digest of its model, messages and parameters."""
        text = json.dumps(plain(call), sort_keys=True, default=repr)
        return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()

    def get_cache(self, key: str, max_age: float | None = None) -> Any:
        """The answer that is kept under `key`; `None` where there is none, or it is older than `max_age` seconds."""
        now = time.monotonic()
        with self._changing:
            found = self._kept.get(key)
            if found is None:
                return None
            kept_at, until, answer = found
            if now >= until:
                del self._kept[key]
                return None
            return None if max_age is not None and now - kept_at > max_age else answer

    def add_cache(self, key: str, answer: Any, ttl: float | None = None) -> None:
        """Keeps an answer under `key` for `ttl` seconds."""
        now = time.monotonic()
        seconds = self.ttl if ttl is None else ttl
        with self._changing:
            self._kept[key] = (now, now + seconds if seconds is not None else float("inf"), answer)
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def flush_cache(self) -> None:
        """Forgets all answers."""
        with self._changing:
            self._kept.clear()

    def __len__(self) -> int:
        return len(self._kept)


def enable_cache(type: str = "local", **options: Any) -> None:
    """Sets `ferrule.litellm.cache`.

    Args:
        type: As `Cache` takes it.
        **options: As `Cache` takes them.
    """
    settings.cache = Cache(type, **options)


def disable_cache() -> None:
    """Unsets `ferrule.litellm.cache`."""
    settings.cache = None


def update_cache(type: str = "local", **options: Any) -> None:
    """`enable_cache`, in place of the cache that there is."""
    enable_cache(type, **options)


def _controls(request: Request) -> dict[str, Any] | None:
    """The call's `cache`; `None` where the cache has nothing to do with it."""
    cache = settings.cache
    if cache is None or request.stream:
        return None
    given = request.own.get("cache")
    controls: dict[str, Any] = given if isinstance(given, dict) else {}
    asked = request.own.get("caching")
    if asked is False:
        return None
    if cache.mode == "default_off" and not asked and not controls.get("use-cache"):
        return None
    return controls


def _key(request: Request, controls: dict[str, Any]) -> str:
    given = request.own.get("cache_key")
    if isinstance(given, str):
        return given
    named = controls.get("namespace") or settings.cache.namespace
    address = request.api_base
    made: str = settings.cache.get_cache_key(
        namespace=named,
        provider=request.provider.name,
        model=request.model,
        address=address,
        messages=request.messages,
        body=request.body,
    )
    return made


def find(request: Request) -> Any:
    """The cached answer of a call; `None` where there is none."""
    if settings.cache is None:
        return None
    controls = _controls(request)
    if controls is None or controls.get("no-cache"):
        return None
    found = settings.cache.get_cache(_key(request, controls), controls.get("s-maxage", controls.get("s-max-age")))
    if found is None:
        return None
    answer = copy.deepcopy(found)
    answer.hidden_params.update(cache_hit=True, response_cost=0.0, litellm_call_id=request.identify())
    return answer


def keep(request: Request, answer: Any) -> None:
    """Keeps the answer of a call."""
    if settings.cache is None:
        return
    controls = _controls(request)
    if controls is None or controls.get("no-store"):
        return
    settings.cache.add_cache(_key(request, controls), copy.deepcopy(answer), controls.get("ttl"))
