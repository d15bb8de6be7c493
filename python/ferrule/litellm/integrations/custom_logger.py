"""Base class of callbacks, where programs import it from: `litellm.integrations.custom_logger`."""

from __future__ import annotations

from ferrule.litellm.logger import CustomLogger

__all__ = ["CustomLogger"]
