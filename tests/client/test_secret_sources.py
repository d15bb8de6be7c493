"""Secret sources, each against every place where text leaves: whoever repeats it, and however it is escaped.

The server here repeats all that it is sent, as providers and proxies do when they refuse a request.
"""

from __future__ import annotations

import html
import http.server
import json
import logging
import pickle
import re
import sys
import threading
import traceback
import urllib.parse
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

import ferrule
from ferrule.cli.app import app

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Iterator
    from pathlib import Path

SECRET = 'Canary/4f9a "8b7c" & 1%d'
"""It has characters that URLs, JSON and HTML escape."""
KEY = "canary/4f9a+8b7c&1%d"
"""A key has no spaces and quotes."""


def _escaped(text: str) -> Iterator[str]:
    yield text
    yield urllib.parse.quote(text, safe="")
    yield re.sub(r"%..", lambda found: found[0].lower(), urllib.parse.quote(text, safe=""))
    yield urllib.parse.quote_plus(text)
    yield urllib.parse.quote(urllib.parse.quote(text, safe=""))
    yield json.dumps(text)[1:-1]
    yield json.dumps(text)[1:-1].replace("/", "\\/")
    yield json.dumps(json.dumps(text))[3:-3]
    yield "".join(f"\\u{ord(char):04x}" for char in text)
    yield html.escape(text)


class Echo(http.server.BaseHTTPRequestHandler):
    """Refuses every request, and says what was in it."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers["content-length"] or 0))
        values = [urllib.parse.unquote(self.path.partition("?")[0])]
        values += [value for _, value in urllib.parse.parse_qsl(self.path.partition("?")[2])]
        values += [value.removeprefix("Bearer ") for value in self.headers.values()]
        secret = [value for value in values if "anary" in value]
        sent = [*(form for value in secret for form in _escaped(value)), *" ".join(secret).split()]
        others = [value for value in values if "of-mine" in value]
        message = f"you sent {', '.join([*others, *sent])}, {self.path}\n2026-01-01 CRITICAL forged line"
        body = json.dumps({"error": {"message": message, "code": message, "param": message}}).encode()
        self.send_response(400)
        self.send_header("content-type", "application/json")
        self.send_header("x-request-id", KEY)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *arguments: Any) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def _printing(text: str) -> list[str]:
    return [sys.executable, "-c", f"print({text!r})"]


REFERENCES: dict[str, Callable[[Path, str], Any]] = {
    "variable": lambda _, name: "${" + name + "}",
    "within": lambda _, name: "before ${" + name + "} after" if name == "SECRET" else "${" + name + "}",
    "env": lambda _, name: {"env": name},
    "file": lambda folder, name: {"file": str(folder / name)},
    "command": lambda _, name: {"command": _printing(SECRET if name == "SECRET" else KEY)},
}
"""The ways to refer to a secret, `SECRET` or `KEY`."""

PLACES: dict[str, Callable[[str, Any, Any], dict[str, Any]]] = {
    "api_key": lambda address, _, key: {"base_url": address, "api_key": key},
    "header": lambda address, secret, _: {"base_url": address, "headers": {"x-plain": secret}},
    "query": lambda address, secret, _: {"base_url": address, "query": {"plain": secret}},
}
"""Where it is put: fields of a provider."""


@pytest.fixture
def referenced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in (("SECRET", SECRET), ("KEY", KEY)):
        monkeypatch.setenv(name, value)
        (tmp_path / name).write_text(value)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def assert_hidden(*texts: object) -> None:
    for secret in (SECRET, KEY):
        for form in _escaped(secret):
            for text in texts:
                assert form not in str(text), form


def _shown(error: BaseException) -> list[object]:
    fields = {name: str(value) for name, value in vars(error).items()}
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    attempts = getattr(error, "attempts", ())
    return [repr(error), str(error), fields, trace, repr(attempts), pickle.dumps(error).decode("latin-1")]


def _call_everything(client: ferrule.Client, provider: str = "mine", **options: Any) -> list[ferrule.FerruleError]:
    """The errors of all kinds of calls."""
    raised: list[ferrule.FerruleError] = []
    model = f"{provider}/model"
    calls: list[Callable[[], Any]] = [
        lambda: client.complete(model, "hi", **options),
        lambda: list(client.stream(model, "hi", **options)),
        lambda: client.embed(model, ["hi"], **options),
        lambda: client.models(provider),
    ]
    for call in calls:
        with pytest.raises(ferrule.FerruleError) as caught:
            call()
        raised.append(caught.value)
    return raised


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("reference", REFERENCES)
def test_a_declared_secret_is_hidden(
    referenced: Path, address: str, log: io.StringIO, place: str, reference: str
) -> None:
    refer = REFERENCES[reference]
    fields = PLACES[place](address, refer(referenced, "SECRET"), refer(referenced, "KEY"))
    if place != "api_key":
        fields["api_key"] = {"env": "KEY"}
    with ferrule.Client(providers={"mine": fields}, max_retries=1) as client:
        for error in _call_everything(client):
            assert "you sent" in str(error), "or this tries nothing"
            assert_hidden(*_shown(error))
        assert_hidden(repr(client), repr(client.registry), client.registry.providers.get("mine"))
        assert_hidden(*map(repr, client.health(["mine"])), *(one.problem for one in client.health(["mine"])))
        usage = client.usage()
        assert_hidden(usage.total(), repr(usage), usage.by_model(), usage.by_provider())
    assert "attempt" in log.getvalue()
    assert_hidden(log.getvalue())
    assert not any(line.startswith("2026") for line in log.getvalue().splitlines()), "a server begins no line"


CALLS: dict[str, dict[str, Any]] = {
    "a secret header": {"extra_headers": {"x-api-key": SECRET.replace('"', "'")}},
    "a bearer": {"extra_headers": {"authorization": f"Bearer {KEY}"}},
    "a second word": {"extra_headers": {"x-auth": f"one-word {KEY}"}},
    "a cookie": {"extra_headers": {"cookie": f"a=b; session={KEY}"}},
    "a query": {"extra_query": {"plain": SECRET}},
}


@pytest.mark.parametrize("name", CALLS)
def test_a_secret_of_one_call_is_hidden(address: str, log: io.StringIO, name: str) -> None:
    options = CALLS[name]
    value = next(iter(next(iter(options.values())).values()))
    sent = KEY if KEY in value else value
    with ferrule.Client(providers={"mine": {"base_url": address}}, max_retries=0) as client:
        with pytest.raises(ferrule.FerruleError) as caught:
            client.complete("mine/model", "hi", **options)
        for text in (*_shown(caught.value), log.getvalue()):
            assert all(form not in str(text) for form in _escaped(sent))


@pytest.mark.parametrize("url", ["{address}/v1?sig={key}", "{address}/${{KEY_PART}}/v1"])
def test_a_secret_in_an_address_is_hidden(
    address: str, monkeypatch: pytest.MonkeyPatch, log: io.StringIO, url: str
) -> None:
    part = "Canary-part-4f9a"
    monkeypatch.setenv("KEY_PART", part)
    given = url.format(address=address, key=part)
    with ferrule.Client(providers={"mine": {"base_url": given}}, max_retries=0) as client:
        for error in _call_everything(client):
            assert all(part not in str(text) for text in _shown(error))
        assert part not in str(client.registry.providers.get("mine"))
    assert part not in log.getvalue()


def test_a_token_is_hidden(address: str, log: io.StringIO) -> None:
    with ferrule.Client(providers={"mine": {"base_url": address, "api_key": "unused-key"}}) as client:
        client.token_provider("mine")(lambda: KEY)
        for error in _call_everything(client):
            assert all(form not in str(text) for text in _shown(error) for form in _escaped(KEY))
    assert all(form not in log.getvalue() for form in _escaped(KEY))


def test_a_token_is_cleaned_as_a_key_is(simulator: Any) -> None:
    providers = {"openai": {"base_url": simulator.openai_base_url}}
    with ferrule.Client(providers=providers, max_retries=0) as client:
        for token in ("\ufeffclean-token\n", " clean-token\u200b"):
            client.token_provider("openai")(lambda token=token: token)
            client.complete("openai/gpt", "hi")
            assert simulator.requests[-1].headers["authorization"] == "Bearer clean-token"
        client.token_provider("openai")(lambda: "canary\u2019token")
        with pytest.raises(ferrule.FerruleError, match=r"its character 7 is U\+2019") as caught:
            client.complete("openai/gpt", "hi")
        assert "canary" not in str(caught.value)


def test_headers_of_one_call_are_cleaned_as_those_of_settings_are(simulator: Any) -> None:
    with simulator.client() as client:
        client.complete("openai/gpt", "hi", extra_headers={"x-one": "\ufeffvalue\u200b "})
        assert simulator.requests[-1].headers["x-one"] == "value"
        for value in ("a\nb", "canary\u200bvalue", "a\x7f"):
            with pytest.raises(ferrule.ConfigError, match=r"header x-one: its character \d is U\+") as caught:
                client.complete("openai/gpt", "hi", extra_headers={"x-one": value})
            assert "canary" not in str(caught.value)


WRONG: list[Any] = [
    {"authorization": SECRET.encode()},
    {"authorization": [SECRET]},
    {"authorization": {"value": SECRET}},
    {SECRET: 5},
    {SECRET: "authorization"},
    {SECRET.encode(): "x"},
    [("authorization", SECRET)],
    SECRET,
]


@pytest.mark.parametrize("option", ["extra_headers", "extra_query"])
@pytest.mark.parametrize("value", WRONG, ids=range(len(WRONG)))
def test_an_error_about_a_header_never_shows_its_value(simulator: Any, option: str, value: Any) -> None:
    with simulator.client() as client:
        for call in (client.complete, client.embed):
            trace = _raised(lambda call=call: call("openai/gpt", "hi", **{option: value}))
            assert trace or option == "extra_query", "a name that no header has"
            assert_hidden(trace)
            assert "4f9a" not in trace


def _raised(call: Callable[[], Any]) -> str:
    try:
        call()
    except Exception as error:
        return "".join(traceback.format_exception_only(type(error), error))
    return ""


def test_header_values_are_not_hidden_for_a_part_of_a_word(address: str) -> None:
    headers = {"x-portkey-provider": "provider-of-mine", "x-author": "author-of-mine"}
    with ferrule.Client(providers={"mine": {"base_url": address}}, max_retries=0) as client:
        with pytest.raises(ferrule.FerruleError, match="provider-of-mine") as caught:
            client.complete("mine/model", "hi", extra_headers=headers)
        assert "author-of-mine" in str(caught.value)


@pytest.mark.parametrize(
    "arguments", [["config", "show"], ["config", "show", "--json"], ["doctor", "--json"], ["providers"]]
)
def test_the_command_line_shows_none(
    referenced: Path, address: str, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    file = referenced / "config.toml"
    part = "Canary-part-4f9a"
    command = json.dumps(["sh", "-c", f"echo {KEY}", "--token", part])
    file.write_text(
        f"""
[providers.mine]
base_url = "{address}/${{KEY_PART}}/v1?sig={part}"
api_key = {{ command = {json.dumps(_printing(KEY))} }}
headers = {{ x-plain = "before ${{SECRET}}", x-literal = "{part}" }}
query = {{ plain = "${{SECRET}}" }}
command = {command}
[providers.other]
base_url = "{address}"
api_key = "{KEY}"
"""
    )
    monkeypatch.setenv("KEY_PART", part)
    monkeypatch.setenv("FERRULE_CONFIG", str(file))
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{part}@127.0.0.1:9/?token={part}")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{address}/v1?key={part}")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", f"{address}/v1?key={part}")
    done = CliRunner().invoke(app, arguments)
    assert "mine" in done.output, done.output
    assert_hidden(done.output)
    assert part not in done.output


def test_any_level_of_a_logger_will_do(simulator: Any) -> None:
    logger = logging.getLogger("ferrule")
    try:
        for level in (256, 1000, 10**30, 5, 1):
            logger.setLevel(level)
            with simulator.client() as client:
                client.complete("openai/gpt", "hi")
    finally:
        logger.setLevel(logging.NOTSET)
        with simulator.client() as client:
            client.complete("openai/gpt", "hi")
