"""Module attributes: settings are set and read on `ferrule.litellm` itself, as on litellm."""

from __future__ import annotations

import types
from typing import Any

from ferrule.litellm import models
from ferrule.litellm.missing import missing
from ferrule.litellm.settings import NAMES, Settings, settings


class SettingsModule(types.ModuleType):
    """A module whose settings are those of `settings`: `ferrule.litellm.drop_params = True`."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in NAMES:
            setattr(settings, name, value)
        else:
            super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        if name in NAMES:
            return getattr(settings, name)
        if name in ("model_list", "provider_list"):
            return models.model_list() if name == "model_list" else models.provider_list()
        raise missing(name)

    def __delattr__(self, name: str) -> None:
        # As `unittest.mock.patch` and `monkeypatch` undo what they set.
        if name in NAMES:
            setattr(settings, name, getattr(Settings(), name))
        else:
            super().__delattr__(name)
