"""Citations in replies and in streams, as Python sees them."""

from __future__ import annotations

import http.server
import json
import pickle
import threading
from typing import TYPE_CHECKING, Any

import pytest

import ferrule
from ferrule import CitationDelta
from ferrule.testing import reply

if TYPE_CHECKING:
    from collections.abc import Iterator

ANNOTATIONS = [
    {"type": "url_citation", "url_citation": {"start_index": 0, "end_index": 4, "title": "Sky", "url": "https://x/s"}},
    {"type": "url_citation", "url_citation": {"start_index": 5, "end_index": 8, "title": "Sea", "url": "https://x/t"}},
]
TEXT = "Blue sky."


def _chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return f"data: {json.dumps({'id': 'c', 'created': 1, 'model': 'm', 'choices': [choice], **more})}\n\n"


class _Provider(http.server.BaseHTTPRequestHandler):
    """A provider that cites: annotations of OpenAI's, and Perplexity's sources repeated on each chunk."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        sources = {"citations": ["https://x/1", "https://x/2"]} if body["model"] == "sonar" else {}
        annotations = {} if sources else {"annotations": ANNOTATIONS}
        if body.get("stream"):
            sent = _chunk({"role": "assistant", "content": "Blue "}, **sources) + _chunk({"content": "sky."}, **sources)
            sent += "".join(_chunk({"annotations": [one]}) for one in annotations.get("annotations", []))
            sent += _chunk({}, "stop", **sources) + "data: [DONE]\n\n"
            kind = "text/event-stream"
        else:
            message = {"role": "assistant", "content": TEXT, **annotations}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            sent = json.dumps({"id": "c", "created": 1, "model": "m", "choices": [choice], **sources})
            kind = "application/json"
        data = sent.encode()
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
        pass


@pytest.fixture(scope="module")
def client() -> Iterator[ferrule.Client]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Provider)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    mine = {"base_url": f"http://127.0.0.1:{server.server_port}/v1"}
    with ferrule.Client(config=False, providers={"mine": mine}) as made:  # type: ignore[dict-item]
        yield made
    server.shutdown()
    server.server_close()


def test_a_reply_has_its_sources(client: ferrule.Client) -> None:
    given = client.complete("mine/m", "Hi.")
    first, second = given.citations
    assert (first.kind, first.title, first.url, first.text) == ("web", "Sky", "https://x/s", "Blue")
    assert first.start is not None
    assert given.text[first.start : first.end] == "Blue"
    assert (second.text, second.cited_text, second.source_id) == ("sky", None, None)
    assert second.raw == ANNOTATIONS[1]
    assert pickle.loads(pickle.dumps(first)) == first != second
    assert dict(first) == first.to_dict() == json.loads(json.dumps(first.to_dict()))
    assert repr(first) == "Citation(kind='web', title='Sky', url='https://x/s', start=0, end=4)"
    # They are in what is saved.
    assert ferrule.Reply.from_json(given.to_json()).citations == given.citations


def test_a_stream_has_them_as_they_come(client: ferrule.Client) -> None:
    with client.stream("mine/m", "Hi.") as stream:
        events = list(stream)
    deltas = [event for event in events if isinstance(event, CitationDelta)]
    assert [(delta.citation.url, delta.index, delta.choice) for delta in deltas] == [
        ("https://x/s", None, 0),
        ("https://x/t", None, 0),
    ]
    match deltas[0]:
        case CitationDelta(citation):
            assert citation.title == "Sky"
    assert stream.reply().citations == client.complete("mine/m", "Hi.").citations


def test_a_source_that_is_repeated_comes_once(client: ferrule.Client) -> None:
    with client.stream("mine/sonar", "Hi.") as stream:
        urls = [event.citation.url for event in stream if isinstance(event, CitationDelta)]
    assert urls == ["https://x/1", "https://x/2"]
    assert [one.url for one in stream.reply().citations] == urls
    assert [one.url for one in client.complete("mine/sonar", "Hi.").citations] == urls


async def test_asynchronously(client: ferrule.Client) -> None:
    mine = {"base_url": client.registry.providers.get("mine")["base_url"]}
    async with (
        ferrule.AsyncClient(config=False, providers={"mine": mine}) as other,  # type: ignore[dict-item]
        other.stream("mine/m", "Hi.") as stream,
    ):
        assert [event.citation.title async for event in stream if isinstance(event, CitationDelta)] == ["Sky", "Sea"]
    assert reply("x").citations == []
