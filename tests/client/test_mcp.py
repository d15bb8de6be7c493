"""Tools of MCP servers: a program, an address and an object, used by both clients."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import ferrule
import mcp_server
from ferrule.testing import Simulator, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER = str(Path(mcp_server.__file__))
PROGRAM = (sys.executable, SERVER)


def calls(*made: tuple[str, dict[str, Any]]) -> list[Any]:
    """A script in which the model calls tools once."""
    reply = {"tool_calls": [{"name": name, "arguments": arguments} for name, arguments in made]}
    return [rule(reply, nth=1), rule("Done.")]


def results(run: ferrule.Run) -> list[tuple[Any, bool]]:
    """What the model was told, and whether as an error."""
    found: list[tuple[Any, bool]] = []
    for message in run.messages:
        assert isinstance(message, ferrule.Message)
        if message.role == "tool":
            (block,) = message.to_dict()["content"]
            found.append((block.get("content", ""), block.get("is_error", False)))
    return found


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {"PATH": os.environ.get("PATH", ""), "SYSTEMROOT": os.environ.get("SYSTEMROOT", "")}
    process = subprocess.Popen(
        [*PROGRAM, "http", str(port)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 30
        while True:
            assert process.poll() is None
            assert time.monotonic() < deadline
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.kill()
        process.wait(10)


def test_the_tools_of_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    script = calls(
        ("add", {"a": 2, "b": 3}),
        ("time_now", {"zone": "UTC"}),
        ("fail", {"why": "no"}),
        ("variable", {"name": "GIVEN"}),
        ("variable", {"name": "OPENAI_API_KEY"}),
    )
    with Simulator(script) as simulator, simulator.client() as client:
        with ferrule.mcp.tools(*PROGRAM, env={"GIVEN": "yes"}) as tools:
            assert [tool.name for tool in tools] == ["add", "time_now", "fail", "picture", "variable"]
            run = client.run("openai/gpt-5-mini", "Go.", tools=tools)
        declared = simulator.requests[0].body["tools"]
    assert declared[0]["function"]["description"] == "Adds two numbers."
    assert declared[0]["function"]["parameters"]["required"] == ["a"]
    added, told, failed, given, secret = results(run)
    assert added == ("5", False)
    assert '"hour": 12' in told[0]
    assert failed[1]
    assert "no" in failed[0]
    # It has the variables that it is given, and not those of this program.
    assert (given[0], secret[0]) == ("yes", "")


def test_the_tools_of_an_address(address: str) -> None:
    with Simulator(calls(("add", {"a": 2}))) as simulator, simulator.client() as client:
        tools = ferrule.mcp.tools(address, headers={"Authorization": "Bearer x"})
        with tools:
            run = client.run("openai/gpt-5-mini", "Go.", tools=tools)
    assert results(run) == [("3", False)]


async def test_with_an_asynchronous_client(address: str) -> None:
    with Simulator(calls(("here_add", {"a": 2}), ("there_add", {"a": 4}))) as simulator:
        async with (
            simulator.async_client() as client,
            ferrule.mcp.tools(*PROGRAM, prefix="here_", only=["add"]) as here,
            ferrule.mcp.tools(address, prefix="there_", only=["add"]) as there,
        ):
            run = await client.run("openai/gpt-5-mini", "Go.", tools=[*here, *there])
    assert results(run) == [("3", False), ("5", False)]


def test_a_picture_is_a_picture() -> None:
    with Simulator(calls(("picture", {}))) as simulator, simulator.client() as client:
        with ferrule.mcp.tools(mcp_server.server) as tools:
            run = client.run("anthropic/claude-sonnet-4-5", "Go.", tools=tools, max_tokens=100)
        (sent,) = simulator.requests[-1].body["messages"][-1]["content"]
    assert sent["content"][0]["type"] == "image"
    assert sent["content"][0]["source"]["media_type"] == "image/png"
    assert run.stopped == "answer"


def test_a_server_that_is_not_one() -> None:
    with (
        pytest.raises(ferrule.ConnectError, match="cannot be used") as caught,
        ferrule.mcp.tools(sys.executable, "-c", "print('hello')", "--key=sk-secret"),
    ):
        pass
    assert "sk-secret" not in str(caught.value)
    with pytest.raises(ferrule.ConnectError), ferrule.mcp.tools("no-such-program-anywhere"):
        pass
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://user:sk-secret@127.0.0.1:{closed.getsockname()[1]}/mcp?key=sk-secret"
        with pytest.raises(ferrule.ConnectError) as refused, ferrule.mcp.tools(url):
            pass
    assert "sk-secret" not in str(refused.value)


def test_a_server_that_says_nothing_is_ended() -> None:
    program = "import sys; sys.stdin.read()"
    silent = ferrule.mcp.tools(sys.executable, "-c", program, timeout=0.5)
    with pytest.raises(ferrule.ConnectTimeoutError, match=r"within 0\.5 seconds"), silent:
        pass


def test_a_tool_that_the_server_does_not_have() -> None:
    tools = ferrule.mcp.tools(mcp_server.server, only=["add", "subtract"])
    with pytest.raises(ferrule.ConfigError, match="no tool `subtract`; it has"), tools:
        pass


def test_without_the_package_it_is_said_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mcp", None)
    with pytest.raises(ferrule.ConfigError, match="needs the package `mcp`, version 2 or later: pip install"):
        ferrule.mcp.tools("program")


@pytest.mark.parametrize(
    ("server", "options", "said"),
    [
        ("https://example.com/mcp", {"env": {}}, "for programs"),
        ("program", {"headers": {}}, "for addresses"),
        (mcp_server.server, {"cwd": "."}, "for programs"),
    ],
)
def test_arguments_that_do_not_go_together(server: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        ferrule.mcp.tools(server, **options)


def test_a_session_that_is_over_is_told_to_the_model() -> None:
    with ferrule.mcp.tools(mcp_server.server, only=["add"]) as tools:
        kept = list(tools)
    with Simulator(calls(("add", {"a": 2}))) as simulator, simulator.client() as client:
        run = client.run("openai/gpt-5-mini", "Go.", tools=kept)
    ((text, is_error),) = results(run)
    assert is_error
    assert "not connected" in text
