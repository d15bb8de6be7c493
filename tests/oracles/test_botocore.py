"""`botocore` takes the simulator for Amazon Bedrock, and signs as we do.

`clients/botocore_client.py` is what runs; each test says what must come of the case of the same name. Every answer is
also held against botocore's description of the service.
"""

from __future__ import annotations

import base64
import http.server
import json
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import environment
import pytest

import ferrule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Run

# The first test may have to wait for an installation.
pytestmark = pytest.mark.timeout(600)

THOUGHT = 'The question is "Why?". Let me think about it.'
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
PROFILE = "arn:aws:bedrock:us-west-2:123456789012:application-inference-profile/abc123"


def test_plain(botocore_sdk: Run) -> None:
    outcome = botocore_sdk["plain"]
    assert outcome.result.pop("request_id")
    assert outcome.result == {
        "message": {"role": "assistant", "content": [{"text": "Hello, world!"}]},
        "stop_reason": "end_turn",
        "usage": [4, 2, 6],
        "is_measured": True,
    }
    (request,) = outcome.requests
    assert (request.path, request.dialect, request.stream) == ("/bedrock/model/echo/converse", "bedrock", False)


def test_addressed(botocore_sdk: Run) -> None:
    outcome = botocore_sdk["addressed"]
    assert [request.model for request in outcome.requests] == [CLAUDE, PROFILE]
    assert [answer.rpartition(" of ")[2] for answer in outcome.result] == [f"{CLAUDE}.", f"{PROFILE}."]


def test_streamed(botocore_sdk: Run) -> None:
    outcome = botocore_sdk["streamed"]
    assert outcome.result == {
        "kinds": ["messageStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"],
        "text": "one two three",
        "thinking": "",
        "has_signature": False,
        "calls": [],
        "stop_reason": "end_turn",
        "total_tokens": 6,
    }
    assert outcome.requests[0].stream


def test_tools(botocore_sdk: Run) -> None:
    assert botocore_sdk["tools"].result == {
        "calls": [["get_weather", {"city": "city"}], ["get_time", {"zone": "utc"}]],
        "different_ids": 2,
        "stop_reasons": ["tool_use", "end_turn"],
        "answer": "The tool says: result of get_weather\nresult of get_time",
    }


def test_tools_streamed(botocore_sdk: Run) -> None:
    result = botocore_sdk["tools_streamed"].result
    assert (result["calls"], result["stop_reason"]) == ([["get_weather", {"city": "city"}]], "tool_use")


def test_thinking(botocore_sdk: Run) -> None:
    result = botocore_sdk["thinking"].result
    assert (result["thinking"], result["has_signature"]) == (THOUGHT, True)
    assert (result["streamed"]["thinking"], result["streamed"]["has_signature"]) == (THOUGHT, True)
    assert result["streamed"]["text"].startswith('You said "Why?".')
    assert result["answer"].startswith('You said "And then?".')


def test_cut_short(botocore_sdk: Run) -> None:
    assert botocore_sdk["cut_short"].result == ["max_tokens", 5]


def test_embeddings(botocore_sdk: Run) -> None:
    assert botocore_sdk["embeddings"].result == {"titan": [256], "tokens": 2, "cohere": [8, 8]}


def test_count_tokens(botocore_sdk: Run) -> None:
    assert botocore_sdk["count_tokens"].result == 2


def test_models(botocore_sdk: Run) -> None:
    assert "echo" in botocore_sdk["models"].result


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("status-400", "ValidationException"),
        ("status-403", "AccessDeniedException"),
        ("status-404", "ResourceNotFoundException"),
        ("status-408", "ModelTimeoutException"),
        ("status-429", "ThrottlingException"),
        ("status-500", "InternalServerException"),
        ("status-503", "ServiceUnavailableException"),
        ("streamed", "ThrottlingException"),
    ],
)
def test_failures(botocore_sdk: Run, model: str, kind: str) -> None:
    status = 429 if model == "streamed" else int(model.partition("-")[2])
    assert botocore_sdk["failures"].result[model] == {
        "class": kind,
        "status": status,
        "code": kind,
        "message": f"The simulated provider answers with status {status}.",
    }


def test_a_reset(botocore_sdk: Run) -> None:
    assert botocore_sdk["failures"].result["reset"] == {"class": "ConnectionClosedError"}


def test_error_mid_stream(botocore_sdk: Run) -> None:
    result = botocore_sdk["error_mid_stream"].result
    assert (result["text"], result["code"]) == ("You said", "serviceUnavailableException")
    assert "The simulated provider failed in the middle." in result["message"]


def test_retried(botocore_sdk: Run) -> None:
    outcome = botocore_sdk["retried"]
    assert outcome.result[0].startswith('You said "Hello.".')
    assert outcome.result[1] == 1
    assert [request.status for request in outcome.requests] == [429, 200]


def test_frames(botocore_sdk: Run) -> None:
    """botocore checks both checksums of each."""
    outcome = botocore_sdk["frames"]
    assert outcome.result == {
        "media_type": "application/vnd.amazon.eventstream",
        "messages": ["event"],
        "contents": ["application/json"],
        "events": [
            "contentBlockDelta",
            "contentBlockStart",
            "contentBlockStop",
            "messageStart",
            "messageStop",
            "metadata",
        ],
        "left": 0,
    }
    # Bedrock pads what it sends, which it does not tell.
    assert {name.rpartition(".")[2] for name in outcome.unknown_fields} == {"p"}
    assert outcome.missing_fields == []


def test_the_answers_are_what_botocore_declares(botocore_sdk: Run) -> None:
    cases = ("plain", "addressed", "tools", "thinking", "cut_short", "count_tokens", "models")
    assert botocore_sdk.unlike(*cases) == {}


class Recorder(http.server.ThreadingHTTPServer):
    """A Bedrock that says the same to everybody, and keeps each request byte for byte."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Recorder

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        entry = {"method": self.command, "url": f"{self.server.url}{self.path}", "headers": headers}
        self.server.requests.append(entry | {"body": base64.b64encode(body).decode()})
        message = {"role": "assistant", "content": [{"text": "Yes."}]}
        answer = {"output": {"message": message}, "stopReason": "end_turn"}
        if self.path.endswith("/invoke"):
            answer = {"embedding": [0.5, 0.5], "inputTextTokenCount": 1}
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with Recorder() as recorder:
        thread = threading.Thread(target=recorder.serve_forever, args=(0.01,))
        thread.start()
        yield recorder
        recorder.shutdown()
        thread.join()


def signed_by_botocore(requests: list[dict[str, Any]]) -> list[str]:
    program = Path(__file__).parent / "clients" / "botocore_signer.py"
    command = [environment.programs_of("botocore-1") / "python", program]
    done = subprocess.run(command, input=json.dumps(requests), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("token", [None, "FwoGZXIvYXdzEXAMPLE//token+=="])
async def test_signatures(recorder: Recorder, monkeypatch: pytest.MonkeyPatch, token: str | None) -> None:
    """botocore, with the same key, signs each of our requests as we did: names with colons, ARNs, any text."""
    access_key, secret_key = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret_key)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    for absent in ("AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK", "AWS_PROFILE"):
        monkeypatch.delenv(absent, raising=False)
    if token:
        monkeypatch.setenv("AWS_SESSION_TOKEN", token)
    models = ["amazon.nova-micro-v1:0", CLAUDE, PROFILE, "meta.llama3-8b-instruct-v1:0"]
    providers = {"bedrock": {"base_url": recorder.url}}
    text = 'Grüße, 世界! \\ "quoted"\n'
    with ferrule.Client(providers=providers, timeout=10) as client:
        for model in models:
            assert client.complete(f"bedrock/{model}", text, extra_headers={"x-note": "a  b"}).text == "Yes."
        assert len(client.embed("bedrock/amazon.titan-embed-text-v2:0", text).vectors) == 1
    async with ferrule.AsyncClient(providers=providers, timeout=10) as client:
        for model in models:
            assert (await client.complete(f"bedrock/{model}", text)).text == "Yes."
    used = {"access_key": access_key, "secret_key": secret_key, "token": token}
    requests = [entry | used | {"region": "eu-central-1", "service": "bedrock"} for entry in recorder.requests]
    assert len(requests) == 2 * len(models) + 1
    assert [entry["headers"].get("x-amz-security-token") for entry in requests] == [token] * len(requests)
    assert signed_by_botocore(requests) == [entry["headers"]["authorization"] for entry in requests]


def test_models_are_escaped_as_botocore_does(botocore_sdk: Run, recorder: Recorder) -> None:
    key = {"base_url": recorder.url, "api_key": "bearer"}
    with ferrule.Client(providers={"bedrock": key}, timeout=10) as client:
        for model in (CLAUDE, PROFILE):
            client.complete(f"bedrock/{model}", "Hello.")
    ours = [entry["url"].removeprefix(recorder.url) for entry in recorder.requests]
    assert [f"/bedrock{path}" for path in ours] == [request.path for request in botocore_sdk["addressed"].requests]
    assert {entry["headers"]["authorization"] for entry in recorder.requests} == {"Bearer bearer"}
