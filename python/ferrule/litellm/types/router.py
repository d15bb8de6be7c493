"""Types that programs import from `litellm.types.router`."""

from __future__ import annotations

from ferrule.litellm.deployments import Deployment
from ferrule.litellm.router_settings import AllowedFailsPolicy, RetryPolicy

__all__ = ["AllowedFailsPolicy", "Deployment", "RetryPolicy"]
