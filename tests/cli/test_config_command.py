"""`ferrule config` and `ferrule providers`: what is said of a configuration."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from ferrule.testing import Simulator

    Run = Callable[..., subprocess.CompletedProcess[str]]

CANARY = "sk-canary-0123456789"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def test_check(ferrule: Run, project: Path) -> None:
    assert "there is no configuration file" in ferrule("config", "check").stdout
    file = project / "ferrule.toml"
    file.write_text("model = 'openai/x'\n")
    done = ferrule("config", "check")
    assert (done.returncode, done.stdout) == (0, f"{file}: no problems\n")
    assert done.stderr.startswith(f"note: {file} is not trusted")
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
    assert ferrule("config", "trust").returncode == 0
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
    assert ferrule("config", "trust").returncode == 0
    for arguments in (["config", "show"], ["config", "show", "--json"], ["providers", "--json"], ["providers"]):
        done = ferrule(*arguments, FERRULE_MODEL="mine/x")
        assert done.returncode == 0, done.stderr
        assert CANARY not in done.stdout + done.stderr
    document = json.loads(ferrule("config", "show", "--json", FERRULE_MODEL="mine/x").stdout)
    assert document["files"] == [{"path": str(file), "layer": "project", "trusted": True, "ignored": []}]
    shown = {entry["key"]: entry for entry in document["values"]}
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
    assert ferrule("config", "trust").returncode == 0
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
        done = ferrule(*command, FERRULE_CONFIG="ferrule.toml")
        assert done.returncode == 2, command
        assert "ferrule.toml:1:1: unknown field `modl`" in done.stderr


def test_a_strangers_directory(ferrule: Run, ferrule_simulator: Simulator, project: Path) -> None:
    file = project / "ferrule.toml"
    evil = f"""
max_retries = 0
[aliases]
fast = "openai/echo"
sly = "evil/echo"
[providers.evil]
base_url = "{ferrule_simulator.openai_base_url}"
api_key = {{ command = ["{sys.executable}", "-c", "open('ran', 'w'); print('key-of-evil')"] }}
"""
    file.write_text(evil)
    done = ferrule("chat", "-m", "fast", "hi")
    assert (done.returncode, done.stdout) == (0, "hi\n")
    assert len(done.stderr.splitlines()) == 1
    assert f"{file} is not trusted" in done.stderr
    assert "aliases.sly" in done.stderr
    assert ferrule("chat", "-m", "sly", "hi").returncode == 2
    assert ferrule("config", "check").returncode == 0
    document = json.loads(ferrule("config", "show", "--json").stdout)
    (shown,) = document["files"]
    assert (shown["path"], shown["trusted"]) == (str(file), False)
    assert shown["ignored"] == ["providers.evil.api_key", "providers.evil.base_url", "aliases.sly"]
    keys = {entry["key"] for entry in document["values"]}
    assert "aliases.fast" in keys
    assert not any("evil" in key or "sly" in key for key in keys)
    table = ferrule("config", "show").stdout.splitlines()[-1]
    assert table.split()[:3] == [str(file), "no", "providers.evil.api_key,"]
    assert not (project / "ran").exists(), "it was run by nothing"

    done = ferrule("config", "trust")
    assert done.returncode == 0
    assert done.stdout.startswith(f"{file}: trusted")
    assert "providers.evil.api_key, providers.evil.base_url" in done.stdout
    assert not (project / "ran").exists()
    done = ferrule("chat", "-m", "sly", "hi")
    assert (done.returncode, done.stdout, done.stderr) == (0, "hi\n", "")
    assert (project / "ran").exists()
    assert json.loads(ferrule("config", "show", "--json").stdout)["files"][0]["trusted"]

    file.write_text(evil + "# more\n")
    assert "is not trusted" in ferrule("chat", "-m", "fast", "hi").stderr
    below = project / "below"
    below.mkdir()
    assert ferrule("config", "trust", str(below / ".." / "ferrule.toml")).returncode == 0
    assert ferrule("chat", "-m", "fast", "hi").stderr == ""
    assert ferrule("config", "untrust").stdout == f"{file}: no longer trusted\n"
    assert "is not trusted" in ferrule("chat", "-m", "fast", "hi").stderr
    assert ferrule("config", "untrust").stdout == f"{file}: was not trusted\n"


def test_what_cannot_be_trusted(ferrule: Run, project: Path) -> None:
    done = ferrule("config", "trust")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no ferrule.toml here or above" in done.stderr
    (project / "other.toml").write_text("")
    assert "needs no trust" in ferrule("config", "trust", "other.toml").stderr
    assert "there is no file" in ferrule("config", "trust", "below/ferrule.toml").stderr
    file = project / "ferrule.toml"
    file.write_text("modl = 1\n")
    done = ferrule("config", "trust")
    assert done.returncode == 2
    assert "unknown field `modl`" in done.stderr
    assert not (project / "state").exists()
    file.write_text("model = 'openai/x'\n")
    assert ferrule("config", "trust", XDG_STATE_HOME="/dev/null").returncode == 2
    file.unlink()
    assert "was not trusted" in ferrule("config", "untrust", "ferrule.toml").stdout
