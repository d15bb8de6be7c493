"""Configuration layers: files, environment and arguments together, and the source of each value."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

import ferrule
from ferrule.configuration import Configuration, files, trust

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ferrule.testing import Simulator


def source(configuration: Configuration, *path: str) -> str:
    return str(configuration.source(path))


def test_each_layer_wins_over_those_below(project: Path, user: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (user / "config.toml").write_text("model = 'openai/user'\nmax_retries = 7\ntimeout = 3\n")
    retries = "max_retries"
    assert Configuration.read().state.merged.tree == {"model": "openai/user", retries: 7, "timeouts": {"total": 3}}
    (project / "ferrule.toml").write_text("model = 'openai/project'\n\n[timeouts]\nconnect = 1\n")
    configuration = Configuration.read()
    assert configuration.state.merged.tree["model"] == "openai/project"
    assert configuration.state.merged.tree["timeouts"] == {"total": 3, "connect": 1}
    assert source(configuration, "model") == f"{project}/ferrule.toml:1"
    assert source(configuration, "timeouts", "connect") == f"{project}/ferrule.toml:4"
    assert source(configuration, "timeouts", "total") == f"{user}/config.toml:3"
    monkeypatch.setenv("FERRULE_MODEL", "openai/environment")
    monkeypatch.setenv("FERRULE_MAX_RETRIES", "1")
    configuration = Configuration.read()
    assert configuration.settings()["model"] == "openai/environment"
    assert configuration.settings()[retries] == 1
    assert source(configuration, "model") == "FERRULE_MODEL"
    configuration = Configuration.read(None, {"model": "openai/argument"})
    assert configuration.settings()["model"] == "openai/argument"
    assert source(configuration, "model") == "arguments"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ferrule.toml", "[providers.mine]\nbase_url = 'http://127.0.0.1:9/v1'\n"),
        ("ferrule.json", '{"providers": {"mine": {"base_url": "http://127.0.0.1:9/v1"}}}'),
        ("ferrule.yaml", "providers:\n  mine:\n    base_url: http://127.0.0.1:9/v1\n"),
        ("ferrule.yml", "providers: {mine: {base_url: 'http://127.0.0.1:9/v1'}}\n"),
    ],
)
def test_every_format_is_found_here_or_above(
    project: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    (project / name).write_text(text)
    below = project / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert "mine" in ferrule.Client().registry.providers
    assert "mine" not in ferrule.Client(config=False).registry.providers


def test_two_files_in_one_place_are_refused(project: Path) -> None:
    for name in ("ferrule.toml", "ferrule.yaml"):
        (project / name).write_text("")
    with pytest.raises(ferrule.ConfigError, match=r"ferrule\.toml and ferrule\.yaml"):
        ferrule.Client()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no owners here")
def test_a_file_above_that_belongs_to_another_is_not_read(
    project: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (project / "ferrule.toml").write_text("model = 'openai/theirs'\n")
    below = project / "below"
    below.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: os.stat(project).st_uid + 1)
    if os.stat(project).st_uid == 0:
        os.chown(project / "ferrule.toml", 12345, 12345)
    assert Configuration.read().settings()["model"] == "openai/theirs", "the working directory is the caller's choice"
    monkeypatch.chdir(below)
    for _ in range(3):
        assert Configuration.read().settings()["model"] is None
    assert caplog.text.count("belongs to another user") == 1


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="links are followed here")
def test_a_link_above_is_not_read(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # Whoever made it, what it leads to is ours: its owner says nothing.
    target = tmp_path / "mine.toml"
    target.write_text("model = 'openai/x'\n")
    (project / "ferrule.toml").symlink_to(target)
    below = project / "below"
    below.mkdir()
    assert Configuration.read().settings()["model"] == "openai/x"
    monkeypatch.chdir(below)
    assert Configuration.read().settings()["model"] is None
    assert "is a symbolic link" in caplog.text


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no owners here")
def test_the_owner_is_looked_up_on_what_is_read(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "ferrule.toml").write_text("model = 'openai/x'\n")
    file = files.File("project", str(project / "ferrule.toml"), files.ABOVE)
    assert files.read(file).tree == {"model": "openai/x"}
    real = os.fstat

    def another(descriptor: int) -> os.stat_result:
        # As if the file were another one than the one that was found.
        found = list(real(descriptor))
        found[4] = os.geteuid() + 12345
        return os.stat_result(found)

    monkeypatch.setattr(os, "fstat", another)
    with pytest.raises(ferrule.ConfigError, match="belongs to another user"):
        files.read(file)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_in_place_of_a_file_does_not_block(project: Path) -> None:
    os.mkfifo(project / "ferrule.toml")
    for origin in (files.HERE, files.ABOVE):
        with pytest.raises(ferrule.ConfigError, match="not a regular file"):
            files.read(files.File("project", str(project / "ferrule.toml"), origin))
    assert Configuration.read().found() == []


@pytest.mark.skipif(sys.platform == "win32", reason="the directories are others there")
def test_without_a_home_directory_the_working_directory_is_no_home(
    stranger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(variable, ".")
    monkeypatch.setenv("HOME", ".")
    directory = stranger / ".config" / "ferrule"
    directory.mkdir(parents=True)
    (directory / "config.toml").write_text("model = 'openai/theirs'\n")
    assert Configuration.read().found() == []
    assert trust.record("ferrule.toml") is None
    with pytest.raises(ferrule.ConfigError, match="no home directory"):
        trust.trust("ferrule.toml", "")


def test_a_named_file_is_read_instead(project: Path, user: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "ferrule.toml").write_text("model = 'openai/project'\n")
    (user / "config.toml").write_text("max_retries = 9\n")
    other = project / "other.json"
    other.write_text('{"model": "openai/other"}')
    for configuration in (Configuration.read(other), Configuration.read(str(other))):
        assert configuration.state.merged.tree == {"model": "openai/other"}
    monkeypatch.setenv("FERRULE_CONFIG", str(other))
    assert Configuration.read().state.merged.tree == {"model": "openai/other"}
    monkeypatch.setenv("FERRULE_CONFIG", "nowhere.toml")
    with pytest.raises(ferrule.ConfigError, match=r"FERRULE_CONFIG: there is no file nowhere\.toml"):
        Configuration.read()
    assert Configuration.read({"model": "openai/dict"}).state.merged.tree == {"model": "openai/dict"}
    for wrong in (7, True, ["a"]):
        with pytest.raises(ferrule.ConfigError, match="config: expected"):
            ferrule.Client(config=wrong)  # type: ignore[arg-type]


def test_providers_variables_win_over_files_and_lose_to_arguments(
    project: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch, key_sent: Callable[[], str]
) -> None:
    (project / "ferrule.toml").write_text(
        f"[providers.openai]\nbase_url = '{simulator.openai_base_url}'\n"
        "api_key = 'of-file'\nheaders = {x-team = 'a'}\n"
    )
    ferrule.Client().complete("openai/gpt", "Hi.")
    assert key_sent() == "of-file"
    monkeypatch.setenv("OPENAI_API_KEY", "of-environment")
    ferrule.Client().complete("openai/gpt", "Hi.")
    assert key_sent() == "of-environment"
    client = ferrule.Client(providers={"openai": {"api_key": "of-argument", "headers": {"x-more": "b"}}})
    client.complete("openai/gpt", "Hi.")
    assert key_sent() == "of-argument"
    headers = simulator.requests[-1].headers
    assert (headers["x-team"], headers["x-more"]) == ("a", "b"), "tables are joined"


def test_a_new_provider_is_three_lines(project: Path, simulator: Simulator, key_sent: Callable[[], str]) -> None:
    (project / "ferrule.toml").write_text(
        f"[providers.new]\nbase_url = '{simulator.openai_base_url}'\napi_key = 'sk-new'\n"
    )
    reply = ferrule.Client().complete("new/model", "Hi.")
    assert (reply.text, reply.provider, key_sent()) == ("Yes.", "new", "sk-new")


def test_names_of_models(project: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "ferrule.toml").write_text(
        f"""
model = "fast"
[aliases]
fast = "one"
one = "mine/small"
"big-*" = "mine/large-*"
[providers.mine]
base_url = "{simulator.openai_base_url}"
"""
    )
    client = ferrule.Client()

    def asked(model: str | None) -> Any:
        client.complete(model, "Hi.")
        return simulator.requests[-1].model

    assert [asked(model) for model in (None, "fast", "big-2", "mine:other")] == ["small", "small", "large-2", "other"]
    assert client.registry.resolve() == "mine/small"
    assert list(client.stream(None, "Hi."))
    monkeypatch.setenv("FERRULE_MODEL", "mine/from-environment")
    assert ferrule.Client().registry.resolve() == "mine/from-environment"
    assert ferrule.Client(model="mine/argument", aliases={"x": "mine/y"}).registry.resolve("x") == "mine/y"


async def test_names_of_models_in_a_loop(simulator: Simulator) -> None:
    async with ferrule.AsyncClient(
        config=False, model="fast", aliases={"fast": "openai/gpt"}, providers=simulator.providers()
    ) as client:
        assert (await client.complete(None, "Hi.")).text == "Yes."
        assert [event async for event in client.stream(None, "Hi.")]


def test_drop_params_is_a_default(simulator: Simulator) -> None:
    client = simulator.client(drop_params=True)
    with pytest.warns(UserWarning, match="seed"):
        client.complete("anthropic/claude", "Hi.", seed=1)
    with pytest.raises(ferrule.UnsupportedError):
        client.complete("anthropic/claude", "Hi.", seed=1, drop_params=False)


def test_addresses_with_placeholders(monkeypatch: pytest.MonkeyPatch) -> None:
    def address(provider: str, **fields: Any) -> Any:
        settings = Configuration.read(False, {"providers": {provider: fields}}).settings()
        (found,) = [one for one in settings["providers"] if one["id"] == provider]
        return found["missing"] or found["base_url"]

    assert address("azure", resource="mine") == "https://mine.openai.azure.com/openai/v1"
    assert "set AZURE_OPENAI_RESOURCE or AZURE_RESOURCE_NAME or `resource`" in address("azure")
    monkeypatch.setenv("AZURE_OPENAI_RESOURCE", "theirs")
    assert address("azure").startswith("https://theirs.")
    assert address("openai", region="eu") == "https://eu.api.openai.com/v1"
    assert "there is no region 'mars'; it has eu" in address("openai", region="mars")
    assert address("own", base_url="http://{account}.x/v1", account="a") == "http://a.x/v1"
    monkeypatch.delenv("AZURE_OPENAI_RESOURCE")
    with pytest.raises(ferrule.ConfigError, match="AZURE_OPENAI_RESOURCE"):
        ferrule.Client(config=False).complete("azure/gpt", "Hi.")


def test_a_key_is_for_the_first_provider_that_looks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk")
    assert Configuration.read(False).usable() == ["openai"]
    assert "openai-responses" in ferrule.Client(config=False).registry.providers
