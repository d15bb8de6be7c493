"""Comparison with httpx: the same requests over its transports and ours, server and program get the same."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from ferrule.httpx import AsyncFerruleTransport, FerruleTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from scripted import Received, Scripted

ANSWERS = [
    *("/plain", "/empty", "/chunked", "/trailers", "/gzip", "/bad-gzip", "/cookies", "/no-content", "/not-modified"),
    *("/interim", "/reason", "/no-reason", "/odd-status", "/error", "/until-close", "/http-1.0", "/closes", "/huge"),
    *("/many-headers", "/latin", "/redirect", "/cut-sized", "/cut-chunked", "/bad-chunk", "/cut-by-reset", "/reset"),
    *("/nothing", "/cut-head", "/not-http"),
]


def pieces() -> Iterator[bytes]:
    yield from (b"first", b"", b"second" * 50_000, b"third")


async def async_pieces() -> AsyncIterator[bytes]:
    for piece in pieces():
        yield piece


def files() -> dict[str, Any]:
    return {"file": ("a.txt", b"content" * 1000, "text/plain")}


BODIES: dict[str, Callable[[], dict[str, Any]]] = {
    "none": dict,
    "json": lambda: {"json": {"model": "gpt", "messages": [{"role": "user", "content": "é"}]}},
    "empty": lambda: {"content": b""},
    "large": lambda: {"content": b"x" * 3_000_000},
    "form": lambda: {"data": {"a": "1", "b": ["2", "3"]}},
    "multipart": lambda: {"files": files(), "headers": {"Content-Type": "multipart/form-data; boundary=b"}},
    "pieces": lambda: {"content": pieces()},
    "sized pieces": lambda: {"content": pieces(), "headers": {"Content-Length": "300010"}},
    "odd headers": lambda: {
        "headers": [
            (b"X-One", b"1"),
            (b"x-lower", b"2"),
            (b"X-UPPER", b"3"),
            (b"X-One", b"4"),
            (b"X-Name", b"caf\xe9"),
        ],
    },
    "query": lambda: {"params": {"q": "a b&c", "p": "é", "r": "~!*'();:@$,/?%#[]|^`{}\\"}},
}


def seen(response: Any) -> dict[str, Any]:
    return {
        "status": response.status_code,
        "reason": response.reason_phrase,
        "version": response.http_version,
        "headers": response.headers.raw,
        "content": response.content,
        "cookies": dict(response.cookies),
        "history": [earlier.status_code for earlier in response.history],
        "url": str(response.url),
        "elapsed": response.elapsed.total_seconds() > 0,
        "closed": response.is_closed,
    }


def outcome(client: Any, method: str, url: str, **options: Any) -> Any:
    try:
        return seen(client.request(method, url, **options))
    except Exception as error:
        return type(error)


async def async_outcome(client: Any, method: str, url: str, **options: Any) -> Any:
    try:
        return seen(await client.request(method, url, **options))
    except Exception as error:
        return type(error)


def as_sent(received: list[Received]) -> list[tuple[Any, ...]]:
    return [(each.line, grouped(each.headers), each.body) for each in received]


def grouped(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those of one name together, where the first of them is: their order among others says nothing."""
    names = list(dict.fromkeys(name.lower() for name, _ in headers))
    return sorted(headers, key=lambda header: names.index(header[0].lower()))


def both(library: Any, server: Scripted, method: str, path: str, options: Callable[[], dict[str, Any]]) -> None:
    """Asserts that a request has the same outcome over both transports."""
    outcomes, sent = [], []
    for transport in (library.HTTPTransport(), FerruleTransport()):
        server.received.clear()
        with library.Client(transport=transport, timeout=10) as client:
            outcomes.append(outcome(client, method, server.url + path, **options()))
        sent.append(as_sent(server.received))
    theirs, ours = outcomes
    assert ours == theirs
    assert sent[1] == sent[0]


async def async_both(library: Any, server: Scripted, method: str, path: str, options: Any) -> None:
    outcomes, sent = [], []
    for transport in (library.AsyncHTTPTransport(), AsyncFerruleTransport()):
        server.received.clear()
        async with library.AsyncClient(transport=transport, timeout=10) as client:
            made = options()
            if hasattr(made.get("content"), "__next__"):
                made["content"] = async_pieces()
            outcomes.append(await async_outcome(client, method, server.url + path, **made))
        sent.append(as_sent(server.received))
    theirs, ours = outcomes
    assert ours == theirs
    assert sent[1] == sent[0]


@pytest.mark.parametrize("path", ANSWERS)
def test_answers(library: Any, server: Scripted, path: str) -> None:
    both(library, server, "GET", path, dict)
    asyncio.run(async_both(library, server, "GET", path, dict))


@pytest.mark.parametrize("body", BODIES)
def test_requests(library: Any, server: Scripted, body: str) -> None:
    both(library, server, "POST", "/echo", BODIES[body])
    asyncio.run(async_both(library, server, "POST", "/echo", BODIES[body]))


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
def test_methods(library: Any, server: Scripted, method: str) -> None:
    both(library, server, method, "/head" if method == "HEAD" else "/echo", dict)


def test_redirects_and_cookies_are_the_clients(library: Any, server: Scripted) -> None:
    both(library, server, "GET", "/redirect", lambda: {"follow_redirects": True})
    both(library, server, "POST", "/redirect-post", lambda: {"follow_redirects": True, "json": {"a": 1}})
    with library.Client(transport=FerruleTransport()) as client:
        client.get(server.url + "/cookies")
        client.get(server.url + "/plain")
    assert server.received[-1].header("cookie") == "a=1; b=2"


def test_an_answer_before_the_end_of_the_body_is_read(library: Any, server: Scripted) -> None:
    for content in (b"x" * 2_000_000, pieces()):
        with library.Client(transport=FerruleTransport(), timeout=10) as client:
            response = client.post(server.url + "/early", content=content)
        assert (response.status_code, response.text) == (413, "too large")


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "127.0.0.1/x", "http:///x", "http://127.0.0.1:1/"])
def test_what_cannot_be_reached(library: Any, url: str) -> None:
    outcomes = []
    for transport in (library.HTTPTransport(), FerruleTransport()):
        with library.Client(transport=transport) as client:
            outcomes.append(outcome(client, "GET", url))
    assert outcomes[1] == outcomes[0]


@pytest.mark.parametrize("headers", [{"X-A": "a\nb"}, {"X A": "b"}, {"X-A": "a\x00b"}, {"": "b"}])
def test_headers_that_http_does_not_allow(library: Any, server: Scripted, headers: dict[str, str]) -> None:
    with library.Client(transport=FerruleTransport()) as client, pytest.raises(library.LocalProtocolError) as caught:
        client.get(server.url + "/plain", headers=headers)
    assert caught.value.request.url.path == "/plain"
    assert "a\nb" not in str(caught.value)
    assert server.received == []
