"""`ferrule.testing.record`: what servers answered, from a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from scripted import Scripted, chunked, sized

import ferrule
from ferrule.httpx import AsyncFerruleTransport, FerruleTransport
from ferrule.testing import Simulator, record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scripted import Peer, Received

KEY = "sk-live-0123456789abcdef"


class Counting:
    """Counts its requests in its answers."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, peer: Peer, received: Received) -> None:
        self.count += 1
        echoed = (received.header("authorization") or "").encode()
        peer.send(sized(b"%d %s %s" % (self.count, received.body, echoed), b"Set-Cookie: a=secret", b"X-Id: r"))


def token(peer: Peer, received: Received) -> None:
    peer.send(sized(b'{"access_token": "abcdef", "expires_in": 3600, "token": "Hello"}'))


@pytest.fixture
def server() -> Iterator[Scripted]:
    binary = bytes(range(256))
    events = chunked(b"data: 1\n\n", b"data: 2\n\n")
    scripts = {
        "/count": Counting(),
        "/token": token,
        "/binary": lambda peer, _: peer.send(sized(binary)),
        "/events": lambda peer, _: peer.send(events.replace(b"\r\n", b"\r\nContent-Type: text/event-stream\r\n", 1)),
    }
    with Scripted(scripts) as server:  # type: ignore[arg-type]
        yield server


def ask(library: Any, server: Scripted, path: str, **options: Any) -> Any:
    with library.Client(transport=FerruleTransport(), headers={"Authorization": f"Bearer {KEY}"}) as client:
        return client.post(server.url + path, **options)


def test_recorded_once_and_replayed(library: Any, server: Scripted, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "cassette.yaml"
    with record(path) as cassette:
        first = ask(library, server, "/count", json={"a": 1})
        second = ask(library, server, "/count", json={"a": 1})
    assert first.text.startswith('1 {"a":1} Bearer sk-')
    assert len(cassette.interactions) == 2
    asked = len(server.received)
    with record(path) as cassette:
        assert ask(library, server, "/count", json={"a": 1}).text[:2] == first.text[:2]
        assert not cassette.all_played
        replayed = ask(library, server, "/count", content=b'{ "a" : 1 }')
        assert replayed.text[:2] == second.text[:2]
        assert replayed.headers["x-id"] == "r"
        assert cassette.all_played
        with pytest.raises(library.ConnectError, match="no answer is recorded"):
            ask(library, server, "/count", json={"a": 1})
        with pytest.raises(library.ConnectError):
            ask(library, server, "/count", json={"a": 2})
    assert len(server.received) == asked


def test_secrets_are_masked(library: Any, server: Scripted, tmp_path: Path) -> None:
    path = tmp_path / "cassette.yaml"
    options: dict[str, Any] = {
        "params": {"api_key": "hunter2hunter2", "q": "1"},
        "headers": {"X-Account": "acme", "X-Goog-Api-Key": "AIza-secret"},
    }
    with record(path, mask=["x-account"]):
        ask(library, server, "/count", **options)
        ask(library, server, "/token", content=b"grant_type=x&client_secret=topsecret")
    text = path.read_text()
    for secret in (KEY, "hunter2", "acme", "AIza", "a=secret", "abcdef", "topsecret"):
        assert secret not in text
    assert "Hello" in text
    with record(path, mode="none"):
        assert "MASKED" in ask(library, server, "/count", **options).text
        assert ask(library, server, "/token", content=b"client_secret=another").json()["expires_in"] == 3600


def test_the_file_is_vcrpys(library: Any, server: Scripted, tmp_path: Path) -> None:
    path = tmp_path / "cassette.yaml"
    with record(path):
        ask(library, server, "/binary", content=b"\xff\xfe")
        ask(library, server, "/events")
    content = yaml.safe_load(path.read_text())
    assert content["version"] == 1
    binary, events = content["interactions"]
    assert binary["request"]["body"] == b"\xff\xfe"
    assert binary["request"]["method"] == "POST"
    assert binary["request"]["uri"] == server.url + "/binary"
    assert binary["response"]["body"]["string"] == bytes(range(256))
    assert binary["response"]["status"] == {"code": 200, "message": "OK"}
    assert events["response"]["headers"]["content-type"] == ["text/event-stream"]
    assert "      data: 1\n" in path.read_text(), "streams are readable"
    with record(path):
        assert ask(library, server, "/binary", content=b"\xff\xfe").content == bytes(range(256))
        assert ask(library, server, "/events").text == "data: 1\n\ndata: 2\n\n"


@pytest.mark.parametrize(
    "response",
    [
        "status: {code: 203, message: Fine}\n    headers: {X-A: [b]}\n    body: {string: hello}",
        "status_code: 203\n    headers: {X-A: b}\n    http_version: HTTP/1.1\n    content: hello",
    ],
)
def test_files_of_vcrpys_are_read(library: Any, tmp_path: Path, response: str) -> None:
    path = tmp_path / "cassette.yaml"
    path.write_text(
        f"""\
interactions:
- request:
    body: ''
    headers: {{Accept: ['*/*']}}
    method: GET
    uri: https://api.example/v1?b=2&a=1
  response:
    {response}
version: 1
"""
    )
    with record(path, mode="none"), library.Client(transport=FerruleTransport()) as client:
        found = client.get("https://api.example/v1?a=1&b=2")
    assert (found.status_code, found.text, found.headers["x-a"]) == (203, "hello", "b")


def test_modes(library: Any, server: Scripted, tmp_path: Path) -> None:
    path = tmp_path / "cassette.yaml"
    with pytest.raises(FileNotFoundError), record(path, mode="none"):
        pass
    with record(path, mode="new_episodes"):
        ask(library, server, "/count", content=b"a")
    with record(path, mode="new_episodes"):
        assert ask(library, server, "/count", content=b"a").text.startswith("1 a")
        assert ask(library, server, "/count", content=b"b").text.startswith("2 b")
    with record(path, repeats=True, match_on=["url"]):
        assert [ask(library, server, "/count").text[0] for _ in range(3)] == ["1", "1", "1"]
    with record(path, mode="all"):
        assert ask(library, server, "/count", content=b"a").text.startswith("3 a")
    assert len(yaml.safe_load(path.read_text())["interactions"]) == 1
    with pytest.raises(ValueError, match="mode"):
        record(path, mode="some")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="match_on"):
        record(path, match_on=["host"])


def test_before_record(library: Any, server: Scripted, tmp_path: Path) -> None:
    path = tmp_path / "cassette.yaml"

    def changed(interaction: dict[str, Any]) -> dict[str, Any] | None:
        if interaction["request"]["uri"].endswith("/token"):
            return None
        interaction["response"]["body"]["string"] = "changed"
        return interaction

    with record(path, before_record=changed):
        ask(library, server, "/token")
        ask(library, server, "/count")
    with record(path):
        assert ask(library, server, "/count").text == "changed"
        with pytest.raises(library.ConnectError):
            ask(library, server, "/token")


def test_what_is_no_cassette(tmp_path: Path) -> None:
    path = tmp_path / "cassette.yaml"
    for text in ("[]", "a: 1", "{"):
        path.write_text(text)
        with pytest.raises(ValueError, match="not a cassette"), record(path):
            pass


async def test_async(library: Any, server: Scripted, tmp_path: Path) -> None:
    for _ in range(2):
        with record(tmp_path / "cassette.yaml"):
            async with library.AsyncClient(transport=AsyncFerruleTransport()) as client:
                response = await client.post(server.url + "/count", content=b"a")
        assert response.text.startswith("1 a")


def test_calls_of_the_engine(tmp_path: Path) -> None:
    path = tmp_path / "cassette.yaml"

    def texts(client: ferrule.Client) -> list[str]:
        with client.stream("openai/echo", "One two three") as stream:
            streamed = "".join(stream.text)
        return [client.complete("openai/echo", "Hello").text, streamed]

    with Simulator() as simulator:
        with record(path), simulator.client() as client:
            assert texts(client) == ["Hello", "One two three"]
        asked = len(simulator.requests)
        with record(path, mode="none") as cassette, simulator.client() as client:
            assert texts(client) == ["Hello", "One two three"]
            assert cassette.all_played
            with pytest.raises(ferrule.ConnectError, match="no answer is recorded"):
                client.complete("openai/echo", "Something else")
        assert len(simulator.requests) == asked
