"""Ferrule signs requests to Amazon as `botocore` does, and addresses models as it does.

`clients/botocore_signer.py` signs anew what a server here received, byte for byte, with the same key and time.
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

# The first test starts the signer.
pytestmark = pytest.mark.timeout(180)

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
PROFILE = "arn:aws:bedrock:us-west-2:123456789012:application-inference-profile/abc123"


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


@pytest.mark.parametrize("sdk", ["botocore-1"], indirect=True)
def test_models_are_escaped_as_botocore_does(sdk: Run, recorder: Recorder) -> None:
    key = {"base_url": recorder.url, "api_key": "bearer"}
    with ferrule.Client(providers={"bedrock": key}, timeout=10) as client:
        for model in (CLAUDE, PROFILE):
            client.complete(f"bedrock/{model}", "Hello.")
    ours = [entry["url"].removeprefix(recorder.url) for entry in recorder.requests]
    assert [f"/bedrock{path}" for path in ours] == [request.path for request in sdk["addressed"].requests]
    assert {entry["headers"]["authorization"] for entry in recorder.requests} == {"Bearer bearer"}
