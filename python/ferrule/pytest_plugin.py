"""Pytest plugin: the fixture `ferrule_simulator`. It loads nothing until a test uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrule.testing import Simulator


@pytest.fixture
def ferrule_simulator() -> Iterator[Simulator]:
    """A simulator of providers, new for each test: `ferrule.testing.Simulator`.

    The client that `ferrule.complete` and `ferrule.stream` share is forgotten before and after the test, so that it is
    made with the environment of the test.
    """
    import ferrule  # pytest loads the plugin in every project
    from ferrule.testing import Simulator

    ferrule.reset()
    with Simulator() as simulator:
        yield simulator
    ferrule.reset()
