"""Unit tests of a program that calls a model: its answers, and its behaviour when the provider is overloaded."""

import ferrule
from ferrule.testing import Simulator, rule


def is_sunny(client: ferrule.Client, city: str) -> bool | None:
    try:
        return "sun" in client.complete("openai/gpt-5-mini", f"How is the weather in {city}?").text
    except ferrule.OverloadedError:
        return None


def test_reads_the_answer(ferrule_simulator: Simulator) -> None:
    ferrule_simulator.set_script([rule("It is sunny.", text="*Lisbon*"), rule("It rains.")])
    with ferrule_simulator.client() as client:
        assert is_sunny(client, "Lisbon")
        assert not is_sunny(client, "Oslo")
    assert ferrule_simulator.requests[0].body["messages"][0]["content"] == "How is the weather in Lisbon?"


def test_survives_an_overloaded_provider(ferrule_simulator: Simulator) -> None:
    ferrule_simulator.set_script([rule(fault="overloaded")])
    with ferrule_simulator.client(max_retries=0) as client:
        assert is_sunny(client, "Lisbon") is None
