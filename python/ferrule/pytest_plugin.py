"""Pytest plugin: the fixture `ferrule_simulator`. It loads nothing until a test uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrule.testing import Simulator


@pytest.fixture
def ferrule_simulator() -> Iterator[Simulator]:
    """A simulator of providers, new for each test: `ferrule.testing.Simulator`."""
    from ferrule.testing import Simulator  # pytest loads the plugin in every project

    with Simulator() as simulator:
        yield simulator
