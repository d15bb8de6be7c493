"""Error texts: they name the URL, the key, the proxy, the time."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

import ferrule
from ferrule.testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CANARY = "sk-canary-0123456789"


def client(base_url: str, **options: Any) -> ferrule.Client:
    mine = {"base_url": base_url, "api_key": CANARY, "query": {"token": CANARY}}
    return ferrule.Client(config=False, providers={"mine": mine}, max_retries=0, **options)


def text_of(one: ferrule.Client, model: str = "mine/echo", *, stream: bool = False) -> str:
    def call() -> None:
        if not stream:
            one.complete(model, "hello there")
            return
        with one.stream(model, "hello there") as events:
            list(events)

    with one, pytest.raises(ferrule.FerruleError) as raised:
        call()
    assert CANARY not in str(raised.value)
    return str(raised.value)


@contextlib.contextmanager
def server(response: bytes) -> Iterator[str]:
    """A server that sends `response` whatever it is asked."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, contextlib.suppress(OSError):
                    connection.recv(65536)
                    connection.sendall(response)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=10)


def plain(status: str, body: bytes = b"", kind: str = "application/json") -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "response",
    [plain("404 Not Found"), plain("404 Not Found", b'{"error": {"message": "No such thing."}}'), plain("405 No")],
)
def test_what_was_not_found(response: bytes, stream: bool) -> None:
    with server(response) as url:
        text = text_of(client(f"{url}/wrong"), stream=stream)
        assert f"he request was POST {url}/wrong/chat/completions (status 40" in text


@pytest.mark.parametrize("stream", [False, True])
def test_which_key_was_refused(
    stream: bool, ferrule_simulator: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in ferrule_simulator.environment().items():
        monkeypatch.setenv(name, value)
    text = text_of(ferrule.Client(), "openai/status-401", stream=stream)
    assert text.startswith("openai/status-401: The simulated provider answers with status 401. The key came from the ")
    assert "environment variable OPENAI_API_KEY (status 401" in text
    key = tmp_path / "key"
    key.write_text(CANARY)
    file = tmp_path / "ferrule.toml"
    for written, source in (
        (f'"{CANARY}"', f"providers.anthropic.api_key in {file}:2 "),
        (f'{{ file = "{key}" }}', f"providers.anthropic.api_key in {file}:2 (file {key})"),
    ):
        monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
        file.write_text(f"[providers.anthropic]\napi_key = {written}\n")
        text = text_of(ferrule.Client(config=file), "anthropic/status-401", stream=stream)
        assert f"The key came from {source}".strip() in text
    # The call's own key is not the configured one.
    own = {"extra_headers": {"authorization": "Bearer other"}}
    with ferrule.Client() as one, pytest.raises(ferrule.AuthenticationError) as raised:
        one.complete("openai/status-401", "hello", **own)
    assert "key came from" not in str(raised.value)


@pytest.mark.parametrize("stream", [False, True])
def test_which_credentials_of_a_cloud_were_refused(
    stream: bool, ferrule_simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where no key is configured, and a cloud's own chain finds one."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOURS")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CANARY)
    with Simulator(aws_credentials={"AKIATHEIRS": "secret"}) as simulator:
        # The region of the configuration signs where the address has none.
        bedrock = {"base_url": simulator.base_url("bedrock"), "region": "eu-north-1"}
        with ferrule.Client(providers={"bedrock": bedrock}, max_retries=0) as one:
            text = text_of(one, "bedrock/echo", stream=stream)
        credentials = simulator.requests[-1].headers["authorization"]
    assert "he credentials came from the environment variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in text
    assert "AKIAOURS" in credentials
    assert "/eu-north-1/bedrock/" in credentials
    monkeypatch.setenv("AZURE_OPENAI_AD_TOKEN", "sk-invalid")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "another")
    azure = {"base_url": ferrule_simulator.base_url("azure")}
    with ferrule.Client(providers={"azure": azure}, max_retries=0) as one:
        text = text_of(one, "azure/echo", stream=stream)
    assert "he key came from the environment variable AZURE_OPENAI_AD_TOKEN" in text


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("model", "limits", "said"),
    [
        ("stall-headers", 0.2, "longer than 0.2 s (the total timeout)"),
        ("stall-headers", ferrule.Timeouts(first_byte=0.2), "no response within 0.2 s (the first-byte timeout)"),
        ("stall-mid-event", ferrule.Timeouts(idle=0.2), "nothing more of the response for 0.2 s (the idle timeout)"),
    ],
)
def test_how_long_it_took(model: str, limits: Any, said: str, stream: bool, ferrule_simulator: Simulator) -> None:
    one = client(f"{ferrule_simulator.url}/openai/v1", timeout=limits)
    assert said in text_of(one, f"mine/{model}", stream=stream)


@pytest.mark.parametrize("stream", [False, True])
def test_an_empty_response(stream: bool) -> None:
    with server(plain("200 OK")) as url:
        text = text_of(client(f"{url}/v1"), stream=stream)
        assert "the response is empty" in text
        assert "base_url" in text


def test_https_to_a_plain_server() -> None:
    with server(plain("400 Bad Request")) as url:
        text = text_of(client(url.replace("http:", "https:")))
        assert "the server answers without encryption" in text
        assert "begin it with http://" in text


@pytest.mark.parametrize(("variable", "scheme"), [("HTTP_PROXY", "http"), ("HTTPS_PROXY", "https")])
def test_a_dead_proxy(
    variable: str, scheme: str, ferrule_simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = ferrule_simulator.refused_url
    monkeypatch.setenv(variable, dead)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "")
    text = text_of(client(f"{scheme}://models.invalid/v1"))
    assert f"the proxy {dead.removeprefix('http://')} (from {variable}) does not answer" in text
    assert "refused" in text.lower()


def test_nothing_to_embed_or_to_rank(ferrule_simulator: Simulator) -> None:
    with ferrule_simulator.client() as one:
        with pytest.raises(ValueError, match="texts: expected a text or a list of texts, not an empty list"):
            one.embed("openai/text-embedding-3-small", [])
        with pytest.raises(ValueError, match="documents: expected at least one document"):
            one.rerank("cohere/rerank-v3.5", "query", [])
    assert not ferrule_simulator.requests


async def test_nothing_to_embed_asynchronously(ferrule_simulator: Simulator) -> None:
    async with ferrule_simulator.async_client() as one:
        with pytest.raises(ValueError, match="texts"):
            await one.embed("openai/text-embedding-3-small", [])
