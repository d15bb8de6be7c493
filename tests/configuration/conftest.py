"""Fixtures of the configuration's tests: a project's directory with files, and a simulator to call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ferrule.configuration import trust
from ferrule.testing import rule

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ferrule.testing import Simulator


@pytest.fixture
def script() -> list[Any]:
    return [rule("Yes.")]


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, below nothing that has a configuration; nothing in it is trusted."""
    directory = tmp_path / "project"
    directory.mkdir()
    monkeypatch.chdir(directory)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return directory


@pytest.fixture
def project(stranger: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, whose files are trusted whatever is in them."""
    monkeypatch.setattr(trust, "is_trusted", lambda path, digest: True)
    return stranger


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of the user's configuration."""
    directory = tmp_path / "home" / "ferrule"
    directory.mkdir(parents=True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(directory.parent))
    return directory


@pytest.fixture
def key_sent(simulator: Simulator) -> Callable[[], str]:
    """The key of the last request."""

    def sent() -> str:
        headers = simulator.requests[-1].headers
        return headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")

    return sent
