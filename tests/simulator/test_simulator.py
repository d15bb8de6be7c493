"""`ferrule.testing`: the simulator as Python's tests hold it. What it answers is tested in `crates/sim`."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

import ferrule
from documents import ROOT, blocks
from ferrule.testing import RecordedRequest, Simulator, rule

if TYPE_CHECKING:
    from pathlib import Path

HELLO = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "Hello"}]}


def post(url: str, body: Any, **headers: str) -> Any:
    """One request without Ferrule's client: the server is for every program."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json", **headers})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=10) as answer:
        return json.loads(answer.read())


def say(simulator: Simulator, model: str = "gpt-5-mini") -> str:
    answer = post(f"{simulator.openai_base_url}/chat/completions", HELLO | {"model": model})
    return answer["choices"][0]["message"]["content"]


def test_it_speaks_both_wire_formats() -> None:
    with Simulator([rule("Hi.")]) as simulator:
        assert say(simulator) == "Hi."
        answer = post(f"{simulator.anthropic_base_url}/v1/messages", HELLO | {"max_tokens": 10})
        assert answer["content"] == [{"type": "text", "text": "Hi."}]


def test_a_model_name_says_what_happens_where_there_is_no_script() -> None:
    with Simulator() as simulator:
        assert say(simulator, "echo") == "Hello"
        with pytest.raises(urllib.error.HTTPError, match="503"):
            say(simulator, "status-503")


def test_a_script_comes_in_many_forms(tmp_path: Path) -> None:
    rules = [{"match": {"model": "gpt-*"}, "reply": "Scripted."}]
    file = tmp_path / "script.json"
    file.write_text(json.dumps({"rules": rules}), "utf-8")
    for script in (rules, {"rules": rules}, json.dumps(rules), file, [rule("Scripted.", model="gpt-*")]):
        with Simulator(script) as simulator:
            assert say(simulator) == "Scripted."


def test_a_rule_is_a_plain_dict() -> None:
    assert rule("Hello!", model="gpt-*") == {"match": {"model": "gpt-*"}, "reply": "Hello!"}
    assert rule(fault={"stall": {"at": "mid_event"}}, stream=False, nth=2, times=1, rate=0.5) == {
        "match": {"stream": False, "nth": 2},
        "times": 1,
        "rate": 0.5,
        "fault": {"stall": {"at": "mid_event"}},
    }
    assert rule() == {}


@pytest.mark.parametrize(
    ("script", "named"),
    [
        ([{"replay": "x"}], "replay"),
        ({"rules": [{"rate": 2}]}, r"rules\[0\].rate"),
        ([rule(fault="no-such-fault")], "no-such-fault"),
        ("{", "EOF"),
    ],
)
def test_a_wrong_script_is_refused_by_name(script: Any, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Simulator(script)
    with Simulator([rule("Still here.")]) as simulator:
        with pytest.raises(ValueError, match=named):
            simulator.set_script(script)
        assert say(simulator) == "Still here."


def test_a_missing_script_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Simulator(tmp_path / "absent.json")


def test_the_script_can_be_replaced() -> None:
    with Simulator([rule("One.")]) as simulator:
        assert say(simulator) == "One."
        simulator.set_script([rule("Two.")])
        assert say(simulator) == "Two."


def test_it_records_what_it_received() -> None:
    with Simulator() as simulator:
        url = f"{simulator.openai_base_url}/chat/completions?trace=1"
        post(url, HELLO, authorization="Bearer sk-secret")
        assert simulator.wait_for_answers()
        (request,) = simulator.requests
        assert isinstance(request, RecordedRequest)
        assert (request.method, request.path, request.query) == ("POST", "/v1/chat/completions", "trace=1")
        assert request.headers["authorization"] == "Bearer sk-secret"
        assert request.body == HELLO
        assert (request.dialect, request.model, request.stream) == ("openai-chat", "gpt-5-mini", False)
        assert (request.status, request.fault, request.outcome) == (200, None, "answered")
        assert request.bytes_sent > 0
        assert request.time >= 0
        assert request.http_version == "HTTP/1.1"
        # Keys and texts of others do not get into the output of a failed test by themselves.
        assert "sk-secret" not in repr(request)
        assert "Hello" not in repr(request)

        simulator.clear()
        assert simulator.requests == []


def test_only_so_many_requests_are_kept() -> None:
    with Simulator(record_limit=2) as simulator:
        for model in ("first", "second", "third"):
            say(simulator, model)
        assert [request.model for request in simulator.requests] == ["second", "third"]


def test_waiting_for_requests() -> None:
    with Simulator() as simulator:
        assert not simulator.wait_for_requests(1, timeout=0.01)
        caller = threading.Thread(target=say, args=(simulator,))
        caller.start()
        assert simulator.wait_for_requests(1, timeout=10)
        caller.join(10)
        assert simulator.wait_for_answers(timeout=10)
        with pytest.raises(ValueError, match="timeout"):
            simulator.wait_for_requests(1, timeout=-1)


def test_connections_are_counted() -> None:
    with Simulator() as simulator, simulator.client() as client:
        assert simulator.open_connections == 0
        with client.stream("openai/stall-mid-event", "Hello") as stream:
            next(stream.text)
            assert simulator.open_connections == 1
            assert not simulator.wait_for_connections(timeout=0.01)
        assert simulator.wait_for_connections(0, timeout=10)


def test_connections_are_refused_at_the_refused_address() -> None:
    with Simulator() as simulator:
        providers = {"openai": {"base_url": simulator.refused_url, "api_key": "x"}}
        with ferrule.Client(providers=providers, max_retries=0) as client, pytest.raises(ferrule.ConnectError):
            client.complete("openai/x", "Hello", timeout=10)


def test_ready_made_clients() -> None:
    async def ask(simulator: Simulator) -> str:
        async with simulator.async_client() as client:
            return (await client.complete("anthropic/echo", "Hello")).text

    with Simulator() as simulator:
        with simulator.client(max_retries=0) as client:
            assert client.complete("openai/echo", "Hello").text == "Hello"
            with pytest.raises(ferrule.OverloadedError) as caught:
                client.complete("anthropic/overloaded", "Hello")
            assert len(caught.value.attempts) == 1
        assert asyncio.run(ask(simulator)) == "Hello"


def test_the_environment_leads_programs_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with Simulator(require_key=True) as simulator:
        for name, value in simulator.environment().items():
            monkeypatch.setenv(name, value)
        with ferrule.Client() as client:
            assert client.complete("openai/echo", "Hello").text == "Hello"
            assert client.complete("anthropic/echo", "Hello").text == "Hello"


def test_a_key_can_be_required() -> None:
    with Simulator(require_key=True) as simulator, pytest.raises(urllib.error.HTTPError, match="401"):
        say(simulator)


def test_the_streams_of_an_http2_connection_can_be_limited() -> None:
    with Simulator(http2_streams=7) as simulator:
        host, _, port = simulator.url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
            frame = connection.recv(1024)
    settings = frame[9 : 9 + int.from_bytes(frame[:3], "big")]
    maximum_streams = (3).to_bytes(2, "big") + (7).to_bytes(4, "big")
    assert maximum_streams in [settings[start : start + 6] for start in range(0, len(settings), 6)]


def test_a_seed_decides_what_is_drawn() -> None:
    def faults(seed: int) -> list[str | None]:
        script = [rule(fault="overloaded", rate=0.5)]
        with Simulator(script, seed=seed) as simulator, simulator.client(max_retries=0) as client:
            for _ in range(20):
                with contextlib.suppress(ferrule.OverloadedError):
                    client.complete("openai/x", "Hello")
            return [request.fault for request in simulator.requests]

    assert faults(7) == faults(7)
    assert faults(7) != faults(8)
    assert set(faults(7)) == {None, "overloaded"}


def test_a_port_that_is_taken_is_an_error() -> None:
    with Simulator() as simulator:
        port = int(simulator.url.rpartition(":")[2])
        with pytest.raises(OSError, match="cannot listen") as caught:
            Simulator(port=port)
        assert caught.value.errno == errno.EADDRINUSE


def test_stopping_closes_the_port_and_says_so_afterwards() -> None:
    simulator = Simulator()
    say(simulator)
    simulator.stop()
    simulator.stop()
    with pytest.raises(urllib.error.URLError):
        say(simulator)
    for use in (lambda: simulator.requests, lambda: simulator.open_connections, simulator.clear):
        with pytest.raises(RuntimeError, match="stopped"):
            use()
    assert simulator.url in repr(simulator)


def test_stopping_ends_the_waiting_of_other_threads() -> None:
    simulator = Simulator()
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(simulator.wait_for_requests, 1, 50)
        simulator.stop()
        with pytest.raises(RuntimeError, match="stopped"):
            waiting.result(timeout=20)


def test_a_simulator_that_nobody_holds_is_stopped() -> None:
    simulator = Simulator()
    url = f"{simulator.openai_base_url}/chat/completions"
    del simulator
    gc.collect()
    with pytest.raises(urllib.error.URLError):
        post(url, HELLO)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers on Windows")
def test_a_signal_interrupts_waiting() -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with Simulator() as simulator:
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with pytest.raises(KeyboardInterrupt):
                simulator.wait_for_requests(1, timeout=50)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on Windows")
def test_a_forked_child_is_told_and_does_not_hang() -> None:
    program = """
        import os, warnings
        from ferrule.testing import Simulator

        warnings.simplefilter("ignore", DeprecationWarning)
        simulator = Simulator()
        child = os.fork()
        if child == 0:
            try:
                simulator.requests
            except RuntimeError as error:
                assert "forked" in str(error), error
                simulator.stop()
                with Simulator() as own:
                    assert own.requests == []
                os._exit(7)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert simulator.requests == []
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, timeout=30)


def test_the_fixture_is_a_fresh_simulator(ferrule_simulator: Simulator) -> None:
    assert ferrule_simulator.requests == []
    assert say(ferrule_simulator, "echo") == "Hello"


def test_the_fixture_comes_with_the_package(tmp_path: Path) -> None:
    # In a project of its own, with the tests that the documents show.
    shown = [block.code for block in blocks(ROOT / "docs" / "testing.md", "python") if "def test_" in block.code]
    program = "import ferrule\nfrom ferrule.testing import Simulator, rule\n\n" + "\n".join(shown)
    (tmp_path / "test_documented.py").write_text(program, "utf-8")
    # What pytest-asyncio wants said, whichever fixtures there are.
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n", "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


def test_the_plugin_loads_nothing_until_it_is_used() -> None:
    program = """
        import sys
        import ferrule.pytest_plugin

        heavy = {"ferrule.testing", "ferrule.client", "typer", "rich"} & set(sys.modules)
        assert not heavy, heavy
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, timeout=30)
