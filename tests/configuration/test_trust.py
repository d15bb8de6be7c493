"""Trust in configuration files that are found: what they may set, and how they come to be trusted."""

from __future__ import annotations

import json
import logging
import os
import stat
import sys
from typing import TYPE_CHECKING, Any

import pytest

import ferrule
from ferrule.configuration import Configuration, trust
from ferrule.configuration.schema import SCHEMA, Field
from ferrule.configuration.untrusted import HARMLESS
from ferrule.configuration.watch import Watch
from ferrule.testing import Simulator, rule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAY_BE_SET = {
    "model",
    "timeout",
    "timeouts.connect",
    "timeouts.first_byte",
    "timeouts.idle",
    "timeouts.total",
    "max_retries",
    "aliases.*",
}
"""All that a file may set that nobody trusts. Written down here as well: what is added has to be added twice."""

EXAMPLES = {"model": '"openai/gpt"', "max_retries": "5"}
"""Values for keys whose examples lead nowhere, or are the defaults."""

COMPLETE = {
    "limits": {
        "": "[limits.<id>]\ntokens_per_day = 9\n",
        "match": "[limits.<id>]\ntokens_per_day = 9\nscope = 'metadata.team'\n",
        "tokens_per_day": "[limits.<id>]\n",
    },
    "budgets": {
        "": "[budgets.<id>]\namount = 9\n",
        "amount": "[budgets.<id>]\n",
        "match": "[budgets.<id>]\namount = 9\nscope = 'metadata.team'\n",
        "values": "[budgets.<id>]\namount = 9\nscope = 'metadata.team'\n",
        "mode": "[budgets.<id>]\namount = 9\ndegrade_to = 'openai/x'\n",
        "degrade_to": "[budgets.<id>]\namount = 9\nmode = 'degrade'\n",
        "at": "[budgets.<id>]\namount = 9\nmode = 'degrade'\ndegrade_to = 'openai/x'\n",
    },
}
"""What a limit or a budget needs besides a key to be one, by the key."""

CANARY = "sk-canary-0123456789"


def leaves(field: Field, *path: str) -> Iterator[tuple[str, str]]:
    """Every key of the schema, and an example of a file that sets it and nothing else."""
    if field.kind == "section":
        for name, inner in field.fields.items():
            yield from leaves(inner, *path, name)
    elif field.item and field.item.fields:
        for identifier in ("openai", "new"):
            for key, text in leaves(field.item, *path, identifier):
                yield key.replace(f".{identifier}.", ".*."), text
    else:
        table = f"[{'.'.join(path[:-1])}]\n" if path[:-1] else ""
        if path[0] == "groups" and path[-1] != "targets":
            # A group without targets is an error wherever it is from.
            of_group = f"[{'.'.join(path[:2])}]\ntargets = ['openai/x']\n"
            table = of_group if len(path) == 3 else of_group + table
        if path[0] in ("limits", "budgets"):
            table = COMPLETE[path[0]].get(path[2], COMPLETE[path[0]][""]).replace("<id>", path[1]) + (
                f"[{'.'.join(path[:-1])}]\n" if len(path) > 3 else ""
            )
        key = ".".join((*path, "*") if field.item else path)
        yield key, f"{table}{path[-1]} = {EXAMPLES.get(key, field.example)}\n"


KEYS = list(leaves(SCHEMA))


@pytest.fixture
def evil() -> Iterator[Simulator]:
    with Simulator([rule("Thank you for the key.")]) as simulator:
        yield simulator


@pytest.fixture
def ours(user: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own file, which sends calls to `simulator`; the user's key is `CANARY`."""
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    file = user / "config.toml"
    file.write_text(f"model = 'openai/mine'\n[providers.openai]\nbase_url = '{simulator.openai_base_url}'\n")
    return file


def found(configuration: Configuration) -> Any:
    """What the project's file came to."""
    (layer,) = [layer for layer in configuration.state.layers if layer.name == "project"]
    return layer


def effect(configuration: Configuration) -> list[Any]:
    """The paths of all that the project's file sets."""
    return [path for path in configuration.state.merged.sources if configuration.source(path).layer == "project"]


def trusted(file: Path) -> None:
    trust.trust(str(file), trust.digest(file.read_bytes()))


def ignored(configuration: Configuration) -> set[str]:
    return {".".join(map(str, path)) for path in found(configuration).ignored}


def test_the_schema_has_the_keys_that_this_file_walks() -> None:
    assert {".".join(path) for path in HARMLESS} == MAY_BE_SET <= {key for key, _ in KEYS}
    assert {"providers.*.api_key", "providers.*.command", "ca_file", "drop_params", "models.*"} <= {k for k, _ in KEYS}


@pytest.mark.parametrize(("key", "text"), KEYS, ids=[f"{key}-{number}" for number, (key, _) in enumerate(KEYS)])
def test_every_key_of_the_schema(stranger: Path, caplog: pytest.LogCaptureFixture, key: str, text: str) -> None:
    before = Configuration.read().settings() | {"vault": None}
    file = stranger / "ferrule.toml"
    file.write_text(text)
    configuration = Configuration.read()
    after = configuration.settings() | {"vault": None}
    if key in MAY_BE_SET:
        assert effect(configuration)
        assert after != before
        assert not found(configuration).ignored
        assert not caplog.text
    else:
        assert effect(configuration) == []
        assert after == before
        assert "new" not in configuration.provider_ids()
        (record,) = caplog.records
        assert record.getMessage().startswith(f"{file} is not trusted")
        assert "ferrule config trust" in record.getMessage()
        assert found(configuration).ignored
    # The same file has an effect where it is trusted: the walk itself is right.
    if "new" not in text or "base_url" in text:
        trusted(file)
        assert effect(Configuration.read())


@pytest.mark.parametrize(
    "text",
    [
        "model = '${SECRET}'",
        "model = 'openai/${SECRET}'",
        "model = 'openai/${NOT_SET:-x}'",
        "model = {env = 'SECRET'}",
        "[aliases]\nfast = 'openai/${SECRET}'",
        "[aliases]\nfast = {env = 'SECRET'}",
        "[aliases]\nfast = {file = '/etc/hostname'}",
        "[aliases]\nfast = {command = ['touch', 'ran']}",
        "timeout = {command = ['touch', 'ran']}",
        "max_retries = '${SECRET}'",
        "[timeouts.total]\nfile = '/etc/hostname'",
        "modl = 1",
        "timeouts = 5",
        "aliases = 'x'",
        "providers = ['x']",
        "[a.b.c]\nd = 1",
    ],
)
def test_what_refers_to_something_or_is_unknown_is_ignored(
    stranger: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    monkeypatch.setenv("SECRET", CANARY)
    (stranger / "ferrule.toml").write_text(f"{text}\n")
    client = ferrule.Client()
    assert client.registry.default_model is None
    assert client.registry.aliases.list() == []
    assert effect(Configuration.read()) == []
    assert len(caplog.records) == 1, "once, whoever reads it"
    assert CANARY not in caplog.text
    assert not (stranger / "ran").exists()


def test_a_strangers_address_gets_no_key(
    stranger: Path, ours: Path, simulator: Simulator, evil: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    file = stranger / "ferrule.toml"
    file.write_text(
        f"""
max_retries = 0
[providers.openai]
base_url = "{evil.openai_base_url}"
api_key = {{ command = ["{sys.executable}", "-c", "open('ran', 'w')"] }}
headers = {{ x-evil = "${{OPENAI_API_KEY}}" }}
[providers.evil]
base_url = "{evil.openai_base_url}"
[aliases]
fast = "openai/gpt"
sly = "evil/gpt"
"""
    )
    below = stranger / "below"
    below.mkdir()
    for directory in (stranger, below):
        os.chdir(directory)
        client = ferrule.Client()
        assert client.complete("fast", "Hi.").text == "Yes."
        assert client.complete(None, "Hi.").text == "Yes."
        assert simulator.requests[-1].headers["authorization"] == f"Bearer {CANARY}"
        assert "x-evil" not in simulator.requests[-1].headers
        for name in ("sly", "evil/gpt"):
            with pytest.raises(ferrule.ConfigError):
                client.complete(name, "Hi.")
    assert evil.requests == []
    assert not (stranger / "ran").exists()
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    for said in (str(file), "providers.openai.base_url", "aliases.sly", "ferrule config trust", "FERRULE_CONFIG"):
        assert said in record.getMessage()
    assert found(Configuration.read()).trusted is False
    trusted(file)
    assert ferrule.Client().complete("sly", "Hi.").text == "Thank you for the key."


async def test_a_strangers_address_gets_no_key_in_a_loop(stranger: Path, ours: Path, evil: Simulator) -> None:
    (stranger / "ferrule.toml").write_text(f"[providers.openai]\nbase_url = '{evil.openai_base_url}'\n")
    async with ferrule.AsyncClient() as client:
        assert (await client.complete("openai/gpt", "Hi.")).text == "Yes."
    assert evil.requests == []


@pytest.mark.parametrize("how", ["variable", "argument"])
def test_a_file_that_is_named_is_read_whole(
    stranger: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    (stranger / "ferrule.toml").write_text("[providers.mine]\nbase_url = 'http://127.0.0.1:9/v1'\n")
    if how == "variable":
        monkeypatch.setenv("FERRULE_CONFIG", "ferrule.toml")
    client = ferrule.Client(config="ferrule.toml" if how == "argument" else None)
    assert "mine" in client.registry.providers
    assert not caplog.records


def test_the_users_own_file_needs_no_trust(stranger: Path, ours: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert "openai" in Configuration.read().usable()
    assert not caplog.records


def test_names_lead_to_providers_that_are_there(stranger: Path, ours: Path) -> None:
    ours.write_text(f"{ours.read_text()}[aliases]\nprivate = 'openai/private'\nsame = 'openai/same'\n")
    (stranger / "ferrule.toml").write_text(
        """
model = "mine/x"
[aliases]
fast = "OpenAI/gpt"
faster = "fast"
through = "private"
"big-*" = "anthropic/claude-*"
nowhere = "mine/x"
beyond = "nowhere"
round = "robin"
robin = "round"
private = "anthropic/claude"
same = "openai/same"
program = "cursor/gpt"
"openai/gpt" = "anthropic/claude"
"openai:*" = "anthropic/*"
[providers.mine]
base_url = "http://127.0.0.1:9"
"""
    )
    configuration = Configuration.read()
    assert configuration.section("aliases") == {
        "fast": "OpenAI/gpt",
        "faster": "fast",
        "through": "private",
        "big-*": "anthropic/claude-*",
        "private": "openai/private",
        "same": "openai/same",
    }
    assert configuration.default_model() == "openai/mine"
    assert {"model", "aliases.private", "aliases.program", "providers.mine.base_url"} <= ignored(configuration)
    assert ferrule.Client().registry.resolve("through") == "openai/private"


def test_a_strangers_names_do_not_break_those_of_the_user(stranger: Path, ours: Path) -> None:
    ours.write_text(f"{ours.read_text()}[aliases]\na = 'openai/x'\n'b-*' = 'a'\n")
    (stranger / "ferrule.toml").write_text("[aliases]\nc = 'b-1'\n'b-c*' = 'c'\nd = 'b-c'\n")
    assert ferrule.Client().registry.resolve("b-1") == "openai/x"
    ours.write_text("[aliases]\na = 'nobody/x'\n")
    with pytest.raises(ferrule.ConfigError, match="nobody"):
        ferrule.Client()


def test_a_value_that_is_wrong_is_an_error_still(stranger: Path) -> None:
    file = stranger / "ferrule.toml"
    for text, said in (("timeout = 0", "timeout: expected a number"), ("[aliases", "")):
        file.write_text(text)
        with pytest.raises(ferrule.ConfigError, match=rf"ferrule\.toml:1:\d+: {said}"):
            ferrule.Client()


def test_what_a_warning_says_is_one_line_and_bounded(stranger: Path, caplog: pytest.LogCaptureFixture) -> None:
    names = [f"evil\n\x1b[31mERROR fake{number}" for number in range(40)]
    (stranger / "ferrule.json").write_text(json.dumps(dict.fromkeys(names, 1) | {"x" * 5000: 1}))
    ferrule.Client()
    (record,) = caplog.records
    assert record.getMessage().isprintable()
    assert len(record.getMessage()) < 2000
    assert "and 33 more" in record.getMessage()


@pytest.mark.timeout(10)
def test_many_names_that_lead_nowhere_do_not_hold_up_a_client(stranger: Path) -> None:
    chain = "\n".join(f"a{number} = 'a{number + 1}'" for number in range(40_000))
    (stranger / "ferrule.toml").write_text(f"[aliases]\n{chain}\n")
    assert ferrule.Client().registry.aliases.list() == []


def test_trust_is_of_path_and_content(stranger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = stranger / "ferrule.toml"
    text = "[providers.mine]\nbase_url = 'http://127.0.0.1:9'\n"
    file.write_text(text)

    def has_effect() -> bool:
        return "mine" in Configuration.read().provider_ids()

    trusted(file)
    assert has_effect()
    file.write_text(f"{text}# more\n")
    assert not has_effect(), "another content"
    file.write_text(text)
    assert has_effect()
    monkeypatch.setenv("FERRULE_CONFIG", "")
    other = tmp_path / "other"
    other.mkdir()
    (other / "ferrule.toml").write_text(text)
    monkeypatch.chdir(other)
    assert not has_effect(), "another place"
    link = tmp_path / "link"
    link.symlink_to(stranger)
    monkeypatch.chdir(link)
    assert has_effect(), "the same place by another way"
    assert trust.untrust(str(link / "ferrule.toml"))
    assert not has_effect()
    assert not trust.untrust(str(file))


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are others there")
def test_records_are_the_users_own(stranger: Path, tmp_path: Path) -> None:
    file = stranger / "ferrule.toml"
    file.write_text("drop_params = true\n")
    trusted(file)
    where = trust.record(str(file))
    assert where is not None
    assert where.startswith(f"{tmp_path}/state/ferrule/")
    assert stat.S_IMODE(os.stat(where).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(os.path.dirname(where)).st_mode) == 0o700
    assert Configuration.read().settings()["drop_params"]
    os.chmod(where, 0o620)
    assert not Configuration.read().settings()["drop_params"], "somebody else may have written it"
    trusted(file)
    assert Configuration.read().settings()["drop_params"]
    moved = tmp_path / "record"
    os.rename(where, moved)
    os.symlink(moved, where)
    assert not Configuration.read().settings()["drop_params"]
    os.remove(where)
    moved.rename(where)
    assert Configuration.read().settings()["drop_params"]
    for broken in ("", "{}", "[]", "\xff", f'{{"path": "{file}"}}'):
        with open(where, "w", encoding="latin-1") as written:
            written.write(broken)
        assert not Configuration.read().settings()["drop_params"]


def test_a_record_of_another_user_counts_for_nothing(stranger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not hasattr(os, "geteuid"):
        pytest.skip("files have no owners here")
    file = stranger / "ferrule.toml"
    file.write_text("drop_params = true\n")
    trusted(file)
    user = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    assert not Configuration.read().settings()["drop_params"]


def test_reload_and_watch_keep_the_rule(
    stranger: Path, ours: Path, evil: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    client = ferrule.Client()
    watch = Watch(client.registry, 3600.0)

    def told() -> str:
        assert watch.poll()
        return client.complete("openai/gpt", "Hi.").text

    file = stranger / "ferrule.toml"
    file.write_text(f"[providers.openai]\nbase_url = '{evil.openai_base_url}'\n")
    assert told() == "Yes."
    assert "providers.openai.base_url" in caplog.text
    client.reload()
    assert client.complete("openai/gpt", "Hi.").text == "Yes."
    trusted(file)
    assert told() == "Thank you for the key.", "trust is seen by a client that watches"
    file.write_text(f"[providers.openai]\nbase_url = '{evil.openai_base_url}'\n# more\n")
    assert told() == "Yes."
    trusted(file)
    assert told() == "Thank you for the key."
    trust.untrust(str(file))
    assert told() == "Yes."
    client.close()


def test_what_is_registered_is_the_callers_own(stranger: Path, ours: Path) -> None:
    (stranger / "ferrule.toml").write_text("[aliases]\nfast = 'openai/gpt'\n[providers.x]\nbase_url = 'http://y'\n")
    client = ferrule.Client()
    client.registry.providers.register("mine", {"base_url": "http://127.0.0.1:9"})
    client.registry.aliases.register("own", "fast")
    assert client.registry.resolve("own") == "openai/gpt"
    assert "x" not in client.registry.providers


def test_checks_may_read_all_of_it(stranger: Path) -> None:
    command = json.dumps([sys.executable, "-c", "open('ran', 'w')"])
    (stranger / "ferrule.toml").write_text(
        f"[providers.mine]\nbase_url = 'http://y'\napi_key = {{command = {command}}}\n"
    )
    configuration = Configuration.read(as_trusted=True)
    assert "mine" in configuration.provider_ids()
    assert configuration.settings()["providers"]
    assert not (stranger / "ran").exists()
