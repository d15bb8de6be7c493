"""gevent: a blocking client in a patched program lets other greenlets run, ends with them, and forks with them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Run

pytest.importorskip("gevent")
pytestmark = pytest.mark.skipif(os.name == "nt", reason="a hub on Windows watches sockets only")

PATCHED = """
import gevent.monkey
gevent.monkey.patch_all()
import asyncio, os, time
import gevent
from gevent.pywsgi import WSGIServer
import ferrule

client = ferrule.Client(timeout=20, max_retries=0)
"""
OTHERS_RUN_MEANWHILE = """
turns = 0

def turn():
    global turns
    while True:
        turns += 1
        gevent.sleep(0.002)

gevent.spawn(turn)
for ask in (
    lambda: client.complete("openai/slow-20", "one two three four five six seven eight"),
    lambda: list(client.stream("openai/slow-20", "one two three four five six seven eight")),
    lambda: list(client.stream("openai/slow-20", "one two three four five six seven eight").text),
):
    turns = 0
    ask()
    assert turns > 5, turns
"""
OBSERVERS = """
seen = {}

def observe(event):
    gevent.sleep(0.001)
    seen.setdefault(event.call, []).append((type(event).__name__, id(gevent.getcurrent())))

for kind in ("request", "response", "stream_end"):
    client.on(kind, observe)

def ask(number):
    assert client.complete("openai/echo", "one").text
    with client.stream("openai/echo", "one") as stream:
        assert list(stream)
    with client.stream("openai/slow-20", "one two three four five") as stream:
        next(stream.text)
    return id(gevent.getcurrent())

greenlets = [gevent.spawn(ask, number) for number in range(5)]
gevent.joinall(greenlets, timeout=25)
asking = {greenlet.value for greenlet in greenlets}
assert len(seen) == 15, seen
assert all(len({where for _, where in of_call}) == 1 for of_call in seen.values()), seen
assert {where for of_call in seen.values() for _, where in of_call} == asking
kinds = sorted(tuple(kind for kind, _ in of_call) for of_call in seen.values())
assert kinds == [("RequestEvent", "ResponseEvent")] * 5 + [("RequestEvent", "ResponseEvent", "StreamEndEvent")] * 10
"""
MANY_AT_ONCE = """
def ask(number):
    text = f"one two three {number}"
    assert client.complete("openai/slow-20", text).text
    with client.stream("anthropic/echo", text) as stream:
        assert "".join(stream.text) == text
    return number

greenlets = [gevent.spawn(ask, number) for number in range(100)]
gevent.joinall(greenlets, timeout=25)
assert [greenlet.value for greenlet in greenlets] == list(range(100)), [greenlet.exception for greenlet in greenlets]
"""
A_SERVER_AMONG_THE_GREENLETS = """
REPLY = b'{"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}'

def application(environment, start):
    environment["wsgi.input"].read()
    gevent.sleep(0.01)
    start("200 OK", [("content-type", "application/json")])
    return [REPLY]

server = WSGIServer(("127.0.0.1", 0), application, log=None)
server.start()
here = {"dialect": "openai-chat", "base_url": f"http://127.0.0.1:{server.server_port}/v1"}
with ferrule.Client(providers={"here": here}, timeout=20) as own:
    assert own.complete("here/m", "hi").text == "hi"
"""
EVERY_KIND_OF_CALL = """
client.embed("openai/text-embedding-3-small", ["a"])
client.images.generate("openai/gpt-image-1", "a")
client.audio.transcribe("openai/whisper-1", b"RIFF")
with client.audio.speech("openai/tts-1", "a", voice="alloy") as body:
    assert body.read()
assert client.health(["openai"])[0].reachable
assert client.models("openai") and client.models(fresh=True)
client.count_tokens("anthropic/claude", "hi")
try:
    client.complete("openai/status-401", "hi")
except ferrule.FerruleError as error:
    assert error.attempts
else:
    raise AssertionError("an error passes")
"""
RUNS_AND_MANY_PROMPTS = """
def add(a: int) -> int:
    gevent.sleep(0.01)
    return a + 1

async def later(a: int) -> int:
    await asyncio.sleep(0.01)
    return a + 1

@client.provider("own")
async def own(request):
    await asyncio.sleep(0.01)
    if request.messages[-1]["role"] == "tool":
        return request.messages[-1]["content"]
    functions = [{"name": name, "arguments": '{"a": 1}'} for name in ("add", "later")]
    return {"tool_calls": [{"id": one["name"], "type": "function", "function": one} for one in functions]}

run = client.run("own/m", "hi", tools=[add, later])
assert (run.text, len(run.replies)) == ("2", 2), run
turns = 0

def turn():
    global turns
    while True:
        turns += 1
        gevent.sleep(0.002)

gevent.spawn(turn)
prompts = [f"one {number}" for number in range(100)]
assert [reply.text for reply in client.map("openai/echo", prompts)] == prompts
assert [type(reply) for reply in client.map("openai/slow-20", prompts[:3])] == [ferrule.Reply] * 3
assert turns > 5, turns
"""
FUNCTIONS = """
@client.provider("own")
async def own(request):
    await asyncio.sleep(0.01)
    return "from a function"

@client.provider("pieces")
async def pieces(request):
    for piece in ("a", "b"):
        await asyncio.sleep(0.01)
        yield piece

for _ in range(3):
    assert client.complete("own/m", "hi").text == "from a function"
    assert list(client.stream("pieces/m", "hi").text) == ["a", "b"]

tokens = []

@client.token_provider("openai")
async def token():
    await asyncio.sleep(0.01)
    tokens.append("token-of-a-function")
    return tokens[-1], 3600

client.complete("openai/echo", "hi")
assert tokens
"""
ONLY_ASYNCIO = """
import gevent.monkey
gevent.monkey.patch_all()
import asyncio
import ferrule

async def main():
    key = {"command": ["printf", "key-of-a-command"]}
    async with ferrule.AsyncClient(providers={"openai": {"api_key": key}}, timeout=20) as client:
        assert (await client.complete("openai/echo", "hi")).text == "hi"

asyncio.run(main())
"""
SECRETS = """
providers = {"openai": {"api_key": {"command": ["printf", "key-of-a-command"]}}}
with ferrule.Client(providers=providers, timeout=20) as own:
    assert own.complete("openai/echo", "hi").text == "hi"
"""
LEAVING = """
for leave in (
    lambda ask: gevent.with_timeout(0.05, ask, timeout_value="late"),
    lambda ask: gevent.spawn(ask).kill(),
):
    leave(lambda: client.complete("openai/stall-headers", "hi"))
    leave(lambda: list(client.stream("openai/stall-headers", "hi")))
assert client.complete("openai/echo", "hi").text == "hi"
"""
BLOCKING_THREADS = """
assert gevent.get_hub().threadpool.apply(lambda: client.complete("openai/echo", "hi").text) == "hi"
stream = client.stream("openai/echo", "one two three")
assert "".join(gevent.get_hub().threadpool.apply(lambda: list(stream.text))) == "one two three"
"""
FORKED = """
client.complete("openai/echo", "hi")
child = os.fork()
for call in range(20):
    text = f"one two {call}"
    assert client.complete("openai/echo", text).text == text
if child == 0:
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""
ASYNCIO = """
async def main():
    async with ferrule.AsyncClient(timeout=20) as loops:
        replies = await asyncio.gather(*(loops.complete("openai/echo", "one two") for _ in range(10)))
        assert {reply.text for reply in replies} == {"one two"}

asyncio.run(main())
"""
NOTHING_PATCHED = """
import gevent
import ferrule
assert ferrule.Client().complete("openai/echo", "hi").text == "hi"
"""


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(PATCHED + OTHERS_RUN_MEANWHILE, id="others run meanwhile"),
        pytest.param(PATCHED + MANY_AT_ONCE, id="many at once"),
        pytest.param(PATCHED + OBSERVERS, id="observers"),
        pytest.param(PATCHED + A_SERVER_AMONG_THE_GREENLETS, id="a server among the greenlets"),
        pytest.param(PATCHED + EVERY_KIND_OF_CALL, id="every kind of call"),
        pytest.param(PATCHED + RUNS_AND_MANY_PROMPTS, id="runs and many prompts"),
        pytest.param(PATCHED + FUNCTIONS, id="functions"),
        pytest.param(PATCHED + SECRETS, id="a key from a command"),
        pytest.param(PATCHED + LEAVING, id="leaving"),
        pytest.param(PATCHED + BLOCKING_THREADS, id="blocking threads"),
        pytest.param(PATCHED + FORKED, id="forked"),
        pytest.param(PATCHED + ASYNCIO, id="asyncio"),
        pytest.param(ONLY_ASYNCIO, id="only asyncio"),
        pytest.param(NOTHING_PATCHED, id="nothing patched"),
    ],
)
def test_under_gevent(run: Run, program: str) -> None:
    done = run(program, timeout=40)
    assert (done.returncode, done.stderr) == (0, "")
