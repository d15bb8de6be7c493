"""The configuration of LiteLLM's proxy: what it becomes, and what is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ferrule import litellm

if TYPE_CHECKING:
    from pathlib import Path

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
