"""MCP servers of others, whose tools a run calls: a program of Python's, and one of Node.js over both transports."""

from __future__ import annotations

import datetime
import json
import os
import shutil
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Any

import environment
import pytest

import ferrule
from ferrule.testing import Simulator, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.real_server, pytest.mark.timeout(300)]

MODEL = "anthropic/claude-sonnet-4-5"
EVERYTHING = (
    environment.directory("mcp_everything") / "node_modules/@modelcontextprotocol/server-everything/dist/index.js"
)


def script(*calls: tuple[str, dict[str, Any]]) -> list[Any]:
    reply = {"tool_calls": [{"name": name, "arguments": arguments} for name, arguments in calls]}
    return [rule(reply, times=1), rule("Done.")]


def answered(run: ferrule.Run) -> list[tuple[Any, bool]]:
    """What the model was told, and whether as an error."""
    assert run.stopped == "answer"
    blocks = [
        block
        for message in run.messages
        if isinstance(message, ferrule.Message) and message.role == "tool"
        for block in message.to_dict()["content"]
    ]
    return [(block["content"], block.get("is_error", False)) for block in blocks]


def node() -> str:
    found = shutil.which("node")
    assert found
    assert environment.is_installed("mcp_everything"), "run `make test-oracles`"
    return found


def test_the_time() -> None:
    program = environment.programs_of("mcp_time") / "mcp-server-time"
    oslo, nowhere = {"timezone": "Europe/Oslo"}, {"timezone": "Europe/Atlantis"}
    asked = script(("get_current_time", oslo), ("get_current_time", nowhere))
    with (
        Simulator(asked) as simulator,
        simulator.client() as client,
        ferrule.mcp.tools(program, timeout=120) as tools,
    ):
        assert [tool.name for tool in tools] == ["get_current_time", "convert_time"]
        run = client.run(MODEL, "What time is it?", tools=tools, max_tokens=100)
    (told, failed), (error, is_error) = answered(run)
    assert not failed
    said = datetime.datetime.fromisoformat(json.loads(told)["datetime"])
    assert abs(said - datetime.datetime.now(datetime.timezone.utc)) < datetime.timedelta(minutes=10)
    assert is_error
    assert "Europe/Atlantis" in error


CALLS = [
    ("echo", {"message": "hello"}),
    ("get-sum", {"a": 2, "b": 3}),
    ("get-structured-content", {"location": "New York"}),
    ("get-tiny-image", {}),
    ("get-resource-reference", {"resourceType": "Text", "resourceId": 1}),
    ("get-sum", {"a": "two"}),
]


def check(run: ferrule.Run) -> None:
    echo, total, structured, image, resource, wrong = answered(run)
    assert echo == ("Echo: hello", False)
    assert "5" in total[0]
    assert json.loads(structured[0])["conditions"]
    assert [part["type"] for part in image[0]] == ["text", "image", "text"]
    assert "plaintext resource" in resource[0]
    assert wrong[1]


def test_everything_over_standard_streams() -> None:
    with (
        Simulator(script(*CALLS)) as simulator,
        simulator.client() as client,
        ferrule.mcp.tools(node(), str(EVERYTHING), timeout=120) as tools,
    ):
        check(client.run(MODEL, "Go.", tools=tools, max_tokens=100))


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [node(), str(EVERYTHING), "streamableHttp"],
        env=os.environ | {"PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 120
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


async def test_everything_over_http(address: str) -> None:
    with Simulator(script(*CALLS)) as simulator:
        async with simulator.async_client() as client, ferrule.mcp.tools(address, timeout=120) as tools:
            check(await client.run(MODEL, "Go.", tools=tools, max_tokens=100))
            simulator.set_script(script(*CALLS))
            async with client.stream_run(MODEL, "Go.", tools=tools, max_tokens=100) as stream:
                results = [event async for event in stream if isinstance(event, ferrule.ToolResult)]
            assert len(results) == len(CALLS)
            check(stream.run())
