"""Credentials of Google's that a call gives (`vertex_credentials`): tokens by google-auth, which litellm needs too."""

from __future__ import annotations

import calendar
import importlib
import importlib.util
import json
import os
import time
from typing import Any

_SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]
_VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"


class GoogleTokens:
    """A source of tokens for a credentials file's content. Two of the same content are equal.

    Args:
        text: The content, as JSON.

    Raises:
        ImportError: google-auth or requests is not installed.
        ValueError: The content is not JSON.
    """

    def __init__(self, text: str) -> None:
        for module in ("google.auth", "requests"):
            if importlib.util.find_spec(module) is None:
                raise ImportError(module)
        try:
            self._fields: Any = json.loads(text)
        except ValueError:
            raise ValueError("it is neither the path of a file nor JSON") from None
        self._text = json.dumps(self._fields, sort_keys=True)
        self._credentials: Any = None

    def __call__(self) -> tuple[str, float]:
        """A new token, and the seconds of its validity."""
        if self._credentials is None:
            auth: Any = importlib.import_module("google.auth")
            self._credentials, _ = auth.load_credentials_from_dict(self._fields, scopes=_SCOPES)
        transport: Any = importlib.import_module("google.auth.transport.requests")
        self._credentials.refresh(transport.Request())
        expiry = self._credentials.expiry  # In UTC, without a time zone.
        seconds = 3600.0 if expiry is None else calendar.timegm(expiry.timetuple()) - time.time()
        return str(self._credentials.token), seconds

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GoogleTokens) and other._text == self._text

    def __hash__(self) -> int:
        return hash((GoogleTokens, self._text))

    def __repr__(self) -> str:
        return "GoogleTokens(***)"


def source(given: Any) -> GoogleTokens | None:
    """The source of tokens for a path, JSON or a dict; `None` where it is the file that the environment names.

    Raises:
        ImportError: google-auth or requests is not installed.
        ValueError: It is none of these.
    """
    if isinstance(given, dict):
        return GoogleTokens(json.dumps(given))
    if isinstance(given, os.PathLike):
        given = os.fspath(given)
    if not isinstance(given, str):
        raise ValueError("expected the path of a file, its content as JSON, or a dict")
    if given == os.environ.get(_VARIABLE):
        return None
    if given.lstrip().startswith("{"):
        return GoogleTokens(given)
    try:
        with open(given, encoding="utf-8") as file:
            text = file.read()
    except OSError as error:
        raise ValueError(f"the file cannot be read: {error.strerror or error}") from None
    return GoogleTokens(text)
