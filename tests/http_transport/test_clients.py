"""Clients of both libraries with our transport, used as SDKs use them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
import pytest

import ferrule.httpx
import ferrule.httpx2

if TYPE_CHECKING:
    from scripted import Scripted

LIBRARIES = [(ferrule.httpx, httpx), (ferrule.httpx2, httpx2)]


@pytest.mark.parametrize(("ours", "theirs"), LIBRARIES, ids=["httpx", "httpx2"])
def test_a_client_is_the_librarys(ours: Any, theirs: Any, server: Scripted) -> None:
    calls: list[str] = []
    with ours.Client(
        base_url=server.url,
        headers={"X-Mine": "yes"},
        timeout=5,
        follow_redirects=True,
        auth=("me", "secret"),
        limits=theirs.Limits(max_connections=3),
        event_hooks={"request": [lambda request: calls.append(request.url.path)]},
    ) as client:
        assert isinstance(client, theirs.Client)
        assert isinstance(client._transport, theirs.BaseTransport)
        response = client.get("/redirect")
        assert isinstance(response, theirs.Response)
        assert response.text == "hello"
        assert client.timeout == theirs.Timeout(5)
    assert calls == ["/redirect", "/plain"]
    assert client.is_closed
    assert server.received[-1].header("x-mine") == "yes"
    assert server.received[-1].header("authorization")
    with pytest.raises(RuntimeError, match="closed"):
        client.get("/plain")


@pytest.mark.parametrize(("ours", "theirs"), LIBRARIES, ids=["httpx", "httpx2"])
async def test_an_async_client(ours: Any, theirs: Any, server: Scripted) -> None:
    async with ours.AsyncClient(base_url=server.url, http2=True) as client:
        assert isinstance(client, theirs.AsyncClient)
        assert isinstance(client._transport, theirs.AsyncBaseTransport)
        responses = await asyncio.gather(*(client.get("/plain") for _ in range(5)))
    assert {response.text for response in responses} == {"hello"}


@pytest.mark.parametrize(("ours", "theirs"), LIBRARIES, ids=["httpx", "httpx2"])
def test_a_transport_of_ones_own_is_used(ours: Any, theirs: Any) -> None:
    mocked = theirs.MockTransport(lambda request: theirs.Response(418))
    with ours.Client(transport=mocked) as client:
        assert client.get("http://nowhere.example/").status_code == 418
    with ours.Client(mounts={"http://nowhere.example": mocked}) as client:
        assert client.get("http://nowhere.example/").status_code == 418


def test_the_package_says_what_is_missing() -> None:
    program = """
import sys
sys.modules["httpx"] = sys.modules["httpx2"] = None
import importlib.util
real = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name in ("httpx", "httpx2") else real(name, package)
try:
    import ferrule.httpx
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert "pip install 'ferrule[httpx]'" in done.stdout, done.stderr


def test_httpx_as_an_alias_of_httpx2() -> None:
    program = """
import httpx2
httpx2.alias_httpx()
import httpx
from ferrule.httpx import Client, FerruleTransport
assert httpx is httpx2 and issubclass(Client, httpx2.Client) and issubclass(FerruleTransport, httpx2.BaseTransport)
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], timeout=30, check=True)


def test_a_request_of_neither_library_is_refused() -> None:
    with ferrule.httpx.FerruleTransport() as transport, pytest.raises(TypeError, match="request has to be"):
        transport.handle_request(object())
