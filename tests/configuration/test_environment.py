"""Environment variables that are meant for others, or copied with too much: keys, addresses, Ollama's host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import ferrule
from ferrule.configuration import Configuration, addresses, characters

if TYPE_CHECKING:
    from pathlib import Path

    from ferrule.testing import Simulator

CANARY = "sk-canary-0123456789"

SEEN = ["\ufeff{}", "{}\u200b", " \ufeff\n{}\u2060\u200d \r\n", "\u200e{}\xa0", "\xad{}", "\u202a{}\u202c"]
"""What is around a copied key and is nobody's intention."""

WRONG = [
    ("sk-canary\u201d", "its character 10 is U+201D (RIGHT DOUBLE QUOTATION MARK), which no key has"),
    ("\ufeffsk\u200bcanary", "its character 4 is U+200B (ZERO WIDTH SPACE), which no key has"),
    ("sk canary", "its character 3 is U+0020 (SPACE), which no key has"),
    ("sk\ncanary", "its character 3 is U+000A (a control character), which no key has"),
    ("s\u0435cret-canary", "its character 2 is U+0435 (CYRILLIC SMALL LETTER IE), which no key has"),
]


def settings(provider: str, configuration: Configuration | None = None) -> dict[str, Any]:
    found = (configuration or Configuration.read(False)).settings()["providers"]
    return next(one for one in found if one["id"] == provider)


@pytest.mark.parametrize("form", SEEN)
@pytest.mark.parametrize("source", ["variable", "argument", "file", "header"])
def test_what_copying_adds_around_a_key_is_removed(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, form: str
) -> None:
    text = form.format(CANARY)
    fields: dict[str, Any] = {"base_url": simulator.openai_base_url}
    if source == "variable":
        monkeypatch.setenv("OPENAI_API_KEY", text)
    elif source == "argument":
        fields["api_key"] = text
    elif source == "file":
        (tmp_path / "key").write_text(text, "utf-8")
        fields["api_key"] = {"file": str(tmp_path / "key")}
    else:
        # A line end in a header is nobody's copying: it stays an error (tests/client/test_secrets.py).
        fields |= {"api_key": "sk", "headers": {"x-more": text.replace("\r", "").replace("\n", "")}}
    ferrule.Client(config=False, providers={"openai": fields}).complete("openai/gpt", "Hi.")  # type: ignore[dict-item]
    headers = simulator.requests[0].headers
    assert headers["x-more" if source == "header" else "authorization"].removeprefix("Bearer ") == CANARY


@pytest.mark.parametrize(("text", "said"), WRONG)
@pytest.mark.parametrize("source", ["variable", "argument", "file"])
async def test_a_character_that_no_key_has_is_named(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, text: str, said: str
) -> None:
    fields: dict[str, Any] = {"base_url": simulator.openai_base_url}
    place = "providers.openai.api_key"
    if source == "variable":
        place = "OPENAI_API_KEY"
        monkeypatch.setenv("OPENAI_API_KEY", text)
    elif source == "argument":
        fields["api_key"] = text
    else:
        (tmp_path / "key").write_text(text, "utf-8", newline="")
        fields["api_key"] = {"file": str(tmp_path / "key")}
    other = {"base_url": simulator.openai_base_url}
    providers: Any = {"openai": fields, "other": other}
    client = ferrule.Client(config=False, providers=providers)
    assert client.complete("other/gpt", "Hi.").text == "Yes.", "it is the error of the calls that need it"
    with pytest.raises(ferrule.ConfigError) as failed:
        client.complete("openai/gpt", "Hi.")
    assert f"{place}: {said}" in str(failed.value)
    async with ferrule.AsyncClient(config=False, providers=providers) as asynchronous:
        with pytest.raises(ferrule.ConfigError, match="which no key has"):
            await asynchronous.complete("openai/gpt", "Hi.")
    assert "canary" not in str(failed.value)
    assert len(simulator.requests) == 1


def test_a_character_that_no_header_can_have_is_named(simulator: Simulator) -> None:
    for value, said in (("a\nb", "2 is U+000A"), ("canary\u200bb", "7 is U+200B"), ("a\x7f", "2 is U+007F")):
        fields: Any = {"base_url": simulator.openai_base_url, "api_key": "sk", "headers": {"x-team": value}}
        with pytest.raises(ferrule.ConfigError) as failed:
            ferrule.Client(config=False, providers={"openai": fields}).complete("openai/gpt", "Hi.")
        assert f"providers.openai.headers['x-team']: its character {said}" in str(failed.value)
        assert "canary" not in str(failed.value)
    assert characters.header("Z\u00fcrich, 2\tBern ") == "Z\u00fcrich, 2\tBern"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("  ", "is blank"),
        ("localhost:8000", "has to begin with http"),
        ("http://", "has to begin with http"),
        ("ftp://host/v1", "has to begin with http"),
        ("https://canary:canary@host/v1", "has a user name or password"),
        ("http://host:99999/v1", "is not a valid URL"),
        ("http://[::1/v1", "is not a valid URL"),
        ("http://ho st/v1", "has a host that is not valid"),
        ("http://1.2.3.4.5/v1", "has a host that is not valid"),
        ("http://host%00/v1", "has a host that is not valid"),
        ("https://${OPENAI_API_KEY}/v1", "has braces around what is not a placeholder"),
    ],
)
async def test_a_broken_address_in_the_environment_is_the_error_of_its_provider(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, value: str, said: str
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", value)
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    providers: Any = {"other": {"base_url": simulator.openai_base_url}}
    client = ferrule.Client(config=False, providers=providers)
    assert client.complete("other/gpt", "Hi.").text == "Yes."
    with pytest.raises(ferrule.ConfigError, match=rf"OPENAI_BASE_URL: {said}") as failed:
        client.complete("openai/gpt", "Hi.")
    assert "canary" not in str(failed.value)
    async with ferrule.AsyncClient(config=False, providers=providers) as asynchronous:
        with pytest.raises(ferrule.ConfigError, match="OPENAI_BASE_URL"):
            await asynchronous.complete("openai/gpt", "Hi.")
    right: Any = {"openai": {"base_url": simulator.openai_base_url}}
    assert ferrule.Client(config=False, providers=right).complete("openai/gpt", "Hi.").text == "Yes."


def test_every_variable_of_an_address_breaks_nothing_but_its_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    from ferrule.configuration import providers

    for row in providers.rows().values():
        for variable in row["base_url_variables"]:
            monkeypatch.setenv(variable, "::nonsense::/ /")
        for placeholder in row["placeholders"]:
            for variable in placeholder["variables"]:
                monkeypatch.setenv(variable, "a b\\")
    client = ferrule.Client(config=False)
    assert client.registry.providers.list()
    named = 0
    for row in providers.rows().values():
        if row["base_url_variables"]:
            assert any(variable in settings(row["id"])["missing"] for variable in row["base_url_variables"]), row["id"]
            named += 1
    assert named > 20


@pytest.mark.parametrize("value", ["evil.com/#", "evil.com?", "a@evil.com", "..", "a/../b", "a\\b", "a b", "%2e", ""])
@pytest.mark.parametrize(
    ("provider", "name"),
    [
        ("bedrock", "region"),
        ("azure", "resource"),
        ("cloudflare", "account"),
        ("databricks", "host"),
        ("mine", "project"),
    ],
)
def test_what_fills_an_address_does_not_change_its_host(provider: str, name: str, value: str) -> None:
    fields = {name: value} | ({"base_url": "https://example.com/{project}/v1"} if provider == "mine" else {})
    configuration = Configuration.read(False, {"providers": {provider: fields}})
    assert f"providers.{provider}.{name}: expected letters, digits" in settings(provider, configuration)["missing"]


def test_an_unusable_value_in_an_address_names_its_variable(monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
    monkeypatch.setenv("AZURE_OPENAI_RESOURCE", "my resource")
    assert settings("azure")["missing"] == ("AZURE_OPENAI_RESOURCE: expected letters, digits and `-` only")
    monkeypatch.setenv("MINE", "no address")
    (project / "ferrule.toml").write_text("[providers.mine]\nbase_url = '${MINE}/v1'\n")
    missing = settings("mine", Configuration.read())["missing"]
    assert missing.startswith(f"{project}/ferrule.toml:2:1: providers.mine.base_url: has to begin with http")


def test_an_address_that_is_set_to_nothing_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "")
    assert settings("openai")["base_url"] == "https://api.openai.com/v1"


@pytest.mark.parametrize(
    ("value", "address"),
    [
        # The cases of Ollama's own test, envconfig/config_test.go.
        ("", "http://127.0.0.1:11434"),
        ("1.2.3.4", "http://1.2.3.4:11434"),
        (":1234", "http://127.0.0.1:1234"),
        ("1.2.3.4:1234", "http://1.2.3.4:1234"),
        ("0.0.0.0:1234", "http://127.0.0.1:1234"),
        ("[::1]", "http://[::1]:11434"),
        ("[::]:1234", "http://[::1]:1234"),
        ("::1", "http://[::1]:11434"),
        (":66000", "http://127.0.0.1:11434"),
        ("1.2.3.4:-1", "http://1.2.3.4:11434"),
        (" 1.2.3.4 ", "http://1.2.3.4:11434"),
        ('"1.2.3.4"', "http://1.2.3.4:11434"),
        ("' 1.2.3.4 '", "http://1.2.3.4:11434"),
        ("example.com", "http://example.com:11434"),
        ("example.com:1234/path", "http://example.com:1234/path"),
        ("http://1.2.3.4", "http://1.2.3.4:80"),
        ("https://1.2.3.4", "https://1.2.3.4:443"),
        ("https://example.com:5678/path", "https://example.com:5678/path"),
        ("ollama.com", "https://ollama.com:443"),
        # Those of the issue.
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("127.0.0.1:11434", "http://127.0.0.1:11434"),
        (":11434", "http://127.0.0.1:11434"),
        ("localhost", "http://localhost:11434"),
        ("localhost:", "http://localhost:11434"),
        ("http://0.0.0.0:11434/", "http://127.0.0.1:11434"),
    ],
)
def test_ollamas_forms(monkeypatch: pytest.MonkeyPatch, value: str, address: str) -> None:
    monkeypatch.setenv("OLLAMA_HOST", value)
    assert settings("ollama")["base_url"] == address
    assert settings("ollama-compat")["base_url"] == f"{address}/v1"
    assert addresses.problem(address) is None
    assert ferrule.Client(config=False).registry.resolve("ollama/x") == "ollama/x"


def test_ollamas_host_is_called(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    place = simulator.url.removeprefix("http://")
    monkeypatch.setenv("OLLAMA_HOST", f"{place}/ollama")
    client = ferrule.Client(config=False)
    assert client.complete("ollama/llama", "Hi.").text == "Yes."
    monkeypatch.setenv("OLLAMA_HOST", f"0.0.0.0:{place.rpartition(':')[2]}")
    assert ferrule.Client(config=False).complete("ollama-compat/llama", "Hi.").text == "Yes."
    assert [request.dialect for request in simulator.requests] == ["ollama", "openai-chat"]


def test_one_server_is_one_provider_of_a_bare_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "localhost")
    assert Configuration.read(False).usable() == ["ollama"]


@pytest.mark.parametrize("value", ["ftp://host", "http://ho st", "a b", "http://user:secret@host"])
def test_a_host_that_is_none_is_the_error_of_the_call(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", value)
    other: Any = {"other": {"base_url": simulator.openai_base_url}}
    client = ferrule.Client(config=False, providers=other)
    assert client.complete("other/x", "Hi.").text == "Yes."
    for provider in ("ollama", "ollama-compat"):
        with pytest.raises(ferrule.ConfigError, match="OLLAMA_HOST: has"):
            client.complete(f"{provider}/x", "Hi.")


def test_the_case_of_a_provider_does_not_matter(simulator: Simulator) -> None:
    client = simulator.client()
    for name in ("OpenAI/gpt-4o", "OPENAI:gpt-4o", "openai/gpt-4o"):
        assert client.registry.resolve(name) == "openai/gpt-4o"
        assert client.complete(name, "Hi.").provider == "openai"
    assert client.models("OpenAI")
