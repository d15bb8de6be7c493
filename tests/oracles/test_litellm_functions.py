"""`ferrule.litellm` beside litellm: thousands of calls of one scripted upstream, and what came of each.

Compared are the requests that leave (path, body, key, and their number), the result or the chunks as dicts, and the
class, ancestors and fields of the error. What differs is listed here, each with a reason, and in
docs/coming-from/litellm.md for users.
"""

from __future__ import annotations

import collections
import copy
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import environment
import litellm_cases
import pytest
from litellm_upstream import Upstream

CLIENT = Path(__file__).parent / "clients" / "litellm_client.py"
CASES = {case["id"]: case for case in litellm_cases.every()}
KINDS = sorted({case["kind"] for case in CASES.values()})

pytestmark = pytest.mark.timeout(600)


class Run:
    """What came of all cases with one library."""

    def __init__(self, library: str) -> None:
        python = environment.programs_of("litellm_functions") / "python"
        # openai is there, for the ancestors of exceptions; Ferrule comes from this project.
        variables = {**os.environ, "PYTHONPATH": str(environment.ROOT / "python")}
        with Upstream({name: case["script"] for name, case in CASES.items()}) as upstream:
            command = [str(python), str(CLIENT), library, upstream.url]
            done = subprocess.run(
                command, capture_output=True, text=True, encoding="utf-8", timeout=500, env=variables, check=False
            )
            assert done.returncode == 0, done.stderr[-3000:]
            self.url = upstream.url
            self.requests = upstream.requests
        self.outcomes: dict[str, dict[str, Any]] = json.loads(done.stdout)

    def outcome(self, case: str) -> dict[str, Any]:
        found = plain(self.outcomes[case], self.url)
        requests = self.requests.get(case, [])
        found["tries"] = len(requests)
        found["requests"] = [
            {
                "path": request["path"],
                "body": plain(request["body"], self.url),
                "authorization": request["headers"].get("authorization"),
                "content-type": request["headers"].get("content-type", "").partition(";")[0],
            }
            for request in requests
        ]
        return found


@pytest.fixture(scope="module")
def theirs() -> Run:
    return Run("litellm")


@pytest.fixture(scope="module")
def ours() -> Run:
    return Run("ferrule.litellm")


def plain(value: Any, url: str) -> Any:
    """`value` without what is `None`, empty or made at random, and with numbers rounded."""
    if isinstance(value, dict):
        return {name: plain(item, url) for name, item in value.items() if item is not None and item != {}}
    if isinstance(value, list):
        return [plain(item, url) for item in value]
    if isinstance(value, float):
        return round(value, 12)
    return value.replace(url, "URL") if isinstance(value, str) else value


def joined(chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Chunks without those that say nothing but the role, which goes to the next one; when and by whom is left out."""
    found: list[dict[str, Any]] = []
    role: str | None = None
    for chunk in copy.deepcopy(chunks):
        for name in ("created", "system_fingerprint", "service_tier", "id"):
            chunk.pop(name, None)
        choices = chunk.get("choices") or []
        delta = choices[0].get("delta", {}) if choices else {}
        role = delta.pop("role", None) or role
        if not delta.get("content"):
            delta.pop("content", None)
        if choices and not delta and "finish_reason" not in choices[0]:
            continue
        if choices and role is not None and "finish_reason" not in choices[0]:
            delta["role"], role = role, None
        if choices and not delta:
            choices[0].pop("delta", None)
        found.append(chunk)
    return found


def alike(case: dict[str, Any], outcome: dict[str, Any], *, is_ours: bool) -> dict[str, Any]:
    """An outcome as it is compared: the listed differences are taken out of it, each where it may be."""
    found = copy.deepcopy(outcome)
    kind, arguments = case["kind"], case["arguments"]
    if "chunks" in found:
        found["chunks"] = joined(found["chunks"])
        for chunk in found["chunks"]:
            # litellm makes up what the tokens of an answer are, where the provider did not say.
            chunk.get("usage", {}).pop("completion_tokens_details", None)
    # Usage is asked for in every stream, as the cost of a call comes of it.
    for request in found["requests"]:
        body = request["body"]
        if isinstance(body, dict) and arguments.get("stream"):
            body.pop("stream_options", None)
        # litellm leaves `user` out where it does not know the model, without a word.
        if isinstance(body, dict) and arguments.get("model", "").startswith(("hosted_vllm/", "openai/my-own")):
            body.pop("user", None)
        # litellm takes what strict schemas need out of tools for vLLM, which has had it for long.
        if isinstance(body, dict) and arguments.get("model", "").startswith("hosted_vllm/"):
            for tool in body.get("tools", ()):
                tool["function"].pop("strict", None)
                tool["function"].get("parameters", {}).pop("additionalProperties", None)
        # Vectors are asked for as base64, which is a quarter of the size.
        if kind.startswith("embedding"):
            body.pop("encoding_format", None)
        # litellm sends the headers of the call in the body as well.
        if kind == "image":
            body.pop("extra_headers", None)
    hidden = found.get("hidden", {})
    if kind in ("text", "image"):
        hidden.pop("custom_llm_provider", None)  # litellm does not say it there.
    if kind == "mock":
        hidden.pop("api_base", None)  # Nobody is asked, at no address.
        found.get("result", {}).pop("id", None)
    found.get("result", {}).pop("created", None) if kind == "mock" else None
    error = found.get("error")
    if error is not None:
        alike_error(case, found, error, is_ours=is_ours)
    return found


def alike_error(case: dict[str, Any], found: dict[str, Any], error: dict[str, Any], *, is_ours: bool) -> None:
    kind = case["kind"]
    error.pop("request_id", None)  # litellm has it of some classes only; here every error has it.
    if case["function"].startswith("a"):
        # litellm names the model of an asynchronous call with its provider, and of others without.
        error["model"] = str(error.get("model")).removeprefix("openai/")
    if kind == "mock":
        error.pop("response", None)  # An error of ours always has one.
    if kind in ("unreadable", "broken"):
        # What is wrong with the answer is said in other words, and what broke a stream off is of its own class.
        for name in ("message", "text"):
            error.pop(name, None)
    if kind == "unreadable":
        # A connection that the server closes is tried again at once, where it had been used before.
        found.pop("tries")
        found.pop("requests")
    if case["arguments"].get("model", "").startswith("hosted_vllm/"):
        # litellm shows the whole body in place of the message, and has no fields of it.
        for name in ("message", "text", "body", "code", "param", "type"):
            error.pop(name, None)
    if kind == "embedding-error":
        # litellm repeats embeddings even with `max_retries=0`, and loses the provider's error object.
        found["tries"] = 1
        found["requests"] = found["requests"][:1]
        for name in ("body", "code", "param", "type"):
            error.pop(name, None)
        for name in ("message", "text"):
            before, _, after = error[name].partition(" - Error code: ")
            error[name] = f"{before} - {after.partition(' - ')[2]}" if after else before
    message = str(case["script"][0][2])
    if kind == "error" and ("content_policy_violation" in message or "context_length_exceeded" in message):
        # By the provider's code, whatever the status. litellm looks for words, which openai's errors no longer have.
        if is_ours:
            wanted = {"ContentPolicyViolationError", "ContextWindowExceededError"}
            assert error["class"] in wanted, error
        filtered = "content_policy_violation" in message
        if filtered or case["script"][0][0] == 429:
            found["error"] = "listed"


def differences(kind: str, theirs: Run, ours: Run) -> tuple[int, dict[str, Any]]:
    compared, found = 0, {}
    for name, case in CASES.items():
        if case["kind"] != kind:
            continue
        compared += 1
        one = alike(case, theirs.outcome(name), is_ours=False)
        other = alike(case, ours.outcome(name), is_ours=True)
        if one != other:
            found[name] = {"arguments": case["arguments"], "theirs": one, "ours": other}
    return compared, found


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_comes_of_it(kind: str, theirs: Run, ours: Run) -> None:
    compared, found = differences(kind, theirs, ours)
    assert compared
    for name, difference in list(found.items())[:3]:
        print(name, json.dumps(difference, indent=1, default=repr))
    assert not found


def test_there_are_thousands_of_cases() -> None:
    assert len(CASES) > 2500
    counts = collections.Counter(case["kind"] for case in CASES.values())
    assert min(counts.values()) >= 3
