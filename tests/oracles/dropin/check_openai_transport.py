"""`ferrule.openai`'s other requests: over the Rust core's connections, with the same bytes, answers and errors."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import openai
import pytest
from scripted import Scripted, error_shape, response, shape, streamed

import ferrule.openai
from ferrule.openai.sdk import SDK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HTTPX: Any = SDK.httpx
CORE = "httpcore2" if HTTPX.__name__ == "httpx2" else "httpcore"
HELLO: Any = [{"role": "user", "content": "Hello"}]
FILES = '{"object": "list", "has_more": false, "data": [{"id": "file-1", "object": "file", "bytes": 3}]}'
FILE = '{"id": "file-1", "object": "file", "bytes": 3, "filename": "a.txt", "purpose": "batch", "status": "processed"}'
CHAT = '{"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": []}'
KINDS = {False: (openai.OpenAI, ferrule.openai.OpenAI), True: (openai.AsyncOpenAI, ferrule.openai.AsyncOpenAI)}

CALLS: dict[str, tuple[Any, Callable[[Any], Any], Callable[[Any], Any]]] = {
    "page": (response(FILES), lambda sdk: sdk.files.list(limit=2), lambda page: shape(page.data)),
    "one": (response(FILE), lambda sdk: sdk.files.retrieve("file-1"), shape),
    "deleted": (response('{"id": "file-1", "deleted": true}'), lambda sdk: sdk.files.delete("file-1"), shape),
    "batch": (
        response('{"id": "batch_1", "object": "batch", "status": "validating"}'),
        lambda sdk: sdk.batches.create(
            input_file_id="file-1", endpoint="/v1/responses", completion_window="24h", metadata={"a": "ü"}
        ),
        shape,
    ),
    "upload": (
        response(FILE),
        lambda sdk: sdk.files.create(file=("a.txt", b"abc" * 50_000), purpose="batch"),
        shape,
    ),
    "images": (
        response('{"created": 1, "data": [{"b64_json": "QUJD"}]}'),
        lambda sdk: sdk.images.generate(prompt="a cat", model="gpt-image-1"),
        shape,
    ),
    "speech": (
        response(b"\x00\x01" * 5000, content_type="audio/mpeg"),
        lambda sdk: sdk.audio.speech.create(model="tts-1", voice="alloy", input="Hi"),
        lambda came: came.content,
    ),
    "content": (
        response(b"line\n" * 1000, content_type="application/octet-stream"),
        lambda sdk: sdk.files.content("file-1"),
        lambda came: came.read(),
    ),
    "raw": (
        response(CHAT),
        lambda sdk: sdk.chat.completions.with_raw_response.create(model="m", messages=HELLO),
        lambda came: (came.status_code, sorted(came.headers.items()), shape(came.parse())),
    ),
    "missing": (response('{"error": {"message": "no"}}', 404), lambda sdk: sdk.files.retrieve("file-2"), shape),
    "text": (response("soon", content_type="text/plain"), lambda sdk: sdk.models.retrieve("m"), shape),
}


@pytest.fixture
def server() -> Iterator[Scripted]:
    server = Scripted()
    yield server
    server.close()


def pool_of(sdk: Any) -> list[Any]:
    """The connections of the SDK's own transport."""
    return list(sdk._client._transport._pool.connections)


def make(server: Scripted, kind: Any, call: Callable[[Any], Any], read: Callable[[Any], Any]) -> tuple[Any, int]:
    """What a call gives or raises, and how many connections the SDK's own transport has after it."""
    sdk = kind(api_key="k", base_url=f"{server.url}/v1", max_retries=0)

    async def later() -> Any:
        async with sdk:
            try:
                found = read(await call(sdk))
            except Exception as error:
                found = error_shape(error)
            return found, len(pool_of(sdk))

    if issubclass(kind, openai.AsyncOpenAI):
        return asyncio.run(later())
    with sdk:
        try:
            found = read(call(sdk))
        except Exception as error:
            found = error_shape(error)
        return found, len(pool_of(sdk))


def same_boundary(request: bytes) -> bytes:
    """A request with a fixed boundary in the place of a random one."""
    found = re.search(rb"boundary=([0-9a-f-]+)", request)
    return request.replace(found[1], b"boundary") if found else request


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("name", CALLS)
def test_other_requests(server: Scripted, name: str, asynchronous: bool) -> None:
    answer, call, read = CALLS[name]
    server.answers.append(answer)
    official, ours = KINDS[asynchronous]
    expected, theirs = make(server, official, call, read)
    sent = server.taken()
    assert make(server, ours, call, read) == (expected, 0)
    assert theirs == 1
    assert [same_boundary(one) for one in server.taken()] == [same_boundary(one) for one in sent]


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
def test_a_raw_stream(server: Scripted, asynchronous: bool) -> None:
    server.answers.append(streamed('data: {"id": "1", "choices": []}\n\n', "data: [DONE]\n\n"))
    for kind in KINDS[asynchronous]:
        sdk = kind(api_key="k", base_url=f"{server.url}/v1")

        def create(sdk: Any = sdk) -> Any:
            return sdk.chat.completions.with_raw_response.create(model="m", messages=HELLO, stream=True)

        async def later(sdk: Any = sdk, create: Any = create) -> Any:
            async with sdk:
                return [chunk.id async for chunk in (await create()).parse()]

        assert (asyncio.run(later()) if asynchronous else [chunk.id for chunk in create().parse()]) == ["1"]


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
def test_errors_of_the_transport(server: Scripted, asynchronous: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    server.answers.append([b""])
    for call, url in (
        (lambda sdk: sdk.files.list(), f"http://127.0.0.1:{port}/v1"),
        (lambda sdk: sdk.files.list(), server.url),
    ):
        found = []
        for kind in KINDS[asynchronous]:

            class At:
                def __init__(self, url: str) -> None:
                    self.url = url.removesuffix("/v1")

            found.append(make(At(url), kind, call, shape)[0])  # type: ignore[arg-type]
        # The text is the operating system's, or the library's.
        assert found[0] == found[1]
        assert found[0][0] is openai.APIConnectionError


def test_the_switch(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERRULE_DROPIN", "sdk")
    answer, call, read = CALLS["one"]
    server.answers.append(answer)
    assert make(server, ferrule.openai.OpenAI, call, read)[1] == 1


MOCKED = """
import sys
import ferrule.openai
import {core}

made = []

def handle_request(self, request):
    made.append(bytes(request.url.target))
    return {core}.Response(200, headers=[(b"content-type", b"application/json")], content=b'{{"id": "mocked"}}')

{core}.ConnectionPool.handle_request = handle_request
sdk = ferrule.openai.OpenAI(api_key="k", base_url="http://127.0.0.1:9/v1", max_retries=0)
assert sdk.chat.completions.create(model="m", messages=[]).id == "mocked"
assert sdk.files.retrieve("f").id == "mocked"
assert made == [b"/v1/chat/completions", b"/v1/files/f"], made
print("mocked")
"""


def test_mocks_of_what_was_imported_after_us() -> None:
    """As respx's and vcrpy's are: they replace a method of the pool."""
    done = subprocess.run([sys.executable, "-c", MOCKED.format(core=CORE)], capture_output=True, text=True, timeout=60)
    assert done.stdout == "mocked\n", done.stderr


@pytest.mark.parametrize("method", ["_send_single_request", "_send_handling_redirects", "_send_handling_auth", "send"])
def test_mocks_of_the_client(server: Scripted, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    seen = []
    original = getattr(HTTPX.Client, method)

    def replaced(self: Any, request: Any, **given: Any) -> Any:
        seen.append(request.url.path)
        return original(self, request, **given)

    monkeypatch.setattr(HTTPX.Client, method, replaced)
    server.answers.append(response(CHAT))
    with ferrule.openai.OpenAI(api_key="k", base_url=f"{server.url}/v1") as sdk:
        sdk.chat.completions.create(model="m", messages=HELLO)
    assert seen == ["/v1/chat/completions"]


MODULE = """
import sys
{imported} as openai

openai.api_key = "module key"
openai.base_url = {url!r}
openai.default_headers = {{"x-own": "1"}}
openai.max_retries = 0
made = openai.chat.completions.create(model="m", messages=[{{"role": "user", "content": "Hi"}}])
assert made.id == "c", made
assert openai.models.list().data == []
openai.api_key = "another"
openai.chat.completions.create(model="m", messages=[])
import openai as official
assert official.api_key == "another" and openai.api_key == "another"
assert official.resources is openai.resources
openai._reset_client()
openai.base_url = {url!r} + "/other"
openai.chat.completions.create(model="m", messages=[])
if openai is not official:
    assert openai.statistics()["fast"] == 3, openai.statistics()
    assert official._client is None
"""


def test_the_module_level_client(server: Scripted) -> None:
    listed = response('{"object": "list", "data": []}')
    sent = []
    for imported in ("import openai", "import ferrule.openai"):
        server.answers.extend([response(CHAT), listed, response(CHAT), response(CHAT)])
        program = MODULE.format(imported=imported, url=f"{server.url}/v1/")
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        server.answers.clear()
        sent.append(server.taken())
    assert len(sent[0]) == 4
    assert sent[0] == sent[1]


def test_the_import_is_light() -> None:
    program = """
import openai, sys
before = set(sys.modules)
import ferrule.openai
print(*sorted(name for name in set(sys.modules) - before))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    loaded = done.stdout.split()
    assert all(name.partition(".")[0] == "ferrule" for name in loaded), loaded
    # What only routed calls, or requests of other endpoints, need.
    heavy = {"ferrule.options", "ferrule.errors", "ferrule.dropin.transport", "ferrule.client", "ferrule.httpx"}
    assert heavy.isdisjoint(loaded)


def test_only_the_modules_of_the_resource_in_use_are_loaded() -> None:
    """What the first call costs is mostly what it loads."""
    program = """
import sys
{imported}
client = OpenAI(api_key="k")
client.chat.completions
print(*sorted(name for name in sys.modules if name.partition(".")[0] == "openai"))
"""
    loaded = []
    for imported in ("from openai import OpenAI", "from ferrule.openai import OpenAI"):
        command = [sys.executable, "-c", program.format(imported=imported)]
        loaded.append(subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.split())
    assert len(loaded[0]) > 10
    assert loaded[0] == loaded[1]
