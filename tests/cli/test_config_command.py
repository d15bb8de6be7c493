"""`ferrule config` and `ferrule providers`: what is said of a configuration."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., subprocess.CompletedProcess[str]]

CANARY = "sk-canary-0123456789"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    return tmp_path


def test_check(ferrule: Run, project: Path) -> None:
    assert "there is no configuration file" in ferrule("config", "check").stdout
    file = project / "ferrule.toml"
    file.write_text("model = 'openai/x'\n")
    assert ferrule("config", "check").stdout == f"{file}: no problems\n"
    file.write_text("modl = 'x'\ntimeout = 0\n")
    done = ferrule("config", "check")
    assert done.returncode == 2
    first, second = done.stderr.splitlines()
    assert first == f"error: {file}:1:1: unknown field `modl`; did you mean `model`?"
    assert second.startswith(f"error: {file}:2:1: timeout: expected a number")
    other = project / "other.yaml"
    other.write_text("model: openai/x\n")
    assert ferrule("config", "check", str(other)).returncode == 0


def test_check_notes_what_is_missing_on_this_machine(ferrule: Run, project: Path) -> None:
    file = project / "ferrule.toml"
    file.write_text("[providers.mine]\nbase_url = 'https://host/v1'\napi_key = '${MINE_KEY}'\n")
    done = ferrule("config", "check")
    assert (done.returncode, done.stdout) == (0, f"{file}: no problems\n")
    assert done.stderr == f"note: {file}:3:1: providers.mine.api_key: the environment variable MINE_KEY is not set\n"
    assert ferrule("config", "check", MINE_KEY=CANARY).stderr == ""


def test_check_finds_what_holds_for_the_client(ferrule: Run, project: Path) -> None:
    file = project / "ferrule.toml"
    file.write_text("ca_file = '${NOWHERE}/ca.pem'\n")
    done = ferrule("config", "check")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {file}:1:1: ca_file: ")


def test_show_masks_secrets_and_names_sources(ferrule: Run, project: Path) -> None:
    file = project / "ferrule.toml"
    file.write_text(
        f"""timeout = 5
[providers.mine]
base_url = "https://user:{CANARY}@host/v1?key={CANARY}"
api_key = "{CANARY}"
headers = {{ x-key = "{CANARY}", x-env = "${{SOME}}" }}
query = {{ q = {{ command = ["op", "{CANARY}"] }} }}
"""
    )
    for arguments in (["config", "show"], ["config", "show", "--json"], ["providers", "--json"], ["providers"]):
        done = ferrule(*arguments, FERRULE_MODEL="mine/x")
        assert done.returncode == 0, done.stderr
        assert CANARY not in done.stdout + done.stderr
    entries = json.loads(ferrule("config", "show", "--json", FERRULE_MODEL="mine/x").stdout)
    shown = {entry["key"]: entry for entry in entries}
    assert shown["model"]["variable"] == "FERRULE_MODEL"
    assert (shown["timeouts.total"]["value"], shown["timeouts.total"]["line"]) == (5, 1)
    assert shown["timeouts.idle"]["layer"] == "built-in"
    assert shown["providers.mine.api_key"]["value"] == "***"
    assert (shown["providers.mine.api_key"]["file"], shown["providers.mine.api_key"]["line"]) == (str(file), 4)
    assert shown["providers.mine.headers.x-env"]["value"] == "${SOME}"
    assert shown["providers.mine.base_url"]["value"] == "https://host/v1?key=***"
    assert shown["providers.openai.api_key"]["variable"] == "OPENAI_API_KEY"


def test_path(ferrule: Run, project: Path) -> None:
    assert f"user: {project}/home/ferrule/config.toml (does not exist)" in ferrule("config", "path").stdout
    (project / "ferrule.json").write_text("{}")
    assert f"project: {project}/ferrule.json" in ferrule("config", "path").stdout


def test_schema(ferrule: Run, project: Path) -> None:
    schema = json.loads(ferrule("config", "schema").stdout)
    assert (
        "openai-chat" in schema["properties"]["providers"]["additionalProperties"]["properties"]["dialect"]["examples"]
    )


def test_providers(ferrule: Run, project: Path) -> None:
    (project / "ferrule.toml").write_text("[providers.mine]\nbase_url = 'http://localhost:1/v1'\n")
    rows = {row["id"]: row for row in json.loads(ferrule("providers", "--json").stdout)}
    assert rows["openai"]["key"] == "OPENAI_API_KEY"
    assert rows["openai"]["configured"]
    assert rows["groq"]["key"] is None
    assert rows["groq"]["key_variables"] == ["GROQ_API_KEY"]
    assert rows["mine"]["configured"]
    assert "azure-openai" in rows["azure"]["aliases"]
    text = ferrule("providers").stdout
    assert "set GROQ_API_KEY" in text
    few = [line.split()[0] for line in ferrule("providers", "--configured").stdout.splitlines()[1:]]
    assert {"openai", "anthropic", "mine"} <= set(few)
    assert "groq" not in few


def test_a_wrong_configuration_ends_every_command_the_same_way(ferrule: Run, project: Path) -> None:
    (project / "ferrule.toml").write_text("modl = 1\n")
    for command in (["models"], ["providers"], ["config", "show"], ["chat", "-m", "openai/x", "hi"]):
        done = ferrule(*command)
        assert done.returncode == 2, command
        assert "ferrule.toml:1:1: unknown field `modl`" in done.stderr
