"""Fixtures of the tests of groups: three simulated providers, and a client with a group of them."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from group_targets import Targets

import ferrule
from ferrule.testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def targets() -> Iterator[Targets]:
    with ExitStack() as stack:
        yield Targets({name: stack.enter_context(Simulator()) for name in ("one", "two", "three")})


@pytest.fixture
def client(targets: Targets) -> Iterator[ferrule.Client]:
    with ferrule.Client(**targets.settings()) as client:
        yield client
