"""The forms of the SDKs that a reply has are valid by the SDKs' own models, whoever answered."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from environment import programs_of

from ferrule.testing import Simulator, reply, rule

CLIENT = Path(__file__).parent / "clients" / "reply_forms_client.py"
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}


@pytest.mark.parametrize("name", ["openai-3", "openai-2", "anthropic-2", "anthropic-1"])
def test_a_reply_is_valid_for_the_sdk(name: str) -> None:
    script = [
        rule({"text": "Hello.", "reasoning": "Hm."}, text="hi"),
        rule({"tool_calls": [{"name": "weather", "arguments": {"city": "Oslo"}}]}, text="call"),
    ]
    replies = [reply("Hi."), reply(tool_calls=[{"name": "weather"}]), reply(refusal="No.")]
    with Simulator(script) as simulator, simulator.client() as client:
        for model in ("openai/m", "anthropic/m", "openai-responses/m", "gemini/m", "bedrock/m", "cohere/m", "ollama/m"):
            replies += [client.complete(model, text, tools=[TOOL]) for text in ("hi", "call")]
            with client.stream(model, "hi") as stream:
                list(stream)
            replies.append(stream.reply())
    sdk = name.partition("-")[0]
    forms = [one.to_openai() if sdk == "openai" else one.to_anthropic() for one in replies]
    done = subprocess.run(
        [programs_of(name) / "python", CLIENT, sdk],
        input=json.dumps(forms),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) == len(forms)
