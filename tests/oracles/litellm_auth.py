"""Authentication for the LiteLLM proxy, whose own way to do so needs a database."""

from __future__ import annotations

import os

from fastapi import HTTPException
from litellm.proxy._types import UserAPIKeyAuth


async def judge(request, api_key):
    if api_key not in ("sk-oracle", os.environ["LITELLM_MASTER_KEY"]):
        raise HTTPException(401, "this key is not one of ours")
    return UserAPIKeyAuth(api_key=api_key)
