"""`ferrule config` and `ferrule providers`: output for right and wrong configurations."""

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


def test_several_keys_are_masked_and_named(ferrule: Run, project: Path) -> None:
    file = project / "ferrule.toml"
    file.write_text(
        f"""[providers.mine]
base_url = "http://localhost:1/v1"
api_keys = ["{CANARY}", "${{SOME}}", {{ key = {{ file = "/run/key" }}, weight = 2 }}]
[groups.all]
targets = [
  {{ model = "mine/x", provider = {{ api_key = "{CANARY}", headers = {{ x-a = "{CANARY}" }} }} }},
  {{ model = "mine/x", provider = {{ api_keys = [{{ key = "{CANARY}" }}] }} }},
]
"""
    )
    assert ferrule("config", "trust").returncode == 0
    for arguments in (["config", "show"], ["config", "show", "--json"], ["providers", "--json"], ["providers"]):
        done = ferrule(*arguments, SOME="sk-of-a-variable", GROQ_API_KEYS=f"{CANARY}-1,{CANARY}-2")
        assert done.returncode == 0, done.stderr
        assert CANARY not in done.stdout + done.stderr
        assert "sk-of-a-variable" not in done.stdout
    document = json.loads(ferrule("config", "show", "--json", GROQ_API_KEYS=f"{CANARY}-1,{CANARY}-2").stdout)
    shown = {entry["key"]: entry for entry in document["values"]}
    keys = [("***", 1), ("${SOME}", 1), ("file /run/key", 2)]
    assert [(key["key"], key["weight"]) for key in shown["providers.mine.api_keys"]["value"]] == keys
    assert (shown["providers.mine.api_keys"]["file"], shown["providers.mine.api_keys"]["line"]) == (str(file), 3)
    assert shown["providers.groq.api_keys"]["variable"] == "GROQ_API_KEYS"
    rows = json.loads(ferrule("providers", "--json", GROQ_API_KEYS="a,b").stdout)
    named = {row["id"]: row["key"] for row in rows}
    assert named["mine"] == f"3 keys: {file}:3, ${{SOME}}, file /run/key"
    assert named["groq"] == "2 keys: GROQ_API_KEYS"
    done = ferrule("providers", "--json", GROQ_API_KEYS="a,b")
    assert {row["id"]: row for row in json.loads(done.stdout)}["groq"]["configured"]


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


@pytest.fixture
def strange(ferrule_simulator: Simulator, project: Path) -> Path:
    """A file that whoever wrote the directory left there; its command says so in `ran`."""
    file = project / "ferrule.toml"
    file.write_text(
        f"""
max_retries = 0
[aliases]
fast = "openai/echo"
sly = "evil/echo"
[providers.evil]
base_url = "{ferrule_simulator.openai_base_url}"
api_key = {{ command = ["{sys.executable}", "-c", "open('ran', 'w'); print('key-of-evil')"] }}
"""
    )
    return file


def test_a_call_in_a_strangers_directory(ferrule: Run, strange: Path) -> None:
    done = ferrule("chat", "-m", "fast", "hi")
    assert (done.returncode, done.stdout) == (0, "hi\n")
    assert len(done.stderr.splitlines()) == 1
    assert f"{strange} is not trusted" in done.stderr
    assert "aliases.sly" in done.stderr
    assert ferrule("chat", "-m", "sly", "hi").returncode == 2
    assert ferrule("config", "check").returncode == 0
    assert not strange.with_name("ran").exists(), "it was run by nothing"


def test_what_is_shown_of_a_file_that_is_not_trusted(ferrule: Run, strange: Path) -> None:
    document = json.loads(ferrule("config", "show", "--json").stdout)
    (shown,) = document["files"]
    assert (shown["path"], shown["trusted"]) == (str(strange), False)
    assert shown["ignored"] == ["providers.evil.api_key", "providers.evil.base_url", "aliases.sly"]
    keys = {entry["key"] for entry in document["values"]}
    assert "aliases.fast" in keys
    assert not any("evil" in key or "sly" in key for key in keys)
    table = ferrule("config", "show").stdout.splitlines()[-1]
    assert table.split()[:3] == [str(strange), "no", "providers.evil.api_key,"]


def test_trust(ferrule: Run, strange: Path) -> None:
    done = ferrule("config", "trust")
    assert done.returncode == 0
    assert done.stdout.startswith(f"{strange}: trusted")
    assert "providers.evil.api_key, providers.evil.base_url" in done.stdout
    assert not strange.with_name("ran").exists()
    done = ferrule("chat", "-m", "sly", "hi")
    assert (done.returncode, done.stdout, done.stderr) == (0, "hi\n", "")
    assert strange.with_name("ran").exists()
    strange.write_text(f"{strange.read_text()}# more\n")
    done = ferrule("config", "show", "--json")
    assert "is not trusted" in done.stderr
    assert not json.loads(done.stdout)["files"][0]["trusted"]


def test_trust_and_untrust_take_a_file(ferrule: Run, strange: Path) -> None:
    below = strange.with_name("below")
    below.mkdir()
    assert ferrule("config", "trust", str(below / ".." / "ferrule.toml")).returncode == 0
    assert ferrule("config", "untrust").stdout == f"{strange}: no longer trusted\n"
    strange.unlink()
    assert ferrule("config", "untrust", "ferrule.toml").stdout == f"{strange}: was not trusted\n"


@pytest.mark.parametrize(
    ("arguments", "text", "said"),
    [
        ([], None, "there is no ferrule.toml here or above"),
        (["other.toml"], "", "needs no trust"),
        (["below/ferrule.toml"], "", "there is no file"),
        ([], "modl = 1", "unknown field `modl`"),
        ([], "[broken", "ferrule.toml:1"),
    ],
)
def test_what_cannot_be_trusted(ferrule: Run, project: Path, arguments: list[str], text: str | None, said: str) -> None:
    if text is not None:
        (project / "ferrule.toml").write_text(text)
    done = ferrule("config", "trust", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert not (project / "state").exists()


def test_trust_that_cannot_be_kept(ferrule: Run, project: Path) -> None:
    (project / "ferrule.toml").write_text("model = 'openai/x'\n")
    (project / "state").write_text("")
    done = ferrule("config", "trust")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {project}/state")
