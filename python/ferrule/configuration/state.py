"""State of a configuration: everything that it was made of, and the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ferrule.configuration import settings

if TYPE_CHECKING:
    from ferrule.configuration.files import File
    from ferrule.configuration.layers import Layer, Merged
    from ferrule.configuration.providers import Row
    from ferrule.configuration.secrets import Vault


class State(NamedTuple):
    """Everything that a configuration was made of, and the result."""

    read: tuple[File, ...]
    """The files it was read from."""
    layers: tuple[Layer, ...]
    merged: Merged
    rows: dict[str, Row]
    removed: set[str]
    vault: Vault

    def settings(self) -> dict[str, Any]:
        """The engine's settings."""
        return settings.client_settings(self.merged, self.rows, self.removed, self.vault)
