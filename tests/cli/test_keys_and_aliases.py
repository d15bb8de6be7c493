"""`ferrule keys`, `ferrule aliases` and `ferrule config init`: what commands write for the user."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import pytest

import ferrule as package
from ferrule.configuration import Configuration, key_store

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from ferrule.testing import Simulator

    Run = Callable[..., subprocess.CompletedProcess[str]]

CANARY = "sk-canary-0123456789"


@pytest.fixture
def configuration(home: Path) -> Path:
    return home / "xdg_config_home" / "ferrule"


def test_a_key_is_kept_and_used(ferrule: Run, ferrule_simulator: Simulator, configuration: Path) -> None:
    done = ferrule("keys", "set", "openai", simulator=None, typed=f"{CANARY}\n")
    assert done.returncode == 0, done.stderr
    assert "keys.json, which only you can read, as there is no keyring" in done.stdout
    assert CANARY not in done.stdout + done.stderr
    assert stat.S_IMODE((configuration / "keys.json").stat().st_mode) == 0o600
    assert CANARY not in (configuration / "config.toml").read_text()
    address = {"OPENAI_BASE_URL": ferrule_simulator.environment()["OPENAI_BASE_URL"]}
    called = ferrule("chat", "-m", "openai/echo", "Hello", simulator=None, **address)
    assert (called.returncode, called.stdout) == (0, "Hello\n"), called.stderr
    assert ferrule_simulator.requests[-1].headers["authorization"] == f"Bearer {CANARY}"
    for arguments in (["keys", "list", "--json"], ["keys"], ["config", "show"], ["providers"], ["config", "check"]):
        shown = ferrule(*arguments, simulator=None)
        assert CANARY not in shown.stdout + shown.stderr
    assert json.loads(ferrule("keys", "list", "--json", simulator=None).stdout)[0]["name"] == "openai"
    refused = ferrule("chat", "-m", "openai/status-401", "Hello", simulator=None, **address)
    assert "keyring openai" in refused.stderr
    assert ferrule("keys", "remove", "openai", simulator=None).returncode == 0
    assert (configuration / "keys.json").read_text() == "{}"
    gone = ferrule("chat", "-m", "openai/echo", "Hello", simulator=None, **address)
    assert (gone.returncode, "OPENAI_API_KEY" in gone.stderr) == (2, True)


def test_a_key_is_typed_unseen(terminal: Callable[..., Any], configuration: Path) -> None:
    screen = terminal("keys", "set", "openai")
    screen.wait_for("Key of openai")
    screen.type(f"{CANARY}\n")
    assert screen.wait_for_end() == 0
    assert CANARY not in screen.seen
    assert "OPENAI_API_KEY is set, and wins" in screen.seen
    assert json.loads((configuration / "keys.json").read_text()) == {"openai": CANARY}


@pytest.mark.parametrize(
    ("provider", "typed", "named"),
    [
        ("openia", CANARY, "did you mean `openai`?"),
        ("openai", "", "no key was given"),
        ("openai", "sk-\N{EN DASH}x", "cannot be a key"),
    ],
)
def test_what_is_no_key_is_not_kept(provider: str, typed: str, named: str, ferrule: Run, configuration: Path) -> None:
    done = ferrule("keys", "set", provider, typed=typed)
    assert (done.returncode, named in done.stderr) == (2, True), done.stderr
    assert not configuration.exists()


def test_comments_stay(ferrule: Run, configuration: Path) -> None:
    configuration.mkdir(parents=True)
    file = configuration / "config.toml"
    file.write_text('# Mine.\nmodel = "openai/echo" # the usual one\n\n[providers.openai]\n# theirs\ntimeouts = 1\n')
    assert ferrule("keys", "set", "openai", typed=CANARY).returncode == 2  # `timeouts` is no key of a provider.
    file.write_text('# Mine.\nmodel = "openai/echo" # the usual one\n\n[providers.openai]\n# theirs\nheaders = {}\n')
    assert ferrule("keys", "set", "openai", typed=CANARY).returncode == 0
    assert ferrule("aliases", "set", "fast", "openai/echo").returncode == 0
    text = file.read_text()
    for kept in ("# Mine.", "# the usual one", "# theirs", 'api_key = {keyring = "openai"}', 'fast = "openai/echo"'):
        assert kept in text


def test_a_provider_with_several_keys_keeps_them(ferrule: Run, configuration: Path) -> None:
    configuration.mkdir(parents=True)
    file = configuration / "config.toml"
    file.write_text('[providers.openai]\napi_keys = ["${A_KEY}"]\n')
    done = ferrule("keys", "set", "openai", typed=CANARY)
    assert done.returncode == 2
    assert "has api_keys for openai; add the key to that list" in done.stderr


class TestKeyStore:
    @pytest.fixture(autouse=True)
    def _no_variables(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    def test_a_keyring_is_used_where_there_is_one(self, monkeypatch: pytest.MonkeyPatch, configuration: Path) -> None:
        kept: dict[tuple[str, str], str] = {}

        class Ring:
            name = "a ring"

            def get_password(self, service: str, name: str) -> str | None:
                return kept.get((service, name))

            def set_password(self, service: str, name: str, key: str) -> None:
                kept[service, name] = key

            def delete_password(self, service: str, name: str) -> None:
                del kept[service, name]

        key_store.write_file({"mine": "old"})
        monkeypatch.setattr(key_store, "keyring", Ring)
        assert key_store.write("mine", CANARY) == "the keyring (a ring)"
        assert kept == {("ferrule", "mine"): CANARY}
        assert key_store.read_file() == {}
        assert key_store.read("mine") == CANARY
        mine = {"base_url": "http://localhost/v1", "api_key": {"keyring": "mine"}}
        read = Configuration.read({"providers": {"mine": mine}})
        assert read.settings()["providers"][-1]["api_key"] is None  # Not before it is needed.
        assert read.fetch("mine")["api_key"] == CANARY
        assert key_store.remove("mine")
        with pytest.raises(package.ConfigError, match="ferrule keys set mine"):
            read.reload().fetch("mine")
        del configuration

    def test_a_file_that_others_can_read_is_refused(self, configuration: Path) -> None:
        key_store.write_file({"mine": CANARY})
        (configuration / "keys.json").chmod(0o644)
        with pytest.raises(key_store.KeyStoreError, match="chmod 600"):
            key_store.read("mine")

    def test_a_stranger_cannot_refer_to_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        key_store.write_file({"openai": CANARY})
        monkeypatch.chdir(tmp_path)
        (tmp_path / "ferrule.toml").write_text(
            "[providers.evil]\nbase_url = 'http://evil.example/v1'\napi_key = { keyring = 'openai' }\n"
        )
        assert "evil" not in Configuration.read().provider_ids()

    @pytest.mark.parametrize("value", [{"keyring": ""}, {"keyring": 1}, {"keyring": "a", "env": "b"}])
    def test_a_wrong_reference(self, value: Any) -> None:
        with pytest.raises(package.ConfigError, match="api_key"):
            Configuration.read({"providers": {"openai": {"api_key": value}}})


def test_aliases(ferrule: Run, ferrule_simulator: Simulator) -> None:
    assert ferrule("aliases", "set", "fast", "openai/echo").returncode == 0
    assert ferrule("chat", "-m", "fast", "Hello").stdout == "Hello\n"
    assert json.loads(ferrule("aliases", "list", "--json").stdout) == {"fast": "openai/echo"}
    assert "did you mean `openai`?" in ferrule("aliases", "set", "slow", "openia/echo").stderr
    assert "did you mean `fast`?" in ferrule("aliases", "remove", "fsat").stderr
    assert ferrule("aliases", "remove", "fast").returncode == 0
    assert json.loads(ferrule("aliases", "list", "--json").stdout) == {}
    del ferrule_simulator


def test_a_configuration_is_begun_once(ferrule: Run, configuration: Path) -> None:
    assert ferrule("config", "init").returncode == 0
    assert ferrule("config", "check").stdout == f"{configuration / 'config.toml'}: no problems\n"
    again = ferrule("config", "init")
    assert (again.returncode, "exists" in again.stderr) == (2, True)


def test_the_starter_is_valid_without_its_comment_signs(tmp_path: Path) -> None:
    from ferrule.cli.config import _STARTER

    keys = [line[2:] for line in _STARTER.splitlines() if "=" in line or line.startswith("# [")]
    file = tmp_path / "ferrule.toml"
    file.write_text("\n".join(keys))
    assert Configuration.read(str(file), as_trusted=True).default_model() == "fast"
