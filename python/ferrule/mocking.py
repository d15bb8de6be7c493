"""Mock of HTTP responses for tests: `ferrule.testing.mock`, respx for the Rust core.

All requests of the Rust core are answered: those of `Client` and `AsyncClient`, of the drop-in clients and of
`ferrule.httpx`. Nothing listens anywhere, and no request leaves the process.
"""

from __future__ import annotations

import json as json_module
from collections.abc import Iterable, Mapping  # noqa: TC003 - also at run time, for typing.get_type_hints
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ferrule._native import HttpInterceptor

if TYPE_CHECKING:
    from types import TracebackType

    from ferrule.typing_compat import Self


@dataclass(frozen=True)
class MockedCall:
    """A request that was made.

    Attributes:
        method: Its method.
        url: Its URL, with the query.
        headers: Its headers by lower-case name; of several with one name the last.
        body: Its body.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, read as JSON."""
        return json_module.loads(self.body)


class Route:
    """What one kind of requests is answered with, and how often that was."""

    def __init__(self, mock: Mock, number: int, description: str) -> None:
        self._mock = mock
        self._number = number
        self._description = description

    @property
    def calls(self) -> list[MockedCall]:
        """The requests that it answered."""
        return [_call(seen) for seen in self._mock.seen() if seen["answered_by"] == self._number]

    @property
    def call_count(self) -> int:
        """How many requests it answered."""
        return len(self.calls)

    @property
    def called(self) -> bool:
        """Whether it answered any request."""
        return bool(self.calls)

    def __repr__(self) -> str:
        return f"<Route {self._description}>"


class Mock:
    """Answers to HTTP requests, in the order in which they were added: the first that matches is used.

    Made by `ferrule.testing.mock`. A context manager; between entering and leaving it, it holds for all requests of the
    process.
    """

    def __init__(self, *, passthrough: bool, assert_all_called: bool) -> None:
        self._interceptor = HttpInterceptor(passes=passthrough, records=False)
        self._assert_all_called = assert_all_called
        self._routes: list[Route] = []

    def __enter__(self) -> Self:
        self._interceptor.install()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self._interceptor.remove()
        if self._assert_all_called and exc_type is None:
            self.assert_all_called()

    def add(
        self,
        method: str | None,
        url: str | None,
        *,
        status: int = 200,
        json: Any = None,
        text: str | None = None,
        content: bytes | Iterable[bytes] | None = None,
        events: Iterable[Any] | None = None,
        headers: Mapping[str, str] | None = None,
        match_json: Any = None,
        match_content: bytes | None = None,
        times: int | None = None,
    ) -> Route:
        """Answers requests that match with a response.

        Args:
            method: The method; `None` for any.
            url: The whole URL, in which `*` stands for any text; without a query it is for any query. `None` for any.
            status: The response's status, 200 to 999.
            json: The response's body, to be written as JSON.
            text: The response's body as text.
            content: The response's body as bytes; of several each arrives as a piece of its own.
            events: A stream of server-sent events: each a text, or a value that is written as JSON, after `data: `.
            headers: Further headers of the response. `content-type` follows from the kind of body.
            match_json: The body that requests have to have, compared by its meaning.
            match_content: The body that requests have to have, byte by byte.
            times: For how many requests; without limit by default. Later answers take over then.

        Returns:
            The route, which knows its calls.

        Raises:
            ValueError: More than one kind of body, or a status that no response has.
        """
        kind, body = _body(json, text, content, events)
        given = {name.lower() for name in headers or {}}
        pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in (headers or {}).items()]
        if kind and "content-type" not in given:
            pairs.insert(0, (b"content-type", kind))
        matched = _matched(match_json, match_content)
        number = self._interceptor.answer(method, url, matched, status, None, pairs, body, times)
        return self._route(number, method, url)

    def fail(
        self,
        method: str | None,
        url: str | None,
        *,
        message: str = "mocked failure",
        match_json: Any = None,
        match_content: bytes | None = None,
        times: int | None = None,
    ) -> Route:
        """Has requests that match fail to connect, with `message`. The other arguments are those of `add`."""
        number = self._interceptor.fail(method, url, _matched(match_json, match_content), message, times)
        return self._route(number, method, url)

    def get(self, url: str, **answer: Any) -> Route:
        """`add` for GET."""
        return self.add("GET", url, **answer)

    def post(self, url: str, **answer: Any) -> Route:
        """`add` for POST."""
        return self.add("POST", url, **answer)

    def put(self, url: str, **answer: Any) -> Route:
        """`add` for PUT."""
        return self.add("PUT", url, **answer)

    def patch(self, url: str, **answer: Any) -> Route:
        """`add` for PATCH."""
        return self.add("PATCH", url, **answer)

    def delete(self, url: str, **answer: Any) -> Route:
        """`add` for DELETE."""
        return self.add("DELETE", url, **answer)

    @property
    def calls(self) -> list[MockedCall]:
        """All requests so far, also those that nothing answered."""
        return [_call(seen) for seen in self.seen()]

    def seen(self) -> list[dict[str, Any]]:
        """All requests so far, as the interceptor has them."""
        return self._interceptor.seen()

    def assert_all_called(self) -> None:
        """Fails where an answer was never used.

        Raises:
            AssertionError: It names the answers.
        """
        unused = [route for route in self._routes if not route.called]
        if unused:
            raise AssertionError(f"these were not called: {', '.join(map(repr, unused))}")

    def _route(self, number: int, method: str | None, url: str | None) -> Route:
        route = Route(self, number, f"{method or '*'} {url or '*'}")
        self._routes.append(route)
        return route


def mock(*, passthrough: bool = False, assert_all_called: bool = True) -> Mock:
    """Answers HTTP requests of the Rust core without a server.

        with ferrule.testing.mock() as http:
            route = http.post("https://api.openai.com/v1/chat/completions", json={"choices": [...]})
            ...
        assert route.calls[0].json()["model"] == "gpt-5-mini"

    Args:
        passthrough: Whether requests that nothing answers go to their servers; by default they fail to connect, with
            an error that names them.
        assert_all_called: Whether leaving it fails where an answer was never used.

    Returns:
        A context manager, to which answers are added before or after entering. As it holds for the whole process,
        tests that use it do not run concurrently in threads.
    """
    return Mock(passthrough=passthrough, assert_all_called=assert_all_called)


def _call(seen: dict[str, Any]) -> MockedCall:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in seen["headers"]}
    return MockedCall(seen["method"], seen["url"], headers, seen["body"])


def _body(
    json: Any, text: str | None, content: bytes | Iterable[bytes] | None, events: Iterable[Any] | None
) -> tuple[bytes, list[bytes]]:
    """The media type and the pieces of a body."""
    if sum(body is not None for body in (json, text, content, events)) > 1:
        raise ValueError("a response has one body: give one of json, text, content and events")
    if json is not None:
        return b"application/json", [json_module.dumps(json).encode()]
    if text is not None:
        return b"text/plain; charset=utf-8", [text.encode()]
    if events is not None:
        texts = [event if isinstance(event, str) else json_module.dumps(event) for event in events]
        return b"text/event-stream", [_event(text) for text in texts]
    if content is None:
        return b"", []
    return b"", [content] if isinstance(content, bytes) else list(content)


def _event(text: str) -> bytes:
    """An event; a text that has field names already is left as it is."""
    if text.startswith(("event:", "data:", "id:")):
        return text.rstrip("\n").encode() + b"\n\n"
    return "".join(f"data: {line}\n" for line in text.split("\n")).encode() + b"\n"


def _matched(json: Any, content: bytes | None) -> bytes | None:
    if json is not None and content is not None:
        raise ValueError("give one of match_json and match_content")
    return content if json is None else json_module.dumps(json).encode()
