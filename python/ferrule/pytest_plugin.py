"""The pytest plugin: the fixture `ferrule_simulator`. Loads nothing until a test asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrule.testing import Simulator


@pytest.fixture
def ferrule_simulator() -> Iterator[Simulator]:
    """A simulator of providers, fresh for each test: `ferrule.testing.Simulator`."""
    from ferrule.testing import Simulator

    with Simulator() as simulator:
        yield simulator
