"""A proxy of our own: started, watched, started again, stopped. The real LiteLLM proxy is in tests/oracles."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

import ferrule
from ferrule import sidecar as module
from ferrule.sidecar import Sidecar

STAND_IN = [sys.executable, str(Path(__file__).with_name("stand_in.py")), "{port}"]


def wait_until(condition, seconds=10.0):
    pause = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if condition():
            return True
        pause.wait(0.02)
    return False


def is_gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # A zombie is gone, too: its parent has yet to look.
    return Path(f"/proc/{pid}/stat").read_text().split(") ")[1].startswith("Z") if sys.platform == "linux" else False


def ask(proxy):
    providers = {"proxy": {"base_url": proxy.base_url, "api_key": proxy.api_key}}
    with ferrule.Client(providers=providers) as client:
        return client.complete("proxy/m", "hi").text


def test_it_is_ready_when_started_and_gone_when_stopped():
    with Sidecar(STAND_IN) as proxy:
        assert proxy.running
        assert ask(proxy) == f"from {proxy._process.pid}"
        pid = proxy._process.pid
        assert proxy.start() is proxy
        assert proxy._process.pid == pid
    assert not proxy.running
    assert is_gone(pid)
    proxy.stop()


@pytest.mark.skipif(os.name != "posix", reason="process groups")
def test_what_it_started_is_stopped_with_it(tmp_path):
    note = tmp_path / "pid"
    with Sidecar([*STAND_IN, "--child", str(note)]):
        child = int(note.read_text())
        assert not is_gone(child)
    assert wait_until(lambda: is_gone(child))


def test_one_that_ends_by_itself_is_started_again(monkeypatch):
    monkeypatch.setattr(module, "_FIRST_PAUSE", 0.01)
    with Sidecar(STAND_IN) as proxy:
        first = proxy._process.pid
        os.kill(first, signal.SIGTERM)
        assert wait_until(lambda: proxy.restarts == 1 and proxy._is_ready())
        assert ask(proxy) == f"from {proxy._process.pid}"
        assert proxy._process.pid != first


def test_one_that_cannot_start_says_why_and_not_its_key():
    proxy = Sidecar([*STAND_IN, "--die"])
    with pytest.raises(ferrule.ConnectError, match="ended with code 3") as raised:
        proxy.start()
    assert proxy.api_key not in str(raised.value)
    assert proxy.api_key not in repr(proxy)
    assert "no configuration" in " ".join(proxy._lines)


def test_one_that_is_never_ready_is_stopped():
    proxy = Sidecar([*STAND_IN, "--never-ready"], startup_timeout=0.5)
    with pytest.raises(ferrule.ConnectError, match=r"not ready after 0\.5 s"):
        proxy.start()
    assert not proxy.running


def test_a_program_that_is_not_there_is_named():
    with pytest.raises(ferrule.ConfigError, match="no program 'no-such-proxy'"):
        Sidecar(["no-such-proxy"])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_leaves_it_alone():
    with Sidecar(STAND_IN) as proxy:
        child = os.fork()
        if child == 0:
            proxy.stop()
            os._exit(0)
        os.waitpid(child, 0)
        assert proxy.running
