"""Exit of programs with open streams, and Ctrl-C: at once, and without output."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ferrule.testing import rule

if TYPE_CHECKING:
    from conftest import Run
    from ferrule.testing import Simulator

SYNC = """
import ferrule
stream = ferrule.stream("openai/gpt", "Go.")
next(stream.text)
"""
ASYNC = """
import asyncio, ferrule
async def main():
    global stream
    stream = ferrule.AsyncClient().stream("anthropic/claude", "Go.")
    async for _ in stream.text:
        break
asyncio.run(main())
"""
IN_A_TASK = """
import asyncio, ferrule
async def read(begun):
    async for _ in client.stream("openai/gpt", "Go.").text:
        begun.set()
async def main():
    begun = asyncio.Event()
    tasks.append(asyncio.ensure_future(read(begun)))
    await begun.wait()
tasks = []
client = ferrule.AsyncClient()
asyncio.run(main())
"""
DAEMONS = """
import threading, ferrule
def read(begun):
    for _ in ferrule.stream("openai/gpt", "Go.").text:
        begun.set()
for _ in range(4):
    begun = threading.Event()
    threading.Thread(target=read, args=[begun], daemon=True).start()
    begun.wait()
"""
# Something that holds up the interpreter's end, so that the daemons come back in the midst of it.
SLOW_END = """
import sys, time
class Slow:
    def __del__(self, sleep=time.sleep):
        sleep(0.3)
sys.slow = time.slow = Slow()
"""
AT_EXIT = """
import atexit, ferrule
atexit.register(lambda: print(ferrule.complete("openai/echo", "Bye.").text))
"""
LOOP_LEFT_RUNNING = """
import asyncio, threading, ferrule
def run(begun):
    async def main():
        async for _ in ferrule.AsyncClient().stream("openai/gpt", "Go.").text:
            begun.set()
    asyncio.run(main())
begun = threading.Event()
threading.Thread(target=run, args=[begun], daemon=True).start()
begun.wait()
"""
WOKEN_BY_A_THREAD = LOOP_LEFT_RUNNING.replace(
    "asyncio.run(main())",
    """class Unwatching(asyncio.SelectorEventLoop):
        def add_reader(self, *_):
            raise NotImplementedError
    loop = Unwatching()
    loop.run_until_complete(main())""",
)


@pytest.fixture
def endless(simulator: Simulator) -> Simulator:
    simulator.set_script([rule("Bye.", model="echo"), rule({"tokens": 100_000, "tokens_per_second": 200})])
    return simulator


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(SYNC, id="sync"),
        pytest.param(ASYNC, id="async"),
        pytest.param(IN_A_TASK, id="task"),
        pytest.param(DAEMONS, id="daemons"),
        pytest.param(DAEMONS + SLOW_END, id="daemons that wake up during the end"),
        pytest.param(LOOP_LEFT_RUNNING, id="a loop in a daemon"),
        pytest.param(LOOP_LEFT_RUNNING + SLOW_END, id="a loop in a daemon that wakes up during the end"),
        pytest.param(WOKEN_BY_A_THREAD, id="a loop woken by a thread"),
        pytest.param(WOKEN_BY_A_THREAD + SLOW_END, id="a loop woken by a thread during the end"),
        pytest.param(SYNC + "import sys; sys.exit(0)", id="sys.exit"),
        pytest.param(ASYNC.replace("break", "raise SystemExit(0)"), id="sys.exit inside the loop"),
        pytest.param(DAEMONS + AT_EXIT, id="a call at exit"),
    ],
)
def test_the_interpreter_ends_at_once_and_says_nothing(endless: Simulator, run: Run, program: str) -> None:
    done = run(program, timeout=15)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == ("Bye.\n" if AT_EXIT in program else "")
    assert endless.wait_for_connections()


BLOCKED = {
    "complete": "ferrule.complete('openai/stalled', 'Go.')",
    "the first event": "next(ferrule.stream('openai/stalled', 'Go.'))",
    "the next event": "list(ferrule.stream('openai/begun', 'Go.'))",
    "the next text": "[*ferrule.stream('anthropic/begun', 'Go.').text]",
}
INTERRUPTED = """
import ferrule, time
try:
    {call}
except KeyboardInterrupt:
    print("interrupted", flush=True)
# Still here, to tell a closed connection from an ended process.
input()
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send")
@pytest.mark.parametrize("call", BLOCKED)
def test_ctrl_c_interrupts_a_blocked_call_and_closes_its_connection(simulator: Simulator, call: str) -> None:
    stall = {"stall": {"at": "mid_event", "after_chunks": 2}}
    simulator.set_script([rule("one two three four", model="begun", fault=stall), rule(fault="stall")])
    command = [sys.executable, "-c", INTERRUPTED.format(call=BLOCKED[call])]
    environment = os.environ | simulator.environment()
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=environment, text=True, **pipes) as program:
        assert simulator.wait_for_requests(1, timeout=20)
        # Nothing else ends the call: the answer stalls for ever, and the limits of time are minutes.
        program.send_signal(signal.SIGINT)
        assert program.stdout is not None
        assert program.stdout.readline() == "interrupted\n"
        assert simulator.wait_for_connections()
        assert program.communicate("\n", timeout=10)[1] == ""
        assert program.returncode == 0
    assert simulator.requests[0].outcome == "closed_by_client"
