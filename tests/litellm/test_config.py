"""The configuration of LiteLLM's proxy: what it becomes, and what is named."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ferrule import litellm
from ferrule.litellm import config_keys, credentials, deployments, refusals

if TYPE_CHECKING:
    from ferrule.testing import Simulator

TEXT = """
model_list:
  - model_name: fast
    litellm_params:
      model: openai/gpt-4.1-mini
      api_base: os.environ/SIMULATED
      api_key: os.environ/OWN_KEY
      rpm: 100
    model_info:
      id: one
      mode: chat
  - model_name: bad
    litellm_params: {model: openai/status-500, api_base: os.environ/SIMULATED, api_key: k, odd: 1}
  - model_name: "openai/*"
    litellm_params: {model: "openai/*", api_base: os.environ/SIMULATED, api_key: k}
    pricing: cheap
litellm_settings:
  drop_params: true
  num_retries: 0
  request_timeout: 30
  fallbacks: [{bad: [fast]}]
  success_callback: [langfuse]
  cache: true
  cache_params: {type: redis, ttl: 60}
  enable_cooldowns: true
router_settings:
  routing_strategy: least-busy
  redis_host: localhost
  not_a_setting: 1
general_settings:
  master_key: sk-1234
  database_url: postgres://x
environment_variables:
  OWN_KEY: sk-of-the-file
mcp_servers: {}
nonsense: 1
"""


@pytest.fixture
def path(tmp_path: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SIMULATED", simulator.openai_base_url)
    monkeypatch.setenv("OWN_KEY", "")
    monkeypatch.delenv("OWN_KEY")
    file = tmp_path / "config.yaml"
    file.write_text(TEXT)
    return file


def test_it_works(path: Path, simulator: Simulator) -> None:
    config = litellm.read_config(path)
    router = config.router
    assert router.model_names == ["fast", "bad", "openai/*"]
    response = router.completion("bad", [{"role": "user", "content": "Hello!"}])
    assert response.model == "gpt-4.1-mini"
    assert response._hidden_params["model_id"] == "one"
    assert simulator.requests[-1].headers["authorization"] == "Bearer sk-of-the-file"
    assert router.completion("openai/echo", [{"role": "user", "content": "Hello!"}]).model == "echo"
    assert router.settings.strategy == "least_busy"
    assert not litellm.drop_params
    config.apply()
    assert litellm.drop_params
    assert litellm.request_timeout == 30
    assert litellm.cache.ttl == 60


def test_what_is_not_carried_is_named_with_what_to_do(path: Path) -> None:
    notices = litellm.read_config(path).notices
    for named in (
        "model_list[2].pricing",
        "litellm_settings.success_callback",
        "litellm_settings.cache_params",
        "litellm_settings.enable_cooldowns",
        "router_settings.redis_host",
        "router_settings.not_a_setting",
        "general_settings.master_key",
        "general_settings.database_url",
        "mcp_servers",
        "nonsense",
    ):
        (found,) = [notice for notice in notices if notice.startswith(f"{named}: ")]
        assert len(found) > len(named) + 10
    assert any("odd" in notice for notice in notices)
    carried = ("drop_params", "num_retries", "request_timeout", "fallbacks", "routing_strategy", "rpm", "mode")
    assert not [notice for notice in notices for name in carried if notice.partition(":")[0].endswith(f".{name}")]


@pytest.mark.parametrize("text", ["- a", "model_list: [{litellm_params: {}}]", "model_list:\n  - model_name: a\n"])
def test_what_is_wrong(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"model_name|mapping|litellm_params"):
        litellm.read_config(file)


KEYS: dict[str, list[str]] = json.loads(Path(__file__).with_name("proxy_keys.json").read_text())
"""The keys that litellm 1.110.2 has: of its models of the file, and of the settings of its module."""
VALUES: dict[str, Any] = {
    "allowed_fails": 2,
    "cache": False,
    "content_policy_fallbacks": [],
    "context_window_fallbacks": [],
    "cooldown_time": 7,
    "default_fallbacks": ["other"],
    "default_litellm_params": {},
    "default_max_parallel_requests": 4,
    "fallbacks": [],
    "headers": {"x": "y"},
    "model_alias_map": {},
    "model_group_alias": {},
    "model_group_retry_policy": {},
    "num_retries": 1,
    "max_fallbacks": 1,
    "max_budget": 1.0,
    "provider_budget_config": {"openai": {"budget_limit": 1, "time_period": "1d"}},
    "request_timeout": 5,
    "retry_after": 1,
    "retry_policy": {"TimeoutErrorRetries": 1},
    "routing_strategy": "least-busy",
    "stream_timeout": 5,
    "timeout": 5,
    "tpm": 5,
    "rpm": 5,
    "budget_duration": "1d",
    "tags": ["a"],
    "drop_params": True,
}


def notices_of(tree: dict[str, Any]) -> list[str]:
    entry = {"model_name": "g", "litellm_params": {"model": "openai/gpt-4.1-mini", "api_key": "k"}}
    return litellm.read_config({"model_list": [entry], **tree}).notices


def is_named(notices: list[str], path: str) -> bool:
    """Whether there is one notice of `path`, and it says what to do."""
    found = [notice for notice in notices if re.match(rf"{re.escape(path)}[:.]", notice)]
    assert len(found) <= 1, found
    return bool(found) and len(found[0].partition(": ")[2]) > 20


@pytest.mark.parametrize("name", KEYS["general_settings"])
def test_every_key_of_general_settings_is_named(name: str) -> None:
    assert is_named(notices_of({"general_settings": {name: "x"}}), f"general_settings.{name}")


@pytest.mark.parametrize("name", KEYS["litellm_settings"])
def test_every_key_of_litellm_settings_is_carried_or_named(name: str) -> None:
    given = VALUES.get(name, "x")
    tree = {"litellm_settings": {name: given}}
    named = is_named(notices_of(tree), f"litellm_settings.{name}")
    assert named is (name not in {*config_keys.SETTINGS, *config_keys.TO_ROUTER, "cache"})
    config = litellm.read_config(tree)
    if name in config_keys.SETTINGS:
        config.apply()
        assert getattr(litellm, name) == given
    elif not named and name != "cache":
        assert getattr(config.router.settings, name) == given


@pytest.mark.parametrize("name", KEYS["router_settings"])
def test_every_key_of_router_settings_is_carried_or_named(name: str) -> None:
    given = VALUES.get(name, True)
    tree = {"router_settings": {name: given}}
    named = is_named(notices_of(tree), f"router_settings.{name}")
    assert named is (name not in config_keys.ROUTER)
    if not named:
        settings = vars(litellm.read_config(tree).router.settings)
        assert settings != vars(litellm.read_config({}).router.settings) or not given or given is True


@pytest.mark.parametrize("name", KEYS["sections"])
def test_every_section_is_read_or_named(name: str) -> None:
    empty: Any = [] if name in ("model_list", "credential_list") else {}
    named = is_named(litellm.read_config({name: empty}).notices, name)
    assert named is (name not in config_keys.SECTIONS)


@pytest.mark.parametrize("name", KEYS["model_info"])
def test_every_key_of_model_info_is_carried_or_named(name: str) -> None:
    given = "0.1" if "cost" in name else "x"
    entry = {"model_name": "g", "litellm_params": {"model": "openai/m"}, "model_info": {name: given}}
    named = is_named(notices_of({"model_list": [entry]}), f"model_list[0].model_info.{name}")
    assert named is (name not in config_keys.INFO)


@pytest.mark.parametrize("name", KEYS["litellm_params"])
def test_every_key_of_litellm_params_is_carried_or_named(name: str) -> None:
    given = VALUES.get(name, "openai/m" if name == "model" else "0.5" if "cost" in name else "x")
    if name == "custom_llm_provider":
        given = "openai"
    params = {"model": "openai/m", "api_key": "k", name: given}
    ours = name in credentials.CONNECTION or credentials.is_ours(name) or name in refusals.REFUSED
    tree = {"model_list": [{"model_name": "g", "litellm_params": params}]}
    refused = name in refusals.REFUSED or (name.startswith("openai_") and credentials.is_ours(name))
    if refused:
        with pytest.raises(ValueError, match=name):
            litellm.read_config(tree)
        return
    found = [notice for notice in litellm.read_config(tree).notices if f"litellm_params.{name}, " in notice]
    read = ours or name in deployments.READ
    assert bool(found) is not read
    assert all(len(notice.partition("nothing reads: ")[2]) > 5 for notice in found)


def test_credentials_by_name(simulator: Simulator) -> None:
    credential = {
        "credential_name": "mine",
        "credential_values": {"api_key": "sk-of-the-list", "api_base": simulator.openai_base_url},
        "credential_info": {},
    }
    params = {"model": "openai/gpt-4.1-mini", "litellm_credential_name": "mine"}
    tree = {"credential_list": [credential], "model_list": [{"model_name": "g", "litellm_params": params}]}
    litellm.read_config(tree).router.completion("g", [{"role": "user", "content": "Hello!"}])
    assert simulator.requests[-1].headers["authorization"] == "Bearer sk-of-the-list"
    with pytest.raises(ValueError, match="litellm_credential_name"):
        litellm.read_config({"model_list": tree["model_list"]})


def test_a_base_model_has_the_prices(simulator: Simulator) -> None:
    params = {"model": "openai/mine", "api_key": "k", "api_base": simulator.openai_base_url}
    entry = {"model_name": "g", "litellm_params": params, "model_info": {"base_model": "openai/gpt-4.1"}}
    answer = litellm.read_config({"model_list": [entry]}).router.completion(
        "g", [{"role": "user", "content": "Hello!"}]
    )
    known = litellm.get_model_info("openai/gpt-4.1")
    usage = answer.usage
    assert answer._hidden_params["response_cost"] == pytest.approx(
        usage.prompt_tokens * known["input_cost_per_token"] + usage.completion_tokens * known["output_cost_per_token"]
    )


def test_variables_that_the_environment_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWN_KEY", "one")
    monkeypatch.setenv("NUMBER_OF_MINE", "")
    monkeypatch.delenv("NUMBER_OF_MINE")
    notices = notices_of({"environment_variables": {"OWN_KEY": "another", "NUMBER_OF_MINE": 5}})
    assert [notice.partition(":")[0] for notice in notices] == ["environment_variables.OWN_KEY"]
