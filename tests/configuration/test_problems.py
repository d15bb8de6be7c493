"""Configuration errors: file, line, key, what was expected, and the nearest name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import ferrule
from ferrule.configuration import Configuration

if TYPE_CHECKING:
    from pathlib import Path


def said(path: Path, text: str) -> str:
    path.write_text(text)
    with pytest.raises(ferrule.ConfigError) as failed:
        Configuration.read(path)
    return str(failed.value)


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        (
            "[providers.mine]\nurl = 'https://x.example'",
            2,
            "providers.mine: unknown field `url`; did you mean `base_url`?",
        ),
        ("[groups.g]\nmodels = ['openai/x']", 2, "groups.g: unknown field `models`; did you mean `targets`?"),
        ("[groups.g]\ntargets = []", 2, "groups.g.targets: expected a list of models, not an empty one"),
        ("[groups]\ng = ['openai/x']", 2, "groups.g: expected a table with `targets`, a list of models, not a list"),
        ("[limits.all]\nrpm = 5", 2, "limits.all: unknown field `rpm`; did you mean `requests_per_minute`?"),
        ("[budgets.day]\nmax_budget = 5", 2, "budgets.day: unknown field `max_budget`; did you mean `amount`?"),
        ("modle = 'x'", 1, "unknown field `modle`; did you mean `model`?"),
        ("default_model = 'x'", 1, "unknown field `default_model`; did you mean `model`?"),
        ("\nmodel = 7", 2, "model: expected a string, not a number"),
        ("timeout = 'soon'", 1, "timeout: expected a number of seconds above 0, not a string"),
        ("timeout = -1", 1, "timeout: expected a number of seconds above 0"),
        ("[timeouts]\nconect = 1", 2, "timeouts: unknown field `conect`; did you mean `connect`?"),
        ("max_retries = 1.5", 1, "max_retries: expected a whole number"),
        ("drop_params = 'yes'", 1, "drop_params: expected true or false, not a string"),
        ("[providers.opnai]\napi_key = 'x'", 1, "`base_url` is missing"),
        ("[providers.opnai]\napi_key = 'x'", 1, "did you mean `openai`?"),
        (
            "[providers.openai]\nbase_ulr = 'x'",
            2,
            "providers.openai: unknown field `base_ulr`; did you mean `base_url`?",
        ),
        ("[providers]\nopenai = 'x'", 2, "providers.openai: expected a table with `base_url`"),
        ("[providers.openai]\napi_key = 7", 2, "providers.openai.api_key: expected a string, or a table with `env`"),
        ("[providers.openai]\napi_key = {enw = 'X'}", 2, "unknown field `enw`; did you mean `env`?"),
        (
            "[providers.openai]\napi_key = {env = 'X', file = 'y'}",
            2,
            "expected one of `env`, `file`, `keyring` and `command`",
        ),
        ("[providers.openai]\napi_key = {command = []}", 2, "expected a string, or a list of strings"),
        ("[providers.openai.headers]\nx = 7", 2, "providers.openai.headers['x']: expected a string"),
        ("[providers.openai]\ndialect = 'openai_chat'", 2, "did you mean `openai-chat`?"),
        ("[providers.'a/b']\nbase_url = 'http://x'", 0, "'a/b' is not a valid id"),
        ("[providers.openai]\nfallback = 'opnrouter'", 2, "no other provider 'opnrouter'; did you mean `openrouter`?"),
        ("[aliases]\nfast = 'opnai/gpt'", 2, "did you mean `openai`?"),
        ("[aliases]\na = 'b'\nb = 'c'\nc = 'a'", 2, "goes round in a circle: a -> b -> c -> a"),
        ("[aliases]\na = 7", 2, "aliases.a: expected a string"),
        ("[aliases]\n'a*b*' = 'openai/x'", 2, "at most one `*`"),
        ("model = 'opnai/gpt'", 1, "did you mean `openai`?"),
        ("[models.x]\ny = 1\n[models]\nz = 2", 4, "models.z: expected a table"),
        ("a = ", 1, ""),
    ],
)
def test_each_problem_has_its_place(tmp_path: Path, text: str, line: int, expected: str) -> None:
    path = tmp_path / "ferrule.toml"
    message = said(path, text)
    assert expected in message
    if line:
        assert f"{path}:{line}:" in message


def test_every_format_has_places(tmp_path: Path) -> None:
    assert f"{tmp_path}/a.yaml:3:5: providers.openai: unknown field" in said(
        tmp_path / "a.yaml", "providers:\n  openai:\n    base: x\n"
    )
    assert f"{tmp_path}/a.json:2:4: unknown field" in said(tmp_path / "a.json", '{\n   "modl": "x"}')
    assert "expected .toml, .json, .yaml or .yml" in said(tmp_path / "a.ini", "")


def test_all_problems_are_said_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERRULE_MAX_RETRIES", "some")
    message = said(tmp_path / "a.toml", "modl = 1\ntimeout = 0\n[providers.x]\nhi = 1\n")
    lines = message.splitlines()
    assert len(lines) == 4
    assert "FERRULE_MAX_RETRIES: expected a whole number, 0 or more, not a" in lines[3].replace("not str", "not a")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FERRULE_TIMEOUT", "soon"),
        ("FERRULE_TIMEOUT", "0"),
        ("FERRULE_MAX_RETRIES", "-1"),
        ("FERRULE_DROP_PARAMS", "x"),
    ],
)
def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ferrule.ConfigError, match=f"^{variable}: expected"):
        ferrule.Client(config=False)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b"a = 1\nb = '\xff'\n")
    with pytest.raises(ferrule.ConfigError, match=r"a\.toml:2: not UTF-8"):
        Configuration.read(path)
    path.write_bytes(b"#" * (1 << 20) + b"#")
    with pytest.raises(ferrule.ConfigError, match="larger than"):
        Configuration.read(path)
    with pytest.raises(ferrule.ConfigError, match=r"none\.toml: No such file"):
        Configuration.read(tmp_path / "none.toml")
    with pytest.raises(ferrule.ConfigError, match="nested deeper"):
        Configuration.read(_written(tmp_path / "deep.yaml", "a: " + "[" * 100 + "]" * 100))


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_values_are_never_repeated(tmp_path: Path) -> None:
    secret = "sk-canary-0123456789"
    for settings in (
        {"api_key": [secret]},
        {"api_key": {"env": [secret]}},
        {"headers": {"x": [secret]}},
        {"headers": secret},
        {"base_url": [secret]},
        {"query": {"q": {"file": {secret: 1}}}},
    ):
        text = said(tmp_path / "a.json", json.dumps({"providers": {"openai": settings}}))
        assert secret not in text
        given: Any = {"openai": settings}
        with pytest.raises(ferrule.ConfigError) as failed:
            ferrule.Client(config=False, providers=given)
        assert secret not in str(failed.value)


def test_quirks_are_checked() -> None:
    with pytest.raises((ferrule.ConfigError, ValueError), match=r"providers\.mine\.quirks: unknown field `max_token`"):
        ferrule.Client(config={"providers": {"mine": {"base_url": "http://x", "quirks": {"max_token": 1}}}})
