"""Fixtures of all tests: nothing of the machine reaches them, and they leave nothing behind."""

from __future__ import annotations

import contextlib
import io
import logging
import multiprocessing.resource_tracker
import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrule import Client
    from ferrule.testing import ScriptSource, Simulator

# Names of variables that would lead calls elsewhere, or keys into them.
ELSEWHERE = ("_PROXY", "_API_KEY", "_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "_TOKEN")


@pytest.fixture(scope="session", autouse=True)
def a_bare_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for variable in [name for name in os.environ if name.upper().endswith(ELSEWHERE)]:
            patch.delenv(variable)
        # Whoever runs the tests may have a configuration of their own.
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("configuration")))
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        for variable in ("CONFIG", "MODEL", "TIMEOUT", "MAX_RETRIES", "DROP_PARAMS", "CA_FILE", "CLIENT_CERTIFICATE"):
            patch.delenv(f"FERRULE_{variable}", raising=False)
        yield


ORACLES = Path(__file__).parent / "oracles"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The oracles' environments come from a package index: they run where they are named, as by `make test-oracles`."""
    return True if collection_path == ORACLES and not any("oracles" in path for path in config.args) else None


def pytest_configure() -> None:
    # A shell starts what runs in its background with Ctrl-C ignored, and every process under it inherits that: the
    # tests that press Ctrl-C would wait for ever.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that is logged."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    logger = logging.getLogger("ferrule")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield text
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


@pytest.fixture
def script() -> ScriptSource | None:
    """What `simulator` does; a module or a folder that wants something else overrides this."""
    return None


@pytest.fixture
def simulator(ferrule_simulator: Simulator, script: ScriptSource | None) -> Simulator:
    """The plugin's simulator with this module's `script`."""
    if script is not None:
        ferrule_simulator.set_script(script)
    return ferrule_simulator


@pytest.fixture
def client_options() -> dict[str, Any]:
    """The options of `client`, overridden like `script`."""
    return {}


@pytest.fixture
def client(simulator: Simulator, client_options: dict[str, Any]) -> Iterator[Client]:
    """A client of `simulator`, closed after the test."""
    with simulator.client(**client_options) as client:
        yield client


@pytest.fixture(scope="session", autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Fails the session where a thread of ours or a child process outlives the tests."""
    threads, children = set(threading.enumerate()), child_processes()
    yield
    left = [thread.name for thread in threading.enumerate() if thread not in threads and not thread.daemon]
    left += [name for name in native_threads() if name.startswith("ferrule-sim")]
    left += [f"process {child}" for child in child_processes() - children - trackers()]
    assert not left


def native_threads() -> list[str]:
    names = []
    for name in Path("/proc/self/task").glob("*/comm"):
        with contextlib.suppress(OSError):  # It has ended since it was listed.
            names.append(name.read_text().strip())
    return names


def child_processes() -> set[int]:
    lists = Path("/proc/self/task").glob("*/children")
    return {int(child) for children in lists for child in children.read_text().split()}


def trackers() -> set[int]:
    """multiprocessing's own helper, which lives as long as we do."""
    return {pid} if (pid := getattr(multiprocessing.resource_tracker._resource_tracker, "_pid", None)) else set()
