"""Groups in the configuration: where they are defined, what they lead to, and what is refused with its place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from group_targets import Targets, whole

import ferrule
from ferrule.configuration import Configuration
from ferrule.testing import rule

if TYPE_CHECKING:
    from pathlib import Path


def refused(text: str, path: Path) -> str:
    path.write_text(text)
    with pytest.raises(ferrule.ConfigError) as caught:
        Configuration.read(str(path))
    return str(caught.value).replace(str(path), "f")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[groups.g]\nstrategy = 'sequential'", 1, "`targets` is missing"),
        ("[groups.g]\ntargets = []", 2, "expected a list of models"),
        ("[groups.g]\ntargets = ['openai/x', 'opnai/y']", 2, "did you mean `openai`?"),
        ("[groups.g]\ntargets = ['openai/x',\n 'opnai/y']", 3, "did you mean `openai`?"),
        ("[groups.g]\ntargets = ['g']", 2, "circle"),
        ("[groups.a]\ntargets = ['b']\n[groups.b]\ntargets = ['a']", 2, "circle: a -> b -> a"),
        ("[groups.g]\ntargets = ['openai/x']\nstrategy = 'fastest'", 3, "not a routing strategy"),
        ("[groups.g]\ntargets = ['openai/x']\nfailover_on = ['tiemout']", 3, "there is no reason"),
        ("[groups.g]\ntargets = [{ model = 'openai/x', wieght = 2 }]", 2, "did you mean `weight`?"),
        ("[groups.g]\ntargets = [{ weight = 2 }]", 2, "`model` is missing"),
        ("[groups.g]\ntargets = [{ model = 'openai/x', options = { maxtok = 2 } }]", 2, "unknown option `maxtok`"),
        ("[groups.g]\ntargets = [{ model = 'h', provider = { region = 'eu' } }]\n[groups.h]\ntargets = ['openai/x']", 2,
         "written `provider/model`"),
        ("[groups.g]\ntargets = ['openai/x']\nretry = { preset = 'agressive' }", 3, "did you mean `aggressive`?"),
        ("[groups.g]\ntargets = ['openai/x']\nbreaker = { failure_rate = 2 }", 3, "a number from 0 to 1"),
        ("[groups.g]\ntargets = ['openai/x']\n[aliases]\ng = 'openai/y'", 1, "also the name of an alias"),
        ("[groups.e]\ntargets = ['openai/text-embedding-3-small', 'cohere/embed-v4.0']", 1, "do not mix"),
        ("[groups.e]\ntargets = ['openai/text-embedding-3-small', 'ollama/unknown']", 1, "same_as"),
    ],
)  # fmt: skip
def test_what_is_wrong_has_its_place(text: str, line: int, said: str, tmp_path: Path) -> None:
    message = refused(text, tmp_path / "ferrule.toml")
    assert said in message
    assert re.match(rf"f:{line}(:\d+)?: ", message), message


def test_aliases_groups_and_wildcards_lead_to_groups(targets: Targets) -> None:
    settings: dict[str, Any] = targets.settings()
    settings["aliases"] = {"fast": "all"}
    settings["groups"] |= {
        "outer": {"targets": ["three/m", "all"]},
        "any-*": {"targets": ["one/*", "two/*"]},
    }
    targets.script("one", rule(fault={"status": {"status": 500}}))
    targets.script("three", rule(fault={"status": {"status": 500}}))
    with ferrule.Client(**settings) as client:
        assert whole(client, "fast", streamed=False).provider == "two"
        reply = whole(client, "outer", streamed=False)
        assert [attempt.target for attempt in reply.attempts] == ["three/m", "one/m", "two/m"]
        reply = whole(client, "any-thing", streamed=False)
        assert [attempt.target for attempt in reply.attempts] == ["one/thing", "two/thing"]
        assert client.registry.resolve("fast") == "one/m"
        with pytest.raises(ferrule.ConfigError, match="did you mean 'outer'"):
            client.complete("outre", "Hello?")


def test_groups_from_the_environment(targets: Targets, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERRULE_GROUP_MINE", "three/m, two/m")
    with ferrule.Client(**targets.settings()) as client:
        assert client.complete("mine", "Hello?").provider == "three"
    monkeypatch.setenv("FERRULE_GROUP_MINE", "thee/m")
    with pytest.raises(ferrule.ConfigError, match="FERRULE_GROUP_MINE"):
        ferrule.Client(**targets.settings())


def test_the_registry_has_groups(client: ferrule.Client) -> None:
    groups = client.registry.groups
    assert groups.list() == ["all"]
    groups.register("two-only", {"targets": [{"model": "two/m", "provider": {"api_key": "sk-secret"}}]})
    assert client.complete("two-only", "Hello?").provider == "two"
    assert "sk-secret" not in str(groups.get("two-only"))
    with pytest.raises(ferrule.ConfigError, match="already a group"):
        groups.register("all", {"targets": ["one/m"]})
    groups.remove("two-only")
    with pytest.raises(ferrule.ConfigError):
        client.complete("two-only", "Hello?")


def test_a_target_has_options_a_key_and_an_address_of_its_own(targets: Targets) -> None:
    other = targets.simulators["three"].openai_base_url
    group = [
        {"model": "one/m", "options": {"max_tokens": 7, "temperature": 0.5}, "provider": {"api_key": "key-of-eu"}},
        {"model": "one/m", "provider": {"base_url": other, "region": "us"}, "prices": {"input_mtok": 1000000}},
    ]
    targets.script("one", rule(fault={"status": {"status": 500}}, times=1))
    with ferrule.Client(**targets.settings(targets=group)) as client:
        reply = client.complete("all", "Hello?", temperature=1.0)
        assert (reply.provider, reply.text) == ("one", "From three.")
        assert [attempt.target for attempt in reply.attempts] == ["one/m@all[0]", "one/m@us"]
        assert reply.cost is not None
        assert reply.cost.total >= 1, "by the prices of the target"
        assert [target.name for target in client.status().targets] == ["one/m@all[0]", "one/m@us"]
        assert client.complete("all", "Hello?").text == "From one."
        client.breaker("one/m@all[0]").open()
        assert client.complete("all", "Hello?").text == "From three."
    request = targets.simulators["one"].requests[0]
    assert (request.body["max_tokens" if "max_tokens" in request.body else "max_completion_tokens"]) == 7
    assert request.body["temperature"] == 1.0, "the call's own win"
    assert request.headers["authorization"] == "Bearer key-of-eu"


def test_a_strangers_file_defines_no_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ferrule.toml").write_text(
        "[groups.g]\ntargets = [{ model = 'openai/x', provider = { base_url = 'http://evil.example' } }]"
    )
    monkeypatch.chdir(tmp_path)
    with ferrule.Client() as client:
        assert client.registry.groups.list() == []


def test_concurrency_keeps_calls_away(targets: Targets) -> None:
    group = [{"model": "one/m", "concurrency": 1}, "two/m"]
    targets.script("one", rule("Slow.", fault={"stall": {"at": "mid_event"}}))
    with ferrule.Client(**targets.settings(targets=group)) as client, client.stream("all", "Hello?") as held:
        assert next(iter(held.text))
        assert client.complete("all", "Hello?").provider == "two"


def test_round_robin_takes_turns(targets: Targets) -> None:
    with ferrule.Client(**targets.settings(strategy="round_robin")) as client:
        answered = [client.complete("all", "Hello?").provider for _ in range(9)]
    assert {name: answered.count(name) for name in ("one", "two", "three")} == {"one": 3, "two": 3, "three": 3}


def test_embeddings_of_two_models_do_not_mix_in_a_list_either(client: ferrule.Client, targets: Targets) -> None:
    with pytest.raises(ferrule.ConfigError, match="do not mix"):
        client.embed(["one/small", "three/other"], ["a"])
    targets.script("one", rule(fault={"status": {"status": 500}}))
    settings = targets.settings(targets=["one/small", {"model": "three/other", "same_as": "one/small"}])
    with ferrule.Client(**settings) as own:
        assert own.embed("all", ["a", "b"]).provider == "three"
