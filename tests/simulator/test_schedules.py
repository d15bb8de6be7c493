"""Faults per target and time: `Simulator.fail`, `add_rules` and rules with a schedule."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

import ferrule
from ferrule.testing import Simulator, rule

if TYPE_CHECKING:
    from pathlib import Path


def provider_of(client: ferrule.Client, model: str, *, streamed: bool = False) -> str:
    if not streamed:
        return client.complete(model, "hello").provider
    with client.stream(model, "hello") as stream:
        list(stream)
    return stream.reply().provider


def answers(client: ferrule.Client) -> bool:
    try:
        client.complete("openai/gpt-5-mini", "hello")
    except ferrule.OverloadedError:
        return False
    return True


@pytest.mark.parametrize("streamed", [False, True])
def test_only_the_target_fails(streamed: bool) -> None:
    with Simulator([rule("fine")]) as simulator, simulator.client(max_retries=0) as client:
        simulator.fail("openai", status=500)
        simulator.fail("groq/llama*", "overloaded")
        for model, error in (("openai/gpt-5-mini", ferrule.ServerError), ("groq/llama-x", ferrule.OverloadedError)):
            with pytest.raises(error):
                provider_of(client, model, streamed=streamed)
        for model in ("groq/other", "anthropic/claude-x", "mistral/m", "gemini/g"):
            assert provider_of(client, model, streamed=streamed) == model.split("/")[0]


def test_a_fault_has_its_time() -> None:
    with Simulator([rule("fine")]) as simulator, simulator.client(max_retries=0) as client:
        began = time.monotonic()
        simulator.fail("openai", status=503, after=0.3, for_=0.4)
        outcomes: list[tuple[float, bool]] = []
        while not outcomes or outcomes[-1][0] < 1.0:
            asked = time.monotonic() - began
            outcomes.append((asked, answers(client)))
        # A call on a busy machine may straddle an edge.
        assert all(well for asked, well in outcomes if asked < 0.1)
        assert not any(well for asked, well in outcomes if 0.35 < asked < 0.45)
        assert all(well for asked, well in outcomes if asked > 0.75)
        assert any(not well for _, well in outcomes)


def test_rules_that_are_added_leave_the_others_alone() -> None:
    with Simulator([rule("first", times=1), rule("second")]) as simulator, simulator.client(max_retries=0) as client:
        assert client.complete("openai/m", "hello").text == "first"
        simulator.fail("openai", times=1)
        with pytest.raises(ferrule.OverloadedError):
            client.complete("openai/m", "hello")
        assert client.complete("openai/m", "hello").text == "second"
        simulator.add_rules(rule("newest", times=1), rule("newer", times=1))
        assert [client.complete("openai/m", "hello").text for _ in range(3)] == ["newest", "newer", "second"]


def test_a_share_of_the_calls_fails() -> None:
    with Simulator([rule("fine")], seed=1) as simulator, simulator.client(max_retries=0) as client:
        simulator.fail("openai", rate=0.5)
        assert 8 < sum(answers(client) for _ in range(40)) < 32


def test_mistakes_are_named() -> None:
    with Simulator() as simulator:
        with pytest.raises(TypeError, match="not both"):
            simulator.fail("openai", "overloaded", status=500)
        with pytest.raises(ValueError, match=r"rules\[0\].fault"):
            simulator.fail("openai", "overlooded")
        with pytest.raises(ValueError, match=r"after_ms"):
            simulator.add_rules({"after_ms": -1})


def test_a_new_user_sees_ferrule_sim_fail_on_script(tmp_path: Path) -> None:
    script = tmp_path / "outage.json"
    outage = {"match": {"provider": "openai"}, "for_ms": 60_000, "fault": {"status": {"status": 503}}}
    script.write_text(json.dumps([outage, {"reply": "from the fallback"}]))
    command = [sys.executable, "-m", "ferrule", "sim", "--port", "0", "--script", str(script)]
    environment = {**os.environ, "FERRULE_LOG": "off"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[3].rstrip(",")
            providers: dict[str, ferrule.ProviderOptions] = {
                "openai": {"base_url": f"{url}/v1", "api_key": "sk-simulated"},
                "anthropic": {"base_url": url, "api_key": "sk-simulated"},
            }
            groups: dict[str, ferrule.GroupOptions] = {
                "fast": {"targets": ["openai/gpt-5-mini", "anthropic/claude-haiku-4-5"]}
            }

            async def main() -> str:
                async with ferrule.AsyncClient(config=False, providers=providers, groups=groups) as client:
                    return (await client.complete("fast", "hello", max_tokens=10)).provider

            with ferrule.Client(config=False, providers=providers, groups=groups) as client:
                moved: list[str] = []
                client.on("failover", lambda event: moved.append(event.next_target))
                assert client.complete("fast", "hello", max_tokens=10).text == "from the fallback"
                assert moved == ["anthropic/claude-haiku-4-5"]
            assert asyncio.run(main()) == "anthropic"
        finally:
            process.terminate()
