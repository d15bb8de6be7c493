"""Forks: the child starts anew, the parent goes on, and neither gets the other's responses."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Run
    from ferrule.testing import Simulator

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")

FORK = """
import asyncio, gc, os, warnings
import ferrule
warnings.simplefilter("ignore", DeprecationWarning)  # Python's own, about forks beside threads.
client, loops = ferrule.Client(), ferrule.AsyncClient()

def converse(name):
    for call in range(10):
        text = f"{name} says {call}"
        assert client.complete("openai/echo", text).text == text
        with client.stream("anthropic/echo", text) as stream:
            assert "".join(stream.text) == text

async def converse_in_a_loop(name):
    async def once(text):
        assert (await loops.complete("anthropic/echo", text)).text == text
        async with loops.stream("openai/echo", text) as stream:
            assert "".join([piece async for piece in stream.text]) == text
    await asyncio.gather(*(once(f"{name} says {call}") for call in range(10)))

def both(name):
    converse(name)
    asyncio.run(converse_in_a_loop(name))

def end(child):
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""
CHILD_AND_PARENT = """
both("parent before")
child = os.fork()
both("child" if child == 0 else "parent")
if child:
    end(child)
"""
CHILD_OF_A_CHILD = """
both("parent")
child = os.fork()
if child == 0:
    both("child")
    child = os.fork()
    if child == 0:
        both("grandchild")
if child:
    end(child)
"""
BEFORE_THE_FIRST_CALL = """
child = os.fork()
both("child" if child == 0 else "parent")
if child:
    end(child)
"""
STREAM_FROM_BEFORE = """
stream = client.stream("openai/slow-50", "one two three four five six seven eight nine ten")
next(stream.text)
child = os.fork()
if child == 0:
    for read in (lambda: next(stream), lambda: list(stream.text), lambda: list(stream.batches())):
        try:
            read()
        except RuntimeError as error:
            assert "before the process forked" in str(error)
        else:
            raise AssertionError("the child read its parent's stream")
    stream.close()
    del stream, read
    gc.collect()
    converse("child")
else:
    end(child)
    heard = "".join(stream.text)
    assert stream.reply().finish_reason == "stop", stream.reply()
"""
ASYNC_STREAM_FROM_BEFORE = """
async def main():
    stream = loops.stream("openai/slow-50", "one two three four five six seven eight nine ten")
    await anext(stream)
    child = os.fork()
    if child == 0:
        try:
            await anext(stream)
        except RuntimeError as error:
            assert "before the process forked" in str(error)
        else:
            raise AssertionError("the child read its parent's stream")
        both("child")
        os._exit(0)
    async for event in stream:
        pass
    await asyncio.to_thread(end, child)
    assert stream.reply().finish_reason == "stop", stream.reply()

asyncio.run(main())
"""
UNUSED_IN_THE_CHILD = """
both("parent")
child = os.fork()
if child == 0:
    del client, loops
    gc.collect()
else:
    both("parent after")
    end(child)
"""


CLOSED_BY_THE_PARENT = """
import socket, threading
listener = socket.create_server(("127.0.0.1", 0))
gone = threading.Event()

def serve():
    connection, _ = listener.accept()
    connection.recv(65536)
    chunk = b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\\n\\n'
    connection.sendall(b"HTTP/1.1 200 OK\\r\\ncontent-type: text/event-stream\\r\\n\\r\\n" + chunk)
    try:
        while connection.recv(1):
            pass
    except OSError:
        pass
    connection.close()
    gone.set()

threading.Thread(target=serve, daemon=True).start()
address = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
own = ferrule.Client(providers={"own": {"dialect": "openai-chat", "base_url": address}})
stream = own.stream("own/m", "hi")
next(stream.text)
reading, writing = os.pipe()
child = os.fork()
if child == 0:
    os.close(writing)
    os.read(reading, 1)  # Until the parent has seen its server hear of it.
    os._exit(0)
os.close(reading)
stream.close()
assert gone.wait(20), "the child keeps the connection open"
os.close(writing)
listener.close()
own.close()
end(child)
"""


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(CHILD_AND_PARENT, id="both go on"),
        pytest.param(CHILD_OF_A_CHILD, id="a child's child"),
        pytest.param(BEFORE_THE_FIRST_CALL, id="before the first call"),
        pytest.param(STREAM_FROM_BEFORE, id="a stream from before"),
        pytest.param(ASYNC_STREAM_FROM_BEFORE, id="a stream of a loop from before"),
        pytest.param(CLOSED_BY_THE_PARENT, id="a stream that the parent closes"),
        pytest.param(UNUSED_IN_THE_CHILD, id="unused in the child"),
    ],
)
def test_after_a_fork(run: Run, program: str) -> None:
    done = run(FORK + program, timeout=40)
    assert (done.returncode, done.stderr) == (0, "")


def ask(simulator_environment: dict[str, str], name: str) -> str:
    """In a process of `multiprocessing`: one plain call, one in a loop."""
    import ferrule

    os.environ.update(simulator_environment)
    plain = ferrule.Client().complete("openai/echo", name).text

    async def main() -> str:
        async with ferrule.AsyncClient().stream("anthropic/echo", name) as stream:
            return "".join([text async for text in stream.text])

    return plain + asyncio.run(main())


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_multiprocessing(simulator: Simulator, method: str) -> None:
    ask_here = simulator.client()
    ask_here.complete("openai/echo", "The parent's runtime is there.")
    context = multiprocessing.get_context(method)
    with context.Pool(2) as pool:
        answers = pool.starmap_async(ask, [(simulator.environment(), f"call {call}") for call in range(6)]).get(40)
        pool.close()
        pool.join()
    assert answers == [f"call {call}" * 2 for call in range(6)]
    assert ask_here.complete("openai/echo", "Still here.").text == "Still here."


APPLICATION = """
import os
import ferrule

client = ferrule.Client()
client.complete("openai/echo", "The parent calls before it forks.")

def application(environment, start_response):
    with client.stream("anthropic/echo", environment["PATH_INFO"]) as stream:
        said = client.complete("openai/echo", environment["PATH_INFO"]).text + "".join(stream.text)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{os.getpid()} {said}".encode()]
"""


def test_gunicorn_preload(simulator: Simulator, tmp_path: Path) -> None:
    pytest.importorskip("gunicorn")
    (tmp_path / "application.py").write_text(APPLICATION)
    log = tmp_path / "log"
    command = [sys.executable, "-m", "gunicorn", "--preload", "--workers", "2", "--bind", "127.0.0.1:0"]
    command += ["--graceful-timeout", "5", "--error-logfile", str(log), "application:application"]
    environment = os.environ | simulator.environment()
    server = subprocess.Popen(command, cwd=tmp_path, env=environment)
    try:
        address = listening(log)
        workers = set()
        for call in range(20):
            with urllib.request.urlopen(f"{address}/call-{call}", timeout=20) as answer:
                worker, said = answer.read().decode().split(" ", 1)
            workers.add(worker)
            assert said == f"/call-{call}" * 2
        assert str(server.pid) not in workers
    finally:
        server.terminate()
        assert server.wait(20) == 0
    assert "Traceback" not in log.read_text()


def listening(log: Path) -> str:
    """Where gunicorn says that it listens."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for line in log.read_text().splitlines() if log.exists() else []:
            if "Listening at: " in line:
                return line.partition("Listening at: ")[2].split()[0]
        time.sleep(0.05)
    raise AssertionError("gunicorn did not start")
