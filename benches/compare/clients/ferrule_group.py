"""Ferrule's native API, called through a group of three targets with circuit breakers."""

from __future__ import annotations

import ferrule
from clients import ferrule as alone

TEXT_IS_RAW = False


class Client(alone.Client):
    """The same calls, of a group whose first target answers."""

    MODEL = "group"

    def _made(self, upstream: str, case: str) -> ferrule.AsyncClient:
        provider = {"base_url": f"{upstream}/{case}/v1", "api_key": "x"}
        providers = {name: provider | {"dialect": "openai-chat"} for name in ("one", "two", "three")}
        groups = {self.MODEL: {"targets": [f"{name}/m" for name in providers]}}
        return ferrule.AsyncClient(providers=providers, groups=groups, max_retries=0)
