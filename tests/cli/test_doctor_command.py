"""`ferrule doctor`: what it finds, and what it never shows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import ferrule as package
from ferrule.cli.doctor import _without_credentials

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from ferrule.testing import Simulator

    Run = Callable[..., subprocess.CompletedProcess[str]]


def nowhere(simulator: Simulator) -> dict[str, str]:
    """Addresses at which nobody is, for tests that must not reach the real ones."""
    return {"OPENAI_BASE_URL": simulator.refused_url, "ANTHROPIC_BASE_URL": simulator.refused_url}


def examine(done: subprocess.CompletedProcess[str]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    report = json.loads(done.stdout)
    return report, {one["provider"]: one for one in report["providers"]}


def test_all_is_well(ferrule: Run) -> None:
    done = ferrule("doctor", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    report, providers = examine(done)
    assert report["version"] == package.__version__
    assert "abi3" in report["build"] or report["build"]
    assert report["python"]
    assert report["platform"]
    assert report["proxy"] == {}
    for one in providers.values():
        assert one["has_key"]
        assert one["reachable"]
        assert one["key_accepted"]
        assert one["models"] > 5


def test_no_keys_and_nobody_there(ferrule: Run, ferrule_simulator: Simulator) -> None:
    done = ferrule("doctor", "--json", simulator=None, **nowhere(ferrule_simulator))
    assert (done.returncode, done.stderr) == (0, "")
    _, providers = examine(done)
    for name, one in providers.items():
        assert one["variable"] == f"{name.upper()}_API_KEY"
        assert not one["has_key"]
        assert not one["reachable"]
        assert one["key_accepted"] is None


def test_without_a_key_a_server_is_still_found(ferrule: Run, ferrule_simulator: Simulator) -> None:
    there = {"OPENAI_BASE_URL": ferrule_simulator.openai_base_url}
    _, providers = examine(ferrule("doctor", "--json", simulator=None, **(nowhere(ferrule_simulator) | there)))
    assert providers["openai"]["reachable"]
    assert not providers["anthropic"]["reachable"]


def test_a_key_that_cannot_be_used_is_1(ferrule: Run, ferrule_simulator: Simulator) -> None:
    done = ferrule("doctor", "--json", **nowhere(ferrule_simulator))
    assert done.returncode == 1
    _, providers = examine(done)
    assert not providers["openai"]["reachable"]
    assert providers["openai"]["problem"]


def test_a_key_that_is_refused_is_1(ferrule: Run) -> None:
    done = ferrule("doctor", "--json", OPENAI_API_KEY="sk-invalid")
    assert done.returncode == 1
    _, providers = examine(done)
    assert providers["openai"]["reachable"]
    assert providers["openai"]["key_accepted"] is False
    assert "401" in providers["openai"]["problem"]
    assert providers["anthropic"]["key_accepted"] is True


def test_providers_of_the_configuration_are_examined_too(
    ferrule: Run, ferrule_simulator: Simulator, tmp_path: Path
) -> None:
    file = tmp_path / "ferrule.toml"
    file.write_text(
        f'[providers.mine]\nbase_url = "{ferrule_simulator.openai_base_url}"\napi_key = "${{MINE_KEY}}"\n'
        f'[providers.open]\nbase_url = "{ferrule_simulator.openai_base_url}"\n'
    )
    done = ferrule("doctor", "--json", FERRULE_CONFIG=str(file), AWS_REGION="eu-west-1")
    _, providers = examine(done)
    # A region in the environment says nothing of Bedrock.
    assert set(providers) == {"openai", "anthropic", "mine", "open"}
    mine = providers["mine"]
    assert not mine["has_key"]
    assert mine["missing"] == f"{file}:3:1: providers.mine.api_key: the environment variable MINE_KEY is not set"
    assert providers["open"]["models"] > 5
    shown = "".join(ferrule("doctor", FERRULE_CONFIG=str(file)).stdout.split())
    assert "MINE_KEYisnotset" in shown
    assert "openconfiguredreachable" in shown

    _, providers = examine(ferrule("doctor", "--json", FERRULE_CONFIG=str(file), MINE_KEY="key-of-mine"))
    assert providers["mine"] | {"url": ""} == {
        "provider": "mine",
        "url": "",
        "variable": "",
        "has_key": True,
        "missing": None,
        "key_source": providers["mine"]["key_source"],
        "reachable": True,
        "key_accepted": True,
        "models": providers["mine"]["models"],
        "problem": "",
        "keys": [],
    }


def test_it_is_free(ferrule: Run, ferrule_simulator: Simulator) -> None:
    ferrule("doctor")
    assert {(request.method, request.path) for request in ferrule_simulator.requests} == {("GET", "/v1/models")}


def test_for_people(ferrule: Run) -> None:
    done = ferrule("doctor")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert f"{package.__version__} (" in done.stdout
    assert "OPENAI_API_KEY is set" in done.stdout
    assert "reachable" in done.stdout
    assert "the operating system's" in done.stdout


def test_secrets_are_never_shown(ferrule: Run, ferrule_simulator: Simulator) -> None:
    host = ferrule_simulator.refused_url.removeprefix("http://")
    proxy = f"http://user:proxy-password@{host}"
    for form in ([], ["--json"]):
        done = ferrule(
            "doctor",
            *form,
            OPENAI_API_KEY="sk-very-secret-1234",
            HTTPS_PROXY=proxy,
            http_proxy=proxy,
            ANTHROPIC_BASE_URL=f"http://user:url-password@{host}",
        )
        shown = done.stdout + done.stderr
        for secret in ("very-secret", "proxy-password", "url-password"):
            assert secret not in shown
        assert f"***@{host}" in "".join(shown.split())


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://user:word@host:80/", "http://***@host:80/"),
        ("user:word@host", "***@host"),
        ("http://us?er:wo?rd@host", "http://***@host"),
        ("http://a@b:word@host/?key=word", "http://***@host/?***"),
        ("socks5://host:1", "socks5://host:1"),
    ],
)
def test_what_is_shown_of_a_proxy(url: str, shown: str) -> None:
    assert _without_credentials(url) == shown


def test_certificates(ferrule: Run, tmp_path: Any) -> None:
    report, _ = examine(ferrule("doctor", "--json", SSL_CERT_FILE=str(tmp_path / "absent.pem")))
    assert report["certificates"] == {"SSL_CERT_FILE": {"path": str(tmp_path / "absent.pem"), "exists": False}}


def test_variables_that_only_others_read_are_pointed_out(ferrule: Run) -> None:
    done = ferrule("doctor", REQUESTS_CA_BUNDLE="/etc/ssl/company.pem")
    assert "REQUESTS_CA_BUNDLE is not read; SSL_CERT_FILE is" in done.stdout


def test_on_a_terminal(terminal: Callable[..., Any]) -> None:
    screen = terminal("doctor", columns=90)
    screen.wait_for("ferrule")
    screen.wait_for("anthropic")
    assert screen.wait_for_end() == 0


def test_each_of_several_keys_is_tried(ferrule: Run, tmp_path: Path) -> None:
    file = tmp_path / "ferrule.toml"
    good = tmp_path / "key"
    good.write_text("sk-good-0123456789")
    file.write_text(f"[providers.openai]\napi_keys = ['sk-canary-0123456789', {{ file = '{good}' }}]\n")
    done = ferrule("doctor", "--json", FERRULE_CONFIG=str(file), ANTHROPIC_API_KEYS="sk-invalid, sk-other-0123456789")
    _, providers = examine(done)
    assert [key["accepted"] for key in providers["openai"]["keys"]] == [True, True]
    assert [key["source"] for key in providers["openai"]["keys"]] == ["***", f"file {good}"]
    assert [key["accepted"] for key in providers["anthropic"]["keys"]] == [False, True]
    assert done.returncode == 1, "a key is refused"
    shown = ferrule("doctor", FERRULE_CONFIG=str(file), ANTHROPIC_API_KEYS="sk-invalid, sk-other-0123456789")
    assert "anthropic: key 1 of 2 (${ANTHROPIC_API_KEYS}[0]): " in shown.stdout
    for text in (done.stdout, shown.stdout, shown.stderr):
        assert "sk-canary" not in text
        assert "sk-good" not in text
        assert "sk-other" not in text


def test_where_a_key_comes_from(ferrule: Run) -> None:
    assert ferrule("keys", "set", "groq", typed="sk-kept").returncode == 0
    _, providers = examine(ferrule("doctor", "--json"))
    assert providers["groq"]["key_source"] == "keyring groq"
    assert providers["openai"]["key_source"] == "OPENAI_API_KEY"
    shown = "".join(ferrule("doctor").stdout.split())
    assert "groqkeyringgroq" in shown
    assert "GROQ_API_KEYisset" not in shown
