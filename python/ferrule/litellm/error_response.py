"""Responses of errors: httpx's `Response` where httpx is installed, else an object with the attributes people read."""

from __future__ import annotations

from typing import Any


class ErrorRequest:
    """The request that an error answers.

    Attributes:
        method: `POST`.
        url: Where it went.
    """

    def __init__(self, url: str) -> None:
        self.method = "POST"
        self.url = url


class ErrorResponse:
    """A response without httpx.

    Attributes:
        status_code: The HTTP status.
        headers: The headers, with names in lower case.
        text: The beginning of the body.
        request: The request.
    """

    def __init__(self, status_code: int, headers: dict[str, str], text: str, url: str) -> None:
        self.status_code = status_code
        self.headers = headers
        self.text = text
        self.request = ErrorRequest(url)

    @property
    def content(self) -> bytes:
        """The beginning of the body."""
        return self.text.encode()

    def json(self) -> Any:
        """The body as a JSON value."""
        import json

        return json.loads(self.text)


def response_of(status_code: int, headers: dict[str, str], text: str, url: str) -> Any:
    """The response of an error."""
    try:
        import httpx
    except ImportError:
        return ErrorResponse(status_code, headers, text, url)
    # The body is here unpacked, so what says otherwise is left out.
    kept = {name: value for name, value in headers.items() if name not in ("content-encoding", "content-length")}
    return httpx.Response(status_code, headers=kept, text=text, request=httpx.Request("POST", url))
