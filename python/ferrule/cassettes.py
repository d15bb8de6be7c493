"""Cassettes of HTTP: what servers answered, in files, to be answered the same without them.

`ferrule.testing.record` is this. The files are vcrpy's, in YAML. All requests of the Rust core are recorded and
replayed: those of `Client` and `AsyncClient`, of the drop-in clients and of `ferrule.httpx`.
"""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Callable, Iterable  # noqa: TC003 - also at run time, for typing.get_type_hints
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl, quote, urlsplit

from ferrule._native import HttpInterceptor, is_secret_name

if TYPE_CHECKING:
    from types import TracebackType

    from ferrule.typing_compat import Self

Mode = Literal["once", "new_episodes", "none", "all"]
"""What is recorded: everything where there is no file yet, else nothing (`once`); what is not in the file
(`new_episodes`); nothing (`none`); everything, anew (`all`).
"""

Interaction = dict[str, Any]
"""A request and its response, as vcrpy writes them."""

_MASK = "MASKED"
_SECRET_FIELDS = frozenset(
    ("access_token", "refresh_token", "id_token", "client_secret", "api_key", "apikey", "assertion", "password")
)
"""Fields of bodies whose values are masked. (Names such as `token` do not hold secrets there.)"""
_MATCHED = frozenset(("method", "url", "body"))


class Cassette:
    """A file of requests and their responses, and what is recorded into it and answered from it.

    Made by `ferrule.testing.record`. A context manager; between entering and leaving it, it holds for all requests of
    the process.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        mode: Mode,
        match_on: Iterable[str],
        repeats: bool,
        mask: Iterable[str],
        before_record: Callable[[Interaction], Interaction | None] | None,
    ) -> None:
        if mode not in ("once", "new_episodes", "none", "all"):
            raise ValueError(f"mode has to be 'once', 'new_episodes', 'none' or 'all', not {mode!r}")
        self._match_on = frozenset(match_on)
        if unknown := self._match_on - _MATCHED:
            raise ValueError(f"match_on: {sorted(unknown)[0]!r} is not one of 'method', 'url' and 'body'")
        self.path = Path(path)
        """The file."""
        self._mode = mode
        self._repeats = repeats
        self._mask = frozenset(name.lower() for name in mask)
        self._before_record = before_record
        self._interceptor: HttpInterceptor | None = None
        self._played: list[Interaction] = []

    def __enter__(self) -> Self:
        if self._interceptor is not None:
            raise RuntimeError("this cassette is in use already")
        exists = self.path.exists()
        if self._mode == "none" and not exists:
            raise FileNotFoundError(f"there is no cassette at {self.path}, and mode 'none' records none")
        records = self._mode in ("new_episodes", "all") or (self._mode == "once" and not exists)
        self._played = _read(self.path) if exists and self._mode != "all" else []
        interceptor = HttpInterceptor(passes=records, records=records)
        for interaction in self._played:
            self._add(interceptor, interaction)
        interceptor.install()
        self._interceptor = interceptor
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        interceptor, self._interceptor = self._interceptor, None
        if interceptor is None:
            return
        interceptor.remove()
        recorded = [
            interaction
            for seen in interceptor.seen()
            if seen["response"] is not None and (interaction := self._recorded(seen)) is not None
        ]
        if recorded:
            _write(self.path, [*self._played, *recorded])
            self._played = [*self._played, *recorded]

    @property
    def interactions(self) -> list[Interaction]:
        """What is in the file: as read, and after leaving with what was recorded."""
        return list(self._played)

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The requests since it was entered; each a dict of `method`, `url`, `headers`, `body` and `answered_by`."""
        return [] if self._interceptor is None else self._interceptor.seen()

    @property
    def all_played(self) -> bool:
        """Whether each recorded response was used."""
        interceptor = self._interceptor
        return interceptor is None or all(interceptor.left(number) == 0 for number in range(len(self._played)))

    def _add(self, interceptor: HttpInterceptor, interaction: Interaction) -> None:
        request, response = interaction["request"], interaction["response"]
        body = _bytes_of(request.get("body"))
        # What was masked is not what is sent.
        matches_body = "body" in self._match_on and _MASK.encode() not in body
        status = response.get("status") or {}
        if not isinstance(status, dict):
            status = {"code": status}
        headers = _pairs(response.get("headers") or {})
        content = _bytes_of(response.get("body", response.get("content")))
        message = status.get("message")
        interceptor.answer(
            request["method"] if "method" in self._match_on else None,
            request["uri"] if "url" in self._match_on else None,
            body if matches_body else None,
            int(status.get("code") or response["status_code"]),
            message.encode("latin-1", "replace") if message else None,
            headers,
            _pieces(content, headers),
            None if self._repeats else 1,
        )

    def _recorded(self, seen: dict[str, Any]) -> Interaction | None:
        response = seen["response"]
        secrets = self._secrets(seen)
        interaction: Interaction = {
            "request": {
                "method": seen["method"],
                "uri": _masked_url(seen["url"]),
                "headers": self._headers(seen["headers"]),
                "body": _text(_masked_body(seen["body"], secrets)),
            },
            "response": {
                "status": {"code": response["status"], "message": _reason(response)},
                "headers": self._headers(response["headers"]),
                "body": {"string": _text(_masked_body(response["body"], secrets))},
            },
        }
        return interaction if self._before_record is None else self._before_record(interaction)

    def _is_secret(self, name: str) -> bool:
        return name.lower() in self._mask or is_secret_name(name)

    def _secrets(self, seen: dict[str, Any]) -> list[str]:
        """What is secret in a request's headers and query, to be masked where it is repeated."""
        found = [value.decode("latin-1") for name, value in seen["headers"] if self._is_secret(name.decode())]
        found += [value for name, value in parse_qsl(urlsplit(seen["url"]).query) if is_secret_name(name)]
        parts = {part for value in found for part in (value, value.rpartition(" ")[2]) if len(part) >= 8}
        return sorted(parts, key=len, reverse=True)

    def _headers(self, pairs: list[tuple[bytes, bytes]]) -> dict[str, list[str]]:
        headers: dict[str, list[str]] = {}
        for name, value in pairs:
            text = name.decode("latin-1")
            shown = _MASK if self._is_secret(text) else value.decode("latin-1")
            headers.setdefault(text, []).append(shown)
        return headers


def record(
    path: str | os.PathLike[str],
    *,
    mode: Mode = "once",
    match_on: Iterable[str] = ("method", "url", "body"),
    repeats: bool = False,
    mask: Iterable[str] = (),
    before_record: Callable[[Interaction], Interaction | None] | None = None,
) -> Cassette:
    """Records what servers answer into a file, and answers from it when the file is there: vcrpy for the Rust core.

        with ferrule.testing.record("cassettes/greeting.yaml"):
            client.complete("openai/gpt-5-mini", "Hello")

    Args:
        path: The file, which is made with its directories. vcrpy's files are read as well.
        mode: `once` records where there is no file and else only replays; `new_episodes` also records what is not in
            it; `none` never records; `all` records everything anew. What is neither recorded nor allowed through
            fails to connect, with an error that names it.
        match_on: What has to be the same for a recorded response to be used: any of `method`, `url` (with its query,
            in any order) and `body` (JSON by its meaning).
        repeats: Whether a recorded response may be used more than once. By default each is used once, in their order.
        mask: Names of further headers to be masked. Headers and parameters whose names say that they are secret, and
            tokens in bodies, always are; a response that repeats the key is masked, too.
        before_record: Called with each interaction (vcrpy's dict of `request` and `response`) before it is written;
            returns what is written, or `None` for nothing.

    Returns:
        A context manager. As it holds for the whole process, tests that use it do not run concurrently in threads.

    Raises:
        ImportError: PyYAML is missing (`pip install 'ferrule[testing]'`).
        FileNotFoundError: On entering: mode `none`, and no file.
        ValueError: An argument cannot be used; on entering, the file is not a cassette.
    """
    _yaml()
    return Cassette(path, mode=mode, match_on=match_on, repeats=repeats, mask=mask, before_record=before_record)


def _yaml() -> Any:
    try:
        return importlib.import_module("yaml")
    except ImportError as error:
        raise ImportError("cassettes need PyYAML: pip install 'ferrule[testing]'") from error


def _read(path: Path) -> list[Interaction]:
    yaml = _yaml()
    try:
        content = yaml.load(path.read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        interactions: list[Interaction] = content["interactions"]
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not a cassette: a mapping with `interactions` is expected") from error
    return list(interactions)


def _write(path: Path, interactions: list[Interaction]) -> None:
    yaml = _yaml()

    def no_aliases(*_: object) -> bool:
        return True

    dumper_class: Any = type("Dumper", (yaml.SafeDumper,), {"ignore_aliases": no_aliases})

    def represent(dumper: Any, text: str) -> Any:
        # Streams are read as lines.
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)

    dumper_class.add_representer(str, represent)
    content = {"interactions": interactions, "version": 1}
    text = yaml.dump(content, Dumper=dumper_class, allow_unicode=True, width=2**20)
    path.parent.mkdir(parents=True, exist_ok=True)
    # A test that is stopped in the middle leaves the old file.
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    temporary.write_text(text, "utf-8")
    temporary.replace(path)


def _bytes_of(body: Any) -> bytes:
    """A body as vcrpy has it: text, bytes, nothing, or either below `string`."""
    if isinstance(body, dict):
        body = body.get("string", body.get("base64_string"))
    if body is None:
        return b""
    return body.encode() if isinstance(body, str) else bytes(body)


def _text(body: bytes) -> str | bytes:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body


def _pairs(headers: dict[str, Any]) -> list[tuple[bytes, bytes]]:
    return [
        (name.encode("latin-1"), str(value).encode("latin-1", "replace"))
        for name, values in headers.items()
        for value in (values if isinstance(values, list) else [values])
    ]


def _pieces(content: bytes, headers: list[tuple[bytes, bytes]]) -> list[bytes]:
    """A body in the pieces in which it arrives: a stream of events event by event."""
    kind = next((value for name, value in headers if name.lower() == b"content-type"), b"")
    if not kind.startswith(b"text/event-stream"):
        return [content]
    *events, last = content.split(b"\n\n")
    return [event + b"\n\n" for event in events] + ([last] if last else [])


def _reason(response: dict[str, Any]) -> str:
    if response["reason"] is not None:
        return str(response["reason"].decode("latin-1"))
    phrases = importlib.import_module("http.client").responses
    return str(phrases.get(response["status"], ""))


def _masked_url(url: str) -> str:
    before, mark, query = url.partition("?")
    pairs = [pair.partition("=") for pair in query.split("&")]
    shown = [name + equals + (_MASK if is_secret_name(name) and equals else value) for name, equals, value in pairs]
    return before + mark + "&".join(shown)


def _masked_body(body: bytes, secrets: list[str]) -> bytes:
    for secret in secrets:
        body = body.replace(secret.encode(), _MASK.encode()).replace(quote(secret).encode(), _MASK.encode())
    if not any(f"{field}".encode() in body for field in _SECRET_FIELDS):
        return body
    try:
        value = json.loads(body)
    except ValueError:
        return _masked_form(body)
    masked = _masked_value(value)
    return body if masked == value else json.dumps(masked, ensure_ascii=False).encode()


def _masked_value(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _MASK if name.lower() in _SECRET_FIELDS and isinstance(inner, str) else _masked_value(inner)
            for name, inner in value.items()
        }
    return [_masked_value(inner) for inner in value] if isinstance(value, list) else value


def _masked_form(body: bytes) -> bytes:
    """The fields of a form."""
    pairs = [pair.partition(b"=") for pair in body.split(b"&")]
    return b"&".join(
        name + equals + (_MASK.encode() if equals and name.decode("latin-1").lower() in _SECRET_FIELDS else value)
        for name, equals, value in pairs
    )
