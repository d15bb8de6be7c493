"""Registry: changes while a client runs, at once for new calls, not at all for those in flight."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest

import ferrule
from ferrule.configuration.watch import Watch
from ferrule.testing import Simulator, rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def other() -> Iterator[Simulator]:
    with Simulator([rule("No.")]) as other:
        yield other


def test_entries_are_registered_replaced_and_removed(simulator: Simulator, other: Simulator) -> None:
    client = ferrule.Client(config=False)
    providers = client.registry.providers
    providers.register("mine", {"base_url": simulator.openai_base_url, "api_key": "sk-secret"})
    assert client.complete("mine/x", "Hi.").text == "Yes."
    assert "mine" in providers
    assert "mine" in providers.list()
    assert providers.get("mine") == {"base_url": simulator.openai_base_url, "api_key": "***"}
    with pytest.raises(ferrule.ConfigError, match="there is already a provider 'mine'"):
        providers.register("mine", {"base_url": "http://x"})
    providers.replace("mine", {"base_url": other.openai_base_url})
    assert client.complete("mine/x", "Hi.").text == "No."
    assert "authorization" not in other.requests[0].headers, "all of the old one is gone"
    client.registry.aliases.register("fast", "mine/x")
    assert client.complete("fast", "Hi.").text == "No."
    with pytest.raises(ferrule.ConfigError, match=r"aliases\.fast: 'mine/x' names no known provider|names no known"):
        providers.remove("mine")
    assert client.complete("fast", "Hi.").text == "No.", "what is refused changes nothing"
    client.registry.aliases.replace("fast", "openai/gpt")
    assert client.registry.resolve("fast") == "openai/gpt"
    client.registry.aliases.remove("fast")
    providers.remove("mine")
    with pytest.raises(ferrule.ConfigError, match="names no known provider"):
        client.complete("mine/x", "Hi.")
    with pytest.raises(ferrule.ConfigError, match=r"no provider 'opnai'; did you mean `openai`\?"):
        providers.get("opnai")
    providers.remove("anthropic")
    assert "anthropic" not in providers
    client.registry.models.register("mine/x", {"context_window": 1})
    assert client.registry.models.get("mine/x") == {"context_window": 1}
    for wrong, said in [
        (lambda: providers.register("a/b", {"base_url": "http://x"}), "not a valid id"),
        (lambda: providers.register("own", {"base_ulr": "http://x"}), "did you mean `base_url`"),
        (lambda: providers.register("own", {"base_url": "nonsense"}), "base_url"),
        (lambda: client.registry.aliases.register("a", "a"), "circle"),
        (lambda: client.registry.aliases.replace("b", "openai/x"), "no alias 'b'"),
    ]:
        with pytest.raises(ferrule.ConfigError, match=said):
            wrong()
    assert "own" not in providers


def test_a_stream_keeps_what_it_began_with(project: Path, other: Simulator) -> None:
    script = [rule({"text": "one two three four five six", "chunk_tokens": 1, "tokens_per_second": 40})]
    with Simulator(script) as simulator:
        path = project / "ferrule.toml"

        def write(address: str) -> None:
            path.write_text(f"[providers.mine]\nbase_url = '{address}'\n[aliases]\nfast = 'mine/x'\n")

        changes: list[Callable[[ferrule.Client], Any]] = [
            lambda client: client.registry.aliases.replace("fast", "openai/gpt"),
            lambda client: client.registry.aliases.remove("fast"),
            lambda client: client.registry.providers.replace("mine", {"base_url": other.openai_base_url}),
            lambda client: (client.registry.aliases.remove("fast"), client.registry.providers.remove("mine")),
            lambda client: (write(other.openai_base_url), client.reload()),
        ]
        for change in changes:
            write(simulator.openai_base_url)
            client = ferrule.Client()
            with client.stream("fast", "Hi.") as stream:
                pieces = iter(stream.text)
                said = next(pieces)
                change(client)
                assert said + "".join(pieces) == "one two three four five six"
    assert other.requests == []


def test_unchanged_providers_keep_their_connections(project: Path, simulator: Simulator, other: Simulator) -> None:
    path = project / "ferrule.toml"
    text = f"[providers.mine]\nbase_url = '{simulator.openai_base_url}'\napi_key = 'sk-mine'\n"
    path.write_text(text)
    client = ferrule.Client()
    client.complete("mine/x", "Hi.")
    path.write_text(f"# more\nmax_retries = 0\n{text}[providers.other]\nbase_url = '{other.openai_base_url}'\n")
    client.reload()
    client.complete("mine/x", "Hi.")
    assert client.complete("other/x", "Hi.").text == "No."
    assert len({request.connection for request in simulator.requests}) == 1
    path.write_text(text.replace("sk-mine", "sk-new"))
    client.reload()
    client.complete("mine/x", "Hi.")
    assert simulator.requests[-1].headers["authorization"] == "Bearer sk-new"


def test_reload_fetches_what_was_used_again(project: Path, simulator: Simulator) -> None:
    key = project / "key"
    key.write_text("sk-old")
    (project / "ferrule.toml").write_text(
        f"[providers.mine]\nbase_url = '{simulator.openai_base_url}'\napi_key = {{file = '{key}'}}\n"
    )
    client = ferrule.Client()
    client.complete("mine/x", "Hi.")
    key.write_text("sk-new")
    client.complete("mine/x", "Hi.")
    client.reload()
    client.complete("mine/x", "Hi.")
    sent = [request.headers["authorization"] for request in simulator.requests]
    assert sent == ["Bearer sk-old", "Bearer sk-old", "Bearer sk-new"]


def test_a_broken_file_changes_nothing(project: Path, simulator: Simulator) -> None:
    path = project / "ferrule.toml"
    path.write_text(f"[providers.mine]\nbase_url = '{simulator.openai_base_url}'\n")
    client = ferrule.Client()
    client.registry.aliases.register("fast", "mine/x")
    for broken in ("[providers", "modl = 1", "[providers.mine]\nbase_url = 'no url'\n", "[aliases]\na = 'a'\n"):
        path.write_text(broken)
        with pytest.raises(ferrule.ConfigError):
            client.reload()
        assert client.complete("fast", "Hi.").text == "Yes."


def test_what_was_registered_stays_after_a_reload(project: Path, simulator: Simulator) -> None:
    (project / "ferrule.toml").write_text("model = 'openai/a'\n")
    client = ferrule.Client()
    client.registry.providers.register("mine", {"base_url": simulator.openai_base_url})
    (project / "ferrule.toml").write_text("model = 'mine/b'\n")
    client.reload()
    assert client.complete(None, "Hi.").text == "Yes."


async def test_reload_in_a_loop(project: Path, simulator: Simulator) -> None:
    async with ferrule.AsyncClient() as client:
        (project / "ferrule.toml").write_text(f"[providers.mine]\nbase_url = '{simulator.openai_base_url}'\n")
        await client.reload()
        assert (await client.complete("mine/x", "Hi.")).text == "Yes."


def test_many_threads_change_and_call(simulator: Simulator, other: Simulator) -> None:
    addresses = (simulator.openai_base_url, other.openai_base_url)
    # The alias and the provider always fit each other, so that a call which saw half of a change would fail.
    client = ferrule.Client(config=False, providers={"mine": {"base_url": addresses[0]}}, aliases={"fast": "mine/x"})
    failed: list[BaseException] = []
    stop = threading.Event()

    def call() -> None:
        try:
            while not stop.is_set():
                assert client.complete("fast", "Hi.").text in ("Yes.", "No.")
        except BaseException as error:
            failed.append(error)

    def change(number: int) -> None:
        try:
            for turn in range(15):
                client.registry.providers.register(f"p{number}", {"base_url": addresses[turn % 2]})
                client.registry.aliases.register(f"a{number}", f"p{number}/x")
                client.registry.providers.replace("mine", {"base_url": addresses[turn % 2]})
                assert client.registry.resolve(f"a{number}") == f"p{number}/x"
                client.registry.aliases.remove(f"a{number}")
                client.registry.providers.remove(f"p{number}")
        except BaseException as error:
            failed.append(error)

    callers = [threading.Thread(target=call) for _ in range(3)]
    changers = [threading.Thread(target=change, args=(number,)) for number in range(3)]
    for thread in callers + changers:
        thread.start()
    for thread in changers:
        thread.join(40)
    stop.set()
    for thread in callers:
        thread.join(10)
    assert not failed
    assert not any(name.startswith("p") and name[1:].isdigit() for name in client.registry.providers)


def test_a_change_of_a_file_is_seen(project: Path, simulator: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    client = ferrule.Client()
    watch = Watch(client.registry, 3600.0)
    (project / "ferrule.toml").write_text(f"[providers.mine]\nbase_url = '{simulator.openai_base_url}'\n")
    assert watch.poll()
    assert client.complete("mine/x", "Hi.").text == "Yes."
    (project / "ferrule.toml").write_text("broken")
    assert watch.poll()
    assert "stays as it was" in caplog.text
    assert client.complete("mine/x", "Hi.").text == "Yes."
    caplog.clear()
    assert watch.poll()
    assert not caplog.text, "it is said once"
    client.close()


class Reloaded(logging.Handler):
    """Waits for the log record of a reload."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if "was read again" in record.getMessage():
            self.seen.set()


def test_the_watch_runs_by_itself_and_ends_with_its_client(project: Path, caplog: pytest.LogCaptureFixture) -> None:
    client = ferrule.Client(watch=0.01)
    reloaded = Reloaded()
    caplog.set_level(logging.INFO, "ferrule")
    logging.getLogger("ferrule").addHandler(reloaded)
    (project / "ferrule.toml").write_text("model = 'openai/x'\n")
    try:
        assert reloaded.seen.wait(20)
    finally:
        logging.getLogger("ferrule").removeHandler(reloaded)
    assert client.registry.resolve() == "openai/x"
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "ferrule-watch"]
    del client
    thread.join(20)
    assert not thread.is_alive()


def test_a_closed_client_is_closed(simulator: Simulator) -> None:
    client = simulator.client()
    client.close()
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        client.registry.aliases.register("fast", "openai/x")
    with pytest.raises(RuntimeError, match="closed"):
        client.complete("openai/x", "Hi.")
