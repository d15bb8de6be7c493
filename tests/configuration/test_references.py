"""Secret references: variables, files, commands. Fetched when needed, and never shown."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

import ferrule
from ferrule.configuration import Configuration, secrets

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ferrule.testing import Simulator

CANARY = "sk-canary-0123456789"


def client(simulator: Simulator, key: Any, **more: Any) -> ferrule.Client:
    fields = {"base_url": simulator.openai_base_url, "api_key": key, **more}
    return ferrule.Client(config={"providers": {"mine": fields}})


def printing(text: str) -> list[str]:
    return [sys.executable, "-c", f"print({text!r})"]


@pytest.mark.parametrize("source", ["env", "text", "default", "file", "list", "words"])
def test_every_source_gives_the_key(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key_sent: Callable[[], str], source: str
) -> None:
    monkeypatch.setenv("SOME_VARIABLE", CANARY)
    file = tmp_path / "key"
    file.write_text(f"{CANARY}\n")
    key = {
        "env": {"env": "SOME_VARIABLE"},
        "text": "${SOME_VARIABLE}",
        "default": "sk-canary-${NOT_SET:-0123456789}",
        "file": {"file": str(file)},
        "list": {"command": printing(CANARY)},
        "words": {"command": f"{sys.executable} -c 'print(\"{CANARY}\")'"},
    }[source]
    ours = client(simulator, key, headers={"x-more": key})
    ours.complete("mine/x", "Hi.")
    assert key_sent() == CANARY
    assert simulator.requests[0].headers["x-more"] == CANARY
    told = [repr(ours), str(ours.registry.providers.get("mine")), repr(ours.registry), repr(ours.registry.providers)]
    configuration = Configuration.read({"providers": {"mine": {"base_url": "http://x", "api_key": key}}})
    assert configuration.fetch("mine")["api_key"] == CANARY
    told.append(repr(configuration.state.vault))
    assert not any(CANARY in text for text in told if source != "default")
    # Every operation needs it.
    assert client(simulator, key).models("mine")
    assert list(client(simulator, key).stream("mine/x", "Hi."))


def test_what_is_not_needed_is_not_fetched(simulator: Simulator, tmp_path: Path) -> None:
    file, log = tmp_path / "key", tmp_path / "log"
    command = [sys.executable, "-c", f"open({str(log)!r}, 'a').write('run.'); print('sk-of-command')"]
    ours = ferrule.Client(
        config={
            "providers": {
                "of-file": {"base_url": simulator.openai_base_url, "api_key": {"file": str(file)}},
                "of-command": {"base_url": simulator.openai_base_url, "api_key": {"command": command}},
                "plain": {"base_url": simulator.openai_base_url},
            }
        }
    )
    ours.complete("plain/x", "Hi.")
    assert not log.exists()
    with pytest.raises(ferrule.ConfigError, match=r"providers\.of-file\.api_key: .*key: No such file"):
        ours.complete("of-file/x", "Hi.")
    file.write_text("sk-of-file")
    # It is looked for again: a missing key is not remembered.
    ours.complete("of-file/x", "Hi.")
    for _ in range(3):
        ours.complete("of-command/x", "Hi.")
    assert log.read_text() == "run.", "each once"


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ({"env": "NOT_SET"}, "the environment variable NOT_SET is not set"),
        ("${NOT_SET}", "the environment variable NOT_SET is not set"),
        ("${NOT SET}", "expected \\${NAME}"),
        ("${NOT_CLOSED", "expected \\${NAME}"),
        ({"file": "/nowhere/key"}, "/nowhere/key: No such file"),
        ({"command": "ferrule-no-such-program"}, "ferrule-no-such-program: No such file"),
        ({"command": "'unbalanced"}, "cannot be split"),
        ({"command": [sys.executable, "-c", f"import sys; sys.exit('{CANARY}')"]}, "ended with status 1"),
        ({"command": [sys.executable, "-c", "print()"]}, "prints nothing"),
        ({"command": [sys.executable, "-c", "print('x' * 100000)"]}, "larger than 65536 bytes"),
        ({"command": [sys.executable, "-c", "import sys; sys.stdout.buffer.write(bytes([255]))"]}, "not UTF-8"),
    ],
)
def test_a_secret_that_cannot_be_had(simulator: Simulator, key: Any, said: str) -> None:
    ours = client(simulator, key)
    with pytest.raises(ferrule.ConfigError, match=said) as failed:
        ours.complete("mine/x", "Hi.")
    assert CANARY not in str(failed.value)
    assert "providers.mine.api_key" in str(failed.value)
    assert simulator.requests == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_secret_is_read_from_regular_files(simulator: Simulator, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero", tmp_path):
        with pytest.raises(ferrule.ConfigError, match="not a regular file"):
            client(simulator, {"file": str(path)}).complete("mine/x", "Hi.")


def test_a_command_has_little_time(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "COMMAND_SECONDS", 0.2)
    # What it started holds its output open as well.
    endless = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])"
    with pytest.raises(ferrule.ConfigError, match=r"took longer than 0\.2 s"):
        client(simulator, {"command": [sys.executable, "-c", endless]}).complete("mine/x", "Hi.")


def test_the_place_of_a_secret_is_named(tmp_path: Path) -> None:
    path = tmp_path / "ferrule.toml"
    path.write_text("[providers.mine]\nbase_url = 'http://127.0.0.1:9'\napi_key = '${NOT_SET}'\n")
    with pytest.raises(ferrule.ConfigError, match=rf"{path}:3:1: providers\.mine\.api_key: the environment variable"):
        ferrule.Client(config=path).complete("mine/x", "Hi.")


def test_escapes_and_plain_texts() -> None:
    vault = secrets.Vault({"A": "1", "EMPTY": ""})
    for text, value in [
        ("plain $A {A}", "plain $A {A}"),
        ("$${A}", "${A}"),
        ("x${A}y${A}z", "x1y1z"),
        ("${EMPTY:-other}", "other"),
        ("${A:-other}", "1"),
        ("${B:-}", ""),
    ]:
        assert vault.value(text, fetch=False) == value


def test_what_is_shown_of_a_secret() -> None:
    shown = secrets.shown
    assert shown(CANARY) == "***"
    assert shown("${NAME}") == "${NAME}"
    assert shown(f"${{NAME:-{CANARY}}}") == "***"
    assert shown({"env": "NAME"}) == "${NAME}"
    assert shown({"file": "/run/secrets/x"}) == "file /run/secrets/x"
    assert shown({"command": ["op", CANARY]}) == "command op ..."
    assert shown({"command": f"op {CANARY}"}) == "command op ..."


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_fetches_for_itself(simulator: Simulator, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(CANARY)
    ours = client(simulator, {"file": str(file)})
    child = os.fork()
    if child == 0:
        status = 1
        try:
            ours.registry.aliases.register("fast", "mine/x")
            status = 0 if ours.complete("fast", "Hi.").text == "Yes." else 2
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert ours.complete("mine/x", "Hi.").text == "Yes."
    with pytest.raises(ferrule.ConfigError):
        ours.registry.resolve("fast")


async def test_in_a_loop(simulator: Simulator) -> None:
    fields: Any = {"base_url": simulator.openai_base_url, "api_key": {"command": printing(CANARY)}}
    async with ferrule.AsyncClient(config={"providers": {"mine": fields}}) as ours:
        assert (await ours.complete("mine/x", "Hi.")).text == "Yes."
    assert CANARY in json.dumps(simulator.requests[0].headers)
