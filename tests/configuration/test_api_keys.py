"""Several API keys of one provider in files, variables and arguments: forms, places of errors, priority, masking."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

import ferrule
from ferrule.configuration import Configuration
from ferrule.configuration.registry import masked

if TYPE_CHECKING:
    from pathlib import Path

    from ferrule.testing import Simulator

FIRST, SECOND = "sk-first-0123456789-aaaa", "sk-second-012345678-bbbb"


def of(configuration: Configuration, provider: str = "openai") -> dict[str, Any]:
    return next(one for one in configuration.settings()["providers"] if one["name"] == provider)


def keys(configuration: Configuration, provider: str = "openai") -> list[tuple[str | None, float]]:
    return [(key["key"], key["weight"]) for key in of(configuration, provider)["api_keys"]]


def test_every_form_of_one_key_is_a_form_of_several(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRST_KEY", FIRST)
    kept = tmp_path / "key"
    kept.write_text(f"{SECOND}\n")
    printing = [sys.executable, "-c", f"print({SECOND!r})"]
    given = [
        FIRST,
        "${FIRST_KEY}",
        {"env": "FIRST_KEY"},
        {"key": {"env": "FIRST_KEY"}, "weight": 2},
        {"file": str(kept)},
        {"key": {"command": printing}, "weight": 0.5},
        {"key": f"{FIRST}-other"},
    ]
    configuration = Configuration.read({"providers": {"openai": {"api_keys": given}}})
    one = [(FIRST, 1.0)] * 3
    assert keys(configuration) == [*one, (FIRST, 2.0), (None, 1.0), (None, 0.5), (f"{FIRST}-other", 1.0)]
    assert of(configuration)["configured"]
    assert of(configuration)["api_key"] is None
    for place in (4, 5):
        assert configuration.fetch("openai", False, place)["api_key"] == SECOND


def test_what_is_wrong_has_its_place(tmp_path: Path) -> None:
    file = tmp_path / "ferrule.toml"
    file.write_text(
        "[providers.openai]\n"
        "api_key = 'sk-one'\n"
        "api_keys = ['sk-two']\n"
        "[providers.groq]\n"
        "api_keys = [\n"
        "  { key = 'sk-x', weight = 0 },\n"
        "  { weight = 2 },\n"
        "  { file = 'x', weight = 2 },\n"
        "  3,\n"
        "  { key = 'sk-x', wieght = 2 },\n"
        "  '',\n"
        "  { key = { fiel = 'x' } },\n"
        "]\n"
        "[providers.mistral]\n"
        "api_keys = []\n"
        "[providers.xai]\n"
        "api_keys = 'sk-x'\n"
        "[groups.all]\n"
        "targets = [{ model = 'openai/x', provider = { api_key = 'sk-a', api_keys = ['sk-b'] } }]\n"
    )
    with pytest.raises(ferrule.ConfigError) as caught:
        Configuration.read(str(file))
    lines = [line.removeprefix(str(file)) for line in str(caught.value).splitlines()]
    expected = {
        ":3:": "providers.openai.api_keys: cannot be given together with `api_key`; add that to the list",
        ":6:": "providers.groq.api_keys[0].weight: expected a number above 0",
        ":7:": "providers.groq.api_keys[1]: `key` is missing",
        ":8:": "providers.groq.api_keys[2]: `key` is missing",
        ":9:": "providers.groq.api_keys[3]: expected a string, or a table with `env`",
        ":10:": "providers.groq.api_keys[4]: unknown field `wieght`; did you mean `weight`?",
        ":11:": "providers.groq.api_keys[5]: is empty",
        ":12:": "providers.groq.api_keys[6].key: unknown field `fiel`",
        ":15:": "providers.mistral.api_keys: expected a list of keys, not an empty one",
        ":17:": "providers.xai.api_keys: expected a list of keys, not a string",
        ":19:": "groups.all.targets[0].provider.api_keys: cannot be given together with `api_key`",
    }
    for place, words in expected.items():
        assert any(line.startswith(place) and words in line for line in lines), (place, words, lines)
    assert "sk-" not in str(caught.value)


def test_a_key_that_cannot_be_had_has_its_place(tmp_path: Path, simulator: Simulator) -> None:
    file = tmp_path / "ferrule.toml"
    file.write_text(
        f"[providers.mine]\nbase_url = '{simulator.openai_base_url}'\n"
        "api_keys = [\n  'sk-one',\n  '${NOT_SET}',\n]\n"
        f"[providers.other]\nbase_url = '{simulator.openai_base_url}'\n"
        f"api_keys = [\n  {{ file = '{tmp_path}/no' }},\n]\n"
    )
    with ferrule.Client(config=str(file)) as client:
        with pytest.raises(ferrule.ConfigError, match=r":5:\d+: providers\.mine\.api_keys\[1\]: .*NOT_SET is not set"):
            client.complete("mine/x", "Hi.")
        with pytest.raises(
            ferrule.ConfigError, match=r"the only key .*:10:\d+: providers\.other\.api_keys\[0\]: .*No such"
        ):
            client.complete("other/x", "Hi.")


def test_a_provider_whose_key_is_exchanged_for_a_token_says_so() -> None:
    options: ferrule.ProviderOptions = {"base_url": "http://127.0.0.1:9", "api_keys": [FIRST, SECOND]}
    with pytest.raises(ferrule.ConfigError, match=r"provider `watsonx`: api_keys cannot be used: .* one api_key"):
        ferrule.Client(config=False, providers={"watsonx": options})


def test_the_environment_has_several(monkeypatch: pytest.MonkeyPatch, simulator: Simulator) -> None:
    monkeypatch.setenv("OPENAI_API_KEYS", f"{FIRST}, {SECOND},")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-alone-0123456789")
    configuration = Configuration.read(False)
    assert keys(configuration) == [(FIRST, 1.0), (SECOND, 1.0)]
    assert of(configuration)["api_key"] is None
    assert configuration.source(("providers", "openai", "api_keys")).where == "OPENAI_API_KEYS"
    providers: dict[str, ferrule.ProviderOptions] = {"openai": {"base_url": simulator.openai_base_url}}
    with ferrule.Client(config=False, providers=providers) as client:
        for _ in range(2):
            client.complete("openai/x", "Hi.")
        assert "OPENAI_API_KEYS" in str(client.registry.providers.get("openai"))
        assert FIRST not in str(client.registry.providers.get("openai"))
    sent = [request.headers["authorization"] for request in simulator.requests]
    assert sent == [f"Bearer {FIRST}", f"Bearer {SECOND}"]


def test_what_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "ferrule.toml"
    file.write_text(f"[providers.openai]\napi_keys = ['${{OPENAI_API_KEY}}', '{SECOND}']\n")
    monkeypatch.setenv("OPENAI_API_KEY", FIRST)
    # The variable of one key does not take the place of several, of which it may be one.
    assert keys(Configuration.read(str(file))) == [(FIRST, 1.0), (SECOND, 1.0)]
    monkeypatch.setenv("OPENAI_API_KEYS", "sk-a-0123456789,sk-b-0123456789,sk-c-0123456789")
    assert len(keys(Configuration.read(str(file)))) == 3
    alone = Configuration.read(str(file), {"providers": {"openai": {"api_key": "sk-alone"}}})
    assert (of(alone)["api_key"], keys(alone)) == ("sk-alone", [])
    several = Configuration.read(str(file), {"providers": {"openai": {"api_keys": ["sk-of-arguments"]}}})
    assert (of(several)["api_key"], keys(several)) == (None, [("sk-of-arguments", 1.0)])


def test_a_command_gets_none_of_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROQ_API_KEYS", f"{FIRST},{SECOND}")
    code = "import os; print('saw' if 'GROQ_API_KEYS' in os.environ else 'saw-nothing')"
    given = {"providers": {"openai": {"api_keys": [{"command": [sys.executable, "-c", code]}]}}}
    assert Configuration.read(given).fetch("openai", False, 0)["api_key"] == "saw-nothing"


def test_keys_are_masked_wherever_they_are_shown() -> None:
    fields = {"api_keys": [FIRST, "${A_KEY}", {"key": SECOND, "weight": 2}, {"file": "/x"}]}
    shown = masked(fields)["api_keys"]
    assert [one["key"] for one in shown] == ["***", "${A_KEY}", "***", "file /x"]
    assert [one["weight"] for one in shown] == [1, 1, 2, 1]
    assert FIRST not in json.dumps(shown)
