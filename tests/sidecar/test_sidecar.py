"""Sidecar: a proxy of our own, started, watched, started again, stopped. The real LiteLLM proxy is in tests/oracles."""

from __future__ import annotations

import contextlib
import http.client
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import ferrule
from ferrule import sidecar as module
from ferrule.sidecar import Sidecar
from ferrule.spawning import variables

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
    if sys.platform != "linux":
        return False
    # A zombie is gone, too: its parent has yet to look.
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1].startswith("Z")
    return True


def is_ready(proxy):
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=5)
    try:
        connection.request("GET", "/health/liveliness")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def ask(proxy):
    providers = {"proxy": {"base_url": proxy.base_url, "api_key": proxy.api_key}}
    with ferrule.Client(providers=providers) as client:
        return client.complete("proxy/m", "hi").text


def test_it_is_ready_when_started_and_gone_when_stopped():
    with Sidecar(STAND_IN) as proxy:
        assert proxy.running
        assert ask(proxy) == f"from {proxy.pid}"
        pid = proxy.pid
        assert proxy.start() is proxy
        assert proxy.pid == pid
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
        first = proxy.pid
        os.kill(first, signal.SIGTERM)
        assert wait_until(lambda: proxy.restarts == 1 and is_ready(proxy))
        assert ask(proxy) == f"from {proxy.pid}"
        assert proxy.pid != first


def test_one_that_cannot_start_says_why_and_not_its_key():
    proxy = Sidecar([*STAND_IN, "--die"])
    with pytest.raises(ferrule.ConnectError, match="exited with code 3") as raised:
        proxy.start()
    assert proxy.api_key not in str(raised.value)
    assert proxy.api_key not in repr(proxy)
    assert "no configuration" in str(raised.value)


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


OWNER = """
import os, signal, sys
from ferrule.sidecar import Sidecar

proxy = Sidecar(sys.argv[2:]).start()
forked = os.fork() if sys.argv[1] == "forks" else None
if forked != 0:
    print(proxy.pid, forked, flush=True)
signal.pause()
"""


@pytest.mark.skipif(os.name != "posix", reason="process groups, and signals that cannot be caught")
@pytest.mark.parametrize("forks", ["alone", "forks"])
def test_it_is_gone_when_its_owner_is_killed(tmp_path, forks):
    """Also while a child that the owner forked lives on."""
    note = tmp_path / "pid"
    command = [sys.executable, "-W", "ignore", "-c", OWNER, forks, *STAND_IN, "--child", str(note)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        proxy, forked = owner.stdout.readline().split()
        proxy, child = int(proxy), int(note.read_text())
        try:
            assert not is_gone(proxy)
            owner.kill()
            owner.wait(10)
            assert wait_until(lambda: is_gone(proxy) and is_gone(child))
            assert forked == "None" or not is_gone(int(forked))
        finally:
            for pid in (proxy, child, *([] if forked == "None" else [int(forked)])):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


@pytest.mark.skipif(os.name != "posix", reason="process groups")
def test_one_that_ended_is_guarded_no_more(monkeypatch):
    """Its number may be another's by now."""
    guarded = set()
    monkeypatch.setattr(module, "guard_group", guarded.add)
    monkeypatch.setattr(module, "release_group", guarded.discard)
    monkeypatch.setattr(module, "_FIRST_PAUSE", 0.01)
    with Sidecar(STAND_IN) as proxy:
        first = proxy.pid
        assert guarded == {first}
        os.kill(first, signal.SIGTERM)
        assert wait_until(lambda: proxy.restarts == 1 and is_ready(proxy))
        assert guarded == {proxy.pid}
    assert guarded == set()


IMPOSTOR = """
import http.server, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print(self.path, dict(self.headers), flush=True)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *arguments):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
"""


@pytest.fixture
def impostor():
    """A program of somebody else that took the port, and says what it is sent."""
    with subprocess.Popen([sys.executable, "-c", IMPOSTOR], stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("told", [True, False], ids=["by the system", "by a challenge"])
@pytest.mark.parametrize("way", ["waits", "ends"])
def test_somebody_else_on_its_port_is_sent_nothing(monkeypatch, impostor, told, way):
    if not told:
        monkeypatch.setattr(module.listeners, "is_ours", lambda port, session: None)
    port = int(impostor.stdout.readline())
    # It cannot listen there: it waits, as if it could, or it ends.
    waiting = [sys.executable, "-c", "import threading; threading.Event().wait(60)"]
    command = waiting if way == "waits" else STAND_IN
    client = {"litellm": {"spawn": True, "command": command, "spawn_timeout": 1.5}}
    proxy = Sidecar(command, port=port, startup_timeout=1.5)
    with pytest.raises(ferrule.ConnectError):
        proxy.start()
    monkeypatch.setattr(module, "_free_port", lambda: port)
    with pytest.raises(ferrule.ConnectError):
        ferrule.Client(providers=client)
    impostor.kill()
    said = impostor.stdout.read()
    assert "/health/liveliness" in said
    assert proxy.api_key not in said
    assert "authorization" not in said.lower()


def test_one_that_logs_what_it_is_asked_proves_itself(monkeypatch):
    monkeypatch.setattr(module.listeners, "is_ours", lambda port, session: None)
    with Sidecar([*STAND_IN, "--log"]) as proxy:
        assert ask(proxy) == f"from {proxy.pid}"


@pytest.mark.skipif(os.name != "posix", reason="sockets are inherited")
def test_one_that_inherits_its_socket_keeps_it(monkeypatch):
    monkeypatch.setattr(module, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(module.listeners, "is_ours", lambda port, session: False)
    with Sidecar([*STAND_IN, "--fd", "{fd}"]) as proxy:
        first, port = proxy.pid, proxy.port
        assert ask(proxy) == f"from {first}"
        os.kill(first, signal.SIGTERM)
        # Nobody can take the port, not even while it is gone.
        with pytest.raises(OSError, match="in use"), socket.create_server(("127.0.0.1", port)):
            pass
        assert wait_until(lambda: proxy.restarts == 1 and proxy.pid != first)
        assert ask(proxy) == f"from {proxy.pid}"
    with socket.create_server(("127.0.0.1", port)):
        pass


def test_it_gets_the_variables_that_it_needs_and_no_others(monkeypatch, tmp_path):
    named = {
        "GROQ_API_KEY": "model: groq/llama",
        "AWS_SECRET_ACCESS_KEY": "model: bedrock/claude",
        "OPENAI_API_KEY": "model: gpt-4o",
        "OWN_NAME": "api_key: os.environ/OWN_NAME",
        "DATABASE_URL": None,
        "LITELLM_LOG": None,
    }
    for name in (*named, "MISTRAL_API_KEY", "GITHUB_TOKEN", "SOMETHING_SECRET"):
        monkeypatch.setenv(name, "value")
    config = tmp_path / "litellm.yaml"
    config.write_text("\n".join(line for line in named.values() if line))
    given = module.variables.for_proxy(os.environ, STAND_IN, str(config), ["DATABASE_*"])
    assert set(named) <= set(given)
    assert not {"MISTRAL_API_KEY", "GITHUB_TOKEN", "SOMETHING_SECRET"} & set(given)
    bare = module.variables.for_proxy(os.environ, STAND_IN, None, [])
    assert {"PATH", "HOME"} <= set(bare)
    assert not set(named) - {"LITELLM_LOG"} & set(bare)


def test_a_program_in_the_working_directory_is_not_found(monkeypatch, tmp_path):
    program = tmp_path / "litellm"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    for path in ("", ".", f":{os.devnull}", os.curdir + os.pathsep):
        monkeypatch.setenv("PATH", path)
        with pytest.raises(ferrule.ConfigError, match="no program 'litellm'"):
            Sidecar()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Sidecar()._command[0] == str(program)


def test_what_it_prints_is_one_line_and_has_no_keys(caplog, monkeypatch):
    monkeypatch.setenv("OWN_KEY", "canary/of+mine")
    script = "import os; print('a', os.environ['OWN_KEY'], 'canary%2Fof%2Bmine', chr(27) + '[2J', chr(13) + 'x'); 1/0"
    with caplog.at_level(logging.DEBUG, "ferrule.sidecar"), pytest.raises(ferrule.ConnectError) as raised:
        Sidecar([sys.executable, "-c", script], inherit=["OWN_KEY"]).start()
    text = f"{raised.value} {caplog.text}"
    assert "a *** ***" in text
    assert "canary" not in text
    assert chr(27) not in text


def test_which_variables_are_secrets():
    secret = {
        "OPENAI_API_KEY": "one-12345",
        "PGPASSWORD": "two-12345",
        "AWS_SECRET_ACCESS_KEY": "three-12345",
        "HF_TOKEN": "four-12345",
        "GITHUB_PAT": "five-12345",
        "MYSQL_PWD": "six-12345",
    }
    plain = {"XDG_SESSION_CLASS": "user", "TOKENIZERS_PARALLELISM": "false", "KEYBOARD": "us", "MONKEY": "banana"}
    addresses = {"DATABASE_URL": "postgres://me:seven-12345@db/x", "HTTPS_PROXY": "http://proxy:80"}
    assert variables.secrets({**secret, **plain, **addresses}) == [*secret.values(), "seven-12345"]
